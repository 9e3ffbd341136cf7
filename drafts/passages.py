"""A passage that has to go: how its words are found in texts, values and trees, and what stands there afterwards."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

from app.errors import Invalid
from app.extensions import gettext as _

__all__ = ["REMOVED", "SHORTEST", "Passage"]

# What is read in the place of words that were taken out. Part of the data, hence never translated.
REMOVED = "[texte retiré]"
# Fewer characters stand everywhere: the text would be a row of holes.
SHORTEST, LONGEST = 3, 2000
_CONTEXT = 30


class Passage:
    """The exact words, in the ways in which the same words are written: any space or line break between two words, a
    straight or a curly apostrophe, accents as one character or two. Capitals count."""

    def __init__(self, words: str) -> None:
        """Raises Invalid for words that are too few, too many, or that the mark of their absence would hold."""
        self.words = unicodedata.normalize("NFC", " ".join(words.split()))
        if not SHORTEST <= len(self.words) <= LONGEST:
            raise Invalid(
                _(
                    "Donnez les mots exacts à retirer, de %(least)d à %(most)d caractères.",
                    least=SHORTEST,
                    most=LONGEST,
                ),
                field="words",
            )
        self._pattern = re.compile("".join(_ways(self.words)))
        if self._pattern.search(REMOVED):
            raise Invalid(
                _(
                    "Ces mots font partie de la mention « %(mark)s » : donnez un passage plus long.",
                    mark=REMOVED,
                ),
                field="words",
            )

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where the words stand: (first character, character after the last) each, in order."""
        return [match.span() for match in self._pattern.finditer(text)]

    def stands_in(self, value: Any) -> bool:
        """Whether a text, or any text inside a JSON value, holds the words; so do bytes that are UTF-8 or JSON."""
        if isinstance(value, str):
            return self._pattern.search(value) is not None
        if isinstance(value, bytes | bytearray | memoryview):
            return self.stands_in_bytes(bytes(value))
        if _is_inline(value):
            return self.stands_in(_said(value)) or any(self.stands_in(_beside(node)) for node in value)
        if isinstance(value, list | tuple):
            return any(self.stands_in(item) for item in value)
        if isinstance(value, dict):
            return any(self.stands_in(key) or self.stands_in(item) for key, item in value.items())
        return False

    def stands_in_bytes(self, data: bytes) -> bool:
        """Whether bytes hold the words in UTF-8, in UTF-16 of either order, or escaped as JSON does."""
        if self._pattern.search(data.decode("utf-8", "replace")):
            return True
        escaped = json.dumps(self.words)[1:-1].encode()
        if escaped in data or escaped.lower() in data.lower():
            return True
        return any(self.words.encode(form) in data for form in ("utf-16-le", "utf-16-be"))

    def out_of(self, text: str) -> str:
        """The text with `REMOVED` in the place of the words."""
        return self._pattern.sub(REMOVED, text)

    def out_of_value(self, value: Any) -> Any:
        """A text or a JSON value, block trees included, with `REMOVED` in the place of the words wherever they stand:
        over several runs of one block as well."""
        if isinstance(value, str):
            return self.out_of(value)
        if _is_inline(value):
            return self._out_of_inline(value)
        if isinstance(value, list | tuple):
            return [self.out_of_value(item) for item in value]
        if isinstance(value, dict):
            return {key: self.out_of_value(item) for key, item in value.items()}
        return value

    def around(self, text: str) -> list[str]:
        """What stands around the words, without them: for a page that asks whether these are the ones."""
        return [
            f"…{text[max(0, start - _CONTEXT) : start]}{REMOVED}{text[end : end + _CONTEXT]}…"
            for start, end in self.spans(text)
        ]

    def parts(self) -> set[str]:
        """Stretches of four characters of the words: what holds none of them holds nothing worth knowing of them."""
        size = min(4, len(self.words))
        return {self.words[at : at + size] for at in range(len(self.words) - size + 1)}

    def _out_of_inline(self, content: Sequence[Any]) -> list[Any]:
        said = _said(content)
        spans = self.spans(said)
        kept: list[Any] = []
        at = 0
        for node in content:
            size = len(_said([node]))
            if node["type"] == "text":
                text = "".join(_cut(node["text"], at, spans))
                if text:
                    kept.append({**self.out_of_value(_beside(node)), "type": "text", "text": text})
            elif not any(start <= at < end for start, end in spans):
                kept.append(self.out_of_value(node))
            at += size
        return kept


def _cut(text: str, at: int, spans: Sequence[tuple[int, int]]) -> Iterator[str]:
    """What is left of a run that begins at `at`; the run in which a passage begins holds the mark."""
    place = at
    for start, end in spans:
        if end <= at or start >= at + len(text):
            continue
        yield text[place - at : max(start, at) - at]
        if start >= at:
            yield REMOVED
        place = min(end, at + len(text))
    yield text[place - at :]


def _is_inline(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(node, dict) and isinstance(node.get("type"), str) for node in value)
        and any(node["type"] == "text" and isinstance(node.get("text"), str) for node in value)
        and all(node["type"] != "text" or isinstance(node.get("text"), str) for node in value)
    )


def _said(content: Sequence[Any]) -> str:
    """The words of a block; what is no word in it (a forced line break) is one break."""
    return "".join(node["text"] if node["type"] == "text" else "\n" for node in content)


def _beside(node: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in node.items() if key not in ("text", "type")}


def _ways(words: str) -> Iterator[str]:
    for character in words:
        apart = unicodedata.normalize("NFD", character)
        if character == " ":
            yield r"\s+"
        elif character in "'’ʼ":
            yield "['’ʼ]"
        elif apart != character:
            yield f"(?:{re.escape(character)}|{re.escape(apart)})"
        else:
            yield re.escape(character)
