"""What a séance decides, with the version of the text it was decided on, and who does what until when."""

from __future__ import annotations

from datetime import date

from app import audit
from app.errors import Invalid
from app.extensions import gettext as _
from app.policy import Act, Actor
from labs.room import Done, append, entered, is_done, line, members
from labs.session_models import EventKind
from labs.texts import Version

LONGEST = 1000


def decide(
    actor: Actor, session_id: int, text: str, on: Version | None = None, key: str | None = None
) -> Done:
    """Write a decision down; `on` is the text it is about, as it stood."""
    seance, _state = entered(actor, session_id, Act.LAB_LEAD)
    text = line(text, LONGEST, _("Écrivez la décision, en 1 000 caractères au plus."))
    done = append(
        actor,
        seance,
        EventKind.DECIDED,
        key,
        text=text,
        draft=on.draft_id if on else None,
        title=on.title if on else "",
        block=on.block if on else None,
        seq=on.seq if on else None,
        fingerprint=on.fingerprint if on else None,
    )
    if not done.again:
        audit.record(actor.id, "decide", "lab_session", seance.id, event=done.number)
    return done


def give_action(
    actor: Actor,
    session_id: int,
    text: str,
    person: int | None = None,
    due: date | None = None,
    key: str | None = None,
) -> Done:
    """Something to be done, by whom and until when."""
    seance, _state = entered(actor, session_id, Act.LAB_LEAD)
    text = line(text, LONGEST, _("Écrivez ce qui est à faire, en 1 000 caractères au plus."))
    if person is not None and person not in members(seance.lab_id, [person]):
        raise Invalid(_("Cette personne ne fait plus partie du lab."))
    done = append(
        actor,
        seance,
        EventKind.ACTION,
        key,
        text=text,
        person=person,
        due=due.isoformat() if due else None,
    )
    if not done.again:
        audit.record(actor.id, "give_action", "lab_session", seance.id, event=done.number)
    return done


def strike(actor: Actor, session_id: int, number: int, key: str | None = None) -> Done:
    """Take a decision or an action back: it stays in the list, struck out."""
    seance, state = entered(actor, session_id, Act.LAB_LEAD)
    if (done := is_done(actor, seance, key)) is not None:
        return done
    found = state["decisions"].get(str(number)) or state["actions"].get(str(number))
    if found is None:
        raise Invalid(_("Cette ligne n’existe pas."))
    if found["struck"]:
        return Done(None, again=True)
    done = append(actor, seance, EventKind.STRUCK, key, number=number)
    audit.record(actor.id, "strike", "lab_session", seance.id, event=number)
    return done
