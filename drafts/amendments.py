"""The rules of plain French in force: those of the release, with what administrators changed (`drafts.amending`).

Asked for at each use; one number out of the database says whether what this process remembers is still it, so that a change
holds on every process from its commit on.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from app.db import database, is_writing, session
from drafts.glossary_models import RuleAmendment
from drafts.plain_french.amended import Change, amended
from drafts.plain_french.rules import RuleCode, Rules, house_rules

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class InForce:
    """Rules, the changes that are in them, and the number of the last amendment (0: none)."""

    rules: Rules
    changes: Mapping[RuleCode, Change]
    number: int


_lock = threading.Lock()
_kept: tuple[object, InForce] | None = None


def last_number() -> int:
    """The number of the last amendment of any rule; 0 before the first."""
    return session().scalar(sa.select(sa.func.max(RuleAmendment.id))) or 0


def current() -> dict[RuleCode, RuleAmendment]:
    """The last amendment of each rule that was ever changed."""
    last = sa.select(sa.func.max(RuleAmendment.id)).group_by(RuleAmendment.rule)
    rows = session().scalars(sa.select(RuleAmendment).where(RuleAmendment.id.in_(last)))
    codes = set(RuleCode)
    # A rule that this release no longer has keeps its history and is not asked for.
    return {RuleCode(row.rule): row for row in rows if row.rule in codes}


def rules_in_force() -> InForce:
    """The rules as they are at this moment. The same object for as long as nobody changes them."""
    global _kept
    number = last_number()
    kept = _kept
    if kept is not None and kept[0] is database() and kept[1].number == number:
        return kept[1]
    found = _read(number)
    # What is still being written may never be committed, and its number be given to something else.
    if not is_writing():
        with _lock:
            _kept = (database(), found)
    return found


def _read(number: int) -> InForce:
    changes: dict[RuleCode, Change] = {code: row.change for code, row in current().items() if row.change}
    try:
        return InForce(_rules(changes), changes, number)
    except (KeyError, ValueError, TypeError, re.error):
        pass
    # A release may shape a rule anew; what does not fit it any more is left out until somebody looks at it.
    fitting = {code: change for code, change in changes.items() if _fits(code, change)}
    return InForce(_rules(fitting), fitting, number)


def _rules(changes: Mapping[RuleCode, Change]) -> Rules:
    """Raises what a file of rules raises that does not hold together: patterns are compiled late, so these are tried."""
    if not changes:
        return house_rules()
    rules = Rules(amended(changes))
    rules.formulae()
    for change in changes.values():
        for one in change.get("formulae", ()):
            rules.compiled(one["say"])
    return rules


def _fits(code: RuleCode, change: Change) -> bool:
    try:
        _rules({code: change})
    except (KeyError, ValueError, TypeError, re.error) as error:
        log.warning("what was changed of the rule %s does not fit it any more: %s", code, error)
        return False
    return True
