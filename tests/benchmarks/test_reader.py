"""The client that reads: it counts what came, and believes no answer that is not the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import goals
from benchmarks.load import Lost
from benchmarks.measures import Run
from benchmarks.portal import served
from benchmarks.reader import Readers
from config import ROOT


@pytest.fixture
def readers() -> Iterator[Readers]:
    with served(Run("flask-hello", Path(ROOT), 1.0, 0)) as (server, path):
        made = Readers(server.port, path, count=4)
        yield made
        made.close()


def test_every_page_is_counted(readers: Readers) -> None:
    assert readers.read(count=80) == 80
    assert readers.answer.body == len("Hello, world!") and readers.answer.end == b", world!"
    assert readers.read(seconds=0.2) > 0


@pytest.mark.parametrize("other", [{"end": b"another!"}, {"body": 10}])
def test_an_answer_that_is_not_the_page_is_no_number(readers: Readers, other: dict[str, object]) -> None:
    readers.answer = replace(readers.answer, **other)  # type: ignore[arg-type]
    with pytest.raises(Lost, match="bytes, where"):
        readers.read(count=4)


def test_a_page_that_is_not_there_is_no_number() -> None:
    with served(Run("flask-hello", Path(ROOT), 1.0, 0)) as (server, _path):
        with pytest.raises(Lost, match="404"):
            Readers(server.port, "/nulle-part", count=1)


def test_reading_is_judged_beside_both_peers() -> None:
    rows = {"ours": 3000, "flask-hello": 2000, "wagtail": 800}
    results: goals.Results = {
        "article": {name: [{"requests_per_second": value}] for name, value in rows.items()}
    }
    verdicts = [goals.judge(goal, results) for goal in goals.GOALS if goal.scenario == "article"]
    assert [(verdict.peer, verdict.reached) for verdict in verdicts] == [
        ("flask-hello", True),
        ("wagtail", False),
    ]
