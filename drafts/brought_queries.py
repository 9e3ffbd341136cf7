"""What the pages about a brought file show, as plain values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from markupsafe import Markup

from app import clock
from app.db import session
from app.errors import Missing
from app.extensions import gettext as _
from app.policy import Actor
from drafts import log
from drafts.brought_models import BroughtFile, BroughtPicture, BroughtState
from drafts.exchange.import_words import refusal_words
from drafts.exchange.loss_words import loss_words
from drafts.models import Draft
from drafts.render import render_blocks
from drafts.taking import is_empty

# Blocks of the preview: enough to see that headings, lists and tables came as they should.
MOST_SHOWN = 200


@dataclass(frozen=True)
class LossRow:
    """One line of the report: what, how many times, and the first words it happened to."""

    sentence: str
    count: int
    words: str


@dataclass(frozen=True)
class FileRow:
    """A file that somebody brought and has not decided about."""

    id: int
    name: str
    state: BroughtState
    at: datetime


@dataclass(frozen=True)
class FilePage:
    """One file: what was read, what was lost, what it looks like."""

    id: int
    name: str
    state: BroughtState
    refusal: str
    title: str
    blocks: int
    words: int
    images: int
    # Pictures that are made anew, of how many; both 0 until the file itself was read.
    made: int
    pictures: int
    losses: tuple[LossRow, ...]
    preview: Markup
    is_cut: bool
    # Whether the draft has no words, and whether it can be read to its end.
    is_empty: bool
    is_damaged: bool
    expires_at: datetime


def undecided(actor: Actor, draft: Draft) -> list[FileRow]:
    """The files of this person that wait in this draft, the last first."""
    rows = session().execute(
        sa.select(BroughtFile.id, BroughtFile.name, BroughtFile.state, BroughtFile.created_at)
        .where(
            BroughtFile.draft_id == draft.id,
            BroughtFile.person_id == actor.id,
            BroughtFile.state.in_((BroughtState.WAITING, BroughtState.READ)),
            BroughtFile.expires_at > clock.now(),
        )
        .order_by(BroughtFile.id.desc())
    )
    return [FileRow(*row) for row in rows]


def file_page(draft: Draft, file: BroughtFile, picture_address: str) -> FilePage:
    """`picture_address` is where a picture of the file is shown, with `KEY` where its key stands."""
    pictures = session().execute(
        sa.select(BroughtPicture.key, BroughtPicture.width).where(BroughtPicture.file_id == file.id)
    )
    widths = {row.key: row.width for row in pictures}
    tree = (file.tree or []) if file.state is BroughtState.READ else []
    report = file.report
    text = log.text(draft.id) if file.state is BroughtState.READ else None
    # Below the headings of the page about it.
    shown = render_blocks(tree[:MOST_SHOWN], heading_offset=1)
    return FilePage(
        id=file.id,
        name=file.name,
        state=file.state,
        refusal=refusal_words(file.code) if file.state is BroughtState.REFUSED else "",
        title=file.title if file.title != draft.title else "",
        blocks=report.get("blocks", 0),
        words=report.get("words", 0),
        images=report.get("images", 0),
        made=sum(width is not None for width in widths.values()),
        pictures=len(widths),
        losses=tuple(
            LossRow(loss_words(code), count, words) for code, count, words in report.get("losses", ())
        ),
        preview=_with_addresses(shown, widths, picture_address),
        is_cut=len(tree) > MOST_SHOWN,
        is_empty=text is not None and is_empty(text.tree),
        is_damaged=text is not None and text.is_damaged,
        expires_at=file.expires_at,
    )


def _with_addresses(shown: Markup, keys: Iterable[str], address: str) -> Markup:
    """Until it is taken a picture is no image of the portal: it is shown from the file, to who brought it."""
    for key in keys:
        stands = Markup('src="/images/{}.webp"').format(key)
        shown = shown.replace(stands, Markup('src="{}"').format(address.replace("KEY", key)))
    return shown


def picture(file: BroughtFile, key: str) -> bytes:
    """A picture as the portal will show it. Raises Missing for one that has not been made anew."""
    found = session().get(BroughtPicture, (file.id, key))
    if found is None or found.width is None:
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    return found.content
