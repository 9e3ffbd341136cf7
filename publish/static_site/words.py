"""The search of a copy: the words of the portal's own index, in files so small that a page loads what was asked for.

A file holds the words that begin with the same two letters, so that a question of three words loads three of them. What the
articles are called lies in other files, a hundred articles each, of which a page loads those it shows. All are scripts that
hand their words to `search.js`: a page opened from a disk may load a script and may not fetch anything else.

Stems are the server's (`publish.words`): each stands with the forms that articles have of it, so that no stemmer travels along.
A form that no article has is cut by `search.js` until one is found.
"""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from os.path import commonprefix

import sqlalchemy as sa

from app.db import session
from publish import words
from publish.queries import Card
from publish.search_index import UNIT
from publish.search_models import SearchTerm

FOLDER = "recherche"
A_FILE = 100
# Of a summary as much as two lines of a telephone hold.
LEAD = 140
LEVELS = "ABCDEFGHI"
# A word that more than one article in four has helps nobody to choose: kept where it stands in a title or a lead.
COMMON = 0.25
# From so many articles on, those that only have the word in passing are left out.
MANY = 60
IN_PASSING = 2
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def files(cards: Sequence[Card]) -> Iterator[tuple[str, str]]:
    """(file, text) of everything the search needs but its script. Runs inside a `reading()`."""
    live = {card.article_id for card in cards}
    by_file: dict[str, dict[str, list[object]]] = defaultdict(dict)
    for card in cards:
        lead = card.lead if len(card.lead) <= LEAD else card.lead[:LEAD].rsplit(" ", 1)[0] + " …"
        entry = [card.slug, card.title, lead]
        by_file[_number(card.article_id // A_FILE)][_number(card.article_id)] = list(entry)
    for name, entries in sorted(by_file.items()):
        yield f"{FOLDER}/fiches-{name}.js", _call("articles", name, dict(sorted(entries.items())))
    shards: dict[str, dict[str, str]] = defaultdict(dict)
    for stem, forms, postings in _stems(live):
        packed = _packed(postings, len(live))
        for shard in sorted({shard_of(form) for form in forms}):
            shards[shard][stem] = f"{_endings(stem, forms)}|{packed}"
    for name, stems in sorted(shards.items()):
        yield f"{FOLDER}/mots-{name}.js", _call("words", name, stems)
    yield (
        f"{FOLDER}/index.js",
        _call("begin", " ".join(sorted(words.STOP)), {"total": len(live), "files": sorted(shards)}),
    )


def shard_of(form: str) -> str:
    """The file a word stands in: its first two letters, as `search.js` says it too."""
    return re.sub("[^a-z0-9]", "_", form[:2])


def _call(verb: str, name: str, value: object) -> str:
    """A script that hands over one value. Escaped so that it may stand anywhere, though it stands in a file of its own."""
    text = json.dumps([name, value], ensure_ascii=False, separators=(",", ":"))
    return f"copie.{verb}(...{text.replace('<', chr(92) + 'u003c')});\n"


def _stems(live: set[int]) -> Iterator[tuple[str, set[str], dict[int, float]]]:
    """(stem, its forms without accents, {article: how much it is about it})."""
    rows = session().execute(
        sa.select(SearchTerm.stem, SearchTerm.spelt, SearchTerm.article_id, SearchTerm.weight).order_by(
            SearchTerm.stem, SearchTerm.spelt, SearchTerm.article_id
        )
    )
    last, forms, found = "", set[str](), dict[int, float]()
    folded: dict[str, str] = {}
    for stem, spelt, article_id, weight in rows:
        if stem != last:
            if found:
                yield last, forms, found
            last, forms, found = stem, set(), {}
        if article_id in live:
            form = folded.get(spelt)
            if form is None:
                form = folded[spelt] = words.fold(spelt.removeprefix(words.REFLEXIVE))
            forms.add(form)
            found[article_id] = found.get(article_id, 0.0) + weight / UNIT
    if found:
        yield last, forms, found


def _endings(stem: str, forms: Iterable[str]) -> str:
    """Forms as what they have after the letters they share with the stem: `er,ement`, `2+ire`."""
    found = []
    for form in sorted(forms):
        shared = len(commonprefix([stem, form]))
        found.append(form[shared:] if shared == len(stem) else f"{shared}+{form[shared:]}")
    return ",".join(found)


def level_of(weight: float) -> int:
    """The weight of a word in an article on a scale of nine, each step four tenths more than the last."""
    return min(len(LEVELS), max(1, round(2 * math.log2(weight + 1))))


def _packed(postings: dict[int, float], total: int) -> str:
    """Articles by how far each is from the one before, each followed by its level as a capital letter."""
    levels = {article_id: level_of(weight) for article_id, weight in postings.items()}
    if len(levels) > MANY:
        fewest = 6 if len(levels) > COMMON * total else IN_PASSING
        levels = {article_id: level for article_id, level in levels.items() if level >= fewest} or levels
    parts, last = [], 0
    for article_id in sorted(levels):
        parts.append(_number(article_id - last) + LEVELS[levels[article_id] - 1])
        last = article_id
    return "".join(parts)


def _number(value: int) -> str:
    """In base 36, as JavaScript reads it."""
    text = ""
    while True:
        value, rest = divmod(value, 36)
        text = _DIGITS[rest] + text
        if not value:
            return text
