"""Cookies: `__Host-`, Secure and HSTS where the portal is seen over https; plain on a loopback address; nowhere else at all."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app import access
from app.accounts import service as accounts
from app.db import database, unit_of_work
from app.factory import create_app
from app.policy import PortalRole
from config import ROOT, Settings, SettingsError
from tests import makers
from tests.clients import PageClient

HTTPS = "https://portail.example"
KEY = "0123456789abcdef" * 4


def settings_for(tmp_path: Path, **more: str) -> Settings:
    return Settings.from_env({"DATA_DIR": str(tmp_path), "SECRET_KEY": KEY, **more})


@pytest.fixture(params=["http", "https"])
def house(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Flask]:
    """The portal on a loopback address, and behind a proxy that speaks https."""
    if request.param == "https":
        settings = dataclasses.replace(settings, public_url=HTTPS, trusted_proxies=1)
    app = create_app(settings)
    app.testing = True
    yield app
    database().engine.dispose()


def base(app: Flask) -> str:
    return "https://portail.example" if app.config["SETTINGS"].is_https else "http://127.0.0.1:8000"


def test_every_cookie_of_the_house_follows_one_rule(house: Flask) -> None:
    with unit_of_work():
        place = makers.make_administration()
        person = accounts.create_person("e@test.example", "Éloïse", place, makers.PASSWORD)
        accounts.give_role(person, PortalRole.MODERATOR)
    client, here = PageClient(house), {"base_url": base(house), "headers": {"Referer": base(house)}}
    set_cookies = client.get("/connexion", **here).response.headers.getlist("Set-Cookie")
    form = client.page.form("/connexion").values  # type: ignore[union-attr]
    page = client.post("/connexion", {**form, "email": "e@test.example", "password": makers.PASSWORD}, **here)
    set_cookies += page.response.headers.getlist("Set-Cookie")
    page = client.get("/espace", **here)
    page = client.post("/deconnexion", page.form("/deconnexion").values, **here)
    set_cookies += page.response.headers.getlist("Set-Cookie")
    page = client.post(
        "/souhaits", {"titre": "Savoir où jeter ses piles", "besoin": "Je ne trouve pas."}, 307, **here
    )
    set_cookies += page.response.headers.getlist("Set-Cookie")
    secure = house.config["SETTINGS"].is_https
    wanted = {f"__Host-{name}" if secure else name for name in ("openlab", "openlab_form", "voix")}
    assert {line.split("=")[0] for line in set_cookies} == wanted
    for line in set_cookies:
        parts = {part.strip() for part in line.split(";")[1:]}
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= parts, line
        assert ("Secure" in parts) is secure and "Domain" not in line, line
    assert page.response.headers.get("Strict-Transport-Security") == ("max-age=63072000" if secure else None)


@pytest.mark.parametrize(
    "path", ["/healthz", "/", "/connexion", "/inconnu", "/static/mark.svg", "/socket.io/?EIO=4"]
)
def test_every_answer_says_to_come_back_over_https(house: Flask, path: str) -> None:
    answer = house.test_client().get(path, base_url=base(house))
    said = answer.headers.get("Strict-Transport-Security")
    assert said == (access.HSTS[1] if house.config["SETTINGS"].is_https else None)


def test_nobody_sets_a_cookie_beside_that_rule() -> None:
    places = {
        str(path.relative_to(ROOT))
        for room in ("app", "labs", "drafts", "realtime", "publish")
        for path in (ROOT / room).rglob("*.py")
        if re.search(r"set_cookie\(|REMEMBER_COOKIE|login_user\(", path.read_text(encoding="utf-8"))
    }
    # That of a provider's way in is looked at beside it (`test_oidc_accounts`).
    assert places == {"app/accounts/cookie.py", "app/oidc/routes.py", "publish/visitors.py"}, (
        "a new cookie goes by Settings.cookie_called, and into the test above"
    )


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"HOST": "::1"},
        {"HOST": "localhost", "PUBLIC_URL": "http://localhost:9000"},
        {"PUBLIC_URL": HTTPS},
        {"HOST": "0.0.0.0", "PUBLIC_URL": HTTPS},
    ],
)
def test_it_starts_on_https_and_on_loopback(tmp_path: Path, environ: dict[str, str]) -> None:
    settings = settings_for(tmp_path, **environ)
    assert settings.is_https is (environ.get("PUBLIC_URL") == HTTPS)


@pytest.mark.parametrize(
    "environ",
    [
        {"HOST": "0.0.0.0"},
        {"HOST": "192.168.1.9"},
        {"PUBLIC_URL": "http://portail.example"},
        {"PUBLIC_URL": "http://127.0.0.1.portail.example"},
        {"PUBLIC_URL": "http://192.168.1.9:8000"},
        # The page is made for loopback, and the socket is open to the street.
        {"HOST": "0.0.0.0", "PUBLIC_URL": "http://127.0.0.1:8000"},
        {"HOST": "::", "PUBLIC_URL": "http://localhost:8000"},
    ],
)
def test_any_other_http_refuses_to_start(tmp_path: Path, environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="cookies would be readable"):
        settings_for(tmp_path, **environ)


@pytest.mark.parametrize("key", ["short", "a" * 64, "abcabcab" * 8, "changeme"])
def test_a_key_that_can_be_guessed_refuses_to_start(tmp_path: Path, key: str) -> None:
    with pytest.raises(SettingsError, match="SECRET_KEY"):
        settings_for(tmp_path, SECRET_KEY=key)


def test_a_page_that_is_answered_before_wsgi_says_it_too() -> None:
    from app import handler

    assert handler._ALWAYS == b"Strict-Transport-Security: max-age=63072000\r\n"
