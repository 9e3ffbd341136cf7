"""The sign-in cookie: its name, and who is behind it, for Flask and for the door in front of Engine.IO."""

from __future__ import annotations

from flask import Response
from werkzeug.http import parse_cookie

from app.accounts import service
from app.db import reading
from app.policy import ANONYMOUS, Actor
from config import Settings


def name(settings: Settings) -> str:
    return settings.cookie_called("openlab")


def set_on(response: Response, settings: Settings, opened: service.Opened) -> None:
    # On a shared computer the cookie ends with the browser window, whatever the row says.
    age = None if opened.actor.shared_computer else int(opened.lifetime.total_seconds())
    response.set_cookie(
        name(settings),
        opened.token,
        max_age=age,
        httponly=True,
        samesite="Lax",
        secure=settings.is_https,
        path="/",
    )


def clear_on(response: Response, settings: Settings) -> None:
    response.delete_cookie(name(settings), path="/", secure=settings.is_https, httponly=True, samesite="Lax")


def actor_behind(cookie_header: str, settings: Settings) -> Actor:
    """The actor whose cookie a raw request carries, without Flask."""
    token = parse_cookie(cookie_header).get(name(settings), "")
    if not token:
        return ANONYMOUS
    with reading():
        return service.actor_for_token(token)
