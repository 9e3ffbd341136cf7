"""A publication is planned from the page of the review: day and hour of Nouméa, the box ticked, a moment to come."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from app import clock
from app.db import reading
from drafts.stages import Stage
from publish import schedule
from tests.clients import PageClient
from tests.publish.press import Press, draft_called


def _typed(client: PageClient, draft_id: int, **values: Any) -> tuple[str, dict[str, Any]]:
    """The address of the second button, and what the form of the last page would send with it."""
    assert client.page is not None
    form = client.page.form(f"/brouillons/{draft_id}/publier")
    data = {name: value for name, value in {**form.values, **values}.items() if value is not None}
    return f"/brouillons/{draft_id}/publication/programmer", data


def test_a_publication_is_planned_and_seen(press: Press, client: PageClient) -> None:
    draft_id, _fingerprint = press.approved()
    client.sign_in(press.editor)
    client.get(f"/brouillons/{draft_id}/relecture")
    address, data = _typed(client, draft_id, relu="y", jour="2030-05-31", heure="06:30", note="À lire.")
    client.post(address, data, 303)
    page = client.follow()
    assert "31 mai 2030" in page.main and page.offers(f"/brouillons/{draft_id}/publication/annuler")
    with reading():
        draft = draft_called(draft_id)
        at = schedule.scheduled_for(draft)
        assert draft.stage is Stage.SCHEDULED and at is not None
        assert clock.local(at).isoformat() == "2030-05-31T06:30:00+11:00"


def test_what_is_missing_is_said_and_what_was_typed_stays(press: Press, client: PageClient) -> None:
    draft_id, _fingerprint = press.approved()
    client.sign_in(press.editor)
    client.get(f"/brouillons/{draft_id}/relecture")
    address, data = _typed(client, draft_id, relu=None, note="Ma note.", jour="2030-05-31", heure="")
    page = client.post(address, data, 422)
    assert "Cochez la case" in page.main and "Choisissez l’heure de la publication." in page.main
    values = page.form(f"/brouillons/{draft_id}/publier").values
    assert values["note"] == "Ma note." and values["jour"] == "2030-05-31"
    yesterday = clock.local(clock.now() - timedelta(days=1)).date().isoformat()
    address, data = _typed(client, draft_id, relu="y", jour=yesterday, heure="08:00")
    page = client.post(address, data, 422)
    assert "Choisissez un moment à venir." in page.main and "#publier-jour" in page.links()
    with reading():
        assert draft_called(draft_id).stage is Stage.APPROVED


def test_a_page_that_is_out_of_date_plans_nothing(press: Press, client: PageClient) -> None:
    draft_id, _fingerprint = press.approved()
    client.sign_in(press.editor)
    client.get(f"/brouillons/{draft_id}/relecture")
    address, data = _typed(client, draft_id, relu="y", jour="2030-05-31", heure="06:30")
    client.post(address, {**data, "empreinte": "0" * 64}, 409)
    with reading():
        assert draft_called(draft_id).stage is Stage.APPROVED
