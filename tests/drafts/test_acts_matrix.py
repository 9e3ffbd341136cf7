"""Every act, by every role, in every stage: done where the table says so, by the verb; and a form made by hand for what is
refused leaves nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app import clock
from app.accounts import service as accounts
from app.accounts.models import Role
from app.db import Database, reading, session, unit_of_work
from app.errors import DomainError
from app.policy import Actor
from drafts import competences, overruling, review, substituting, withdrawing
from drafts.stages import Deed, Stage, possible
from publish import schedule
from publish import service as publishing
from publish.fate_acts import count
from tests.clients import PageClient
from tests.drafts import review_world as w
from tests.drafts.review_world import World

ROLES = ("facilitator", "writer", "nord_writer", "reviewer", "nord_reviewer", "iles_reviewer", "editor")
EVERYBODY, REVIEWERS = set(ROLES), {"reviewer", "nord_reviewer"}
Verb = Callable[[Actor, World], object]


def _fingerprint(world: World) -> str:
    last = review.last_revision(world.draft)
    return last.fingerprint if last is not None else "0" * 64


def _place(actor: Actor, world: World) -> int:
    """The administration somebody would answer for."""
    return world.nord if actor.administration_id == world.nord else world.sud


def _opposed(world: World) -> None:
    """Sud objects first: what comes after is about that."""
    review.object_to(world.reviewer, world.draft, "Non.")


def _lifts(actor: Actor, world: World) -> None:
    _opposed(world)
    review.lift_objection(actor, world.draft)


def _arbitrates(actor: Actor, world: World) -> None:
    _opposed(world)
    overruling.arbitrate(actor, world.draft, None, "Oui.")


def _passes_over(actor: Actor, world: World) -> None:
    # More than five working days: two weekends and three holidays at most.
    with clock.shifted(timedelta(days=13)):
        overruling.pass_over(actor, world.draft, world.iles, "Sans réponse.")


def _schedules(actor: Actor, world: World) -> None:
    schedule.schedule(actor, world.draft, _fingerprint(world), clock.now() + timedelta(days=1))


# {deed: (who may, the verb, where its form is sent to)}. Sud leads; Nord's signature was carried; nobody is left to answer
# for Îles, whose reviewer has lost the role.
ACTS: dict[Deed, tuple[set[str], Verb, str]] = {
    Deed.SUBMIT: (EVERYBODY, lambda actor, world: review.submit(actor, world.draft), "proposer"),
    Deed.RETRACT: (
        {"facilitator", "writer"},
        lambda actor, world: review.retract(actor, world.draft),
        "retirer",
    ),
    Deed.REQUEST_CHANGES: (
        REVIEWERS,
        lambda actor, world: review.request_changes(actor, world.draft, "Reprendre."),
        "relecture/changements",
    ),
    Deed.SIGN_OFF: (
        {"reviewer"},
        lambda actor, world: review.sign_off(actor, world.draft, _place(actor, world), _fingerprint(world)),
        "relecture/signer",
    ),
    Deed.ABSTAIN: (
        {"reviewer"},
        lambda actor, world: review.abstain(actor, world.draft, _place(actor, world), _fingerprint(world)),
        "relecture/abstenir",
    ),
    Deed.OBJECT: (
        REVIEWERS,
        lambda actor, world: review.object_to(actor, world.draft, "Non."),
        "relecture/opposition",
    ),
    Deed.LIFT_OBJECTION: ({"reviewer"}, _lifts, "relecture/lever"),
    Deed.ARBITRATE: ({"nord_reviewer", "editor"}, _arbitrates, "relecture/arbitrer"),
    Deed.PASS_OVER: ({"reviewer", "editor"}, _passes_over, "relecture/passer-outre"),
    Deed.WITHDRAW_SIGN_OFF: (
        {"nord_reviewer"},
        lambda actor, world: withdrawing.withdraw_sign_off(actor, world.draft, None, "Non."),
        "relecture/retirer-visa",
    ),
    Deed.NAME_SUBSTITUTE: (
        {"reviewer", "editor"},
        lambda actor, world: substituting.name_substitute(actor, world.draft, None, "Oui."),
        "relecture/suppleer",
    ),
    Deed.CHANGE_COMPETENCES: (
        {"reviewer"},
        lambda actor, world: competences.change_competences(actor, world.draft, [world.sud], "La loi."),
        "administrations",
    ),
    Deed.HAND_OVER: (
        {"reviewer"},
        lambda actor, world: competences.hand_over(actor, world.draft, world.nord, "Convention."),
        "administrations/responsable",
    ),
    Deed.SCHEDULE: ({"editor"}, _schedules, "publication/programmer"),
    Deed.CANCEL: (
        {"editor"},
        lambda actor, world: schedule.cancel(actor, world.draft),
        "publication/annuler",
    ),
    Deed.PUBLISH: (
        {"editor"},
        lambda actor, world: publishing.publish(actor, world.draft, _fingerprint(world), "Une note."),
        "publier",
    ),
}
# These follow from others, and are nobody's.
NOBODYS = {Deed.CREATE, Deed.ASK_AGAIN, Deed.APPROVE}
# An objection that is raised first brings an approved text back into its review.
AFTER_AN_OBJECTION = {Deed.LIFT_OBJECTION, Deed.ARBITRATE}


# On the way to its approval the editor answered for Îles, and may say so much for it as its reviewer could.
FOR_ILES = {Deed.REQUEST_CHANGES, Deed.OBJECT}


def _allowed(deed: Deed, role: str, stage: Stage) -> bool:
    if deed in FOR_ILES and role == "editor" and stage is Stage.APPROVED:
        return True
    known = possible(stage, deed) or (deed in AFTER_AN_OBJECTION and stage is Stage.APPROVED)
    return known and role in ACTS[deed][0]


class _Undone(Exception):
    """Lets a stage be tried by many."""


@pytest.fixture
def world(db: Database) -> World:
    with unit_of_work():
        world = w.make_world(three=True)
        session().execute(sa.delete(Role).where(Role.person_id == world.iles_reviewer.id))
        # As the next request would know them.
        world = replace(world, iles_reviewer=accounts.actor_for_person(world.iles_reviewer.id))
    w.signed(world, world.nord_reviewer, world.nord, w.submitted(world))
    with unit_of_work():
        review.retract(world.writer, world.draft)
    return world


def _into(world: World, stage: Stage) -> None:
    if stage is Stage.WRITING:
        return
    fingerprint = w.submitted(world)
    if stage is Stage.CHANGES_REQUESTED:
        with unit_of_work():
            review.request_changes(world.reviewer, world.draft, "Reprendre.")
    elif stage is not Stage.IN_REVIEW:
        with unit_of_work():
            substituting.name_substitute(world.editor, world.draft, None, "Oui.")
            review.sign_off(world.editor, world.draft, world.iles, fingerprint)
            review.sign_off(world.reviewer, world.draft, world.sud, fingerprint)
            if stage is Stage.SCHEDULED:
                at = clock.now() + timedelta(days=1)
                schedule.schedule(world.editor, world.draft, fingerprint, at)
            elif stage is Stage.PUBLISHED:
                publishing.publish(world.editor, world.draft, fingerprint)


def _snapshot(world: World) -> list[tuple[Deed, int | None]]:
    with reading():
        return [(act.deed, act.person_id) for act in w.acts(world.draft_id)]


@pytest.mark.parametrize("stage", Stage)
def test_every_act_by_every_role(world: World, stage: Stage) -> None:
    _into(world, stage)
    before, wrong = _snapshot(world), []
    with reading():
        assert world.draft.stage is stage
    for deed, (_who, verb, _path) in ACTS.items():
        for role in ROLES:
            done = False
            try:
                with unit_of_work():
                    verb(getattr(world, role), world)
                    done = deed in [act.deed for act in w.acts(world.draft_id)][len(before) :]
                    raise _Undone
            except (_Undone, DomainError):
                pass
            if done != _allowed(deed, role, stage):
                wrong.append(f"{deed} by {role}: {done}")
    assert not wrong, wrong
    assert _snapshot(world) == before


def test_every_act_is_somebodys_or_nobodys() -> None:
    assert set(ACTS) | NOBODYS == set(Deed)


@pytest.mark.parametrize("stage", Stage)
def test_a_hand_made_post_of_what_is_refused_changes_nothing(
    world: World, client: PageClient, stage: Stage
) -> None:
    _into(world, stage)
    before, wrong = _snapshot(world), []
    with reading():
        fingerprint, seen = _fingerprint(world), str(count(world.draft.article_id))
    client.app.config["WTF_CSRF_ENABLED"] = client.app.testing = False
    tomorrow = clock.local(clock.now() + timedelta(days=1))
    for role in ROLES:
        actor = getattr(world, role)
        client.sign_in(actor)
        # Whatever a form of this page may ask for, filled in as somebody would who knows them all.
        data = {
            "administration": _place(actor, world), "empreinte": fingerprint, "relu": "y", "confirme": "y",
            "motif": "Parce que.", "pourquoi": "Parce que.", "competentes": [world.sud], "responsable": world.nord,
            "note": "Une note.", "actes": seen, "jour": f"{tomorrow:%Y-%m-%d}", "heure": "08:00",
        }  # fmt: skip
        for deed, (_who, _verb, path) in ACTS.items():
            if _allowed(deed, role, stage):
                continue
            answer = client.http.post(f"/brouillons/{world.draft_id}/{path}", data=data)
            if answer.status_code < 400 or _snapshot(world) != before:
                wrong.append(f"{deed} by {role}: {answer.status_code}")
    assert not wrong, wrong
