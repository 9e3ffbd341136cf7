"""The form that publishes, as it hangs on the page of a review: seen by who may, exact about what will be public."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from app import clock
from app.db import reading, session, unit_of_work
from app.directory.models import Administration
from drafts import review
from publish import schedule
from publish.models import Edition
from tests.clients import PageClient
from tests.publish.press import RICH, Press, block, draft_called


def test_the_editor_publishes_from_the_review(press: Press, client: PageClient) -> None:
    draft_id, fingerprint = press.approved()
    client.sign_in(press.editor)
    page = client.get(f"/brouillons/{draft_id}/relecture")
    form = page.form(f"/brouillons/{draft_id}/publier")
    assert form.values["empreinte"] == fingerprint and form.values["note"] == "Première publication."
    assert "/fiches/changer-d-adresse" in page.main and fingerprint[:12] in page.main
    client.send(f"/brouillons/{draft_id}/publier", relu="y", note="Dite à la publication.")
    after = client.follow()
    assert "/fiches/changer-d-adresse" in after.main and "/fiches/changer-d-adresse" in after.links()
    client.sign_out()
    assert "Dite à la publication." in client.get("/fiches/changer-d-adresse/historique").main


def test_the_box_has_to_be_ticked_and_what_was_typed_stays(press: Press, client: PageClient) -> None:
    draft_id, _fingerprint = press.approved()
    client.sign_in(press.editor)
    client.get(f"/brouillons/{draft_id}/relecture")
    page = client.send(f"/brouillons/{draft_id}/publier", 422, note="Ma note.", relu=None)
    assert "Cochez la case" in page.main
    form = page.form(f"/brouillons/{draft_id}/publier")
    assert form.values["note"] == "Ma note."
    page = client.send(f"/brouillons/{draft_id}/publier", 422, note="n" * 501, relu="y")
    assert "trop longue" in page.main
    client.send(f"/brouillons/{draft_id}/publier", note="Plus courte.", relu="y")
    with reading():
        assert session().scalars(sa.select(Edition.change_note)).all() == ["Plus courte."]


def test_nobody_else_sees_the_form(press: Press, client: PageClient) -> None:
    draft_id, _fingerprint = press.approved()
    for somebody in (press.writer, press.sud_reviewer, press.nord_reviewer):
        client.sign_out().sign_in(somebody)
        page = client.get(f"/brouillons/{draft_id}/relecture")
        assert not page.offers(f"/brouillons/{draft_id}/publier")
        assert not page.offers(f"/brouillons/{draft_id}/relire-et-publier")


def test_before_the_last_signature_it_says_what_is_missing(press: Press, client: PageClient) -> None:
    draft_id = press.draft()
    press.submit(draft_id)
    client.sign_in(press.editor)
    page = client.get(f"/brouillons/{draft_id}/relecture")
    assert not page.offers(f"/brouillons/{draft_id}/publier")
    assert "pas encore approuvé" in page.main


def test_the_short_way_in_the_browser(press: Press, client: PageClient) -> None:
    with unit_of_work():
        session().get_one(Administration, press.sud).may_publish_own = True
    draft_id = press.draft(both=False)
    press.submit(draft_id, "Première publication.")
    client.sign_in(press.sud_reviewer)
    client.get(f"/brouillons/{draft_id}/relecture")
    client.send(f"/brouillons/{draft_id}/relire-et-publier", relu="y")
    client.sign_out().get("/fiches/changer-d-adresse")


def test_a_page_that_is_out_of_date_publishes_nothing(press: Press, client: PageClient) -> None:
    """The editor's page shows one text; meanwhile it was taken back, changed, and signed again."""
    draft_id, _old = press.approved()
    client.sign_in(press.editor)
    client.get(f"/brouillons/{draft_id}/relecture")

    with unit_of_work():
        review.retract(press.writer, draft_called(draft_id))
    press.rewrite(draft_id, [*RICH, block("paragraph", "Autre chose.", id="b99")])
    press.sign(draft_id, press.submit(draft_id))
    client.send(f"/brouillons/{draft_id}/publier", 409, relu="y")
    with reading():
        assert session().scalars(sa.select(Edition)).all() == []


def test_the_second_edition_says_what_it_replaces(press: Press, client: PageClient) -> None:
    draft_id, _slug = press.published()
    press.rewrite(draft_id, [*RICH, block("paragraph", "Un ajout.", id="b99")])
    press.sign(draft_id, press.submit(draft_id))
    client.sign_in(press.editor)
    page = client.get(f"/brouillons/{draft_id}/relecture")
    assert "version 2" in page.main


def test_a_planned_publication_is_called_off_from_the_review(press: Press, client: PageClient) -> None:
    draft_id, fingerprint = press.approved()
    with unit_of_work():
        schedule.schedule(
            press.editor, draft_called(draft_id), fingerprint, clock.now() + timedelta(days=2), "À lire."
        )
    client.sign_in(press.editor)
    page = client.get(f"/brouillons/{draft_id}/relecture")
    assert "sera publié le" in page.main
    client.send(f"/brouillons/{draft_id}/publication/annuler")
    page = client.follow()
    assert not page.offers(f"/brouillons/{draft_id}/publication/annuler")
    assert page.offers(f"/brouillons/{draft_id}/publier")
