"""What the pages of a call show, as plain values."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from markupsafe import Markup

from app import clock
from app.db import session
from app.errors import Missing
from app.extensions import gettext as _
from app.markup import safe_href
from app.policy import Act, Actor, acts_for
from drafts.grammar import passages
from labs.models import Lab
from publish import call_wishes, queries
from publish.call_models import Call, CallAnswer, CallOpening, CallState, Channel
from publish.call_words import channel_word, state_word
from publish.heard import marked
from publish.models import Edition
from publish.queries import Card

# Below, a share would tell what single people said.
FEWEST_SHOWN = 5
# Words on one page of results.
WORDS_A_PAGE = 50


@dataclass(frozen=True)
class Extract:
    """Words of a page, and where they stand."""

    title: str
    slug: str
    block_id: str
    words: str


@dataclass(frozen=True)
class CallRow:
    """A call in a list. `acts` are those of who looks."""

    slug: str
    title: str
    state: CallState
    state_word: str
    opens_at: datetime
    closes_at: datetime
    lab: str
    openings: int
    answers: int
    acts: frozenset[Act]


@dataclass(frozen=True)
class Share:
    """How many said something; of how many, as a percentage."""

    label: str
    count: int
    percent: int


@dataclass(frozen=True)
class ChannelRow:
    label: str
    openings: int
    answers: int
    percent: int


@dataclass(frozen=True)
class WordsRow:
    """`plain`: the words as they are; `wish`: the one that was made of them."""

    number: int
    plain: str
    wish: int | None
    on_day: date
    channel: str
    choice: str
    words: Markup
    has_personal: bool
    keyed_in: bool
    with_mediator: bool
    source: str
    href: str


@dataclass(frozen=True)
class Results:
    openings: int
    answers: int
    channels: tuple[ChannelRow, ...]
    choices: tuple[Share, ...]
    written: int


@dataclass(frozen=True)
class Own:
    """What a reader answered before."""

    choice: int | None = None
    words: str = ""
    said: bool = False


def call_called(slug: str) -> Call:
    call = session().scalars(sa.select(Call).where(Call.slug == slug)).first()
    if call is None:
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    return call


def calls_for(actor: Actor, lab: Lab | None = None, *, only_open: bool = False) -> tuple[CallRow, ...]:
    """The calls that somebody works on, the latest first; of one lab or of all."""
    query = sa.select(Call).order_by(Call.opens_at.desc(), Call.id.desc())
    if lab is not None:
        query = query.where(Call.lab_id == lab.id)
    if only_open:
        query = query.where(Call.state == CallState.OPEN, Call.closes_at > clock.now())
    found = session().scalars(query).all()
    shown = [(call, acts) for call in found if (acts := acts_for(actor, call))]
    ids = [call.id for call, _acts in shown]
    openings, answers = _openings(ids), _answers(ids)
    labs = dict(
        session()
        .execute(sa.select(Lab.id, Lab.title).where(Lab.id.in_({call.lab_id for call, _acts in shown})))
        .all()
    )
    return tuple(
        CallRow(
            call.slug,
            call.title,
            call.state_now,
            state_word(call),
            call.opens_at,
            call.closes_at,
            labs[call.lab_id] if call.lab_id is not None else "",
            openings.get(call.id, 0),
            answers.get(call.id, 0),
            acts,
        )
        for call, acts in shown
    )


def _openings(call_ids: list[int]) -> dict[int, int]:
    rows = session().execute(
        sa.select(CallOpening.call_id, sa.func.sum(CallOpening.count))
        .where(CallOpening.call_id.in_(call_ids))
        .group_by(CallOpening.call_id)
    )
    return {call_id: int(count) for call_id, count in rows}


def _answers(call_ids: list[int]) -> dict[int, int]:
    rows = session().execute(
        sa.select(CallAnswer.call_id, sa.func.count())
        .where(CallAnswer.call_id.in_(call_ids))
        .group_by(CallAnswer.call_id)
    )
    return {call_id: int(count) for call_id, count in rows}


def results(call: Call) -> Results:
    opened = {
        row[0]: int(row[1])
        for row in session().execute(
            sa.select(CallOpening.channel, sa.func.sum(CallOpening.count))
            .where(CallOpening.call_id == call.id)
            .group_by(CallOpening.channel)
        )
    }
    rows = session().execute(
        sa.select(CallAnswer.channel, CallAnswer.choice, sa.func.count())
        .where(CallAnswer.call_id == call.id)
        .group_by(CallAnswer.channel, CallAnswer.choice)
    )
    by_channel: Counter[Channel] = Counter()
    by_choice: Counter[int | None] = Counter()
    for channel, choice, count in rows:
        by_channel[channel] += count
        by_choice[choice] += count
    total = by_channel.total()
    written = session().scalar(
        sa.select(sa.func.count())
        .select_from(CallAnswer)
        .where(CallAnswer.call_id == call.id, CallAnswer.words != "")
    )
    return Results(
        openings=sum(opened.values()),
        answers=total,
        channels=tuple(
            ChannelRow(
                channel_word(channel),
                opened.get(channel, 0),
                by_channel[channel],
                _percent(by_channel[channel], total),
            )
            for channel in Channel
            if opened.get(channel) or by_channel[channel]
        ),
        choices=_shares(call, by_choice),
        written=written or 0,
    )


def _shares(call: Call, by_choice: Counter[int | None]) -> tuple[Share, ...]:
    """Of those who chose; who only wrote chose nothing."""
    total = sum(count for choice, count in by_choice.items() if choice is not None)
    return tuple(
        Share(label, by_choice[number], _percent(by_choice[number], total))
        for number, label in enumerate(call.choices)
    )


def _percent(count: int, total: int) -> int:
    return round(100 * count / total) if total else 0


def words_of(call: Call, page: int = 1) -> tuple[WordsRow, ...]:
    """The answers with words, the newest first."""
    rows = (
        session()
        .scalars(
            sa.select(CallAnswer)
            .where(CallAnswer.call_id == call.id, CallAnswer.words != "")
            .order_by(CallAnswer.on_day.desc(), CallAnswer.id.desc())
            .limit(WORDS_A_PAGE)
            .offset((page - 1) * WORDS_A_PAGE)
        )
        .all()
    )
    wishes = call_wishes.made_of([row.id for row in rows])
    found = []
    for row in rows:
        words = marked(row.words)
        found.append(
            WordsRow(
                row.id,
                row.words,
                wishes.get(row.id),
                row.on_day,
                channel_word(row.channel),
                call.choices[row.choice] if row.choice is not None else "",
                words,
                "<mark>" in words,
                row.entered_by is not None,
                row.channel is Channel.MEDIATOR,
                row.source,
                safe_href(row.source) or "" if row.source.startswith(("http://", "https://")) else "",
            )
        )
    return tuple(found)


def shown_results(call: Call) -> Results | None:
    """What the public sees of the answers; None where it is not shown, or too few have answered."""
    if not call.show_results or not call.choices:
        return None
    found = results(call)
    return found if sum(share.count for share in found.choices) >= FEWEST_SHOWN else None


def own(call: Call, mark: str | None) -> Own:
    row = (
        session().scalars(sa.select(CallAnswer).filter_by(call_id=call.id, mark=mark)).first()
        if mark
        else None
    )
    return Own(row.choice, row.words, True) if row is not None else Own()


def extract_of(call: Call) -> Extract | None:
    """The words a call is about; None where there are none, or their page is not read any more."""
    if call.edition_id is None:
        return None
    edition = session().get_one(Edition, call.edition_id)
    found = queries.article_at(edition.slug)
    card = queries.article_at(found) if isinstance(found, str) else found
    if not isinstance(card, Card):
        return None
    words = passages(edition.revision.tree).get(call.block_id, "")
    return Extract(card.title, card.slug, call.block_id, words) if words else None


def passages_of(slug: str) -> tuple[Edition, dict[str, str]] | None:
    """What an extract may be taken from: the edition that is read at an address, and its blocks with words."""
    found = queries.article_at(slug)
    card = queries.article_at(found) if isinstance(found, str) else found
    if not isinstance(card, Card):
        return None
    edition = session().get_one(Edition, card.edition_id)
    return edition, passages(edition.revision.tree)
