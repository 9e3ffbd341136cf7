"""Makes a morning in an empty database, through the services: `morning_scene.py AGENTS LABS DRAFTS SEATS START`.

Agents of as many administrations as the portal has work in LABS labs, and DRAFTS drafts have SEATS of them at the table. START is a
file with the update every draft starts from. The public side is the demonstration's: its written articles, with their
administrations and services. Prints {"drafts": […], "tokens": […], "articles": […]}, seats draft by draft.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import sqlalchemy as sa

from app import schema_versions, seed
from app.db import session, unit_of_work
from app.directory.models import Administration
from app.factory import create_app
from app.policy import Actor
from benchmarks.our_scene import begin
from config import Settings
from labs.models import Lab
from tests import makers
from tests.scenes import token_for


def main() -> None:
    agents, labs, drafts, seats = (int(given) for given in sys.argv[1:5])
    start = Path(sys.argv[5]).read_bytes()
    schema_versions.upgrade(os.environ["DATABASE_URL"])
    create_app(Settings.from_env())
    articles = _public_side()
    with unit_of_work():
        places = list(session().scalars(sa.select(Administration).order_by(Administration.id)))
        people = [makers.make_agent(places[number % len(places)]) for number in range(agents)]
    # Each lab's people sit next to one another in the list, so that a lab joins several administrations.
    each = agents // labs
    groups = [people[number * each : (number + 1) * each] for number in range(labs)]
    with unit_of_work():
        open_labs = [
            makers.make_lab(group[0], _place_of(group[0]), *group[1:], title=f"Atelier {number}")
            for number, group in enumerate(groups)
        ]
        lab_ids = [lab.id for lab in open_labs]
    made, tokens = [], []
    for number in range(drafts):
        group = groups[number % labs]
        with unit_of_work():
            lab = session().get_one(Lab, lab_ids[number % labs])
            draft = makers.make_draft(group[0], lab, _place_of(group[0]), title=f"Texte {number}", tree=[])
            begin(draft.id, group[0], start)
            made.append(draft.id)
        # A lab's second draft has its people again, from the other end: some of them have two texts open.
        turn = group if number < labs else group[::-1]
        tokens += [token_for(turn[seat % len(turn)]) for seat in range(seats)]
    print(json.dumps({"drafts": made, "tokens": tokens, "articles": articles}))


def _place_of(person: Actor) -> Administration:
    return session().get_one(Administration, person.administration_id)


def _public_side() -> list[str]:
    """The written articles of the demonstration, published: their short names."""
    with unit_of_work():
        for entry in seed.entries("administrations"):
            seed.add_administration(entry)
        for entry in seed.entries("people"):
            seed.add_person(entry)
        for entry in seed.entries("services"):
            seed.add_service(entry)
    written = [entry for entry in seed.entries("articles") if not entry.get("afterwards")]
    for entry in written:
        seed.publish_article(entry)
    return [entry["slug"] for entry in written]


if __name__ == "__main__":
    main()
