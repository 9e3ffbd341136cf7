"""Some doors have one keeper: the environment, live messages, and the two libraries that must not spread."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.house.tree import module_name, parsed, served_modules, shown, tracked


def reads_environment(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv", "putenv"):
            # `request.environ` is WSGI's and has nothing to do with the process.
            if isinstance(node.value, ast.Name) and node.value.id == "os":
                yield node
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            if {alias.name for alias in node.names} & {"environ", "environb", "getenv", "putenv"}:
                yield node


def places(paths: tuple[Path, ...], keeper: str) -> list[str]:
    return [
        f"{shown(path)}:{getattr(node, 'lineno', 0)}"
        for path in paths
        if module_name(path) != keeper
        for node in reads_environment(parsed(path))
    ]


def test_only_config_reads_the_environment() -> None:
    found = places((*served_modules(), *tracked("migrations/*.py")), keeper="config")
    assert not found, f"Make it a field of config.Settings and hand that in: {found}"


def test_the_keeper_is_seen_by_the_test() -> None:
    config = next(path for path in served_modules() if module_name(path) == "config")
    assert places((config,), keeper="nobody"), (
        "config.py reads the environment; if this test is blind, so is the other"
    )


def test_messages_leave_through_the_fanout() -> None:
    """What goes to a table is ordered and framed once, in realtime.fanout; nothing else emits."""
    keepers = {"realtime.fanout"}
    found = [
        f"{shown(path)}:{node.lineno}"
        for path in served_modules()
        if module_name(path) not in keepers
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Attribute) and node.func.attr == "emit")
            or (isinstance(node.func, ast.Name) and node.func.id == "emit")
        )
    ]
    assert not found, f"Send through realtime.fanout: {found}"
