"""The numbered migrations, from code: what `make run` does before it listens."""

from __future__ import annotations

import logging

from alembic import command
from alembic.config import Config

from config import ROOT


def alembic_config(database_url: str) -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(ROOT / "migrations"))
    configuration.attributes["database_url"] = database_url
    return configuration


def upgrade(database_url: str, to: str = "head") -> None:
    """Bring the schema to CURRENT_HEAD, or as far as `to`; does nothing when it is there."""
    # What it says at each start would push the one screen of `make run` away.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    command.upgrade(alembic_config(database_url), to)
