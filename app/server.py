"""One process that serves everything: pages, sockets, and the child worker it keeps alive."""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
import subprocess
import sys
from typing import Any

import gevent
from flask import Flask
from gevent.pywsgi import WSGIServer

from app import schema_versions
from config import ROOT, Settings
from realtime import gateway

log = logging.getLogger(__name__)
# From SIGTERM to the exit, at most: strokes that were taken in are on the disk well before.
GRACE_SECONDS = 8
DEMO_PASSWORD = "openlab-demo-2026"


def serve(app: Flask, settings: Settings, *, demo: bool) -> int:
    """Migrate, fill an empty demonstration, listen. Returns the exit status."""
    schema_versions.upgrade(settings.database_url)
    seeded = demo and settings.is_loopback and settings.demo is not False and _seed_when_empty(app)
    listener = _listen(settings)
    if listener is None:
        print(f"Port {settings.port} is taken on {settings.host}. Set PORT to another one.", file=sys.stderr)
        return 1
    worker = Worker(settings)
    gateway.start(app)
    server = WSGIServer(listener, app, log=None, error_log=log)
    stop = gevent.event.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, stop.set)
    server.start()
    worker.start()
    _say(settings, seeded)
    stop.wait()
    # No new connection, then the strokes in hand to the disk, then the sockets, then the worker.
    server.close()
    with contextlib.suppress(gevent.Timeout), gevent.Timeout(GRACE_SECONDS):
        gateway.drain()
    server.stop(timeout=1)
    worker.stop()
    return 0


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

    def _keep_alive(self) -> None:
        while not self.stopping:
            # It leaves when its standard input closes, so a parent that is killed leaves no orphan.
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app.worker"], cwd=ROOT, stdin=subprocess.PIPE
            )
            status = self.process.wait()
            if not self.stopping:
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
