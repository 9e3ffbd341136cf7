"""People who put questions to the public, and a browser of somebody who answers them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from app import clock
from app.db import reading, session, unit_of_work
from app.policy import Actor, PortalRole
from labs.models import Lab
from publish import call_queries, calls, sheets, visitors
from publish.call_models import Call
from tests.clients import PageClient
from tests.makers import make_agent
from tests.publish.press import Press

CHOICES = ("Oui", "Non", "Je ne sais pas")
# A person takes longer to write than a form that is sent at once is believed.
LATER = timedelta(seconds=10)


def make_call(press: Press, actor: Actor | None = None, *, out: bool = True, **values: Any) -> str:
    """A call of the press's lab, open for a week; its slug."""
    now = clock.now()
    given = {
        "title": "Le guichet du samedi",
        "question": "Viendriez-vous au guichet le samedi matin\u202f?",
        "choices": CHOICES,
        "opens_at": now - timedelta(hours=1),
        "closes_at": now + timedelta(days=7),
        "show_results": True,
    }
    who = actor or press.writer
    with unit_of_work():
        lab = session().get_one(Lab, press.lab_id)
        call = calls.prepare(who, lab=lab, **{**given, **values})
        if out:
            calls.put_out(who, call)
        return call.slug


def called(slug: str) -> Call:
    with reading():
        return call_queries.call_called(slug)


def of_role(press: Press, role: PortalRole) -> Actor:
    from app.directory.models import Administration

    with unit_of_work():
        return make_agent(session().get_one(Administration, press.sud), role)


def stranger(client: PageClient) -> PageClient:
    """Another browser, with nothing in it."""
    visitors._buckets.clear()
    return PageClient(client.app)


def sent(client: PageClient, path: str, action: str, status: int = 303, **values: Any) -> dict[str, Any]:
    """Open a page, fill in its form as a person would, ten seconds later, and follow the first act's way. What was sent."""
    page = client.get(path)
    data = {**page.form(action).values, **values}
    data = {name: (value[0] if isinstance(value, list) else value) for name, value in data.items()}
    with clock.shifted(LATER):
        again(client, action, data, status)
    return data


def again(client: PageClient, action: str, data: dict[str, Any], status: int = 303) -> None:
    """Send a form; a first act of a browser is sent on once, with the cookie."""
    answer = client.http.post(action, data=data)
    where = action
    if answer.status_code == 307:
        where = re.sub(r"^https?://[^/]+", "", answer.headers["Location"])
    client.post(where, data, status)


def fresh(client: PageClient, action: str) -> str:
    with client.app.app_context():
        return sheets.fresh(action)
