"""How open data is written: a line of JSON, a row of a table, an address that stays."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from app.mail import address
from publish import addresses, sharing

LICENCE_NAME = "Licence Ouverte 2.0"
# SPDX names the very version; the text itself is one link away from there.
LICENCE = "https://spdx.org/licenses/etalab-2.0"
# In a cell that holds several; no name has it.
BETWEEN = " | "
# The mark tells spreadsheets that what follows is UTF-8; Python reads it away with "utf-8-sig".
MARK = "\ufeff"
# Line ends of Unicode that are none in JSON: readers that split at them would cut a line in two.
_LINE_ENDS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}


@dataclass(frozen=True)
class Column:
    """One column of a table, or one member of a line: its name, and what it means in French."""

    name: str
    meaning: str


def article_id(number: int) -> str:
    """The address that names an article for ever, whatever its title and place become; it leads to the page."""
    return address(addresses.short(sharing.code_of(number)))


def administration_id(slug: str) -> str:
    return address(f"{addresses.administration_data(slug)}#administration")


def service_id(slug: str) -> str:
    return address(f"{addresses.service_data(slug)}#demarche")


def line(value: dict[str, Any]) -> str:
    """One line of JSON Lines, ended by a line feed and holding no other end of a line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_LINE_ENDS) + "\n"


def row(cells: Sequence[object]) -> str:
    """One row of CSV (RFC 4180)."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow(cells)
    return written.getvalue()


def header(columns: Iterable[Column]) -> str:
    return MARK + row([column.name for column in columns])
