"""The long runs of the gate: chains of mutated updates, and random sessions of real editors."""

import base64
import gzip
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from drafts import document
from drafts.gate import RoomIndex, check
from tests.drafts.gate_mutations import (
    ROOT,
    Stroke,
    Trial,
    bytes_mutated,
    honest_strokes,
    may_be_crossed,
    structure_mutated,
    yjs_reads,
)
from tests.drafts.hostile import picture

pytestmark = pytest.mark.soak

CHAINS = int(os.environ.get("GATE_CHAINS", "8000"))
SESSIONS = int(os.environ.get("GATE_SESSIONS", "2000"))
# A second client id of the sender, that has written nothing yet.
SPARE = 77


def test_chains_of_mutated_updates_leave_the_document_readable() -> None:
    """About five updates a chain, each accepted one the ground of the next."""
    trial = Trial()
    tried = 0
    accepted: list[tuple[Stroke, Any]] = []
    crossed_at: set[int] = set()
    faults: list[str] = []

    def let_yjs_read() -> None:
        for line in yjs_reads(accepted):
            if "otherwise" not in line or int(line.split(":")[0]) not in crossed_at:
                faults.append(f"{line} {accepted[int(line.split(':')[0])][0]}")
        accepted.clear()
        crossed_at.clear()
        print(f"  {tried:,} mutated updates", flush=True)
        assert not faults, faults[:3]

    @settings(
        max_examples=CHAINS,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
        print_blob=True,
    )
    @given(st.data())
    def chain(data: st.DataObject) -> None:
        nonlocal tried
        room = data.draw(st.sampled_from(honest_strokes()))
        room = room._replace(allowed=room.allowed | {SPARE})
        crossed = False
        for _ in range(data.draw(st.integers(1, 8))):
            structural = data.draw(st.integers(0, 4)) > 0
            update = data.draw(structure_mutated(room) if structural else bytes_mutated(room.update))
            attempt = room._replace(update=update)
            result = trial.run(attempt)
            tried += 1
            if result["code"] == "":
                crossed = crossed or may_be_crossed(update)
                assert crossed or result["reloaded"] == result["picture"]
                if crossed:
                    crossed_at.add(len(accepted))
                accepted.append((attempt, result["picture"]))
                room = attempt._replace(state=base64.b64decode(result["state"]))
        if len(accepted) > 2_000:
            let_yjs_read()

    try:
        chain()
    finally:
        trial.close()
    let_yjs_read()
    assert tried > 3 * CHAINS


def test_random_sessions_of_real_editors_pass(tmp_path: Path) -> None:
    strokes = 0
    for seed in range(0, SESSIONS, 250):
        recorded = tmp_path / "sessions.json.gz"
        subprocess.run(
            ["node", "tests/drafts/yjs_strokes.mjs", "soak", "250", str(recorded), str(seed + 1)],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        for case in json.loads(gzip.decompress(recorded.read_bytes()))["cases"]:
            doc, index = document.new_document(), RoomIndex()
            for number, stroke in enumerate(case["strokes"]):
                if number % 20 == 0:
                    index = RoomIndex.of(document.state(doc))
                update = base64.b64decode(stroke["update"])
                accepted = check(index, update, set(stroke["allowed"]))
                document.apply(doc, update)
                index.admit(accepted)
                strokes += 1
            # Without a reading that Yjs agrees on with itself, passing and applying is all there is to see.
            if case["expected"] is not None:
                assert picture(doc) == case["expected"], (seed, case["name"])
        print(f"  {strokes:,} strokes of real editors", flush=True)
    assert strokes > 20 * SESSIONS
