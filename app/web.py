"""Everything between HTTP and the rooms: guards, headers, errors turned into a page or JSON, once.

A view is guarded by the act it asks for. A route without a guard fails the build (tests/house/test_guards.py).
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import flask_login
from flask import Flask, Response, current_app, g, jsonify, redirect, render_template, request, url_for
from flask_babel import format_date, format_datetime
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Response as BaseResponse

from app import clock, logs, problems, refusals
from app.db import reading
from app.errors import DomainError, Invalid, Missing, Refused, Unauthenticated
from app.extensions import day_in_words
from app.extensions import gettext as _
from app.panels import panels_at
from app.policy import ANONYMOUS, PORTAL, Act, Actor, acts_for, require

View = TypeVar("View", bound=Callable[..., Any])
SIGNED_IN_CSP = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'; manifest-src 'self'; require-trusted-types-for 'script'; trusted-types {policies}"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), interest-cohort=()",
}


@dataclass(frozen=True)
class Guard:
    """What a view declares: the act it asks for, and the door that finds the thing (None: the portal)."""

    act: Act
    door: Callable[..., object] | None


def current_actor() -> Actor:
    """Who is acting in this request; ANONYMOUS outside one."""
    user = flask_login.current_user
    actor = user._get_current_object() if user else None
    return actor if isinstance(actor, Actor) else ANONYMOUS


def guarded(
    act: Act, door: Callable[..., object] | None = None, *, waits: bool = False
) -> Callable[[View], View]:
    """Declare who may use a view, and check it before the view runs.

    `door` takes the view's arguments and returns the thing that is judged (raising Missing). For GET and HEAD
    the view runs inside one `reading()`; a view that writes opens its own `unit_of_work()`, and the verb it
    calls judges again, in the transaction. A view that `waits` for others over the network gets no reading
    either: it opens its own, before and after.
    """

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded_view(**kwargs: Any) -> Any:
            actor = current_actor()
            logs.about(person=actor.id or None)
            try:
                with reading():
                    g.acts = require(actor, act, door(**kwargs) if door else PORTAL)
                    if request.method in ("GET", "HEAD") and not waits:
                        return view(**kwargs)
                answer = view(**kwargs)
                if getattr(answer, "status_code", None) == Refused.status:
                    refusals.note(act, actor.id)  # the form was shown again, with the reason
                return answer
            except (Refused, Unauthenticated, Missing):
                # What everybody may read is not refused to anybody: there it is an address that does not exist.
                if act is not Act.PORTAL_READ:
                    refusals.note(act, actor.id)
                raise

        guarded_view.guard = Guard(act, door)  # type: ignore[attr-defined]
        return guarded_view  # type: ignore[return-value]

    return decorate


def page(template: str, status: int = 200, *, trusted: str = "", **context: Any) -> Response:
    """Render a template inside a reading, so that a refused form can be shown again from a POST.

    `trusted` names the Trusted Types policies that the page's script makes; a page that names none may make none.
    """
    g.trusted = trusted
    with reading():
        response = Response(render_template(template, **context), status=status)
    return response


def discreet(response: Response) -> Response:
    """For an address that holds a secret: kept by nobody, indexed by nobody, and its address sent to no other site.

    (Not `no-referrer`: the forms are told from forged ones by the address they come from.)
    """
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response.headers["Cache-Control"] = "no-store"
    return response


def later(response: Response, error: DomainError) -> Response:
    """For a form that is shown again because it came too soon: says after how many seconds to come back (RFC 9110, 10.2.3)."""
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(int(error.retry_after) + 1)
    return response


def see_other(endpoint: str, **values: Any) -> BaseResponse:
    """POST, then 303, then GET."""
    return redirect(url_for(endpoint, **values), code=303)


def local_path(target: str | None) -> str | None:
    """`target` when it is a path on this site: a `next` never leads elsewhere."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return None
    if any(ord(character) < 0x21 or character == "\\" for character in target) or len(target) > 500:
        return None
    return target


def speaks_json(view: View) -> View:
    """Declare that a view answers to programs: what goes wrong before or inside it is said as JSON."""
    view.speaks_json = True  # type: ignore[attr-defined]
    return view


def speaks_both(view: View) -> View:
    """Declare that a view answers with a page, and to programs that ask for JSON (`asks_for_json`) with that."""
    view.speaks_both = True  # type: ignore[attr-defined]
    return view


def asks_for_json() -> bool:
    """Whether JSON is preferred to a page. Who takes everything gets the page."""
    return request.accept_mimetypes["application/json"] > request.accept_mimetypes["text/html"]


def wants_json() -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    if getattr(view, "speaks_both", False):
        # Who sends JSON is a program, whatever it says of what it takes.
        return request.is_json or asks_for_json()
    return request.path.startswith("/api/") or getattr(view, "speaks_json", False)


def init_app(app: Flask) -> None:
    app.url_value_preprocessor(_say_where)  # before anything that may refuse the request
    app.before_request(_nonce)
    app.before_request(_refuse_nul)
    app.before_request(_no_such_number)
    app.after_request(_headers)
    app.register_error_handler(DomainError, _domain_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(Exception, _unexpected)
    app.context_processor(_template_words)
    app.jinja_env.filters["jour"] = lambda instant: format_date(clock.local(instant), "d MMMM y")
    app.jinja_env.filters["long_day"] = day_in_words
    app.jinja_env.filters["nombre"] = lambda number: f"{number:,}".replace(",", "\u202f")
    # Without Babel, which takes some 0.2 ms: a time line has a hundred of them.
    app.jinja_env.filters["heure"] = lambda instant: (
        f"{(at := clock.local(instant)).hour}\u00a0h\u00a0{at:%M}"
    )
    app.jinja_env.filters["moment"] = lambda instant: format_datetime(
        clock.local(instant), "d MMMM y 'à' H'\u00a0h\u00a0'mm"
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def _say_where(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    """The log names the template of a route, never its path: that may hold a token."""
    if request.url_rule is not None:
        logs.about(route=request.url_rule.rule, draft=(values or {}).get("draft_id"))


def _nonce() -> None:
    g.nonce = secrets.token_urlsafe(16)


def _refuse_nul() -> None:
    """No person types a NUL, and PostgreSQL takes none in a text: said once here, for every form there is."""
    if any("\x00" in value for values in request.form.listvalues() for value in values):
        raise Invalid(_("Votre envoi contient un caractère illisible : retirez-le, puis envoyez de nouveau."))


def _no_such_number() -> None:
    """No row has a number that the databases cannot hold: SQLite would raise an error at it, and make a page of that."""
    if any(isinstance(value, int) and value >= 2**63 for value in (request.view_args or {}).values()):
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))


def _headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    policy = SIGNED_IN_CSP.format(nonce=g.get("nonce", ""), policies=g.get("trusted") or "'none'")
    response.headers.setdefault("Content-Security-Policy", policy)
    if "Cache-Control" not in response.headers:
        # What was made for one person is kept by nobody; public views say otherwise themselves.
        response.headers["Cache-Control"] = "no-store"
    return response


def _template_words() -> dict[str, Any]:
    actor = current_actor()
    return {
        "actor": actor,
        "Act": Act,
        "acts_for": acts_for,
        "portal_acts": acts_for(actor, PORTAL),
        "panels_at": panels_at,
        "nonce": lambda: g.get("nonce", ""),
    }


def _answer(status: int, code: str, message: str, title: str) -> BaseResponse | tuple[str, int]:
    if problems.concerns(request.path):
        return problems.document(status, code, message, title)
    if wants_json():
        response = jsonify({"error": {"code": code, "message": message}})
        response.status_code = status
        return response
    if status == 503 and "_login_user" not in g:
        # Who reads it cannot be asked: the page that says that the database is away must not need it.
        g._login_user = ANONYMOUS
    return render_template("error.html", status=status, code=code, message=message, title=title), status


def _domain_error(error: DomainError) -> Any:
    if isinstance(error, Unauthenticated) and not wants_json() and request.method == "GET":
        return redirect(url_for("accounts.sign_in", next=local_path(request.full_path.rstrip("?"))), code=302)
    titles = {
        401: _("Connexion nécessaire"),
        406: _("Format impossible"),
        403: _("Accès refusé"),
        404: _("Page introuvable"),
        409: _("La situation a changé"),
        410: _("Cette page n’est plus publiée"),
        413: _("Envoi trop volumineux"),
        429: _("Trop de demandes"),
        503: _("Service momentanément indisponible"),
    }
    answer = _answer(error.status, error.code, error.message, titles.get(error.status, _("Demande refusée")))
    if isinstance(answer, Response) and problems.concerns(request.path):
        return problems.with_headers(answer, error)
    if error.retry_after is not None and isinstance(answer, tuple):
        return (*answer, {"Retry-After": str(round(error.retry_after))})
    return answer


def said(error: DomainError) -> Any:
    """The answer for an error that somebody else caught."""
    return _domain_error(error)


def _http_error(error: HTTPException) -> Any:
    status = error.code or 500
    if status < 400:
        return error
    if status == 404:
        return _domain_error(Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès.")))
    messages = {
        405: _("Cette adresse ne répond pas à cette façon de demander."),
        413: _("Ce que vous envoyez est trop volumineux."),
    }
    codes = {405: "method_not_allowed", 413: "too_large"} if problems.concerns(request.path) else {}
    answer = _answer(
        status,
        codes.get(status, "invalid"),
        messages.get(status, _("La demande n’a pas été comprise.")),
        _("Demande refusée"),
    )
    if isinstance(error, MethodNotAllowed) and error.valid_methods and isinstance(answer, BaseResponse):
        answer.headers["Allow"] = ", ".join(sorted(error.valid_methods))  # RFC 9110, 15.5.6
    return answer


def _csrf_error(_error: CSRFError) -> Any:
    message = _(
        "Le formulaire est resté ouvert trop longtemps ou a été envoyé depuis un autre site. "
        "Revenez en arrière : votre texte y est encore. Rechargez la page, puis envoyez de nouveau."
    )
    return _answer(400, "invalid", message, _("Formulaire expiré"))


def _unexpected(error: Exception) -> Any:
    if current_app.testing:
        raise error
    current_app.logger.exception("unexpected error on %s %s", request.method, request.endpoint)
    message = _("Une erreur est survenue de notre côté. Rien n’a été enregistré ; vous pouvez réessayer.")
    return _answer(500, "unavailable", message, _("Erreur"))
