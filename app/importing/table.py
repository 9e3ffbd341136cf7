"""A partner's table: CSV as office suites and databases write it, read line by line and never whole.

UTF-8 (with or without its mark) or windows-1252; semicolons, commas or tabs; cells in quotes may hold line breaks.
What stands in a cell is text, also when it begins like a formula: nobody computes here.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# A directory of all the pages of a portal with their HTML; lists of people and services are a hundredth of it.
LARGEST = 512 * 1024 * 1024
MOST_ROWS = 200_000
MOST_COLUMNS = 200
# A page with its HTML in one cell.
LONGEST_CELL = 5 * 1024 * 1024
_CHUNK = 1024 * 1024
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_DELIMITERS = (";", ",", "\t")
csv.field_size_limit(LONGEST_CELL)


class Unreadable(Exception):
    """The file cannot be read at all; the argument says why and what to do, in English."""


@dataclass(frozen=True)
class Line:
    """One row: the line of the file on which it begins, and its cells by the name of the column.

    `wrong` says what keeps it from being read; then there are no cells.
    """

    number: int
    cells: dict[str, str]
    wrong: str = ""


class Table:
    """A table with a header. Raises Unreadable for what is none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            size = path.stat().st_size
        except OSError as error:
            raise Unreadable(f"{path.name}: {error.strerror}.") from error
        if size > LARGEST:
            raise Unreadable(f"{path.name} has more than {LARGEST // 1024**2} MB: cut it into several files.")
        self.encoding = _encoding(path)
        with path.open(encoding=self.encoding, newline="") as opened:
            first = opened.readline(LONGEST_CELL)
            # Excel writes the sign it parts cells with on a line of its own when it is told to.
            named = re.fullmatch(r'"?sep=(.)"?\s*', first)
            self.delimiter = named[1] if named else _delimiter(first)
            self._skipped = 1 if named else 0
        self.header = self._header()

    def _header(self) -> list[str]:
        for number, cells in self._raw():
            names = [re.sub(r"\s+", " ", cell).strip() for cell in cells]
            if not any(names):
                continue
            if len(names) > MOST_COLUMNS:
                raise Unreadable(f"{self.path.name} has more than {MOST_COLUMNS} columns.")
            doubled = sorted({name for name in names if name and names.count(name) > 1})
            if doubled:
                raise Unreadable(f"The columns {', '.join(doubled)} stand there twice: rename one of each.")
            self._begins = number
            return names
        raise Unreadable(f"{self.path.name} is empty: its first line names the columns.")

    def lines(self) -> Iterator[Line]:
        """Every row below the header, empty ones left out. Reads the file anew."""
        rows = self._raw()
        for number, cells in rows:
            if number <= self._begins or not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(self.header):
                # Cells at the end that are empty are left out by some programs, and added by others.
                spare = cells[len(self.header) :]
                if any(cell.strip() for cell in spare):
                    yield Line(
                        number,
                        {},
                        f"{len(cells)} cells where the header names {len(self.header)} columns: put a cell that holds "
                        f"a « {_shown(self.delimiter)} » in quotes.",
                    )
                    continue
                cells = [*cells, *[""] * (len(self.header) - len(cells))]
            found = {name: cell.strip() for name, cell in zip(self.header, cells, strict=False) if name}
            dirty = [name for name, cell in found.items() if _CONTROL.search(cell)]
            if dirty:
                yield Line(number, {}, f"The cell {dirty[0]} holds a control character: delete it.")
                continue
            yield Line(number, found)

    def _raw(self) -> Iterator[tuple[int, list[str]]]:
        with self.path.open(encoding=self.encoding, newline="") as opened:
            for _ in range(self._skipped):
                opened.readline(LONGEST_CELL)
            reader = csv.reader(opened, delimiter=self.delimiter, strict=True)
            begins = self._skipped + 1
            try:
                for count, cells in enumerate(reader):
                    if count > MOST_ROWS:
                        raise Unreadable(f"More than {MOST_ROWS} rows: cut the file into several.")
                    yield begins, cells
                    begins = self._skipped + reader.line_num + 1
            except csv.Error as error:
                raise Unreadable(
                    f"Line {begins}: {error}. Every quote that is opened is closed, and one within a cell is written twice."
                ) from error


def _shown(delimiter: str) -> str:
    return "tab" if delimiter == "\t" else delimiter


def _delimiter(first: str) -> str:
    bare = re.sub(r'"[^"]*"?', "", first)
    counts = {delimiter: bare.count(delimiter) for delimiter in _DELIMITERS}
    return max(_DELIMITERS, key=lambda delimiter: counts[delimiter])


def _encoding(path: Path) -> str:
    """UTF-8 when the whole file is; windows-1252 else."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as opened:
        begin = opened.read(4)
        if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
            raise Unreadable(f"{path.name} is no CSV: save it as « CSV UTF-8 » in the program it comes from.")
        try:
            decoder.decode(begin)
            while chunk := opened.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return _ansi(path)
    return "utf-8-sig"


def _ansi(path: Path) -> str:
    holes = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
    with path.open("rb") as opened:
        for number, line in enumerate(opened, 1):
            if holes.search(line):
                raise Unreadable(
                    f"Line {number} is neither UTF-8 nor windows-1252: save the file as « CSV UTF-8 »."
                )
    return "cp1252"
