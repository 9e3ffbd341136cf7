"""Remarks: who may make them, where their anchors come to stand, and that they are no part of the text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app import clock, jobs
from app.accounts.models import Person
from app.audit import AuditEntry
from app.db import Database, reading, session, unit_of_work
from app.errors import Invalid, Missing, MovedOn, Refused
from app.mail import Mail
from app.policy import Act, Actor, acts_for
from drafts import bin as bin_
from drafts import canonical, contributions, copying, log, remark_queries, remarks, review, service
from drafts.anchors import Passage, anchored_in, characters
from drafts.compare import differs
from drafts.grammar import blocks, without_beside
from drafts.models import Draft
from drafts.queries import draft_data, draft_numbered, warnings
from drafts.remark_models import Remark, RemarkMention, RemarkMessage
from drafts.remark_queries import Which
from drafts.stages import Stage
from labs.models import Lab
from labs.roles import Right
from labs.service import add_member, remove_member
from publish import schedule
from publish import service as publishing
from tests import makers

BOLD = [{"type": "strong"}]
TREE: list[dict[str, Any]] = [
    {
        "type": "lead",
        "attrs": {"id": "b1"},
        "content": [{"type": "text", "text": "En bref 🎉\u00a0: allez au guichet."}],
    },
    {
        "type": "paragraph",
        "attrs": {"id": "b2"},
        "content": [
            {"type": "text", "text": "Le guichet 🌴 ouvre "},
            {"type": "text", "text": "à huit", "marks": BOLD},
            {"type": "hard_break"},
            {"type": "text", "text": "heures. Le guichet ferme à midi."},
        ],
    },
    {"type": "paragraph", "attrs": {"id": "b3"}, "content": [{"type": "text", "text": "Venez tôt."}]},
]


@dataclass(frozen=True)
class House:
    """A draft, those who write it, and those who may do less."""

    place: int
    lab: int
    draft_id: int
    facilitator: Actor
    writer: Actor
    remarker: Actor
    reader: Actor
    stranger: Actor
    reviewer: Actor

    @property
    def draft(self) -> Draft:
        return session().get_one(Draft, self.draft_id)

    @property
    def tree(self) -> list[dict[str, Any]]:
        return log.text(self.draft_id).tree


@pytest.fixture
def house(db: Database) -> Iterator[House]:
    with unit_of_work():
        place = makers.make_administration()
        facilitator, writer, remarker, reader = (makers.make_agent(place) for _ in range(4))
        stranger = makers.make_agent(makers.make_administration())
        reviewer = makers.make_agent(place, reviewer=True)
        lab = makers.make_lab(facilitator, place, writer)
        for person, right in ((remarker, Right.REMARK), (reader, Right.READ)):
            add_member(facilitator, lab, session().get_one(Person, person.id), right)
        draft = makers.make_draft(writer, lab, place, title="Le guichet", tree=TREE)
        made = House(place.id, lab.id, draft.id, facilitator, writer, remarker, reader, stranger, reviewer)
    yield made


def said(house: House, actor: Actor, *passages: Passage, **more: Any) -> str:
    with unit_of_work():
        return remarks.open_remark(actor, house.draft, "À vérifier.", passages=passages, **more).public_id


def marked(tree: list[dict[str, Any]], public_id: str) -> list[tuple[str, str]]:
    """(block, words) of everything that carries the anchor."""
    return [
        (block["attrs"]["id"], "".join(words))
        for block in blocks(tree)
        if (
            words := [
                node["text"]
                for node in block.get("content", ())
                for mark in node.get("marks", ())
                if mark == {"type": "remark", "attrs": {"id": public_id}}
            ]
        )
    ]


def units(words: str) -> int:
    return len(words.encode("utf-16-le")) // 2


# The anchor


def test_who_may_only_remark_marks_the_very_words(house: House) -> None:
    start = units("Le guichet 🌴 ouvre à huit\nheures. ")
    name = said(house, house.remarker, Passage("b2", start, "Le guichet", "heures. "))
    crossing = said(house, house.remarker, Passage("b2", units("Le guichet 🌴 "), "ouvre à huit\nheures"))
    with reading():
        assert marked(house.tree, name) == [("b2", "Le guichet")]
        (runs,) = [block["content"] for block in house.tree if block["attrs"]["id"] == "b2"]
        assert runs[-2]["text"] == "Le guichet" and runs[-1]["text"] == " ferme à midi."
        assert marked(house.tree, crossing) == [("b2", "ouvre à huitheures")]
        assert without_beside(house.tree) == TREE, "no word was touched"


def test_passages_of_several_blocks_and_several_remarks_at_the_same_words(house: House) -> None:
    first = said(
        house,
        house.remarker,
        Passage("b1", units("En bref 🎉\u00a0: "), "allez au guichet."),
        Passage("b2", 0, "Le guichet"),
    )
    second = said(house, house.writer, Passage("b2", 3, "guichet"))
    with reading():
        assert marked(house.tree, first) == [("b1", "allez au guichet."), ("b2", "Le guichet")]
        assert marked(house.tree, second) == [("b2", "guichet")]
        assert session().scalars(sa.select(Remark.quote).where(Remark.public_id == first)).one() == (
            "allez au guichet.\nLe guichet"
        )


@pytest.mark.parametrize(
    ("passage", "found"),
    [
        # Colleagues wrote before it meanwhile: the nearest of the same words.
        (Passage("b2", 30, "Le guichet"), [("b2", "Le guichet")]),
        # The block is gone, the words stand elsewhere and are known by what was before them.
        (Passage("gone", 3, "guichet", "heures. Le "), [("b2", "guichet")]),
        (Passage("", 0, "Venez tôt."), [("b3", "Venez tôt.")]),
        # The same words stand twice and nothing tells which.
        (Passage("gone", 0, "Le guichet", "Ailleurs "), []),
        (Passage("b2", 0, "Le comptoir"), []),
    ],
)
def test_words_are_found_where_they_are_now(
    house: House, passage: Passage, found: list[tuple[str, str]]
) -> None:
    name = said(house, house.remarker, passage)
    with reading():
        assert marked(house.tree, name) == found
        (row,) = remark_queries.remarks_of(house.reader, house.draft)
        assert (row.public_id, row.quote) == (name, passage.quote), "it is reachable by its quotation"
        assert (name in anchored_in(house.tree)) is bool(found)


def test_of_the_same_words_the_nearest_is_meant(house: House) -> None:
    name = said(house, house.remarker, Passage("b2", units("Le guichet 🌴 ouvre à huit\nheu"), "Le guichet"))
    with reading():
        runs = next(block["content"] for block in house.tree if block["attrs"]["id"] == "b2")
        assert not any(run.get("text") == "Le guichet" for run in runs[:2])
        assert marked(house.tree, name) == [("b2", "Le guichet")]


def test_blocks_without_an_id_of_their_own(house: House) -> None:
    with unit_of_work():
        bare = [{"type": "paragraph", "content": [{"type": "text", "text": "Sans nom."}]}]
        draft = makers.make_draft(
            house.writer, session().get_one(Lab, house.lab), house.draft.article.lead, tree=bare
        )
        draft_id = draft.id
    with reading():
        derived = log.text(draft_id).tree[0]["attrs"]["id"]
    with unit_of_work():
        made = remarks.open_remark(
            house.remarker,
            session().get_one(Draft, draft_id),
            "Quoi ?",
            passages=[Passage(derived, 0, "Sans")],
        )
        assert made.block_id == derived


def test_units_of_browsers_are_characters_of_ours() -> None:
    words = "a🎉é🇳🇨b"
    for count in range(len(words) + 1):
        assert characters(words, units(words[:count])) == count
    assert characters("🎉", 1) == 0 and characters("ab", 99) == 2 and characters("ab", -1) == 0


# No part of the text


def test_a_remark_is_nobodys_contribution(house: House) -> None:
    with reading():
        before = contributions.measure(log.load(house.draft_id))
    said(house, house.remarker, Passage("b2", 0, "Le guichet"))
    said(house, house.writer, Passage("b3", 0, "Venez"))
    with reading():
        assert contributions.measure(log.load(house.draft_id)) == before
        assert before.writers == {house.writer.id}


def test_an_anchor_makes_no_difference(house: House) -> None:
    name = said(house, house.remarker, Passage("b2", 0, "Le guichet"))
    with reading():
        tree = house.tree
        assert marked(tree, name)
        assert not differs(TREE, tree) and not differs(tree, TREE)
        fields = {"title": "Le guichet"}
        assert canonical.canonical_bytes(tree, fields) == canonical.canonical_bytes(TREE, fields)
        assert canonical.tidy(tree) == TREE
        assert draft_data(house.draft).blocks == TREE


def test_a_frozen_version_has_none_and_has_not_moved_by_one(house: House) -> None:
    said(house, house.remarker, Passage("b2", 0, "Le guichet"))
    with unit_of_work():
        revision = review.submit(house.writer, house.draft)
        assert revision.tree == TREE
    name = said(house, house.reviewer, Passage("b3", 0, "Venez"))
    from drafts.review_queries import review_page

    with reading():
        assert session().scalars(sa.select(Remark.revision_id).where(Remark.public_id == name)).one()
        found = review.open_revision(house.draft)
        assert found is not None and not review_page(house.reviewer, house.draft, found).has_moved
    with unit_of_work():
        service.replace_text(house.writer, house.draft, TREE[:2])
    with reading():
        found = review.open_revision(house.draft)
        assert found is not None and review_page(house.reviewer, house.draft, found).has_moved


def test_a_rewritten_text_keeps_the_anchors_where_its_words_stay(house: House) -> None:
    kept = said(house, house.remarker, Passage("b2", 0, "Le guichet"))
    lost = said(house, house.remarker, Passage("b3", 0, "Venez"))
    with unit_of_work():
        wanted = [TREE[0], {**TREE[1], "content": [*TREE[1]["content"], {"type": "text", "text": " Voilà."}]}]
        service.replace_text(house.writer, house.draft, wanted)
    with reading():
        assert marked(house.tree, kept) == [("b2", "Le guichet")]
        assert without_beside(house.tree)[1]["content"][-1]["text"].endswith("midi. Voilà.")
        assert lost not in anchored_in(house.tree)


def test_a_copy_has_no_remarks(house: House) -> None:
    said(house, house.remarker, Passage("b2", 0, "Le guichet"))
    with reading():
        text = copying.copied(house.writer, house.draft)
    with unit_of_work():
        lab = session().get_one(Lab, house.lab)
        place = house.draft.article.lead
        copy = copying.duplicate(
            house.writer, house.draft, lab, text, title="Copie", lead=place, competent=[place]
        )
        copy_id = copy.id
    with reading():
        assert anchored_in(log.text(copy_id).tree) == {}
        assert not remark_queries.remarks_of(house.writer, session().get_one(Draft, copy_id))


def test_the_bin_erases_what_was_said(house: House) -> None:
    said(house, house.remarker, Passage("b2", 0, "Le guichet"), mentions=[house.writer.id])
    with unit_of_work():
        bin_.put_away(house.writer, house.draft)
    with clock.shifted(timedelta(days=31)):
        jobs.sweep()
    with reading():
        for kind in (Remark, RemarkMessage, RemarkMention):
            assert not session().scalars(sa.select(kind)).all()


# What is done with them


def test_it_is_answered_resolved_and_reopened(house: House) -> None:
    name = said(house, house.remarker, Passage("b2", 0, "Le guichet"))
    with unit_of_work():
        number = house.draft.remark_number
        remarks.answer(house.writer, house.draft, name, "  C’est fait.\r\nVraiment.  ")
        remarks.resolve(house.writer, house.draft, name)
        assert house.draft.remark_number == number + 2
    with pytest.raises(MovedOn), unit_of_work():
        remarks.resolve(house.facilitator, house.draft, name)
    with reading():
        (row,) = remark_queries.remarks_of(house.remarker, house.draft, Which.RESOLVED)
        assert [message.text for message in row.messages] == ["À vérifier.", "C’est fait.\nVraiment."]
        assert row.resolved_by == house.writer.name and row.may_settle
        assert marked(house.tree, name), "the mark stays; the editor shows only open ones"
        assert not remark_queries.remarks_of(house.remarker, house.draft, Which.OPEN)
    with unit_of_work():
        remarks.reopen(house.remarker, house.draft, name)
    with pytest.raises(MovedOn), unit_of_work():
        remarks.reopen(house.writer, house.draft, name)
    with reading():
        (row,) = remark_queries.remarks_of(house.reader, house.draft, Which.OPEN)
        assert row.is_open and not row.resolved_by and not (row.may_settle or row.may_block)
        acts = session().scalars(
            sa.select(AuditEntry.act).where(AuditEntry.act.like("%_remark")).order_by(AuditEntry.id)
        )
        assert list(acts) == ["open_remark", "answer_remark", "resolve_remark", "reopen_remark"]


def test_filters(house: House) -> None:
    plain = said(house, house.remarker)
    mine = said(house, house.writer, blocking=True, mentions=[house.remarker.id])
    done = said(house, house.writer)
    with unit_of_work():
        remarks.resolve(house.writer, house.draft, done)
    with reading():
        found = {
            which: [row.public_id for row in remark_queries.remarks_of(house.remarker, house.draft, which)]
            for which in Which
        }
    assert found == {
        Which.OPEN: [mine, plain],
        Which.RESOLVED: [done],
        Which.MINE: [plain],
        Which.MENTIONS: [mine],
        Which.BLOCKING: [mine],
        Which.ALL: [done, mine, plain],
    }


def test_who_has_no_right_changes_nothing(house: House) -> None:
    name = said(house, house.writer, Passage("b2", 0, "Le guichet"))
    other = said(house, house.remarker)
    with reading():
        before = (house.tree, house.draft.head_seq, house.draft.remark_number)
    verbs: list[tuple[Any, Actor, type[Exception]]] = [
        (lambda actor: remarks.open_remark(actor, house.draft, "Non."), house.reader, Refused),
        (lambda actor: remarks.open_remark(actor, house.draft, "Non."), house.stranger, Missing),
        (lambda actor: remarks.open_remark(actor, house.draft, "Non."), house.reviewer, Missing),
        (lambda actor: remarks.answer(actor, house.draft, name, "Non."), house.reader, Refused),
        (lambda actor: remarks.answer(actor, house.draft, name, "Non."), house.stranger, Missing),
        (lambda actor: remarks.answer(actor, house.draft, "inconnue", "Non."), house.writer, Missing),
        (lambda actor: remarks.resolve(actor, house.draft, name), house.remarker, Refused),
        (lambda actor: remarks.resolve(actor, house.draft, name), house.stranger, Missing),
        (lambda actor: remarks.set_blocking(actor, house.draft, name, True), house.remarker, Refused),
        # Who writes resolves a blocking remark, openly; they do not quietly take the flag away.
        (lambda actor: remarks.set_blocking(actor, house.draft, other, True), house.writer, Refused),
        (lambda actor: remarks.set_blocking(actor, house.draft, other, True), house.reader, Refused),
    ]
    for verb, actor, refusal in verbs:
        with pytest.raises(refusal), unit_of_work():
            verb(actor)
    with reading():
        assert (house.tree, house.draft.head_seq, house.draft.remark_number) == before
        assert session().scalar(sa.select(sa.func.count()).select_from(RemarkMessage)) == 2
        assert not session().scalars(sa.select(Remark).where(Remark.blocking)).all()
    with unit_of_work():
        remarks.set_blocking(house.facilitator, house.draft, other, True)
        remarks.set_blocking(house.remarker, house.draft, other, False)
        remarks.resolve(house.remarker, house.draft, other)


def test_a_thread_of_another_draft_is_not_reached(house: House) -> None:
    name = said(house, house.writer)
    with unit_of_work():
        other = makers.make_draft(
            house.writer, session().get_one(Lab, house.lab), house.draft.article.lead, title="Autre"
        ).id
    with pytest.raises(Missing), unit_of_work():
        remarks.resolve(house.writer, session().get_one(Draft, other), name)


@pytest.mark.parametrize(
    "more",
    [
        {"text": " \n "},
        {"text": "a" * 4001},
        {"text": "nul\x00"},
        {"text": "moitié \ud83c"},
        {"passages": [Passage("b2", 0, "é" * 2001)]},
        {"passages": [Passage("b2", 0, "x")] * 51},
        {"passages": [Passage('b2"><script>', 0, "x")]},
        {"passages": [Passage("b2", 0, "x\x00")]},
        {"mentions": [999_999]},
    ],
)
def test_what_is_not_acceptable_is_refused_and_leaves_nothing(house: House, more: dict[str, Any]) -> None:
    text = more.pop("text", "Bien.")
    with pytest.raises(Invalid), unit_of_work():
        remarks.open_remark(house.remarker, house.draft, text, **more)
    with reading():
        assert not session().scalars(sa.select(Remark)).all() and house.tree == TREE


# Mentions


def test_only_who_may_read_can_be_mentioned(house: House) -> None:
    with reading():
        people = {person.id for person in remark_queries.mentionable(house.draft)}
        assert people == {
            actor.id for actor in (house.facilitator, house.writer, house.remarker, house.reader)
        }
    for nobody in (house.stranger, house.reviewer):
        with pytest.raises(Invalid), unit_of_work():
            remarks.open_remark(house.remarker, house.draft, "Viens.", mentions=[nobody.id])
    with unit_of_work():
        review.submit(house.writer, house.draft)
        remove_member(
            house.facilitator,
            session().get_one(Lab, house.lab),
            session().get_one(Person, house.reader.id),
        )
    said(house, house.remarker, mentions=[house.reviewer.id])
    with reading():
        found = remark_queries.mentionable(house.draft)
        assert house.reader.id not in {person.id for person in found}
        everybody = [
            house.facilitator,
            house.writer,
            house.remarker,
            house.reader,
            house.stranger,
            house.reviewer,
        ]
        readers = {actor.id for actor in everybody if Act.DRAFT_READ in acts_for(actor, house.draft)}
        assert {person.id for person in found} == readers, "as the judge says it"


# Blocking


def test_a_blocking_remark_stops_the_publication_until_it_is_resolved(house: House) -> None:
    with unit_of_work():
        fingerprint = review.submit(house.writer, house.draft).fingerprint
        review.sign_off(house.reviewer, house.draft, house.place, fingerprint)
        assert house.draft.stage is Stage.APPROVED
    with unit_of_work():
        session().get_one(Draft, house.draft_id).article.lead.may_publish_own = True
    name = said(house, house.remarker, Passage("b2", 0, "Le guichet"), blocking=True)
    with reading():
        assert [one.public_id for one in remarks.open_blocking(house.draft)] == [name]
        assert "Le guichet" in warnings(house.draft)[0].message
        assert "bloquante" in (review.may_now(house.reviewer, house.draft)["publish"] or "")
    with pytest.raises(Refused, match="bloquante"), unit_of_work():
        publishing.publish(house.reviewer, house.draft, fingerprint)
    with pytest.raises(Refused, match="bloquante"), unit_of_work():
        schedule.schedule(house.reviewer, house.draft, fingerprint, clock.now() + timedelta(hours=1))
    with unit_of_work():
        remarks.resolve(house.writer, house.draft, name)
        assert warnings(house.draft) == []
        publishing.publish(house.reviewer, house.draft, fingerprint)


def test_a_blocking_remark_after_the_schedule_calls_it_off(house: House) -> None:
    with unit_of_work():
        fingerprint = review.submit(house.writer, house.draft).fingerprint
        review.sign_off(house.reviewer, house.draft, house.place, fingerprint)
        house.draft.article.lead.may_publish_own = True
        schedule.schedule(house.reviewer, house.draft, fingerprint, clock.now() + timedelta(hours=1))
    said(house, house.remarker, blocking=True)
    with clock.shifted(timedelta(hours=2)):
        jobs.sweep()
    with reading():
        assert draft_numbered(house.draft_id).stage is Stage.APPROVED
        mail = session().scalars(sa.select(Mail).where(Mail.subject.like("Non publié%"))).one()
        assert mail.recipient == house.reviewer.email and "bloquante" in mail.body
