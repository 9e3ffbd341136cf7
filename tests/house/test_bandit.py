"""What bandit is told to overlook says which finding it is, and why."""

from __future__ import annotations

import re

from tests.house.tree import shown, tracked

# The form that bandit reads up to the second `#`: the findings by number, then our reason.
WITH_A_REASON = re.compile(r"# nosec (?:B\d{3} )+# \S.{10,}")


def test_what_bandit_overlooks_has_its_reason() -> None:
    lines = [
        (f"{shown(path)}:{number}", line)
        for path in tracked("*.py")
        if not shown(path).startswith("tests/")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if "# nosec" in line
    ]
    assert lines
    bare = [place for place, line in lines if not WITH_A_REASON.search(line)]
    assert not bare, f"write `# nosec B… # why it is no danger here` on these lines: {bare}"
