"""The demonstration: filled once, in an empty database only, and gone on with when it was broken off."""

from __future__ import annotations

import sqlalchemy as sa

from app import seed
from app.accounts.models import Person
from app.db import reading, unit_of_work
from app.directory.models import Administration
from drafts.models import Draft
from drafts.stages import Stage
from tests import makers


def _count(kind):
    with reading() as current:
        return current.scalar(sa.select(sa.func.count()).select_from(kind))


class _PowerCut(Exception):
    pass


def test_a_broken_off_filling_is_gone_on_with(app, monkeypatch):
    published: list[str] = []

    def publish(entry):
        if len(published) == 3:
            raise _PowerCut
        published.append(entry["slug"])

    monkeypatch.setattr(seed, "publish_article", publish)
    # These speak of articles, which are not published here.
    for speaks in ("add_wish", "add_comment", "add_figures", "add_calls"):
        monkeypatch.setattr(seed, speaks, lambda *_given: None)
    try:
        seed.when_empty(app)
    except _PowerCut:
        pass
    administrations, people, drafts = _count(Administration), _count(Person), _count(Draft)
    assert len(published) == 3 and administrations >= 45
    monkeypatch.setattr(seed, "publish_article", lambda entry: published.append(entry["slug"]))
    assert seed.when_empty(app)
    assert len(set(published)) > 160
    assert (_count(Administration), _count(Person), _count(Draft)) == (administrations, people, drafts)
    with reading() as current:
        assert set(current.scalars(sa.select(Draft.stage))) == set(Stage)
    assert not seed.when_empty(app)
    assert seed.is_demonstration()


def test_a_database_that_holds_something_is_left_alone(app):
    with unit_of_work():
        makers.make_administration()
    assert not seed.when_empty(app)
    assert _count(Administration) == 1 and not seed.is_demonstration()
