"""The rules as data: their examples, their patterns in both languages, and how well they agree with the labels."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest

from drafts.plain_french.reading import findings
from drafts.plain_french.rules import Example, Rule, RuleCode, Rules, first_letters, house_rules
from drafts.plain_french.trying import tree_of
from tests.drafts.plain_french_corpus import HELD_OUT, WORKED, Agreement, agreement
from tests.drafts.plain_french_table import table
from tests.house.tree import ROOT

RULES = house_rules()
FORMULAE = RULES[RuleCode.FORMULA].how["formulae"]
RIGHT = [pytest.param(rule, one, id=f"{rule.code}-{one.text[:30]}") for rule in RULES for one in rule.right]
WRONG = [pytest.param(rule, one, id=f"{rule.code}-{one.text[:30]}") for rule in RULES for one in rule.wrong]


def test_every_rule_is_told_and_has_examples() -> None:
    assert [rule.code for rule in RULES] and set(RuleCode) == {rule.code for rule in RULES}
    for rule in RULES:
        assert rule.name and rule.why.endswith(".") and rule.right and rule.wrong
        assert rule.looks_at <= {"sentence", "paragraph", "heading", "link"}


@pytest.mark.parametrize(("rule", "example"), RIGHT)
def test_what_is_right_is_left_alone(rule: Rule, example: Example) -> None:
    found = findings(tree_of(example.kind, example.text))
    assert not [one.words for one in found if one.rule is rule.code]


@pytest.mark.parametrize(("rule", "example"), WRONG)
def test_what_is_wrong_is_found_where_it_stands(rule: Rule, example: Example) -> None:
    found = [one for one in findings(tree_of(example.kind, example.text)) if one.rule is rule.code]
    assert [one.words for one in found] == [example.words]
    if example.better is not None:
        assert found[0].better == example.better


def test_there_are_formulae_enough_and_each_says_what_to_write() -> None:
    assert len(FORMULAE) >= 250
    said = [entry["say"] for entry in FORMULAE]
    assert len(set(said)) == len(said)
    for entry in FORMULAE:
        assert entry.keys() in ({"say", "better"}, {"say", "rather"}) and all(entry.values())
        assert first_letters(entry["say"])


def test_a_formula_is_found_in_the_sentence_it_is_written_for() -> None:
    """Those that are plain words find themselves: none is hidden behind another that covers less."""
    plain = [entry["say"] for entry in FORMULAE if not re.search(r"[\[\](){}?|]", entry["say"])]
    assert len(plain) > 150
    for say in plain:
        found = findings(tree_of("sentence", f"Ici {say}"))
        assert any(one.rule is RuleCode.FORMULA and one.words == say for one in found), say


def test_python_and_javascript_find_the_same_with_every_pattern() -> None:
    """The common subset, held by the two languages themselves: each pattern compiles with u and stands at the same places."""
    node = shutil.which("node")
    assert node is not None
    patterns = RULES.patterns()
    said = " ".join(entry["say"].split("{")[0] for entry in FORMULAE)
    text = "\n".join([one.text for rule in RULES for one in (*rule.right, *rule.wrong)] + [said])
    script = (
        "const { patterns, text } = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        "console.log(JSON.stringify(patterns.map(([source, cased]) =>"
        " [...text.matchAll(new RegExp(source, cased ? 'gu' : 'giu'))].map(m => [m.index, m.index + m[0].length]))));"
    )
    told = subprocess.run(
        [node, "-e", script], input=json.dumps({"patterns": patterns, "text": text}),
        capture_output=True, check=True, timeout=60, text=True, encoding="utf-8",
    )  # fmt: skip
    in_python = [
        [list(found.span()) for found in re.finditer(source, text, re.NOFLAG if cased else re.IGNORECASE)]
        for source, cased in patterns
    ]
    assert sum(map(len, in_python)) > 400
    for (source, _cased), ours, theirs in zip(patterns, in_python, json.loads(told.stdout), strict=True):
        assert ours == theirs, source


def test_a_pattern_that_the_two_languages_read_apart_is_refused() -> None:
    for pattern in ("un [a ]+", "l[’a]"):
        with pytest.raises(ValueError, match="of a set"):
            RULES.from_a_word(pattern)
    with pytest.raises(ValueError, match="begins with letters"):
        first_letters("(?:un|deux)")
    for source, _cased in RULES.patterns():
        assert not re.search(r"\(\?P|\(\?[aiLmsux]|[*+?}]\+|\\[AZbBwWdDsS]|\(\?>", source), source


def test_a_file_of_other_rules_is_read_in_its_place() -> None:
    raw = json.loads((ROOT / "drafts/plain_french/rules.json").read_text(encoding="utf-8"))
    raw["rules"][0]["how"]["max_words"] = 3
    found = findings(tree_of("sentence", "La mairie vous répond vite."), Rules(raw))
    assert [one.rule for one in found] == [RuleCode.LONG_SENTENCE]


@pytest.fixture(scope="module")
def agreements() -> dict[str, dict[RuleCode, Agreement]]:
    return {"whole": agreement([WORKED, HELD_OUT]), "held out": agreement([HELD_OUT])}


@pytest.mark.parametrize(("half", "floor"), [("whole", 0.90), ("held out", 0.85)])
def test_the_rules_agree_with_labels_that_were_written_before_them(
    agreements: dict[str, dict[RuleCode, Agreement]], half: str, floor: float
) -> None:
    found = sum(agreements[half].values(), Agreement())
    assert found.labelled >= 100
    assert found.precision >= floor and found.recall >= floor


def test_no_rule_hides_behind_the_others(agreements: dict[str, dict[RuleCode, Agreement]]) -> None:
    """Each rule with labels enough to tell, by itself; a floor a little under what it reaches."""
    floors = {"whole": 0.85, "held out": 0.75}
    for half, floor in floors.items():
        for rule, found in agreements[half].items():
            if found.labelled >= 8:
                assert found.precision >= floor and found.recall >= floor, (half, rule)


def test_the_docs_hold_the_table_that_the_command_prints() -> None:
    assert table() in (ROOT / "docs/plain-french.md").read_text(encoding="utf-8")
