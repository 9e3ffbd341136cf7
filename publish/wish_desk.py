"""What agents do about wishes: key in what came another way, moderate, and say what becomes of one."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, flash, render_template, request
from markupsafe import Markup
from werkzeug.utils import redirect

from app.db import reading, unit_of_work
from app.errors import Invalid, Missing, MovedOn
from app.extensions import gettext as _
from app.extensions import ngettext
from app.forms import Faults
from app.panels import panel
from app.policy import PORTAL, Act, Actor, acts_for
from app.waiting import Waiting, source
from app.web import current_actor, guarded, local_path, page, see_other
from drafts import wish_links
from drafts.models import Draft
from labs import cycle_queries, wish_queries, wish_words, wish_work, wishes
from labs.doors import lab_door
from labs.models import Lab
from labs.policy import LABS
from labs.queries import administrations, lab_called, led_by
from labs.wish_models import Channel, Standing, Wish
from publish import addresses, personal, wish_answers
from publish.forms import number_in
from publish.heard import marked

# Wishes nobody has taken up, beside those of a lab; and those of one page of the moderators.
OFFERED, QUEUED = 5, 30
QUEUE = "/moderation/souhaits"


def wish_door(wish_id: int, **_rest: object) -> Wish:
    return wish_queries.wish_numbered(wish_id)


def _rendered(template: str, **values: object) -> Markup:
    # Jinja has escaped what stands in it: it is a template of ours.
    return Markup(render_template(template, **values))  # noqa: S704 # nosec B704 # a template of ours, which escapes


@source("wishes")
def to_moderate(actor: Actor) -> list[Waiting]:
    if Act.PORTAL_MODERATE not in acts_for(actor, PORTAL):
        return []
    count = wish_queries.count_waiting()
    if not count:
        return []
    return [
        Waiting(
            _("Souhaits des habitants"),
            ngettext("Lire %(num)d souhait", "Lire %(num)d souhaits", count),
            _("Ils attendent d’être mis en ligne ou refusés."),
            QUEUE,
        )
    ]


@panel("espace", order=14)
def keying_in(actor: Actor) -> Markup | None:
    if Act.WISH_ENTER not in acts_for(actor, PORTAL):
        return None
    return _rendered("publish/wish_space_panel.html")


@panel("moderation", order=20)
def queue_panel(actor: Actor) -> Markup | None:
    """The wishes that wait for a moderator, with the buttons that decide; for who moderates."""
    if Act.PORTAL_MODERATE not in acts_for(actor, PORTAL):
        return None
    return _queue(request.path)


def _queue(back: str, number: int = 0, typed: str = "") -> Markup:
    """`number`: of the wish whose refusal is shown again, with what was typed."""
    return _rendered(
        "publish/wish_queue.html", rows=wish_queries.waiting(QUEUED), count=wish_queries.count_waiting(),
        marked=marked, back=back, number=number, typed=typed,
    )  # fmt: skip


def queue(status: int = 200, faults: Faults | None = None, number: int = 0, typed: str = "") -> Any:
    with reading():
        return page(
            "publish/wish_moderation.html", status, section=_queue(QUEUE, number, typed), faults=faults or []
        )


def decide(wish_id: int) -> Any:
    """`acte`: montrer or refuser, with `motif`; `vu`: the wish as it was shown."""
    form, back = request.form, local_path(request.form.get("retour")) or QUEUE
    reason = form.get("motif", "")
    try:
        with unit_of_work():
            wish = wish_queries.wish_numbered(wish_id)
            seen = form.get("vu", -1, type=int)
            match form.get("acte"):
                case "montrer":
                    wishes.show(current_actor(), wish, seen)
                    said = _("Le souhait est en ligne.")
                case "refuser":
                    wishes.refuse(current_actor(), wish, seen, reason)
                    said = _("Le souhait est refusé. Son auteur peut en lire la raison.")
                case _:
                    raise Invalid(_("Choisissez de mettre le souhait en ligne ou de le refuser."))
    except (Invalid, MovedOn) as error:
        field = f"#motif-{wish_id}" if error.detail.get("field") else ""
        return queue(error.status, [(field, error.message)], wish_id, reason[:4000])
    flash(said)
    return redirect(back, code=303)


@panel("lab", order=40)
def wishes_of_lab(actor: Actor, lab: Lab) -> Markup | None:
    """What the lab took up, and for who leads it what is still to be taken up."""
    acts = acts_for(actor, lab)
    if Act.LAB_READ not in acts:
        return None
    mine = wish_queries.of_lab(lab)
    offered = wish_queries.to_take_up(OFFERED) if Act.LAB_LEAD in acts else []
    if not mine and not offered and Act.LAB_WRITE not in acts:
        return None
    answering = wish_links.drafts_for([one.card.id for one in mine])
    return _rendered(
        "publish/wish_lab_panel.html", lab=lab, mine=mine, offered=offered, answering=answering,
        leads=Act.LAB_LEAD in acts, writes=Act.LAB_WRITE in acts,
        readable={
            draft.id for drafts in answering.values() for draft in drafts if Act.DRAFT_READ in acts_for(actor, draft)
        },
    )  # fmt: skip


@panel("draft", order=40)
def wishes_of_draft(_actor: Actor, draft: Draft) -> Markup | None:
    """What the people who write it are to answer, in the words of those who asked."""
    found = wish_links.wishes_of(draft)
    return _rendered("publish/wish_draft_panel.html", wishes=found) if found else None


def take_up(slug: str, wish_id: int) -> Any:
    with unit_of_work():
        wish = wish_queries.wish_numbered(wish_id)
        wish_work.take_up(current_actor(), lab_called(slug), wish, request.form.get("vu", -1, type=int))
        title = wish.title
    flash(_("Le lab étudie le souhait « %(title)s ». Ouvrez un brouillon qui y répond.", title=title))
    return see_other("labs.show", slug=slug, _anchor="souhaits")


def work(wish_id: int) -> Any:
    return _work_page(wish_id)


def _work_page(wish_id: int, status: int = 200, faults: Faults | None = None, **typed: str) -> Any:
    with reading():
        wish, actor = wish_queries.wish_numbered(wish_id), current_actor()
        return page(
            "publish/wish_work.html", status, wish=wish, it=wish_queries.view(wish), acts=acts_for(actor, wish),
            article=wish_answers.article_of(wish), cycles=wish_queries.cycles_to_come(), typed=typed,
            living=wish.standing is Standing.SHOWN and wish.merged_into is None, faults=faults or [],
            channel=wish_words.channel_word(wish.channel), founds=Act.LAB_FOUND in acts_for(actor, LABS),
            public=addresses.wish(wish.id), led=led_by(actor),
        )  # fmt: skip


def act_on(wish_id: int) -> Any:
    """`acte`: cycle, refuser, joindre or fiche; `vu`: the wish as it was shown."""
    form, actor = request.form, current_actor()
    try:
        with unit_of_work():
            wish, seen = wish_queries.wish_numbered(wish_id), form.get("vu", -1, type=int)
            match form.get("acte"):
                case "cycle":
                    number = number_in(form.get("cycle", "")) or 0
                    wish_work.plan(actor, wish, cycle_queries.cycle_numbered(number), seen)
                case "refuser":
                    wish_work.refuse_with_reason(actor, wish, seen, form.get("motif", ""))
                case "joindre":
                    wish_work.merge(actor, wish, _other(form.get("souhait", "")), seen)
                case "fiche":
                    slug = form.get("fiche", "").strip().rstrip("/").rpartition("/")[2][:200]
                    wish_answers.answer_with(actor, wish, slug, seen)
                case "retirer":
                    wishes.refuse(actor, wish, seen, form.get("retrait", ""))
                case _:
                    raise Invalid(_("Choisissez ce que devient le souhait."))
    except (Invalid, MovedOn) as error:
        places = {"cycle": "cycle", "into": "souhait", "slug": "fiche", "reason": "motif"}
        place = places.get(str(error.detail.get("field")), "")
        if place == "motif" and form.get("acte") == "retirer":
            place = "retrait"
        typed = {name: form.get(name, "")[:4000] for name in ("motif", "souhait", "fiche", "retrait")}
        return _work_page(wish_id, error.status, [(f"#{place}" if place else "", error.message)], **typed)
    flash(_("C’est enregistré."))
    return see_other("publish.wish_work", wish_id=wish_id)


def _other(typed: str) -> Wish:
    """A wish by its number or its address."""
    number = number_in(typed.strip().rstrip("/").rpartition("/")[2])
    try:
        return wish_queries.wish_numbered(number or 0)
    except Missing as error:
        raise Invalid(
            _("Donnez le numéro ou l’adresse d’un souhait, comme /souhaits/12."), field="into"
        ) from error


def entry() -> Any:
    return _entry_page({"cle": secrets.token_hex(16)})


def _entry_page(typed: dict[str, str], status: int = 200, faults: Faults | None = None) -> Any:
    with reading():
        channels = [(str(one), wish_words.channel_word(one)) for one in Channel if one is not Channel.SITE]
        return page(
            "publish/wish_entry.html", status, typed=typed, faults=faults or [], channels=channels,
            offices=[(str(number), name) for number, name in administrations()],
        )  # fmt: skip


def enter() -> Any:
    """A wish that came another way, in the citizen's words."""
    names = ("titre", "besoin", "canal", "lien", "note", "administration", "cle")
    typed = {name: request.form.get(name, "") for name in names}
    places = {"title": "titre", "need": "besoin", "source_url": "lien", "note": "note"}
    try:
        if typed["canal"] not in {str(one) for one in Channel if one is not Channel.SITE}:
            raise Invalid(_("Choisissez comment ce souhait est arrivé."), field="canal")
        with unit_of_work():
            known = {str(number): number for number, _name in administrations()}
            wishes.file_wish(
                current_actor(), typed["titre"], typed["besoin"], key=_key(typed["cle"]),
                held=bool(personal.findings(f"{typed['titre']}\n{typed['besoin']}")),
                channel=Channel(typed["canal"]), source_url=typed["lien"], note=typed["note"],
                administration_id=known.get(typed["administration"]),
            )  # fmt: skip
    except (Invalid, MovedOn) as error:
        field = str(error.detail.get("field"))
        href = f"#{places.get(field, 'canal')}" if error.detail.get("field") else ""
        if isinstance(error, MovedOn):
            typed["cle"] = secrets.token_hex(16)
        return _entry_page(typed, error.status, [(href, error.message)])
    flash(_("Le souhait est enregistré : un modérateur le lira avant qu’il paraisse."))
    return see_other("publish.wish_entry")


def _key(given: str) -> str:
    """The key of the form; a new one where it was tampered with."""
    return given if len(given) == 32 and given.isalnum() and given.isascii() else secrets.token_hex(16)


def register(blueprint: Blueprint) -> None:
    for path, name, view, method, act, door in (
        (f"{addresses.WISHES}/saisie", "wish_entry", entry, "GET", Act.WISH_ENTER, None),
        (f"{addresses.WISHES}/saisie", "enter_wish", enter, "POST", Act.WISH_ENTER, None),
        (f"{addresses.WISHES}/<int:wish_id>/suite", "wish_work", work, "GET", Act.WISH_SEE, wish_door),
        (f"{addresses.WISHES}/<int:wish_id>/suite", "act_on_wish", act_on, "POST", Act.WISH_MERGE, wish_door),
        (QUEUE, "wish_queue", queue, "GET", Act.PORTAL_MODERATE, None),
        (f"{QUEUE}/<int:wish_id>", "decide_wish", decide, "POST", Act.PORTAL_MODERATE, None),
        ("/labs/<slug>/souhaits/<int:wish_id>", "take_up_wish", take_up, "POST", Act.LAB_LEAD, lab_door),
    ):
        blueprint.add_url_rule(path, name, guarded(act, door)(view), methods=[method])
