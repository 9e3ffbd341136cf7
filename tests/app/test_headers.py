"""What stands around every page: no frame, no script of others, nothing kept, and no header that a stranger wrote."""

from __future__ import annotations

import re
from email import message_from_bytes
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import mail
from app.db import reading, session, unit_of_work
from app.mail import Mail
from app.policy import ANONYMOUS, Actor
from config import Settings
from tests.house.full_house import FullHouse, address, build, methods, rules
from tests.house.test_two_ids import asked_names

CONTROL = "voir\r\nX-Evil: oui\r\n\r\n<script>alert(1)</script>"
EVIL = "mechant.example"


@pytest.fixture
def house(app: Flask, settings: Settings) -> FullHouse:
    built = build(app, settings)
    # Whoever comes first has the files of open data made, and the page about them says their sizes from then on.
    app.test_client(use_cookies=False).get("/opendata/catalogue.ttl")
    return built


def client(house: FullHouse) -> FlaskClient:
    return house.app.test_client(use_cookies=False)


def pages(house: FullHouse) -> list[str]:
    return [
        address(house.app, rule, house.own.fill(rule)) for rule in rules(house.app) if "GET" in methods(rule)
    ]


def test_every_page_is_closed_to_frames_and_scripts_and_caches(house: FullHouse) -> None:
    wrong = []
    strangers: dict[str, TestResponse] = {}
    for actor in (ANONYMOUS, house.own.leader, house.people["the portal editor"]):
        for path in pages(house):
            answer = client(house).get(path, headers=house.cookie_of(actor))
            if path == "/healthz":
                continue  # three bytes for machines
            policy = answer.headers.get("Content-Security-Policy", "")
            said = [f"{path} of {actor.name or 'a stranger'}"]
            if answer.headers.get("X-Frame-Options") != "DENY" or "frame-ancestors 'none'" not in policy:
                said.append("can be framed")
            if answer.headers.get("X-Content-Type-Options") != "nosniff":
                said.append("can be taken for another kind")
            if answer.content_type.startswith("text/html"):
                if "default-src 'none'" not in policy or "base-uri 'none'" not in policy:
                    said.append("has a weak policy")
                if "require-trusted-types-for 'script'" not in policy or "trusted-types " not in policy:
                    said.append("has no Trusted Types")
                if "unsafe" in policy or "*" in policy or "http" in policy:
                    said.append("lets more in than is ours")
            kept = answer.headers.get("Cache-Control", "")
            if actor is ANONYMOUS:
                strangers[path] = answer
                if answer.headers.getlist("Set-Cookie") and "no-store" not in kept:
                    said.append("is kept with a cookie in it")
            elif "no-store" not in kept and "private" not in kept and answer.data != strangers[path].data:
                said.append(f"is another one for who is signed in, and kept: {kept}")
            wrong += [": ".join(said)] if len(said) > 1 else []
    assert not wrong, "\n".join(wrong)


def test_only_pages_with_a_script_may_make_a_policy(house: FullHouse) -> None:
    draft, lab = house.own.things["/brouillons"], house.own.things["/labs"]
    for path, policies in (
        (f"/brouillons/{draft['draft_id']}", "ProseMirrorClipboard"),
        (f"/labs/{lab['slug']}/seances/{lab['session_id']}", "openlab-passage"),
        ("/espace", "'none'"),
        ("/connexion", "'none'"),
        ("/", "'none'"),
    ):
        answer = client(house).get(path, headers=house.cookie_of(house.own.leader))
        if answer.status_code == 200:
            assert (
                re.search(r"trusted-types ([^;]+)$", answer.headers["Content-Security-Policy"])[1] == policies
            ), path  # type: ignore[index]


def test_each_answer_has_a_nonce_of_its_own(house: FullHouse) -> None:
    found = set()
    for _time in range(3):
        answer = client(house).get("/espace", headers=house.cookie_of(house.own.leader))
        (nonce,) = re.findall(r"'nonce-([^']+)'", answer.headers["Content-Security-Policy"])
        assert len(nonce) >= 20 and f'nonce="{nonce}"' in answer.get_data(as_text=True)
        found.add(nonce)
    assert len(found) == 3


def test_no_word_of_a_stranger_becomes_a_header(house: FullHouse) -> None:
    """CR and LF in everything that a page may be asked, and in what it may be asked with."""
    names = sorted({*asked_names(), "territoire", "page", "cle", "par", "theme", "next"})
    query = dict.fromkeys(names, CONTROL)
    wrong = []
    for actor in (ANONYMOUS, house.own.leader):
        for path in pages(house):
            headers = {**house.cookie_of(actor), "Referer": f"https://{EVIL}/", "Accept-Language": "fr"}
            answer = client(house).get(path, query_string=query, headers=headers)
            found = [value for _name, value in answer.headers if "\n" in value or "\r" in value]
            if "X-Evil" in answer.headers or found or answer.status_code >= 500:
                wrong.append(f"{path}: {answer.status_code} {found}")
    assert not wrong, "\n".join(wrong)


def test_no_word_of_a_stranger_becomes_a_header_of_a_mail(app: Flask, tmp_path: Path) -> None:
    with unit_of_work():
        mail.write(
            "elle@test.example", "Bonjour\r\nBcc: tous@test.example", "Des mots.\r\nBcc: tous@test.example"
        )
        mail.write("elle@test.example\r\nBcc: tous@test.example", "Bonjour", "Des mots.")
    with reading():
        good, bad = session().scalars(sa.select(Mail).order_by(Mail.id)).all()
        mail.send(good, "", "portail@test.example", tmp_path)
        with pytest.raises(ValueError):
            mail.send(bad, "", "portail@test.example", tmp_path)
    message = message_from_bytes(mail.file_of(good.id, tmp_path).read_bytes())
    assert message["Bcc"] is None and "\n" not in message["Subject"]


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Host": EVIL, "X-Forwarded-Proto": "https", "Forwarded": f"host={EVIL};proto=https"},
        {
            "Host": EVIL,
            "X-Host": EVIL,
            "X-Original-URL": f"https://{EVIL}/",
            "X-Rewrite-URL": f"https://{EVIL}/",
        },
    ],
)
def test_the_name_by_which_one_is_asked_is_not_believed(house: FullHouse, headers: dict[str, str]) -> None:
    """No page, no redirection and no header repeats it, so that no cache keeps it for others."""
    usual = {path: client(house).get(path).data for path in ("/", "/sitemap.xml", "/atom.xml", "/robots.txt")}
    for actor in (ANONYMOUS, house.own.leader):
        for path in pages(house):
            answer = client(house).get(path, headers={**house.cookie_of(actor), **headers})
            assert EVIL.encode() not in answer.data and EVIL not in str(answer.headers), path
            assert path not in usual or answer.data == usual[path]


def test_links_in_mails_come_from_the_public_address(house: FullHouse) -> None:
    lab = house.own.things["/labs"]["slug"]
    form = {"nom": "Camille", "courriel": "camille@test.example", "droit": "remark", "jours": "5"}
    headers = {**house.cookie_of(house.own.leader), "Host": EVIL, "X-Forwarded-Host": EVIL}
    answer = client(house).post(f"/labs/{lab}/inviter/lien", data=form, headers=headers)
    assert answer.status_code == 303 and EVIL not in answer.headers["Location"]
    with reading():
        body = session().scalars(sa.select(Mail.body).where(Mail.recipient == "camille@test.example")).one()
    assert f"{house.settings.public_url}/invitation/" in body and EVIL not in body


def test_no_origin_is_reflected(house: FullHouse) -> None:
    """What any page may read is open to all (`*`), without a cookie; the rest is for our own pages."""
    actors: tuple[Actor, ...] = (ANONYMOUS, house.own.leader)
    for actor in actors:
        for path in pages(house):
            headers = {**house.cookie_of(actor), "Origin": f"https://{EVIL}"}
            answer = client(house).get(path, headers=headers)
            allowed = answer.headers.get("Access-Control-Allow-Origin")
            assert allowed in (None, "*") and "Access-Control-Allow-Credentials" not in answer.headers, path
            assert (
                allowed is None or actor is ANONYMOUS or "no-store" not in answer.headers["Cache-Control"]
            ), path
