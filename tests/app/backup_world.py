"""An instance with something of everything that a backup must keep, and commands run on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app import audit, db
from app.db import reading, session, unit_of_work
from app.factory import create_app
from config import Settings
from drafts import audit_heads, canonical, log, seal
from drafts.models import Draft
from drafts.review_models import Revision
from publish.models import Edition
from tests.publish.press import Press, set_up

SECRET = "0123456789abcdef" * 4
PASSPHRASE = "une phrase de passe assez longue"


@dataclass(frozen=True)
class World:
    press: Press
    draft_id: int
    published: int


def make_world(data_dir: Path) -> World:
    """A published article, a draft that goes on, a chain that was sealed and noted."""
    press = set_up()
    published, _slug = press.published()
    draft_id = press.draft("Demander une bourse")
    seal_chain(data_dir)
    return World(press, draft_id, published)


def seal_chain(data_dir: Path) -> None:
    """What the worker does every few seconds."""
    with unit_of_work():
        while audit.seal():
            pass
    with reading():
        audit_heads.note(audit_heads.folder(data_dir), audit.head())


def command(*arguments: str, database_url: str, data_dir: Path, says: str = "") -> tuple[int, str]:
    """`flask --app wsgi …` as whoever operates another instance runs it: the exit status, and what was said."""
    url, folder = db.database().engine.url.render_as_string(hide_password=False), seal._configured().parent
    data_dir.mkdir(parents=True, exist_ok=True)
    settings = Settings.from_env({}, database_url=database_url, data_dir=data_dir, secret_key=SECRET)
    try:
        result = create_app(settings).test_cli_runner().invoke(args=list(arguments), input=says)
    finally:
        db.configure(url)
        seal.configure(folder)
    return result.exit_code, result.output


@contextmanager
def looking_at(url: str) -> Iterator[None]:
    """The configured database is that of `url` for a while."""
    before = db.database().engine.url.render_as_string(hide_password=False)
    db.configure(url)
    try:
        yield
    finally:
        db.configure(before)


def what_stands(url: str) -> dict[str, Any]:
    """What has to be the same on both sides: the canonical form of every draft, the fingerprint of every frozen version
    and edition, and every row of every log."""
    with looking_at(url), reading():
        drafts = list(
            session().scalars(sa.select(Draft).where(Draft.trashed_at.is_(None)).order_by(Draft.id))
        )
        found: dict[str, Any] = {
            f"draft {draft.id}": (
                draft.head_seq,
                canonical.fingerprint(canonical.canonical_bytes(log.text(draft.id).tree, draft.fields)),
                [(row.seq, row.person_id, row.client_id, row.update) for row in log.rows(draft.id, 0)],
            )
            for draft in drafts
        }
        for revision in session().scalars(sa.select(Revision)):
            found[f"revision {revision.id}"] = (revision.fingerprint, revision.canonical, revision.authors)
        for edition in session().scalars(sa.select(Edition)):
            found[f"edition {edition.id}"] = (edition.fingerprint, edition.body, edition.published_at)
        return found


def histories(url: str) -> dict[int, str]:
    with looking_at(url), reading():
        return dict(session().execute(sa.select(Draft.id, Draft.history)).all())  # type: ignore[arg-type]
