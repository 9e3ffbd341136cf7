"""An instance refuses to start on what would leave a door open."""

from __future__ import annotations

import secrets
import stat
from pathlib import Path

import pytest

from config import Settings, SettingsError

GOOD = secrets.token_hex(32)


@pytest.mark.parametrize(
    "key",
    [
        "x", "court", "a" * 64, "ab" * 32, "changeme" * 8, "password" * 8, "secret" * 10,
        "please-change-this-key-before-you-go-live-42", "django-insecure-3k4j5h6k7j8h9g0f1d2s3a4q5w6e",
        "my-super-secret-key-that-nobody-will-guess", "openlab-production-key-2026-0123456789ab",
        "c-h-a-n-g-e-m-e-0123456789-0123456789-01",
    ],
)  # fmt: skip
def test_a_weak_key_is_refused(tmp_path: Path, key: str) -> None:
    """CVE of a cookie key that stood in a guide: whoever knows it signs in as anybody."""
    outside = {"PUBLIC_URL": "https://portail.example", "HOST": "0.0.0.0"}
    with pytest.raises(SettingsError, match="SECRET_KEY"):
        Settings.from_env({**outside, "SECRET_KEY": key}, data_dir=tmp_path)
    assert Settings.from_env({**outside, "SECRET_KEY": GOOD}, data_dir=tmp_path).secret_key == GOOD


def test_on_loopback_a_key_has_to_be_more_than_a_word(tmp_path: Path) -> None:
    for key in ("court", "a" * 64, "changeme" * 8, "secret-password-openlab-changeme-12"):
        with pytest.raises(SettingsError, match="SECRET_KEY"):
            Settings.from_env({"SECRET_KEY": key}, data_dir=tmp_path)
    key = "a-key-for-trying-things-out-that-is-no-secret-at-all"
    assert Settings.from_env({"SECRET_KEY": key}, data_dir=tmp_path).secret_key == key


def test_no_random_key_is_refused(tmp_path: Path) -> None:
    for _time in range(200):
        for key in (secrets.token_hex(32), secrets.token_urlsafe(32)):
            assert Settings.from_env({"SECRET_KEY": key}, data_dir=tmp_path).secret_key == key


def test_off_loopback_a_key_has_to_be_given(tmp_path: Path) -> None:
    outside = {"PUBLIC_URL": "https://portail.example", "HOST": "0.0.0.0"}
    with pytest.raises(SettingsError, match="SECRET_KEY is required"):
        Settings.from_env(outside, data_dir=tmp_path)
    assert Settings.from_env({**outside, "SECRET_KEY": GOOD}, data_dir=tmp_path).is_https


def test_the_demonstrations_key_is_its_own_and_read_by_nobody_else(tmp_path: Path) -> None:
    first = Settings.from_env({}, data_dir=tmp_path / "one").secret_key
    again = Settings.from_env({}, data_dir=tmp_path / "one").secret_key
    other = Settings.from_env({}, data_dir=tmp_path / "two").secret_key
    assert first == again != other and len(first) == 64
    assert stat.S_IMODE((tmp_path / "one" / "secret_key").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "url", ["http://portail.example", "http://10.0.0.5:8000", "ftp://portail.example", "portail.example"]
)
def test_a_public_address_that_would_send_cookies_in_the_clear_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match="PUBLIC_URL"):
        Settings.from_env({"PUBLIC_URL": url, "SECRET_KEY": GOOD}, data_dir=tmp_path)


@pytest.mark.parametrize("origin", ["*", "null", "https://", "portail.example"])
def test_an_origin_is_named_or_refused(tmp_path: Path, origin: str) -> None:
    good = Settings.from_env({"ALLOWED_ORIGINS": "https://autre.example"}, data_dir=tmp_path)
    assert "https://autre.example" in good.origins
    with pytest.raises(SettingsError, match="ALLOWED_ORIGINS"):
        Settings.from_env({"ALLOWED_ORIGINS": origin}, data_dir=tmp_path)


def test_nobodys_proxy_is_trusted_by_itself(tmp_path: Path) -> None:
    assert Settings.from_env({}, data_dir=tmp_path).trusted_proxies == 0
