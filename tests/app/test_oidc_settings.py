"""Providers are told by the environment, and nonsense keeps the portal from starting."""

from __future__ import annotations

from typing import Any

import pytest

from config import Audience, Logout, Provider, Settings, SettingsError

GOOD = {
    "OIDC_NC_CONNECT_ISSUER": "https://connect.example.nc/",
    "OIDC_NC_CONNECT_CLIENT_ID": "open-lab",
    "OIDC_NC_CONNECT_CLIENT_SECRET": "un secret",
}


def read(tmp_path: Any, **changes: str | None) -> tuple[Provider, ...]:
    env = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    return Settings.from_env(env, data_dir=tmp_path).oidc


def test_a_provider_is_read(tmp_path: Any) -> None:
    (found,) = read(tmp_path)
    # The issuer stays as it is: with and without a slash are two.
    assert (found.name, found.issuer, found.label) == (
        "nc-connect",
        "https://connect.example.nc/",
        "nc-connect",
    )
    assert (found.logout, found.create, found.audience) == (Logout.PROVIDER, False, Audience.AGENTS)
    assert found.scopes == ("openid", "profile", "email") and "un secret" not in repr(found)


def test_any_number_of_them_is_read(tmp_path: Any) -> None:
    found = read(
        tmp_path,
        OIDC_AGENTS_ISSUER="http://127.0.0.1:9000",
        OIDC_AGENTS_CLIENT_ID="x",
        OIDC_AGENTS_SCOPES="openid given_name",
        OIDC_AGENTS_CREATE="1",
        OIDC_AGENTS_AUDIENCE="citizens",
        OIDC_AGENTS_LOGOUT="local",
        OIDC_AGENTS_ACR="",
    )
    assert [provider.name for provider in found] == ["agents", "nc-connect"]
    assert (
        found[0].create
        and found[0].audience is Audience.CITIZENS
        and found[0].scopes == ("openid", "given_name")
    )
    assert Settings.from_env({}, data_dir=tmp_path).oidc == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"OIDC_NC_CONNECT_ISSUER": None},
        {"OIDC_NC_CONNECT_ISSUER": "http://connect.example.nc"},
        {"OIDC_NC_CONNECT_ISSUER": "http://127.0.0.1.example.nc"},
        {"OIDC_NC_CONNECT_ISSUER": "https://user:pass@connect.example.nc"},
        {"OIDC_NC_CONNECT_ISSUER": "https://connect.example.nc/?a=b"},
        {"OIDC_NC_CONNECT_ISSUER": "https://connect.example.nc/#a"},
        {"OIDC_NC_CONNECT_ISSUER": "https://connect.example.nc:port"},
        {"OIDC_NC_CONNECT_ISSUER": "ftp://connect.example.nc"},
        {"OIDC_NC_CONNECT_ISSUER": "connect.example.nc"},
        {"OIDC_NC_CONNECT_CLIENT_ID": None},
        {"OIDC_NC_CONNECT_CLIENT_ID": "open\nlab"},
        {"OIDC_NC_CONNECT_AUDIENCE": "everybody"},
        {"OIDC_NC_CONNECT_LOGOUT": "yes"},
        {"OIDC_NC_CONNECT_CREATE": "yes"},
        {"OIDC_NC_CONNECT_SCOPES": "profile email"},
        {"OIDC_NC_CONNECT_LABEL": "x" * 61},
        {"OIDC_NC_CONNECT_SECRET": "a variable that there is not"},
        {"OIDC_ISSUER": "https://connect.example.nc/"},
        {"OIDC_nc_ISSUER": "https://connect.example.nc/"},
        {"OIDC_OTHER_ISSUER": "https://connect.example.nc/", "OIDC_OTHER_CLIENT_ID": "x"},
    ],
)
def test_nonsense_is_refused_in_words(tmp_path: Any, changes: dict[str, str | None]) -> None:
    read(tmp_path)
    with pytest.raises(SettingsError, match="OIDC_"):
        read(tmp_path, **changes)
