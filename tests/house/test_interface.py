"""Every route for programs declares what it asks and what it answers, and the OpenAPI document has each of them."""

from __future__ import annotations

import re

from flask import Flask

from app import interface, openapi
from app.interface import Shape
from app.policy import Act
from app.web import Guard
from tests.house.full_house import methods, rules


def test_every_route_for_programs_declares_its_shape(app: Flask) -> None:
    silent = [
        f"{rule.rule} ({rule.endpoint})"
        for rule in rules(app)
        if rule.rule.startswith(openapi.ROOT) and interface.operation_of(app, rule.endpoint) is None
    ]
    assert not silent, f"Put @operation(Shape, lambda: _(…)) above the guard of these views: {silent}"


def test_nothing_else_is_declared_and_nothing_writes(app: Flask) -> None:
    for rule, declared in openapi.operations(app):
        assert rule.rule.startswith(openapi.ROOT) and methods(rule) == ["GET"], rule.rule
        assert declared.answer.model_config["frozen"] and declared.summary()
        # What one person reads has a scope; what has none is for everybody, whoever asks.
        guard = getattr(app.view_functions[rule.endpoint], "guard", None)
        assert isinstance(guard, Guard)
        assert (declared.scope is None) == (guard.act is Act.PORTAL_READ), rule.rule


def test_the_document_has_every_route_with_words_for_all(app: Flask) -> None:
    with app.app_context():
        document = openapi.document(app, "https://portail.example", "openlab")
    served = {
        re.sub(r"<(?:[^>:]*:)?([^>]*)>", r"{\1}", rule.rule)
        for rule in rules(app)
        if rule.rule.startswith(openapi.ROOT)
    }
    assert served == document["paths"].keys()
    for path, said in document["paths"].items():
        operation = said["get"]
        assert operation["summary"] and {"200", "500", "503"} <= operation["responses"].keys(), path
        assert all(one.get("description") or one["in"] == "path" for one in operation["parameters"]), path
    assert document["servers"] == [{"url": "https://portail.example"}]
    assert document["info"]["license"]["name"] == "Licence Ouverte 2.0"


def test_every_field_of_every_shape_has_words() -> None:
    def every(kind: type[Shape]) -> list[type[Shape]]:
        return [one for sub in kind.__subclasses__() for one in (sub, *every(sub))]

    for shape in every(Shape):
        names = {field.alias or name for name, field in shape.model_fields.items()}
        assert names == shape.words().keys(), f"{shape.__name__}.words() and its fields differ"
