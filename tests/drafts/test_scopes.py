"""Signatures of a part: proposed, given, carried into the next version, taken back; each refused by service and database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from xml.etree.ElementTree import Element

import pytest
import sqlalchemy as sa

from app import clock, jobs
from app.accounts.models import Role
from app.db import reading, session, unit_of_work
from app.errors import DomainError, Invalid, MovedOn, Refused
from app.mail import Mail
from app.policy import Actor
from app.waiting import waiting_for
from drafts import canonical, evidence, evidence_file, review, seal, service, withdrawing
from drafts.notice_models import Notice
from drafts.review_models import (
    OpenReview,
    ProposedScope,
    ReviewOutcome,
    Revision,
    RevisionScope,
    SignedAs,
    SignOff,
    WithdrawnSignOff,
)
from drafts.scopes import choices, named, passages_of, proposed_for
from drafts.stages import Deed, Stage
from publish import schedule
from publish import service as publishing
from publish.evidence_models import EditionEvidence
from tests.clients import PageClient
from tests.drafts import review_world as w
from tests.drafts.every_block import block, p
from tests.drafts.review_world import World


@pytest.fixture
def world(client: PageClient) -> World:
    """Sud leads, Nord and Îles are competent too."""
    with unit_of_work():
        return w.make_world(three=True)


def proposed(world: World, **scopes: list[str]) -> str:
    """The text is proposed, with a part for each administration named; the fingerprint of the whole."""
    with unit_of_work():
        asked = {getattr(world, place): ids for place, ids in scopes.items()}
        return review.submit(world.writer, world.draft, scopes=asked).fingerprint


def part_of(world: World, place: int) -> str:
    with reading():
        return proposed_for(world.revision.id)[place].fingerprint


def revision_of(world: World) -> Revision:
    with reading() as current:
        found = world.revision
        current.expunge(found)
    return found


def part_signed(world: World) -> str:
    """Nord is asked for the note and signs it; the fingerprint of the whole text."""
    whole = proposed(world, nord=["b4"])
    w.signed(world, world.nord_reviewer, world.nord, part_of(world, world.nord))
    return whole


def again(world: World, change: Callable[[list[dict[str, Any]]], None] | None) -> str:
    """Taken back, changed, proposed again with the parts as they were."""
    with unit_of_work():
        review.retract(world.writer, world.draft)
        if change is not None:
            w.rewrite(world.writer, world.draft, change)
        return review.submit(world.writer, world.draft).fingerprint


def unanswered(world: World) -> set[int]:
    with reading():
        return set(review.standing(world.revision).unanswered)


def test_a_part_is_signed_and_is_nobodys_second_pair_of_eyes(world: World) -> None:
    whole = proposed(world, nord=["b4"])
    part = part_of(world, world.nord)
    with pytest.raises(Refused), unit_of_work():
        review.sign_off(world.nord_reviewer, world.draft, world.nord, part, signed_as=SignedAs.SECOND_EYES)
    with unit_of_work():
        row = review.sign_off(world.nord_reviewer, world.draft, world.nord, part)
        assert (row.signed_as, row.second_eyes, row.fingerprint) == (SignedAs.PART, None, part)
        review.sign_off(world.reviewer, world.draft, world.sud, whole)
        assert world.draft.stage is Stage.IN_REVIEW and not review.standing(world.revision).is_approved
        review.sign_off(world.iles_reviewer, world.draft, world.iles, whole)
        assert world.draft.stage is Stage.APPROVED
        assert review.standing(world.revision).second_eyes_ids == (world.iles_reviewer.id,)
        tree, fields = canonical.parse(world.revision.canonical)
        assert part == canonical.scope_fingerprint(tree, fields, ["b4"])
    with unit_of_work():
        edition = publishing.publish(world.editor, world.draft, whole)
        raw = session().get_one(EditionEvidence, (edition.id, 1)).content
    checks = evidence_file.examine(raw, seal.public_keys())
    assert all(check.holds for check in checks)
    assert any("for 1 blocks of the text" in check.says for check in checks)


def test_who_is_asked_for_a_part_may_sign_the_whole(world: World) -> None:
    whole = proposed(world, nord=["b4"], iles=["b3"])
    w.signed(world, world.nord_reviewer, world.nord, whole)
    w.signed(world, world.reviewer, world.sud, whole)
    w.signed(world, world.iles_reviewer, world.iles, part_of(world, world.iles))
    with reading():
        assert world.draft.stage is Stage.APPROVED
        assert review.standing(world.revision).second_eyes_ids == (world.nord_reviewer.id,)


def test_parts_alone_are_not_enough_and_it_is_said_what_is(world: World) -> None:
    whole = proposed(world, nord=["b4"], iles=["b3"])
    w.signed(world, world.reviewer, world.sud, whole)
    for actor, place in ((world.nord_reviewer, world.nord), (world.iles_reviewer, world.iles)):
        w.signed(world, actor, place, part_of(world, place))
    with reading():
        assert world.draft.stage is Stage.IN_REVIEW
        missing = review.standing(world.revision).missing
    assert len(missing) == 2 and "signer tout le texte" in missing[1]
    with unit_of_work():
        review.retract(world.writer, world.draft)
        again = review.submit(world.writer, world.draft, scopes={world.nord: ["b4"]}).fingerprint
    assert unanswered(world) == {world.iles}, (
        "what was signed in part holds on, what is asked in whole does not"
    )
    w.signed(world, world.iles_reviewer, world.iles, again)
    with reading():
        assert world.draft.stage is Stage.APPROVED


def test_who_wrote_signs_a_part_as_an_author(world: World) -> None:
    with unit_of_work():
        w.rewrite(world.nord_writing_reviewer, world.draft, w.adds)
    proposed(world, nord=["b4"])
    with unit_of_work():
        part = proposed_for(world.revision.id)[world.nord].fingerprint
        row = review.sign_off(world.nord_writing_reviewer, world.draft, world.nord, part)
        assert row.signed_as is SignedAs.AUTHOR


def test_only_the_part_one_is_asked_for(world: World) -> None:
    proposed(world, nord=["b4"])
    part = part_of(world, world.nord)
    for actor, place in ((world.iles_reviewer, world.iles), (world.reviewer, world.sud)):
        with pytest.raises(MovedOn), unit_of_work():
            review.sign_off(actor, world.draft, place, part)
    with pytest.raises(MovedOn), unit_of_work():
        review.abstain(world.nord_reviewer, world.draft, world.nord, part)
    assert unanswered(world) == {world.sud, world.nord, world.iles}


@pytest.mark.parametrize(
    ("place", "ids"), [("sud", ["b4"]), ("nord", ["b9"]), ("nord", ["b4", "b5"]), ("nord", ["b1"])]
)
def test_what_cannot_be_proposed(world: World, place: str, ids: list[str]) -> None:
    """The lead signs everything; a block is one of the text, and one that can be chosen."""
    with pytest.raises(Invalid) as refusal:
        proposed(world, **{place: ids})
    assert refusal.value.detail["field"] == "scopes"
    with reading():
        assert world.draft.stage is Stage.WRITING
        assert not session().scalars(sa.select(ProposedScope)).all()


def test_a_stranger_to_the_text_is_asked_for_nothing(world: World) -> None:
    with pytest.raises(Invalid), unit_of_work():
        review.submit(world.writer, world.draft, scopes={world.draft.lab.administration_id: ["b4"]})


def test_a_heading_stands_for_what_follows_it_and_figures_go_with_every_part() -> None:
    def block(kind: str, ident: str, **attrs: Any) -> dict[str, Any]:
        words = [{"type": "text", "text": f"Texte {ident}"}]
        return {"type": kind, "attrs": {"id": ident, **attrs}, "content": words}

    tree = [
        block("lead", "a"),
        block("heading", "b", level=2),
        block("paragraph", "c"),
        block("heading", "d", level=3),
        block("paragraph", "e"),
        block("heading", "f", level=2),
        block("cost", "g"),
        block("paragraph", "h"),
    ]
    assert named(tree, ["b"]) == ("b", "c", "d", "e", "g")
    assert named(tree, ["d"]) == ("d", "e", "g")
    assert named(tree, ["h", "c"]) == ("c", "g", "h")
    assert [choice.id for choice in choices(tree)] == list("bcdefgh")
    assert passages_of(tree, ["c", "gone"]) == (("c", "Texte c"),)
    for ids, said in ((["b"], "b"), (["d"], "d"), (["h", "c"], "ch"), (["d", "c"], "cd"), (["g"], "g")):
        assert [ident for ident, _words in passages_of(tree, named(tree, ids))] == list(said)


def test_the_page_shows_what_goes_with_what(world: World, client: PageClient) -> None:
    """A heading stands around what follows it, a block around what is inside it, as deep as it goes."""
    inner = block(
        "steps", "s3", block("step", "s4", block("label", "s5", "Appeler"), p("s6", "Le matin.")), block("step", "s7", p("s8", "Attendre."))
    )  # fmt: skip
    tree = [
        block("lead", "b1", "L’essentiel."),
        p("b2", "Avant tout titre."),
        block("heading", "b3", "Vendre"),
        block("heading", "b4", "À un voisin", level=3),
        block(
            "situations",
            "s1",
            block("situation", "s2", block("label", "s9", "Je suis locataire"), inner),
            block("situation", "t1", block("label", "t2", "Je suis propriétaire"), p("t3", "Rien.")),
        ),
        block("heading", "b5", "Louer"),
        p("b6", "Un bail."),
    ]
    with unit_of_work():
        service.replace_text(world.writer, world.draft, tree)
    page = client.sign_in(world.writer).get(f"/brouillons/{world.draft_id}/proposer/parties")
    (first, *_others) = page.all("fieldset")
    assert nested(next(first.iter("ul"))) == [
        ("Avant tout titre.", []),
        (
            "Vendre",
            [
                (
                    "À un voisin",
                    [
                        (
                            "Situations",
                            [
                                (
                                    "Je suis locataire",
                                    [("Étapes", [("Appeler", [("Le matin.", [])]), ("Attendre.", [])])],
                                ),
                                ("Je suis propriétaire", [("Rien.", [])]),
                            ],
                        )
                    ],
                )
            ],
        ),
        ("Louer", [("Un bail.", [])]),
    ]
    boxes = [box.get("value", "").partition("-")[2] for box in first.iter("input")]
    assert boxes == ["b2", "b3", "b4", "s1", "b5", "b6"], "what is inside a block goes with it"


def nested(items: Element) -> list[Any]:
    """A list as [(its words, [what is nested in it])]."""
    found = []
    for item in items.findall("li"):
        label = item.find("label")
        words = "".join(label.itertext()) if label is not None else item.text or ""
        found.append((words.strip(), [line for inside in item.findall("ul") for line in nested(inside)]))
    return found


def test_everything_chosen_is_the_whole_text(world: World) -> None:
    proposed(world, nord=["b2"], iles=[])
    with reading():
        assert proposed_for(world.revision.id) == {}
        assert len(session().scalars(sa.select(RevisionScope)).all()) == 1


# Carried


def test_a_part_holds_on_while_nothing_in_it_changes(world: World) -> None:
    whole = part_signed(world)
    w.signed(world, world.reviewer, world.sud, whole)
    second = again(world, w.adds)
    assert second != whole and unanswered(world) == {world.sud, world.iles}
    with reading():
        kept = [row for row in session().scalars(sa.select(SignOff)) if row.carried_from is not None]
        (line,) = evidence.evidence(world.revision)["sign_offs"]
        (answer,) = [one for one in review.standing(world.revision).answers if one.carried_from]
    assert [(row.administration_id, row.signed_as) for row in kept] == [(world.nord, SignedAs.PART)]
    assert line["carried"] and evidence.holds(line)
    assert (answer.carried_from, answer.blocks) == (1, ("b4",))


def test_its_signer_is_told(world: World) -> None:
    part_signed(world)
    again(world, w.adds)
    with reading():
        told = (
            session().scalars(sa.select(Mail.recipient).where(Mail.subject.like("Votre visa reste%"))).all()
        )
        notices = session().execute(sa.select(Notice.person_id, Notice.what).where(Notice.what == "carried"))
        waits = [item for item in waiting_for(world.nord_reviewer) if item.is_news]
        assert told == [world.nord_reviewer.email]
        assert notices.all() == [(world.nord_reviewer.id, "carried")]
    assert [item.href for item in waits] == [
        f"/brouillons/{world.draft_id}/relecture#visa-reporte-{world.nord}"
    ]


VOIDS: dict[str, Callable[[World], None]] = {
    "a word of the part": lambda world: w.rewrite(
        world.writer, world.draft, lambda tree: w.words(tree[3]["content"], 0, "Fermé le mardi.")
    ),
    "an attribute of the part": lambda world: w.rewrite(
        world.writer, world.draft, w.only_changes_an_attribute
    ),
    "the lead": lambda world: w.rewrite(
        world.writer, world.draft, lambda tree: w.words(tree, 0, "Une autre phrase.")
    ),
    "the title": lambda world: service.set_fields(world.writer, world.draft, title="Déménager"),
    "the territories": lambda world: service.set_fields(
        world.writer, world.draft, territories=["province-sud"]
    ),
    "a cost that came": lambda world: w.rewrite(
        world.writer,
        world.draft,
        lambda tree: tree.append(
            {"type": "cost", "attrs": {"id": "b8"}, "content": [{"type": "text", "text": "1 500 francs"}]}
        ),
    ),
    "the part itself": lambda world: w.rewrite(world.writer, world.draft, lambda tree: tree.pop(3)),
}


@pytest.mark.parametrize("change", VOIDS.values(), ids=VOIDS.keys())
def test_a_part_is_void_once_it_differs(world: World, change: Callable[[World], None]) -> None:
    part_signed(world)
    with unit_of_work():
        review.retract(world.writer, world.draft)
        change(world)
        review.submit(world.writer, world.draft)
    assert unanswered(world) == {world.sud, world.nord, world.iles}


def test_another_part_is_asked_anew_and_the_whole_holds_for_a_part(world: World) -> None:
    part_signed(world)
    w.signed(world, world.iles_reviewer, world.iles, revision_of(world).fingerprint)
    with unit_of_work():
        review.retract(world.writer, world.draft)
        asked = {world.nord: ["b3"], world.iles: ["b3"]}
        review.submit(world.writer, world.draft, scopes=asked)
    assert unanswered(world) == {world.sud, world.nord}


def test_a_part_signed_for_an_edition_holds_in_the_next_one(world: World) -> None:
    whole = part_signed(world)
    w.signed(world, world.reviewer, world.sud, whole)
    w.signed(world, world.iles_reviewer, world.iles, whole)
    with unit_of_work():
        publishing.publish(world.editor, world.draft, whole)
        w.rewrite(world.writer, world.draft, w.adds_much)
    with unit_of_work():
        review.submit(world.writer, world.draft)
    assert unanswered(world) == {world.sud, world.iles}


@pytest.mark.parametrize("since", ["asked for changes", "lost the role"])
def test_who_does_not_stand_behind_it_any_more_is_asked_again(world: World, since: str) -> None:
    part_signed(world)
    with unit_of_work():
        if since == "lost the role":
            session().execute(sa.delete(Role).where(Role.person_id == world.nord_reviewer.id))
            review.retract(world.writer, world.draft)
        else:
            review.request_changes(world.nord_reviewer, world.draft, "Relire.")
    with unit_of_work():
        review.submit(world.writer, world.draft)
    assert world.nord in unanswered(world)


# Taken back


def withdraws(world: World, actor: Actor, place: int | None = None, reason: str = "Le tarif change.") -> None:
    with unit_of_work():
        withdrawing.withdraw_sign_off(actor, world.draft, place, reason)


@pytest.fixture
def carried(world: World) -> str:
    """Nord's part was carried; the fingerprint of the whole."""
    part_signed(world)
    return again(world, w.adds)


def test_its_signer_takes_it_back_and_the_administration_answers_once_more(
    world: World, carried: str
) -> None:
    w.signed(world, world.reviewer, world.sud, carried)
    w.signed(world, world.iles_reviewer, world.iles, carried)
    with reading():
        assert world.draft.stage is Stage.APPROVED
    withdraws(world, world.nord_reviewer)
    with reading():
        assert world.draft.stage is Stage.IN_REVIEW
        assert session().get(ReviewOutcome, world.revision.id) is None
        (withdrawn,) = evidence.evidence(world.revision)["withdrawn"]
        assert withdrawn["person"] == world.nord_reviewer.id
        assert "tarif" not in str(evidence.evidence(world.revision)), "a reason is free text"
        told = set(session().scalars(sa.select(Mail.recipient).where(Mail.subject.like("Visa retiré%"))))
    assert told == {world.writer.email, world.nord_writing_reviewer.email}
    assert unanswered(world) == {world.nord}
    with pytest.raises(DomainError), unit_of_work():
        publishing.publish(world.editor, world.draft, carried)
    w.signed(world, world.nord_writing_reviewer, world.nord, part_of(world, world.nord))
    with reading():
        assert world.draft.stage is Stage.APPROVED
        turns = session().scalars(
            sa.select(SignOff.turn)
            .where(SignOff.revision_id == world.revision.id, SignOff.administration_id == world.nord)
            .order_by(SignOff.id)
        )
        assert list(turns) == [1, 2]


def test_a_planned_publication_is_called_off(world: World, carried: str) -> None:
    w.signed(world, world.reviewer, world.sud, carried)
    w.signed(world, world.iles_reviewer, world.iles, carried)
    with unit_of_work():
        schedule.schedule(world.editor, world.draft, carried, clock.now() + timedelta(hours=1))
    withdraws(world, world.nord_reviewer)
    jobs.deliver_outbox()
    with reading():
        assert world.draft.stage is Stage.IN_REVIEW and schedule.scheduled_for(world.draft) is None


def test_what_was_taken_back_is_not_carried_again(world: World, carried: str) -> None:
    withdraws(world, world.nord_reviewer)
    again(world, None)
    assert world.nord in unanswered(world)


def test_one_takes_back_only_what_is_ones_own_and_was_carried(world: World, carried: str) -> None:
    w.signed(world, world.reviewer, world.sud, carried)
    for actor in (
        world.reviewer,
        world.nord_writing_reviewer,
        world.iles_reviewer,
        world.writer,
        world.editor,
    ):
        with pytest.raises(DomainError):
            withdraws(world, actor)
    with pytest.raises(Refused):
        withdraws(world, world.nord_reviewer, world.iles)
    with pytest.raises(Invalid):
        withdraws(world, world.nord_reviewer, reason="  ")
    with reading():
        assert not session().scalars(sa.select(WithdrawnSignOff)).all()
        assert w.acts(world.draft_id)[-1].deed is Deed.SIGN_OFF
    withdraws(world, world.nord_reviewer, world.nord)


# The database says no as well


def test_the_database_holds_parts(world: World) -> None:
    whole = proposed(world, nord=["b4"])
    revision, part = revision_of(world), part_of(world, world.nord)
    eyes = {"signed_as": "second_eyes", "second_eyes": "second_eyes"}
    for changes in (
        {"fingerprint": part, "signed_as": "nobody", "decision": "abstained"},
        {"fingerprint": part, **eyes},
        {"fingerprint": whole, "signed_as": "part"},
        {"fingerprint": part, "administration_id": world.iles, "person_id": world.iles_reviewer.id},
        {"fingerprint": part, "administration_id": world.sud, "person_id": world.reviewer.id},
        {"fingerprint": part, "signed_as": "part", "person_id": world.reviewer.id},
        {"fingerprint": part, "signed_as": "part", "turn": 2},
        {"fingerprint": part, "signed_as": "part", "agrees_minor": True},
    ):
        w.refused_by_database(w.raw_sign_off(world, revision=revision, **changes))
    for place, fingerprint in ((world.sud, part), (world.iles, whole), (world.iles, "0" * 64)):
        w.refused_by_database(
            sa.insert(ProposedScope).values(
                revision_id=revision.id, administration_id=place, fingerprint=fingerprint
            )
        )
    for statement in (
        sa.delete(ProposedScope),
        sa.update(ProposedScope).values(administration_id=world.iles),
    ):
        assert "append-only" in w.refused_by_database(statement)
    with unit_of_work() as current:
        current.execute(w.raw_sign_off(world, revision=revision, fingerprint=part, signed_as="part"))


def test_the_database_holds_what_is_taken_back(world: World, carried: str) -> None:
    w.signed(world, world.reviewer, world.sud, carried)
    revision = revision_of(world)
    with reading():
        rows = session().scalars(sa.select(SignOff).order_by(SignOff.id)).all()
        first, kept, of_sud = (row.id for row in rows)

    def taken(sign_off: int, person: int, reason: str = "Non.") -> sa.Insert:
        return sa.insert(WithdrawnSignOff).values(
            sign_off_id=sign_off, person_id=person, reason=reason, at=clock.now()
        )

    for statement in (
        taken(kept, world.reviewer.id),
        taken(of_sud, world.reviewer.id),
        taken(first, world.nord_reviewer.id),
        taken(kept, world.nord_reviewer.id, ""),
        # Nothing falls while nothing was taken back.
        w.raw_sign_off(world, revision=revision, turn=2),
    ):
        w.refused_by_database(statement)
    w.signed(world, world.iles_reviewer, world.iles, carried)
    assert "falls" in w.refused_by_database(sa.delete(ReviewOutcome))
    assert "append-only" in w.refused_by_database(sa.update(ReviewOutcome).values(fingerprint="0" * 64))
    withdraws(world, world.nord_reviewer)
    for statement in (sa.delete(WithdrawnSignOff), sa.update(WithdrawnSignOff).values(reason="Si.")):
        assert "append-only" in w.refused_by_database(statement)
    copied = {"fingerprint": rows[0].fingerprint, "signed_as": "part", "carried_from": first, "turn": 2}
    assert "carried" in w.refused_by_database(w.raw_sign_off(world, revision=revision, **copied))
    outcome = sa.insert(ReviewOutcome).values(
        revision_id=revision.id, fingerprint=carried, second_eyes="second_eyes",
        second_eyes_person_id=world.iles_reviewer.id, approved_at=clock.now(),
    )  # fmt: skip
    assert "answers first" in w.refused_by_database(outcome)


def test_the_database_takes_nothing_back_once_the_review_is_closed(world: World, carried: str) -> None:
    with reading():
        kept = session().scalars(sa.select(SignOff.id).where(SignOff.carried_from.is_not(None))).one()
    with unit_of_work() as current:
        current.execute(sa.delete(OpenReview))
    row = {"sign_off_id": kept, "person_id": world.nord_reviewer.id, "reason": "Non.", "at": clock.now()}
    assert "while the review is open" in w.refused_by_database(sa.insert(WithdrawnSignOff).values(**row))


# The pages


def test_parts_are_chosen_on_a_page_without_a_script(client: PageClient, world: World) -> None:
    draft, parts = f"/brouillons/{world.draft_id}", f"/brouillons/{world.draft_id}/proposer/parties"
    shown = client.sign_in(world.writer).get(draft)
    assert parts in shown.links()
    shown = client.get(parts)
    assert "À la mairie" in shown.main and "Fermé le lundi." in shown.main
    unfolded = {(element.text or "").replace("\u00a0", " ") for element in shown.all("summary")}
    assert unfolded - {"Comment faire ?"} == {"Province des Îles", "Province Nord"}
    refused = client.send(parts, 422, parties=[f"{world.nord}-b4"], note="x" * 501)
    assert refused.form(parts).values["parties"] == [f"{world.nord}-b4"]
    client.post(parts, {**refused.form(parts).values, "parties": "9-b4", "note": ""}, 422)
    client.send(parts, parties=[f"{world.nord}-b4"], note="Fermeture.")
    client.follow()
    with reading():
        assert {place: one.blocks for place, one in proposed_for(world.revision.id).items()} == {
            world.nord: ("b4",)
        }
    # The next time they are ticked already, and the short form keeps them.
    with unit_of_work():
        review.retract(world.writer, world.draft)
    assert client.get(parts).form(parts).values["parties"] == [f"{world.nord}-b4"]
    client.get(draft)
    client.send(f"{draft}/proposer")
    with reading():
        assert set(proposed_for(world.revision.id)) == {world.nord}
    # While it is read there is nothing to propose.
    assert client.get(parts, 303).location == draft


def test_a_reviewer_chooses_between_the_part_and_the_whole(client: PageClient, world: World) -> None:
    whole = proposed(world, nord=["b4"])
    path = f"/brouillons/{world.draft_id}/relecture"
    shown = client.sign_in(world.nord_reviewer).get(path)
    assert "Réponse attendue sur une partie du texte" in shown.main
    assert shown.form(f"{path}/signer").values["empreinte"] == [part_of(world, world.nord)]
    refused = client.send(f"{path}/signer", 422, empreinte=whole)
    assert refused.form(f"{path}/signer").values["empreinte"] == [whole], "what was chosen is kept"
    client.send(f"{path}/signer", empreinte=part_of(world, world.nord), relu="y")
    assert "Visa d’une partie du texte" in client.follow().main
    assert "La partie qui vous est proposée" not in client.sign_in(world.iles_reviewer).get(path).main


def test_a_carried_signature_is_taken_back_in_two_steps(
    client: PageClient, world: World, carried: str
) -> None:
    path = f"/brouillons/{world.draft_id}/relecture"
    assert not client.sign_in(world.nord_writing_reviewer).get(path).offers(f"{path}/retirer-visa")
    shown = client.sign_in(world.nord_reviewer).get(path)
    assert "Visa reporté de la version 1" in shown.main
    refused = client.send(f"{path}/retirer-visa", 422, motif="Le tarif change.")
    assert refused.form(f"{path}/retirer-visa").values["motif"] == "Le tarif change."
    client.send(f"{path}/retirer-visa", confirme="y")
    shown = client.follow()
    assert "puis retiré par" in shown.main and "Le tarif change." in shown.main
    assert shown.offers(f"{path}/signer")


def test_the_short_way_knows_nothing_of_parts(client: PageClient) -> None:
    with unit_of_work():
        world = w.make_world(alone=True)
    draft, parts = f"/brouillons/{world.draft_id}", f"/brouillons/{world.draft_id}/proposer/parties"
    assert parts not in client.sign_in(world.writer).get(draft).links()
    assert client.get(parts, 303).location == draft
