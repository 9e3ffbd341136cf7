"""Sentences and words of one block's text, with where they stand (in characters of Python)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

# Letters, digits, and hyphens or full stops of figures inside; an apostrophe parts words, as one hears them.
_WORD = re.compile(r"[^\W_]+(?:[-‑][^\W_]+)*")
_BREAK = re.compile(r"[.!?…]+[)\]\"”]*(?:[ \u00a0\u202f]?»)?|\n")
_AFTER = re.compile(r"[ \t\u00a0\u202f]+")
# Thousands that a space parts are one figure, whatever the space.
_THOUSANDS = re.compile(r"(?<=\d)[ \u00a0\u202f](?=\d{3}(?!\d))")
_OPENERS = '«“"(—–-•'


@dataclass(frozen=True, slots=True)
class Word:
    """One word in small letters, from `start` to `end` of the block's text."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Sentence:
    start: int
    end: int
    words: tuple[Word, ...]


def sentences(text: str, abbreviations: Collection[str]) -> Iterator[Sentence]:
    """The sentences of a block. A heading or an item of a list without a full stop is one too."""
    start = 0
    for found in _BREAK.finditer(text):
        if found.end() > start and _ends(text, found, abbreviations):
            yield from _sentence(text, start, found.end())
            start = found.end()
    yield from _sentence(text, start, len(text))


def _ends(text: str, found: re.Match[str], abbreviations: Collection[str]) -> bool:
    """Whether a mark ends a sentence: a capital, a figure or a mark that opens follows, and it shortens no word."""
    if found.group() == "\n" or found.end() == len(text) or text[found.end()] == "\n":
        return True
    space = _AFTER.match(text, found.end())
    if space is None:
        return False
    following = text[space.end()] if space.end() < len(text) else ""
    if following and not (following.isupper() or following.isdigit() or following in _OPENERS):
        return False
    if found.group() != ".":
        return True
    # Not further back than the longest abbreviation: a word of 100,000 letters is looked at once.
    before = re.search(r"[^\W_]{1,12}$", text[max(0, found.start() - 13) : found.start()])
    if before is None:
        return True
    word = before.group()
    alone = len(word) == 1 and word.isupper()
    # « 1. » before the words of a point; a block begins within its first characters.
    at_first = word.isdigit() and found.start() < 8 and not text[: found.start() - len(word)].strip()
    return not (alone or at_first or word.lower() in abbreviations)


def _sentence(text: str, start: int, end: int) -> Iterator[Sentence]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield Sentence(start, end, tuple(words(text, start, end)))


def words(text: str, start: int, end: int) -> Iterator[Word]:
    """The words of a part of the text."""
    for found in _WORD.finditer(text, start, end):
        yield Word(found.group().lower(), found.start(), found.end())


def count(text: str) -> int:
    """How many words a reader counts: what stands between spaces and holds a letter or a figure."""
    return sum(any(sign.isalnum() for sign in part[:50]) for part in _THOUSANDS.sub("", text).split())
