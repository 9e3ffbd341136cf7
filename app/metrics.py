"""What this process counts of itself, in the text format of Prometheus. Meanings and alerts: docs/metrics.md.

The hot path adds to plain numbers (`counts.strokes += 1`, tens of nanoseconds); prometheus_client only meets them
when somebody scrapes. All counting happens on the loop's own thread: a native thread must hand its number back.
Nothing here knows a person, a draft or an address: labels are codes, templates of routes and statuses.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

log = logging.getLogger(__name__)
CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
# The loop's budget (docs/architecture.md): whoever holds it longer makes everybody's letters late.
LOOP_BUDGET_SECONDS = 0.02

# Counters without a label: a field of `counts` each.
COUNTERS = {
    "strokes": "Strokes that were committed to the log.",
    "ticks": "Commits of the live table: one may carry strokes of several rooms.",
    "readers_dropped": "Sockets closed because their client read too slowly.",
    "resyncs": "Clients told to start over from the state of the server.",
    "divergences": "Live documents that differed from a replay of their log, and were healed.",
    "loop_overruns": "Times the loop was held longer than its budget of 20 ms.",
    "worker_restarts": "Times the worker process ended by itself and was started again.",
}
# Measured at the scrape by whoever knows: see `gauge`.
GAUGES = {
    "openlab_rooms": "Documents that are open in memory.",
    "openlab_seats": "Seats at the tables of this process.",
    "openlab_halls": "Rooms of séances that somebody sits in here.",
    "openlab_in_halls": "Sockets that sit in them.",
    "openlab_sockets": "Signed-in sockets of this process.",
    "openlab_connections": "Connections that passed the door, whether or not they opened a socket.",
    "openlab_queue_packets": "Packets that wait for clients that read slowly.",
    "openlab_queue_bytes": "Bytes that wait for clients that read slowly.",
    "openlab_redis_up": "1 while Redis answers, 0 while it does not; absent without REDIS_URL.",
    "openlab_worker_up": "1 while the worker process of this server runs.",
    "openlab_database_up": "1 when the database answered within the last samples, else 0.",
    "openlab_outbox_waiting": "News in the outbox that is not delivered yet.",
    "openlab_jobs_overdue": "Rows with a due time that has passed and that are not done.",
    "openlab_jobs_failing": "Rows with a due time that failed at least once and are not done.",
    "openlab_mails_waiting": "Mails that are not sent yet.",
}
# From a quiet SQLite commit (a few ms with FULL) to the patience of a locked database (10 s).
_COMMIT_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0)
_STALL_BOUNDS = (0.005, 0.01, LOOP_BUDGET_SECONDS, 0.05, 0.1, 0.25, 1.0, 5.0)
_HTTP_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Histogram:
    """Seconds sorted into buckets whose upper bounds are given."""

    __slots__ = ("bounds", "counted", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counted = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        self.counted[bisect_left(self.bounds, seconds)] += 1
        self.total += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """(upper bound, how many at or below it), as Prometheus wants them."""
        found, so_far = [], 0
        for bound, number in zip((*map(str, self.bounds), "+Inf"), self.counted, strict=True):
            so_far += number
            found.append((bound, float(so_far)))
        return found


class Counts:
    """The numbers of this process since its start."""

    __slots__ = (
        "commits",
        "divergences",
        "http",
        "http_seconds",
        "loop_overruns",
        "readers_dropped",
        "refusals",
        "resyncs",
        "stall_longest",
        "stalls",
        "strokes",
        "ticks",
        "worker_restarts",
    )

    def __init__(self) -> None:
        self.strokes = self.ticks = self.readers_dropped = self.resyncs = self.divergences = 0
        self.loop_overruns = self.worker_restarts = 0
        self.refusals: dict[str, int] = {}
        self.commits = Histogram(_COMMIT_BOUNDS)
        self.stalls = Histogram(_STALL_BOUNDS)
        self.stall_longest = 0.0
        self.http: dict[tuple[str, int], int] = {}
        self.http_seconds: dict[str, Histogram] = {}

    def refused(self, code: str) -> None:
        """A stroke, a join or another event of the table was answered with this code of the protocol."""
        code = str(code)
        self.refusals[code] = self.refusals.get(code, 0) + 1
        if code == "resync":
            self.resyncs += 1


counts = Counts()
_gauges: dict[str, Callable[[], float | None]] = {}


def commit_took(seconds: float) -> None:
    """One commit of the live table, from the transaction's begin to the disk."""
    counts.commits.add(seconds)


def stalled(seconds: float) -> None:
    """The loop woke a sleeper this much too late."""
    counts.stalls.add(seconds)
    if seconds > LOOP_BUDGET_SECONDS:
        counts.loop_overruns += 1
    if seconds > counts.stall_longest:
        counts.stall_longest = seconds


def answered(route: str, status: int, seconds: float | None) -> None:
    """A request was answered. `route` is the template, never the path; None seconds for what lasts by design."""
    key = (route, status)
    counts.http[key] = counts.http.get(key, 0) + 1
    if seconds is not None:
        if route not in counts.http_seconds:
            counts.http_seconds[route] = Histogram(_HTTP_BOUNDS)
        counts.http_seconds[route].add(seconds)


def gauge(name: str, measure: Callable[[], float | None]) -> None:
    """Have `measure` called at each scrape, on the loop: it must not wait. None leaves the line out."""
    if name not in GAUGES:
        raise LookupError(f"{name} is not in app.metrics.GAUGES, where its meaning is written")
    _gauges[name] = measure


def measured(name: str) -> float | None:
    """What a gauge says now; None when nobody measures it, or when the measuring failed."""
    try:
        return _gauges[name]() if name in _gauges else None
    except Exception:
        log.exception("%s could not be measured", name)
        return None


class _Ours:
    """Hands the plain numbers to prometheus_client."""

    def collect(self) -> Iterator[Metric]:
        for name, help in COUNTERS.items():
            yield CounterMetricFamily(f"openlab_{name}", help, value=getattr(counts, name))
        refusals = CounterMetricFamily(
            "openlab_refusals", "Events of the table that were refused, by code.", labels=["code"]
        )
        for code, number in sorted(counts.refusals.items()):
            refusals.add_metric([code], number)
        yield refusals
        yield _histogram(
            "openlab_commit_seconds", "How long a commit of the live table took.", counts.commits
        )
        yield from self._loop()
        yield from self._http()
        for name in sorted(_gauges):
            value = measured(name)
            if value is not None:
                yield GaugeMetricFamily(name, GAUGES[name], value=value)

    def _loop(self) -> Iterator[Metric]:
        yield _histogram(
            "openlab_loop_stall_seconds",
            "How late a sleeper was woken, twenty times a second.",
            counts.stalls,
        )
        longest, counts.stall_longest = counts.stall_longest, 0.0
        yield GaugeMetricFamily(
            "openlab_loop_stall_longest_seconds", "The longest stall since the scrape before.", value=longest
        )

    def _http(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "openlab_http_requests", "Answered requests.", labels=["route", "status"]
        )
        for (route, status), number in sorted(counts.http.items()):
            requests.add_metric([route, str(status)], number)
        yield requests
        seconds = HistogramMetricFamily(
            "openlab_http_request_seconds", "How long an answer took, until its last byte.", labels=["route"]
        )
        for route, taken in sorted(counts.http_seconds.items()):
            seconds.add_metric([route], buckets=taken.buckets(), sum_value=taken.total)
        yield seconds


def _histogram(name: str, help: str, taken: Histogram) -> Metric:
    return HistogramMetricFamily(name, help, buckets=taken.buckets(), sum_value=taken.total)


# A registry of our own: what a library registers globally is not exported by accident.
_registry = CollectorRegistry()
_registry.register(_Ours())
ProcessCollector(registry=_registry)


def exposition() -> bytes:
    """All metrics as text. Asks neither the database nor the network."""
    return generate_latest(_registry)
