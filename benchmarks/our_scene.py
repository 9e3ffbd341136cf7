"""Makes what a run of ours needs in an empty database, through the services: `our_scene.py ROOMS SEATS START PEOPLE`.

A program of its own, so that another tree of this repository can be measured with its own services (`--ours-tree`).
PEOPLE persons share the seats in turn, each signed in; everybody may write in the one lab that holds the drafts. START is a
file with the update every draft starts from, or empty. Prints {"drafts": […], "tokens": […]}, room by room. With `room` as
a fifth argument the lab has an open séance as well: {"session", "leader", "people"} are its number and the tokens of who
leads it and of everybody.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta
from pathlib import Path

from app import clock, schema_versions
from app.db import session, unit_of_work
from app.factory import create_app
from app.policy import Actor
from config import Settings
from drafts.models import Draft, DraftClient, DraftUpdate
from labs.models import Lab
from tests import makers
from tests.scenes import token_for

# The client ids that may stand in START (benchmarks/typists.py, benchmarks/gate_cost.py).
FIRST_IDS = (7, 12)


def main() -> None:
    rooms, seats, count = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[4])
    start = Path(sys.argv[3]).read_bytes()
    schema_versions.upgrade(os.environ["DATABASE_URL"])
    create_app(Settings.from_env())
    with unit_of_work():
        place = makers.make_administration("Province Sud")
        facilitator = makers.make_agent(place)
        people = [makers.make_agent(place) for _ in range(count)]
        lab = makers.make_lab(facilitator, place, *people)
        made = [
            makers.make_draft(people[0], lab, place, title=f"Banc {room}", tree=[]).id
            for room in range(rooms)
        ]
    if start:
        for draft_id in made:
            with unit_of_work():
                begin(draft_id, people[0], start)
    tokens = [token_for(person) for person in people]
    seated = [tokens[number % count] for number in range(rooms * seats)]
    scene = {"drafts": made, "tokens": seated}
    if sys.argv[5:] == ["room"]:
        scene |= {
            "session": _open_room(facilitator, lab.id),
            "leader": token_for(facilitator),
            "people": tokens,
        }
    print(json.dumps(scene))


def _open_room(facilitator: Actor, lab_id: int) -> int:
    # Here, because an older tree has none.
    from labs import room, sessions

    starts = clock.now()
    agenda = [{"title": f"Point {number}", "minutes": 15} for number in range(1, 7)]
    with unit_of_work():
        lab = session().get_one(Lab, lab_id)
        seance = sessions.plan_session(
            facilitator, lab, "Banc", starts, starts + timedelta(hours=2), agenda=agenda
        )
        room.open_room(facilitator, seance.id)
        return seance.id


def begin(draft_id: int, writer: Actor, start: bytes) -> None:
    """The first row of a log: everything up to here in one update, of which `writer` is the author."""
    for client_id in range(FIRST_IDS[0], FIRST_IDS[1] + 1):
        session().add(
            DraftClient(
                draft_id=draft_id,
                client_id=client_id,
                person_id=writer.id,
                administration_id=writer.administration_id,
                one_use=False,
            )
        )
    draft = session().get_one(Draft, draft_id)
    session().add(
        DraftUpdate(
            draft_id=draft_id,
            seq=draft.head_seq + 1,
            person_id=writer.id,
            client_id=FIRST_IDS[0],
            update=start,
            at=clock.now(),
        )
    )
    draft.head_seq += 1


if __name__ == "__main__":
    main()
