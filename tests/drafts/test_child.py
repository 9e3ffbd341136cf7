"""The child that may die: it stays for the next request, whatever weighs in the process that started it."""

from __future__ import annotations

import subprocess
import sys

from config import ROOT
from drafts import child

# In a process of its own, so that the weight is gone with it: each page of 4 KiB is written to.
_HEAVY = f"""
from drafts.brought_reading import LONGEST, MEMORY, MODULE
from drafts.child import Child
heavy = bytearray({(child._RETIRE_KIB + 64 * 1024) * 1024})
heavy[::4096] = b"x" * len(heavy[::4096])
reader = Child(seconds=20, memory=MEMORY, longest=LONGEST, module=MODULE)
seen = set()
for number in range(3):
    answer, parts = reader.ask("read", {{"name": "a.md"}}, (b"Un texte.",))
    assert answer["format"] == "md", answer
    seen.add(reader._child.pid)
reader.close()
print(len(seen))
"""


def test_a_child_of_a_large_process_stays() -> None:
    """Linux lets a child inherit the peak of its parent's memory, which says nothing of its own."""
    done = subprocess.run(
        [sys.executable, "-c", _HEAVY], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout == "1\n", done.stdout + done.stderr
