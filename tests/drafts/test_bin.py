"""The bin: away for everybody, back for who may write, erased after thirty days with what is nobody's evidence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app import clock, jobs
from app.accounts.models import Person
from app.audit import AuditEntry
from app.db import reading, session, unit_of_work
from app.errors import Invalid, Missing, Refused
from app.policy import Actor
from drafts import bin as bin_
from drafts import list_queries, log, review, service
from drafts.models import Checkpoint, Draft, DraftClient, DraftUpdate, FieldChange
from drafts.queries import draft_numbered
from drafts.review_models import DraftAct, Revision
from labs.models import Lab
from labs.queries import lab_called
from labs.roles import Right
from labs.service import add_member, remove_member
from publish import service as publication
from tests import makers
from tests.clients import PageClient

TITLE = "Un brouillon de trop"


@dataclass(frozen=True)
class House:
    """Two labs that share nobody but their drafts' reviewer."""

    facilitator: Actor
    writer: Actor
    reader: Actor
    reviewer: Actor
    neighbour: Actor
    lab: str
    other_lab: str
    draft: int

    @property
    def page(self) -> str:
        return f"/brouillons/{self.draft}"

    @property
    def bin(self) -> str:
        return f"/labs/{self.lab}/corbeille"

    @property
    def back(self) -> str:
        return f"{self.bin}/{self.draft}/restaurer"


@pytest.fixture
def house(client: PageClient) -> Iterator[House]:
    with unit_of_work():
        place = makers.make_administration()
        facilitator, writer, reader, neighbour = (makers.make_agent(place) for _ in range(4))
        reviewer = makers.make_agent(place, reviewer=True)
        lab = makers.make_lab(facilitator, place, writer)
        add_member(facilitator, lab, session().get_one(Person, reader.id), Right.READ)
        other = makers.make_lab(neighbour, place, title="Le lab d’à côté")
        draft = makers.make_draft(writer, lab, place, title=TITLE)
        yield_ = House(facilitator, writer, reader, reviewer, neighbour, lab.slug, other.slug, draft.id)
    yield yield_


def put_away(house: House) -> None:
    with unit_of_work():
        bin_.put_away(house.writer, draft_numbered(house.draft))


def later(days: float, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=days))


def test_it_is_asked_first_and_says_what_happens(client: PageClient, house: House) -> None:
    client.sign_in(house.writer)
    assert f"{house.page}/corbeille" in client.get(house.page).links()
    page = client.get(f"{house.page}/corbeille")
    assert TITLE in page.heading and "30 jours" in page.main and "tout de suite" in page.main
    with reading():
        assert draft_numbered(house.draft), "asking does nothing"
    answer = client.send(f"{house.page}/corbeille")
    assert answer.location == house.bin
    page = client.get(house.bin)
    assert f"« {TITLE} » est à la corbeille." in page.main
    assert f"par {house.writer.name}" in page.main and page.offers(house.back)


def test_it_is_gone_for_everybody_from_every_page(client: PageClient, house: House) -> None:
    put_away(house)
    for who in (house.writer, house.facilitator, house.reader, house.reviewer):
        client.sign_in(who)
        for suffix in ("", "/champs", "/historique", "/relecture", "/corbeille", "/dupliquer", "/references"):
            client.get(house.page + suffix, 404)
        client.get(f"/api/v1/drafts/{house.draft}", 404)
        assert client.get("/api/v1/drafts").json["items"] == []
        assert TITLE not in client.get("/espace").source
    assert TITLE not in client.sign_in(house.reader).get(f"/labs/{house.lab}").source
    with reading():
        assert list_queries.written_by(house.writer, published=False) == ()
        with pytest.raises(Missing):
            log.snapshot(house.draft)


def test_it_comes_back_as_it_was(client: PageClient, house: House) -> None:
    with reading():
        before = log.load(house.draft)
        epoch = before.draft.access_epoch
    put_away(house)
    client.sign_in(house.facilitator).get(house.bin)
    answer = client.send(house.back)
    assert answer.location == house.page
    assert client.get(house.page).heading == TITLE
    with reading():
        after = log.load(house.draft)
        assert after.tree == before.tree and after.runs.runs() == before.runs.runs()
        assert after.draft.access_epoch > epoch + 1, "who sat there is judged anew"
        acts = session().execute(
            sa.select(AuditEntry.act, AuditEntry.person_id)
            .where(AuditEntry.act.in_(["trash", "restore"]), AuditEntry.object_id == str(house.draft))
            .order_by(AuditEntry.id)
        )
        assert [tuple(act) for act in acts] == [("trash", house.writer.id), ("restore", house.facilitator.id)]
        waiting = session().scalar(sa.select(jobs.DueRow.done_at).filter_by(kind=bin_.PURGE))
        assert waiting is not None, "nothing is erased any more"


def test_who_may(client: PageClient, house: House) -> None:
    """Readers, neighbours and strangers put nothing away, see no bin, and take nothing out of it."""
    for who, status in ((house.reader, 403), (house.neighbour, 404), (house.reviewer, 404)):
        client.sign_in(who).get(f"{house.page}/corbeille", status)
        with pytest.raises((Missing, Refused)), unit_of_work():
            bin_.put_away(who, session().get_one(Draft, house.draft))
    put_away(house)
    # A lab of strangers that is open to requests may be known of: 403 tells nothing of its bin.
    for who in (house.reader, house.neighbour, house.reviewer):
        client.sign_in(who).get(house.bin, 403)
        with pytest.raises(Refused), unit_of_work():
            bin_.restore(who, lab_called(house.lab), house.draft)
    client.sign_out().get(house.bin, 302)
    with unit_of_work():
        lab = lab_called(house.lab)
        remove_member(house.facilitator, lab, session().get_one(Person, house.writer.id))
    # Who put it away and has left the lab since has no claim to it.
    with pytest.raises(Refused), unit_of_work():
        bin_.restore(house.writer, lab_called(house.lab), house.draft)


def test_nobody_takes_a_draft_of_others_by_its_number(client: PageClient, house: House) -> None:
    """CVE-2026-24901: the lab one writes in, and a number of another lab's."""
    put_away(house)
    client.sign_in(house.neighbour)
    page = client.get(f"/labs/{house.other_lab}/corbeille")
    assert TITLE not in page.source
    with reading():
        lab = session().scalars(sa.select(Lab).filter_by(slug=house.other_lab)).one()
    with pytest.raises(Missing), unit_of_work():
        bin_.restore(house.neighbour, lab, house.draft)
    token = client.get("/espace").form("/deconnexion").values["csrf_token"]
    theirs = client.post(
        f"/labs/{house.other_lab}/corbeille/{house.draft}/restaurer", {"csrf_token": token}, 404
    )
    nobodys = client.post(f"/labs/{house.other_lab}/corbeille/999999/restaurer", {"csrf_token": token}, 404)
    assert theirs.main == nobodys.main
    with reading():
        assert session().get_one(Draft, house.draft).trashed_at is not None


def test_what_is_in_review_stays_until_it_is_taken_back(client: PageClient, house: House) -> None:
    with unit_of_work():
        review.submit(house.writer, draft_numbered(house.draft))
    client.sign_in(house.writer)
    page = client.get(f"{house.page}/corbeille")
    assert "retirez-le d’abord de la relecture" in page.main and not page.offers(f"{house.page}/corbeille")
    with pytest.raises(Invalid):
        put_away(house)
    with unit_of_work():
        review.retract(house.writer, draft_numbered(house.draft))
    assert "versions figées" in client.get(f"{house.page}/corbeille").main
    put_away(house)


def test_what_the_public_reads_is_not_put_away(client: PageClient, house: House) -> None:
    with unit_of_work():
        fingerprint = review.submit(house.writer, draft_numbered(house.draft)).fingerprint
    with unit_of_work():
        draft = draft_numbered(house.draft)
        draft.article.lead.may_publish_own = True
        publication.sign_and_publish(house.reviewer, draft, fingerprint)
    page = client.sign_in(house.writer).get(f"{house.page}/corbeille")
    assert "en ligne" in page.main and "éditeur du portail" in page.main
    with pytest.raises(Invalid):
        put_away(house)


def test_after_thirty_days_the_words_are_erased(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    put_away(house)
    later(29.9, monkeypatch)
    assert jobs.sweep() == 0
    later(0.2, monkeypatch)
    with reading():
        assert session().get_one(Draft, house.draft).purged_at is None
    # Late as the sweep may be, time is up.
    with pytest.raises(Missing), unit_of_work():
        bin_.restore(house.writer, lab_called(house.lab), house.draft)
    assert jobs.sweep() == 1
    with reading():
        draft = session().get_one(Draft, house.draft)
        assert (draft.title, draft.fields) == ("", {}) and draft.purged_at is not None
        assert "un-brouillon" not in draft.article.slug
        for kind in (DraftUpdate, Checkpoint, DraftClient, FieldChange):
            assert not session().scalars(sa.select(kind).filter_by(draft_id=house.draft)).all()
        assert session().scalars(sa.select(DraftAct).filter_by(draft_id=house.draft)).all(), (
            "acts are evidence"
        )
        entry = session().scalars(sa.select(AuditEntry).filter_by(act="purge")).one()
        assert (entry.person_id, entry.object_id) == (None, str(house.draft))
    with pytest.raises(Missing), unit_of_work():
        bin_.restore(house.writer, lab_called(house.lab), house.draft)
    with unit_of_work():
        lab = lab_called(house.lab)
        again = makers.make_draft(house.writer, lab, lab.administration, title=TITLE)
        assert again.article.slug == "un-brouillon-de-trop", "the address is free again"


def test_frozen_versions_stay_as_evidence(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    with unit_of_work():
        review.submit(house.writer, draft_numbered(house.draft))
    with unit_of_work():
        review.retract(house.writer, draft_numbered(house.draft))
    put_away(house)
    later(31, monkeypatch)
    jobs.sweep()
    with reading():
        assert not session().scalars(sa.select(DraftUpdate)).all()
        (revision,) = session().scalars(sa.select(Revision))
        assert revision.title == TITLE


def test_a_long_log_is_erased_in_pieces(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bin_, "ROWS_AT_ONCE", 2)
    for number in range(4):
        with unit_of_work():
            tree = [*makers.LEAD, {"type": "paragraph", "attrs": {"id": f"n{number}"}}]
            service.replace_text(house.writer, draft_numbered(house.draft), tree)
    put_away(house)
    later(31, monkeypatch)
    rounds = 0
    while jobs.sweep():
        rounds += 1
    assert rounds == 3
    with reading():
        assert not session().scalars(sa.select(DraftUpdate)).all()


def test_what_came_back_and_went_again_has_its_thirty_days_anew(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_away(house)
    later(20, monkeypatch)
    with unit_of_work():
        bin_.restore(house.writer, lab_called(house.lab), house.draft)
    put_away(house)
    later(20, monkeypatch)
    assert jobs.sweep() == 0
    with unit_of_work():
        bin_.restore(house.writer, lab_called(house.lab), house.draft)
