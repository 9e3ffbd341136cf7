"""Files of editions are made by the worker, a few at a time, before anybody asks: no reader makes the server set type.

The newest editions come first. A file is made again when what it is made from has changed: the directory behind a contact,
the state of the article, or the release that wrote it.
"""

from __future__ import annotations

import hashlib
import logging
import time

import sqlalchemy as sa

from app import clock
from app.db import reading, session, unit_of_work
from drafts.exchange import formats, packing
from drafts.exchange.paper import Format, Paper
from drafts.models import Article, ArticleState
from publish import downloads, queries, store
from publish.download_models import EditionFile
from publish.fate_stages import READABLE
from publish.models import Edition

log = logging.getLogger(__name__)
# How long one round may take: a portal of a thousand articles has its files within the hour, and mails leave meanwhile.
ROUND_SECONDS = 1.0
# Which state of the pages an edition's files were last compared with; and which files could not be written in it.
_compared: dict[int, int] = {}
_failed: dict[tuple[int, Format], int] = {}


def keep_files(public_url: str) -> int:
    """Make what is missing or old, for a moment. Returns how many files were made. Opens its own transactions."""
    until = time.monotonic() + ROUND_SECONDS
    made = 0
    with reading():
        epoch = store.epoch()
        waiting = _waiting(epoch)
    _forget_others(epoch)
    for edition_id in waiting:
        made += _keep(edition_id, public_url, epoch)
        if time.monotonic() > until:
            break
    return made


def _read() -> sa.Select[int]:
    """The editions that are read now, by their ids."""
    return (
        sa.select(Edition.id)
        .join(Article, Article.shown_revision_id == Edition.revision_id)
        .where(Article.state.in_(READABLE))
    )


def _waiting(epoch: int) -> list[int]:
    """Editions that are read now and have files to be made or to be compared, the newest first."""
    shown_ones = list(session().scalars(_read().order_by(Edition.published_at.desc(), Edition.id.desc())))
    held: dict[int, set[str]] = {}
    for edition_id, form in session().execute(sa.select(EditionFile.edition_id, EditionFile.form)):
        held.setdefault(edition_id, set()).add(form)
    return [
        edition_id
        for edition_id in shown_ones
        if _compared.get(edition_id) != epoch
        or any(
            form not in held.get(edition_id, ()) and _failed.get((edition_id, form)) != epoch
            for form in formats.WRITERS
        )
    ]


def _forget_others(epoch: int) -> None:
    """Files of what is not read any more: an edition that was followed by another, an article that was masked."""
    for old in [key for key, at in _failed.items() if at != epoch]:
        del _failed[old]
    gone = EditionFile.edition_id.not_in(_read())
    with reading():
        any_gone = session().scalar(sa.select(EditionFile.edition_id).where(gone).limit(1)) is not None
    if any_gone:
        with unit_of_work():
            session().execute(sa.delete(EditionFile).where(gone))


def _keep(edition_id: int, public_url: str, epoch: int) -> int:
    with reading():
        edition = session().get_one(Edition, edition_id)
        article = edition.article
        if article.shown_revision_id != edition.revision_id or article.state not in READABLE:
            return 0
        paper = downloads.paper_of(queries.card_of(article), public_url)
        withdrawn = article.state is ArticleState.WITHDRAWN
        known = {
            row.form: row.made_from
            for row in session().execute(
                sa.select(EditionFile.form, EditionFile.made_from).where(EditionFile.edition_id == edition_id)
            )
        }
    made: list[EditionFile] = []
    for form, made_from in packing.digests(paper, formats.WRITERS, formats.build()).items():
        if known.get(form) == made_from:
            continue
        content = _written(edition_id, form, paper)
        if not content:
            _failed[edition_id, form] = epoch
            continue
        made.append(
            EditionFile(
                edition_id=edition_id,
                form=form.value,
                content=content,
                size=len(content),
                digest=hashlib.sha256(content).hexdigest(),
                made_from=made_from,
                says_withdrawn=withdrawn,
                made_at=clock.now(),
            )
        )
    with unit_of_work():
        # What was read before a publication, a redaction or a change in the directory is not kept over it.
        if store.epoch(locked=True) != epoch:
            return 0
        for file in made:
            session().merge(file)
    _compared[edition_id] = epoch
    return len(made)


def _written(edition_id: int, form: Format, paper: Paper) -> bytes:
    """The file; nothing when it cannot be written: the others are, and the log says which."""
    try:
        return formats.write(form, paper)
    except Exception:
        log.exception("edition %s could not be written as %s", edition_id, form)
        return b""
