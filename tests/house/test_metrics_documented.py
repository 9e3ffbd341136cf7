"""Every number an instance gives out has its meaning written in docs/metrics.md, and the document invents none."""

from __future__ import annotations

import re

from prometheus_client.parser import text_string_to_metric_families

from app import metrics
from tests.house.tree import ROOT

DOCUMENT = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")


def documented() -> set[str]:
    return set(
        re.findall(r"^\| `((?:openlab|process)_[a-z_]+)(?:\{[a-z,]+\})?` \|", DOCUMENT, flags=re.MULTILINE)
    )


def exported() -> set[str]:
    families = text_string_to_metric_families(metrics.exposition().decode())
    names = {family.name + ("_total" if family.type == "counter" else "") for family in families}
    return names | set(metrics.GAUGES)


def test_every_metric_is_documented() -> None:
    missing = sorted(exported() - documented())
    assert len(exported()) > 25
    assert not missing, f"Add a line to a table of docs/metrics.md for: {missing}"


def test_the_document_invents_nothing() -> None:
    # What is known of a process depends on the system; Linux knows it all.
    invented = sorted(name for name in documented() - exported() if name.startswith("openlab_"))
    assert not invented, f"docs/metrics.md speaks of what is not exported: {invented}"


def test_every_metric_of_ours_suggests_an_alert_or_says_that_there_is_none() -> None:
    lines = re.findall(r"^\| `(openlab_[a-z_]+)[^|]*\|.*$", DOCUMENT, flags=re.MULTILINE)
    # A bar inside an expression is written \| in Markdown.
    rows = [line.replace(r"\|", "") for line in DOCUMENT.splitlines() if line.startswith("| `openlab_")]
    without = [
        row[:50] for row in rows if len(row.strip("|").split("|")) != 3 or not row.split("|")[3].strip()
    ]
    assert len(lines) == len(rows) and not without, (
        f"Three columns, the last with an alert or why not: {without}"
    )
