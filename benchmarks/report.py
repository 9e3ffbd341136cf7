"""Results on disk: one JSON with everything, one Markdown for people, named after the day and time."""

from __future__ import annotations

import json
import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import goals

RESULTS = Path(__file__).resolve().parent / "results"


def circumstances() -> dict[str, Any]:
    """What the numbers depend on: machine, versions, and how busy the machine was when this was asked."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        "load_before": [round(load, 2) for load in os.getloadavg()],
        "python": platform.python_version(),
        **{name: version(name) for name in ("pycrdt", "python-socketio", "gevent", "SQLAlchemy")},
    }


def write(results: dict[str, Any], folder: Path = RESULTS) -> tuple[Path, Path]:
    """The two files written: (JSON, Markdown)."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = results["circumstances"]["at"][:16].replace(":", "").replace("T", "-")
    as_json, as_markdown = folder / f"{stem}.json", folder / f"{stem}.md"
    as_json.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    as_markdown.write_text(markdown(results), encoding="utf-8")
    return as_json, as_markdown


def markdown(results: dict[str, Any]) -> str:
    """Every group of results as a table."""
    lines = [f"# Benchmarks, {results['circumstances']['at']}", ""]
    lines += [f"Command: `{results['command']}`", ""]
    for name, group in results.items():
        if not isinstance(group, dict):
            continue
        if name == "peers":
            lines += ["## The goals", "", goals.table(group), "", "## Medians", "", goals.medians(group)]
            continue
        lines += [f"## {name.replace('_', ' ').capitalize()}", "", "| | |", "| --- | --- |"]
        lines += [f"| {key.replace('_', ' ')} | {_told(value)} |" for key, value in group.items()]
        lines.append("")
    return "\n".join(lines)


def _told(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_told(inner)}" for key, inner in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(_told(inner) for inner in value)
    return f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def command() -> str:
    """The command that is running, to be repeated."""
    return " ".join(["python -m benchmarks", *sys.argv[1:]])
