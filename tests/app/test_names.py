"""A name is a name: 128 characters at most, whoever gives it and whatever the way in (a megabyte of one was sent to all, elsewhere)."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from app.accounts import service as accounts
from app.accounts.models import NAME_LENGTH, Person
from app.db import session, unit_of_work
from app.errors import Invalid
from labs import guests
from labs.roles import Right
from tests import makers
from tests.clients import PageClient


def test_a_name_is_bounded_at_every_way_in(app: Flask) -> None:
    assert NAME_LENGTH == 128
    with unit_of_work():
        place = makers.make_administration()
        leader = makers.make_agent(place)
        lab = makers.make_lab(leader, place)
        longest = "é" * NAME_LENGTH
        assert accounts.create_person("longue@test.example", longest, place).name == longest
        assert (
            guests.invite_guest(leader, lab, longest, "invitee@test.example", Right.REMARK).person.name
            == longest
        )
        for name in ("é" * (NAME_LENGTH + 1), "x" * 1_000_000, "", "  \t "):
            with pytest.raises(Invalid):
                accounts.create_person("trop@test.example", name, place)
            with pytest.raises(Invalid):
                guests.invite_guest(leader, lab, name, "trop@test.example", Right.REMARK)
        assert not session().scalar(sa.select(Person.id).where(Person.email == "trop@test.example"))


def test_what_stands_beside_the_fields_of_a_form_is_not_taken(client: PageClient) -> None:
    """An import set owner and public flags, elsewhere: here a form sets what it shows, and nothing else."""
    with unit_of_work():
        place, far = makers.make_administration(), makers.make_administration()
        leader, stranger = makers.make_agent(place), makers.make_agent(far)
        lab = makers.make_lab(leader, place)
        path, stranger_id = f"/labs/{lab.slug}/brouillons/nouveau", stranger.id
    client.sign_in(leader).get(path)
    more = {
        "id": "77", "stage": "published", "status": "published", "owner": str(stranger_id), "created_by": str(stranger_id),
        "writer": str(stranger_id), "lab_id": "1", "article_id": "1", "is_public": "y", "live_revision_id": "1", "access_epoch": "9",
        "slug": "accueil", "role": "administrator", "facilitator": "y",
    }  # fmt: skip
    form = client.page.form(path)  # type: ignore[union-attr]
    client.post(
        path,
        {
            **form.values,
            "titre": "Un texte",
            "responsable": str(place.id),
            "competentes": str(place.id),
            **more,
        },
        303,
    )
    with unit_of_work():
        from drafts.models import Draft

        (draft,) = session().scalars(sa.select(Draft))
        assert (draft.stage, draft.id, draft.access_epoch) == ("writing", 1, draft.access_epoch)
        assert draft.article.live_revision_id is None and draft.article.slug != "accueil"
        assert not accounts.actor_for_person(leader.id).roles
