"""A mail says the same as plain text and as HTML, in one layout, and nothing in it is fetched or run."""

from __future__ import annotations

import email
from datetime import UTC, datetime
from email.policy import default
from pathlib import Path

import pytest

from app import letter, mail
from app.mail import Mail
from tests.clients import parsed

BODY = (
    "Bonjour <script>alert(1)</script>,\n\nvoyez « la page » :\nhttps://portail.example/brouillons/7/relecture?a=1&b=2\n\n"
    "Fin (https://portail.example/x).\n"
)


def test_the_words_are_the_same_and_addresses_become_links() -> None:
    document = parsed(letter.html("Objet & suite", BODY))
    assert [link.get("href") for link in document.iter("a")] == [
        "https://portail.example/brouillons/7/relecture?a=1&b=2",
        "https://portail.example/x",
    ]
    said = " ".join("".join(paragraph.itertext()) for paragraph in document.iter("p"))
    for line in BODY.split("\n"):
        assert line in said
    assert [
        element.tag for element in document.iter() if element.tag in ("script", "img", "link", "style")
    ] == []
    assert "".join(next(document.iter("title")).itertext()) == "Objet & suite"


@pytest.mark.parametrize(
    "body", ["", "\n\n", "javascript:alert(1)", "http://", 'https://a.nc/%22onclick=x"y']
)
def test_whatever_the_words_the_html_is_whole(body: str) -> None:
    document = parsed(letter.html("Objet", body))
    assert not any(key.startswith("on") for element in document.iter() for key in element.attrib)
    assert all((link.get("href") or "").startswith("http") for link in document.iter("a"))


def test_it_goes_out_in_two_parts(tmp_path: Path) -> None:
    row = Mail(id=3, recipient="a@b.nc", subject="Été", body=BODY, noted_at=datetime(2026, 3, 1, tzinfo=UTC))
    mail.send(row, "", "portail@b.nc", tmp_path)
    sent = email.message_from_bytes((tmp_path / "00000003.eml").read_bytes(), policy=default)
    assert [part.get_content_type() for part in sent.iter_parts()] == ["text/plain", "text/html"]  # type: ignore[attr-defined]
    plain, html = (part.get_content() for part in sent.iter_parts())  # type: ignore[attr-defined]
    assert plain.strip() == BODY.strip() and "/brouillons/7/relecture" in html
