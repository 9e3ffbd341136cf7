"""A process that publishes or masks, and is killed between the commit and everything that follows it.

python -m tests.publish.dying_publisher DATABASE_URL DATA_DIR publish|mask ACTOR_ID ID FINGERPRINT
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from app import events
from app.accounts.service import actor_for_person
from app.db import session, unit_of_work
from app.factory import create_app
from config import Settings
from drafts.models import Article, Draft
from publish import fates, service
from publish.events import ArticleChanged


def _die(_news: events.Event) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    database_url, data_dir, what, actor_id, thing_id, fingerprint = sys.argv[1:]
    create_app(
        Settings.from_env(
            {}, database_url=database_url, data_dir=Path(data_dir), secret_key="0123456789abcdef" * 4
        )
    )
    # The first thing that hears of the commit.
    events.immediate[ArticleChanged.name].insert(0, _die)
    with unit_of_work():
        who = actor_for_person(int(actor_id))
        if what == "publish":
            service.publish(who, session().get_one(Draft, int(thing_id)), fingerprint)
        else:
            fates.mask(who, session().get_one(Article, int(thing_id)), "Un numéro faux.")
