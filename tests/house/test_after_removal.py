"""Who was removed, withdrawn or suspended reads no past and takes no copy away: over HTTP and at the tables.

(CVE-2026-45543: a removed person went on reading by what lingered.) The same addresses answered a moment before.
"""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.accounts import service as accounts
from app.accounts.models import Person
from app.accounts.service import actor_for_token
from app.db import session, unit_of_work
from app.policy import Actor
from config import Settings
from drafts import experts
from drafts.models import Draft
from labs import guests
from labs.service import remove_member
from realtime import fanout, gateway, pulse, workshop
from realtime.halls import NAMESPACE as ROOMS
from realtime.limits import ACTS, Bucket
from realtime.protocol import NAMESPACE
from realtime.seats import Connection
from tests.house.full_house import EXPERT, FullHouse, address, build, lab_of, methods, rules

# What shows or hands out the past, the text or the words of a lab.
PAST = (
    "historique",
    "auteurs",
    "passage.json",
    "remarques",
    "suggestions",
    "compte-rendu",
    ".ics",
    "messages",
    "api/v1/drafts/<",
    "images/<",
)


@pytest.fixture
def house(app: Flask, settings: Settings) -> FullHouse:
    return build(app, settings)


def past_of(house: FullHouse) -> list[str]:
    wanted = [
        rule for rule in rules(house.app)
        if "GET" in methods(rule) and rule.rule.startswith(("/brouillons", "/labs", "/api", "/images"))
        and any(part in rule.rule for part in PAST)
    ]  # fmt: skip
    return [address(house.app, rule, house.own.fill(rule)) for rule in wanted]


def asked(house: FullHouse, path: str, headers: dict[str, str]) -> int:
    return house.app.test_client(use_cookies=False).get(path, headers=headers).status_code


def seat(house: FullHouse, namespace: str, token: str) -> str:
    assert fanout.server is not None
    sid: str = fanout.server.manager.connect(f"removed-{namespace}-{token[:8]}", namespace)
    with unit_of_work():
        found = Connection(sid, actor_for_token(token))
    (pulse.connections if namespace == NAMESPACE else workshop.connections)[sid] = found
    workshop._budgets[sid] = Bucket(ACTS)
    return sid


def codes(house: FullHouse, table: str, room: str) -> list[str]:
    """What a table and a room answer to a seat that is taken already: joining, writing, an act; "" for yes."""
    draft, seance = house.own.things["/brouillons"]["draft_id"], house.own.things["/labs"]["session_id"]
    answers: list[dict[str, Any]] = []
    gateway._join(table, {"draft": draft, "state_vector": b"\x00"}, answers.append)
    gateway._update(table, {"draft": draft, "update": b"\x00\x00"}, answers.append)
    workshop._join(room, {"session": seance}, answers.append)
    return ["" if answer["ok"] else answer["error"]["code"] for answer in answers]


@pytest.mark.parametrize("who", ["removed", "suspended", "guest", "confined"])
def test_the_past_is_closed_with_the_door(house: FullHouse, who: str) -> None:
    wing = house.own
    person: Actor = wing.guest if who in ("guest", "confined") else wing.writer
    headers = house.cookie_of(person)
    token = house.tokens[person.id]
    paths = past_of(house)
    assert len(paths) > 12
    open_before = [path for path in paths if asked(house, path, headers) == 200]
    assert len(open_before) > 8
    table, room = seat(house, NAMESPACE, token), seat(house, ROOMS, token)
    assert "not_found" not in codes(house, table, room) and "unauthenticated" not in codes(house, table, room)
    with unit_of_work():
        row = session().get_one(Person, person.id)
        if who == "removed":
            remove_member(wing.leader, lab_of(wing), row)
        elif who == "suspended":
            accounts.suspend(house.people["an administrator"], row)
        elif who == "guest":
            guests.close_all(wing.leader, lab_of(wing))
        else:
            guests.close(wing.leader, lab_of(wing), int(str(wing.things["/labs"]["link_id"])))
    still = {
        path: status for path in paths if (status := asked(house, path, headers)) not in (302, 401, 403, 404)
    }
    assert not still
    refused = codes(house, table, room)
    assert refused and all(code in ("not_found", "unauthenticated", "forbidden") for code in refused), refused


def test_a_withdrawn_expert_reads_no_more(house: FullHouse) -> None:
    wing = house.own
    link, headers = f"/expertise/{wing.things['/expertise']['token']}", house.cookie_of(EXPERT)
    client = house.app.test_client(use_cookies=False)
    text = "Présentez-vous à la mairie"
    assert text in client.get(link, headers=headers).get_data(as_text=True)
    with unit_of_work():
        read = session().get_one(Draft, wing.things["/brouillons/<int:draft_id>/experts"]["draft_id"])
        experts.revoke(wing.writer, read, wing.expert)
    after = client.get(link, headers=headers)
    assert text not in after.get_data(as_text=True) and "no-store" in after.headers["Cache-Control"]
    for part in ("avis", "remarques"):
        assert client.post(f"{link}/{part}", headers=headers, data={"texte": "Un mot."}).status_code in (
            403,
            404,
        )
    image = client.get(f"{link}/images/{wing.things['/expertise']['image']}.webp", headers=headers)
    assert image.status_code in (403, 404)
