"""A file is brought to a draft, looked at, and left: what people do with it before it becomes text.

Reading it is the worker's (`drafts.brought_reading`), making text of it `drafts.taking`'s.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import IO

import sqlalchemy as sa

from app import audit, clock
from app.db import session
from app.errors import Invalid, Missing, MovedOn, RateLimited, TooLarge
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from drafts.brought_models import LONGEST_NAME, BroughtFile, BroughtPicture, BroughtPiece, BroughtState
from drafts.models import Draft

# A report of 300 pages with pictures as a camera made them; the mail of the administrations takes no larger ones.
LONGEST = 20 * 1024 * 1024
PIECE = 1024 * 1024
KEPT_FOR = timedelta(days=1)
# Somebody who takes over an old site brings a page every few minutes; who brings more is a program.
OF_ONE_AN_HOUR, TO_ONE_A_DAY = 20, 60
# Their bytes lie in the database until they are read: one after the other, some seconds each.
WAITING_OF_ONE, WAITING_OF_ALL = 3, 20
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def bring(actor: Actor, draft: Draft, name: str, content: IO[bytes]) -> BroughtFile:
    """Keep a file for the worker to read; it is gone through twice. Raises Invalid, TooLarge, RateLimited."""
    require(actor, Act.DRAFT_WRITE, draft)
    _allow(actor, draft)
    digest, size = hashlib.sha256(), 0
    for piece in _pieces(content):
        digest.update(piece)
        size += len(piece)
        if size > LONGEST:
            raise too_large()
    if not size:
        raise Invalid(_("Ce fichier est vide : choisissez-en un autre."), field="fichier")
    now = clock.now()
    file = BroughtFile(
        draft_id=draft.id,
        person_id=actor.id,
        name=_shown(name),
        sha256=digest.hexdigest(),
        size=size,
        report={},
        created_at=now,
        expires_at=now + KEPT_FOR,
    )
    session().add(file)
    session().flush()
    for number, piece in enumerate(_pieces(content)):
        session().execute(sa.insert(BroughtPiece).values(file_id=file.id, number=number, content=piece))
    audit.record(actor.id, "bring_file", "draft", draft.id, file=file.id, sha256=file.sha256)
    return file


def _pieces(content: IO[bytes]) -> Iterator[bytes]:
    content.seek(0)
    while piece := content.read(PIECE):
        yield piece


def too_large() -> TooLarge:
    return TooLarge(
        _(
            "Ce fichier pèse plus de 20 Mo. Réduisez ses images (dans Word : Fichier, Compresser les images) "
            "ou coupez-le en plusieurs fichiers, puis envoyez-le de nouveau."
        )
    )


def _shown(name: str) -> str:
    """The file's name, for people to read: no folder, nothing that turns a line around, its ending kept."""
    name = _CONTROL.sub("", name.replace("\\", "/").rpartition("/")[2]).strip()
    if len(name) > LONGEST_NAME:
        start, dot, ending = name.rpartition(".")
        ending = dot + ending if len(ending) < 12 else ""
        name = (start or name)[: LONGEST_NAME - len(ending)] + ending
    return name or "document"


def _allow(actor: Actor, draft: Draft) -> None:
    """Raises RateLimited for somebody who brings more than a person does, and for all while too many files wait."""

    def count(*which: sa.ColumnElement[bool]) -> int:
        return session().scalar(sa.select(sa.func.count()).select_from(BroughtFile).where(*which)) or 0

    now = clock.now()
    mine = BroughtFile.person_id == actor.id
    waits = BroughtFile.state == BroughtState.WAITING
    if count(mine, waits) >= WAITING_OF_ONE or count(waits) >= WAITING_OF_ALL:
        raise RateLimited(
            _("D’autres fichiers attendent d’être lus : réessayez dans une minute."), retry_after=60.0
        )
    lately = BroughtFile.created_at > now - timedelta(hours=1)
    today = BroughtFile.created_at > now - timedelta(days=1)
    if (
        count(mine, lately) >= OF_ONE_AN_HOUR
        or count(BroughtFile.draft_id == draft.id, today) >= TO_ONE_A_DAY
    ):
        raise RateLimited(
            _("Beaucoup de fichiers ont été importés ici : continuez dans une heure."), retry_after=3600.0
        )


def file_of(actor: Actor, draft: Draft, file_id: int) -> BroughtFile:
    """A file that this person brought to this draft. Raises Missing: what others brought is theirs until it is text."""
    file = session().get(BroughtFile, file_id)
    if (
        file is None
        or file.draft_id != draft.id
        or file.person_id != actor.id
        or file.expires_at <= clock.now()
    ):
        raise Missing(
            _("Ce fichier n’est plus là : il a été repris, abandonné, ou envoyé il y a plus d’un jour.")
        )
    return file


def drop(actor: Actor, draft: Draft, file: BroughtFile) -> None:
    """Leave a file: nothing of what was in it is kept. Raises MovedOn for one that was taken."""
    require(actor, Act.DRAFT_WRITE, draft)
    session().refresh(file, ["state"], with_for_update=True)
    if file.state is BroughtState.TAKEN:
        raise MovedOn(_("Ce fichier a déjà été repris dans le texte."))
    decide(file, BroughtState.DROPPED)
    audit.record(actor.id, "drop_file", "draft", draft.id, file=file.id)


def decide(file: BroughtFile, state: BroughtState, code: str = "") -> None:
    """A state in which nothing more will be done with it: what was in it goes at once."""
    file.state, file.code, file.tree = state, code, None
    session().execute(sa.delete(BroughtPicture).where(BroughtPicture.file_id == file.id))
    forget_bytes(file)
    session().flush()


def forget_bytes(file: BroughtFile) -> None:
    """It was read, or will not be."""
    session().execute(sa.delete(BroughtPiece).where(BroughtPiece.file_id == file.id))


def forget_old() -> None:
    """What nobody decided about within a day, and the traces of what was decided."""
    session().execute(sa.delete(BroughtFile).where(BroughtFile.expires_at <= clock.now()))
