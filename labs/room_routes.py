"""The room of a séance as a page, and its minutes. Every act of the room is a form here; the script sends the same acts over
its socket and keeps the page as it is."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, g, request

from app import clock
from app.db import note, reading, unit_of_work
from app.errors import Invalid, Missing, MovedOn, Unavailable
from app.extensions import gettext as _
from app.extensions import ngettext
from app.policy import Act, acts_for
from app.web import current_actor, guarded, page, see_other
from labs import (
    attendance,
    minutes,
    minutes_files,
    minutes_text,
    queries,
    room_verbs,
    session_mail,
    session_queries,
)
from labs.models import SessionStatus
from labs.room_events import SessionMoved
from labs.routes import blueprint, lab_door

# Where on the page each act leads back to.
PLACES = {
    "open": "en-cours",
    "close": "en-cours",
    "item": "en-cours",
    "extend": "en-cours",
    "hand_up": "parole",
    "hand_down": "parole",
    "floor": "parole",
    "show": "suivre",
    "say": "messages",
    "poll": "sondages",
    "vote": "sondages",
    "close_poll": "sondages",
    "decide": "decisions",
    "action": "actions",
    "strike": "decisions",
}
# The forms of the minutes, and what each is to a program.
FILES = {
    "md": "text/markdown; charset=utf-8",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
# Said by the form alone: that one is there, without the script.
PRESENT = "present"


@blueprint.get("/labs/<slug>/seances/<int:session_id>")
@guarded(Act.LAB_READ, lab_door)
def seance(slug: str, session_id: int) -> Any:
    return _room_page(slug, session_id)


def _room_page(slug: str, session_id: int, status: int = 200, fault: str = "", verb: str = "") -> Any:
    """The room; after an act that was refused with what was typed: `verb` says in which form."""
    with reading():
        lab = queries.lab_called(slug)
        found = session_queries.seance_of(lab, session_id)
        return page(
            "labs/room.html",
            status,
            trusted="openlab-passage",  # realtime/client/workshop_passage.ts
            lab=lab,
            room=session_queries.room_page(current_actor(), found, bool(minutes.versions(found))),
            when=session_mail.when(found),
            clock_time=minutes_text.hour,
            instant=minutes_text.instant,
            faults=[("#" + PLACES.get(verb, "en-cours"), fault)] if fault else [],
            typed=request.form if fault else {},
            tried=verb,
        )


@blueprint.post("/labs/<slug>/seances/<int:session_id>/salle")
@guarded(Act.LAB_READ, lab_door)
def act_in_room(slug: str, session_id: int) -> Any:
    """One act: `faire` is its name on the wire, the other fields are those of docs/workshop.md."""
    actor, verb = current_actor(), request.form.get("faire", "")
    fields: dict[str, object] = dict(request.form.items())
    if "mentions" in fields:
        fields["mentions"] = request.form.getlist("mentions")
    again = False
    try:
        with reading():
            found = session_queries.seance_of(queries.lab_called(slug), session_id)
            is_open = found.status is SessionStatus.OPEN
        ready = None if verb == PRESENT else room_verbs.prepare(actor, session_id, verb, fields)
        if is_open:
            with unit_of_work():
                attendance.come(actor, session_id)
        if ready is not None:
            with unit_of_work():
                again = room_verbs.do(actor, ready).again
                # Of a vote there is no news, which would have an instant: rooms look once a second by themselves.
                if verb != "vote":
                    note(SessionMoved(session_id=session_id))
    except (Invalid, MovedOn) as error:
        return _room_page(slug, session_id, error.status, error.message, verb)
    if verb == "vote":
        flash(_("Votre réponse est déjà comptée.") if again else _("Votre réponse est comptée."))
    elif verb == PRESENT:
        flash(_("Votre présence est notée."))
    return see_other("labs.seance", slug=slug, session_id=session_id, _anchor=PLACES.get(verb, "presents"))


@blueprint.get("/labs/<slug>/seances/<int:session_id>/messages")
@guarded(Act.LAB_READ, lab_door)
def room_messages(slug: str, session_id: int) -> Any:
    lab = queries.lab_called(slug)
    found = session_queries.seance_of(lab, session_id)
    return page(
        "labs/room_messages.html",
        lab=lab,
        facts=session_queries.facts_of(found),
        messages=session_queries.messages(found),
    )


@blueprint.get("/labs/<slug>/seances/<int:session_id>/compte-rendu")
@guarded(Act.LAB_READ, lab_door)
def seance_minutes(slug: str, session_id: int) -> Any:
    return _minutes_page(slug, session_id)


def _minutes_page(
    slug: str,
    session_id: int,
    status: int = 200,
    faults: list[tuple[str, str]] | None = None,
    typed: dict[str, str] | None = None,
) -> Any:
    with reading():
        lab = queries.lab_called(slug)
        found = session_queries.seance_of(lab, session_id)
        versions = minutes.versions(found)
        wanted = request.args.get("version", type=int)
        shown = next((one for one in versions if one.number == wanted), versions[0] if versions else None)
        ready = bool(versions) and all(
            minutes_files.stored(found.id, versions[0].number, form) for form in minutes_files.FORMS
        )
        return page(
            "labs/minutes.html",
            status,
            lab=lab,
            facts=session_queries.facts_of(found),
            head=minutes_files.head_of(found, clock.now()),
            versions=versions,
            shown=shown,
            is_last=shown is not None and shown is versions[0],
            is_waiting=found.minutes_wanted_at is not None,
            was_opened=found.opened_at is not None,
            files_ready=ready,
            leads=Act.LAB_LEAD in acts_for(current_actor(), lab),
            edits=bool(request.args.get("changer")) or typed is not None,
            faults=faults or [],
            typed=typed or {},
            acts=g.acts,
        )


@blueprint.post("/labs/<slug>/seances/<int:session_id>/compte-rendu")
@guarded(Act.LAB_LEAD, lab_door)
def change_minutes(slug: str, session_id: int) -> Any:
    typed = {
        name.removeprefix("part-"): text for name, text in request.form.items() if name.startswith("part-")
    }
    try:
        with unit_of_work():
            session_queries.seance_of(queries.lab_called(slug), session_id)
            minutes.put_right(current_actor(), session_id, request.form.get("version", 0, type=int), typed)
    except (Invalid, MovedOn) as error:
        fault = ("#part-" + str(error.detail.get("field", "presence")), error.message)
        return _minutes_page(slug, session_id, error.status, [fault], typed)
    flash(_("La nouvelle version est enregistrée."))
    return see_other("labs.seance_minutes", slug=slug, session_id=session_id)


@blueprint.post("/labs/<slug>/seances/<int:session_id>/compte-rendu/rediger")
@guarded(Act.LAB_LEAD, lab_door)
def ask_minutes(slug: str, session_id: int) -> Any:
    try:
        with unit_of_work():
            session_queries.seance_of(queries.lab_called(slug), session_id)
            minutes.ask(current_actor(), session_id)
    except Invalid as error:
        return _minutes_page(slug, session_id, 422, [("#contenu", error.message)])
    flash(_("Le compte rendu est en cours de rédaction : rechargez cette page dans quelques secondes."))
    return see_other("labs.seance_minutes", slug=slug, session_id=session_id)


@blueprint.post("/labs/<slug>/seances/<int:session_id>/compte-rendu/envoyer")
@guarded(Act.LAB_LEAD, lab_door)
def send_minutes(slug: str, session_id: int) -> Any:
    try:
        with unit_of_work():
            session_queries.seance_of(queries.lab_called(slug), session_id)
            count = minutes.send(current_actor(), session_id)
    except (Invalid, MovedOn) as error:
        return _minutes_page(slug, session_id, error.status, [("#contenu", error.message)])
    flash(
        ngettext(
            "Le compte rendu est envoyé à %(num)s personne.",
            "Le compte rendu est envoyé à %(num)s personnes.",
            count,
        )
    )
    return see_other("labs.seance_minutes", slug=slug, session_id=session_id)


@blueprint.get("/labs/<slug>/seances/<int:session_id>/compte-rendu.<form>")
@guarded(Act.LAB_READ, lab_door)
def minutes_file(slug: str, session_id: int, form: str) -> Any:
    """The last version as a file."""
    if form not in FILES:
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    found = session_queries.seance_of(queries.lab_called(slug), session_id)
    versions = minutes.versions(found)
    if not versions:
        raise Unavailable(_("Le compte rendu n’est pas encore écrit."), retry_after=5.0)
    if form == "md":
        head = minutes_files.head_of(found, versions[0].made_at)
        content = minutes_files.markdown(head, versions[0].sections).encode()
    else:
        content = minutes_files.stored(found.id, versions[0].number, form) or b""
        if not content:
            raise Unavailable(
                _("Ce fichier est en préparation : réessayez dans quelques secondes."), retry_after=5.0
            )
    response = Response(content)
    response.headers["Content-Type"] = FILES[form]
    response.headers["Content-Disposition"] = f'attachment; filename="compte-rendu-{session_id}.{form}"'
    return response
