"""/admin and what concerns the machine: jobs, alerts, settings."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash

from app import jobs
from app.administration import work_queries
from app.administration.doors import attempt, blueprint, known
from app.administration.forms import Button
from app.db import unit_of_work
from app.extensions import gettext as _
from app.policy import Act
from app.web import current_actor, guarded, page, see_other
from drafts import damage


@blueprint.get("", endpoint="home")
@guarded(Act.PORTAL_ADMINISTER)
def home() -> Any:
    return page("administration/home.html", it=work_queries.desk())


@blueprint.get("/taches", endpoint="work")
@guarded(Act.PORTAL_ADMINISTER)
def work() -> Any:
    return page("administration/work.html", it=work_queries.work())


@blueprint.post("/taches/<int:job_id>/reprendre", endpoint="try_again")
@guarded(Act.PORTAL_ADMINISTER)
def try_again(job_id: int) -> Any:
    attempt(Button(), lambda: jobs.try_again(current_actor(), known(job_id)))
    flash(_("La tâche est reprise dans la minute."))
    return see_other("administration.work")


@blueprint.get("/alertes", endpoint="alerts")
@guarded(Act.PORTAL_ADMINISTER)
def alerts() -> Any:
    return page(
        "administration/alerts.html",
        lines=work_queries.open_alerts(),
        settled=work_queries.settled_alerts(),
    )


@blueprint.post("/alertes/<int:alert_id>/vue", endpoint="close_alert")
@guarded(Act.PORTAL_ADMINISTER)
def close_alert(alert_id: int) -> Any:
    with unit_of_work():
        damage.close(current_actor(), known(alert_id))
    flash(_("L’alerte est rangée."))
    return see_other("administration.alerts")


@blueprint.get("/reglages", endpoint="settings")
@guarded(Act.PORTAL_ADMINISTER)
def settings() -> Any:
    stand = current_app.config["SETTINGS"]
    return page(
        "administration/settings.html",
        lines=work_queries.settings_shown(stand),
        it=work_queries.machine(stand),
    )
