"""One's own personal tokens: the list, a new one, and their end."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, request

from app.accounts import service, tokens
from app.accounts.forms import TokenForm
from app.db import reading, unit_of_work
from app.errors import DomainError, Invalid, RateLimited, Refused, Unavailable
from app.extensions import gettext as _
from app.extensions import ngettext
from app.forms import Faults
from app.policy import Act
from app.web import current_actor, discreet, guarded, later, page, see_other

PAGE = "/espace/compte/jetons"


def _form(**options: Any) -> TokenForm:
    form = TokenForm(**options)
    form.scopes.choices = list(tokens.scope_words().items())
    return form


def _page(form: TokenForm, status: int = 200, faults: Faults | None = None) -> Response:
    actor = current_actor()
    with reading():
        return discreet(
            page(
                "accounts/tokens.html",
                status,
                form=form,
                faults=faults or [],
                tokens=tokens.tokens_of(actor),
                words=tokens.scope_words(),
                most=tokens.MOST,
                asks_for_password=tokens.asks_for_password(actor),
            )
        )


def _proved(form: TokenForm) -> bool:
    """Whether the person gave their password; False when they have none. Raises what `check_password` raises."""
    with reading():
        if not tokens.asks_for_password(current_actor()):
            return False
    try:
        service.check_password(current_actor().email, form.password.data or "", request.remote_addr)
    except Invalid:
        raise Invalid(_("Ce n’est pas votre mot de passe actuel."), field="password") from None
    return True


def _refused(form: TokenForm, error: DomainError) -> Response:
    names = {name: name for name in ("name", "scopes", "days", "password")}
    if isinstance(error, RateLimited | Unavailable):
        error.detail["field"] = "password"  # it was looked at, or could not be
    return later(_page(form, error.status, form.faults_of(error, **names)), error)


def register(blueprint: Blueprint) -> None:
    @blueprint.get(PAGE)
    @guarded(Act.ACCOUNT_KEEP)
    def own_tokens() -> Any:
        return _page(_form(formdata=None, days=str(tokens.DAYS[0])))

    @blueprint.post(PAGE)
    @guarded(Act.ACCOUNT_KEEP)
    def make_token() -> Any:
        form = _form()
        if not form.validate_on_submit():
            return _page(form, 422, form.faults())
        try:
            proved = _proved(form)
            with unit_of_work():
                token = tokens.make(
                    current_actor(),
                    form.name.data or "",
                    form.scopes.data or [],
                    int(form.days.data),
                    proved=proved,
                )
        except (Invalid, Refused, RateLimited, Unavailable) as error:
            return _refused(form, error)
        # Shown in the answer itself: it is kept nowhere, so there is no page to go on to.
        return discreet(page("accounts/token.html", token=token, name=form.name.data))

    @blueprint.get(f"{PAGE}/<int:token_id>/revoquer")
    @guarded(Act.ACCOUNT_KEEP)
    def ask_to_revoke_token(token_id: int) -> Any:
        with reading():
            return discreet(
                page("accounts/token_end.html", it=tokens.token_numbered(current_actor(), token_id))
            )

    @blueprint.post(f"{PAGE}/<int:token_id>/revoquer")
    @guarded(Act.ACCOUNT_KEEP)
    def revoke_token(token_id: int) -> Any:
        with unit_of_work():
            tokens.revoke(current_actor(), token_id)
        flash(_("Le jeton est révoqué : il n’ouvre plus rien."))
        return see_other("accounts.own_tokens")

    @blueprint.get(f"{PAGE}/revoquer")
    @guarded(Act.ACCOUNT_KEEP)
    def ask_to_revoke_tokens() -> Any:
        return discreet(page("accounts/token_end.html", it=None))

    @blueprint.post(f"{PAGE}/revoquer")
    @guarded(Act.ACCOUNT_KEEP)
    def revoke_tokens() -> Any:
        with unit_of_work():
            count = tokens.revoke_all(current_actor())
        flash(
            ngettext("%(num)s jeton est révoqué.", "%(num)s jetons sont révoqués.", count)
            if count
            else _("Il n’y avait pas de jeton à révoquer.")
        )
        return see_other("accounts.own_tokens")
