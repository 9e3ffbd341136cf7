"""Marks of documents that are being opened, so that one which ends its process is known at the next start.

A mark is a file that its process holds locked while it opens a stored document. The system gives the lock back
when the process dies, however it dies; a mark that is left and not locked says during which document that was.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["being_opened", "clear", "configure", "is_suspect", "suspects"]

_folder: Path | None = None
_suspects: set[int] = set()


def configure(data_dir: Path) -> None:
    """Say where marks are kept, and read those that somebody left behind. Called once by the factory."""
    global _folder
    _folder = data_dir / "opening"
    _suspects.clear()
    if not _folder.is_dir():
        return
    for path in _folder.iterdir():
        draft, _, _process = path.name.partition("-")
        if draft.isdecimal() and _is_left(path):
            _suspects.add(int(draft))


def _is_left(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except OSError:
        return False  # its process lives, or has just taken it away


def is_suspect(draft_id: int) -> bool:
    """Whether a process died while it opened this document."""
    return draft_id in _suspects


def suspects() -> list[int]:
    """The documents that are to be tried in a child before anybody needs them."""
    return sorted(_suspects)


def clear(draft_id: int) -> None:
    """The document was opened without harm, or its fault is written down: forget the marks that are left."""
    _suspects.discard(draft_id)
    if _folder is not None and _folder.is_dir():
        for path in _folder.glob(f"{draft_id}-*"):
            if _is_left(path):
                path.unlink(missing_ok=True)


@contextlib.contextmanager
def being_opened(draft_id: int) -> Iterator[None]:
    """Mark a document for as long as the block lasts. A disk that takes no mark does not keep a text closed."""
    path = None
    with contextlib.ExitStack() as stack:
        if _folder is not None:
            with contextlib.suppress(OSError):
                _folder.mkdir(parents=True, exist_ok=True)
                path = _folder / f"{draft_id}-{os.getpid()}"
                fcntl.flock(stack.enter_context(path.open("wb")), fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            yield
        finally:
            if path is not None:
                path.unlink(missing_ok=True)
