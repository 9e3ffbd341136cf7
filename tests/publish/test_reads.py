"""Reads are counted where pages are answered: people only, without knowing them, and never while they wait."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app import clock
from app.db import database, reading, session
from config import Settings
from publish import reads
from publish.figure_models import ArticleRead
from tests.clients import PageClient
from tests.house.tree import ROOT
from tests.live_server import LiveServer
from tests.publish.fates_world import Fate, make_life
from tests.publish.press import Press

BROWSER = "Mozilla/5.0 (Android 14; Mobile; rv:132.0) Gecko/132.0 Firefox/132.0"


@pytest.fixture(autouse=True)
def nothing_counted() -> Iterator[None]:
    reads._since.clear(), reads._waiting.clear()
    yield
    reads._since.clear(), reads._waiting.clear()


def kept() -> dict[date, int]:
    with reading():
        return dict(session().execute(sa.select(ArticleRead.day, ArticleRead.count)).all())


def today() -> date:
    return clock.local(clock.now()).date()


def test_people_are_counted_and_what_reads_for_nobody_is_not(press: Press, client: PageClient) -> None:
    _draft, slug = press.published()
    page = f"/fiches/{slug}"

    def ask(path: str = page, method: str = "GET", program: str = BROWSER, **headers: str) -> Any:
        return client.http.open(path, method=method, headers={"User-Agent": program, **headers})

    etag = ask().headers["ETag"]
    assert ask(**{"If-None-Match": etag}).status_code == 304
    assert ask(page + "?utm_source=facebook").status_code == 200
    assert reads._since == {slug: 3}
    assert ask(method="HEAD").status_code == 200 and ask(method="POST").status_code == 405
    for program in (
        "Googlebot/2.1", "curl/8.5.0", "", "facebookexternalhit/1.1", "Mozilla/5.0 (compatible; bingbot/2.0)",
        "python-requests/2.32", "Mozilla/5.0 HeadlessChrome/131.0", "x" * 280 + "bot" + "y" * 5000,
    ):  # fmt: skip
        assert ask(program=program).status_code == 200
    ask(**{"Sec-Purpose": "prefetch;prerender"}), ask(Purpose="prefetch")
    for other in (page + "/historique", "/", "/fiches/inconnue", "/themes/logement"):
        ask(other)
    assert reads._since == {slug: 3}
    assert all(
        reads.is_person(name) for name in (BROWSER, "Opera/9.80 (J2ME/MIDP; Opera Mini/9)", "Links (2.29)")
    )


def test_what_two_processes_counted_adds_up(press: Press, client: PageClient, settings: Settings) -> None:
    _draft, slug = press.published()
    client.http.get(f"/fiches/{slug}")
    client.http.get(f"/fiches/{slug}")
    assert reads.write() == 2 and reads.write() == 0
    other = (
        f"from app import db; from publish import reads; db.configure({settings.database_url!r}); "
        f"[reads.note({slug!r}, {{'user-agent': 'Firefox'}}.get) for _ in range(5)]; "
        "reads.note('partie', {'user-agent': 'Firefox'}.get); raise SystemExit(0 if reads.write() == 5 else 1)"
    )
    subprocess.run([sys.executable, "-c", other], cwd=ROOT, check=True, timeout=60)
    client.http.get(f"/fiches/{slug}")
    assert reads.write() == 1
    assert kept() == {today(): 8}
    with clock.shifted(timedelta(days=1)):
        client.http.get(f"/fiches/{slug}")
        reads.write()
        assert kept() == {today() - timedelta(days=1): 8, today(): 1}
    columns = {column.name for column in ArticleRead.__table__.columns}
    assert columns == {"article_id", "day", "count"}


def test_nothing_is_lost_while_the_database_is_away(
    press: Press, client: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    _draft, slug = press.published()
    client.http.get(f"/fiches/{slug}")
    there = database().engine
    away = sa.create_engine("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    monkeypatch.setattr(database(), "engine", away)
    day = today()
    assert client.http.get(f"/fiches/{slug}").status_code == 200
    assert reads.write() == 0
    monkeypatch.setattr(database(), "engine", there)
    with clock.shifted(timedelta(days=1)):
        client.http.get(f"/fiches/{slug}")
        assert reads.write() == 3
    assert kept() == {day: 2, day + timedelta(days=1): 1}, "each on its day"


def test_a_page_that_is_away_was_not_read(press: Press, client: PageClient) -> None:
    life = make_life(press)
    life.mask(press.sud_reviewer)
    client.get(f"/fiches/{life.slug}", 410)
    life.decide(Fate.WITHDRAW)
    client.get(f"/fiches/{life.slug}")
    assert reads.write() == 1, "withdrawn, it is read"


def test_a_read_costs_no_statement(press: Press, client: PageClient) -> None:
    _draft, slug = press.published()
    client.http.get(f"/fiches/{slug}")
    said: list[str] = []
    sa.event.listen(database().engine, "before_cursor_execute", lambda *given: said.append(given[2]))
    for _read in range(50):
        client.http.get(f"/fiches/{slug}")
    assert reads._since == {slug: 51}
    assert not [statement for statement in said if "article_read" in statement.lower()]


def test_a_server_writes_before_it_stops(press: Press, settings: Settings) -> None:
    _draft, slug = press.published()
    server = LiveServer(settings.data_dir, settings.database_url).start(60)
    try:
        asked = urllib.request.Request(f"{server.url}/fiches/{slug}", headers={"User-Agent": BROWSER})
        for _read in range(3):
            urllib.request.urlopen(asked, timeout=20).read()
        assert kept() == {}, "half a minute has not passed"
    finally:
        assert server.stop() == 0
    assert kept() == {today(): 3}
