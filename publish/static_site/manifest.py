"""What a copy consists of, written beside it: which files are ours, and what each was made of."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from publish.static_site.writer import put

NAME = ".openlab-site.json"
FORMAT = 1
# A copy of ten thousand pages has some 6 MB; more is none of ours.
LARGEST = 256 * 1024 * 1024


class NotOurs(Exception):
    """The folder, or a file of it, was not made by this command; the argument says so in words."""


@dataclass
class Kept:
    """A file as it was written. `source` is the digest of what it was made of, before the day of the copy stood in it;
    `depends` of everything that it was made from; `links` are the addresses of ours that it leads to."""

    sha256: str
    size: int
    source: str
    depends: str
    day: str
    links: list[str] = field(default_factory=list)


@dataclass
class Manifest:
    """`pulse`: of everything that any page depends on, when the last run ended; "" where none has. `pending`: what a run has
    begun to write, so that one that was broken off knows its own files again."""

    public_url: str = ""
    base_url: str = ""
    pulse: str = ""
    files: dict[str, Kept] = field(default_factory=dict)
    pending: list[str] = field(default_factory=list)

    def owns(self, name: str) -> bool:
        return name in self.files or name in self.pending


def read(folder: Path) -> Manifest | None:
    """The manifest of a folder; None when it has none. Raises NotOurs for one that cannot be read."""
    path = folder / NAME
    if not path.exists():
        return None
    try:
        if path.is_symlink() or path.stat().st_size > LARGEST:
            raise ValueError
        given = json.loads(path.read_text(encoding="utf-8"))
        if given.pop("format") != FORMAT:
            raise ValueError
        files = {name: Kept(**kept) for name, kept in given.pop("files").items()}
        found = Manifest(**given, files=files)
    except (ValueError, TypeError, AttributeError, KeyError, UnicodeDecodeError) as error:
        raise NotOurs(f"{path} cannot be read, or another version wrote it") from error
    for name in [*found.files, *found.pending]:
        # A manifest comes from outside as soon as a stick has travelled: nothing it names may lie elsewhere.
        if name.startswith("/") or "\\" in name or ".." in name.split("/") or not name:
            raise NotOurs(f"{path} names a file outside its folder")
    return found


def write(folder: Path, manifest: Manifest) -> None:
    content = {"format": FORMAT, **asdict(manifest)}
    content["files"] = dict(sorted(content["files"].items()))
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), indent=0)
    put(folder, NAME, text.encode(), durable=True)
