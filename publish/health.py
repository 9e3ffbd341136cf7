"""For those who look after an instance: /healthz (the process is up), /readyz (it can serve), /metrics.

None of them asks who is there: that would ask the database, which is what they are asked about. Details and
metrics are for the machine itself or with the token; to anybody else /metrics is not there.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
import os
import shutil
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import Blueprint, Response, current_app, jsonify, request

from app import metrics
from app.db import reading, session
from app.errors import Missing
from app.extensions import gettext as _
from app.policy import Act
from app.web import Guard
from config import Settings
from drafts.models import DraftUpdate

log = logging.getLogger(__name__)
# Below this, SQLite cannot be sure of its next checkpoint: take the instance out before it fails in a commit.
LEAST_FREE_BYTES = 50 * 1024 * 1024
# Any of these says that somebody else's request was passed on to us.
FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via")


def _database(_settings: Settings) -> None:
    with reading():
        session().execute(sa.select(1))


def _log(_settings: Settings) -> None:
    with reading():
        session().execute(sa.select(DraftUpdate.seq).limit(1)).first()


def _disk(settings: Settings) -> None:
    if not os.access(settings.data_dir, os.W_OK):
        raise OSError("the data folder is not writable")
    if shutil.disk_usage(settings.data_dir).free < LEAST_FREE_BYTES:
        raise OSError("the disk is nearly full")


CHECKS: dict[str, Callable[[Settings], None]] = {"database": _database, "log": _log, "disk": _disk}
# What pages and saving do without for a while: told in the details, and no reason to be taken out.
AROUND = {"worker": "openlab_worker_up", "redis": "openlab_redis_up"}


def _from_this_machine() -> bool:
    """Whether a program of this machine asks by itself. A proxy here, told of or not, passes on strangers."""
    if any(request.headers.get(name) for name in FORWARDED):
        return False
    # A page of elsewhere whose name was made to point here (DNS rebinding) still says its own name.
    return _is_loopback(request.remote_addr) and _is_loopback(urlsplit(f"//{request.host}").hostname)


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def failing(settings: Settings) -> list[str]:
    """The names of CHECKS and AROUND that do not hold now."""
    found = []
    for name, check in CHECKS.items():
        try:
            check(settings)
        except Exception as error:
            log.warning("not well: %s: %s", name, error)
            found.append(name)
    return found + [name for name, gauge in AROUND.items() if metrics.measured(gauge) == 0]


def _may_see_details(settings: Settings) -> bool:
    given, wanted = request.headers.get("Authorization", ""), f"Bearer {settings.metrics_token}"
    has_token = bool(settings.metrics_token) and hmac.compare_digest(given.encode(), wanted.encode())
    return has_token or _from_this_machine()


def for_anybody(view: Callable[[], Any]) -> Callable[[], Any]:
    """The guard of `app.web.guarded` without its reading: there may be no database to read."""
    view.guard = Guard(Act.PORTAL_READ, None)  # type: ignore[attr-defined]
    return view


def _details(settings: Settings, checks: dict[str, str]) -> dict[str, Any]:
    around = {
        name: "ok" if value else "failing"
        for name, value in ((name, metrics.measured(gauge)) for name, gauge in AROUND.items())
        if value is not None
    }
    try:
        free = shutil.disk_usage(settings.data_dir).free
    except OSError:
        free = None
    return {"checks": checks, "around": around, "free_bytes": free}


def register(blueprint: Blueprint) -> None:
    @blueprint.get("/healthz")
    @for_anybody
    def healthz() -> Response:
        return Response("ok\n", content_type="text/plain; charset=utf-8")

    @blueprint.get("/readyz")
    @for_anybody
    def readyz() -> Response:
        settings: Settings = current_app.config["SETTINGS"]
        results: dict[str, str] = {}
        for name, check in CHECKS.items():
            try:
                check(settings)
                results[name] = "ok"
            except Exception as error:
                log.warning("not ready: %s: %s", name, error)
                results[name] = "failing"
        ready = set(results.values()) == {"ok"}
        details = _details(settings, results) if _may_see_details(settings) else {}
        response = jsonify({"ready": ready, **details})
        response.status_code = 200 if ready else 503
        return response

    @blueprint.get("/metrics")
    @for_anybody
    def scrape() -> Response:
        if not _may_see_details(current_app.config["SETTINGS"]):
            raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
        return Response(metrics.exposition(), content_type=metrics.CONTENT_TYPE)
