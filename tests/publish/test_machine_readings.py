"""What programs read: JSON, Atom, site map, robots, security.txt, health. All from the same editions."""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest

from app.db import reading
from drafts import canonical
from publish import site
from publish.sharing import code_of
from tests.clients import PageClient
from tests.publish.press import RICH, Press, block

ATOM = "{http://www.w3.org/2005/Atom}"


def test_an_article_as_json(press: Press, client: PageClient) -> None:
    _draft, slug = press.published()
    article = client.get(f"/api/v1/articles/{slug}").json
    listed = client.get("/api/v1/articles").json
    assert listed["next"] is None and len(listed["items"]) == 1
    assert {key: article[key] for key in listed["items"][0]} == listed["items"][0]
    assert article["slug"] == slug and article["url"] == f"http://127.0.0.1:8000/fiches/{slug}"
    assert article["administrations"] == ["kone", "province-du-sud"] and article["themes"] == ["logement"]
    assert article["edition"] == 1 and len(article["fingerprint"]) == 64
    assert article["credits"] == ["Province du Sud"] and article["blocks"][0]["type"] == "lead"
    assert datetime.fromisoformat(article["published_at"]) <= datetime.now(UTC) + timedelta(seconds=2)
    # The fingerprint is of what is given: fields and blocks.

    form = canonical.canonical_bytes(article["blocks"], {**article["fields"], "title": article["title"]})
    assert hashlib.sha256(form).hexdigest() == article["fingerprint"]


def test_lists_are_read_page_by_page(press: Press, client: PageClient) -> None:
    for number in range(5):
        press.published(f"Fiche {number}", [RICH[0], block("paragraph", "Un texte.", id="b2")], both=False)
    seen, address = [], "/api/v1/articles?limit=2"
    while address:
        answer = client.get(address.removeprefix("http://127.0.0.1:8000")).json
        assert len(answer["items"]) <= 2
        seen += [item["slug"] for item in answer["items"]]
        address = answer["next"]
    assert seen == [f"fiche-{number}" for number in range(5)]
    assert client.get("/api/v1/administrations").json["items"][0]["slug"] == "kone"
    assert (
        client.get("/api/v1/administrations?after=kone").json["items"][0]["counters"][0]["phone"]
        == "20 00 30"
    )


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "limit=201", "limit=abc", "limit=1e3", "limit=²", "limit="]
)
def test_a_limit_out_of_bounds_is_said(press: Press, client: PageClient, query: str) -> None:
    assert client.get(f"/api/v1/articles?{query}", 422).json["code"] == "invalid"


def test_json_is_open_cached_and_cookieless(press: Press, client: PageClient) -> None:
    _draft, slug = press.published()
    client.sign_in(press.editor)
    for path in ("/api/v1/articles", f"/api/v1/articles/{slug}", "/api/v1/administrations"):
        answer = client.http.get(path, headers={"Origin": "https://ailleurs.example"})
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers and "Set-Cookie" not in answer.headers
        again = client.http.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304 and again.data == b""


def test_errors_are_json_too(press: Press, client: PageClient) -> None:
    for path in ("/api/v1/articles/inconnue", "/api/v1/nulle-part", "/api/"):
        assert client.get(path, 404).json["code"] == "not_found"


def test_the_feed(press: Press, client: PageClient) -> None:
    assert ElementTree.fromstring(client.http.get("/atom.xml").data).findall(f"{ATOM}entry") == []
    draft_id, _slug = press.published()
    press.published("Une autre fiche", [RICH[0], block("paragraph", "Un texte.", id="b2")])
    press.rewrite(draft_id, RICH[:-1])
    press.again(draft_id)
    answer = client.http.get("/atom.xml")
    assert answer.content_type.startswith("application/atom+xml")
    feed = ElementTree.fromstring(answer.data)
    entries = [
        (entry.findtext(f"{ATOM}id"), entry.findtext(f"{ATOM}title"), entry.findtext(f"{ATOM}summary"))
        for entry in feed.findall(f"{ATOM}entry")
    ]
    lead = "Vous déménagez\u202f? Prévenez la mairie, puis la province."
    assert entries == [
        (f"tag:127.0.0.1,2026:fiche-{code_of(1)}-version-2", "Changer d’adresse", lead),
        (f"tag:127.0.0.1,2026:fiche-{code_of(2)}-version-1", "Une autre fiche", lead),
    ]


def test_the_site_map_lists_every_page_and_each_answers(press: Press, client: PageClient) -> None:
    press.published()
    tree = ElementTree.fromstring(client.http.get("/sitemap.xml").data)
    listed = [element.text or "" for element in tree.iter() if element.tag.endswith("loc")]
    with client.app.app_context(), reading():
        assert len(listed) == len(set(listed)) == len(site.listed())
    for address in listed:
        client.get(address.removeprefix("http://127.0.0.1:8000"))


def test_every_link_of_every_page_leads_somewhere(press: Press, client: PageClient) -> None:
    press.published()
    with client.app.app_context(), reading():
        paths = [
            *site.every_path(),
            "/recherche?q=adresse",
            "/recherche?q=xyzzy",
            "/fiches/changer-d-adresse/historique",
        ]
    known: set[str] = set()
    for path in paths:
        page = client.get(path)
        for href in page.links():
            target, _, fragment = href.partition("#")
            if href.startswith(("http", "mailto:", "tel:")) or not target or href in known:
                continue
            known.add(href)
            answer = client.http.get(target)
            assert answer.status_code in (200, 302), (path, href)
            if fragment:
                assert f'id="{fragment}"' in answer.get_data(as_text=True), (path, href)
    assert len(known) > 15


def test_robots_and_security(client: PageClient) -> None:
    robots = client.http.get("/robots.txt").get_data(as_text=True)
    assert "Disallow: /brouillons" in robots and "Sitemap: http://127.0.0.1:8000/sitemap.xml" in robots
    lines = client.http.get("/.well-known/security.txt").get_data(as_text=True).splitlines()
    fields = dict(line.split(": ", 1) for line in lines)
    expires = datetime.fromisoformat(fields["Expires"])
    assert datetime.now(UTC) + timedelta(days=100) < expires < datetime.now(UTC) + timedelta(days=365)
    assert fields["Contact"].startswith("mailto:")


def test_health(press: Press, client: PageClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.http.get("/healthz").data == b"ok\n"
    answer = client.get("/readyz").json
    assert answer["ready"] is True and answer["checks"] == {"database": "ok", "log": "ok", "disk": "ok"}
    assert answer["free_bytes"] > 0
    elsewhere = {"environ_base": {"REMOTE_ADDR": "203.0.113.9"}}
    assert client.http.get("/readyz", **elsewhere).json == {"ready": True}
    # A proxy of this machine that nobody told us about.
    assert client.http.get("/readyz", headers={"X-Forwarded-For": "203.0.113.9"}).json == {"ready": True}
    monkeypatch.setattr("publish.health.LEAST_FREE_BYTES", 10**18)
    answer = client.get("/readyz", 503).json
    assert answer["ready"] is False and answer["checks"]["disk"] == "failing"
    assert client.http.get("/readyz", **elsewhere).json == {"ready": False}
    assert "Retry-After" not in client.http.get("/healthz").headers


def test_the_token_opens_the_details(press: Press, client: PageClient) -> None:

    settings = dataclasses.replace(client.app.config["SETTINGS"], metrics_token="un-jeton-de-mesure")
    client.app.config["SETTINGS"] = settings
    elsewhere = {"environ_base": {"REMOTE_ADDR": "203.0.113.9"}}
    for token, opened in (("un-jeton-de-mesure", True), ("autre", False), ("", False)):
        answer = client.http.get("/readyz", headers={"Authorization": f"Bearer {token}"}, **elsewhere)
        assert ("checks" in answer.json) is opened
