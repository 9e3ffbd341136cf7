"""The log: one JSON object a line, with numbers and templates, and nobody's words."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import logging
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock, jobs, logs, worker
from app.db import unit_of_work
from app.errors import Unavailable
from app.factory import create_app
from config import ROOT, Settings
from drafts.models import DraftUpdate
from tests import makers
from tests.clients import PageClient

WORD = "zanzibarquetzal"


class Journal:
    """What was logged, as a server would have written it."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    def answered(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["logger"] == logs.ACCESS]


@pytest.fixture
def journal() -> Iterator[Journal]:
    found, root = Journal(), logging.getLogger()
    handler, level = logging.StreamHandler(found.stream), root.level
    handler.setFormatter(logs.JsonLines())
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield found
    root.removeHandler(handler)
    root.setLevel(level)


def test_a_record_is_one_object_on_one_line(journal: Journal) -> None:
    with logs.request_facts(request="abcdefgh"):
        logs.about(route="/labs/<slug>", person=7)
        logging.getLogger("app.here").warning(
            "une ligne\net %s", "une autre", extra={"draft": 3, "unknown": WORD}
        )
    (line,) = journal.lines
    assert line.pop("time").endswith("+00:00") and line.pop("pid") > 0
    assert line == {
        "level": "WARNING",
        "logger": "app.here",
        "message": "une ligne\net une autre",
        "request": "abcdefgh",
        "route": "/labs/<slug>",
        "person": 7,
        "draft": 3,
    }


def test_facts_end_with_their_request(journal: Journal) -> None:
    with logs.request_facts(request="abcdefgh"):
        pass
    logs.about(person=7)
    logging.getLogger("app.here").warning("après")
    assert not {"request", "person"} & journal.lines[0].keys()


def test_an_error_has_its_kind_and_its_stack_and_not_its_text(journal: Journal) -> None:
    try:
        try:
            int(WORD)
        except ValueError as error:
            raise KeyError(WORD) from error
    except KeyError as error:
        logging.getLogger("app.here").exception("raté : %s", error)
        logging.getLogger("app.here").warning(error)
    assert WORD not in journal.text
    found = journal.lines[0]["error"]
    assert found["type"] == "KeyError" and found["because"]["type"] == "ValueError"
    assert found["stack"][-1].startswith("tests/app/test_logs.py:")
    assert found["stack"][-1].endswith(" test_an_error_has_its_kind_and_its_stack_and_not_its_text")
    assert journal.lines[0]["message"] == "raté : KeyError (ValueError)"


def test_the_sentences_of_libraries_are_not_ours(journal: Journal) -> None:
    logging.getLogger("engineio.server").error(f"Invalid session {WORD}")
    logging.getLogger("engineio.server").error("Invalid session %s", WORD)
    logging.getLogger("realtime.gateway").error("Invalid session %s", 5)
    plain, template, ours = (line["message"] for line in journal.lines)
    assert plain.startswith("test_logs:") and template.startswith("Invalid session %s (test_logs:")
    assert ours == "Invalid session 5" and WORD not in journal.text


def test_what_quotes_nobody_is_said(journal: Journal) -> None:
    assert (
        logs.describe(RuntimeError("no database is configured")) == "RuntimeError: no database is configured"
    )
    assert logs.describe(FileNotFoundError(2, "No such file or directory", f"/tmp/{WORD}")) == (
        "FileNotFoundError: No such file or directory"
    )
    assert logs.describe(Unavailable(WORD)) == "Unavailable: unavailable"


def test_an_error_of_the_database_shows_no_value(app: Flask, journal: Journal) -> None:
    """The bytes of a stroke are in the statement's values, and PostgreSQL quotes the row that failed."""
    with unit_of_work():
        place = makers.make_administration()
        agent = makers.make_agent(place)
        draft = makers.make_draft(agent, makers.make_lab(agent, place), place)
    for wrong in ({"person_id": 987654321}, {"person_id": WORD}, {"client_id": None}, {"draft_id": WORD}):
        values = {
            "draft_id": draft.id,
            "seq": 900,
            "person_id": agent.id,
            "client_id": 5,
            "at": clock.now(),
            **wrong,
        }
        with pytest.raises(sa.exc.SQLAlchemyError) as caught, unit_of_work() as current:
            current.execute(sa.insert(DraftUpdate).values(update=WORD.encode(), **values))
        assert (
            WORD not in str(caught.value.args[0]) or values["person_id"] == WORD or values["draft_id"] == WORD
        )
        logging.getLogger("app.here").error("raté : %s", caught.value, exc_info=caught.value)
    shapes = (WORD, base64.b64encode(WORD.encode()).decode()[:-4], WORD.encode().hex())
    assert len(journal.lines) == 4 and not [shape for shape in shapes if shape in journal.text]
    assert all(line["error"]["stack"] for line in journal.lines)
    # Enough is left to know what went wrong.
    assert all(line["error"]["said"].count(":") >= 1 for line in journal.lines)


def test_the_engine_hides_what_it_binds(app: Flask) -> None:
    with pytest.raises((sa.exc.DBAPIError, Unavailable)) as caught, unit_of_work() as current:
        current.execute(sa.text("INSERT INTO no_such_table VALUES (:word)"), {"word": WORD})
    error = caught.value if isinstance(caught.value, sa.exc.DBAPIError) else caught.value.__cause__
    assert WORD not in str(error) and "INSERT INTO no_such_table" in str(error)


def test_an_answer_is_said_by_its_template(client: PageClient, journal: Journal) -> None:
    answer = client.http.get(f"/invitation/{WORD}?jeton={WORD}")
    client.http.get(f"/nulle-part/{WORD}")
    client.http.get(f"/recherche?q={WORD}")
    client.http.get("/fiches/une-fiche", headers={"Cookie": f"openlab={WORD}", "User-Agent": WORD})
    client.http.post("/connexion", data={"email": f"{WORD}@example.org", "password": WORD})
    assert WORD not in journal.text and "127.0.0.1" not in journal.text
    said = journal.answered()
    assert [(line["message"], line["status"]) for line in said] == [
        ("GET /invitation/<token>", 404),
        ("GET (none)", 404),
        ("GET /recherche", 200),
        ("GET /fiches/<slug>", 404),
        ("POST /connexion", 400),
    ]
    assert said[0]["request"] == answer.headers["X-Request-ID"]
    assert all(line["ms"] >= 0 for line in said) and len({line["request"] for line in said}) == 5


def test_a_person_and_a_draft_are_numbers(app: Flask, journal: Journal) -> None:
    with unit_of_work():
        place = makers.make_administration()
        agent = makers.make_agent(place)
        draft = makers.make_draft(agent, makers.make_lab(agent, place), place, title=WORD)
        token = makers.sign_in(agent.id)
    app.test_client(use_cookies=False).get(
        f"/brouillons/{draft.id}/historique", headers={"Cookie": f"openlab={token}"}
    )
    (line,) = journal.answered()
    assert (line["person"], line["draft"], line["status"]) == (agent.id, draft.id, 200)
    assert line["message"] == "GET /brouillons/<int:draft_id>/historique"
    assert token not in journal.text and WORD not in journal.text and agent.name not in journal.text


def test_the_number_of_a_request_comes_from_a_trusted_proxy_only(settings: Settings) -> None:
    given = {"X-Request-ID": "7f0c9a52-1b1e-4c55"}
    alone = create_app(settings).test_client()
    assert alone.get("/healthz", headers=given).headers["X-Request-ID"] != given["X-Request-ID"]
    behind = create_app(dataclasses.replace(settings, trusted_proxies=1)).test_client()
    assert behind.get("/healthz", headers=given).headers["X-Request-ID"] == given["X-Request-ID"]
    for odd in ("court", "x" * 65, 'avec"guillemets', "deux mots ici"):
        assert behind.get("/healthz", headers={"X-Request-ID": odd}).headers["X-Request-ID"] != odd


def _program(code: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, text=True, timeout=60, **options
    )


def test_on_a_terminal_the_lines_are_plain_and_answers_are_not_listed() -> None:
    code = """if True:
        import logging
        from app import logs
        logs.configure("INFO")
        logging.getLogger(logs.ACCESS).info("GET /")
        logging.getLogger("app.here").warning("le disque est plein")
    """
    leader, follower = pty.openpty()
    _program(code, stderr=follower)
    os.close(follower)
    shown = os.read(leader, 10_000).decode()
    os.close(leader)
    assert shown.endswith("WARNING app.here le disque est plein\r\n") and shown.count("\n") == 1
    piped = _program(code, stderr=subprocess.PIPE).stderr.splitlines()
    assert [json.loads(line)["message"] for line in piped] == ["GET /", "le disque est plein"]


def test_errors_that_nobody_catches_are_said_the_same_way() -> None:
    """Of a greenlet, of a thread, of the program itself: none prints a traceback that quotes its input."""
    code = f"""if True:
        import sys, threading
        import gevent
        from app import logs
        logs.configure("INFO")
        gevent.get_hub().print_exception = logs.uncaught_in_greenlet
        gevent.spawn(int, "{WORD}").join()
        thread = threading.Thread(target=int, args=("{WORD}",))
        thread.start()
        thread.join()
        try:
            int("{WORD}")
        except ValueError:
            sys.excepthook(*sys.exc_info())
    """
    said = _program(code, stderr=subprocess.PIPE).stderr
    assert WORD not in said
    assert [json.loads(line)["error"]["type"] for line in said.splitlines()] == ["ValueError"] * 3


def test_libraries_are_heard_from_their_warnings_on(tmp_path: Path) -> None:
    """SQLAlchemy's DEBUG prints every row it reads."""
    code = f"""if True:
        import logging
        from app import db, logs
        import sqlalchemy as sa
        logs.configure("DEBUG")
        db.configure("sqlite:///{tmp_path}/one.sqlite3")
        with db.unit_of_work() as current:
            current.execute(sa.text("SELECT '{WORD}'")).all()
        logging.getLogger("app.here").debug("et nous aussi")
    """
    said = _program(code, stderr=subprocess.PIPE).stderr.splitlines()
    assert [json.loads(line)["message"] for line in said] == ["et nous aussi"]


def test_an_error_page_gives_the_number_the_log_has(app: Flask, client: PageClient, journal: Journal) -> None:
    """Not of a page that does not exist: that one is the same for everybody, whatever is behind its address."""
    answer = client.http.post("/connexion", data={"email": "a@example.org", "password": "x"})
    number = answer.headers["X-Request-ID"]
    assert (
        answer.status_code == 400
        and f"Référence à donner si vous demandez de l’aide\u00a0: {number}" in answer.text
    )
    assert journal.answered()[-1]["request"] == number
    missing = client.http.get("/labs/nulle-part")
    assert "Référence à donner" not in missing.text


def test_an_error_of_ours_is_found_by_the_reference_of_its_page(
    app: Flask, client: PageClient, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(**_given: object) -> None:
        raise KeyError(WORD)

    app.testing = False
    monkeypatch.setitem(app.view_functions, "accounts.sign_in", fails)
    answer = client.http.get("/connexion")
    assert answer.status_code == 500 and WORD not in answer.text
    (line,) = [line for line in journal.lines if line["level"] == "ERROR"]
    assert line["request"] in answer.text and line["request"] == answer.headers["X-Request-ID"]
    assert line["error"]["type"] == "KeyError"


def test_what_the_worker_does_has_a_number_and_a_name(app: Flask, journal: Journal) -> None:
    with unit_of_work():
        jobs.plan("test.unknown", "one", clock.now())
    worker._attempt(jobs.sweep)
    worker._attempt(jobs.sweep)
    (line,) = [line for line in journal.lines if line["level"] == "ERROR"]
    assert line["job"].startswith("due_row ") and line["message"] == f"{line['job'].replace('_', ' ')} failed"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "sweep", lambda: 1 / 0)
        worker._attempt(lambda: jobs.sweep())
    assert journal.lines[-1]["job"] == "<lambda>"
    assert len({line["request"] for line in journal.lines}) == 2
