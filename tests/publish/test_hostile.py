"""Hostile strings in every field that reaches a public surface: they stay words.

CVE-2026-55085 Etherpad, CVE-2026-28223 Wagtail, CVE-2021-29503 HedgeDoc (in OpenGraph).
"""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from app.db import reading, unit_of_work
from app.directory.models import Administration, Counter, Kind, Login, OnlineService, ServiceKind
from publish import site
from tests import makers
from tests.clients import PageClient, parsed
from tests.publish.press import Press, block, run

STRINGS = [
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    "</style></title></head><svg/onload=alert(1)>",
    "{{ 7*7 }}{% raw %}%(name)s",
    "]]><!--<x>",
    "\u202egnp.exe \u0000\u0008\u2028 \U0001f4a9",
    "=cmd|' /C calc'!A0",
    "javascript:alert(1)//",
]


def judge(source: str, path: str) -> None:
    """Nothing of the strings became an element, an attribute or a computation."""
    tree = parsed(source, path)
    for element in tree.iter():
        if element.tag == "script":
            # Data for search engines, which no browser runs: whole JSON, and nothing stands in it as markup.
            assert element.get("type") == "application/ld+json" and len(element.attrib) == 1, path
            json.loads(element.text or "")
            continue
        if element.tag == "img":
            assert (element.get("src") or "").startswith("/images/"), (path, element.attrib)
        assert element.tag not in ("x", "iframe"), (path, element.tag)
        assert not any(name.startswith("on") for name in element.attrib), (path, element.attrib)
        for name in ("href", "src", "action"):
            value = (element.get(name) or "").strip().lower()
            assert not value.startswith(("javascript:", "vbscript:")) and (
                "data:" not in value or element.get("rel") == "icon"
            )
    assert "49{%" not in source


@pytest.mark.parametrize("hostile", STRINGS)
def test_hostile_words_stay_words(press: Press, client: PageClient, hostile: str) -> None:
    # PostgreSQL stores no NUL; a person could not type one either.
    words = hostile.replace("\u0000", "")
    with unit_of_work() as current:
        sud = current.get_one(Administration, press.sud)
        sud.name, sud.acronym, sud.site, sud.territory = words, words[:40], words, words[:80]
        sud.counters = [
            Counter(name=words, address=words, commune=words, phone=words[:40], email=words, hours=words)
        ]
        online = OnlineService(
            slug="hostile",
            title=words,
            kind=ServiceKind.FORM,
            url=words,
            login=Login.OTHER,
            summary=words,
            outage=words,
        )
        online.owners = [sud]
        current.add_all([online, Administration(slug="autre", name=words, kind=Kind.STATE, site=words)])
    tree = [
        block("lead", words, id="b1"),
        *(block("heading", words + str(number), id=f"h{number}") for number in range(3)),
        block("paragraph", run(words, "strong", "em"), id="b2"),
        block("note", block("paragraph", words, id="b4"), id="b3"),
        block("table", block("table_row", block("table_header", block("paragraph", words, id="b8"), id="b7"), id="b6"), id="b5"),
        block("legal", words, id="c1", number=words, date="2001-06-08", href="https://loi.example/"),
        block("question", block("label", words, id="c3"), block("paragraph", words, id="c4"), id="c2"),
        block("definition", block("label", words, id="c6"), block("paragraph", words, id="c7"), id="c5"),
        block("steps", block("step", block("label", words, id="c9"), id="c10"), id="c8"),
        block("cost", words, id="c11"),
        block("image", words, id="c12", image="0a1b2c", alt=words, width=30, height=20),
        block("contact", id="c13", administration="province-du-sud"),
        block("service", id="c14", service="hostile"),
        block("paragraph", {"type": "text", "text": words, "marks": [
            {"type": "abbr", "attrs": {"title": words}}, {"type": "service_link", "attrs": {"service": "hostile"}},
        ]}, id="c15"),
        # Ids that are names of places in the frame.
        block("paragraph", "Un id.", id="contenu"),
        block("paragraph", "Un autre.", id="q"),
    ]  # fmt: skip
    with unit_of_work():
        makers.make_image("0a1b2c")
    _draft, slug = press.published(
        title=words, tree=tree, services=["hostile"], themes=[words[:80], "logement"], life_events=[words[:80]],
        territories=[words[:80]], review_date=words[:40],
    )  # fmt: skip
    with client.app.app_context(), reading():
        paths = [*site.every_path(), f"/fiches/{slug}/historique"]
    for path in paths:
        answer = client.http.get(path)
        assert answer.status_code == 200, path
        judge(answer.get_data(as_text=True), path)
    page = client.http.get(f"/fiches/{slug}").get_data(as_text=True)
    shown = "".join(parsed(page).itertext())
    assert " ".join(words.replace("\u0008", "").split()) in " ".join(shown.replace("\u0008", "").split())
    for query in (words, hostile, "un"):
        answer = client.http.get("/recherche", query_string={"q": query, "page": words})
        assert answer.status_code == 200
        judge(answer.get_data(as_text=True), "/recherche")
    for path in ("/atom.xml", "/sitemap.xml"):
        ElementTree.fromstring(client.http.get(path).data)
    for path in ("/api/v1/articles", f"/api/v1/articles/{slug}", "/api/v1/administrations"):
        answer = client.http.get(path)
        assert answer.content_type.startswith("application/json")
        json.loads(answer.data)
    for header, value in client.http.get(f"/fiches/{slug}").headers:
        assert "alert" not in value and "\n" not in value, header


@pytest.mark.parametrize("hostile", STRINGS)
def test_hostile_addresses_are_not_believed(press: Press, client: PageClient, hostile: str) -> None:
    press.published()
    for path in (f"/fiches/{hostile}", f"/themes/{hostile}", f"/administrations/{hostile}", f"/{hostile}"):
        answer = client.http.get(path.replace("?", "%3F").replace("#", "%23"))
        assert answer.status_code in (404, 308), path
        if answer.status_code == 404:
            judge(answer.get_data(as_text=True), path)
        assert "alert" not in str(answer.headers)
    answer = client.http.get(f"/api/v1/articles/{hostile}".replace("?", "%3F").replace("#", "%23"))
    assert answer.status_code in (404, 308)
