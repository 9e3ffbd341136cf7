"""What plain French is read by: the rules with what was changed of them, and the words of the glossary.

The child that reads has no database. It is told by `as_bytes` what is in force, once for each state of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from drafts.plain_french.amended import Change, amended
from drafts.plain_french.rules import RuleCode, Rules, house_rules
from drafts.plain_french.terms import Entry, Terms


@dataclass(frozen=True)
class Law:
    """Rules and glossary of one moment. `digest` names both: two readings under one name were made by the same."""

    rules: Rules
    terms: Terms
    digest: str


def shipped_law() -> Law:
    """The rules of the release and no glossary."""
    return Law(house_rules(), Terms(), house_rules().digest)


def as_bytes(changes: Mapping[RuleCode, Change], terms: Terms, digest: str) -> bytes:
    entries = [[one.key, one.term, list(one.forms), one.definition, one.spelled_out] for one in terms.entries]
    told = {
        "changes": {str(code): change for code, change in changes.items()},
        "entries": entries,
        "digest": digest,
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def from_bytes(told: bytes) -> Law:
    given = json.loads(told)
    changes = {RuleCode(code): change for code, change in given["changes"].items()}
    entries = tuple(
        Entry(key, term, tuple(forms), definition, spelled_out)
        for key, term, forms, definition, spelled_out in given["entries"]
    )
    return Law(Rules(amended(changes)) if changes else house_rules(), Terms(entries), given["digest"])
