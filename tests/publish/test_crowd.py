"""A thousand comments in a minute from fifty networks, on a real server: each is kept, reading goes on, and the queue is cleared in a
few acts in which the one who wrote on another page has not waited."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from statistics import median

import pytest
import requests

from app import clock
from app.db import reading
from config import Settings
from publish import moderation_queries, sheets, visitors
from publish.comment_models import Standing
from tests.clients import PageClient
from tests.live_server import SECRET, LiveServer
from tests.publish.commenting import A_MOMENT, all_comments, filed, moderator, path_of
from tests.publish.press import Press

NETWORKS, OF_EACH, LINES = 50, 20, 5


@pytest.fixture
def server(press: Press, settings: Settings) -> Iterator[LiveServer]:
    visitors._buckets.clear()
    live = LiveServer(settings.data_dir, settings.database_url, TRUSTED_PROXIES="1").start(timeout=60)
    yield live
    live.stop()


def signed(client: PageClient, slug: str, count: int) -> list[str]:
    """The words of so many forms, opened a moment ago, as the server gives them."""
    known = client.app.config["SETTINGS"]
    client.app.config["SETTINGS"] = replace(known, secret_key=SECRET)
    try:
        with client.app.test_request_context(), clock.shifted(-A_MOMENT):
            return [sheets.fresh(path_of(slug)) for _number in range(count)]
    finally:
        client.app.config["SETTINGS"] = known


def test_a_thousand_comments_from_fifty_networks(
    client: PageClient, press: Press, server: LiveServer
) -> None:
    slug, other = press.published()[1], press.published(title="Le marché du samedi")[1]
    words = signed(client, slug, NETWORKS * OF_EACH)
    answers: list[int] = []
    writing: list[float] = []

    def flood(first: int) -> None:
        with requests.Session() as line:
            for number in range(first, len(words), LINES):
                begun = time.monotonic()
                answer = line.post(
                    server.url + path_of(slug),
                    data={
                        "nom": "Un passant",
                        "texte": f"Achetez ici, {number}.",
                        sheets.FIELD: words[number],
                    },
                    headers={"X-Forwarded-For": f"203.{number % NETWORKS}.113.{number // NETWORKS + 1}"},
                    allow_redirects=False,
                    timeout=60,
                )
                writing.append(time.monotonic() - begun)
                answers.append(answer.status_code)

    threads = [threading.Thread(target=flood, args=(first,)) for first in range(LINES)]
    for thread in threads:
        thread.start()
    read: list[float] = []
    with requests.Session() as line:
        while any(thread.is_alive() for thread in threads):
            begun = time.monotonic()
            assert line.get(f"{server.url}/fiches/{slug}", timeout=60).status_code == 200
            read.append(time.monotonic() - begun)
            time.sleep(0.02)
    assert answers == [303] * len(words)
    # Who reads is never behind those who write.
    assert median(read) < median(writing)
    late = filed(other, "late", "Et le parking\u202f?")
    with reading():
        desk = moderation_queries.queue(1)
        assert desk.total == len(words) + 1 and late in [item.id for item in desk.items]
    person = PageClient(client.app).sign_in(moderator(press))
    form = person.get(f"/moderation?fiche={other}").form(f"/moderation/commentaires/{late}").values
    for _page in range(len(words) // moderation_queries.OF_ONE_ARTICLE):
        with reading():
            boxes = [f"{one.id}:{one.version}" for one in moderation_queries.queue(1, slug=slug).items]
        person.post(
            "/moderation/commentaires",
            {**form, "choix": boxes, "decision": "refuser", "motif": "advertising"},
        )
    waiting = [one.id for one in all_comments() if one.standing is Standing.WAITING]
    assert waiting == [late]
