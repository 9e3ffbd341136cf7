"""What the log says of an event at the table: whose connection, and which event of it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from flask import Flask

from app import logs
from realtime import engine, fanout
from realtime.namespaces import Namespace

NAMESPACE = "/test"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    found, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(found)
    handler.setFormatter(logs.JsonLines())
    root.addHandler(handler)
    yield found
    root.removeHandler(handler)


def test_each_event_has_the_number_of_its_handshake_and_one_of_its_own(
    app: Flask, lines: io.StringIO
) -> None:
    server = fanout.server
    assert server is not None

    def fails(_sid: str, _payload: object, _answer: object) -> None:
        raise KeyError("secret words")

    namespace = Namespace(server, NAMESPACE, {"join": fails, "do": fails}, lambda *_given: False)
    with logs.request_facts(request="handshake1"):
        logs.about(person=7)
        server.eio.sockets["one"] = engine.Line(server.eio, "one")
    with logs.request_facts(request="handshake2"):
        server.eio.sockets["two"] = engine.Line(server.eio, "two")
    try:
        for line in ("one", "two"):
            server.manager.connect(line, NAMESPACE)
        for line, event in (("one", "join"), ("one", "do"), ("two", "do")):
            # By a task that works for another request, as the one that reads for all.
            with logs.request_facts(request="another"):
                namespace.call(line, event, {}, None)
    finally:
        del server.eio.sockets["one"], server.eio.sockets["two"]
    said = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [(line["request"], line["event"]) for line in said] == [
        ("handshake1", "join.1"),
        ("handshake1", "do.2"),
        ("handshake2", "do.1"),
    ]
    assert [line.get("person") for line in said] == [7, 7, None] and "secret" not in lines.getvalue()
