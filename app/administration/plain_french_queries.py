"""What the pages of the rules of plain French show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.accounts.service import names_of
from app.db import session
from drafts import amending, amendments
from drafts.glossary_models import RuleAmendment
from drafts.plain_french.amended import Change, entry_of
from drafts.plain_french.rules import Example, Rule, RuleCode

# What is shown of a history on one page.
MOST_PAST = 50


@dataclass(frozen=True)
class Past:
    """One change of a rule; `what` says what differed from the shipped rule from then on."""

    rule: str
    name: str
    number: int
    at: datetime
    who: str
    reason: str
    what: str


@dataclass(frozen=True)
class RuleLine:
    """A rule as it is in force. `what`: what an administrator changed of it, "" for nothing."""

    code: str
    name: str
    why: str
    is_on: bool
    what: str
    right: tuple[Example, ...]
    wrong: tuple[Example, ...]


@dataclass(frozen=True)
class RulePage:
    """One rule for its form: in force, as it is shipped, and what was changed. `number`: of its last amendment."""

    line: RuleLine
    shipped: Mapping[str, Any]
    change: Change
    number: int
    numbers: Mapping[str, int]
    formulae: Sequence[Mapping[str, str]]
    past: tuple[Past, ...]


def rules() -> tuple[RuleLine, ...]:
    """Every rule, in the order of the file."""
    current = amendments.current()
    found = amendments.rules_in_force().rules
    return tuple(_line(rule, found.off, current) for rule in found)


def rule(code: RuleCode) -> RulePage:
    current = amendments.current()
    found = amendments.rules_in_force().rules
    entry, last = entry_of(code), current.get(code)
    how = found[code].how
    return RulePage(
        line=_line(found[code], found.off, current),
        shipped=entry,
        change=last.change if last is not None else {},
        number=last.number if last is not None else 0,
        numbers={key: how[key] for key in amending.NUMBERS if key in how},
        formulae=entry["how"].get("formulae", ()),
        past=past(code),
    )


def _line(rule: Rule, off: frozenset[RuleCode], current: Mapping[RuleCode, RuleAmendment]) -> RuleLine:
    last = current.get(rule.code)
    return RuleLine(
        code=rule.code,
        name=rule.name,
        why=rule.why,
        is_on=rule.code not in off,
        what=amending.summary(last.change) if last is not None and last.change else "",
        right=rule.right,
        wrong=rule.wrong,
    )


def past(code: RuleCode | None = None) -> tuple[Past, ...]:
    """The last changes, of one rule or of all, the newest first."""
    query = sa.select(RuleAmendment).order_by(RuleAmendment.id.desc()).limit(MOST_PAST)
    if code is not None:
        query = query.where(RuleAmendment.rule == str(code))
    rows = session().scalars(query).all()
    names = names_of({row.person_id for row in rows if row.person_id is not None})
    titles = {str(one.code): one.name for one in amendments.rules_in_force().rules}
    return tuple(
        Past(
            row.rule, titles.get(row.rule, row.rule), row.number, row.at,
            names.get(row.person_id or 0, ""), row.reason, amending.summary(row.change),
        )
        for row in rows
    )  # fmt: skip
