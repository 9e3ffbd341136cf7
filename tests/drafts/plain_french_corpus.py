"""The labelled sentences, and how often the rules agree with them. Only counts come out of the held-out half."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config import ROOT
from drafts.plain_french.reading import Reader
from drafts.plain_french.rules import RuleCode
from drafts.plain_french.trying import tree_of

CORPUS = ROOT / "tests" / "vectors" / "plain_french"
WORKED, HELD_OUT = CORPUS / "worked.jsonl", CORPUS / "held_out.jsonl"


@dataclass(frozen=True)
class Agreement:
    """How often a rule and the labels agree: both say so, only the rule does, only the label does."""

    both: int = 0
    rule_only: int = 0
    label_only: int = 0

    def __add__(self, other: Agreement) -> Agreement:
        return Agreement(
            self.both + other.both, self.rule_only + other.rule_only, self.label_only + other.label_only
        )

    @property
    def labelled(self) -> int:
        return self.both + self.label_only

    @property
    def precision(self) -> float:
        """The part of what the rule finds that is labelled; 1 when it finds nothing."""
        found = self.both + self.rule_only
        return self.both / found if found else 1.0

    @property
    def recall(self) -> float:
        """The part of what is labelled that the rule finds; 1 when nothing is."""
        return self.both / self.labelled if self.labelled else 1.0


def rules_found(reader: Reader, kind: str, text: str) -> frozenset[RuleCode]:
    return frozenset(finding.rule for finding in reader.findings(tree_of(kind, text)))


def items(path: Path) -> list[Mapping[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def agreement(paths: Iterable[Path]) -> dict[RuleCode, Agreement]:
    """For each rule, how often it agrees with the labels of these files."""
    reader = Reader()
    counts: Counter[tuple[RuleCode, str]] = Counter()
    for path in paths:
        for item in items(path):
            told = rules_found(reader, item["kind"], item["text"])
            labelled = frozenset(RuleCode(label) for label in item["labels"])
            counts.update((rule, "both") for rule in told & labelled)
            counts.update((rule, "rule_only") for rule in told - labelled)
            counts.update((rule, "label_only") for rule in labelled - told)
    return {
        rule: Agreement(*(counts[rule, which] for which in ("both", "rule_only", "label_only")))
        for rule in RuleCode
    }
