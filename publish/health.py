"""/healthz: the process is up. /readyz: it can serve; details only for the machine itself or with the token."""

from __future__ import annotations

import hmac
import ipaddress
import logging
import os
import shutil
from collections.abc import Callable

import sqlalchemy as sa
from flask import Blueprint, Response, current_app, jsonify, request

from app.db import reading, session
from app.policy import Act
from app.web import guarded
from config import Settings
from drafts.models import DraftUpdate

log = logging.getLogger(__name__)
# Below this, SQLite cannot be sure of its next checkpoint: take the instance out before it fails in a commit.
LEAST_FREE_BYTES = 50 * 1024 * 1024


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


def _may_see_details(settings: Settings) -> bool:
    given = request.headers.get("Authorization", "")
    if settings.metrics_token and hmac.compare_digest(
        given.encode(), f"Bearer {settings.metrics_token}".encode()
    ):
        return True
    # A proxy nobody told us about would make everybody look like this machine.
    if request.headers.get("X-Forwarded-For") or request.headers.get("Forwarded"):
        return False
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def register(blueprint: Blueprint) -> None:
    @blueprint.get("/healthz")
    @guarded(Act.PORTAL_READ)
    def healthz() -> Response:
        return Response("ok\n", content_type="text/plain; charset=utf-8")

    @blueprint.get("/readyz")
    @guarded(Act.PORTAL_READ)
    def readyz() -> Response:
        settings: Settings = current_app.config["SETTINGS"]
        results: dict[str, str] = {}
        for name, check in CHECKS.items():
            try:
                check(settings)
                results[name] = "ok"
            except Exception:
                log.exception("not ready: %s", name)
                results[name] = "failing"
        ready = set(results.values()) == {"ok"}
        response = jsonify({"ready": ready, **({"checks": results} if _may_see_details(settings) else {})})
        response.status_code = 200 if ready else 503
        return response
