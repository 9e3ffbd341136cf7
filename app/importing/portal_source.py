"""The pages of an older portal, wherever they lie: a folder, a zip, or a table with the HTML in a column.

A folder is a mirror as `wget -m` leaves it, or has a `pages.csv` that names its pages. Folder and zip are taken for
hostile: nothing outside is read, no link is followed, and sizes are counted while reading, whatever is declared.
"""

from __future__ import annotations

import os
import re
import stat
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from app.importing import mapping as mappings
from app.importing.mapping import Field, Understanding
from app.importing.records import State, Told
from app.importing.table import Table, Unreadable
from drafts.exchange.members import first_bytes
from publish import old_addresses

# A portal of the size of service-public.fr has 5,000 pages.
MOST_PAGES = 10_000
MOST_FILES = 100_000
# The longest page that a person wrote has 300 KB; the frame of an old portal may be as heavy again.
LARGEST_PAGE = 3 * 1024 * 1024
LARGEST_PICTURE = 10 * 1024 * 1024
# All pages together.
LARGEST_IN_ALL = 2 * 1024 * 1024 * 1024
LONGEST_NAME = 1000
_PAGES = (".html", ".htm", ".xhtml", ".php", ".asp", ".aspx", ".jsp", ".cfm")
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?", re.IGNORECASE)
# `wget --restrict-file-names=windows` writes the question mark as @.
_ASKED = re.compile(r"(\.(?:php|aspx?|jsp|cfm|do))@", re.IGNORECASE)

FIELDS = (
    Field("address", "the old address, whole or from the first slash on", needed=True),
    Field("file", "the file, as seen from pages.csv (a folder or zip)"),
    Field("html", "the page itself (a table without a folder)"),
    Field("title", "its title; without it, what stands above the text"),
    Field("theme", "a theme of the portal"),
    Field("administration", "who leads it, when that is not --lead"),
    Field("date", "when it was last changed; told in the report"),
)


@dataclass(frozen=True)
class OldPage:
    """One page as it was listed. `aliases` are other addresses it answered at; `line` is that of the table, 0 without one."""

    address: str
    where: str
    title: str = ""
    theme: str = ""
    administration: str = ""
    date: str = ""
    aliases: tuple[str, ...] = ()
    line: int = 0


@dataclass
class Source(ABC):
    """The pages of a portal, in a fixed order. `refused` are those that cannot be taken."""

    pages: list[OldPage] = field(default_factory=list)
    refused: list[Told] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    @abstractmethod
    def each(self) -> Iterator[tuple[OldPage, bytes]]:
        """Every page with its bytes, one at a time."""

    @abstractmethod
    def file(self, name: str, largest: int) -> bytes | None:
        """The bytes of a file beside the pages, None when there is none, or it is too large."""

    @abstractmethod
    def at(self, normal_form: str) -> str | None:
        """The name of the file that stood at an old address."""


def opened(path: Path, maps: Iterable[str] = ()) -> Source:
    """The pages at `path`. Raises Unreadable."""
    if path.is_dir() and not path.is_symlink():
        return _Files(_Folder(path), maps)
    if zipfile.is_zipfile(path) and path.suffix.lower() == ".zip":
        return _Files(_Zip(path), maps)
    return _Rows(path, maps)


class _Holder(ABC):
    """Files by their name with slashes, none of which leads outside."""

    names: dict[str, int]
    left: list[str]

    @abstractmethod
    def read(self, name: str, largest: int) -> bytes | None: ...

    @abstractmethod
    def path_of(self, name: str) -> Path: ...


class _Folder(_Holder):
    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.names, self.left = {}, []
        for folder, inner, files in os.walk(self.root, followlinks=False):
            inner.sort()
            for one in list(inner):
                if os.path.islink(os.path.join(folder, one)):
                    inner.remove(one)
                    self.left.append(one)
            for one in sorted(files):
                full = Path(folder, one)
                found = full.lstat()
                name = full.relative_to(self.root).as_posix()
                if not stat.S_ISREG(found.st_mode) or len(name) > LONGEST_NAME:
                    self.left.append(name[:200])
                    continue
                self.names[name] = found.st_size
                if len(self.names) > MOST_FILES:
                    raise Unreadable(f"More than {MOST_FILES} files: cut the portal into parts.")

    def read(self, name: str, largest: int) -> bytes | None:
        try:
            # A link that was put there since the folder was looked at is not followed either.
            handle = os.open(self.root / name, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            return None
        with os.fdopen(handle, "rb") as file:
            content = file.read(largest + 1)
        return content if len(content) <= largest else None

    def path_of(self, name: str) -> Path:
        return self.root / name


class _Zip(_Holder):
    def __init__(self, path: Path) -> None:
        try:
            self.zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise Unreadable(f"{path.name} is no zip that can be read: {error}.") from error
        self.names, self.left = {}, []
        entries = self.zip.infolist()
        if len(entries) > MOST_FILES:
            raise Unreadable(f"More than {MOST_FILES} files: cut the portal into parts.")
        for entry in entries:
            if entry.is_dir():
                continue
            name = entry.filename
            parts = PurePosixPath(name).parts
            outside = (
                name.startswith("/") or ".." in parts or "\\" in name or "\x00" in name or ":" in parts[0]
            )
            if outside or name in self.names:
                raise Unreadable(
                    f"The zip holds a file called « {name[:80]!r} »: nobody packs that by accident."
                )
            if entry.flag_bits & 0x1:
                raise Unreadable("The zip is encrypted: pack it again without a password.")
            if len(name) > LONGEST_NAME or stat.S_ISLNK(entry.external_attr >> 16):
                self.left.append(name[:200])
                continue
            self.names[name] = entry.file_size

    def read(self, name: str, largest: int) -> bytes | None:
        content = first_bytes(self.zip, name, largest)
        return content if content is not None and len(content) <= largest else None

    def path_of(self, name: str) -> Path:
        raise Unreadable(f"{name} in a zip is read by name alone.")


class _Files(Source):
    def __init__(self, holder: _Holder, maps: Iterable[str]) -> None:
        super().__init__()
        self.holder = holder
        self._files: dict[str, str] = {}
        self.refused += [
            Told(State.LEFT, name, sentence="A link, or no plain file: it was not read.")
            for name in holder.left
        ]
        listed = next((name for name in ("pages.csv", "Pages.csv") if name in holder.names), None)
        host = _only_host(holder.names)
        for name in holder.names:
            form = old_addresses.normal(_path_of(name, host))
            if form is not None:
                self._files.setdefault(form, name)
        if listed is not None:
            self._from_table(listed, maps)
        else:
            self._from_names(host)
        if not self.pages and not self.refused:
            raise Unreadable("There is no page here: neither pages.csv nor a file that ends in .html.")

    def _from_names(self, host: str) -> None:
        for name in self.holder.names:
            bare = _ASKED.split(name)[0] if _ASKED.search(name) else name.partition("?")[0]
            if not name.lower().endswith(_PAGES) and not bare.lower().endswith(_PAGES):
                continue
            if len(self.pages) >= MOST_PAGES:
                raise Unreadable(f"More than {MOST_PAGES} pages: cut the portal into parts.")
            path = _path_of(name, host)
            # `wget -E` adds .html to what had no ending, or another one.
            short = re.sub(r"\.html?\Z", "", path, flags=re.IGNORECASE)
            address = f"https://{host}{path}" if host else path
            self.pages.append(OldPage(address, name, aliases=(short,) if short != path else ()))
        if host:
            self.hosts.add(host.lower())

    def _from_table(self, listed: str, maps: Iterable[str]) -> None:
        if isinstance(self.holder, _Zip):
            raise Unreadable("pages.csv in a zip: unpack it, and give the folder.")
        table = Table(self.holder.path_of(listed))
        mapping = _understood(table, maps)
        for page, told in _listed(table, mapping):
            if page is None:
                self.refused.append(told)
            elif page.where not in self.holder.names:
                self.refused.append(
                    Told(
                        State.BAD,
                        page.address,
                        page.line,
                        mapping.column_of("file"),
                        "There is no such file here.",
                    )
                )
            else:
                self.pages.append(page)
                self.hosts |= _host_of(page.address)

    def each(self) -> Iterator[tuple[OldPage, bytes]]:
        left = LARGEST_IN_ALL
        for page in self.pages:
            content = self.holder.read(page.where, LARGEST_PAGE)
            left -= len(content or b"")
            if left < 0:
                raise Unreadable(f"The pages have more than {LARGEST_IN_ALL // 1024**3} GB together.")
            yield page, content if content is not None else b""

    def file(self, name: str, largest: int) -> bytes | None:
        return self.holder.read(name, largest) if name in self.holder.names else None

    def at(self, normal_form: str) -> str | None:
        return self._files.get(normal_form)


class _Rows(Source):
    """A table with the pages in it: no pictures lie beside it."""

    def __init__(self, path: Path, maps: Iterable[str]) -> None:
        super().__init__()
        self.table = Table(path)
        self.mapping = _understood(self.table, maps)
        if "html" not in self.mapping.columns:
            raise Unreadable(
                'Nothing is known of: html, the column with the pages. Give --map "their column=html".'
            )
        for page, told in _listed(self.table, self.mapping):
            if page is None:
                self.refused.append(told)
            else:
                self.pages.append(page)
                self.hosts |= _host_of(page.address)

    def each(self) -> Iterator[tuple[OldPage, bytes]]:
        lines = {page.line: page for page in self.pages}
        for line in self.table.lines():
            page = lines.get(line.number)
            if page is not None:
                yield page, line.cells[self.mapping.columns["html"]].encode()

    def file(self, name: str, largest: int) -> bytes | None:
        return None

    def at(self, normal_form: str) -> str | None:
        return None


def _understood(table: Table, maps: Iterable[str]) -> Understanding:
    try:
        return mappings.understood(table.header, FIELDS, Understanding(), maps)
    except mappings.Unmapped as error:
        raise Unreadable(str(error)) from error


def _listed(table: Table, mapping: Understanding) -> Iterator[tuple[OldPage | None, Told]]:
    for count, line in enumerate(table.lines()):
        if count >= MOST_PAGES:
            raise Unreadable(f"More than {MOST_PAGES} pages: cut the portal into parts.")
        if line.wrong:
            yield None, Told(State.BAD, "", line.number, sentence=line.wrong)
            continue
        said = mapping.values(line)
        address = said["address"]
        if old_addresses.normal(address) is None:
            yield (
                None,
                Told(State.BAD, address, line.number, mapping.column_of("address"), "This is no address."),
            )
            continue
        yield (
            OldPage(
                address,
                said.get("file", "").removeprefix("./"),
                said.get("title", ""),
                said.get("theme", ""),
                said.get("administration", ""),
                said.get("date", ""),
                line=line.number,
            ),
            Told(State.UNCHANGED, address, line.number),
        )


def _host_of(address: str) -> set[str]:
    found = re.match(r"(?:https?:)?//([^/?#]+)", address, re.IGNORECASE)
    return {found[1].lower()} if found else set()


def _only_host(names: Iterable[str]) -> str:
    """The folder that all lies in, when it is called like a host."""
    tops = {name.partition("/")[0] for name in names if not name.startswith("pages.csv")}
    top = tops.pop() if len(tops) == 1 else ""
    return top if _HOST.fullmatch(top) and not top.lower().endswith(_PAGES) else ""


def _path_of(name: str, host: str) -> str:
    """The old address of a file of a mirror, from the first slash on."""
    path = name[len(host) :] if host and name.startswith(f"{host}/") else f"/{name}"
    path = _ASKED.sub(r"\1?", path, count=1)
    if "?" in path:
        path = re.sub(r"\.html?\Z", "", path, flags=re.IGNORECASE)
    return path
