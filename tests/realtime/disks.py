"""Small disks of a test's own: an ext4 file system in a file, mounted through a loop device."""

from __future__ import annotations

import filecmp
import os
import subprocess
from pathlib import Path

import pytest


class Disk:
    """A mounted file system; `folder` is where. Made anew, or from the copy of another one."""

    def __init__(self, image: Path, folder: Path, *, megabytes: int = 0) -> None:
        self.image, self.folder = image, folder
        if megabytes:
            with image.open("wb") as file:
                file.truncate(megabytes * 1024 * 1024)
            # Nothing reserved for root, nothing left to be initialised in the background.
            _run("mkfs.ext4", "-q", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(image))
        folder.mkdir(exist_ok=True)
        _run("mount", "-o", "loop", str(image), str(folder))

    def cut(self, copy: Path) -> Path:
        """What a disk would hold if the power went now: a copy of the file behind the loop device.

        It holds the blocks the file system has handed to the device, and not what waits in the page cache for
        being written, which is what a power cut takes away. It is a picture of one moment: copied again until the
        copy and the file agree. Whoever writes to the disk should be stopped meanwhile, or it may take long.
        """
        for _ in range(50):
            _run("cp", "--sparse=always", str(self.image), str(copy))
            if filecmp.cmp(self.image, copy, shallow=False):
                filecmp.clear_cache()
                return copy
        raise AssertionError("the disk is never still")

    def fill(self) -> Path:
        """Leave no free block: a file that takes them all. Remove it to have room again."""
        ballast = self.folder / "ballast"
        with ballast.open("wb", buffering=0) as file:
            block = b"\xff" * 65536
            while block:
                try:
                    file.write(block)
                except OSError:
                    block = block[: len(block) // 2]
            os.fsync(file.fileno())
        return ballast

    def unmount(self) -> None:
        _run("umount", str(self.folder))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def needed(folder: Path) -> None:
    """Skip, aloud, where no file system may be mounted. With CI=true a skipped test fails the run."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a disk of the test's own")
    try:
        Disk(folder / "probe.img", folder / "probe", megabytes=8).unmount()
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no disk of the test's own can be mounted here: {error}")
