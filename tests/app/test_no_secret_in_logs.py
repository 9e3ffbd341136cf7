"""What opens a door is in no log: passwords, cookies, links of mails, codes, tokens; nor the words of people."""

from __future__ import annotations

import io
import logging
import re

import pytest

from app import logs
from app.db import reading, session, unit_of_work
from app.mail import Mail
from labs import guests
from labs.roles import Right
from tests import makers
from tests.clients import PageClient


@pytest.fixture
def journal() -> io.StringIO:
    """Everything that is said, down to DEBUG, in the form a server writes and in Python's own."""
    stream = io.StringIO()
    handlers = [logging.StreamHandler(stream), logging.StreamHandler(stream)]
    handlers[0].setFormatter(logs.JsonLines())
    handlers[1].setFormatter(logging.Formatter("%(name)s %(message)s %(args)s %(exc_text)s"))
    root, before = logging.getLogger(), logging.getLogger().level
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    for handler in handlers:
        root.removeHandler(handler)
    root.setLevel(before)


def test_nothing_that_opens_a_door_is_written_down(client: PageClient, journal: io.StringIO) -> None:
    with unit_of_work():
        place = makers.make_administration()
        leader = makers.make_agent(place)
        lab = makers.make_lab(leader, place)
        agent = makers.make_person(place, password=makers.PASSWORD)
        link = guests.invite_guest(leader, lab, "Camille", "camille@test.example", Right.REMARK)
        assert link.id
        email = agent.email
    with reading():
        token = session().query(Mail.body).filter_by(recipient="camille@test.example").scalar()
        token = token.split("/invitation/")[1].split()[0]
    secrets = [makers.PASSWORD, "un mot de passe faux", token, email, "camille@test.example"]
    client.get("/connexion")
    client.send("/connexion", 422, email=email, password="un mot de passe faux")
    client.send("/connexion", email=email, password=makers.PASSWORD)
    secrets += [cookie.value for cookie in client.http._cookies.values()]  # type: ignore[union-attr]
    client.get("/espace")
    client.sign_out().get(f"/invitation/{token}")
    client.send(f"/invitation/{token}/code")
    client.follow()
    with reading():
        code = (
            session()
            .query(Mail.body)
            .filter_by(recipient="camille@test.example")
            .order_by(Mail.id.desc())
            .first()[0]
        )
    found = re.search(r"(\d{3}) (\d{3})", code)
    assert found
    secrets.append(found[1] + found[2])
    client.send(f"/invitation/{token}/confirmer", 422, code="000000")
    client.get(f"/suivi/{token}", 404)
    client.get(f"/connexion?next=/invitation/{token}")
    said = journal.getvalue()
    assert "/invitation/<token>" in said or "POST" in said, "nothing was written down at all"
    assert not [secret for secret in secrets if secret and secret in said]
