"""Every setting says what it is for, in the code and in docs/settings.md, and the document names no other."""

from __future__ import annotations

import dataclasses
import re

from config import Provider, Settings
from tests.house.tree import ROOT

DOCUMENT = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
# A setting with a prefix is a set of variables, one for each field of a provider but its name.
FIELDS = {
    field.name.upper(): field for field in dataclasses.fields(Settings) if "prefix" not in field.metadata
} | {
    "OIDC_<NAME>_" + field.name.upper(): field
    for field in dataclasses.fields(Provider)
    if field.name != "name"
}
# Variables of the commands around the server, which the document lists as well.
AROUND = {"TEST_DATABASE_URL", "TEST_REDIS_URL", "CHROMIUM", "SOFFICE", "NGINX", "CI"}


def documented() -> set[str]:
    return set(re.findall(r"^\| `([A-Z][A-Z0-9_<>]*)` \|", DOCUMENT, flags=re.MULTILINE))


def test_every_setting_has_help() -> None:
    silent = [name for name, field in FIELDS.items() if len(field.metadata.get("help", "")) < 10]
    assert not silent, f"Say in config.py what these are for: {silent}"


def test_every_setting_is_documented() -> None:
    missing = sorted(set(FIELDS) - documented())
    assert not missing, f"Add a line to a table of docs/settings.md for: {missing}"


def test_the_document_invents_nothing() -> None:
    invented = sorted(documented() - set(FIELDS) - AROUND)
    assert not invented, f"docs/settings.md speaks of what config.py does not read: {invented}"
