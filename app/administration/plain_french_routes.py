"""/admin/francais-simple: the rules of plain French, and what an administrator changes of them."""

from __future__ import annotations

from typing import Any

from flask import flash

from app.administration import plain_french_queries
from app.administration.doors import UNTRIED, Attempt, attempt, blueprint, differences, seen
from app.administration.rule_forms import RestoreForm, RuleForm, stored
from app.db import reading, unit_of_work
from app.errors import Invalid, Missing, MovedOn
from app.extensions import gettext as _
from app.policy import Act
from app.web import current_actor, guarded, page, see_other
from drafts import amending
from drafts.plain_french.rules import RuleCode


def _code(code: str) -> RuleCode:
    """A rule out of an address. Raises Missing for one that there is not."""
    if code not in set(RuleCode):
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    return RuleCode(code)


@blueprint.get("/francais-simple", endpoint="rules")
@guarded(Act.PORTAL_ADMINISTER)
def listed() -> Any:
    return page(
        "administration/rules.html", lines=plain_french_queries.rules(), past=plain_french_queries.past()
    )


def _rule_page(code: RuleCode, tried: Attempt = UNTRIED, form: RuleForm | None = None) -> Any:
    with reading():
        it = plain_french_queries.rule(code)
        kept = stored(it)
        now = differences(form, kept) if form is not None and tried.moved else []
        shown = form or RuleForm(formdata=None, data=kept)
        shown.offer(it)
        return page(
            "administration/rule.html", tried.status or 200, it=it, form=shown, faults=tried.faults, now=now,
            kind=amending.kind_of(code), limits=amending,
        )  # fmt: skip


@blueprint.get("/francais-simple/<code>", endpoint="rule")
@guarded(Act.PORTAL_ADMINISTER)
def shown(code: str) -> Any:
    return _rule_page(_code(code))


@blueprint.post("/francais-simple/<code>", endpoint="amend_rule")
@guarded(Act.PORTAL_ADMINISTER)
def amend(code: str) -> Any:
    form, rule = RuleForm(), _code(code)
    with reading():
        form.offer(plain_french_queries.rule(rule))
    tried = _amended(rule, form)
    if tried.status:
        return _rule_page(rule, tried, form)
    flash(_("C’est enregistré : la règle vaut dès maintenant dans tous les textes."))
    return see_other("administration.rule", code=code)


def _amended(rule: RuleCode, form: RuleForm) -> Attempt:
    """The change is tried before the transaction is opened: the trial takes seconds."""
    if not form.validate_on_submit():
        return Attempt(None, Invalid.status, form.faults())
    try:
        with reading():
            amending.refuse_moved(rule, seen())
        change = amending.change_of(rule, form.given)
        amending.held(rule, change)
        with unit_of_work():
            amending.amend(current_actor(), rule, seen(), change, form.raison.data or "")
    except (Invalid, MovedOn) as error:
        return Attempt(None, error.status, form.faults_of(error, **form.NAMES))
    return UNTRIED


def _restore_page(code: RuleCode, tried: Attempt = UNTRIED, form: RestoreForm | None = None) -> Any:
    with reading():
        it = plain_french_queries.rule(code)
        shown = form or RestoreForm(formdata=None)
        return page(
            "administration/rule_restore.html", tried.status or 200, it=it, form=shown, faults=tried.faults
        )


@blueprint.get("/francais-simple/<code>/origine", endpoint="ask_before_restoring")
@guarded(Act.PORTAL_ADMINISTER)
def ask_before_restoring(code: str) -> Any:
    return _restore_page(_code(code))


@blueprint.post("/francais-simple/<code>/origine", endpoint="restore_rule")
@guarded(Act.PORTAL_ADMINISTER)
def restore(code: str) -> Any:
    form, rule = RestoreForm(), _code(code)
    tried = attempt(
        form, lambda: amending.restore(current_actor(), rule, seen(), form.raison.data or ""), form.NAMES
    )
    if tried.status:
        return _restore_page(rule, tried, form)
    flash(_("La règle est de nouveau celle d’origine."))
    return see_other("administration.rule", code=code)
