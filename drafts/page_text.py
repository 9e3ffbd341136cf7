"""The text of a draft as its page shows it, kept in memory for as long as nobody writes.

To replay, count and render 100,000 characters takes a fifth of a second, and the page of a draft is opened far more often
than its text changes between two openings. What is kept names a number of one life of the document, and there is only one
text of that number: nothing has to be thrown away when somebody writes. Rights are asked for before, at each look; what
the directory says of contacts and online services is filled in at each look.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from markupsafe import Markup

from drafts import faults, log
from drafts.cards import References, Wanted, fill, wanted
from drafts.faults import Fault
from drafts.grammar import normalise
from drafts.models import Draft
from drafts.outline import Heading, outline
from drafts.render import reading_minutes, stored_form, word_count

# A text of 100,000 characters and its HTML take some 300 kB.
MOST_KEPT = 32
Key = tuple[int, str, int, Fault | None, str]


@dataclass(frozen=True)
class PageText:
    """A text at one number, ready for a page; `is_damaged` when it is what was written before a fault."""

    seq: int
    form: Markup
    wanted: Wanted
    outline: tuple[Heading, ...]
    words: int
    is_empty: bool
    is_damaged: bool

    @property
    def minutes(self) -> int:
        return reading_minutes(self.words)

    def html(self, known: References) -> Markup:
        """The text with what the directory knows now; what it does not know is named as missing."""
        return fill(self.form, known, says_missing=True)


class Kept:
    """The texts of one process that were looked at last."""

    def __init__(self) -> None:
        self._texts: OrderedDict[Key, PageText] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key) -> PageText | None:
        with self._lock:
            found = self._texts.get(key)
            if found is not None:
                self._texts.move_to_end(key)
            return found

    def put(self, key: Key, text: PageText) -> None:
        with self._lock:
            # Of one draft the latest is enough.
            for other in [other for other in self._texts if other[0] == key[0]]:
                del self._texts[other]
            self._texts[key] = text
            while len(self._texts) > MOST_KEPT:
                self._texts.popitem(last=False)


def page_text(draft: Draft, kept: Kept, language: str) -> PageText:
    """The text of a draft at its head. Of one that cannot be replayed to its end, what was written before.

    `language` is that of the page: the titles that parts make are in it.
    """
    key = (draft.id, draft.history, draft.head_seq, faults.fault_of(draft), language)
    found = kept.get(key)
    if found is None:
        found = _read(draft)
        # Of a damaged text an administrator's repair may change what is read without changing its number.
        if not found.is_damaged and found.seq == draft.head_seq:
            kept.put(key, found)
    return found


def _read(draft: Draft) -> PageText:
    text = log.text(draft.id)
    return PageText(
        seq=text.seq,
        form=stored_form(text.tree),
        wanted=wanted(normalise(text.tree)),
        outline=tuple(outline(text.tree)),
        words=word_count(text.tree),
        is_empty=not text.tree,
        is_damaged=text.is_damaged,
    )
