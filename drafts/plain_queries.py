"""What the page of plain French shows of a draft, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from app.accounts.models import Person
from app.db import session
from app.extensions import gettext as _
from app.extensions import ngettext
from drafts import amendments
from drafts.grammar import Tree
from drafts.grammar import passages as words_of_blocks
from drafts.models import Draft
from drafts.plain_french.asking import TextReading
from drafts.plain_french.reading import Finding
from drafts.plain_french.rules import Rule, RuleCode, Rules
from drafts.plain_french.score import FEW_WORDS, Score, band_of, band_words
from drafts.plain_models import PlainException, PlainOverride, RevisionReading
from drafts.review_models import Revision

# Findings that one page shows: whoever has more begins with these.
MOST_SHOWN = 200


@dataclass(frozen=True)
class ExceptionRow:
    """A finding that stays as it is. `applies` says whether its words still stand there; None where nobody looked."""

    id: int
    block_id: str
    rule: str
    rule_name: str
    words: str
    reason: str
    person: str
    at: datetime
    applies: bool | None = None


@dataclass(frozen=True)
class FindingRow:
    """A finding as a writer reads it."""

    rule: str
    name: str
    why: str
    words: str
    better: str | None
    rather: str | None


@dataclass(frozen=True)
class BlockRow:
    block_id: str
    words: str
    findings: tuple[FindingRow, ...]


@dataclass(frozen=True)
class TextPage:
    """What the rules say of a whole text, without what is left as it is. `shown` may be fewer than `count`."""

    count: int
    shown: int
    blocks: tuple[BlockRow, ...]
    exceptions: tuple[ExceptionRow, ...]
    score: ScoreWords


@dataclass(frozen=True)
class ScoreWords:
    """A score in words; `band` is empty for a text without any."""

    band: str
    ease: int | None
    sure: bool
    length: str
    time: str


@dataclass(frozen=True)
class FrozenPage:
    """How plain a frozen version is, for who reviews it. `score` is None until it has been read."""

    score: ScoreWords | None
    left: int
    by_rule: tuple[tuple[str, int], ...]
    passed_over: int
    # Why it was proposed like that, and by whom; "" when nothing was left or nobody asked.
    reason: str
    person: str
    # Nobody could read it when it was proposed.
    was_away: bool


def frozen_page(revision: Revision) -> FrozenPage:
    """What is kept of a frozen version."""
    row = session().get(RevisionReading, revision.id)
    override = session().get(PlainOverride, revision.id)
    person = session().get(Person, override.person_id) if override is not None else None
    return FrozenPage(
        None if row is None else score_words(row.words, row.ease),
        0 if row is None else row.left,
        () if row is None else by_rule(row.findings),
        0 if row is None else row.passed_over,
        "" if override is None else override.reason,
        "" if person is None else person.name,
        override is not None and not override.was_read,
    )


def by_rule(counts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """How many findings of each rule, with the rules' names, the most frequent first."""
    rules = _rules()
    return tuple(
        (_name(rules, code), count)
        for code, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    )


def exceptions_of(draft: Draft) -> tuple[ExceptionRow, ...]:
    """What is left as it is, the newest first."""
    rows = session().execute(
        sa.select(PlainException, Person.name)
        .outerjoin(Person, Person.id == PlainException.person_id)
        .where(PlainException.draft_id == draft.id)
        .order_by(PlainException.id.desc())
    )
    rules = _rules()
    return tuple(
        ExceptionRow(
            row.id,
            row.block_id,
            row.rule,
            _name(rules, row.rule),
            row.words,
            row.reason,
            name or _("Compte effacé"),
            row.at,
        )
        for row, name in rows
    )


def _name(rules: Rules, code: str) -> str:
    """What a rule is called; its code where it is none of ours any more."""
    return rules[RuleCode(code)].name if code in set(RuleCode) else code


def _rules() -> Rules:
    """Once for each page: whether they have changed is asked of the database."""
    return amendments.rules_in_force().rules


def left(found: Sequence[Finding], exceptions: Sequence[ExceptionRow]) -> tuple[Finding, ...]:
    """The findings without those that stay as they are."""
    kept = {(row.block_id, row.rule, row.words) for row in exceptions}
    return tuple(one for one in found if _key(one) not in kept)


def _key(finding: Finding) -> tuple[str, str, str]:
    return (finding.block_id or "", finding.rule.value, finding.words)


def text_page(tree: Tree, reading: TextReading, exceptions: Sequence[ExceptionRow]) -> TextPage:
    """The page of a text that was read, in an open reading."""
    remaining = left(reading.findings, exceptions)
    words = words_of_blocks(tree)
    rules = _rules()
    blocks: dict[str, list[FindingRow]] = {}
    for finding in remaining[:MOST_SHOWN]:
        blocks.setdefault(finding.block_id or "", []).append(_row(finding, rules[finding.rule]))
    there = {_key(one) for one in reading.findings}
    return TextPage(
        len(remaining),
        min(len(remaining), MOST_SHOWN),
        tuple(BlockRow(ident, words.get(ident, ""), tuple(rows)) for ident, rows in blocks.items()),
        tuple(_looked_at(row, there) for row in exceptions),
        score_words(reading.score.words, reading.score.ease),
    )


def _looked_at(row: ExceptionRow, there: set[tuple[str, str, str]]) -> ExceptionRow:
    return replace(row, applies=(row.block_id, row.rule, row.words) in there)


def _row(finding: Finding, rule: Rule) -> FindingRow:
    return FindingRow(finding.rule.value, rule.name, rule.why, finding.words, finding.better, finding.rather)


def score_words(words: int, ease: float | None) -> ScoreWords:
    """A score of so many words as people read it."""
    return ScoreWords(
        "" if ease is None else band_words(band_of(ease)),
        None if ease is None else round(ease),
        words >= FEW_WORDS,
        ngettext("%(num)d mot", "%(num)d mots", words),
        reading_time(Score(words).seconds),
    )


def reading_time(seconds: int) -> str:
    """How long a text takes, in words; nobody reads to the second."""
    if seconds < 45:
        return _("moins d’une minute")
    return ngettext("environ %(num)d minute", "environ %(num)d minutes", max(1, round(seconds / 60)))
