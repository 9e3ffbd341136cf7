"""Mutations of honest strokes: refused, or harmless in pycrdt and in Yjs. `make soak` tries many more."""

from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

from tests.drafts.gate_mutations import Stroke, Trial, attempts, may_be_crossed, yjs_reads

CODES = {"malformed", "forged", "schema", "too_large", "resync"}


def test_mutated_strokes_are_refused_or_harmless() -> None:
    trial = Trial()
    seen: set[str] = set()
    accepted: list[tuple[Stroke, Any]] = []

    @settings(
        max_examples=300,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @given(attempts())
    def attempt(stroke: Stroke) -> None:
        result = trial.run(stroke)
        seen.add(result["code"])
        if result["code"] == "":
            if not may_be_crossed(stroke.update):
                assert result["reloaded"] == result["picture"]
            accepted.append((stroke, result["picture"]))

    try:
        attempt()
    finally:
        trial.close()
    # The mutations reach past the reader, into every kind of refusal and through the gate.
    assert seen == CODES | {""}
    assert len(accepted) > 30
    complaints = yjs_reads(accepted)
    assert not [line for line in complaints if "otherwise" not in line]
    for line in complaints:
        assert may_be_crossed(accepted[int(line.split(":")[0])][0].update), line
