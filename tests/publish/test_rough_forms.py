"""Every form of the public on a real server, as a line and a program send it: doubled, replayed, slow, cut in the middle. What arrived
whole counts once; what did not leaves nothing, and the same form still counts."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from html import unescape
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from app.db import reading, session
from config import Settings
from labs.wish_models import Wish
from publish import visitors
from publish.call_models import CallAnswer
from publish.comment_models import Comment
from publish.sheets import SOONEST_SECONDS
from publish.subscription_models import Subscription
from publish.voice_models import ArticleLike, Helpfulness
from tests.live_server import LiveServer
from tests.publish.callers import make_call
from tests.publish.press import Press

PAGE = "/fiches/changer-d-adresse"


class Curl:
    """A program with a jar for cookies, which follows nothing by itself."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}

    def opened(self, method: str, path: str, body: bytes = b"", length: int | None = None) -> socket.socket:
        line = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        fields = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
        if self.cookies:
            fields.append("Cookie: " + "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        if method == "POST":
            fields += [
                "Content-Type: application/x-www-form-urlencoded",
                f"Content-Length: {length or len(body)}",
            ]
        line.sendall("\r\n".join([*fields, "", ""]).encode())
        return line

    def heard(self, line: socket.socket) -> tuple[int, dict[str, str], str]:
        data = b""
        while piece := line.recv(1 << 16):
            data += piece
        line.close()
        head, _, body = data.partition(b"\r\n\r\n")
        first, *rows = head.decode("latin-1").split("\r\n")
        fields = dict(row.split(": ", 1) for row in rows)
        if (cookie := fields.get("Set-Cookie")) is not None:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return int(first.split()[1]), fields, body.decode("utf-8", "replace")

    def get(self, path: str) -> str:
        status, _fields, body = self.heard(self.opened("GET", path))
        assert status == 200, (path, status)
        return body

    def post(self, path: str, form: dict[str, str], pause: float = 0.0) -> tuple[int, str]:
        """(status, where it leads); sent on to another address of the same form as a browser does. `pause`: seconds between
        two pieces of the body."""
        body = urlencode(form).encode()
        line = self.opened("POST", path, body)
        pieces = [body[at : at + 40] for at in range(0, len(body), 40)] if pause else [body]
        for piece in pieces:
            line.sendall(piece)
            time.sleep(pause)
        status, fields, _body = self.heard(line)
        if status == 307:
            return self.post(fields["Location"], form, pause)
        return status, fields.get("Location", "")

    def cut(self, path: str, form: dict[str, str]) -> None:
        """The line breaks in the middle of what is sent."""
        body = urlencode(form).encode()
        line = self.opened("POST", path, length=len(body))
        line.sendall(body[: len(body) // 2])
        time.sleep(0.1)
        line.close()


def rows(table: type) -> int:
    with reading():
        return session().scalar(sa.select(sa.func.count()).select_from(table)) or 0


# Name, table in which it is one row, page that carries the form, where it is sent, what is typed.
FORMS: list[tuple[str, type, str, str, dict[str, str]]] = [
    ("a like", ArticleLike, "", f"{PAGE}/aimer", {}),
    ("helped", Helpfulness, "", f"{PAGE}/avis", {"utile": "non", "clarte": "difficile", "raison": "Le prix manque."}),
    ("a comment", Comment, f"{PAGE}/commentaires", f"{PAGE}/commentaires", {"nom": "Léa", "texte": "Et le samedi ? " * 20}),
    ("a wish", Wish, "/souhaits/nouveau", "/souhaits", {"titre": "Une benne", "besoin": "Près du stade. " * 20, "autre": "1"}),
    ("following", Subscription, f"{PAGE}/abonnement", f"{PAGE}/abonnement", {"courriel": "lea@exemple.nc", "rythme": "chaque-semaine"}),
    ("an answer", CallAnswer, "/appels/le-guichet-du-samedi", "/appels/le-guichet-du-samedi", {"choix": "1", "mots": "Le samedi. " * 20}),
]  # fmt: skip


@pytest.fixture
def server(press: Press, settings: Settings) -> Iterator[LiveServer]:
    press.published()
    make_call(press)
    visitors._buckets.clear()
    live = LiveServer(settings.data_dir, settings.database_url).start(timeout=60)
    yield live
    live.stop()


def test_each_form_counts_once_whatever_the_line_does(server: LiveServer) -> None:
    curl = Curl(server.port)
    forms: list[tuple[str, type, str, dict[str, str]]] = []
    for name, table, page, action, typed in FORMS:
        sheet = curl.get(page) if page else ""
        hidden = dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"', sheet))
        forms.append(
            (name, table, action, {**{key: unescape(value) for key, value in hidden.items()}, **typed})
        )
    time.sleep(SOONEST_SECONDS + 1.1)
    for name, table, action, form in forms:
        assert rows(table) == 0, name
        # Another reader for each, since one alone would have to wait.
        curl = Curl(server.port)
        curl.cut(action, form)
        status, where = curl.post(action, form, pause=0.02)
        assert status == 303 and where, (name, status)
        assert rows(table) == 1, name
        for _again in range(5):
            # Who goes on pressing is asked to wait in the end.
            assert curl.post(action, form)[0] in (303, 429), name
        at_once(partial(curl.post, action, form))
        assert rows(table) == 1, name


def at_once(send: Callable[[], object]) -> None:
    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)


def test_a_form_that_was_cut_is_told_and_nothing_else_waits(server: LiveServer) -> None:
    """Many lines that break, and one that is read meanwhile."""
    curl = Curl(server.port)
    body = {"nom": "Léa", "texte": "x" * 1500, "jeton": "x"}
    for _line in range(40):
        curl.cut(f"{PAGE}/commentaires", body)
    assert "Changer d’adresse" in curl.get(PAGE)
    assert rows(Comment) == 0
    # A word that is not ours: the page comes back with everything that was typed.
    line = curl.opened("POST", f"{PAGE}/commentaires", encoded := urlencode(body).encode())
    line.sendall(encoded)
    status, _fields, shown = curl.heard(line)
    assert status == 422 and "x" * 1500 in shown and rows(Comment) == 0
