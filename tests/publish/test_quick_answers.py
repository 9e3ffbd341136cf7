"""Public pages that lie in memory are answered without WSGI: with the same bytes, and only to requests that are read strictly."""

from __future__ import annotations

import io
import json
import socket
from collections.abc import Iterator
from http import client

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.db import reading, session
from app.handler import LONGEST_LINE, MOST_LINES, Fields, fields
from config import Settings
from publish import pages
from publish.figure_models import ArticleRead
from tests.clients import PageClient
from tests.live_server import LiveServer
from tests.publish.press import Press

TOKEN = st.text(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-!#$%&'*+.^`|~", min_size=1, max_size=20
)
VALUE = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f\x85\xa0"), max_size=60
)


def read(lines: bytes) -> Fields:
    return fields(io.BytesIO(lines + b"\r\n"))


@given(st.lists(st.tuples(TOKEN, VALUE), max_size=8))
def test_a_header_is_read_as_the_standard_library_reads_it(given_lines: list[tuple[str, str]]) -> None:
    once = {name.lower(): (name, value) for name, value in given_lines}
    raw = b"".join(f"{name}: {value}\r\n".encode("latin-1") for name, value in once.values())
    found, expected = read(raw), client.parse_headers(io.BytesIO(raw + b"\r\n"))
    assert found.status == ""
    for name in once:
        assert found.get(name.upper()) == expected[name].strip(" \t")
    assert found.get("x-nobody-says-this") is None and found.get("x-nobody", "") == ""
    assert len(found.headers) == len(once)


WRONG = {
    "folded": b"A: b\r\n  c\r\n",
    "a space before the colon": b"A : b\r\n",
    "no colon": b"nothing\r\n",
    "no name": b": b\r\n",
    "a NUL": b"A: b\x00c\r\n",
    "a carriage return alone": b"A: b\rB: c\r\n",
    "a name that is no token": b"A(b): c\r\n",
    "two lengths": b"Content-Length: 0\r\nContent-Length: 5\r\n",
    "the same length twice": b"Content-Length: 0\r\ncontent-length: 0\r\n",
    "two encodings": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    "two hosts": b"Host: a\r\nHost: b\r\n",
    "too long": b"A: " + b" " * LONGEST_LINE + b"\r\n",
    "too many": b"".join(b"A%d: b\r\n" % number for number in range(MOST_LINES + 1)),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_two_readers_could_read_differently_is_refused(name: str) -> None:
    assert read(WRONG[name]).status
    assert read(b"A: b\r\n").status == ""


Answer = tuple[int, list[tuple[str, str]], bytes]


class Line:
    """One connection, spoken to in bytes."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.file = self.socket.makefile("rb")

    def say(self, method: str, path: str, *, body: bytes = b"", **asked: str) -> None:
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in asked.items()]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    def hear(self, method: str = "GET") -> Answer:
        first, headers = self.file.readline(), []
        while (row := self.file.readline().decode("latin-1").rstrip("\r\n")) != "":
            name, _colon, value = row.partition(": ")
            headers.append((name, value))
        status, length = int(first.split()[1]), int(dict(headers).get("Content-Length", "0"))
        return status, headers, b"" if method == "HEAD" or status == 304 else self.file.read(length)

    def ask(self, path: str, method: str = "GET", **asked: str) -> Answer:
        self.say(method, path, body=b"", **asked)
        return self.hear(method)


@pytest.fixture
def server(press: Press, settings: Settings) -> Iterator[LiveServer]:
    press.published()
    live = LiveServer(settings.data_dir, settings.database_url, LOG_LEVEL="INFO").start(timeout=60)
    yield live
    live.stop()


@pytest.fixture
def line(server: LiveServer) -> Iterator[Line]:
    found = Line(server.port)
    yield found
    found.file.close()
    found.socket.close()


PAGE = "/fiches/changer-d-adresse"


def is_quick(headers: list[tuple[str, str]]) -> bool:
    """Only the quick way writes the date before the number of the request."""
    names = [name for name, _value in headers]
    return names.index("Date") < names.index("X-Request-ID")


def test_the_quick_answer_is_the_slow_one(line: Line) -> None:
    def same(path: str, method: str = "GET", **asked: str) -> dict[str, str]:
        quick, headers, body = line.ask(path, method, **asked)
        # Whoever expects something special goes the way through WSGI.
        slow, expected, slow_body = line.ask(path, method, Expect="nothing", **asked)
        assert (quick, body) == (slow, slow_body), (path, method, asked)
        assert is_quick(headers) and not is_quick(expected), (path, method, asked)
        assert len(headers) == len(dict(headers)) == len(expected), "a field stands there twice"
        changing = ("Date", "X-Request-ID")
        assert [one for one in headers if one[0] not in changing] == [
            one for one in expected if one[0] not in changing
        ]
        return dict(headers)

    line.ask(PAGE)
    wishes: list[dict[str, str]] = [{}, {"Accept_Encoding": "gzip"}, {"Accept_Encoding": "gzip, deflate, br"}]
    for asked in wishes:
        told = same(PAGE, **asked)
        same(PAGE, "HEAD", **asked)
        same(PAGE, If_None_Match=told["ETag"], **asked)
        same(PAGE, If_None_Match='"another"', **asked)
        same(PAGE, If_Modified_Since=told["Last-Modified"], **asked)
        same(PAGE, If_Modified_Since="Thu, 01 Jan 1970 00:00:00 GMT", **asked)
    same(f"{PAGE}?fbclid=abc")
    same(PAGE, Cookie="openlab=abc", Connection="keep-alive")
    for path in ("/", "/plan-du-site", "/atom.xml"):
        line.ask(path)
        same(path)
    # The pages that are made for who asks, and what is no page, go the other way.
    for path in (
        f"{PAGE}?territoire=lifou",
        "/recherche?q=adresse",
        "/fiches/rien",
        "/fiches/changer%2Dd-adresse",
    ):
        assert not is_quick(line.ask(path)[1]), path


def test_a_connection_goes_on(line: Line) -> None:
    first = line.ask(PAGE)
    # Several at once, one with a body between them: each is answered in its turn.
    line.say("GET", PAGE)
    line.say(
        "POST",
        f"{PAGE}/aimer",
        body=b"retirer=",
        Content_Type="application/x-www-form-urlencoded",
        Content_Length="8",
    )
    line.say("GET", PAGE)
    answers = [line.hear() for _ in range(3)]
    assert [status for status, *_ in answers] == [200, 307, 200]
    assert answers[0][2] == answers[2][2] == first[2] and is_quick(answers[2][1])
    # A body that nobody expects belongs to its request all the same.
    line.say("GET", PAGE, body=b"GET /evil HTTP/1.1\r\n\r\n", Content_Length="22")
    assert line.hear()[2] == first[2]
    assert line.ask(PAGE, Connection="close")[2] == first[2]
    assert line.file.read() == b""


@pytest.mark.parametrize(
    "name", ["folded", "a space before the colon", "two lengths", "two hosts", "too many"]
)
def test_a_wrong_header_ends_the_connection(server: LiveServer, name: str) -> None:
    line = Line(server.port)
    host = b"" if name == "two hosts" else b"Host: 127.0.0.1\r\n"
    line.socket.sendall(f"GET {PAGE} HTTP/1.1\r\n".encode() + host + WRONG[name] + b"\r\n")
    assert line.file.readline().startswith(b"HTTP/1.1 400")
    line.file.read()
    # Others are not touched by it.
    assert Line(server.port).ask(PAGE)[0] == 200


def test_both_ways_are_said_and_counted_alike(server: LiveServer, line: Line) -> None:
    for _again in range(5):
        status, headers, _body = line.ask(PAGE)
    number = dict(headers)["X-Request-ID"]
    line.ask(f"{PAGE}/historique?de=1&a=1")
    _status, _headers, metrics = line.ask("/metrics")
    assert b'openlab_http_requests_total{route="/fiches/<slug>",status="200"} 5' in metrics
    said = [json.loads(row) for row in server.log.read_text().splitlines() if '"app.access"' in row]
    quick = next(row for row in said if row.get("request") == number)
    slow = next(row for row in said if row["route"] == "/fiches/<slug>/historique")
    assert list(quick) == list(slow)
    assert quick | {"time": "", "ms": 0.0, "pid": 0} == {
        "time": "", "level": "INFO", "logger": "app.access", "message": "GET /fiches/<slug>", "pid": 0,
        "request": number, "route": "/fiches/<slug>", "status": 200, "ms": 0.0,
    }  # fmt: skip
    assert {type(value) for value in (quick["ms"], slow["ms"])} == {float}


def test_both_ways_count_what_is_read(server: LiveServer, line: Line) -> None:
    for asked in ({"Expect": "nothing"}, {}, {"Sec_Purpose": "prefetch"}, {"If_None_Match": "*"}):
        line.ask(PAGE, User_Agent="Mozilla/5.0 Firefox/132.0", **asked)
    line.ask(PAGE, "HEAD", User_Agent="Mozilla/5.0 Firefox/132.0")
    line.ask(PAGE, User_Agent="Googlebot/2.1")
    line.ask("/", User_Agent="Mozilla/5.0 Firefox/132.0")
    server.stop()
    with reading():
        assert session().scalars(sa.select(ArticleRead.count)).all() == [3]


def test_what_fails_at_once_goes_the_other_way(
    app: Flask, client: PageClient, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    press.published()
    client.get(PAGE)
    assert pages.at_once(app, "GET", PAGE, lambda _name, default: default) is not None
    monkeypatch.setattr(pages, "_ready", lambda *_given: 1 / 0)
    assert pages.at_once(app, "GET", PAGE, lambda _name, default: default) is None
    assert client.get(PAGE).status == 200
