"""A bare Debian 12 in a folder: made by debootstrap, filled from outside, booted with its own systemd, without a network.

Commands that fetch something run in it by chroot, with the network of this machine, before it is booted; systemd-nspawn
boots it with a network of its own, in which nothing but itself is, so that no port of this machine meets one of its.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

PROGRAMS = ("debootstrap", "systemd-nspawn", "nsenter")
# Where this machine trusts authorities of its own (a mirror, a proxy that looks in), the bare one has to as well.
TRUSTED = Path("/etc/ssl/certs/ca-certificates.crt")
TRUSTING = ("PIP_CERT", "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
NAMESPACES = ("mount", "uts", "ipc", "net", "pid", "cgroup")
# A container's own programs must not start what is meant for systemd.
NOT_YET = "#!/bin/sh\nexit 101\n"


class BareMachine:
    def __init__(self, folder: Path) -> None:
        if os.geteuid() != 0:
            pytest.skip("only root may make a machine")
        missing = [name for name in PROGRAMS if shutil.which(name) is None]
        if missing:
            pytest.skip(
                f"not installed: {', '.join(missing)} (apt-get install debootstrap systemd-container)"
            )
        self.root = folder / "root"
        self.console = folder / "console.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.leader = 0

    def make(self) -> BareMachine:
        """The smallest Debian, and the systemd that a real one has."""
        self._outside(
            "debootstrap",
            "--variant=minbase",
            "--include=systemd-sysv,dbus",
            "bookworm",
            str(self.root),
        )
        (self.root / "usr/sbin/policy-rc.d").write_text(NOT_YET)
        (self.root / "usr/sbin/policy-rc.d").chmod(0o755)
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")
        return self

    @contextlib.contextmanager
    def fetching(self) -> Iterator[None]:
        """While commands run by chroot, with the network of this machine."""
        mounts = [("proc", "proc", "proc"), ("sysfs", "sys", "sysfs"), ("devpts", "dev/pts", "devpts")]
        for source, place, kind in mounts:
            self._outside("mount", "-t", kind, source, str(self.root / place))
        try:
            yield
        finally:
            for _source, place, _kind in reversed(mounts):
                self._outside("umount", "--lazy", str(self.root / place))

    def trust_as_here(self) -> dict[str, str]:
        """The authorities of this machine, when the bare one has the package for them; and who is told of them."""
        there = self.root / str(TRUSTED).lstrip("/")
        if not (TRUSTED.exists() and there.exists()):
            return {}
        shutil.copy(TRUSTED, there)
        return dict.fromkeys(TRUSTING, str(TRUSTED))

    def run(self, script: str, environ: Mapping[str, str], said: str = "") -> str:
        """Run a script as root, by chroot or, once it is booted, inside. What it says; fails with it."""
        into = ["chroot", str(self.root)]
        if self.leader:
            into = [
                "nsenter",
                f"--target={self.leader}",
                *(f"--{part}" for part in NAMESPACES),
                "--root",
                "--wdns=/",
            ]
        clean = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            **environ,
        }
        done = subprocess.run(
            [*into, "/bin/bash", "-euo", "pipefail", "-c", script],
            env=clean,
            input=said,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # No terminal: what asks for a password reads what is said to it.
            start_new_session=True,
            check=False,
        )
        assert done.returncode == 0, f"status {done.returncode} of:\n{script}\n{done.stdout[-6000:]}"
        return done.stdout

    def boot(self, seconds: float = 300) -> None:
        (self.root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
        with self.console.open("ab") as log:
            self.process = subprocess.Popen(
                ["systemd-nspawn", "--quiet", f"--directory={self.root}", "--register=no", "--keep-unit",
                 "--private-network", "--resolv-conf=off", "--console=pipe", "--boot"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        give_up = time.monotonic() + seconds
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        while True:
            assert self.process.poll() is None and time.monotonic() < give_up, self.console.read_text()[
                -4000:
            ]
            with contextlib.suppress(OSError, AssertionError):
                found = children.read_text().split()
                if found:
                    self.leader = int(found[-1])
                    # "degraded" is an answer too: a container has no kernel of its own to set up.
                    if self.run("systemctl is-system-running || true", {}).strip() in ("running", "degraded"):
                        return
            self.leader = 0
            time.sleep(0.2)

    def stop(self, seconds: float = 90) -> None:
        """As a machine is switched off that has the time to say goodbye to its services."""
        if self.process is None:
            return
        if self.leader:
            # systemd's word for "power off" from outside (systemd(1), SIGRTMIN+4).
            os.kill(self.leader, signal.SIGRTMIN + 4)
        self.leader = 0
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        self.process = None

    def _outside(self, *command: str) -> None:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
