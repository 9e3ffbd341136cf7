"""Runs the numbered migrations, from the command line or from `app.schema_versions`.

Locks are waited for briefly: a migration that cannot have its table says so instead of stopping everybody.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context

import app.accounts.key_models
import app.alerts
import app.audit
import app.importing.models
import app.jobs
import app.mail
import app.oidc.models
import app.refusals
import drafts.expert_models
import drafts.glossary_models
import drafts.history_models
import drafts.notice_models
import drafts.redaction_models
import drafts.remark_models
import drafts.review_models
import drafts.wish_models
import labs.cycle_models
import labs.guest_models
import labs.joining_models
import labs.models
import labs.session_models
import labs.wish_models
import publish.call_models
import publish.comment_models
import publish.download_models
import publish.evidence_models
import publish.fate_models
import publish.figure_models
import publish.models
import publish.old_models
import publish.pack_models
import publish.reading_test_models
import publish.subscription_models
import publish.voice_models
import publish.wish_models
from app.db import Base, Database
from config import Settings

ROOMS = (
    app.accounts.key_models,
    app.alerts,
    app.audit,
    app.importing.models,
    app.jobs,
    app.mail,
    app.oidc.models,
    app.refusals,
    labs.joining_models,
    labs.guest_models,
    labs.cycle_models,
    drafts.review_models,
    drafts.expert_models,
    drafts.remark_models,
    drafts.notice_models,
    drafts.history_models,
    publish.models,
    publish.old_models,
    publish.fate_models,
    publish.comment_models,
    publish.download_models,
    publish.evidence_models,
    publish.voice_models,
    publish.figure_models,
    publish.pack_models,
    publish.subscription_models,
    publish.call_models,
    publish.reading_test_models,
)


def _raw(connection: sa.Connection) -> Any:
    return connection.connection.driver_connection


def run() -> None:
    url = context.config.attributes.get("database_url") or Settings.from_env().database_url
    base = Database(url)
    if base.is_sqlite and base.engine.url.database:
        import pathlib

        pathlib.Path(base.engine.url.database).parent.mkdir(parents=True, exist_ok=True)
    with base.engine.connect() as connection:
        if not base.is_sqlite:
            connection.execute(sa.text("SET lock_timeout = '4s'"))
        else:
            # A table made anew is dropped first, which would take along what hangs on it. Said before any transaction:
            # inside one SQLite does not listen. What the keys would have refused is looked at below.
            _raw(connection).execute("PRAGMA foreign_keys = OFF")
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=True,
            compare_type=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
        if base.is_sqlite and (broken := _raw(connection).execute("PRAGMA foreign_key_check").fetchall()):
            raise RuntimeError(f"the migration left rows that lead nowhere: {broken[:5]}")
    base.engine.dispose()


run()
