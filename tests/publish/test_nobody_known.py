"""What readers do leaves nothing by which they could be found: no address of a computer, no name of a program, no cookie, and no word
that two pages share."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app import clock
from app.db import Base, reading, session, unit_of_work
from app.policy import PortalRole
from publish import visitors
from publish.sheets import SOONEST_SECONDS
from publish.visitors import COOKIE
from tests import makers
from tests.clients import PageClient
from tests.publish.callers import make_call
from tests.publish.press import Press

ADDRESS, PROGRAM = "203.0.113.77", "Navigateur-d-essai/7.7"


@pytest.fixture
def reader(client: PageClient) -> PageClient:
    visitors._buckets.clear()
    client.http.environ_base.update({"REMOTE_ADDR": ADDRESS, "HTTP_USER_AGENT": PROGRAM})
    return client


def does(reader: PageClient, path: str, page: str = "", **typed: str) -> None:
    """Send one form as a browser does: with what its page carries, on to where the first act is sent."""
    form: dict[str, str] = {}
    if page:
        with clock.shifted(-timedelta(seconds=SOONEST_SECONDS + 2)):
            forms = reader.get(page).forms
            form = dict(next(one for one in forms if one.action.partition("#")[0] == path).values)
    answer = reader.http.post(path, data={**form, **typed})
    if answer.status_code == 307:
        answer = reader.http.post(answer.location, data={**form, **typed})
    assert answer.status_code == 303, (path, answer.status_code)


def everything() -> dict[str, list[str]]:
    """{table: every row as text}."""
    with reading():
        return {
            table.name: [repr(tuple(row)) for row in session().execute(sa.select(table))]
            for table in Base.metadata.sorted_tables
        }


def test_nobody_is_known_by_what_they_do(press: Press, reader: PageClient) -> None:
    slugs = [press.published()[1], press.published("Ouvrir une école")[1]]
    call = make_call(press)
    with unit_of_work():
        moderator = makers.make_agent(makers.make_administration(), PortalRole.MODERATOR)
        wishes = [makers.make_wish(moderator, title).id for title in ("Une benne", "Un banc")]
    for slug in slugs:
        does(reader, f"/fiches/{slug}/aimer")
        does(reader, f"/fiches/{slug}/avis", utile="non", raison="Le prix.")
        does(
            reader, f"/fiches/{slug}/commentaires", f"/fiches/{slug}/commentaires", nom="Léa", texte="Merci."
        )
        does(
            reader, f"/fiches/{slug}/abonnement", f"/fiches/{slug}/abonnement", courriel=f"{slug}@exemple.nc"
        )
    for number in wishes:
        does(reader, f"/souhaits/{number}/soutenir")
    does(reader, "/souhaits", "/souhaits/nouveau", titre="Un arrêt", besoin="Devant l’école.", autre="1")
    does(reader, f"/appels/{call}", f"/appels/{call}", choix="1", mots="Le samedi.")
    cookie = reader.http.get_cookie(COOKIE)
    assert cookie is not None
    rows = everything()
    assert sum(len(found) for found in rows.values()) > 30
    who = cookie.value.partition(".")[0]
    for name, found in rows.items():
        for secret in (ADDRESS, PROGRAM, who):
            assert not [said for said in found if secret in said], (name, secret)
    # A mark or a key stands under one thing only; an article's like and « utile ? » are of one page.
    things: dict[str, set[tuple[object, ...]]] = defaultdict(set)
    with reading():
        for table in Base.metadata.sorted_tables:
            words = [word for word in ("mark", "key") if word in table.c and table.name != "due_row"]
            for row in session().execute(sa.select(table)).mappings() if words else ():
                own = (table.name, *(row[column.name] for column in table.primary_key))
                for word in words:
                    if row[word]:
                        of_article = word == "mark" and "article_id" in row
                        things[row[word]].add(("article", row["article_id"]) if of_article else own)
    assert len(things) >= 12 and {value: found for value, found in things.items() if len(found) > 1} == {}
