"""The index of the search: which words an article has, in which places, and how much it is about each.

An edition is put in the index in the transaction that publishes it, so the search changes with the page. Whether an
article is live is asked when somebody searches: what is masked or withdrawn is gone with that commit. An index made
by other rules, of another release or before this one, is made again by the worker, a few articles at a time.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from enum import IntEnum
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app.db import insert, reading, session, unit_of_work
from app.directory.catalogue import service_kinds
from app.directory.models import Administration, OnlineService
from drafts import vocabulary
from drafts.models import Article
from drafts.outline import outline
from publish import spelling, store, verbs, words
from publish.models import Edition
from publish.queries import competent_for
from publish.search_models import SearchedArticle, SearchGram, SearchTerm, SearchWord

# A weight is kept in hundredths.
UNIT = 100
AT_ONCE = 500
# How many articles the worker puts in the index again in one transaction.
SOME = 20


class Place(IntEnum):
    """Where a word stands, the best last."""

    BODY = 0
    HEADING = 1
    SUBJECT = 2
    LEAD = 3
    TITLE = 4


# What a word is worth in each place beside one in the body. In the body it counts three times at most, so that no
# repetition makes up for a lead.
WORTH = {Place.BODY: 1.0, Place.HEADING: 2.0, Place.SUBJECT: 2.5, Place.LEAD: 4.0, Place.TITLE: 12.0}
MOST = {Place.BODY: 3.0, Place.HEADING: 1.0, Place.SUBJECT: 1.0, Place.LEAD: 1.0, Place.TITLE: 1.0}
# A word of a short title is more of what the article is about than one of a long text. The usual lengths are those
# of the demonstration, in words that say something; a share of the weight (`b` of BM25F) depends on them.
USUAL = {Place.BODY: 150, Place.TITLE: 5}
LENGTH_SHARE = {Place.BODY: 0.4, Place.TITLE: 0.3}
SHORTEST = {Place.BODY: 1.0, Place.TITLE: 0.2}
# The longest word that is kept for those who type it wrongly; shorter than four letters any word is near any other.
SHORTEST_WORD = 4

Kept = tuple[str, str]


@cache
def rules() -> str:
    """Sixteen hexadecimal digits that change with what cuts an article into words."""
    digest = hashlib.sha256(version("snowballstemmer").encode())
    for module in (words.__file__, verbs.__file__, spelling.__file__, __file__):
        digest.update(Path(module).read_bytes())
    return digest.hexdigest()[:16]


def index(edition: Edition) -> None:
    """Put an edition in the place of the one before, in the open unit of work."""
    texts = {
        Place.TITLE: edition.title,
        Place.LEAD: edition.lead,
        Place.SUBJECT: _subject(edition),
        Place.HEADING: "\n".join(line.text for line in outline(edition.revision.tree)),
        Place.BODY: edition.plain,
    }
    weights: dict[Kept, float] = {}
    best: dict[Kept, Place] = {}
    written: dict[str, str] = {}
    for place, text in texts.items():
        for kept, weight in _weighed(place, text, written).items():
            weights[kept] = weights.get(kept, 0.0) + weight
            best[kept] = max(best.get(kept, place), place)
    current = session()
    current.execute(sa.delete(SearchTerm).where(SearchTerm.article_id == edition.article_id))
    _insert(SearchTerm, [
        {"stem": stem, "spelt": spelt, "article_id": edition.article_id,
         "weight": max(1, round(UNIT * weight)), "place": best[stem, spelt]}
        for (stem, spelt), weight in weights.items()
    ])  # fmt: skip
    _remember(written)
    row = current.get(SearchedArticle, edition.article_id)
    if row is None:
        current.add(SearchedArticle(article_id=edition.article_id, edition_id=edition.id, rules=rules()))
    else:
        row.edition_id, row.rules = edition.id, rules()
    current.flush()


def _subject(edition: Edition) -> str:
    """What the article is filed under, who answers for it, and what one can do there: fill in a form, reckon."""
    titles = {**vocabulary.themes(), **vocabulary.life_events()}
    slugs = [slug for field in ("themes", "life_events") for slug in edition.fields.get(field) or ()]
    names = session().execute(
        sa.select(Administration.name, Administration.acronym).where(
            Administration.id.in_(competent_for([edition.revision_id]).get(edition.revision_id, ()))
        )
    )
    kinds = session().scalars(
        sa.select(OnlineService.kind).where(OnlineService.slug.in_(edition.fields.get("services") or ()))
    )
    return "\n".join([
        *(titles.get(slug, "") for slug in slugs),
        *(f"{name}\n{short or ''}" for name, short in names),
        *(service_kinds()[kind] for kind in set(kinds)),
    ])  # fmt: skip


def _weighed(place: Place, text: str, written: dict[str, str]) -> dict[Kept, float]:
    """{(stem, word as it is spelt): weight} in one place; `written` learns how words are written."""
    counts: Counter[Kept] = Counter()
    length = 0
    for match in words.words(text):
        group = words.stems(match.group())
        if not group:
            continue
        length += 1
        spelt = words.spelt_in(match, text)
        for stem in group:
            counts[stem, spelt] += 1
        folded = words.fold(match.group())
        if len(folded) >= SHORTEST_WORD and folded.isalpha():
            written.setdefault(folded, match.group().lower())
    share = LENGTH_SHARE.get(place, 0.0)
    size = max(SHORTEST.get(place, 1.0), length / USUAL.get(place, 1)) if share else 1.0
    norm = 1 - share + share * size
    return {kept: WORTH[place] * min(MOST[place], count) / norm for kept, count in counts.items()}


def _insert(table: Any, rows: list[dict[str, Any]], *, known: bool = False) -> None:
    """Rows in few statements; `known` ones may be there already. In one order, so that no two publications wait
    for each other."""
    make = insert(table)
    rows.sort(key=lambda row: [str(value) for value in row.values()])
    for start in range(0, len(rows), AT_ONCE):
        session().execute(make.on_conflict_do_nothing() if known else make, rows[start : start + AT_ONCE])


def _remember(written: dict[str, str]) -> None:
    """Words that nobody had written before, with their pairs of letters."""
    folded = list(written)
    there: set[str] = set()
    for start in range(0, len(folded), AT_ONCE):
        asked = folded[start : start + AT_ONCE]
        there |= set(session().scalars(sa.select(SearchWord.folded).where(SearchWord.folded.in_(asked))))
    fresh = [word for word in folded if word not in there]
    _insert(SearchWord, [{"folded": word, "written": written[word]} for word in fresh], known=True)
    _insert(
        SearchGram,
        [{"gram": gram, "folded": word} for word in fresh for gram in spelling.grams(word)],
        known=True,
    )


def _behind(most: int) -> Iterable[Edition]:
    """Editions that are shown, or would be, and that the index does not have by today's rules."""
    return session().scalars(
        sa.select(Edition)
        .join(Article, Article.shown_revision_id == Edition.revision_id)
        .outerjoin(SearchedArticle, SearchedArticle.article_id == Article.id)
        .where(
            sa.or_(
                SearchedArticle.article_id.is_(None),
                SearchedArticle.edition_id != Edition.id,
                SearchedArticle.rules != rules(),
            )
        )
        .order_by(Edition.id)
        .limit(most)
    )


def catch_up() -> int:
    """Put in the index again what other rules made, and forget words that no article has. Returns how many articles."""
    done = 0
    while True:
        with reading():
            if not list(_behind(1)):
                break
        with unit_of_work():
            # Publications wait for this row and we for them: what they put in is not overwritten with what was before.
            store.epoch(locked=True)
            found = list(_behind(SOME))
            for edition in found:
                index(edition)
        done += len(found)
    forget_unused()
    return done


def forget_unused() -> None:
    """Words that no article has any more are proposed to nobody, and kept no longer."""
    with reading():
        used = {
            words.fold(spelt.removeprefix(words.REFLEXIVE))
            for spelt in session().scalars(sa.select(SearchTerm.spelt).distinct())
        }
        idle = [word for word in session().scalars(sa.select(SearchWord.folded)) if word not in used]
    for start in range(0, len(idle), AT_ONCE):
        with unit_of_work():
            store.epoch(locked=True)
            asked = idle[start : start + AT_ONCE]
            back = {
                words.fold(spelt.removeprefix(words.REFLEXIVE))
                for spelt in session().scalars(
                    sa.select(SearchTerm.spelt).where(SearchTerm.spelt.in_(_spellings(asked))).distinct()
                )
            }
            session().execute(
                sa.delete(SearchWord).where(
                    SearchWord.folded.in_([word for word in asked if word not in back])
                )
            )


def _spellings(folded: Iterable[str]) -> list[str]:
    """How the index may have spelt a word: with a participle's accent or without."""
    found = []
    for word in folded:
        for tail, accented in (("", ""), ("e", "é"), ("es", "és"), ("ee", "ée"), ("ees", "ées")):
            if word.endswith(tail):
                spelt = word.removesuffix(tail) + accented
                found += [spelt, words.REFLEXIVE + spelt]
    return found
