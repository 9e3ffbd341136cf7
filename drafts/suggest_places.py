"""In which block of words the new structs of an update stand.

The gate's index knows the shared type of every struct but not which text of the document that type is, and pycrdt says of a text
neither its id nor that of anything in it. So a copy is asked: a letter put into each text is written down by pycrdt beside what
stands there, and that the index knows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from drafts import document
from drafts.gate import BULK
from drafts.reading import is_text
from drafts.room_index import Knowledge, News, Place
from drafts.yupdate import Deletes, Id, Section, read_update

__all__ = ["Path", "Whereabouts", "node_at"]

Path = tuple[int, ...]


def node_at(doc: document.Doc, path: Path) -> Any:
    """The element at a path of child numbers below the root."""
    node: Any = document.content(doc)
    for step in path:
        node = node.children[step]
    return node


class Whereabouts:
    """What an update brings, by place: `index` knew the document before it, `news` is what `check` found in it."""

    def __init__(self, index: Knowledge, news: News) -> None:
        self.index = index
        self.news = news

    def stands(self, wanted: Id) -> Place:
        """Of a struct that is known, or that the update brings."""
        client, clock = wanted
        known = self.index.clients.get(client)
        clocks = known if known is not None and clock < known.end else self.news.clients[client]
        return clocks.place_at(clock).alive

    def touched(self, sections: list[Section], deletes: Deletes) -> set[Place]:
        """Every place in which something is written or taken out."""
        found = {
            place.alive for client, *_ in sections if client in self.news.clients
            for place in self.news.clients[client].places
        }  # fmt: skip
        for client, ranges in deletes:
            for start, stop in ranges:
                # A long range may go through many places; those of its ends tell that there is more than one.
                found |= {self.stands((client, start)), self.stands((client, stop - 1))}
        return found

    def blocks(self, copy: document.Doc, paths: Iterable[Path]) -> dict[Place, Path]:
        """The block that each text below `paths` belongs to. `copy` holds the update; it is left as it is."""
        client = 1 + max((*self.index.clients, *self.news.clients), default=0)
        scratch = document.new_document(client)
        document.apply(scratch, document.state(copy))
        before = document.state_vector(scratch)
        asked: list[Path] = []
        with scratch.transaction():
            for path in paths:
                for child in node_at(scratch, path).children:
                    if is_text(child):
                        child.insert(0, "?")
                        asked.append(path)
        sections, _deletes = read_update(document.diff(scratch, before), BULK.structs, BULK.ranges)
        structs = [struct for one, _start, _end, found in sections if one == client for struct in found]
        if len(structs) != len(asked):
            return {}
        return {self._place_of(struct): path for struct, path in zip(structs, asked, strict=True)}

    def _place_of(self, struct: Any) -> Place:
        _kind, _length, origin, right, parent, _key, _content = struct
        for beside in (origin, right):
            if beside is not None:
                return self.stands(beside)
        type_ = self.index.types.get(parent) or self.news.types[parent]
        return type_.children
