"""The load generator: its frames, its strokes, and that it believes no run from which something is missing."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

import pycrdt
import pytest
from wsproto import Connection, ConnectionType
from wsproto.events import BytesMessage, TextMessage

from benchmarks import frames, goals
from benchmarks.dialects import Chair, Hocuspocus, OpenLab, YWebsocket
from benchmarks.typists import Typist, first_state, first_text, moments, text_of
from benchmarks.updates import Run, runs
from benchmarks.window import Failed, Shape, Table, play

SIZES = (0, 1, 125, 126, 127, 65_535, 65_536, 200_000)


@pytest.mark.parametrize("size", SIZES)
def test_another_websocket_understands_our_frames_and_we_understand_its_own(size: int) -> None:
    words = b"x" * size
    server = Connection(ConnectionType.SERVER)
    server.receive_data(frames.frame(frames.BINARY, words))
    got = [event for event in server.events() if isinstance(event, BytesMessage)]
    assert b"".join(bytes(event.data) for event in got) == words and got[-1].message_finished
    # In pieces on the way, and in fragments by its own will.
    sent = server.send(BytesMessage(data=words, message_finished=False))
    sent += server.send(BytesMessage(data=b"end", message_finished=True))
    sent += server.send(TextMessage(data="next"))
    reader, found = frames.Reader(), []
    for start in range(0, len(sent), 1000):
        found += list(reader.feed(sent[start : start + 1000]))
    assert found == [(frames.BINARY, words + b"end"), (frames.TEXT, b"next")]


def test_typists_stay_in_their_regions_and_the_text_they_end_in_is_known() -> None:
    typists = [Typist(1000 + number, first_state(), number, 20, number / 20) for number in range(20)]
    assert "".join("".join(typist.region) for typist in typists) == first_text()
    keys = [(typist, key) for typist in typists for key in typist.keys(150)]
    assert any(key.clock < 0 for _typist, key in keys), "nobody took a letter out"
    for typist, key in keys:
        letters = (Run(typist.client_id, key.clock, key.clock + 1),) if key.clock >= 0 else ()
        assert runs(key.update) == letters
    # Any order that keeps each typist's own.
    order = [typist for typist, _key in keys]
    random.Random(1).shuffle(order)
    waiting = {typist: iter([key.update for mine, key in keys if mine is typist]) for typist in typists}
    doc: pycrdt.Doc = pycrdt.Doc()
    doc.apply_update(first_state())
    for typist in order:
        doc.apply_update(next(waiting[typist]))
    assert str(text_of(doc)) == "".join("".join(typist.region) for typist in typists) != first_text()


def test_ids_are_read_in_a_merged_update_too() -> None:
    typists = [Typist(1000 + number, first_state(), number, 4, number / 4) for number in range(4)]
    keys = {typist.client_id: typist.keys(40) for typist in typists}
    merged = pycrdt.merge_updates(*[key.update for mine in keys.values() for key in mine])
    found = {(run.client, clock) for run in runs(merged) for clock in range(run.first, run.end)}
    assert found == {(client, key.clock) for client, mine in keys.items() for key in mine if key.clock >= 0}


def test_five_keys_a_second_are_five_keys_a_second() -> None:
    found = moments(1000, 5, seed=3)
    assert found == sorted(found) and found[-1] == pytest.approx(200, rel=0.05)
    gaps = [later - sooner for sooner, later in zip(found, found[1:], strict=False)]
    assert 0.12 <= min(gaps) < 0.13 and 0.27 < max(gaps) <= 0.28


def test_an_update_is_found_in_what_each_server_says() -> None:
    update = first_state()
    told = b'451-/drafts,["update",{"draft":1,"update":{"_placeholder":true,"num":0},"seq":7}]'
    cursor = b'451-/drafts,["awareness",{"draft":1,"update":{"_placeholder":true,"num":0}}]'
    said = [(1.0, frames.TEXT, cursor), (1.1, frames.BINARY, b"a"), (2.0, frames.TEXT, told)]
    assert list(OpenLab().updates([*said, (2.5, frames.BINARY, update)])) == [(2.5, update)]
    refused = b'42/drafts,["refused",{"draft":1,"n":3,"error":{"code":"stale"}}]'
    with pytest.raises(RuntimeError, match="stale"):
        list(OpenLab().updates([(1.0, frames.TEXT, refused)]))
    server = Connection(ConnectionType.SERVER)
    for dialect in (YWebsocket(), Hocuspocus()):
        server.receive_data(dialect.stroke(Chair("room1"), update, 1))
        said_back = b"".join(
            bytes(event.data) for event in server.events() if isinstance(event, BytesMessage)
        )
        assert list(dialect.updates([(3.0, frames.BINARY, said_back)])) == [(3.0, update)]


@pytest.fixture(scope="module")
def table() -> Iterator[Table]:
    table = Table("ours", Shape(rooms=2, seats=2, typing=2))
    yield table
    table.close()


def test_two_people_at_two_tables_hear_every_letter(table: Table) -> None:
    window = play(table, rate=20, seconds=1, seed=1)
    assert window.keys == 80 and window.deliveries == 80
    assert 40 < len(window.latencies) <= 80, "deletions have no letter to wait for"
    assert all(0 < wait < 10 for wait in window.latencies)
    numbers = window.numbers()
    assert numbers["us_per_delivered_key"] > 0 and numbers["p50_ms"] <= numbers["p95_ms"] <= numbers["p99_ms"]


def test_a_text_that_is_not_what_was_typed_is_no_number(table: Table) -> None:
    region = table.typists[0].region
    true, region[0] = region[0], "#"
    with pytest.raises(Failed, match="is not what was typed"):
        play(table, rate=20, seconds=0.5, seed=2)
    region[0] = true
    play(table, rate=20, seconds=0.5, seed=3)


def test_a_run_that_loses_one_message_is_no_number(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = table.server.dialect.updates

    def without_the_fourth(messages: Iterable[tuple[float, int, bytes]]) -> list[tuple[float, bytes]]:
        found = list(whole(messages))
        return found[:3] + found[4:]

    monkeypatch.setattr(table.server.dialect, "updates", without_the_fourth)
    with pytest.raises(Failed, match="never reached"):
        play(table, rate=20, seconds=1, seed=4)


def _results(ours: list[float], yws: list[float], **more: float) -> goals.Results:
    rows = {"ours": ours, "yws": yws}
    return {"1x50": {name: [{goals.COST: value, **more} for value in rows[name]] for name in rows}}


def test_a_goal_is_judged_by_medians() -> None:
    goal = next(goal for goal in goals.GOALS if goal.scenario == "1x50")
    reached = goals.judge(goal, _results([9, 15, 14], [20, 19, 40]))
    assert reached.ratio == pytest.approx(14 / 20) and reached.reached
    assert goals.judge(goal, _results([16, 15, 17], [20, 19, 40])).reached is False
    assert goals.judge(goal, {"1x50": {"ours": [None], "yws": [{goals.COST: 1.0}]}}).reached is None


def test_disturbed_runs_are_left_out_where_there_are_calm_ones() -> None:
    rows = [{goals.COST: 10.0, "others_percent": 3.0}, {goals.COST: 30.0, "others_percent": 90.0}, None]
    assert goals.median(rows, goals.COST) == 10
    assert goals.median(rows[1:], goals.COST) == 30


def test_the_best_peer_is_the_best_in_the_sense_of_the_goal() -> None:
    results: goals.Results = {
        "ceiling-1x50": {
            "ours": [{"keys_per_second": 1300}],
            "yws": [{"keys_per_second": 1000}],
            "hocuspocus": [{"keys_per_second": 900}],
        },
        "cold-open": {"ours": [{"ms": 20}], "hocuspocus": [{"ms": 30}], "pycrdt-websocket": [{"ms": 25}]},
    }
    above, below = (
        next(goal for goal in goals.GOALS if goal.scenario == name) for name in ("ceiling-1x50", "cold-open")
    )
    assert (goals.judge(above, results).peer, goals.judge(above, results).reached) == ("yws", True)
    assert (goals.judge(below, results).peer, goals.judge(below, results).reached) == (
        "pycrdt-websocket",
        True,
    )
