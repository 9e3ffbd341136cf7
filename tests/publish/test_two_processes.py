"""What is published, masked or withdrawn shows within two seconds on every process that serves the portal."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import pytest

from app.db import database
from app.factory import create_app
from config import Settings
from publish.fate_stages import Fate
from tests.live_server import SECRET, LiveServer
from tests.publish.fates_world import make_life
from tests.publish.press import RICH, block, set_up
from tests.realtime.conftest import postgresql  # noqa: F401 - a fixture

# docs/architecture.md: a process looks once a second whether another one published something.
SECONDS = 2.0


@pytest.fixture(scope="module")
def pair(
    postgresql: str,  # noqa: F811 - the fixture
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[LiveServer, LiveServer]]:
    """Two processes that share a database, and nothing else: no Redis."""
    folder = tmp_path_factory.mktemp("pair")
    servers = [LiveServer(folder, postgresql).start() for _ in range(2)]
    create_app(Settings.from_env({}, database_url=postgresql, data_dir=folder, secret_key=SECRET))
    yield servers[0], servers[1]
    database().engine.dispose()
    for server in servers:
        server.stop()


def shown(server: LiveServer, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"{server.url}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode()


def until_everywhere(
    pair: tuple[LiveServer, LiveServer], path: str, is_there: Callable[[int, str], bool], since: float
) -> list[float]:
    """Seconds since `since` until each process showed it."""
    took: dict[int, float] = {}
    while len(took) < len(pair):
        for number, server in enumerate(pair):
            if number not in took and is_there(*shown(server, path)):
                took[number] = time.monotonic() - since
        assert time.monotonic() - since < 10 * SECONDS, f"{path}: only {took}"
        time.sleep(0.02)
    return list(took.values())


def test_every_process_shows_it_within_two_seconds(pair: tuple[LiveServer, LiveServer]) -> None:
    """A third process decides: this one."""
    press = set_up()
    life = make_life(press)
    path = f"/fiches/{life.slug}"
    until_everywhere(pair, path, lambda status, _text: status == 200, time.monotonic())
    draft_id, fingerprint = press.approved("Une autre fiche")
    edited, _slug = press.published("Une troisième fiche")
    other = "/fiches/une-troisieme-fiche"
    press.rewrite(edited, [*RICH, block("paragraph", "Une phrase nouvelle.", id="b99")])
    again = press.submit(edited, "Une phrase de plus.")
    press.sign(edited, again)
    proposal = life.propose(Fate.WITHDRAW)
    took: dict[str, list[float]] = {}
    for name, act, where, is_there in (
        ("published", lambda: press.publish(draft_id, fingerprint), "/fiches/une-autre-fiche", lambda status, _t: status == 200),
        ("changed", lambda: press.publish(edited, again, "Une phrase de plus."), other, lambda _s, text: "Une phrase nouvelle." in text),
        ("withdrawn", lambda: life.confirm(proposal), path, lambda _s, text: "Cette fiche a été retirée" in text),
        ("masked", lambda: life.mask(), path, lambda status, _t: status == 410),
    ):  # fmt: skip
        # Each process holds the page as it is now.
        assert not any(is_there(*shown(server, where)) for server in pair), name
        act()
        took[name] = until_everywhere(pair, where, is_there, time.monotonic())
    late = {name: seconds for name, seconds in took.items() if max(seconds) > SECONDS}
    assert late == {}, took
