"""Plain French for who writes: what the editor asks, the page without JavaScript, and findings that stay as they are."""

# ruff: noqa: F811 - the house is a fixture

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import reading, session, unit_of_work
from app.policy import Actor
from drafts import plain_exceptions, plain_routes, service
from drafts.plain_french import asking
from drafts.plain_french.rules import RuleCode, house_rules
from drafts.plain_models import LONGEST_REASON, PlainException
from tests.clients import PageClient
from tests.drafts.every_block import block, p, words
from tests.drafts.test_remark_pages import send
from tests.drafts.test_remarks import House, house  # noqa: F401 - a fixture

HARD = "La carte est délivrée le lundi."


@pytest.fixture(scope="module", autouse=True)
def _child() -> Iterator[None]:
    yield
    asking.close()


@pytest.fixture(autouse=True)
def _full_buckets() -> None:
    plain_routes._read.clear()


@pytest.fixture
def page(house: House, app: Flask) -> str:
    app.config["WTF_CSRF_ENABLED"] = False
    with unit_of_work():
        service.replace_text(
            house.writer,
            house.draft,
            [block("lead", "b1", words("En bref.")), p("b2", HARD), p("b3", "Écrivez à la CAFAT.")],
        )
    return f"/brouillons/{house.draft_id}/francais-simple"


def asked(client: PageClient, page: str, *blocks: Any) -> dict[str, Any]:
    answer: dict[str, Any] = send(client, page, 200, {"blocks": list(blocks)})
    return answer


def units(text: str, finding: dict[str, Any]) -> str:
    raw = text.encode("utf-16-le")
    return raw[2 * finding["start"] : 2 * finding["end"]].decode("utf-16-le")


# What the editor asks


def test_a_block_is_answered_with_what_is_found_in_it(client: PageClient, house: House, page: str) -> None:
    text = f"🌴 {HARD}"
    answer = asked(client.sign_in(house.writer), page, p("x1", text), p("x2", "Venez tôt."))
    (finding,) = answer["blocks"]["x1"]["findings"]
    rule = house_rules()[RuleCode.PASSIVE]
    assert finding == {
        "rule": "passive", "name": rule.name, "why": rule.why, "start": 12, "end": 24, "words": "est délivrée",
        "better": None, "rather": finding["rather"],
    }  # fmt: skip
    assert units(text, finding) == finding["words"]
    other = answer["blocks"]["x2"]
    assert other == {"findings": [], "spells": [], "terms": [], "score": other["score"]}
    # In parts that add up to those of a text, and for who looks at one block only as its number.
    assert other["score"] == {"words": 2, "sentences": 1, "syllables": 3, "ease": other["score"]["ease"]}
    assert 0 <= other["score"]["ease"] <= 100
    assert answer["rules"] == house_rules().digest


def test_each_block_says_which_acronyms_it_explains(client: PageClient, house: House, page: str) -> None:
    asks, explains = p("x1", "Écrivez à la CAFAT."), p("x2", "La caisse des familles (CAFAT) rembourse.")
    answer = asked(client.sign_in(house.writer), page, asks, explains)["blocks"]
    assert [one["rule"] for one in answer["x1"]["findings"]] == ["acronym"] and answer["x1"]["spells"] == []
    assert answer["x2"]["findings"] == [] and answer["x2"]["spells"] == ["CAFAT"]


def test_what_stands_in_a_container_is_read(client: PageClient, house: House, page: str) -> None:
    note = {"type": "note", "attrs": {"id": "n1"}, "content": [p("x1", HARD)]}
    answer = asked(client.sign_in(house.writer), page, note)["blocks"]
    assert set(answer) == {"x1"} and len(answer["x1"]["findings"]) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"[]", 422),
        (b'{"blocks": 3}', 422),
        (b'{"blocks": [3, null, "a"]}', 422),
        (b'{"blocks": [{"type": "paragraph", "content": 3}]}', 422),
        (b'{"blocks": ' + b"[" * 100_000, 422),
        (json.dumps({"blocks": [p("x", "a")] * 300}).encode(), 200),
        (json.dumps({"blocks": [p("x", "a")] * 301}).encode(), 413),
        (
            b'{"blocks": [{"type": "paragraph", "attrs": {"id": "x"}, "content": [{"type": "text", "text": "CAFAT \\ud800"}]}]}',
            200,
        ),
        (b" " * (asking.LONGEST_BODY + 1), 413),
    ],
)
def test_what_may_be_sent_is_bounded(
    client: PageClient,
    house: House,
    page: str,
    body: bytes,
    status: int,
) -> None:
    client.sign_in(house.writer)
    answer = client.http.post(page, data=body, content_type="application/json")
    assert answer.status_code == status and answer.is_json, answer.get_data()[:200]


def test_who_asks_for_more_than_an_editor_does_waits(
    client: PageClient, house: House, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain_routes, "A_MINUTE", 3)
    client.sign_in(house.writer)
    large = {"blocks": [p("x", "Venez tôt. " * 3_000)]}
    statuses = [client.http.post(page, json=large).status_code for _ in range(2)]
    assert statuses == [200, 429]
    client.sign_in(house.remarker)
    assert client.http.post(page, json={"blocks": []}).status_code == 200, "each person has a measure"


def test_a_child_that_died_stops_nobody(
    client: PageClient,
    house: House,
    page: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client.sign_in(house.writer)
    with monkeypatch.context() as patched:
        # There is no such module: it ends before it reads.
        patched.setattr(
            asking,
            "_reader",
            asking.Child(
                seconds=5, memory=2**29, longest=asking.LONGEST, module="drafts.plain_french.nothing"
            ),
        )
        answer = client.http.post(page, json={"blocks": [p("x", HARD)]})
        assert answer.status_code == 503 and answer.json["error"]["code"] == "unavailable"
        shown = client.get(page, 503)
        assert (
            "n’est pas disponible pour le moment" in shown.main and "Rien d’autre ne s’arrête" in shown.main
        )
        client.get(f"/brouillons/{house.draft_id}")
        asking.close()
    assert asked(client, page, p("x", HARD))["blocks"]["x"]["findings"], "the next request has another child"


def test_a_child_that_is_slow_is_ended(
    client: PageClient,
    house: House,
    page: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client.sign_in(house.writer)
    with monkeypatch.context() as patched:
        patched.setattr(
            asking,
            "_reader",
            asking.Child(
                seconds=0.01, memory=asking.MEMORY, longest=asking.LONGEST, module="drafts.plain_french.work"
            ),
        )
        assert client.http.post(page, json={"blocks": [p("x", HARD)]}).status_code == 503


def test_who_asks_shows_the_token_of_the_page(client: PageClient, house: House, page: str) -> None:
    client.app.config["WTF_CSRF_ENABLED"] = True
    shown = client.sign_in(house.writer).get(f"/brouillons/{house.draft_id}")
    token = shown.all("div", data_draft=str(house.draft_id))[0].get("data-csrf")
    send(client, page, 400, {"blocks": []})
    send(client, page, 200, {"blocks": []}, **{"X-CSRFToken": token})


# What stays as it is


def left(client: PageClient, page: str, **other: Any) -> dict[str, Any]:
    given = {"block": "b2", "rule": "passive", "words": "est délivrée", "reason": "Termes de la loi."}
    answer: dict[str, Any] = send(client, f"{page}/laisser", 201, {**given, **other})
    return answer


def listed(client: PageClient, page: str) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = client.get(page, headers={"Accept": "application/json"}).json[
        "passed_over"
    ]
    return answer


def test_an_exception_is_kept_with_who_and_why_and_ends(client: PageClient, house: House, page: str) -> None:
    made = left(client.sign_in(house.writer), page)
    assert (
        made["by"] == house.writer.name
        and made["reason"] == "Termes de la loi."
        and made["at"].endswith("+00:00")
    )
    assert left(client, page, reason="Une autre raison.")["id"] == made["id"], "the same words are left once"
    assert listed(client.sign_in(house.reader), page) == [made], "who reads sees them"
    send(client.sign_in(house.facilitator), f"{page}/reprendre", 200, {"id": made["id"]})
    assert listed(client, page) == []
    send(client, f"{page}/reprendre", 404, {"id": made["id"]})


def test_an_exception_is_for_these_words(client: PageClient, house: House, page: str) -> None:
    client.sign_in(house.writer).get(page)
    assert client.page is not None and "« est délivrée »" in client.page.main
    left(client, page)
    shown = client.get(page)
    assert "1 passage à simplifier" in shown.main and "l’exception ne sert plus" not in shown.main
    with unit_of_work():
        service.replace_text(house.writer, house.draft, [p("b2", "La carte sera délivrée le lundi.")])
    shown = client.get(page)
    assert "« sera délivrée »" in shown.main and "l’exception ne sert plus" in shown.main


def test_the_page_needs_no_javascript(client: PageClient, house: House, page: str) -> None:
    shown = client.sign_in(house.writer).get(page)
    assert (
        "2 passages à simplifier" in shown.main
        and "sur 100" in shown.main
        and "Kandel et Moles" in shown.main
    )
    assert "moins d’une minute de lecture" in shown.main and "Ce n’est pas un objectif" in shown.main
    assert f"/brouillons/{house.draft_id}#b2" in shown.links()
    shown = client.send(f"{page}/laisser", 422, reason="  ")
    assert "Dites pourquoi" in shown.main
    shown = client.send(f"{page}/laisser", 422, reason="x" * (LONGEST_REASON + 1))
    assert shown.form(f"{page}/laisser").values["reason"] == "x" * (LONGEST_REASON + 1), (
        "what was typed is there"
    )
    client.send(f"{page}/laisser", reason="C’est le nom de la démarche.")
    shown = client.follow()
    assert "1 passage à simplifier" in shown.main and "C’est le nom de la démarche." in shown.main
    client.send(f"{page}/reprendre")
    assert "2 passages à simplifier" in client.follow().main


def test_a_text_with_nothing_to_say_of_it_says_so(client: PageClient, house: House, page: str) -> None:
    with unit_of_work():
        service.replace_text(house.writer, house.draft, [p("b2", "Venez tôt.")])
    shown = client.sign_in(house.reader).get(page)
    assert "Rien n’est à simplifier" in shown.main and "Aucune exception" in shown.main


def test_words_over_several_lines_come_back_as_they_are(client: PageClient, house: House, page: str) -> None:
    client.sign_in(house.writer)
    client.post(
        f"{page}/laisser",
        {"block": "b2", "rule": "long_sentence", "words": "Un\r\nDeux", "reason": "Un vers."},
    )
    assert listed(client, page)[0]["words"] == "Un\nDeux"


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": "a"}, {"reason": "a" * 301}, {"reason": 3}, {"rule": "no_such_rule"}, {"block": ""}, {"block": "é"},
        {"words": ""}, {"words": "a" * 20_001}, {"words": "a\x00"},
    ],
)  # fmt: skip
def test_what_is_no_exception_is_refused(
    client: PageClient, house: House, page: str, wrong: dict[str, Any]
) -> None:
    given = {"block": "b2", "rule": "passive", "words": "est délivrée", "reason": "Termes de la loi."}
    send(client.sign_in(house.writer), f"{page}/laisser", 422, {**given, **wrong})
    assert listed(client, page) == []


def test_exceptions_of_a_text_are_bounded(
    client: PageClient,
    house: House,
    page: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plain_exceptions, "MOST", 1)
    left(client.sign_in(house.writer), page)
    given = {"block": "b2", "rule": "passive", "words": "sera délivrée", "reason": "Termes de la loi."}
    send(client, f"{page}/laisser", 422, given)


def test_who_may_only_read_leaves_nothing(client: PageClient, house: House, page: str) -> None:
    made = left(client.sign_in(house.writer), page)
    people: list[tuple[Actor, int]] = [(house.reader, 403), (house.remarker, 403), (house.stranger, 404)]
    for actor, status in people:
        client.sign_in(actor)
        send(
            client,
            f"{page}/laisser",
            status,
            {"block": "b2", "rule": "passive", "words": "x", "reason": "Non."},
        )
        send(client, f"{page}/reprendre", status, {"id": made["id"]})
        client.post(
            f"{page}/laisser", {"block": "b2", "rule": "passive", "words": "x", "reason": "Non."}, status
        )
    shown = client.sign_in(house.reader).get(page)
    assert not shown.offers(f"{page}/laisser") and not shown.offers(f"{page}/reprendre")
    client.sign_in(house.stranger).get(page, 404)
    send(client, page, 404, {"blocks": []})
    with reading():
        assert session().scalar(sa.select(sa.func.count()).select_from(PlainException)) == 1


def test_the_database_refuses_what_the_verb_refuses(house: House) -> None:
    from app import clock

    good: dict[str, Any] = {
        "draft_id": house.draft_id, "block_id": "b2", "rule": "passive", "words": "x", "digest": "d" * 64,
        "reason": "Oui.", "person_id": house.writer.id, "at": clock.now(),
    }  # fmt: skip
    for wrong in ({"reason": ""}, {"words": ""}, {"block_id": ""}, {"reason": "x" * 301, "rule": "y"}):
        with pytest.raises((sa.exc.IntegrityError, sa.exc.DataError)), unit_of_work():
            session().add(PlainException(**{**good, **wrong}))
            session().flush()
    with pytest.raises(sa.exc.IntegrityError), unit_of_work():
        session().add_all([PlainException(**good), PlainException(**good)])
        session().flush()
