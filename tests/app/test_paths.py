"""Addresses in every spelling that once led out of a folder or into somebody's copy of a page: through Flask, and over a
real socket, where what is in memory is answered before WSGI (app/handler.py)."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

import pytest
from flask import Flask

from app.db import database
from app.factory import create_app
from config import Settings
from tests.house.full_house import FullHouse, build
from tests.live_server import LiveServer

DOTS = (
    "../", "..%2f", "%2e%2e/", "%2e%2e%2f", "%252e%252e%252f", "..\\", "..%5c", "%2e%2e%5c", "..%255c", "....//", "..;/",
    "..%00/", "%c0%ae%c0%ae/", "%c0%ae%c0%ae%c0%af", "%e0%80%ae%e0%80%ae/", "..%c1%9c", "..%ef%bc%8f", ".%2e/", "/..//",
)  # fmt: skip
ROOTS = (
    "/static/",
    "/static/dist/",
    "/images/",
    "/preuves/",
    "/fiches/",
    "/s/",
    "/administrations/",
    "/api/v1/articles/",
    "/",
)
GOALS = ("config.py", "etc/passwd", "secret_key", "app/web.py")
# What stands in those files and on no page.
INSIDE = (b"root:x:", b"class SettingsError", b"SIGNED_IN_CSP", b"WTF_CSRF")
# A person's page, asked for as if it were a file that a cache may keep.
DISGUISES = (
    "{}/x.css", "{}/x.js", "{};x.css", "{}%3bx.css", "{}%2fx.css", "{}/..%2fstatic/app.css", "{}%00.css", "{}%0a.css",
    "{}?x.css", "{}%3fx.css", "{}%23x.css", "{}.css", "{}/.css", "/static/..%2f..{}", "/static/%2e%2e{}", "/healthz/..%2f..{}",
    "//127.0.0.1{}", "/{}", "{}/", "{}//", "{}\\x.css", "{}%5cx.css",
)  # fmt: skip


def spellings() -> Iterator[str]:
    for root in ROOTS:
        for dots in DOTS:
            for goal in GOALS[:2] if root != "/static/" else GOALS:
                yield f"{root}{dots * 4}{goal}"
    yield from (
        "/static//etc/passwd",
        "/static/C:/windows/win.ini",
        "/static/%2fetc%2fpasswd",
        "/static/file:///etc/passwd",
    )


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def is_kept(self) -> bool:
        kept = self.headers.get("cache-control", "")
        return "no-store" not in kept and "private" not in kept


class Through:
    """One way to ask: Flask's own, or a socket."""

    def __init__(self, app: Flask | None, live: LiveServer | None) -> None:
        self.app, self.live = app, live

    def get(self, path: str, headers: dict[str, str]) -> Answer:
        return self._flask(path, headers) if self.live is None else self._raw(path, headers)

    def _flask(self, path: str, headers: dict[str, str]) -> Answer:
        assert self.app is not None
        where, _mark, query = path.partition("?")
        raw = {
            "PATH_INFO": unquote_to_bytes(where).decode("latin-1"),
            "QUERY_STRING": query,
            "REQUEST_URI": path,
        }
        answer = self.app.test_client(use_cookies=False).get("/", headers=headers, environ_overrides=raw)
        return Answer(answer.status_code, {k.lower(): v for k, v in answer.headers}, answer.data)

    def _raw(self, path: str, headers: dict[str, str]) -> Answer:
        """The very bytes of the address, which a client would put in order."""
        assert self.live is not None
        lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{self.live.port}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        with socket.create_connection(("127.0.0.1", self.live.port), timeout=30) as line:
            line.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
            parts = b""
            while more := line.recv(65536):
                parts += more
        head, _empty, body = parts.partition(b"\r\n\r\n")
        first, *rest = head.decode("latin-1").split("\r\n")
        found = dict(one.split(": ", 1) for one in rest)
        return Answer(int(first.split()[1]), {name.lower(): value for name, value in found.items()}, body)


@pytest.fixture(scope="module")
def house(live_settings: Settings) -> Iterator[FullHouse]:
    made = build(create_app(live_settings), live_settings)
    yield made
    database().engine.dispose()


@pytest.fixture(scope="module")
def live(house: FullHouse, live_settings: Settings) -> Iterator[LiveServer]:
    server = LiveServer(live_settings.data_dir, live_settings.database_url).start()
    yield server
    server.stop()


@pytest.fixture(params=["flask", "socket"])
def through(request: pytest.FixtureRequest, house: FullHouse) -> Through:
    return Through(house.app, request.getfixturevalue("live") if request.param == "socket" else None)


def test_no_spelling_leads_out_of_a_folder(through: Through) -> None:
    wrong = []
    for path in spellings():
        answer = through.get(path, {})
        if answer.status >= 500 or any(mark in answer.body for mark in INSIDE):
            wrong.append(f"{path}: {answer.status}")
        elif answer.status == 200 and path.startswith(("/static", "/images", "/preuves")):
            wrong.append(f"{path}: 200")
    assert not wrong, "\n".join(wrong)


def test_a_page_of_ones_own_is_never_kept_for_others(through: Through, house: FullHouse) -> None:
    """Cache deception: whatever the end of the address looks like, who is signed in gets `no-store`, and others nothing."""
    wrong, leader = [], house.own.leader
    draft, lab = house.own.things["/brouillons"]["draft_id"], house.own.things["/labs"]["slug"]
    assert leader.name.encode() in through.get("/espace", house.cookie_of(leader)).body
    for page in ("/espace", f"/brouillons/{draft}", f"/labs/{lab}", "/tableau-de-bord", "/api/v1/me"):
        for disguise in DISGUISES:
            path = disguise.format(page)
            answer = through.get(path, house.cookie_of(leader))
            private = [leader.name.encode(), b"Un texte sud", b"Lab sud", b"csrf_token"]
            if answer.status >= 500 or (answer.is_kept() and any(words in answer.body for words in private)):
                wrong.append(f"{path}: {answer.status} {answer.headers.get('cache-control')}")
            stranger = through.get(path, {})
            if leader.name.encode() in stranger.body or b"Un texte sud" in stranger.body:
                wrong.append(f"{path}: shown to a stranger")
    assert not wrong, "\n".join(wrong)


def test_a_public_page_is_the_same_whoever_asks_and_however(through: Through, house: FullHouse) -> None:
    """No name by which it is asked, and no cookie, changes what a cache would keep."""
    slug = house.own.things["/fiches"]["slug"]
    for path in ("/", f"/fiches/{slug}"):
        usual = through.get(path, {})
        assert usual.status == 200 and "public" in usual.headers["cache-control"]
        for headers in (
            house.cookie_of(house.own.leader),
            {
                "X-Forwarded-Host": "mechant.example",
                "X-Forwarded-Proto": "https",
                "X-Original-URL": "/espace",
            },
            {"Cookie": "voix=faux; openlab=faux"},
            {"X-HTTP-Method-Override": "POST", "Authorization": "Bearer faux"},
        ):
            again = through.get(path, headers)
            assert (again.status, again.body) == (usual.status, usual.body)
            assert "set-cookie" not in again.headers and "mechant" not in str(again.headers)
