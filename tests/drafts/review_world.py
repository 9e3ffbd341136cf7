"""A small world for the tests of a review: three administrations, their writers and reviewers, one article.

Everybody is a member who may write, so that a test decides by deeds, not by rights, who contributed.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
import sqlalchemy as sa

from app.audit import AuditEntry
from app.db import session, unit_of_work
from app.policy import Actor, PortalRole
from drafts import log, review, service
from drafts.models import Article, Draft
from drafts.review_models import DraftAct, Revision, SignOff
from labs.models import Lab
from tests.makers import make_administration, make_agent, make_draft, make_lab

TEXT: list[dict[str, Any]] = [
    {
        "type": "lead",
        "attrs": {"id": "b1"},
        "content": [{"type": "text", "text": "L’essentiel en une phrase."}],
    },
    {"type": "heading", "attrs": {"id": "b2"}, "content": [{"type": "text", "text": "À la mairie"}]},
    {
        "type": "paragraph",
        "attrs": {"id": "b3"},
        "content": [{"type": "text", "text": "Présentez-vous à la mairie avec un justificatif."}],
    },
    {
        "type": "note",
        "attrs": {"id": "b4"},
        "content": [
            {
                "type": "paragraph",
                "attrs": {"id": "b5"},
                "content": [{"type": "text", "text": "Fermé le lundi."}],
            }
        ],
    },
]


@dataclass(frozen=True)
class World:
    """Ids of administrations, actors, and one draft by `writer` for which `sud` and `nord` are competent.

    `reviewer`, `other_reviewer` and `writing_reviewer` are reviewers of Sud, `nord_reviewer` and
    `nord_writing_reviewer` of Nord, `iles_reviewer` of an administration that is not competent.
    """

    sud: int
    nord: int
    iles: int
    lab_id: int
    draft_id: int
    facilitator: Actor
    writer: Actor
    nord_writer: Actor
    reviewer: Actor
    other_reviewer: Actor
    writing_reviewer: Actor
    nord_reviewer: Actor
    nord_writing_reviewer: Actor
    iles_reviewer: Actor
    editor: Actor

    @property
    def draft(self) -> Draft:
        """The draft, in the open unit of work."""
        return session().get_one(Draft, self.draft_id)

    @property
    def revision(self) -> Revision:
        """The revision whose review is open."""
        found = review.open_revision(self.draft)
        assert found is not None
        return found


def make_world(*, alone: bool = False, three: bool = False) -> World:
    """In an open unit of work. `alone`: Sud is the only competent administration; `three`: Îles is competent too."""
    sud, nord, iles = (
        make_administration(name) for name in ("Province Sud", "Province Nord", "Province des Îles")
    )
    portal = make_administration("Direction du numérique")
    people = {
        "facilitator": make_agent(portal),
        "writer": make_agent(sud),
        "nord_writer": make_agent(nord),
        "reviewer": make_agent(sud, reviewer=True),
        "other_reviewer": make_agent(sud, reviewer=True),
        "writing_reviewer": make_agent(sud, reviewer=True),
        "nord_reviewer": make_agent(nord, reviewer=True),
        "nord_writing_reviewer": make_agent(nord, reviewer=True),
        "iles_reviewer": make_agent(iles, reviewer=True),
        "editor": make_agent(portal, PortalRole.PORTAL_EDITOR),
    }
    others = [person for name, person in people.items() if name != "facilitator"]
    lab = make_lab(people["facilitator"], portal, *others)
    competent = (sud,) if alone else (sud, nord, iles) if three else (sud, nord)
    draft = make_draft(people["writer"], lab, sud, *competent, tree=copy.deepcopy(TEXT))
    return World(sud=sud.id, nord=nord.id, iles=iles.id, lab_id=lab.id, draft_id=draft.id, **people)


def second_draft(world: World) -> Draft:
    """Another draft of the same article."""
    first = world.draft
    return service._new_draft(
        world.nord_writer, session().get_one(Lab, world.lab_id), first.article, "Autre", {}
    )


def rewrite(actor: Actor, draft: Draft, change: Callable[[list[dict[str, Any]]], None]) -> None:
    """`actor` edits the living text: `change` works on its block tree in place."""
    tree = copy.deepcopy(log.load(draft.id).tree)
    change(tree)
    service.replace_text(actor, draft, tree)


def words(tree: list[dict[str, Any]], block: int, text: str) -> None:
    tree[block]["content"] = [{"type": "text", "text": text}]


def adds(tree: list[dict[str, Any]]) -> None:
    words(tree, 2, tree[2]["content"][0]["text"] + " C’est gratuit.")


def only_deletes(tree: list[dict[str, Any]]) -> None:
    words(tree, 2, "Présentez-vous à la mairie.")


def only_changes_an_attribute(tree: list[dict[str, Any]]) -> None:
    tree[3]["attrs"]["kind"] = "warning"


def only_makes_bold(tree: list[dict[str, Any]]) -> None:
    tree[2]["content"] = [{**run, "marks": [{"type": "strong"}]} for run in tree[2]["content"]]


def adds_much(tree: list[dict[str, Any]]) -> None:
    """More than a minor correction may move."""
    words(tree, 2, tree[2]["content"][0]["text"] + " Apportez une pièce d’identité et un justificatif." * 5)


def only_deletes_a_block(tree: list[dict[str, Any]]) -> None:
    del tree[1]


def submitted(world: World) -> str:
    """The text is proposed by its writer; the fingerprint to sign."""
    with unit_of_work():
        return review.submit(world.writer, world.draft).fingerprint


def signed(world: World, actor: Actor, place: int, fingerprint: str) -> None:
    with unit_of_work():
        review.sign_off(actor, world.draft, place, fingerprint)


def published(world: World) -> None:
    """By people who contributed nothing; in one unit of work each."""
    from publish import service as publishing

    fingerprint = submitted(world)
    with unit_of_work():
        for place in sorted(world.revision.article.competent, key=lambda place: place.id):
            signer = world.reviewer if place.id == world.sud else world.nord_reviewer
            review.sign_off(signer, world.draft, place.id, fingerprint)
    with unit_of_work():
        publishing.publish(world.editor, world.draft, fingerprint)


def refused_by_database(statement: sa.Executable) -> str:
    """Run raw SQL in a transaction of its own and expect the database to say no; its words."""
    with pytest.raises(sa.exc.IntegrityError) as refusal:
        with unit_of_work() as current:
            current.execute(statement)
    return str(refusal.value.orig)


def raw_sign_off(world: World, **changes: Any) -> sa.Insert:
    """The row `nord_reviewer` would get by signing for Nord as second eyes, with `changes`."""
    revision = changes.pop("revision")
    row = {
        "revision_id": revision.id,
        "administration_id": world.nord,
        "fingerprint": revision.fingerprint,
        "person_id": world.nord_reviewer.id,
        "decision": "signed",
        "signed_as": "author",
        "second_eyes": None,
        "reason": "",
        "signature": b"\x00" * 64,
        "key_id": "0" * 64,
        "at": revision.created_at,
        **changes,
    }
    return sa.insert(SignOff).values(**row)


def acts(draft_id: int) -> list[DraftAct]:
    return list(
        session().scalars(sa.select(DraftAct).where(DraftAct.draft_id == draft_id).order_by(DraftAct.number))
    )


def audit_entries(draft_id: int) -> list[AuditEntry]:
    return list(
        session().scalars(
            sa.select(AuditEntry)
            .where(AuditEntry.object_kind == "draft", AuditEntry.object_id == str(draft_id))
            .order_by(AuditEntry.id)
        )
    )


def without_reviewing(actor: Actor) -> Actor:
    """The same person before they became a reviewer."""
    return replace(actor, reviewer_of=frozenset())


def article_of(world: World) -> Article:
    return session().get_one(Article, world.draft.article_id)
