"""Guessing: slowed for the account wherever it comes from, slowed for a neighbourhood, never for a room of people who are
right; and ten thousand bad requests leave the server as it was."""

from __future__ import annotations

import dataclasses
import http.client
import re
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from flask import Flask

from app import clock
from app.accounts import delays, passwords
from app.accounts import service as accounts
from app.accounts.models import Person, PersonStatus, SignInFailure
from app.db import database, reading, session, unit_of_work
from app.errors import Invalid, RateLimited, Unavailable
from app.factory import create_app
from config import Settings
from tests import makers
from tests.clients import PageClient
from tests.live_server import LiveServer

EMAIL = "eloise@test.example"
WRONG = "un tout autre mot de passe"
REAL, REAL_DECOY = passwords._hasher, passwords.DECOY


@pytest.fixture(autouse=True)
def counted(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One entry for each digest of a password that is looked at; of few passes here, so that many can be."""
    found: list[None] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
            found.append(None)
            return super().verify(hash, password)

    hasher = Counting(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "DECOY", hasher.hash("a password nobody has"))
    monkeypatch.setattr(passwords, "_hasher", hasher)
    return found


def people(number: int = 1) -> list[str]:
    """Addresses of agents, all with one password."""
    digest = passwords.hashed(makers.PASSWORD)
    with unit_of_work():
        place = makers.make_administration()
        made = [makers.make_person(place) for _each in range(number)]
        for person in made:
            person.password_hash = digest
    return [person.email for person in made]


def tried(email: str, password: str = WRONG, address: str = "203.0.113.7") -> str:
    try:
        accounts.check_password(email, password, address)
    except Invalid:
        return "wrong"
    except RateLimited:
        return "wait"
    return "in"


@pytest.mark.parametrize(
    ("proxies", "forwarded"), [(0, "{}"), (1, "{}"), (1, "{}, 203.0.113.7"), (2, "{}, 203.0.113.7, 10.0.0.1")]
)
def test_an_account_is_slowed_whatever_addresses_are_said(
    settings: Settings, proxies: int, forwarded: str
) -> None:
    """Shows 6. The header is believed as far as our own proxies wrote it; and the account waits in any case."""
    app = create_app(dataclasses.replace(settings, trusted_proxies=proxies))
    app.testing = True
    (email,) = people()
    client = PageClient(app)
    client.get("/connexion")
    form = client.page.form("/connexion").values  # type: ignore[union-attr]
    found = []
    for number in range(8):
        headers = {
            "X-Forwarded-For": forwarded.format(f"198.51.{number}.1"),
            "Forwarded": f"for=192.0.{number}.1",
        }
        answer = client.http.post(
            "/connexion", data={**form, "email": email, "password": WRONG}, headers=headers
        )
        found.append(answer.status_code)
    assert found == [422] * 5 + [429] * 3
    with reading():
        kept = session().scalars(sa.select(SignInFailure)).all()
    neighbourhoods = len(kept) - 1
    assert neighbourhoods == (5 if (proxies, forwarded) == (1, "{}") else 1)
    assert "198.51" not in str([(row.account_digest, row.count) for row in kept])
    database().engine.dispose()


@pytest.mark.parametrize("exists", [True, False])
def test_the_delay_grows_has_a_ceiling_and_is_the_same_for_nobody(app: Flask, exists: bool) -> None:
    email = people()[0] if exists else "personne@test.example"
    waits, after = [], timedelta(0)
    with unit_of_work():
        for _time in range(5):
            delays.charge(delays.of_account(email))
    for _time in range(12):
        with clock.shifted(after):
            with pytest.raises(RateLimited) as found:
                delays.look(delays.of_account(email))
            waits.append(round(found.value.retry_after or 0))
            after += timedelta(seconds=(found.value.retry_after or 0) + 1)
        with clock.shifted(after), unit_of_work():
            delays.charge(delays.of_account(email))
    assert waits[:4] == [5, 10, 20, 40] and max(waits) == waits[-1] == 900
    with clock.shifted(after + timedelta(minutes=15, seconds=1)):
        assert tried(email, makers.PASSWORD) == ("in" if exists else "wrong")


def test_a_room_of_people_behind_one_address_is_not_slowed(app: Flask) -> None:
    """Fourteen people who mistype twice each and are then right, and a second time the next morning."""
    emails = people(14)
    assert [tried(email) for email in emails for _time in range(2)] == ["wrong"] * 28
    assert [tried(email, makers.PASSWORD) for email in emails * 2] == ["in"] * 28
    with reading():
        assert session().scalars(sa.select(SignInFailure.count)).all() == [28]


def test_one_password_on_a_thousand_accounts_is_slowed_and_the_next_street_is_not(app: Flask) -> None:
    (email,) = people()
    with unit_of_work():
        for _time in range(delays.NEIGHBOURHOOD.attempts):
            delays.charge(delays.of_neighbourhood("203.0.113.7"))
    assert tried("encore@test.example", address="203.0.113.200") == "wait"
    assert tried(email, makers.PASSWORD, "203.0.114.7") == "in"
    with clock.shifted(delays.NEIGHBOURHOOD.every + timedelta(seconds=1)):
        assert [tried(f"a{number}@test.example") for number in range(2)] == ["wrong", "wait"]


def test_a_neighbourhood_is_what_one_subscriber_has() -> None:
    same = delays.neighbourhood
    assert same("203.0.113.1") == same("203.0.113.254") == same("::ffff:203.0.113.9") != same("203.0.112.1")
    assert same("2001:db8:1:10::1") == same("2001:db8:1:ff:1:2:3:4") != same("2001:db8:1:100::1")
    assert same(None) == same("no address") == ""


def test_the_same_is_counted_for_whoever_it_is(app: Flask, counted: list[None]) -> None:
    known, suspended, without = people(3)
    guest = "invite@test.example"
    with unit_of_work():
        accounts.guest_called(guest, "Camille Wéa")
        for email, change in (
            (suspended, {"status": PersonStatus.SUSPENDED}),
            (without, {"password_hash": None}),
        ):
            session().execute(sa.update(Person).where(Person.email == email).values(**change))
    found = {}
    for email in (known, suspended, guest, without, "personne@test.example", "", "x" * 5000):
        before = len(counted)
        with pytest.raises(Invalid) as said:
            accounts.check_password(email, WRONG, "203.0.113.7")
        found[email] = (len(counted) - before, said.value.message)
    assert len(set(found.values())) == 1 and found[known][0] == 1


def test_what_is_counted_for_nobody_costs_as_much() -> None:
    assert not REAL.check_needs_rehash(REAL_DECOY)


def test_many_at_one_moment_are_slowed_like_many_in_a_row(app: Flask, counted: list[None]) -> None:
    (email,) = people()
    found: list[str] = []
    start = threading.Barrier(16)

    def attempt() -> None:
        start.wait()
        found.append(tried(email))

    threads = [threading.Thread(target=attempt) for _each in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == ["wait"] * 11 + ["wrong"] * 5 and len(counted) == 5


def test_so_many_are_counted_at_once_and_a_flood_is_sent_away(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "MOST_WAITING", 2)
    inside, go = threading.Semaphore(0), threading.Event()

    def slow() -> bool:
        inside.release()
        return go.wait(20)

    threads = [threading.Thread(target=passwords._in_turn, args=(slow,)) for _each in range(2)]
    for thread in threads:
        thread.start()
        assert inside.acquire(timeout=20)
    with pytest.raises(Unavailable) as found:
        passwords.matches(None, WRONG)
    go.set()
    for thread in threads:
        thread.join()
    assert found.value.status == 503 and found.value.retry_after
    assert passwords.matches(None, WRONG) is False


def test_names_that_nobody_has_fill_no_disk(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delays, "MOST_ROWS", 20)
    with unit_of_work():
        for number in range(50):
            delays.charge(delays.of_account(f"a{number}@test.example"))
        delays.purge()
        assert session().scalar(sa.select(sa.func.count()).select_from(SignInFailure)) == 20


@pytest.fixture
def server(settings: Settings) -> Iterator[LiveServer]:
    """A server on which so much was guessed from here already that everybody here waits."""
    create_app(settings)
    with unit_of_work():
        here = delays.of_neighbourhood("127.0.0.1")
        delays.charge(here)
        session().get_one(SignInFailure, here.digest).not_before = clock.now() + timedelta(hours=2)
    database().engine.dispose()
    live = LiveServer(settings.data_dir, settings.database_url).start()
    yield live
    live.stop()


def standing(server: LiveServer) -> dict[str, int]:
    """Kilobytes in memory, threads and open files of the server."""
    assert server.process is not None
    place = Path(f"/proc/{server.process.pid}")
    words = dict(re.findall(r"^(VmRSS|Threads):\s+(\d+)", (place / "status").read_text(), re.MULTILINE))
    return {
        **{name: int(value) for name, value in words.items()},
        "files": len(list((place / "fd").iterdir())),
    }


class Flood:
    """Bad requests of every kind, one after the other on a connection; a wrong answer ends it."""

    def __init__(self, server: LiveServer, number: int) -> None:
        self.line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self.number, self.port = number, server.port
        body, headers = self.ask("GET", "/connexion", expected=(200,))
        found = re.search(r'name="csrf_token" value="([^"]+)"', body)
        assert found is not None
        self.token = found[1]
        self.cookie = headers["Set-Cookie"].split(";")[0]

    def ask(
        self, method: str, path: str, form: str = "", expected: tuple[int, ...] = (), **headers: str
    ) -> tuple[str, http.client.HTTPMessage]:
        if method == "POST":
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        self.line.request(
            method, path, form.encode() or None, {k.replace("_", "-"): v for k, v in headers.items()}
        )
        answer = self.line.getresponse()
        body = answer.read().decode(errors="replace")
        assert answer.status in expected, (method, path[:80], answer.status, body[:300])
        return body, answer.headers

    def one(self, at: int) -> None:
        """The request number `at`. What a page is made for costs the most, so of that there are fewer."""
        name = f"{self.number}x{at}"
        good = {"Cookie": self.cookie, "X_Forwarded_For": f"198.51.{at % 250}.{at // 250 % 250}"}
        match at % 20:
            case 0 | 1 as which:
                email = EMAIL if which else f"{name}@test.example"
                form = urlencode({"csrf_token": self.token, "email": email, "password": WRONG})
                self.ask("POST", "/connexion", form, (429,), **good)
            case 2:
                form = urlencode({"csrf_token": self.token, "email": f"{name}@test.example"})
                self.ask("POST", "/connexion/oubli", form, (303, 429), **good)
            case 3:
                self.ask("GET", f"/connexion/oubli/{name * 4}", expected=(404,))
            case 4 | 5:
                self.ask("POST", "/connexion", f"email={name}&password=b", (400,))
            case 6 | 7:
                broken = {"Content_Type": "multipart/form-data; boundary=x"}
                self.ask("POST", "/connexion", f"--x\r\nbroken {name}", (400,), **broken)
            case 8:
                self.ask("GET", f"/inconnu/{name}", expected=(404,))
            case 9 | 10 | 11 | 12 | 13:
                self.ask("GET", f"/api/v1/inconnu/{name}", expected=(404,), Cookie=f"openlab={name}")
            case _:
                self.nonsense(name)

    def nonsense(self, name: str) -> None:
        """What is no request at all."""
        with socket.create_connection(("127.0.0.1", self.port), 60) as line:
            line.sendall(f"GET /{name} HTTP/1.1\r\nHost : two\r\n{name}\r\n\r\n".encode())
            assert line.recv(100).startswith(b"HTTP/1.1 400")


def flood(server: LiveServer, requests: int, lines: int = 4) -> None:
    wrong: list[BaseException] = []

    def send(number: int) -> None:
        try:
            one = Flood(server, number)
            for at in range(requests // lines):
                one.one(at)
            one.line.close()
        except BaseException as error:  # said by the test's own thread
            wrong.append(error)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(lines)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise wrong[0]


def test_ten_thousand_bad_requests_leave_the_server_as_it_was(server: LiveServer, settings: Settings) -> None:
    """Shows 6. The first thousand fill what is bounded (templates, pools, counters); the others add nothing."""
    flood(server, 1_000)
    before = standing(server)
    flood(server, 9_000)
    after = standing(server)
    assert after["Threads"] <= before["Threads"] + 2, (before, after)
    assert after["files"] <= before["files"] + 8, (before, after)
    # A tenth of a kilobyte for each request would be a megabyte; what the allocator keeps at hand goes up and down by some.
    assert after["VmRSS"] <= before["VmRSS"] + 12_000, (before, after)
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    line.request("GET", "/healthz")
    assert line.getresponse().status == 200
    create_app(settings)
    with (
        reading()
    ):  # of all these names none is kept: one row for the neighbourhood, one for its asking for links
        assert session().scalar(sa.select(sa.func.count()).select_from(SignInFailure)) == 2
    database().engine.dispose()
