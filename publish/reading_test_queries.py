"""What the pages of a reading test show, as plain values."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import date, datetime

import sqlalchemy as sa
from markupsafe import Markup

from app import clock
from app.db import session
from app.errors import Missing
from app.extensions import gettext as _
from drafts.card_queries import references_of
from drafts.grammar import Tree, passages
from drafts.remark_models import Remark
from drafts.render import render_blocks
from drafts.review_models import Revision
from labs.models import Lab
from publish import addresses, pictures
from publish.heard import marked
from publish.models import Edition
from publish.reading_test_models import (
    ReadingAnswer,
    ReadingRemark,
    ReadingTest,
    ReadingVerdict,
    Understood,
)


@dataclass(frozen=True)
class Part:
    """`name` is the id of its first block with words, `first` the words of that block."""

    number: int
    name: str
    first: str
    html: Markup


@dataclass(frozen=True)
class TestPage:
    token: str
    title: str
    intro: str
    closes_at: datetime
    is_over: bool
    # Whether it is what the public reads, and where.
    slug: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Said:
    """What one reader wrote of a part, or that they did not understand it; and the remark that was made of it."""

    answer_id: int
    on_day: date
    understood: Understood | None
    words: Markup
    has_personal: bool
    remark: tuple[int, str] | None


@dataclass(frozen=True)
class PartResult:
    number: int
    name: str
    first: str
    html: Markup
    yes: int
    partly: int
    no: int
    said: tuple[Said, ...]

    @property
    def verdicts(self) -> int:
        return self.yes + self.partly + self.no

    def percent(self, count: int) -> int:
        return round(100 * count / self.verdicts) if self.verdicts else 0


@dataclass(frozen=True)
class TestRow:
    token: str
    title: str
    version: str
    closes_at: datetime
    is_over: bool
    readers: int


def test_called(token: str) -> ReadingTest:
    found = session().scalars(sa.select(ReadingTest).where(ReadingTest.token == token[:40])).first()
    if found is None:
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    return found


def test_page(test: ReadingTest) -> TestPage:
    revision = session().get_one(Revision, test.revision_id)
    return TestPage(
        test.token,
        revision.title,
        test.intro,
        test.closes_at,
        test.closes_at <= clock.now(),
        session().get_one(Edition, test.edition_id).slug if test.edition_id is not None else "",
        _parts(test, revision.tree),
    )


def _parts(test: ReadingTest, tree: Tree) -> tuple[Part, ...]:
    """The text in the parts it was put to readers in, as the public would read it."""
    known = references_of(tree)
    known = replace(
        known,
        services={
            slug: replace(one, href=addresses.opening(slug)) if one.href else one
            for slug, one in known.services.items()
        },
        # Of a text that is not out, the pictures are not either.
        images=frozenset(image for image in known.images or () if pictures.is_shown(image)),
    )
    pieces: list[Tree] = []
    begins = set(test.parts)
    for node in tree:
        first = next(iter(passages([node])), "")
        if not pieces or (first in begins and passages(pieces[-1])):
            pieces.append([])
        pieces[-1].append(node)
    words = passages(tree)
    return tuple(
        Part(number, name, words.get(name, ""), render_blocks(piece, 0, known))
        for number, (name, piece) in enumerate(zip(test.parts, pieces, strict=True), start=1)
    )


def own(test: ReadingTest, mark: str | None) -> dict[str, tuple[str, str]]:
    """What a reader said before: {part: (word of the verdict or "", words)}."""
    if not mark:
        return {}
    rows = session().execute(
        sa.select(ReadingVerdict.block_id, ReadingVerdict.understood, ReadingVerdict.words)
        .join(ReadingAnswer, ReadingAnswer.id == ReadingVerdict.answer_id)
        .where(ReadingAnswer.test_id == test.id, ReadingAnswer.mark == mark)
    )
    return {block: (str(understood or ""), words) for block, understood, words in rows}


def results(test: ReadingTest) -> tuple[int, tuple[PartResult, ...]]:
    """(how many readers answered, what they said of each part)."""
    readers = session().scalar(
        sa.select(sa.func.count()).select_from(ReadingAnswer).where(ReadingAnswer.test_id == test.id)
    )
    rows = session().execute(
        sa.select(ReadingVerdict, ReadingAnswer.on_day, Remark.draft_id, Remark.public_id)
        .join(ReadingAnswer, ReadingAnswer.id == ReadingVerdict.answer_id)
        .outerjoin(
            ReadingRemark,
            (ReadingRemark.answer_id == ReadingVerdict.answer_id)
            & (ReadingRemark.block_id == ReadingVerdict.block_id),
        )
        .outerjoin(Remark, Remark.id == ReadingRemark.remark_id)
        .where(ReadingAnswer.test_id == test.id)
        .order_by(ReadingAnswer.on_day.desc(), ReadingAnswer.id.desc())
    )
    counted: dict[str, Counter[Understood]] = defaultdict(Counter)
    heard: dict[str, list[Said]] = defaultdict(list)
    for verdict, on_day, draft_id, public_id in rows:
        if verdict.understood is not None:
            counted[verdict.block_id][verdict.understood] += 1
        if verdict.words or public_id:
            words = marked(verdict.words)
            remark = (draft_id, public_id) if public_id else None
            heard[verdict.block_id].append(
                Said(verdict.answer_id, on_day, verdict.understood, words, "<mark>" in words, remark)
            )
    parts = _parts(test, session().get_one(Revision, test.revision_id).tree)
    return readers or 0, tuple(
        PartResult(
            part.number,
            part.name,
            part.first,
            part.html,
            counted[part.name][Understood.YES],
            counted[part.name][Understood.PARTLY],
            counted[part.name][Understood.NO],
            tuple(heard[part.name]),
        )
        for part in parts
    )


def tests_of(lab: Lab) -> tuple[TestRow, ...]:
    """The reading tests of a lab, the latest first."""
    rows = session().execute(
        sa.select(
            ReadingTest, Revision.title, Revision.number, Edition.number, sa.func.count(ReadingAnswer.id)
        )
        .join(Revision, Revision.id == ReadingTest.revision_id)
        .outerjoin(Edition, Edition.id == ReadingTest.edition_id)
        .outerjoin(ReadingAnswer, ReadingAnswer.test_id == ReadingTest.id)
        .where(ReadingTest.lab_id == lab.id)
        .group_by(ReadingTest.id, Revision.title, Revision.number, Edition.number)
        .order_by(ReadingTest.id.desc())
    )
    return tuple(
        TestRow(
            test.token, title, version_word(number, edition), test.closes_at,
            test.closes_at <= clock.now(), count,
        )
        for test, title, number, edition, count in rows
    )  # fmt: skip


def version_word(number: int, edition: int | None) -> str:
    if edition is not None:
        return _("page en ligne, édition %(number)s", number=edition)
    return _("version figée %(number)s", number=number)
