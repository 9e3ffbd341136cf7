"""The link checker cannot be made to call an inside address: real servers on this machine that must not be called."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from publish import fetching
from publish.fetching import Inside, Unreachable, Way, is_public, look

INSIDE = [
    "127.0.0.1", "127.8.9.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
    "224.0.0.1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "192.0.0.8",
    "::", "::1", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::",
    "2001:0:7f00:1::", "::ffff:0:127.0.0.1",
]  # fmt: skip
# Ways to write 127.0.0.1 and [::1] that some resolver somewhere understands, and what is no plain web address.
SPELLINGS = [
    "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/",
    "http://0/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[0:0:0:0:0:ffff:7f00:1]/",
    "http://localhost/", "http://LOCALHOST./", "http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/",
    "http://user@127.0.0.1/", "http://example.org@127.0.0.1/", "http://127.0.0.1:6379/", "http://127.0.0.1\\@example.org/",
    "ftp://example.org/", "file:///etc/passwd", "gopher://127.0.0.1/", "//127.0.0.1/", "http:///", "http://[fe80::1%25lo]/",
    "http://example.org:22/", "http://example.org:99999/", "javascript:alert(1)", "",
]  # fmt: skip


class _Desk(BaseHTTPRequestHandler):
    """Answers by the path, and writes down that it was called."""

    calls: list[str] = []
    redirects: dict[str, str] = {}

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        self.calls.append(f"{self.command} {self.headers['Host']} {self.path}")
        if self.path in self.redirects:
            self.send_response(302)
            self.send_header("Location", self.redirects[self.path])
        elif self.path == "/no-head" and self.command == "HEAD":
            self.send_response(405)
        elif self.path.startswith("/status/"):
            self.send_response(int(self.path.rsplit("/", 1)[1]))
        else:
            self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def desk() -> Iterator[HTTPServer]:
    _Desk.calls, _Desk.redirects = [], {}
    server = HTTPServer(("127.0.0.1", 0), _Desk)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def way(desk: HTTPServer) -> Way:
    """`dehors.example` stands for a public server, which is the desk; every other name is resolved as always."""

    def resolve(host: str, port: int) -> list[fetching.Address]:
        if host == "dehors.example":
            return [ipaddress.ip_address("127.0.0.1")]
        return fetching.public_addresses(host, port)

    return Way(resolve, frozenset({80, 443, desk.server_port}))


def outside(desk: HTTPServer, path: str = "/") -> str:
    return f"http://dehors.example:{desk.server_port}{path}"


@pytest.mark.parametrize("address", INSIDE)
def test_an_inside_address_is_inside_however_it_is_wrapped(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "202.22.128.1", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_a_public_address_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("url", SPELLINGS)
def test_no_spelling_leads_inside(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is connected to, however the address is written."""
    called: list[object] = []
    monkeypatch.setattr(socket, "create_connection", lambda *given, **_more: called.append(given))
    with pytest.raises((Inside, Unreachable)):
        look(url)
    assert called == []


def test_a_page_that_is_there(desk: HTTPServer, way: Way) -> None:
    assert look(outside(desk, "/page"), way).status == 200
    assert _Desk.calls == [f"HEAD dehors.example:{desk.server_port} /page"]


@pytest.mark.parametrize("status", [404, 410, 500, 503])
def test_a_page_that_is_not(desk: HTTPServer, way: Way, status: int) -> None:
    assert look(outside(desk, f"/status/{status}"), way).status == status
    assert [call.split()[0] for call in _Desk.calls] == ["HEAD", "GET"]


def test_who_does_not_know_head_is_asked_with_get(desk: HTTPServer, way: Way) -> None:
    assert look(outside(desk, "/no-head"), way).status == 200


def test_a_redirect_is_followed(desk: HTTPServer, way: Way) -> None:
    _Desk.redirects = {"/old": "/new?a=é b"}
    seen = look(outside(desk, "/old"), way)
    assert seen.status == 200 and seen.address.endswith("/new?a=é b")


@pytest.mark.parametrize(
    "target", ["http://127.0.0.1:{port}/inside", "//127.0.0.1:{port}/inside", "http://[::ffff:127.0.0.1]:{port}/inside",
               "http://2130706433:{port}/inside", "file:///etc/passwd", "http://localhost:{port}/inside"]
)  # fmt: skip
def test_a_redirect_inside_is_not(desk: HTTPServer, way: Way, target: str) -> None:
    _Desk.redirects = {"/old": target.format(port=desk.server_port)}
    with pytest.raises((Inside, Unreachable)):
        look(outside(desk, "/old"), way)
    assert not [call for call in _Desk.calls if "/inside" in call]


def test_redirects_in_a_circle_end(desk: HTTPServer, way: Way) -> None:
    _Desk.redirects = {"/a": "/b", "/b": "/a"}
    with pytest.raises(Unreachable, match="redirects"):
        look(outside(desk, "/a"), way)
    assert len(_Desk.calls) == fetching.REDIRECTS + 1


def test_a_name_whose_address_changes_between_two_questions(desk: HTTPServer, way: Way) -> None:
    """The connection goes to the address that was judged: asking again for the name would come to the desk."""
    asked: list[str] = []

    def resolve(host: str, _port: int) -> list[fetching.Address]:
        asked.append(host)
        # TEST-NET-1: nobody is there, so that a connection to it fails.
        return [ipaddress.ip_address("192.0.2.1")]

    with pytest.raises(Unreachable):
        look(
            f"http://localhost:{desk.server_port}/inside",
            Way(resolve, frozenset({desk.server_port})),
        )
    assert asked and _Desk.calls == []


def test_one_address_inside_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, 80)) for place in ("93.184.215.14", "10.0.0.5")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_given, **_more: found)
    with pytest.raises(Inside):
        fetching.public_addresses("exemple.example", 80)


def test_a_server_that_says_nothing_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PATIENCE", 0.3)
    silent = socket.create_server(("127.0.0.1", 0))
    port = silent.getsockname()[1]
    way = Way(lambda *_given: [ipaddress.ip_address("127.0.0.1")], frozenset({port}))
    with pytest.raises(Unreachable, match="slow"):
        look(f"http://dehors.example:{port}/", way)
    silent.close()
