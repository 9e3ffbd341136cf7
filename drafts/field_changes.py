"""What became of an article's title and named fields from one text to another, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.extensions import gettext as _
from drafts.queries import field_lines


@dataclass(frozen=True)
class FieldChange:
    """One field; "" where it had or has no value."""

    label: str
    before: str
    after: str


def field_changes(
    before_title: str, before: Mapping[str, Any], after_title: str, after: Mapping[str, Any]
) -> tuple[FieldChange, ...]:
    """The fields that differ, the title first, in the order in which they are shown."""
    had = {_("Titre"): before_title, **_read(before)}
    has = {_("Titre"): after_title, **_read(after)}
    return tuple(
        FieldChange(label, had.get(label, ""), has.get(label, ""))
        for label in dict.fromkeys([*has, *had])
        if had.get(label, "") != has.get(label, "")
    )


def _read(fields: Mapping[str, Any]) -> dict[str, str]:
    return {line.label: line.value for line in field_lines(dict(fields))}
