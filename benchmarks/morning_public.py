"""The public of a morning, as a process of its own: `morning_public.py PORTS SECONDS READS_A_MINUTE ARTICLES`.

Reads are begun when they are due, whether or not those before have been answered (a slow server gets no rest by being
slow), and timed from that moment. Most read an article; the others the home page, a list, a search. Each hundredth likes
the article, each two hundredth comments on it. Everybody comes from an address of their own, told by `X-Forwarded-For` as a
proxy would. Prints {kind: {"count", "failed", "p50_ms", "p95_ms", "p99_ms"}} and the share of a processor that it took.
"""

from __future__ import annotations

import http.client
import json
import random
import re
import sys
import threading
import time
import urllib.parse
from collections import defaultdict
from dataclasses import dataclass
from queue import SimpleQueue

from publish.sheets import SOONEST_SECONDS

# Requests on the way at once, at most; a browser opens six, and nobody waits for another's.
HANDS = 24
PATIENCE = 15.0
WORDS = ("carte grise", "permis", "naissance", "déménager", "bourse", "emploi")
_HIDDEN = re.compile(r'<input[^>]*type="hidden"[^>]*>')
_NAME, _VALUE = re.compile(r'name="([^"]*)"'), re.compile(r'value="([^"]*)"')


@dataclass(frozen=True)
class Visit:
    """What somebody comes for, and when (seconds from the beginning)."""

    at: float
    kind: str
    path: str
    person: int


def visits(seconds: float, a_minute: float, articles: list[str], chance: random.Random) -> list[Visit]:
    """The morning, minute by minute: the same for the same dice."""
    found = []
    for person in range(round(seconds * a_minute / 60)):
        article = f"/fiches/{chance.choice(articles)}"
        kind, path = chance.choices(
            [
                ("article", article),
                ("home", "/"),
                ("list", chance.choice(["/demarches", "/administrations", "/souhaits"])),
                ("search", "/recherche?q=" + urllib.parse.quote(chance.choice(WORDS))),
                ("like", f"{article}/aimer"),
                ("comment", f"{article}/commentaires"),
            ],
            weights=[70, 10, 8.5, 10, 1, 0.5],
        )[0]
        found.append(Visit(chance.uniform(0, seconds), kind, path, person))
    return sorted(found, key=lambda visit: visit.at)


class Hand(threading.Thread):
    """One connection to each process, kept open; takes visits as they are due."""

    def __init__(self, ports: list[int], due: SimpleQueue[tuple[Visit, float] | None]) -> None:
        super().__init__(daemon=True)
        self.ports, self.due = ports, due
        self.lines = {port: http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE) for port in ports}
        self.waits: list[tuple[str, float]] = []
        self.failed: list[str] = []

    def run(self) -> None:
        while (taken := self.due.get()) is not None:
            visit, at = taken
            try:
                waited = self._go(visit, at)
            except (OSError, http.client.HTTPException, ValueError, LookupError):
                self.failed.append(visit.kind)
                for line in self.lines.values():
                    line.close()
            else:
                self.waits.append((visit.kind, waited))

    def _go(self, visit: Visit, at: float) -> float:
        match visit.kind:
            case "like":
                status, location, _body = self._ask("POST", visit, visit.path)
                if status == 307:
                    status, location, _body = self._ask("POST", visit, location)
                _expect(status, 303)
            case "comment":
                return self._comment(visit)
            case _:
                _expect(self._ask("GET", visit, visit.path)[0], 200)
        return time.perf_counter() - at

    def _comment(self, visit: Visit) -> float:
        """The form is read, words are found for a while, and what is timed is the sending of them."""
        status, _location, body = self._ask("GET", visit, visit.path)
        _expect(status, 200)
        typed = {"nom": "Léa", "texte": f"Il manque le prix, dit la personne {visit.person}."}
        form = _fields(body.decode(), visit.path) | typed
        time.sleep(SOONEST_SECONDS + 1)
        at = time.perf_counter()
        status, location, _body = self._ask("POST", visit, visit.path, form)
        if status == 307:
            status, _location, _body = self._ask("POST", visit, location, form)
        _expect(status, 303)
        return time.perf_counter() - at

    def _ask(
        self, method: str, visit: Visit, path: str, form: dict[str, str] | None = None
    ) -> tuple[int, str, bytes]:
        line = self.lines[self.ports[visit.person % len(self.ports)]]
        headers = {
            "X-Forwarded-For": address_of(visit.person),
            "Accept-Encoding": "gzip",
            "Accept": "text/html",
        }
        body = None
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urllib.parse.urlencode(form or {})
        if form is not None or visit.kind == "comment":
            del headers["Accept-Encoding"]
        line.request(method, path, body, headers)
        answer = line.getresponse()
        data = answer.read()
        location = urllib.parse.urlsplit(answer.getheader("Location") or "")
        return answer.status, urllib.parse.urlunsplit(("", "", location.path, location.query, "")), data


def address_of(person: int) -> str:
    """Of the range that documents may use for tests of networks (RFC 2544)."""
    return f"198.{18 + (person >> 16) % 2}.{person >> 8 & 255}.{person & 255}"


def _expect(status: int, wanted: int) -> None:
    if status != wanted:
        raise ValueError(f"{status} where {wanted} was to come")


def _fields(page: str, action: str) -> dict[str, str]:
    """The hidden fields of the form that is sent to `action`."""
    form = re.split(rf'action="{re.escape(action)}(?:#[^"]*)?"', page)[1].partition("</form>")[0]
    found = {}
    for field in _HIDDEN.findall(form):
        name, value = _NAME.search(field), _VALUE.search(field)
        if name:
            found[name.group(1)] = value.group(1) if value else ""
    return found


def told(waits: list[tuple[str, float]], failed: list[str]) -> dict[str, dict[str, float]]:
    """Per kind: how many, how many failed, and how long they took."""
    by_kind: dict[str, list[float]] = defaultdict(list)
    for kind, waited in waits:
        by_kind[kind].append(waited)
    found = {}
    for kind in sorted(by_kind.keys() | set(failed)):
        times = sorted(by_kind[kind]) or [0.0]
        found[kind] = {"count": len(by_kind[kind]), "failed": failed.count(kind)} | {
            name: round(times[min(int(len(times) * share), len(times) - 1)] * 1000, 1)
            for name, share in (("p50_ms", 0.5), ("p95_ms", 0.95), ("p99_ms", 0.99))
        }
    return found


def main() -> None:
    ports = [int(port) for port in sys.argv[1].split(",")]
    seconds, a_minute, articles = float(sys.argv[2]), float(sys.argv[3]), sys.argv[4].split(",")
    due: SimpleQueue[tuple[Visit, float] | None] = SimpleQueue()
    hands = [Hand(ports, due) for _ in range(HANDS)]
    for hand in hands:
        hand.start()
    begin, own = time.perf_counter(), time.process_time()
    for visit in visits(seconds, a_minute, articles, random.Random(a_minute)):  # nosec B311 # dice of the bench
        time.sleep(max(0.0, begin + visit.at - time.perf_counter()))
        due.put((visit, begin + visit.at))
    for _ in hands:
        due.put(None)
    for hand in hands:
        hand.join(PATIENCE * 2)
    took = time.perf_counter() - begin
    kinds = told(
        [wait for hand in hands for wait in hand.waits], [kind for hand in hands for kind in hand.failed]
    )
    print(
        json.dumps({"kinds": kinds, "processor_percent": round(100 * (time.process_time() - own) / took, 1)})
    )


if __name__ == "__main__":
    main()
