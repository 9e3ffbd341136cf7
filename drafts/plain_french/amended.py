"""The rules as they are shipped, with what an administrator changed of them.

A change is told over the shipped rule and never as a copy of it: what a release adds to a rule comes through. All parts
are optional:

    {"off": true, "name": "…", "why": "…", "numbers": {"max_words": 20},
     "formulae": [{"say": "…", "better": "…"}], "formulae_out": ["…"],
     "exceptions": ["…"], "exceptions_out": ["…"], "known": ["…"], "known_out": ["…"],
     "right": [example], "right_out": ["text"], "wrong": [example], "wrong_out": ["text"]}
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from drafts.plain_french.rules import FILE, RuleCode

Change = Mapping[str, Any]
PARTS = frozenset(
    {
        "off", "name", "why", "numbers", "formulae", "formulae_out", "exceptions", "exceptions_out", "known", "known_out",
        "right", "right_out", "wrong", "wrong_out",
    }
)  # fmt: skip


@lru_cache(maxsize=1)
def shipped() -> Mapping[str, Any]:
    """The file of this release, read once; nobody may write into it."""
    raw: Mapping[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return raw


def entry_of(code: RuleCode, raw: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """One rule of a file of rules, by default the shipped one."""
    found: Mapping[str, Any] = next(
        entry for entry in (raw or shipped())["rules"] if entry["code"] == str(code)
    )
    return found


def amended(changes: Mapping[RuleCode, Change]) -> dict[str, Any]:
    """The whole file with the changes in it; `drafts.plain_french.rules.Rules` reads it."""
    raw = copy.deepcopy(dict(shipped()))
    for entry in raw["rules"]:
        change = changes.get(RuleCode(entry["code"]))
        if change:
            _amend(entry, change)
    off = sorted(str(code) for code, change in changes.items() if change.get("off"))
    if off:
        raw["off"] = off
    return raw


def _amend(entry: dict[str, Any], change: Change) -> None:
    for part in ("name", "why"):
        entry[part] = change.get(part) or entry[part]
    how = entry["how"]
    for key, number in change.get("numbers", {}).items():
        # A number that this release no longer has.
        if isinstance(how.get(key), int):
            how[key] = number
    if "formulae" in how:
        out, more = set(change.get("formulae_out", ())), list(change.get("formulae", ()))
        # Of a formula that a release brings after an administrator did, theirs stands.
        out |= {one["say"] for one in more}
        how["formulae"] = [one for one in how["formulae"] if one["say"] not in out] + more
    if "known" in how:
        how["known"] = _listed(how["known"], change, "known")
    entry["exceptions"] = _listed(entry["exceptions"], change, "exceptions")
    for part in ("right", "wrong"):
        more = list(change.get(part, ()))
        out = {*change.get(f"{part}_out", ()), *(one["text"] for one in more)}
        entry[part] = [one for one in entry[part] if one["text"] not in out] + more


def _listed(kept: list[str], change: Change, part: str) -> list[str]:
    out = set(change.get(f"{part}_out", ()))
    return list(dict.fromkeys([*(word for word in kept if word not in out), *change.get(part, ())]))
