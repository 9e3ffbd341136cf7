"""A person's notices: the list, what they have read, and what they do not want to hear of."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request

from app.db import unit_of_work
from app.extensions import gettext as _
from app.policy import Act
from app.web import current_actor, guarded, page, see_other
from drafts import notice_queries, notices
from drafts.doors import blueprint
from drafts.notice_models import Channel, NoticeKind


@blueprint.get("/espace/avis", endpoint="notices")
@guarded(Act.PORTAL_WORK)
def notices_page() -> Any:
    return page("drafts/notices.html", rows=notice_queries.notices_of(current_actor()))


@blueprint.post("/espace/avis")
@guarded(Act.PORTAL_WORK)
def read_notices() -> Any:
    with unit_of_work():
        notices.read_all(current_actor())
    flash(_("Tous vos avis sont marqués comme lus."))
    return see_other("drafts.notices")


@blueprint.post("/espace/avis/<int:notice_id>")
@guarded(Act.PORTAL_WORK)
def read_notice(notice_id: int) -> Any:
    """Mark one as read; with `ouvrir`, go where it leads."""
    with unit_of_work():
        target = notice_queries.target_of(notices.read(current_actor(), notice_id))
    if request.form.get("ouvrir") == "1":
        return redirect(target, code=303)
    return see_other("drafts.notices")


@blueprint.get("/espace/avis/reglages")
@guarded(Act.PORTAL_WORK)
def notice_settings() -> Any:
    return page("drafts/notice_settings.html", settings=notice_queries.settings_of(current_actor()))


@blueprint.post("/espace/avis/reglages")
@guarded(Act.PORTAL_WORK)
def set_notices() -> Any:
    told = {
        Channel.PAGE: set(request.form.getlist("page")),
        Channel.MAIL: set(request.form.getlist("courriel")),
    }
    with unit_of_work():
        notices.silence(
            current_actor(),
            [(kind, channel) for kind in NoticeKind for channel in Channel if kind not in told[channel]],
        )
    flash(_("Vos choix sont enregistrés."))
    return see_other("drafts.notice_settings")
