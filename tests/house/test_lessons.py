"""Each line of docs/security-lessons.md names tests that are there and are run."""

from __future__ import annotations

import ast
import re

from tests.house.tree import ROOT, parsed, served_modules, shown

DOCUMENT = ROOT / "docs" / "security-lessons.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
# The first version without the fault that a line speaks of.
NOT_BELOW = {"python-engineio": (4, 13, 2), "python-socketio": (5, 14, 0), "authlib": (1, 6, 9)}


def lessons() -> list[str]:
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("| ") and not line.startswith(("| Where", "| ---"))]


def collected(file: str) -> set[str]:
    """The tests of a file that a usual run collects: without long runs."""
    found = set()
    for node in parsed(ROOT / file).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            marks = {ast.unparse(mark) for mark in node.decorator_list}
            if not any("mark.soak" in mark or "mark.skip" in mark for mark in marks):
                found.add(node.name)
    return found


def test_each_lesson_has_a_test_that_runs() -> None:
    wrong = []
    for line in lessons():
        named = NAMED.findall(line)
        if not named:
            wrong.append(f"no test: {line[:80]}")
        for file, name in named:
            if not (ROOT / file).is_file():
                wrong.append(f"no such file: {file}")
            elif name not in collected(file):
                wrong.append(f"no such test, or it is not run: {file}::{name}")
    assert not wrong, "\n".join(wrong)
    assert len(lessons()) >= 31


def test_libraries_are_newer_than_their_known_faults() -> None:
    pins = dict(
        re.findall(r"^([\w-]+)==([\w.]+)", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.M)
    )
    for name, lowest in NOT_BELOW.items():
        if name in pins:
            assert tuple(int(part) for part in pins[name].split(".")[:3]) >= lowest, f"{name} {pins[name]}"
    assert {"python-engineio", "python-socketio"} <= pins.keys()


def test_nothing_takes_a_pickle() -> None:
    """What a pickle from the channel would run, runs as the server."""
    takers = [
        f"{shown(path)}: {ast.unparse(node)}"
        for path in served_modules()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and re.search(r"\b(pickle|marshal|shelve|dill)\b", ast.unparse(node))
    ]
    assert not takers
