"""Runs the numbered migrations, from the command line or from `app.schema_versions`.

Locks are waited for briefly: a migration that cannot have its table says so instead of stopping everybody.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context

import app.audit
import app.jobs
import app.mail
import drafts.review_models
import labs.models
import publish.models
from app.db import Base, Database
from config import Settings

ROOMS = (app.audit, app.jobs, app.mail, labs.models, drafts.review_models, publish.models)


def run() -> None:
    url = context.config.attributes.get("database_url") or Settings.from_env().database_url
    base = Database(url)
    if base.is_sqlite and base.engine.url.database:
        import pathlib

        pathlib.Path(base.engine.url.database).parent.mkdir(parents=True, exist_ok=True)
    with base.engine.connect() as connection:
        if not base.is_sqlite:
            connection.execute(sa.text("SET lock_timeout = '4s'"))
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
    base.engine.dispose()


run()
