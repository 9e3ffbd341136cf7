"""Which address of the portal is which file of the copy, and how one leads to another."""

from __future__ import annotations

import posixpath
import re

from publish import addresses

# Pages that only the copy has, and the one that it makes in its own way.
ABOUT, LIST, SEARCH = "/copie", "/fiches", "/recherche"
# Programs fetch it by an address without an ending, which a server of files would send as unknown bytes.
_NAMED = {addresses.COUNTS: "api/v1/counts.json"}
_NUMBERED = re.compile(r"page=(\d{1,5})")
INDEX = "index.html"


def file_of(address: str) -> str:
    """The file of an address, relative to the copy: `/themes/x` is `themes/x/index.html`, `/atom.xml` is itself.

    Of questions only the number of a page is known, `?page=2`.
    """
    path, _mark, query = address.partition("?")
    if path in _NAMED:
        return _NAMED[path]
    if number := _NUMBERED.fullmatch(query):
        return f"{path[1:]}/page-{number[1]}/{INDEX}"
    if "." in posixpath.basename(path):
        return path[1:]
    return f"{path[1:]}/{INDEX}".lstrip("/")


def is_numbered(address: str) -> bool:
    """Whether it is a page of a list by its number, and asks nothing else."""
    return _NUMBERED.fullmatch(address.partition("?")[2]) is not None


def way(source: str, target: str) -> str:
    """How the page in one file leads to another file: never by a folder, since `file:` shows its contents instead."""
    return posixpath.relpath(target, posixpath.dirname(source) or ".")
