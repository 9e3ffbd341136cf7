"""Feeds of a theme, of an administration, and of everything that changes: what RFC 4287 asks for, and nothing that is hidden."""

from __future__ import annotations

from datetime import datetime, timedelta
from xml.etree import ElementTree

import pytest

from app import clock
from publish.fate_stages import Fate
from tests.clients import PageClient
from tests.publish.fates_world import make_life
from tests.publish.press import Press

ATOM = "{http://www.w3.org/2005/Atom}"
HOME = "http://127.0.0.1:8000"
FEEDS = (
    "/atom.xml",
    "/changements/atom.xml",
    "/themes/logement/atom.xml",
    "/administrations/kone/atom.xml",
)


def feed(client: PageClient, path: str) -> ElementTree.Element:
    answer = client.http.get(path)
    assert answer.status_code == 200 and answer.content_type == "application/atom+xml; charset=utf-8"
    return ElementTree.fromstring(answer.data)


def titles(client: PageClient, path: str) -> list[str]:
    return [entry.findtext(f"{ATOM}title") or "" for entry in feed(client, path).findall(f"{ATOM}entry")]


@pytest.mark.parametrize("path", FEEDS)
def test_a_feed_is_valid(press: Press, client: PageClient, path: str) -> None:
    press.published("Un <titre> & un autre")
    press.published("Changer d’adresse")
    root = feed(client, path)
    assert root.tag == f"{ATOM}feed" and root.findtext(f"{ATOM}id") == f"tag:127.0.0.1,2026:fil{path}"
    assert root.findtext(f"{ATOM}title") and root.findtext(f"{ATOM}author/{ATOM}name")
    links = {link.get("rel"): link.get("href") for link in root.findall(f"{ATOM}link")}
    assert links["self"] == HOME + path and (links["alternate"] or "").startswith(HOME)
    entries = root.findall(f"{ATOM}entry")
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(entries) == 2 == len(set(ids)) and all(
        one and one.startswith("tag:127.0.0.1,2026:fiche-") for one in ids
    )
    moments = [datetime.fromisoformat(entry.findtext(f"{ATOM}updated") or "") for entry in entries]
    assert moments == sorted(moments, reverse=True) and all(
        entry.find(f"{ATOM}link") is not None for entry in entries
    )
    assert root.findtext(f"{ATOM}updated") == entries[0].findtext(f"{ATOM}updated")
    again = client.http.get(path, headers={"If-None-Match": client.http.get(path).headers["ETag"]})
    assert again.status_code == 304


def test_each_feed_holds_its_own(press: Press, client: PageClient) -> None:
    press.published()
    press.published("Ouvrir une école", both=False, themes=["education-formation"])
    assert titles(client, "/themes/logement/atom.xml") == ["Changer d’adresse"]
    assert titles(client, "/themes/education-formation/atom.xml") == ["Ouvrir une école"]
    assert titles(client, "/administrations/kone/atom.xml") == ["Changer d’adresse"]
    assert len(titles(client, "/administrations/province-du-sud/atom.xml")) == 2
    for path, page in zip(FEEDS[2:], ("/themes/logement", "/administrations/kone"), strict=True):
        shown = client.get(page)
        assert shown.all("link", rel="alternate", href=path) and path in shown.links()
        assert f"{page}/abonnement" in shown.links()
    for path in ("/themes/inconnu/atom.xml", "/administrations/inconnue/atom.xml"):
        assert client.http.get(path).status_code == 404


def test_every_change_is_told_with_its_reason_and_nothing_hidden(press: Press, client: PageClient) -> None:
    life = make_life(press)
    draft_id, slug = press.published("Ouvrir une école")
    with clock.shifted(timedelta(minutes=1)):
        press.again(draft_id, "Le prix a changé.")
    with clock.shifted(timedelta(minutes=2)):
        life.decide(Fate.WITHDRAW, reason="La loi a changé.")
    root = feed(client, "/changements/atom.xml")
    told = [entry.findtext(f"{ATOM}summary") or "" for entry in root.findall(f"{ATOM}entry")]
    assert len(told) == 4 and "La loi a changé." in told[0] and "Le prix a changé." in told[1]
    second = [
        entry
        for entry in root.findall(f"{ATOM}entry")
        if (entry.findtext(f"{ATOM}id") or "").endswith("-version-2")
    ]
    assert [entry.find(f"{ATOM}link").get("href") for entry in second] == [f"{HOME}/fiches/{slug}"]  # type: ignore[union-attr]
    with clock.shifted(timedelta(minutes=3)):
        life.mask(reason="Un secret.")
    client.app.extensions["openlab_shelf"].look()
    for path in FEEDS:
        text = client.http.get(path).get_data(as_text=True)
        assert "Changer d’adresse" not in text and "secret" not in text and "La loi" not in text, path
