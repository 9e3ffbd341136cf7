"""Known weaknesses of what is locked: asked of PyPI by pip-audit and of npm by `npm audit`.

A registry that cannot be asked (no network, a mirror that knows no advisories) is said aloud and is no failure: whoever
works without a line works on. A weakness that is known there is a failure.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 120


def _run(*command: str) -> tuple[Any, str]:
    """What a program said as JSON (None when it said none), and what it complained of."""
    try:
        done = subprocess.run(  # nosec B603 # pip-audit of this environment, or npm as it stands on PATH
            command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, str(error)
    try:
        return json.loads(done.stdout), done.stderr
    except ValueError:
        return None, done.stderr or done.stdout


def python() -> tuple[list[str], str]:
    """(weaknesses, why it could not be asked)"""
    said, complaint = _run(
        sys.executable, "-m", "pip_audit", "--requirement", "requirements-dev.lock", "--disable-pip", "--no-deps",
        "--format", "json", "--progress-spinner", "off",
    )  # fmt: skip
    return read_python(said, complaint)


def read_python(said: Any, complaint: str = "") -> tuple[list[str], str]:
    """What pip-audit's JSON comes to."""
    packages = said.get("dependencies", []) if isinstance(said, dict) else []
    asked = [one for one in packages if "vulns" in one]
    if not asked:
        return [], "the registry knows none of the packages" if packages else _last_line(
            complaint
        ) or "no answer"
    found = [f"{one['name']} {one['version']}: {weak['id']}" for one in asked for weak in one["vulns"]]
    left = len(packages) - len(asked)
    return found, f"the registry does not know {left} of {len(packages)} packages" if left else ""


def node() -> tuple[list[str], str]:
    """(weaknesses, why it could not be asked)"""
    said, complaint = _run("npm", "audit", "--json")
    return read_node(said, complaint)


def read_node(said: Any, complaint: str = "") -> tuple[list[str], str]:
    """What npm's JSON comes to."""
    if not isinstance(said, dict) or "vulnerabilities" not in said:
        message = said.get("message", "") if isinstance(said, dict) else ""
        return [], str(message) or _last_line(complaint) or "npm said nothing"
    return [f"{name}: {one.get('severity', '?')}" for name, one in said["vulnerabilities"].items()], ""


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""


def main() -> int:
    status = 0
    registries: tuple[tuple[str, Callable[[], tuple[list[str], str]]], ...] = (
        ("Python packages", python),
        ("npm packages", node),
    )
    for what, ask in registries:
        found, silent = ask()
        for weakness in found:
            print(f"  {what}: known weakness in {weakness}", file=sys.stderr)
            status = 1
        if silent:
            print(f"  ! NOT ASKED: {what} could not be held against known weaknesses ({silent})")
        elif not found:
            print(f"  {what}: no known weakness")
    return status


if __name__ == "__main__":
    sys.exit(main())
