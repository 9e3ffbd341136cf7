"""Files that are made to harm, sent to a running server: each is answered in time, and nothing else comes of it.

The service and its worker are weighed (the child that reads is apart: it ends with its limits), a socket that the files name
waits for somebody to fetch from it, and the folders are listed before and after.
"""

from __future__ import annotations

import os
import re
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.db import database, reading, session, unit_of_work
from app.factory import create_app
from app.policy import Actor
from config import ROOT, Settings
from drafts import bringing
from drafts.brought_models import BroughtFile, BroughtPiece, BroughtState
from drafts.brought_reading import LONGEST, MEMORY, MODULE, SECONDS
from drafts.child import Child, ChildDied
from tests import makers
from tests.drafts.exchange.hostile_files import Hostile, hostile
from tests.drafts.exchange.packages import word
from tests.live_server import LiveServer
from tests.scenes import Scene, make_scene, token_for

pytestmark = pytest.mark.alone
MOST_GROWTH = 100 * 1024
# What lies in the folder of a running instance, and grows with it.
LIVES = re.compile(r".*\.sqlite3(-wal|-shm|-journal)?|server-\d+\.log|.*audit-heads.*|mail/.*")
BOUNDARY = "----fichier"
# Folders of the clone in which whatever else runs there (git, other tests, checks) may write meanwhile.
OTHERS_WRITE = frozenset(
    {".git", ".venv", "node_modules", "__pycache__", ".cache", ".make", ".hypothesis", ".pytest_cache", ".mypy_cache", ".ruff_cache", "data"}
)  # fmt: skip
# What is promised of each file, from the first byte to the answer. Most take a tenth of a second, and what is read whole one.
PROMISED = 5.0


class Listener:
    """A server that must hear nothing."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.calls = 0
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        while True:
            try:
                line, _who = self._socket.accept()
            except OSError:
                return
            self.calls += 1
            line.close()

    def close(self) -> None:
        self._socket.close()


def weight(process: int) -> int:
    """The most it has had in memory since `forget_peak`, in KiB."""
    status = Path(f"/proc/{process}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+)", status)
    assert found is not None
    return int(found[1])


def forget_peak(process: int) -> None:
    Path(f"/proc/{process}/clear_refs").write_text("5")


def children(process: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def command(process: int) -> str:
    return Path(f"/proc/{process}/cmdline").read_text().replace("\0", " ")


def files(folder: Path, *, but: frozenset[str] = frozenset()) -> set[str]:
    found = set()
    for at, folders, names in os.walk(folder):
        folders[:] = [one for one in folders if one not in but]
        found |= {os.path.relpath(os.path.join(at, name), folder) for name in names}
    return {name for name in found if not LIVES.fullmatch(name)}


@dataclass
class Service:
    """A running server, its worker, and people who send files to it."""

    live: LiveServer
    scene: Scene
    temporary: Path
    senders: list[Actor] = field(default_factory=list)
    drafts: list[int] = field(default_factory=list)

    @property
    def server(self) -> int:
        assert self.live.process is not None
        return self.live.process.pid

    @property
    def worker(self) -> int:
        return next(one for one in children(self.server) if "app.worker" in command(one))

    def address(self, sender: Actor) -> str:
        """Of the import into a draft: each half of the senders has its own, for a draft takes so many a day."""
        draft = self.drafts[self.senders.index(sender) % len(self.drafts)]
        return f"{self.live.url}/brouillons/{draft}/importer"

    def asked(self, sender: Actor, body: bytes = b"", **headers: str) -> tuple[int, str, str]:
        """Status, page, and where it led."""
        kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"} if body else {}
        request = urllib.request.Request(
            self.address(sender),
            body or None,
            {"Cookie": f"openlab={self.tokens(sender)}", **kind, **headers},
        )
        try:
            with _opener.open(request, timeout=60) as answer:
                return answer.status, answer.read().decode(), answer.headers.get("Location", "")
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode("utf-8", "replace"), error.headers.get("Location", "")

    _tokens: dict[int, str] = field(default_factory=dict)
    _forms: dict[int, tuple[str, str]] = field(default_factory=dict)

    def tokens(self, sender: Actor) -> str:
        if sender.id not in self._tokens:
            self._tokens[sender.id] = token_for(sender)
        return self._tokens[sender.id]

    def form(self, sender: Actor) -> tuple[str, str]:
        """(the cookie of the forms, the token that goes with it)"""
        if sender.id not in self._forms:
            request = urllib.request.Request(
                self.address(sender), headers={"Cookie": f"openlab={self.tokens(sender)}"}
            )
            with _opener.open(request, timeout=60) as answer:
                cookie = answer.headers["Set-Cookie"].partition(";")[0]
                found = re.search(r'name="csrf_token" value="([^"]+)"', answer.read().decode())
            assert found is not None
            self._forms[sender.id] = (cookie, found[1])
        return self._forms[sender.id]

    def send(self, sender: Actor, name: str, content: bytes) -> tuple[int, str, str]:
        cookie, token = self.form(sender)
        parts = (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token}\r\n'
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="fichier"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        body = parts.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()
        return self.asked(sender, body, Cookie=f"openlab={self.tokens(sender)}; {cookie}")

    def answer(self, sender: Actor, name: str, content: bytes) -> tuple[str, str, float]:
        """What became of a file, with which code, after how many seconds."""
        began = time.monotonic()
        status, page, location = self.send(sender, name, content)
        assert status == 303, page[-2000:]
        number = int(location.rpartition("/")[2])
        while True:
            with reading():
                state, code = (
                    session()
                    .execute(sa.select(BroughtFile.state, BroughtFile.code).where(BroughtFile.id == number))
                    .one()
                )
            took = time.monotonic() - began
            if state is not BroughtState.WAITING:
                return state, code, took
            assert took < SECONDS + 20, f"{name} is still waiting"
            time.sleep(0.05)


class _Stays(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_given: object) -> None:
        return None


_opener = urllib.request.build_opener(_Stays)


@pytest.fixture(scope="module")
def service(live_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    temporary = tmp_path_factory.mktemp("temporary")
    live = LiveServer(live_settings.data_dir, live_settings.database_url, TMPDIR=str(temporary)).start()
    create_app(live_settings)
    scene = make_scene()
    made = Service(live, scene, temporary)
    with unit_of_work():
        place = makers.make_administration("Bureau")
        made.senders = [makers.make_agent(place) for _number in range(8)]
        lab = session().get_one(makers.Lab, scene.lab_id)
        other = makers.make_draft(scene.ana, lab, place)
        made.drafts = [scene.draft_id, other.id]
        for sender in made.senders:
            makers.labs.add_member(
                scene.facilitator, lab, session().get_one(makers.Person, sender.id), makers.Right.WRITE
            )
    yield made
    database().engine.dispose()
    live.stop()


def test_what_is_made_to_harm_harms_nobody(service: Service) -> None:
    listener = Listener()
    service.answer(service.senders[0], "fiche.docx", word())
    before = weight_of_both(service)
    standing = (
        files(service.live.data_dir),
        files(service.temporary),
        files(ROOT, but=OTHERS_WRITE),
    )
    shares: list[list[Hostile]] = [[] for _sender in service.senders]
    for number, file in enumerate(hostile(listener.address)):
        shares[number % len(shares)].append(file)

    def send_all(sender: Actor, share: list[Hostile]) -> list[tuple[str, str, str, float]]:
        return [(file.what, *service.answer(sender, file.name, file.content)) for file in share]

    with ThreadPoolExecutor(len(shares)) as pool:
        answers = [one for found in pool.map(send_all, service.senders, shares) for one in found]
    codes = {file.what: file.codes for share in shares for file in share}
    wrong = [
        (what, state, code)
        for what, state, code, _took in answers
        if (expected := codes[what]) is not None and (state != BroughtState.REFUSED or code not in expected)
    ]
    assert not wrong
    assert len(answers) == len(codes) and max(took for *_which, took in answers) < SECONDS + 10
    after = weight_of_both(service)
    grown = {name: after[name] - before[name] for name in before}
    assert all(size < MOST_GROWTH for size in grown.values()), grown
    assert listener.calls == 0
    listener.close()
    assert standing == (
        files(service.live.data_dir),
        files(service.temporary),
        files(ROOT, but=OTHERS_WRITE),
    )
    # The service goes on, and nothing of what was refused is kept.
    assert service.asked(service.senders[0])[0] == 200
    with reading():
        kept = sa.select(BroughtFile.id).where(
            BroughtFile.state == BroughtState.REFUSED,
            BroughtFile.id.in_(sa.select(BroughtPiece.file_id)) | BroughtFile.title.is_distinct_from(""),
        )
        assert not session().scalars(kept).all()


def test_each_is_answered_within_seconds() -> None:
    reader = Child(seconds=SECONDS, memory=MEMORY, longest=LONGEST, module=MODULE)
    took = {}
    try:
        for file in hostile("http://127.0.0.1:9"):
            began = time.monotonic()
            try:
                reader.ask("read", {"name": file.name}, ([file.content],))
            except (ChildDied, ValueError):
                pass  # it ended at its limits, which is an answer too: the next one gets another child
            took[file.what] = time.monotonic() - began
    finally:
        reader.close()
    assert len(took) >= 50
    assert {what: seconds for what, seconds in took.items() if seconds >= PROMISED} == {}


def weight_of_both(service: Service) -> dict[str, int]:
    return {"server": weight(service.server), "worker": weight(service.worker)}


def test_the_largest_file_weighs_little(service: Service) -> None:
    """20 MB that nothing makes smaller, from two people at once."""
    large = word(more={"word/media/a.bin": os.urandom(bringing.LONGEST - 64 * 1024)})
    for process in (service.server, service.worker):
        forget_peak(process)
    before = weight_of_both(service)
    two = [
        threading.Thread(target=service.answer, args=(sender, "fiche.docx", large))
        for sender in service.senders[:2]
    ]
    for one in two:
        one.start()
    for one in two:
        one.join()
    after = weight_of_both(service)
    grown = {name: after[name] - before[name] for name in before}
    assert all(size < MOST_GROWTH for size in grown.values()), grown


def test_100_mb_are_refused_before_they_are_read(service: Service) -> None:
    forget_peak(service.server)
    before = weight(service.server)
    sender = service.senders[3]
    host, port = "127.0.0.1", service.live.port
    cookie = f"openlab={service.tokens(sender)}"
    head = (
        f"POST /brouillons/{service.scene.draft_id}/importer HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: {cookie}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {100 * 1024 * 1024}\r\n\r\n"
    )
    with socket.create_connection((host, port), timeout=20) as line:
        line.sendall(head.encode())
        said = line.recv(65_536).decode()
    assert said.startswith("HTTP/1.1 413"), said
    assert weight(service.server) - before < 5 * 1024
    assert "20 Mo" in service.send(sender, "a.docx", bytes(bringing.LONGEST + 1024))[1]
