"""Verbs about reading tests: begin one, end it, answer it, and send what a reader said to the lab as a remark."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from app import audit, clock
from app.accounts import erasing
from app.db import insert, session, unless_somebody_was_first
from app.errors import Invalid, Missing, MovedOn
from app.extensions import gettext as _
from app.policy import Act, Actor, acts_for, require
from app.typed_words import readable
from drafts import remarks
from drafts.anchors import Passage
from drafts.grammar import Node, Tree, passages, plain_text
from drafts.models import Article, ArticleState, Draft
from drafts.remark_models import LONGEST_QUOTE, Remark
from drafts.review_models import Revision
from labs.models import Lab
from publish.heard import without_personal
from publish.models import Edition
from publish.reading_test_models import (
    LONGEST_INTRO,
    LONGEST_WORDS,
    MOST_PARTS,
    ReadingAnswer,
    ReadingRemark,
    ReadingTest,
    ReadingVerdict,
    Understood,
)

# As for the other words of readers; the register of personal data says so (publish.kept_data).
WORDS_KEPT_DAYS = 365
# A text that was put to readers for longer is another one by then.
LONGEST_OPEN = timedelta(days=92)
# Fewer headings do not tell the parts of a text.
FEWEST_HEADINGS = 2


@dataclass(frozen=True)
class Verdict:
    understood: Understood | None = None
    words: str = ""


@dataclass(frozen=True)
class Candidate:
    """A text that a lab may put to readers. `edition_id` where it is what the public reads."""

    revision_id: int
    edition_id: int | None
    title: str
    number: int
    at: datetime


def parted(tree: Tree) -> list[tuple[str, Tree]]:
    """A text in at most twelve parts, as it is read: (the id of its first block with words, its blocks).

    A part begins with a heading; where there are hardly any, each block is one. The shortest neighbours are joined until
    there are few enough.
    """
    headings = sum(node["type"] == "heading" for node in tree)
    pieces: list[Tree] = []
    for node in tree:
        begins = node["type"] == "heading" if headings >= FEWEST_HEADINGS else True
        # What has no words of its own (a picture, a contact) goes with what stands before it.
        if not pieces or (begins and _id(pieces[-1]) and _id([node])):
            pieces.append([node])
        else:
            pieces[-1].append(node)
    while len(pieces) > MOST_PARTS:
        sizes = [len(plain_text(piece)) for piece in pieces]
        at = min(range(len(pieces) - 1), key=lambda place: sizes[place] + sizes[place + 1])
        pieces[at : at + 2] = [pieces[at] + pieces[at + 1]]
    return [(_id(piece), piece) for piece in pieces if _id(piece)]


def _id(piece: list[Node]) -> str:
    return next(iter(passages(piece)), "")


def candidates(lab: Lab) -> list[Candidate]:
    """The last frozen version of each draft of a lab, and the live pages of its texts and of its administration."""
    last = (
        sa.select(sa.func.max(Revision.id))
        .join(Draft, Draft.id == Revision.draft_id)
        .where(Draft.lab_id == lab.id, Draft.trashed_at.is_(None))
        .group_by(Revision.draft_id)
    )
    mine = sa.select(Draft.article_id).where(Draft.lab_id == lab.id)
    live = session().scalars(
        sa.select(Edition)
        .join(Article, Article.shown_revision_id == Edition.revision_id)
        .where(
            Article.state == ArticleState.LIVE,
            Article.id.in_(mine) | (Article.lead_administration_id == lab.administration_id),
        )
    ).all()  # fmt: skip
    found = [Candidate(one.revision_id, one.id, one.title, one.number, one.published_at) for one in live]
    public = {one.revision_id for one in found}
    rows = session().execute(
        sa.select(Revision.id, Revision.title, Revision.number, Revision.created_at).where(
            Revision.id.in_(last)
        )
    )
    found += [Candidate(row[0], None, *row[1:]) for row in rows if row[0] not in public]
    return sorted(found, key=lambda one: (one.title.casefold(), one.revision_id))


def begin(actor: Actor, lab: Lab, revision_id: int, closes_at: datetime, intro: str = "") -> ReadingTest:
    """Put a frozen text to readers, under an address that only who is given it knows."""
    require(actor, Act.LAB_LEAD, lab)
    chosen = next((one for one in candidates(lab) if one.revision_id == revision_id), None)
    if chosen is None:
        raise Invalid(_("Choisissez un texte de la liste."), field="text")
    now, intro = clock.now(), readable(intro)
    if not now < closes_at <= now + LONGEST_OPEN:
        raise Invalid(_("Choisissez une fin à venir, dans trois mois au plus."), field="closes_at")
    if len(intro) > LONGEST_INTRO:
        raise Invalid(_("Écrivez 500 caractères au plus."), field="intro")
    parts = [name for name, _piece in parted(session().get_one(Revision, revision_id).tree)]
    if not parts:
        raise Invalid(_("Ce texte est vide : choisissez-en un autre."), field="text")
    test = ReadingTest(
        token=secrets.token_urlsafe(16),
        lab_id=lab.id,
        revision_id=revision_id,
        edition_id=chosen.edition_id,
        intro=intro,
        parts=parts,
        closes_at=closes_at,
        made_by=actor.id,
        made_at=now,
    )
    session().add(test)
    session().flush()
    audit.record(actor.id, "begin_reading_test", "lab", lab.id, revision=revision_id)
    return test


def end(actor: Actor, test: ReadingTest) -> None:
    """Before its day."""
    require(actor, Act.LAB_LEAD, session().get_one(Lab, test.lab_id))
    now = clock.now()
    if test.closes_at <= now:
        raise MovedOn(_("Ce test est déjà fini."))
    test.closes_at = max(now, test.made_at + timedelta(microseconds=1))
    session().flush()
    audit.record(actor.id, "end_reading_test", "lab", test.lab_id, test=test.id)


def answer(mark: str, test: ReadingTest, key: str, verdicts: Mapping[str, Verdict]) -> None:
    """A reader's verdicts by part; sent again, from the same form or by the same reader, they change.

    What names no part of this test is left out.
    """
    if test.closes_at <= clock.now():
        raise MovedOn(_("Ce test de lecture est fini."))
    given = {
        block: Verdict(one.understood, readable(one.words))
        for block, one in verdicts.items()
        if block in test.parts
    }
    for block, one in given.items():
        if len(one.words) > LONGEST_WORDS:
            raise Invalid(_("Écrivez 500 caractères au plus dans chaque case."), field=block)
    if not any(one.understood or one.words for one in given.values()):
        raise Invalid(_("Répondez pour une partie au moins, puis envoyez."))
    answer_id = _answer_of(mark, test, key)
    before = set(session().scalars(sa.select(ReadingVerdict.block_id).filter_by(answer_id=answer_id)))
    rows = [
        {"answer_id": answer_id, "block_id": block, "understood": one.understood, "words": one.words}
        for block, one in given.items()
        if one.understood or one.words or block in before
    ]
    row = insert(ReadingVerdict)
    session().execute(
        row.on_conflict_do_update(
            index_elements=[ReadingVerdict.answer_id, ReadingVerdict.block_id],
            set_={"understood": row.excluded.understood, "words": row.excluded.words},
        ),
        rows,
    )


def _answer_of(mark: str, test: ReadingTest, key: str) -> int:
    """The row of this reader's answer, or of this very form's; made when it is the first time."""
    day = clock.local(clock.now()).date()
    session().execute(
        insert(ReadingAnswer).values(test_id=test.id, mark=mark, key=key, on_day=day).on_conflict_do_nothing()
    )
    rows = session().execute(
        sa.select(ReadingAnswer.id, ReadingAnswer.mark).where(
            ReadingAnswer.test_id == test.id, sa.or_(ReadingAnswer.mark == mark, ReadingAnswer.key == key)
        )
    ).all()  # fmt: skip
    if not rows:
        raise Invalid(_("Rechargez la page, puis recommencez."))
    answer_id: int = min(rows, key=lambda row: row.mark != mark).id
    session().execute(sa.update(ReadingAnswer).where(ReadingAnswer.id == answer_id).values(on_day=day))
    return answer_id


def open_draft(actor: Actor, test: ReadingTest) -> Draft | None:
    """The draft of the text in which this person may make a remark now: in the test's lab, else the last one elsewhere."""
    article_id = session().get_one(Revision, test.revision_id).article_id
    found = session().scalars(
        sa.select(Draft)
        .where(Draft.article_id == article_id, Draft.trashed_at.is_(None))
        .order_by((Draft.lab_id == test.lab_id).desc(), Draft.id.desc())
    )
    return next((draft for draft in found if Act.DRAFT_REMARK in acts_for(actor, draft)), None)


def send_as_remark(actor: Actor, test: ReadingTest, answer_id: int, block_id: str) -> Remark:
    """What a reader said of a part, as a thread on its first block in the living draft. Of two who send, one wins."""
    require(actor, Act.LAB_READ, session().get_one(Lab, test.lab_id))
    row = session().scalars(
        sa.select(ReadingVerdict)
        .join(ReadingAnswer, ReadingAnswer.id == ReadingVerdict.answer_id)
        .where(
            ReadingAnswer.test_id == test.id,
            ReadingVerdict.answer_id == answer_id,
            ReadingVerdict.block_id == block_id,
        )
    ).first()  # fmt: skip
    if row is None:
        raise Missing(_("Cette réponse n’existe pas, ou vous n’y avez pas accès."))
    draft = open_draft(actor, test)
    if draft is None:
        raise Invalid(_("Aucun brouillon de ce texte n’est ouvert : ouvrez-en un, puis revenez."))
    already = _("Cette réponse a déjà été envoyée au lab.")
    if session().get(ReadingRemark, (answer_id, block_id)) is not None:
        raise MovedOn(already)
    quote = passages(session().get_one(Revision, test.revision_id).tree)[block_id]
    about = Passage(block_id, 0, quote[:LONGEST_QUOTE], whole=True)
    remark = remarks.open_remark(actor, draft, _told(row), passages=[about])
    with unless_somebody_was_first(already):
        session().add(ReadingRemark(answer_id=answer_id, block_id=block_id, remark_id=remark.id))
    return remark


def _told(row: ReadingVerdict) -> str:
    """Where it comes from, and what it says, without what may be somebody's personal data."""
    origin = {
        None: _("Test de lecture, un lecteur écrit de cette partie :"),
        Understood.YES: _("Test de lecture, un lecteur a compris cette partie."),
        Understood.PARTLY: _("Test de lecture, un lecteur n’a pas tout compris dans cette partie."),
        Understood.NO: _("Test de lecture, un lecteur n’a pas compris cette partie."),
    }[row.understood]
    if not row.words:
        return origin
    return _("%(origin)s Ce qu’il ferait : « %(words)s »", origin=origin, words=without_personal(row.words))


def forget_words() -> int:
    """For the worker: what readers wrote goes after a year. How many verdicts had words."""
    before = clock.local(clock.now()).date() - timedelta(days=WORDS_KEPT_DAYS)
    old = sa.select(ReadingAnswer.id).where(ReadingAnswer.on_day < before)
    gone = session().execute(
        sa.update(ReadingVerdict)
        .where(ReadingVerdict.words != "", ReadingVerdict.answer_id.in_(old))
        .values(words="")
        .execution_options(synchronize_session=False)
    )
    return int(getattr(gone, "rowcount", 0))


erasing.searched(ReadingTest.intro, ReadingVerdict.words)
