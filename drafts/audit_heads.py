"""Ends of the audit chain, noted outside the database: who cuts or rewrites the chain there is found out.

The worker notes one a minute at most, when there is something new, in DATA_DIR/audit/heads-YYYY-MM.jsonl: a line
of RFC 8785 JSON, sealed by the instance's key. Copies of these files on another machine are worth more.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, timedelta
from pathlib import Path

import rfc8785

from app import clock
from app.audit import Head
from drafts import seal
from drafts.trusted_keys import is_sealed

# Of two lines, of which the first may be cut: one has some 330 bytes.
_LONGEST_LINE = 4096
NOTED_EVERY = timedelta(minutes=1)


class HeadBroken(ValueError):
    """A noted line that does not hold; the message names file and line."""


def folder(data_dir: Path) -> Path:
    return data_dir / "audit"


def note(where: Path, head: Head) -> None:
    """Add a line, on the disk when this returns."""
    now = clock.now().astimezone(UTC)
    at = now.isoformat(timespec="microseconds")
    signature, key_id = seal.sign(_content(head, at))
    line = rfc8785.dumps(
        {
            "number": head.number,
            "digest": head.digest,
            "at": at,
            "key": key_id,
            "signature": b64encode(signature).decode(),
        }
    )
    where.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = where / f"heads-{now:%Y-%m}.jsonl"
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as file:
        if file.tell() and not _ends_whole(path):
            file.write(b"\n")  # the last one was cut by a crash
        file.write(line + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _content(head: Head, at: str) -> bytes:
    return rfc8785.dumps(
        {"kind": "openlab-audit-head", "number": head.number, "digest": head.digest, "at": at}
    )


def noted(where: Path, trusted: Mapping[str, bytes]) -> Iterator[Head]:
    """What was noted, the oldest first. Raises HeadBroken for a line that no trusted key sealed."""
    last = 0
    for path in sorted(where.glob("heads-*.jsonl")):
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                head = _read(line, trusted)
                if head is None and not line.endswith(b"\n"):
                    continue  # being written at this moment, or cut by a crash
                if head is None or head.number < last:
                    raise HeadBroken(f"{path.name}, line {number}, is not as it was sealed")
                last = head.number
                yield head


def last(where: Path, trusted: Mapping[str, bytes]) -> Head | None:
    """What was noted last, without reading the rest; None before the first. Raises HeadBroken."""
    for path in sorted(where.glob("heads-*.jsonl"), reverse=True):
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LONGEST_LINE))
            lines = [line for line in file.read().split(b"\n")[:-1] if line]
        if lines:
            head = _read(lines[-1], trusted)
            if head is None:
                raise HeadBroken(f"the last line of {path.name} is not as it was sealed")
            return head
    return None


def _read(line: bytes, trusted: Mapping[str, bytes]) -> Head | None:
    try:
        value = json.loads(line)
        head = Head(int(value["number"]), str(value["digest"]))
        signature = b64decode(str(value["signature"]), validate=True)
        good = is_sealed(_content(head, str(value["at"])), signature, str(value["key"]), trusted)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return head if good else None
