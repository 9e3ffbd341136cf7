"""What an article refers to: shown as the directory knows it today, though the text was signed yesterday."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from app.db import reading, session, unit_of_work
from app.directory.models import Administration, Counter, OnlineService
from app.errors import Invalid
from publish import pages, store
from publish.models import Edition
from tests.clients import PageClient, parsed
from tests.publish.press import RICH, Press, block

SLUG = "declarer-un-changement"


def referring(counter: int) -> list[dict[str, object]]:
    """A text with a contact, a service and words that lead to it."""
    words = {
        "type": "text",
        "text": "la démarche",
        "marks": [{"type": "service_link", "attrs": {"service": SLUG}}],
    }
    return [
        RICH[0],
        block("contact", id="k1", administration="province-du-sud", counter=counter),
        block("service", id="k2", service=SLUG),
        block("paragraph", "Faites ", words, ".", id="k3"),
    ]


@pytest.fixture
def slug(press: Press) -> str:
    with reading():
        counter = session().get_one(Administration, press.sud).counters[0].id
    return press.published(tree=referring(counter))[1]


def test_a_page_says_what_the_directory_says_now(press: Press, client: PageClient, slug: str) -> None:
    page = client.get(f"/fiches/{slug}")
    (box, service) = [one for one in page.all("div") if one.get("class") == "box"]
    assert box.get("id") == "k1" and "20 00 30" in "".join(box.itertext())
    assert "Lundi au vendredi" in "".join(box.itertext())
    assert service.get("id") == "k2" and "NC Connect" in "".join(service.itertext())
    through = (
        '<a href="/aller/declarer-un-changement" data-to="https://www.sud.example/changement" rel="external">'
    )
    assert f"{through}la démarche</a>" in page.source
    with unit_of_work() as current:
        current.scalars(sa.select(Counter)).one().phone = "20 00 99"
        online = current.scalars(sa.select(OnlineService)).one()
        online.url, online.outage = "https://www.sud.example/autre", "jusqu’à lundi"
        before = current.scalars(sa.select(Edition.body)).one()
        store.invalidate()
    pages.shelf(client.app).look()
    page = client.get(f"/fiches/{slug}")
    article = "".join(page.all("article")[0].itertext())
    assert "20 00 99" in article and "20 00 30" not in article and "jusqu’à lundi" in article
    assert page.source.count('data-to="https://www.sud.example/autre"') >= 2
    with reading():
        assert session().scalars(sa.select(Edition.body)).one() == before, "the edition itself is as it was"
        assert "20 00" not in before and "sud.example" not in before
    program = client.get(f"/api/v1/articles/{slug}").json
    assert "20 00 99" in program["html"] and "<!--" not in program["html"]
    # Programs are given the service's own address.
    assert '<a href="https://www.sud.example/autre" rel="external">la démarche</a>' in program["html"]
    assert "/aller/" not in program["html"]
    assert program["blocks"][1]["attrs"]["administration"] == "province-du-sud"


def test_what_left_the_directory_leaves_the_page(press: Press, client: PageClient, slug: str) -> None:
    with unit_of_work() as current:
        current.delete(current.scalars(sa.select(Counter)).one())
        current.delete(current.scalars(sa.select(OnlineService)).one())
        store.invalidate()
    pages.shelf(client.app).look()
    page = client.get(f"/fiches/{slug}")
    assert [one for one in page.all("div") if one.get("class") == "box"] == []
    assert "Faites la démarche." in "".join(page.all("article")[0].itertext())
    assert "n’existe plus" not in page.source and "<!--" not in page.source


def test_a_text_that_refers_to_nothing_known_cannot_be_proposed(press: Press) -> None:
    draft = press.draft(tree=referring(999_999))
    with pytest.raises(Invalid) as caught:
        press.submit(draft)
    assert [ident for ident, _said in caught.value.detail["faults"]] == ["k1"]


def test_search_engines_read_the_questions_of_an_article(press: Press, client: PageClient) -> None:
    tree = [
        RICH[0],
        block("question", block("label", "Et </script>\u00a0?", id="q2"), block("paragraph", "Oui & non.", id="q3"), id="q1"),
        block("situations", block("situation", block("label", "Je suis locataire", id="s3"), block("paragraph", "Demandez.", id="s4"), id="s2"), id="s1"),
    ]  # fmt: skip
    _draft, slug = press.published(tree=tree)
    page = client.get(f"/fiches/{slug}")
    (data,) = page.all("script")
    read = json.loads(data.text or "")
    assert read["@type"] == "FAQPage"
    assert [(one["name"], one["acceptedAnswer"]["text"]) for one in read["mainEntity"]] == [
        ("Et </script>\u00a0?", "Oui & non.")
    ]
    assert len(parsed(page.source).findall(".//h2[@id='q2']")) == 1
    _draft, plain = press.published("Sans question", RICH)
    assert client.get(f"/fiches/{plain}").all("script") == []
