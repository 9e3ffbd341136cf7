"""The OpenAPI 3.1 document of /api/v1, made of what each route declares (`app.interface`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from flask import Flask
from pydantic.json_schema import models_json_schema
from werkzeug.routing import IntegerConverter, Rule

from app import interface, problems
from app.extensions import gettext as _
from app.interface import MOST_ID, Asked, Operation, Problem, Shape

VERSION = "1.0"
ROOT = "/api/v1/"
LICENCE = {
    "name": "Licence Ouverte 2.0",
    "url": "https://www.etalab.gouv.fr/licence-ouverte-open-licence/",
}
_REF = "#/components/schemas/{model}"


def operations(app: Flask) -> list[tuple[Rule, Operation]]:
    """Every route of the interface that declares itself, by address."""
    found = [
        (rule, declared)
        for rule in app.url_map.iter_rules()
        if (declared := interface.operation_of(app, rule.endpoint)) is not None
    ]
    return sorted(found, key=lambda one: one[0].rule)


def summaries(app: Flask) -> str:
    """What is said of the routes, as one text: it changes when one of them does."""
    return "\n".join(f"{rule.rule} {declared.summary()}" for rule, declared in operations(app))


def document(app: Flask, public_url: str, cookie_name: str) -> dict[str, Any]:
    """The whole document. `cookie_name` is that of the sign-in."""
    found = operations(app)
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": _("Open Lab : les données du portail"),
            "version": VERSION,
            "summary": _("Lire les fiches, les administrations, les services, les souhaits et les chiffres."),
            "description": _(
                "Tout se lit par GET ; HEAD et OPTIONS répondent aussi. Les listes sont données page par page : suivez "
                "« next » jusqu’à null. Les erreurs suivent la RFC 9457 et portent un « code » stable. Les données "
                "publiques se lisent sans compte, depuis n’importe quel site ; le reste demande un jeton personnel."
            ),
            "license": LICENCE,
        },
        "servers": [{"url": public_url}],
        "tags": [{"name": name} for name in (_("public"), _("agents"))],
        "paths": {_template(rule): {"get": _operation(rule, declared)} for rule, declared in found},
        "components": {
            "schemas": _schemas(found),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "olp_…",
                    "description": _("Un jeton personnel, fait sur la page « Mes jetons »."),
                },
                "session": {"type": "apiKey", "in": "cookie", "name": cookie_name},
            },
        },
    }


def _template(rule: Rule) -> str:
    return re.sub(r"<(?:[^>:]*:)?([^>]*)>", r"{\1}", rule.rule)


def _operation(rule: Rule, declared: Operation) -> dict[str, Any]:
    is_public = declared.scope is None
    return {
        "operationId": rule.endpoint.rpartition(".")[2].removeprefix("api_"),
        "summary": declared.summary(),
        "tags": [_("public") if is_public else _("agents")],
        "parameters": [*_in_path(rule), *_in_query(declared.asked), *_headers(declared)],
        "security": [] if is_public else [{"token": [str(declared.scope)]}, {"session": []}],
        "responses": {str(status): said for status, said in _responses(declared)},
    }


def _in_path(rule: Rule) -> Iterator[dict[str, Any]]:
    for name in sorted(rule.arguments):
        is_number = isinstance(rule._converters[name], IntegerConverter)
        schema = (
            {"type": "integer", "minimum": 1, "maximum": MOST_ID}
            if is_number
            else {"type": "string", "pattern": "^[a-z0-9-]{1,120}$"}
        )
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _in_query(asked: type[Asked]) -> Iterator[dict[str, Any]]:
    words = asked.words()
    for name, schema in _tidy(asked.model_json_schema()).get("properties", {}).items():
        # What is not asked for is left out; null is no value of a question.
        options = [one for one in schema.pop("anyOf", []) if one != {"type": "null"}]
        if schema.get("type") == "string" and options:
            schema["anyOf"] = options
        elif options:
            schema.update(options[0] if len(options) == 1 else {"anyOf": options})
        if schema.get("default") in (None, ""):
            schema.pop("default", None)
        yield {
            "name": name,
            "in": "query",
            "required": False,
            "description": words.get(name, ""),
            "schema": schema,
        }


def _headers(declared: Operation) -> Iterator[dict[str, Any]]:
    if declared.scope is None:
        yield {
            "name": "If-None-Match",
            "in": "header",
            "required": False,
            "description": _("L’ETag d’une réponse déjà lue : 304 si elle vaut encore."),
            "schema": {"type": "string"},
        }


def _responses(declared: Operation) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every status that the route may answer with, and no other."""
    is_public = declared.scope is None
    words = meanings()
    good: dict[str, Any] = {
        "description": words[200],
        "headers": {
            "Cache-Control": _header(),
            **({"ETag": _header(), "Last-Modified": _header()} if is_public else {}),
        },
        "content": {interface.JSON: {"schema": _ref(declared.answer)}},
    }
    yield 200, good
    if 301 in declared.also and declared.moved is not None:
        content = {interface.JSON: {"schema": _ref(declared.moved)}}
        yield 301, {"description": words[301], "headers": {"Location": _header()}, "content": content}
    if is_public:
        yield 304, {"description": words[304], "headers": {"ETag": _header()}}
    statuses = [status for status in declared.also if status >= 400]
    if not is_public:
        statuses += [401, 403]
    if declared.asked.model_fields:
        statuses.append(422)
    statuses += (500, 503) if declared.stored else interface.ALWAYS
    for status in sorted(statuses):
        names = {401: "WWW-Authenticate", 429: "Retry-After"}
        headers = {"headers": {names[status]: _header()}} if status in names else {}
        content = {problems.CONTENT_TYPE: {"schema": _ref(Problem)}}
        yield status, {"description": words[status], **headers, "content": content}


def _header() -> dict[str, Any]:
    return {"required": True, "schema": {"type": "string"}}


def meanings() -> dict[int, str]:
    """What each status means, in words."""
    return {
        200: _("Ce qui a été demandé."),
        301: _("La fiche a une autre adresse, que Location donne."),
        304: _("Rien n’a changé depuis la réponse dont vous avez donné l’ETag."),
        401: _("Il faut une session ou un jeton personnel, et celui-ci ne vaut rien (plus)."),
        403: _("Votre compte, ou la portée du jeton, ne permet pas cela."),
        404: _("Cela n’existe pas, ou n’est pas à vous."),
        405: _("Seuls GET, HEAD et OPTIONS répondent."),
        406: _("Le programme ne prend pas de JSON."),
        410: _("La fiche n’est plus publiée, ou elle est masquée un moment."),
        422: _("Une question ne convient pas."),
        429: _("Trop de demandes : Retry-After dit quand revenir."),
        500: _("Une erreur de notre côté."),
        503: _("La base de données ne répond pas : réessayez."),
    }


def _ref(shape: type[Shape]) -> dict[str, str]:
    return {"$ref": _REF.format(model=shape.__name__)}


def _schemas(found: Sequence[tuple[Rule, Operation]]) -> dict[str, Any]:
    shapes = {declared.answer for _rule, declared in found} | {Problem}
    shapes |= {declared.moved for _rule, declared in found if declared.moved is not None}
    ordered = sorted(shapes, key=lambda shape: shape.__name__)
    _map, schema = models_json_schema(
        [(shape, "serialization") for shape in ordered], ref_template=_REF, by_alias=True
    )
    words = {shape.__name__: shape.words() for shape in _with_parts(ordered)}
    made = _tidy(schema["$defs"])
    for name, one in made.items():
        for field, said in words.get(name, {}).items():
            if field in one.get("properties", {}):
                one["properties"][field]["description"] = said
    return dict(sorted(made.items()))


def _with_parts(shapes: Sequence[type[Shape]]) -> set[type[Shape]]:
    """The shapes and those that their fields are made of."""
    found: set[type[Shape]] = set()
    waiting: list[type[Shape]] = list(shapes)
    known = {one.__name__: one for one in _every(Shape)}
    while waiting:
        shape = waiting.pop()
        if shape in found:
            continue
        found.add(shape)
        for field in shape.model_fields.values():
            waiting += [known[name] for name in re.findall(r"\w+", str(field.annotation)) if name in known]
    return found


def _every(kind: type[Shape]) -> Iterator[type[Shape]]:
    for one in kind.__subclasses__():
        yield one
        yield from _every(one)


def _tidy(schema: Any) -> Any:
    """Without the titles that pydantic makes of names, and the docstrings, which are for who reads the code."""
    if isinstance(schema, list):
        return [_tidy(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {
        key: {name: _tidy(one) for name, one in value.items()} if key == "properties" else _tidy(value)
        for key, value in schema.items()
        if not (key in ("title", "description") and isinstance(value, str))
        and not (key == "format" and value is None)
    }
    return kept


__all__ = ["ROOT", "document", "meanings", "operations", "summaries"]
