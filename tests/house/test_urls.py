"""An address that has existed still answers; people have it in a bookmark and on a leaflet."""

from __future__ import annotations

import re

from flask import Flask

from tests.house.tree import ROOT

LIST = ROOT / "tests" / "house" / "urls.txt"
# The wire of the table has a document of its own, docs/protocol.md; files carry their hash in their name.
NOT_LISTED = {"/static/<>"}


def bare(rule: str) -> str:
    """A rule without the names and types of its arguments: they may change, the address does not."""
    return re.sub(r"<[^>]*>", "<>", rule)


def listed() -> dict[tuple[str, str], str]:
    lines = [line.strip() for line in LIST.read_text(encoding="utf-8").splitlines()]
    found = {}
    for line in lines:
        if line and not line.startswith("#"):
            method, rule = line.split(" ", 1)
            found[method, bare(rule)] = line
    return found


def served(app: Flask) -> dict[tuple[str, str], str]:
    return {
        (method, bare(rule.rule)): f"{method} {re.sub(r'<[^>:]*:', '<', rule.rule)}"
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        if bare(rule.rule) not in NOT_LISTED
    }


def test_every_address_that_existed_still_answers(app: Flask) -> None:
    gone = sorted(listed()[key] for key in listed().keys() - served(app).keys())
    assert not gone, f"Keep these, or let them redirect or answer 410, and tell CHANGELOG.md: {gone}"


def test_every_address_is_written_down(app: Flask) -> None:
    new = sorted(served(app)[key] for key in served(app).keys() - listed().keys())
    assert not new, "From now on people rely on these; add the lines to tests/house/urls.txt:\n" + "\n".join(
        new
    )


def test_the_list_is_in_order() -> None:
    lines = [
        line for line in LIST.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")
    ]
    assert lines == sorted(set(lines), key=lambda line: (line.split(" ", 1)[1], line)), (
        "sort by address, no doubles"
    )
