"""A draft made from another: the same words, still their authors', for an article of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from app.accounts.models import Person
from app.audit import AuditEntry
from app.db import reading, session, unit_of_work
from app.errors import Missing, Refused
from app.policy import Actor
from drafts import copying, images, log, reopening, service
from drafts.grammar import blocks, plain_text
from drafts.models import DraftClient, DraftUpdate, FieldChange
from drafts.queries import draft_numbered
from labs.models import Lab
from labs.roles import Right
from labs.service import add_member
from tests import makers
from tests.clients import PageClient
from tests.drafts.test_patterns import bare


def block(kind: str, text: str, name: str, **attrs: Any) -> dict[str, Any]:
    return {"type": kind, "attrs": {"id": name, **attrs}, "content": [{"type": "text", "text": text}]}


@dataclass(frozen=True)
class House:
    """A text that two people wrote, in a lab of one; another lab in which only its leader writes."""

    ana: Actor
    ben: Actor
    reader: Actor
    leader: Actor
    stranger: Actor
    draft: int
    other_lab: str

    @property
    def address(self) -> str:
        return f"/brouillons/{self.draft}/dupliquer"


@pytest.fixture
def house(client: PageClient) -> Iterator[House]:
    with unit_of_work():
        south, north = makers.make_administration("Province Sud"), makers.make_administration("Province Nord")
        ana, ben, reader, leader, stranger = (
            makers.make_agent(place) for place in (south, north, south, north, north)
        )
        lab = makers.make_lab(ana, south, ben)
        for person in (reader, leader):
            add_member(ana, lab, session().get_one(Person, person.id), Right.READ)
        other = makers.make_lab(leader, north, title="L’autre lab")
        tree = [
            block("lead", "Les mots d’Ana ouvrent ce texte.", "a"),
            block("paragraph", "Encore des mots d’Ana.", "b"),
        ]
        draft = makers.make_draft(ana, lab, south, south, north, tree=tree)
        service.set_fields(ana, draft, themes=["logement"], review_date="2027-01-01")
    with unit_of_work():
        tree = [
            tree[0],
            block("paragraph", "Encore des phrases que Bénédicte a écrites, au milieu des mots d’Ana.", "b"),
            block("cost", "Gratuit, dit Bénédicte 🙂.", "c"),
            block("heading", "Et après\u00a0?", "d", level=3),
        ]
        service.replace_text(ben, draft_numbered(draft.id), tree)
    yield House(ana, ben, reader, leader, stranger, draft.id, other.slug)
    images.close()


def copy(house: House, who: Actor, lab: str | None = None, title: str = "La copie") -> int:
    with reading():
        text = copying.copied(who, draft_numbered(house.draft))
    with unit_of_work():
        source = draft_numbered(house.draft)
        target = source.lab if lab is None else session().scalars(sa.select(Lab).filter_by(slug=lab)).one()
        article = source.article
        return copying.duplicate(
            who, source, target, text, title=title, lead=article.lead, competent=article.competent
        ).id


def test_the_copy_reads_as_the_text_and_shares_no_block_with_it(house: House) -> None:
    made = copy(house, house.ana)
    with reading():
        before, after = log.text(house.draft).tree, log.text(made).tree
        assert bare(after) == bare(before)
        ids = [{node["attrs"]["id"] for node in blocks(tree)} for tree in (before, after)]
        assert not ids[0] & ids[1]


def test_the_words_stay_their_authors(house: House) -> None:
    made = copy(house, house.leader, house.other_lab)
    with reading():
        before, after = log.load(house.draft), log.load(made)
        assert after.runs.shares() == before.runs.shares()
        assert set(after.runs.shares()) == {house.ana.id, house.ben.id}
        told = [[(words, person) for words, person, _raw in line] for line in after.runs.runs() if line]
        assert told == [
            [(words, person) for words, person, _raw in line] for line in before.runs.runs() if line
        ]
        # Who made the copy put the blocks there, and is a contributor like the others.
        assert house.leader.id in after.runs.contributions()
        assert set(after.runs.contributions()) == {house.ana.id, house.ben.id, house.leader.id}
        for row in session().scalars(sa.select(DraftUpdate).where(DraftUpdate.draft_id == made)):
            client = session().get_one(DraftClient, (made, row.client_id))
            assert client.person_id == row.person_id
            assert client.administration_id == session().get_one(Person, row.person_id).administration_id


def test_the_copy_is_an_article_of_its_own(house: House) -> None:
    made = copy(house, house.leader, house.other_lab)
    with reading():
        source, draft = draft_numbered(house.draft), draft_numbered(made)
        assert draft.article_id != source.article_id and draft.article.slug == "la-copie"
        assert draft.lab.slug == house.other_lab and draft.created_by == house.leader.id
        assert draft.history != source.history
        assert draft.fields == {"themes": ["logement"]}
        credited = session().scalars(sa.select(FieldChange.person_id).where(FieldChange.draft_id == made))
        assert set(credited) == {house.leader.id}
        entry = session().scalars(sa.select(AuditEntry).filter_by(act="duplicate")).one()
        assert (entry.person_id, entry.object_id, entry.detail) == (
            house.leader.id, str(made), {"source": house.draft},
        )  # fmt: skip


def test_a_copy_can_be_written_on_and_copied_again(house: House) -> None:
    made = copy(house, house.ana)
    with unit_of_work():
        tree = [*log.text(made).tree, block("paragraph", "Et la suite.", "z")]
        service.replace_text(house.ana, draft_numbered(made), tree)
    with reading():
        assert plain_text(log.text(made).tree).endswith("Et la suite.")
        assert plain_text(copying.copied(house.ana, draft_numbered(made)).tree).endswith("Et la suite.")


def test_an_empty_text_is_copied_too(house: House) -> None:
    with unit_of_work():
        service.replace_text(house.ana, draft_numbered(house.draft), [])
    made = copy(house, house.ana)
    with reading():
        assert log.text(made).tree == []


def test_images_of_the_text_are_seen_in_the_copy_and_no_others(house: House) -> None:
    import io

    from PIL import Image as Picture

    def picture(colour: str) -> images.Made:
        out = io.BytesIO()
        Picture.new("RGB", (20, 20), colour).save(out, "PNG")
        return images.made_of(out.getvalue())

    shown, unused, foreign = (picture(colour) for colour in ("red", "blue", "green"))
    with unit_of_work():
        draft = draft_numbered(house.draft)
        elsewhere = makers.make_draft(house.ana, draft.lab, draft.article.lead, title="Ailleurs")
        for made in (shown, unused):
            images.keep(house.ana, draft, made)
        images.keep(house.ana, elsewhere, foreign)
        pictures = [
            {"type": "image", "attrs": {"id": i.id[:8], "image": i.id, "alt": "x"}} for i in (shown, foreign)
        ]
        service.replace_text(house.ana, draft, [*log.text(draft.id).tree, *pictures])
    made_id = copy(house, house.leader, house.other_lab)
    with reading():
        used = session().scalars(
            sa.select(images.ImageUse.image_id).where(images.ImageUse.draft_id == made_id)
        )
        assert list(used) == [shown.id]


def test_who_reads_the_one_and_writes_in_the_other_may_copy(house: House) -> None:
    copy(house, house.leader, house.other_lab)
    with pytest.raises(Refused):
        copy(house, house.ben, house.other_lab)
    with pytest.raises(Refused):
        copy(house, house.leader)
    with pytest.raises(Missing), reading():
        copying.copied(house.stranger, draft_numbered(house.draft))


def test_the_copy_is_made_by_a_form(client: PageClient, house: House) -> None:
    client.sign_in(house.leader)
    assert house.address in client.get(f"/brouillons/{house.draft}").links()
    page = client.get(house.address)
    form = page.form(house.address)
    assert form.values["titre"] == "Changer d’adresse (copie)"
    assert form.values["lab"] == house.other_lab, "only labs one writes in are offered"
    assert "Les labs où vous pouvez écrire" in page.main
    assert "Donnez un titre" in client.send(house.address, 422, titre="").main
    client.get(house.address)
    answer = client.send(house.address, titre="Changer d’adresse au Nord")
    copied = client.get(answer.location)
    assert copied.heading == "Changer d’adresse au Nord"
    assert "La copie est créée" in copied.main and "Les mots d’Ana ouvrent ce texte." in copied.main


def test_who_writes_nowhere_is_told_so(client: PageClient, house: House) -> None:
    client.sign_in(house.reader)
    page = client.get(house.address)
    assert not page.offers(house.address) and "aucun lab" in page.main
    client.sign_in(house.stranger).get(house.address, 404)
    client.sign_out().get(house.address, 302)


def test_a_lab_of_others_cannot_be_slipped_in(client: PageClient, house: House) -> None:
    client.sign_in(house.ana).get(house.address)
    assert "Choisissez un lab" in client.send(house.address, 422, lab=house.other_lab).main


def test_a_text_the_table_of_authors_does_not_know_is_the_copyists(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "spans_of", lambda _tree, _runs: None)
    made = copy(house, house.leader, house.other_lab)
    with reading():
        assert set(log.load(made).runs.shares()) == {house.leader.id}
        assert bare(log.text(made).tree) == bare(log.text(house.draft).tree)
    reopening.close()
