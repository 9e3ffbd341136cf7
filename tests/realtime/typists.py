"""People who type numbered words, keep what was not acknowledged, and send the same bytes again after a reconnect.

They know docs/protocol.md and nothing of the server. Half of them believe the acknowledgement of Socket.IO, half
number their strokes and believe `saved`. What must hold is then a matter of counting words: every acknowledged
one stands in the stored text exactly once, and so does, in the end, every other one.
"""

from __future__ import annotations

import itertools
import random
import re
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pycrdt
import socketio
import sqlalchemy as sa

from tests.scenes import Scene, token_for
from tests.table_client import NAMESPACE, TableClient, add_paragraph, words_of

PASSES = {"resync", "stale", "rate_limited", "unavailable"}
# After these the server has to say first what it has.
NEEDS_JOIN = {"resync", "stale"}
# A stroke without an answer for so long is sent again on a new seat, as the editor does.
SILENCE_SECONDS = 10.0
# A paragraph that has become this long is left for a new one.
PARAGRAPH_BYTES = 2000


@dataclass
class Typed:
    """One word on its way: its stroke, made once and never again."""

    word: str
    update: bytes
    sent_at: float = 0.0


class _Line(TableClient):
    """A socket that passes on what it hears."""

    def __init__(self, typist: Typist, url: str) -> None:
        self.typist = typist
        super().__init__(url, typist.token, typist.transports, ca=typist.ca)

    def _keeper(self, name: str) -> Any:
        keep = super()._keeper(name)

        def told(payload: dict[str, Any]) -> None:
            keep(payload)
            self.typist.told(self, name, payload)

        return told


class Typist:
    """A tab that types until it is told to stop; sockets come and go, the document and its client id stay."""

    def __init__(
        self, name: str, url: str, token: str, draft: int, *, numbered: bool, pause: float = 0.02
    ) -> None:
        self.name, self.url, self.token, self.draft = name, url, token, draft
        self.numbered, self.pause = numbered, pause
        self.transports: tuple[str, ...] = ("websocket",)
        # Over https: the file of the authority to trust.
        self.ca = ""
        self.typing = threading.Event()
        self.acknowledged: set[str] = set()
        self.waiting: dict[str, Typed] = {}
        # What went wrong for good: a final refusal, another life of the document, a lost right.
        self.failures: list[str] = []
        self.refusals: Counter[str] = Counter()
        self.sockets = self.joins = self.silences = 0
        # Called with each word at the moment its acknowledgement arrives.
        self.on_acknowledgement: Any = None
        self._line: _Line | None = None
        self._doc: pycrdt.Doc | None = None
        self._client_id: int | None = None
        self._history: str | None = None
        self._flying: dict[int, Typed] = {}
        self._numbers = itertools.count(1)
        self._words = itertools.count(1)
        self._sending = 0
        self._answered = False
        self._again: tuple[float, bool] | None = None
        self._lock, self._document_lock = threading.Lock(), threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._random = random.Random(name)

    def start(self) -> Typist:
        self.typing.set()
        self._thread.start()
        return self

    def end(self) -> None:
        self._over.set()
        self._thread.join(30)
        if self._line is not None:
            self._line.close()

    def words(self) -> list[str]:
        """Every word ever typed here."""
        with self._lock:
            return [*self.acknowledged, *self.waiting]

    def confirmed(self) -> set[str]:
        with self._lock:
            return set(self.acknowledged)

    def heard(self) -> set[str]:
        """The words of the others, as they stand in the document here."""
        with self._lock:
            line, mine = self._line, {*self.acknowledged, *self.waiting}
        return set(words_in(line.text())) - mine if line is not None else set()

    @property
    def seated(self) -> bool:
        """Whether it sits at the table and types: something was acknowledged on this socket."""
        return self._answered

    def text(self) -> str:
        return self._line.text() if self._line is not None else ""

    # --- the line ---------------------------------------------------------------------------------------------

    def _live(self) -> None:
        while not self._over.is_set() and not self.failures:
            try:
                self._sit_down()
                self._work()
            except (socketio.exceptions.SocketIOError, OSError):
                pass
            self._answered = False
            if self._line is not None:
                self._line.close()
            self._over.wait(0.05)

    def _sit_down(self) -> None:
        line = _Line(self, self.url)
        line.lock = self._document_lock  # the document goes from socket to socket, and its lock with it
        if self._doc is not None:
            with self._document_lock:
                line.doc = self._doc
                line.content = line.doc.get("content", type=pycrdt.XmlFragment)
        line.connect()
        self.sockets += 1
        self._line = line
        self._answered = False
        self._join()

    def _join(self) -> None:
        assert self._line is not None
        known = {"client_id": self._client_id, "history": self._history} if self._client_id else {}
        while True:
            answer = self._line.join(self.draft, **known)
            if answer["ok"]:
                break
            code = answer["error"]["code"]
            self.refusals[f"join {code}"] += 1
            if code not in PASSES:
                self.failures.append(f"join: {code}")
                raise ConnectionError(code)
            if self._over.wait(answer["error"].get("retry_after", 0.5)):
                raise ConnectionError("over")
        if self._history not in (None, answer["history"]):
            self.failures.append("the document began another life")
        self._doc, self._client_id = self._line.doc, answer["client_id"]
        self._history = answer["history"]
        self.joins += 1
        self._resend()

    def _work(self) -> None:
        assert self._line is not None
        while not self._over.is_set() and not self._line.gone.is_set() and not self.failures:
            again = self._again
            if again is not None:
                if time.monotonic() >= again[0]:
                    self._join() if again[1] else self._resend()
            elif self.typing.is_set() and len(self.waiting) < 200:
                self._type()
            self._look_at_clock()
            time.sleep(self.pause * self._random.uniform(0.5, 1.5))

    def _look_at_clock(self) -> None:
        with self._lock:
            oldest = next(iter(self.waiting.values()), None)
            if self._again is None and oldest and time.monotonic() - oldest.sent_at > SILENCE_SECONDS:
                self.silences += 1
                self._again = (0.0, True)

    # --- strokes ----------------------------------------------------------------------------------------------

    def _type(self) -> None:
        assert self._line is not None
        word = f"[{self.name}{next(self._words)}]"
        typed = Typed(word, self._line.stroke(lambda content: insert(content, word, self._random)))
        with self._lock:
            self.waiting[word] = typed
        self._send(typed)

    def _send(self, typed: Typed) -> None:
        assert self._line is not None
        typed.sent_at = time.monotonic()
        payload: dict[str, Any] = {"draft": self.draft, "update": typed.update}
        if self.numbered:
            n = next(self._numbers)
            with self._lock:
                self._flying[n] = typed
            self._line.say("update", {**payload, "n": n})
            return
        sending = self._sending

        def answered(answer: dict[str, Any]) -> None:
            if answer["ok"]:
                self._keep([typed])
            elif sending == self._sending:
                self._refused(answer["error"])

        self._line.socket.emit("update", payload, namespace=NAMESPACE, callback=answered)

    def _resend(self) -> None:
        """Everything that waits, in order. Answers to earlier sendings no longer hold anybody back."""
        with self._lock:
            self._sending += 1
            self._again = None
            self._flying.clear()
            waiting = list(self.waiting.values())
        for typed in waiting:
            self._send(typed)

    def told(self, line: _Line, name: str, payload: dict[str, Any]) -> None:
        if line is not self._line or payload.get("draft") != self.draft:
            return
        if name == "update" and self.numbered and self._client_id is not None:
            through = payload.get("saved", {}).get(str(self._client_id))
            if through is not None:
                with self._lock:
                    done = [self._flying.pop(n) for n in list(self._flying) if n <= through]
                self._keep(done)
        elif name == "refused":
            with self._lock:
                known = self._flying.pop(payload["n"], None)
            if known is not None:
                self._refused(payload["error"])
        elif name in ("reload", "access"):
            self.failures.append(f"{name}: {payload}")

    def _keep(self, done: Iterable[Typed]) -> None:
        for typed in done:
            self._answered = True
            with self._lock:
                self.waiting.pop(typed.word, None)
                self.acknowledged.add(typed.word)
            if self.on_acknowledgement is not None:
                self.on_acknowledgement(typed.word)

    def _refused(self, error: dict[str, Any]) -> None:
        code = error["code"]
        self.refusals[code] += 1
        if code not in PASSES:
            self.failures.append(code)
            return
        with self._lock:
            if self._again is None:
                wait = error.get("retry_after", 0.0 if code in NEEDS_JOIN else 1.0)
                self._again = (time.monotonic() + wait, code in NEEDS_JOIN)


def insert(content: pycrdt.XmlFragment, word: str, chance: random.Random) -> None:
    """Put a word between two others in the last paragraph, or begin the next paragraph with it."""
    paragraphs = [block for block in content.children if getattr(block, "tag", "") == "paragraph"]
    texts = list(paragraphs[-1].children) if paragraphs else []
    written = words_of(texts[0]).encode() if texts else b""
    if not texts or len(written) > PARAGRAPH_BYTES:
        add_paragraph(content, word)
        return
    # Counted in bytes, as pycrdt does; behind a word or at the end, so that no word is torn.
    places = [match.end() for match in re.finditer(rb"\]", written)]
    texts[0].insert(chance.choice([*places[-20:], len(written)]), word)


def words_in(text: str) -> list[str]:
    return re.findall(r"\[[a-z]+\d+\]", text)


def text_of_rows(updates: Iterable[bytes]) -> str:
    """The text of a log, by a reader that shares nothing with the service."""
    doc: pycrdt.Doc = pycrdt.Doc()
    content = doc.get("content", type=pycrdt.XmlFragment)
    for update in updates:
        doc.apply_update(update)
    return "\n".join(words_of(block) for block in content.children)


def stored_text(url: str, draft_id: int) -> str:
    """The draft's text by a fresh replay of the rows in the database at `url`."""
    query = sa.text("SELECT update_bytes FROM draft_update WHERE draft_id = :draft ORDER BY seq")
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return text_of_rows(bytes(row[0]) for row in connection.execute(query, {"draft": draft_id}))


def check_sqlite(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def four_tabs(scene: Scene, url: str, *, pause: float = 0.02) -> list[Typist]:
    """Three people in four tabs; two believe the acknowledgement, two believe `saved`."""
    people = (scene.ana, scene.ben, scene.ana, scene.facilitator)
    return [
        Typist(name, url, token_for(person), scene.draft_id, numbered=place % 2 == 1, pause=pause)
        for place, (name, person) in enumerate(zip("abcd", people, strict=True))
    ]


def until(condition: Any, seconds: float, what: str) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, what
        time.sleep(0.02)


def settle(typists: list[Typist], seconds: float = 40) -> None:
    """Stop typing, and wait until everything typed is acknowledged."""
    for typist in typists:
        typist.typing.clear()
    until(
        lambda: any(typist.failures for typist in typists) or not any(typist.waiting for typist in typists),
        seconds,
        f"never acknowledged: {[(t.name, len(t.waiting), t.refusals) for t in typists]}",
    )
    check_unharmed(typists)


def check_unharmed(typists: list[Typist]) -> None:
    assert [typist.failures for typist in typists] == [[] for _ in typists]


def check_stored(text: str, typists: list[Typist], *, at_least: set[str] | None = None) -> None:
    """Acknowledged words stand once, and nobody heard a word that is not there; no word at all stands twice."""
    stored = Counter(words_in(text))
    confirmed = set().union(*(typist.confirmed() for typist in typists)) if at_least is None else at_least
    lost = sorted(confirmed - set(stored))
    assert not lost, f"{len(lost)} of {len(confirmed)} acknowledged words are not stored: {lost[:10]}"
    doubled = {word: count for word, count in stored.items() if count > 1}
    assert not doubled, f"stored more than once: {doubled}"


def check_all_stored(text: str, typists: list[Typist]) -> None:
    """In the end every word ever typed stands exactly once, and no other."""
    check_stored(text, typists)
    typed = sorted(word for typist in typists for word in typist.words())
    assert sorted(words_in(text)) == typed


def same_text(typists: list[Typist]) -> str:
    """What everybody sees, once they see the same."""
    until(lambda: len({typist.text() for typist in typists}) == 1, 10, "the texts differ")
    return typists[0].text()
