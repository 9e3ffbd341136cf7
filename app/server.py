"""One process that serves everything: pages, sockets, and the child worker it keeps alive."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import logging
import resource
import signal
import socket
import subprocess
import sys
from typing import Any

import gevent
from flask import Flask
from gevent.pywsgi import WSGIServer

from app import logs, metrics, schema_versions, watch
from app.handler import Handler
from config import ROOT, Settings
from publish import reads
from realtime import gateway

log = logging.getLogger(__name__)
# From SIGTERM to the exit, at most: strokes that were taken in are on the disk well before.
GRACE_SECONDS = 6
# Twice the sockets a process takes (realtime.limits), and pages, files and databases beside them.
OPEN_FILES = 16384
# Connections taken in one turn of the loop: some 8 ms of it.
ACCEPTED_AT_ONCE = 4
# From malloc.h.
M_MMAP_THRESHOLD = -3
DEMO_PASSWORD = "openlab-demo-2026"  # nosec B105 # printed in the guide; refuse_exposed_demonstration keeps it on loopback


def serve(app: Flask, settings: Settings, *, demo: bool) -> int:
    """Migrate, fill an empty demonstration, listen. Returns the exit status."""
    schema_versions.upgrade(settings.database_url)
    seeded = demo and settings.is_loopback and settings.demo is not False and _seed_when_empty(app)
    _raise_open_files()
    _give_memory_back()
    listener = _listen(settings)
    if listener is None:
        print(f"Port {settings.port} is taken on {settings.host}. Set PORT to another one.", file=sys.stderr)
        return 1
    if not sys.stderr.isatty():
        gevent.get_hub().print_exception = logs.uncaught_in_greenlet
    worker = Worker(settings)
    metrics.gauge("openlab_worker_up", lambda: float(worker.is_alive))
    gateway.start(app)
    watch.start()
    server = WSGIServer(listener, app, log=None, error_log=log, handler_class=Handler)
    # Each connection that is taken brings a request of a millisecond or two, and a tick on PostgreSQL needs several turns
    # of the loop: with gevent's hundred at a turn, 500 handshakes at once kept those who type waiting for a second.
    server.max_accept = ACCEPTED_AT_ONCE
    stop = gevent.event.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, stop.set)
    server.start()
    worker.start()
    gevent.spawn(_write_reads)
    _say(settings, seeded)
    spare_the_collector()
    stop.wait()
    # No new connection, then the strokes in hand to the disk, then the sockets, then the worker.
    server.close()
    with contextlib.suppress(gevent.Timeout), gevent.Timeout(GRACE_SECONDS):
        gateway.drain()
    server.stop(timeout=1)
    reads.write()
    worker.stop()
    return 0


def _write_reads() -> None:
    while True:
        gevent.sleep(reads.WRITE_EVERY_SECONDS)
        try:
            reads.write()
        except Exception:
            log.exception("reads could not be written down")


def _give_memory_back() -> None:
    """Blocks of more than 128 kB go back to the system when they are freed.

    glibc moves that bound up to the largest block it has seen freed, so a text or a paste lies among small objects
    and holds their pages: sixty pastes of 200 kB left a process 50 MB larger. Other C libraries have no such call.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").mallopt(M_MMAP_THRESHOLD, 128 * 1024)


def spare_the_collector() -> None:
    """What was loaded at the start stays for good: looking through it again and again took 2 % of a busy process.

    Strokes and messages hold no circles, so the collector may look for some later than after 700 new objects.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _listen(settings: Settings) -> Any:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listener = gevent.socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # pywsgi answers in two sends; with Nagle's algorithm the second waits 44 ms for an acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind((settings.host, settings.port))
        listener.listen(1024)
    except OSError:
        return None
    return listener


def _raise_open_files() -> None:
    """Each person at a table is an open file, and the usual limit is 1,024: up to what the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _seed_when_empty(app: Flask) -> bool:
    from app import seed

    return seed.when_empty(app)


class Worker:
    """The child that works off the outbox, due rows, mails and checkpoints; started again when it dies."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.process: subprocess.Popen[bytes] | None = None
        self.stopping = False

    def start(self) -> None:
        gevent.spawn(self._keep_alive)

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def _keep_alive(self) -> None:
        while not self.stopping:
            # It leaves when its standard input closes, so a parent that is killed leaves no orphan.
            self.process = subprocess.Popen(  # nosec B603 # this Python, a module of ours, no word of anybody
                [sys.executable, "-m", "app.worker"], cwd=ROOT, stdin=subprocess.PIPE
            )
            status = self.process.wait()
            if not self.stopping:
                metrics.counts.worker_restarts += 1
                log.error("the worker ended with status %s; starting it again", status)
                gevent.sleep(1)

    def stop(self) -> None:
        self.stopping = True
        if self.process is not None and self.process.poll() is None:
            assert self.process.stdin is not None
            self.process.stdin.close()
            try:
                self.process.wait(timeout=1)
            except subprocess.TimeoutExpired:
                self.process.kill()


def _say(settings: Settings, seeded: bool) -> None:
    """One screen: where to go, and with which accounts."""
    from app import seed

    lines = ["", f"  Open Lab is running on {settings.public_url}", ""]
    if seed.is_demonstration():
        lines += [
            "  Demonstration content" + (" was made just now." if seeded else "."),
            f"  Sign in at {settings.public_url}/connexion with the password {DEMO_PASSWORD}",
            "",
            "    agent@province-sud.example      writes in the running lab",
            "    agent@province-nord.example     writes in the running lab",
            "    animateur@dinum.example         leads the lab",
            "    referent@province-sud.example   signs for Province Sud",
            "    referent@province-nord.example  signs for Province Nord",
            "    editeur@dinum.example           publishes",
            "    admin@dinum.example             administers",
            "",
            "  All accounts: README.md. Stop with Ctrl-C.",
        ]
    print("\n".join(lines), flush=True)
