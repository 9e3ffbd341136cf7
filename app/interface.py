"""What programs read: each route under /api/v1 declares, right beside it, what it asks and what it answers.

From these declarations the OpenAPI document is made (`app.openapi`), and by them each request is judged: a token that was
not made for a route, a question out of its bounds and a program that takes no JSON are refused here, in one way. A route
without a declaration fails the build (tests/house/test_interface.py).
"""

from __future__ import annotations

import functools
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any, TypeVar

from flask import Flask, Request, Response, current_app, g, request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError
from werkzeug.wrappers import Response as BaseResponse

from app import clock, problems
from app.buckets import Buckets, of_a_line
from app.errors import InsufficientScope, Invalid, NotAcceptable, RateLimited
from app.extensions import gettext as _
from app.policy import ANONYMOUS, Scope
from app.web import current_actor

JSON = "application/json"
DEFAULT_LIMIT, MOST = 50, 200
# The largest number of a row on both databases.
MOST_ID = 2**63 - 1
KEEPING = "public, max-age=60"
# Requests a minute. Of a token, or of a signed-in person: a program that reads a list to its end asks some tens. Of one
# address: many people share one, and a declared espace connecté has several of them.
OF_A_KEY, OF_AN_ADDRESS, OF_A_SPACE = 600, 600, 3_000
# Addresses of which it is known since when they answer the same.
MOST_SEEN = 2_000
# Headers that a page of another site may send when it asks (Fetch, 4.8): those of a conditional request.
SENT = "If-None-Match, If-Modified-Since"
TOLD = "ETag, Last-Modified, Retry-After, X-Request-ID"

View = TypeVar("View", bound=Callable[..., Any])
Item = TypeVar("Item")


class Shape(BaseModel):
    """What an answer looks like. `words` says in French what its fields are, for the OpenAPI document."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @classmethod
    def words(cls) -> dict[str, str]:
        return {}


def _second(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")


def _digits(value: object) -> object:
    """A number as people write one: Python would read signs, spaces and underlines as well."""
    if isinstance(value, str) and not (value.isascii() and value.isdigit() and len(value) <= 19):
        raise ValueError("not a number")
    return value


Instant = Annotated[
    datetime,
    PlainSerializer(_second, return_type=Annotated[str, Field(json_schema_extra={"format": "date-time"})]),
]
Day = Annotated[
    date,
    PlainSerializer(date.isoformat, return_type=Annotated[str, Field(json_schema_extra={"format": "date"})]),
]
Web = Annotated[str, Field(json_schema_extra={"format": "uri"})]
# The bounds stand before the validator, else the schema would not know them.
Limit = Annotated[int, Field(ge=1, le=MOST), BeforeValidator(_digits)]
Number = Annotated[int, Field(ge=0, le=MOST_ID), BeforeValidator(_digits)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,120}$")]


class Asked(Shape):
    """What may follow the question mark. A name that is not among the fields asks for nothing, as on every page."""


class Listed(Asked):
    """One page of a list whose cursor is the key of an item."""

    limit: Limit = DEFAULT_LIMIT
    after: Annotated[str, Field(max_length=200)] = ""

    @classmethod
    def words(cls) -> dict[str, str]:
        return {
            "limit": _("Le nombre d’éléments, de 1 à %(most)s.", most=MOST),
            "after": _("Le repère du dernier élément déjà lu, comme l’adresse « next » le donne."),
        }


class ListedByNumber(Asked):
    """The same, where the key is a number."""

    limit: Limit = DEFAULT_LIMIT
    after: Number | None = None

    @classmethod
    def words(cls) -> dict[str, str]:
        return Listed.words()


class Problem(Shape):
    """An error, as RFC 9457 says it, with our stable code."""

    type: Web
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    instance: str
    code: str

    @classmethod
    def words(cls) -> dict[str, str]:
        return {
            "type": _("L’adresse qui explique ce code."),
            "title": _("La sorte d’erreur, en quelques mots."),
            "status": _("Le statut HTTP."),
            "detail": _("Ce qui ne va pas, et quoi faire."),
            "instance": _("Le chemin demandé."),
            "code": _("Le code stable de l’erreur."),
        }


@dataclass(frozen=True)
class Operation:
    """What a route declares. `scope` None: everybody reads it, and nobody's credentials are looked at.

    `also`: statuses beside 200 that depend on what is asked for (301, 404, 410). `stored`: answered as stored bytes before
    Flask, so that neither a limit nor a question is looked at.
    """

    answer: type[Shape]
    summary: Callable[[], str]
    asked: type[Asked]
    scope: Scope | None
    also: tuple[int, ...]
    stored: bool
    moved: type[Shape] | None


def operation(
    answer: type[Shape],
    summary: Callable[[], str],
    *,
    asked: type[Asked] = Asked,
    scope: Scope | None = None,
    also: Sequence[int] = (),
    stored: bool = False,
    moved: type[Shape] | None = None,
) -> Callable[[View], View]:
    """Declare a route of the interface, above its guard. The view gives a `Shape`, or a response of its own."""
    declared = Operation(answer, summary, asked, scope, tuple(also), stored, moved)

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def answered(**kwargs: Any) -> BaseResponse:
            if scope is None:
                _of_nobody()
            if not stored:
                _takes_json()
                _allow()
                _within(declared)
            found = view(**kwargs)
            return reply(found, declared) if isinstance(found, Shape) else found

        answered.operation = declared  # type: ignore[attr-defined]
        return answered  # type: ignore[return-value]

    return decorate


def operation_of(app: Flask, endpoint: str | None) -> Operation | None:
    found: Operation | None = getattr(app.view_functions.get(endpoint or ""), "operation", None)
    return found


def asked(kind: type[Item]) -> Item:
    """The questions of this request. Raises Invalid, with a sentence, for one that is out of its bounds or put twice."""
    assert issubclass(kind, Asked)
    given: dict[str, str] = {}
    for name in kind.model_fields:
        values = request.args.getlist(name)
        if len(values) > 1:
            raise Invalid(
                _("« %(name)s » est donné deux fois : choisissez une valeur.", name=name), field=name
            )
        if values:
            given[name] = values[0]
    try:
        return kind(**given)
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])
        raise Invalid(
            _(
                "« %(name)s » ne convient pas. Il faut : %(words)s",
                name=name,
                words=kind.words().get(name, ""),
            ),
            field=name,
        ) from None


def reply(found: Shape, declared: Operation | None = None, status: int = 200) -> Response:
    """A shape as JSON. What everybody may read has a tag; what is of one person is kept by nobody (`app.web`)."""
    body = found.model_dump_json(by_alias=True).encode()
    response = Response(body, status=status, content_type=f"{JSON}; charset=utf-8")
    if status == 200 and declared is not None and declared.scope is None:
        response.headers["Cache-Control"] = KEEPING
        tag = hashlib.sha256(body).hexdigest()[:32]
        response.set_etag(tag)
        response.last_modified = _seen_first(request.full_path[:500], tag)
        response.make_conditional(request)
    return response


_seen: OrderedDict[str, tuple[str, datetime]] = OrderedDict()


def _seen_first(address: str, tag: str) -> datetime:
    """Since when an address answers with these bytes, as far as this process knows: never earlier than it is true, so
    that a copy that is old is never taken for a good one."""
    known, since = _seen.pop(address, ("", clock.now()))
    if known != tag:
        # Last-Modified has whole seconds: the one that is under way might still bring another answer.
        since = clock.now().replace(microsecond=0) + timedelta(seconds=1)
    _seen[address] = (tag, since)
    while len(_seen) > MOST_SEEN:
        _seen.popitem(last=False)
    return since


def page_of(
    things: Sequence[Item], key: Callable[[Item], str], it: Listed, address: Callable[..., str]
) -> tuple[list[Item], str | None]:
    """The part of a list, sorted by `key`, that is asked for, and the address of the next one."""
    rest = [thing for thing in sorted(things, key=key) if key(thing) > it.after]
    shown = rest[: it.limit]
    return shown, following(it, key(shown[-1]), address) if len(rest) > it.limit else None


def following(it: Asked, last: str | int, address: Callable[..., str]) -> str:
    """The absolute address of the next page: the same questions, after the last item."""
    home = str(current_app.config["SETTINGS"].public_url)
    return home + address(**{**it.model_dump(mode="json", exclude_unset=True), "after": last})


def _of_nobody() -> None:
    """What everybody may read is the same for all: whose cookie came along is not asked."""
    g._login_user = ANONYMOUS


def _takes_json() -> None:
    taken = request.accept_mimetypes
    if taken and not (taken[JSON] or taken[problems.CONTENT_TYPE]):
        raise NotAcceptable(_("Cette adresse répond en JSON : demandez « application/json »."))


def _within(declared: Operation) -> None:
    actor = current_actor()
    if actor.token_id and declared.scope not in actor.scopes:
        raise InsufficientScope(
            _("Ce jeton n’a pas été fait pour cela : il faut la portée « %(scope)s ».", scope=declared.scope),
            scope=str(declared.scope),
        )


def bearer(incoming: Request) -> str | None:
    """The token that a request shows, where one is looked at: reading, at a route that declares a scope. Else None, and
    a token is worth nothing: at no page, for no POST, and in no query."""
    declared = operation_of(current_app, incoming.endpoint)  # type: ignore[arg-type]
    if declared is None or declared.scope is None or incoming.method not in ("GET", "HEAD"):
        return None
    kind, _space, token = incoming.headers.get("Authorization", "").partition(" ")
    return token.strip()[:200] if kind.lower() == "bearer" else None


_buckets = Buckets()


def _allow() -> None:
    """Count one request. Nothing of it is kept but in memory. Raises RateLimited."""
    actor = current_actor()
    if actor.token_id:
        bucket, a_minute = f"t{actor.token_id}", OF_A_KEY
    elif actor.is_authenticated:
        bucket, a_minute = f"p{actor.id}", OF_A_KEY
    else:
        space = current_app.config["SETTINGS"].is_a_space(request.remote_addr)
        bucket, a_minute = of_a_line(request.remote_addr or ""), OF_A_SPACE if space else OF_AN_ADDRESS
    wait = _buckets.take(bucket, a_minute)
    if wait:
        raise RateLimited(
            _("Trop de demandes à la fois : %(most)s par minute. Attendez, puis recommencez.", most=a_minute),
            retry_after=wait,
        )


def init_app(app: Flask) -> None:
    """After `app.web`, so that these headers are there before the usual ones are added."""
    app.after_request(_open)


def open_to_all(view: View) -> View:
    """Declare that a view which is no operation is public data all the same (the OpenAPI document itself)."""

    @functools.wraps(view)
    def opened(**kwargs: Any) -> Any:
        _of_nobody()
        return view(**kwargs)

    opened.open_to_all = True  # type: ignore[attr-defined]
    return opened  # type: ignore[return-value]


def _open(response: Response) -> Response:
    """Public data may be read by any page anywhere, without credentials; so may what is said when it cannot be had."""
    if not problems.concerns(request.path):
        return response
    response.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
    declared = operation_of(current_app, request.endpoint)  # type: ignore[arg-type]
    view = current_app.view_functions.get(request.endpoint or "")
    if not (getattr(view, "open_to_all", False) or (declared is not None and declared.scope is None)):
        return response
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = TOLD
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
        response.headers["Access-Control-Allow-Headers"] = SENT
        response.headers["Access-Control-Max-Age"] = "86400"
    elif response.status_code in (301, 410):
        # It may be decided otherwise, and an answer from a cache would outlive the decision.
        response.headers["Cache-Control"] = KEEPING
    return response


# What each status means to a program, beside those that a route declares itself.
ALWAYS = (406, 429, 500, 503)
