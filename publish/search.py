"""Search: French stems in a table of our own, so that SQLite and PostgreSQL find the same things.

A word is kept under the stem of its spelling and under that of its spelling without accents, both without
accents: `déménagement`, `demenager` and `DÉMÉNAGEMENTS` meet.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import snowballstemmer
import sqlalchemy as sa
from markupsafe import Markup, escape

from app.db import session
from app.directory.models import Administration
from drafts import vocabulary
from publish.catalogue import Service, services
from publish.models import Edition, SearchTerm
from publish.queries import Card, competent_for, live_cards

TITLE, LEAD, SUBJECT, BODY = 40, 12, 10, 6
LONGEST_QUERY = 200
MOST_WORDS = 12
PER_PAGE = 20
STEM_LENGTH = 60
SNIPPET = 220

_WORD = re.compile(r"[^\W_]+")
_ELISION = re.compile(r"\b(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu|presqu|quelqu)[’']", re.IGNORECASE)
# Words that say nothing about a subject.
_STOP = """
a ai au aux avec ce ces cet cette comment dans de des du elle en es est et etre eux faire fait faut
il ils je la le les leur leurs lui ma mais me meme mes moi mon ne nos notre nous on ou par pas peut
plus pour pourquoi puis quand que quel quelle quelles quels qui quoi sa sans se sera ses si son sont
sur ta te tes toi ton tu un une vos votre vous y
"""
STOP = frozenset(_STOP.split())
_stemmer = snowballstemmer.stemmer("french")


def fold(text: str) -> str:
    """Lower case, without accents, ligatures undone. Keeps the number of characters only where it can."""
    text = text.lower().replace("œ", "oe").replace("æ", "ae")
    return "".join(part for part in unicodedata.normalize("NFKD", text) if not unicodedata.combining(part))


@lru_cache(maxsize=50_000)
def stems(word: str) -> frozenset[str]:
    """The stems a word is kept and sought under; empty for a word that says nothing."""
    folded = fold(word)
    if folded in STOP or (len(folded) < 2 and not folded.isdigit()) or len(folded) > STEM_LENGTH:
        return frozenset()
    composed = unicodedata.normalize("NFC", word.lower())
    return frozenset({fold(_stemmer.stemWord(composed)), _stemmer.stemWord(folded)}) - {""}


def words(text: str) -> Iterator[re.Match[str]]:
    """The words of a text, elided articles left out."""
    return _WORD.finditer(_ELISION.sub(lambda match: " " * len(match.group()), text))


def _counted(text: str) -> Counter[str]:
    return Counter(stem for match in words(text) for stem in stems(match.group()))


def index(edition: Edition) -> None:
    """Put an edition in the place of the one before, in the open unit of work."""
    weights: Counter[str] = Counter()
    title = _counted(edition.title)
    for stem in title:
        # The fewer words a title has, the more it is about each of them.
        weights[stem] += TITLE + round(TITLE / len(title))
    for stem in _counted(edition.lead):
        weights[stem] += LEAD
    titles = {**vocabulary.themes(), **vocabulary.life_events()}
    slugs = [slug for field in ("themes", "life_events") for slug in edition.fields.get(field) or ()]
    names = session().execute(
        sa.select(Administration.name, Administration.acronym).where(
            Administration.id.in_(competent_for([edition.revision_id]).get(edition.revision_id, ()))
        )
    )
    subject = " ".join(
        [*(titles.get(slug, "") for slug in slugs), *(f"{name} {short or ''}" for name, short in names)]
    )
    for stem in _counted(subject):
        weights[stem] += SUBJECT
    for stem, count in _counted(edition.plain).items():
        weights[stem] += min(count, BODY)
    session().execute(sa.delete(SearchTerm).where(SearchTerm.article_id == edition.article_id))
    if weights:
        session().execute(
            sa.insert(SearchTerm),
            [
                {"stem": stem, "article_id": edition.article_id, "weight": weight}
                for stem, weight in weights.items()
            ],
        )


@dataclass(frozen=True)
class Hit:
    card: Card
    title: Markup
    extract: Markup


@dataclass(frozen=True)
class Found:
    """`is_partial`: no article has all the words, these have some. `total` counts all of them."""

    query: str
    hits: tuple[Hit, ...]
    total: int
    page: int
    is_partial: bool
    services: tuple[Service, ...]

    @property
    def pages(self) -> int:
        return max(1, math.ceil(self.total / PER_PAGE))


def search(query: str, page: int = 1) -> Found:
    """Live articles for a query, the best first. Articles with all the words come before those with some."""
    query = " ".join(query[:LONGEST_QUERY].split())
    wanted = _wanted(query)
    if not wanted:
        return Found(query, (), 0, 1, False, ())
    cards = {card.article_id: card for card in live_cards()}
    scores: dict[int, float] = {}
    having: Counter[int] = Counter()
    for group in wanted:
        rows = _rows(group)
        best: dict[int, int] = {}
        for article_id, weight in rows:
            if article_id in cards:
                best[article_id] = max(best.get(article_id, 0), weight)
        rarity = 1 + math.log((1 + len(cards)) / (1 + len(best)))
        for article_id, weight in best.items():
            scores[article_id] = scores.get(article_id, 0.0) + weight * rarity
            having[article_id] += 1
    whole = [article_id for article_id in scores if having[article_id] == len(wanted)]
    chosen = whole or list(scores)
    chosen.sort(key=lambda article_id: (-having[article_id], -scores[article_id], cards[article_id].title))
    pages = max(1, math.ceil(len(chosen) / PER_PAGE))
    page = min(max(page, 1), pages)
    shown = chosen[(page - 1) * PER_PAGE : page * PER_PAGE]
    texts = session().execute(
        sa.select(Edition.article_id, Edition.plain).where(
            Edition.revision_id.in_([cards[article_id].revision_id for article_id in shown])
        )
    )
    plain = {row.article_id: row.plain for row in texts}
    sought = frozenset().union(*wanted)
    hits = tuple(
        Hit(
            cards[one], marked(cards[one].title, sought), extract(plain.get(one, ""), cards[one].lead, sought)
        )
        for one in shown
    )
    return Found(query, hits, len(chosen), page, not whole and bool(chosen), tuple(_services(wanted)))


def _wanted(query: str) -> list[frozenset[str]]:
    groups: list[frozenset[str]] = []
    for match in words(query):
        group = stems(match.group())
        if group and group not in groups:
            groups.append(group)
    return groups[:MOST_WORDS]


def _rows(group: frozenset[str]) -> list[tuple[int, int]]:
    """(article, weight) for one word; for a word nobody wrote, articles with a word that begins like it."""
    query = sa.select(SearchTerm.article_id, SearchTerm.weight)
    rows = session().execute(query.where(SearchTerm.stem.in_(group))).all()
    if not rows:
        starts = [stem for stem in group if len(stem) >= 4]
        if starts:
            begins = sa.or_(*(SearchTerm.stem.startswith(stem, autoescape=True) for stem in starts))
            rows = session().execute(query.where(begins).limit(500)).all()
    return [(article_id, weight) for article_id, weight in rows]


def _services(wanted: list[frozenset[str]]) -> list[Service]:
    """Online services that have all the words in their title or summary, those of the title first."""
    scored = []
    for service in services():
        title = set(_counted(service.title))
        everything = title | set(_counted(service.summary)) | set(
            _counted(" ".join(f"{office.name} {office.short}" for office in service.offices))
        )  # fmt: skip
        if all(group & everything for group in wanted):
            scored.append((-sum(bool(group & title) for group in wanted), service))
    scored.sort(key=lambda entry: entry[0])
    return [service for score, service in scored[:5] if score < 0]


def marked(text: str, sought: frozenset[str]) -> Markup:
    """The text with the sought words in <mark>, everything escaped."""
    out, at = Markup(""), 0
    for match in words(text):
        if stems(match.group()) & sought:
            out += escape(text[at : match.start()]) + Markup("<mark>{}</mark>").format(match.group())
            at = match.end()
    return out + escape(text[at:])


def extract(plain: str, lead: str, sought: frozenset[str]) -> Markup:
    """The lead when it has one of the words, else the place of the text that has the most of them."""
    if any(stems(match.group()) & sought for match in words(lead)):
        return marked(lead, sought)
    text = re.sub(r"[ \t\r\n]+", " ", plain).strip()
    places = [match.start() for match in words(text) if stems(match.group()) & sought]
    if not places:
        return escape(lead)
    start = max(places, key=lambda place: sum(place <= other < place + SNIPPET for other in places))
    begin = text.rfind(" ", 0, max(0, start - 40)) + 1 if start > 40 else 0
    end = text.find(" ", begin + SNIPPET)
    piece = text[begin:end] if end > 0 else text[begin:]
    before, after = ("… " if begin else ""), (" …" if end > 0 else "")
    return before + marked(piece, sought) + after
