"""/metrics and the details of /readyz: for the machine itself, or with the token; also when the database is away."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from app import metrics
from app.db import database
from app.errors import Unavailable
from app.factory import create_app
from config import Settings, SettingsError

TOKEN = "un-jeton-de-mesure"
STRANGER = "203.0.113.9"


def asked(app: Flask, path: str, remote: str = "127.0.0.1", **headers: str) -> Any:
    return app.test_client(use_cookies=False).get(
        path,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        environ_overrides={"REMOTE_ADDR": remote},
    )


def opened(app: Flask, remote: str = "127.0.0.1", **headers: str) -> bool:
    """Whether both addresses open; they have one rule."""
    scrape, ready = (asked(app, path, remote, **headers) for path in ("/metrics", "/readyz"))
    assert scrape.status_code in (200, 404) and ready.status_code == 200
    assert ("checks" in ready.json) is (scrape.status_code == 200)
    assert (b"openlab_" in scrape.data) is (scrape.status_code == 200)
    return bool(scrape.status_code == 200)


def test_the_machine_itself_may_look(app: Flask) -> None:
    app.testing = False
    assert opened(app) and opened(app, "::1") and opened(app, Host="127.0.0.1:8000")
    assert not opened(app, STRANGER)
    assert not opened(app, "", Host="localhost")


@pytest.mark.parametrize("trusted", [0, 1])
def test_what_a_proxy_of_this_machine_passes_on_is_not_the_machine(settings: Settings, trusted: int) -> None:
    app = create_app(dataclasses.replace(settings, trusted_proxies=trusted))
    assert opened(app)
    for name in ("X_Forwarded_For", "X_Real_IP", "X_Forwarded_Host", "Forwarded", "Via"):
        assert not opened(app, **{name: STRANGER}), name
    # Whoever writes the header themselves is still a stranger: the proxy adds the real address after it.
    assert not opened(app, X_Forwarded_For=f"127.0.0.1, {STRANGER}")
    assert not opened(app, X_Forwarded_For="127.0.0.1")
    # The name of a page of elsewhere, made to point here.
    assert not opened(app, Host="mechant.example")


@pytest.mark.parametrize("trusted", [0, 1])
def test_the_token_opens_from_anywhere(settings: Settings, trusted: int) -> None:
    app = create_app(dataclasses.replace(settings, metrics_token=TOKEN, trusted_proxies=trusted))
    for remote, headers in ((STRANGER, {}), ("127.0.0.1", {"X_Forwarded_For": STRANGER})):
        assert opened(app, remote, Authorization=f"Bearer {TOKEN}", **headers)
        for wrong in (
            "",
            "Bearer ",
            "Bearer autre",
            TOKEN,
            f"Basic {TOKEN}",
            f"Bearer {TOKEN}é",
            "Bearer None",
        ):
            assert not opened(app, remote, Authorization=wrong, **headers), wrong


def test_no_token_means_that_none_opens(app: Flask) -> None:
    app.testing = False
    for guess in ("Bearer ", "Bearer", "Bearer None"):
        assert not opened(app, STRANGER, Authorization=guess)


@pytest.mark.parametrize("weak", ["court", "é" * 20, "un jeton de mesure"])
def test_a_token_that_opens_too_easily_is_refused_at_the_start(weak: str) -> None:
    with pytest.raises(SettingsError, match="METRICS_TOKEN"):
        Settings.from_env({"METRICS_TOKEN": weak})


def test_what_is_scraped_can_be_read_and_names_no_path(app: Flask) -> None:
    asked(app, "/invitation/zanzibarquetzal")
    asked(app, "/healthz")
    families = {
        family.name: family
        for family in text_string_to_metric_families(asked(app, "/metrics").get_data(as_text=True))
    }
    routes = {sample.labels["route"] for sample in families["openlab_http_requests"].samples}
    assert {"(none)", "/healthz"} <= routes and not [route for route in routes if "zanzibar" in route]
    buckets = [
        sample.value
        for sample in families["openlab_http_request_seconds"].samples
        if sample.name.endswith("_bucket") and sample.labels["route"] == "/healthz"
    ]
    assert buckets == sorted(buckets) and buckets[-1] >= 1


def test_an_answer_is_counted_once(app: Flask) -> None:
    before = metrics.counts.http.get(("/themes/<slug>", 404), 0)
    asked(app, "/themes/nulle-part")
    assert metrics.counts.http["/themes/<slug>", 404] == before + 1


def test_without_the_database_the_numbers_still_come(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(**_options: object) -> Any:
        raise Unavailable("no database")

    monkeypatch.setattr(database(), "open_session", gone)
    scrape, ready = asked(app, "/metrics"), asked(app, "/readyz")
    assert scrape.status_code == 200 and b"openlab_strokes_total" in scrape.data
    assert ready.status_code == 503
    assert ready.json["checks"] == {"database": "failing", "log": "failing", "disk": "ok"}
    assert asked(app, "/readyz", STRANGER).json == {"ready": False}


def test_the_details_tell_of_the_worker_and_of_redis(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_gauges", {})
    assert asked(app, "/readyz").json["around"] == {}
    metrics.gauge("openlab_worker_up", lambda: 0.0)
    metrics.gauge("openlab_redis_up", lambda: 1.0)
    answer = asked(app, "/readyz")
    # Pages and saving go on without a worker: the instance stays in, and says what is wrong.
    assert answer.status_code == 200 and answer.json["around"] == {"worker": "failing", "redis": "ok"}


def test_a_gauge_that_fails_leaves_the_others(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_gauges", {})
    metrics.gauge("openlab_rooms", lambda: 1 / 0)
    metrics.gauge("openlab_seats", lambda: 3)
    text = asked(app, "/metrics").get_data(as_text=True)
    assert "openlab_seats 3.0" in text and "openlab_rooms" not in text
    with pytest.raises(LookupError):
        metrics.gauge("openlab_unknown", lambda: 1)
