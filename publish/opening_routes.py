"""/aller/<service>: sends people on to an online service, or says that it is out of order and whom to call."""

from __future__ import annotations

import logging

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from app.db import unit_of_work
from app.errors import Unavailable
from app.policy import Act
from app.web import guarded
from publish import addresses, openings, pages

log = logging.getLogger(__name__)
# A number is not worth somebody's time: who cannot be counted at once is sent on uncounted.
COUNTING_PATIENCE = 0.2
# What fetches a link before anybody has followed it says so in one of these.
FORETOLD = ("Sec-Purpose", "Purpose", "X-Moz")


def register(blueprint: Blueprint) -> None:
    @blueprint.get("/aller/<service>")
    @guarded(Act.PORTAL_READ)
    def open_service(service: str) -> BaseResponse:
        path = addresses.opening(service)
        found = openings.service_called(service)
        if found is None and (title := openings.withdrawn_title(service)) is not None:
            return pages.framed("service_withdrawn.html", path, status=410, title=title)
        if found is None:
            return pages.framed("not_found.html", path, status=404)
        if found.outage and not request.args.get("continuer"):
            return pages.framed("out_of_order.html", path, it=found)
        if request.method == "GET" and not any(
            "prefetch" in request.headers.get(one, "") for one in FORETOLD
        ):
            _count(service)
        assert found.href is not None
        # 302: browsers keep a 301, and the next openings would not be counted, nor the next address found.
        response = redirect(found.href, code=302)
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response


def _count(service: str) -> None:
    try:
        with unit_of_work(patience=COUNTING_PATIENCE):
            openings.note_opening(service)
    except Unavailable:
        log.warning("an opening of %s could not be counted", service)
