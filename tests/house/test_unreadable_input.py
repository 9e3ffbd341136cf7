"""A NUL in a form is refused by every route before it can reach PostgreSQL, which would make an error page of it."""

from __future__ import annotations

from flask import Flask

from tests.house.full_house import NOBODY_HAS


def test_no_form_takes_a_nul(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    app.testing = False
    client = app.test_client()
    wrong = []
    for rule in app.url_map.iter_rules():
        if "POST" not in (rule.methods or set()):
            continue
        values = {
            name: NOBODY_HAS["int" if "Integer" in type(converter).__name__ else "string"]
            for name, converter in rule._converters.items()
        }
        with app.test_request_context():
            path = app.url_map.bind("127.0.0.1").build(rule.endpoint, values, method="POST")
        status = client.post(path, data={"n’importe": "lequel", "texte": "avant\x00après"}).status_code
        if status != 422:
            wrong.append(f"{path}: {status}")
    assert not wrong, f"these let a NUL in: {wrong}"
