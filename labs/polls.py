"""Quick polls: yes or no, or several answers; named or secret; about a passage of a text or about nothing.

A secret ballot leaves a row that its person voted and one more on a counter, in one transaction: no row of the ballot, no
time of it, no audit entry, no event. All counters of the poll are written anew with each vote: PostgreSQL keeps with every
row which transaction wrote it, and a counter written alone would bear the same mark as the last voter's row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from app import audit
from app.db import session
from app.errors import Invalid, MovedOn
from app.extensions import gettext as _
from app.policy import Act, Actor
from labs.models import LabSession
from labs.room import Done, append, entered, is_done, line
from labs.session_models import EventKind, SessionCount, SessionPoll, SessionVoter
from labs.texts import Version

LONGEST_QUESTION, LONGEST_CHOICE = 300, 100
MOST_CHOICES = 8
# Of fewer secret votes one could guess whose they are.
FEWEST_VOTERS = 4


def open_poll(
    actor: Actor,
    session_id: int,
    question: str,
    choices: Sequence[str] = (),
    *,
    secret: bool = False,
    passage: Version | None = None,
    key: str | None = None,
) -> Done:
    """Ask everybody in the room. Without `choices` the answers are yes and no."""
    seance, state = entered(actor, session_id, Act.LAB_LEAD)
    if (done := is_done(actor, seance, key)) is not None:
        return done
    if any(poll["closed_at"] is None for poll in state["polls"].values()):
        raise MovedOn(_("Un sondage est déjà ouvert : closez-le avant d’en ouvrir un autre."))
    question = line(question, LONGEST_QUESTION, _("Écrivez la question, en 300 caractères au plus."))
    given = [
        line(choice, LONGEST_CHOICE, _("Une réponse a 100 caractères au plus."))
        for choice in choices
        if choice.strip()
    ]
    answers = given or [_("Oui"), _("Non")]
    if not 2 <= len(answers) <= MOST_CHOICES or len(set(answers)) < len(answers):
        raise Invalid(_("Donnez de deux à huit réponses différentes, ou aucune pour « oui » ou « non »."))
    done = append(
        actor,
        seance,
        EventKind.POLL_OPENED,
        key,
        question=question,
        choices=answers,
        secret=secret,
        passage=passage_of(passage),
    )
    if done.again or done.number is None:
        return done
    session().add(SessionPoll(session_id=seance.id, number=done.number, secret=secret))
    session().flush()
    if secret:
        for choice in range(len(answers)):
            session().add(SessionCount(session_id=seance.id, poll=done.number, choice=choice, count=0))
    audit.record(actor.id, "open_poll", "lab_session", seance.id, poll=done.number, secret=secret)
    return done


def passage_of(version: Version | None) -> dict[str, Any] | None:
    """A passage as an event keeps it: which text, which block, and the number it was read at."""
    if version is None:
        return None
    return {
        "draft": version.draft_id,
        "title": version.title,
        "block": version.block,
        "seq": version.seq,
        "words": version.words,
    }


def vote(actor: Actor, session_id: int, poll: int, choice: int, key: str | None = None) -> Done:
    """One answer of one person. Whoever comes again hears that it is counted (`Done.again`), whatever they say now."""
    seance, state = entered(actor, session_id, Act.LAB_READ)
    asked = state["polls"].get(str(poll))
    if asked is None:
        raise Invalid(_("Ce sondage n’existe pas."))
    if session().get(SessionVoter, (seance.id, poll, actor.id)) is not None:
        return Done(None, again=True)
    if asked["closed_at"] is not None:
        raise MovedOn(_("Ce sondage est clos : votre réponse n’est pas comptée."))
    if not 0 <= choice < len(asked["choices"]):
        raise Invalid(_("Choisissez une des réponses proposées."))
    session().add(SessionVoter(session_id=seance.id, poll=poll, person_id=actor.id))
    session().flush()
    if not asked["secret"]:
        return append(actor, seance, EventKind.VOTED, key, poll=poll, choice=choice)
    session().execute(
        sa.update(SessionCount)
        .where(SessionCount.session_id == seance.id, SessionCount.poll == poll)
        .values(count=SessionCount.count + sa.case((SessionCount.choice == choice, 1), else_=0))
        .execution_options(synchronize_session=False)
    )
    return Done(None)


def close_poll(actor: Actor, session_id: int, poll: int, key: str | None = None) -> Done:
    """No more votes. The results of a secret one are told from four voters on; below, they are forgotten."""
    seance, state = entered(actor, session_id, Act.LAB_LEAD)
    if (done := is_done(actor, seance, key)) is not None:
        return done
    asked = state["polls"].get(str(poll))
    if asked is None:
        raise Invalid(_("Ce sondage n’existe pas."))
    if asked["closed_at"] is not None:
        raise MovedOn(_("Ce sondage est déjà clos."))
    voters = _turnout(seance, poll)
    if asked["secret"]:
        counts = _secret_counts(seance, poll, voters)
    else:
        votes = list(asked["votes"].values())
        counts = [votes.count(choice) for choice in range(len(asked["choices"]))]
    session().execute(
        sa.update(SessionPoll)
        .where(SessionPoll.session_id == seance.id, SessionPoll.number == poll)
        .values(closed=True)
    )
    done = append(actor, seance, EventKind.POLL_CLOSED, key, poll=poll, voters=voters, counts=counts)
    audit.record(actor.id, "close_poll", "lab_session", seance.id, poll=poll)
    return done


def _turnout(seance: LabSession, poll: int) -> int:
    return (
        session().scalar(
            sa.select(sa.func.count())
            .select_from(SessionVoter)
            .where(SessionVoter.session_id == seance.id, SessionVoter.poll == poll)
        )
        or 0
    )


def _secret_counts(seance: LabSession, poll: int, voters: int) -> list[int] | None:
    of_poll = (SessionCount.session_id == seance.id, SessionCount.poll == poll)
    if voters < FEWEST_VOTERS:
        session().execute(
            sa.update(SessionCount)
            .where(*of_poll)
            .values(count=0)
            .execution_options(synchronize_session=False)
        )
        return None
    return list(
        session().scalars(sa.select(SessionCount.count).where(*of_poll).order_by(SessionCount.choice))
    )


def turnout(session_ids: Sequence[int]) -> dict[int, dict[int, int]]:
    """How many have voted in each open secret poll of some séances: {séance: {poll: voters}}."""
    rows = session().execute(
        sa.select(SessionPoll.session_id, SessionPoll.number, sa.func.count(SessionVoter.person_id))
        .outerjoin(
            SessionVoter,
            (SessionVoter.session_id == SessionPoll.session_id) & (SessionVoter.poll == SessionPoll.number),
        )
        .where(SessionPoll.session_id.in_(session_ids), SessionPoll.secret, sa.not_(SessionPoll.closed))
        .group_by(SessionPoll.session_id, SessionPoll.number)
    )
    found: dict[int, dict[int, int]] = {session_id: {} for session_id in session_ids}
    for session_id, poll, voters in rows:
        found[session_id][poll] = voters
    return found


def voted_in(actor: Actor, session_id: int) -> set[int]:
    """The polls of a séance in which a person has voted."""
    return set(
        session().scalars(
            sa.select(SessionVoter.poll).where(
                SessionVoter.session_id == session_id, SessionVoter.person_id == actor.id
            )
        )
    )
