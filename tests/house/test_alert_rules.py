"""The alerts of deploy/prometheus/openlab.rules.yml: whole, about numbers that exist, and those that docs/metrics.md tells."""

from __future__ import annotations

import json
import re
import subprocess
from functools import cache
from typing import Any

import yaml

from tests.house.test_metrics_documented import DOCUMENT, exported
from tests.house.tree import ROOT

FILE = ROOT / "deploy" / "prometheus" / "openlab.rules.yml"
# Prometheus says by itself whether a target answered.
OF_PROMETHEUS = {"up"}
DURATION = re.compile(r"[1-9][0-9]*[mh]")
# In the document, a bar inside a table is written \|.
TOLD = DOCUMENT.replace(r"\|", "|")


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(FILE.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


@cache
def read(*expressions: str) -> list[dict[str, list[str]]]:
    """The faults, metrics and functions of each, by the grammar of Prometheus."""
    done = subprocess.run(
        ["node", "tests/house/promql.mjs"],
        cwd=ROOT, input=json.dumps(expressions), capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: list[dict[str, list[str]]] = json.loads(done.stdout)
    return found


def measured() -> set[str]:
    """Every name a rule may select: of a histogram its three."""
    names = exported() | OF_PROMETHEUS
    of_histograms = {f"{name}{end}" for name in names for end in ("_bucket", "_sum", "_count")}
    return names | {name for name in of_histograms if name.endswith(("_seconds_bucket", "_seconds_sum"))}


def test_the_reader_finds_faults() -> None:
    broken, good = read("rate(openlab_strokes_total[5m) > 1", "rate(openlab_strokes_total[5m]) > 1")
    assert broken["faults"] and not good["faults"]
    assert good["metrics"] == ["openlab_strokes_total"] and good["functions"] == ["rate"]


def test_every_rule_is_whole() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(names) >= 25 and len(set(names)) == len(names)
    for rule in rules():
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}, rule["alert"]
        assert rule["labels"] in ({"severity": "critical"}, {"severity": "warning"}), rule["alert"]
        assert DURATION.fullmatch(rule.get("for", "1m")), rule["alert"]
        said = rule["annotations"]
        assert set(said) == {"summary", "action"} and all(15 <= len(words) <= 250 for words in said.values())


def test_every_expression_is_promql_about_numbers_that_exist() -> None:
    known = measured()
    for rule, found in zip(rules(), read(*(rule["expr"] for rule in rules())), strict=True):
        assert not found["faults"], f"{rule['alert']}: {found['faults']}"
        assert found["metrics"], rule["alert"]
        unknown = set(found["metrics"]) - known
        assert not unknown, f"{rule['alert']} asks for what no instance says: {unknown}"


def test_the_document_tells_every_rule_and_no_other() -> None:
    for rule in rules():
        told = f"`{rule['alert']}`: `{rule['expr']}`"
        assert told in TOLD, f"docs/metrics.md does not say: {told}"
        if "for" in rule:
            minutes = int(rule["for"][:-1])
            assert f"{told} for {minutes} minute" in TOLD, f"docs/metrics.md says another duration: {told}"
    named = set(re.findall(r"`(OpenLab[A-Za-z]+)`: `", TOLD))
    assert named == {rule["alert"] for rule in rules()}


def test_commands_and_pages_that_a_rule_names_exist() -> None:
    commands = {
        name for rule in rules() for name in re.findall(r"--app wsgi ([a-z-]+)", str(rule["annotations"]))
    }
    assert commands == {"doctor", "refused-updates"}
    served = (ROOT / "tests" / "house" / "urls.txt").read_text(encoding="utf-8")
    for page in {page for rule in rules() for page in re.findall(r"/admin/\w+", str(rule["annotations"]))}:
        assert page in served, page
