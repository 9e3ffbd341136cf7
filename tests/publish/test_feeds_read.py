"""Feeds as a reader's program takes them, and the site map as its protocol asks for it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import feedparser
import pytest
from lxml import etree

from app import clock
from app.db import unit_of_work
from drafts import service
from publish import feed_pages, feeds
from publish.fate_stages import Fate
from tests.clients import PageClient
from tests.publish.fates_world import make_life
from tests.publish.press import RICH, Press, block, draft_called

HOME = "http://127.0.0.1:8000"
SCHEMAS = Path(__file__).parent / "schemas"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
FEEDS = (
    "/atom.xml",
    "/changements/atom.xml",
    "/themes/logement/atom.xml",
    "/administrations/kone/atom.xml",
)


def read(client: PageClient, path: str) -> Any:
    answer = client.http.get(path)
    assert answer.status_code == 200, path
    # Its own headers go along: of a feed without a character set in them a program has to guess.
    found = feedparser.parse(answer.data, response_headers={"content-type": answer.content_type})
    assert found.bozo is False and found.version == "atom10", (path, found.get("bozo_exception"))
    return found


@pytest.mark.parametrize("path", FEEDS)
def test_a_program_reads_each_feed(press: Press, client: PageClient, path: str) -> None:
    title = 'Un « titre » <b> & "]]>" 🦜'
    _draft, slug = press.published(title)
    found = read(client, path)
    (entry,) = found.entries
    assert found.feed.id == f"tag:127.0.0.1,2026:fil{path}" and found.feed.title and found.feed.rights
    assert entry.id.startswith("tag:127.0.0.1,2026:fiche-") and entry.link == f"{HOME}/fiches/{slug}"
    assert [one.name for one in entry.authors] == ["Province du Sud"]
    assert [(one.term, one.label) for one in entry.tags] == [("logement", "Logement")]
    assert entry.updated_parsed is not None and found.feed.updated == entry.updated
    assert "<b>" in entry.title or "&lt;b&gt;" in entry.title


def test_news_keep_their_names_when_the_page_moves(press: Press, client: PageClient) -> None:
    draft_id, _slug = press.published()
    before = {path: read(client, path).entries[0].id for path in FEEDS}
    with unit_of_work():
        service.set_fields(press.writer, draft_called(draft_id), title="Déménager")
    press.rewrite(draft_id, [*RICH, block("paragraph", "Un mot de plus.", id="b77")])
    press.again(draft_id, "Un mot de plus.")
    changes = read(client, "/changements/atom.xml").entries
    assert changes[-1].id == before["/changements/atom.xml"] == before["/atom.xml"]
    assert len({entry.id for entry in changes}) == 2
    # A reader of both feeds sees a new edition once.
    assert read(client, "/atom.xml").entries[0].id == changes[0].id


def test_older_news_are_a_page_further(
    press: Press, client: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "ATOM_ENTRIES", 2)
    monkeypatch.setattr(feed_pages, "ATOM_ENTRIES", 2)
    for number in range(5):
        with clock.shifted(timedelta(minutes=number)):
            press.published(f"Fiche {number}", [RICH[0], RICH[2]])
    with clock.shifted(timedelta(minutes=9)):
        for path in FEEDS:
            seen, address = [], path
            while address:
                found = read(client, address)
                seen += [entry.title for entry in found.entries]
                links = {link.rel: link.href.removeprefix(HOME) for link in found.feed.links}
                assert links["self"] == address
                if address != path:
                    assert links["first"] == path and "previous" in links
                address = links.get("next", "")
            assert seen == [f"Fiche {number}" for number in (4, 3, 2, 1, 0)], path
    for wrong in ("0", "4", "101", "x", "-1", "²"):
        assert client.http.get(f"/atom.xml?page={wrong}").status_code == 404, wrong
    # What others hang on to an address asks for nothing.
    assert client.http.get("/atom.xml?utm_source=x").data == client.http.get("/atom.xml").data


def schema(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(SCHEMAS / name))


def valid(client: PageClient, path: str, name: str) -> list[tuple[str, str | None]]:
    """(address, lastmod) of a map that its schema allows."""
    answer = client.http.get(path)
    assert (
        answer.status_code == 200
        and answer.mimetype == "application/xml"
        and len(answer.data) <= 50 * 1024 * 1024
    )
    tree = etree.fromstring(
        answer.data, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    )
    schema(name).assertValid(tree)
    assert len(tree) <= 50_000
    return [(one.findtext(f"{SITEMAP}loc") or "", one.findtext(f"{SITEMAP}lastmod")) for one in tree]


def test_the_site_map_is_what_its_protocol_asks_for(press: Press, client: PageClient) -> None:
    life = make_life(press, 'Un « titre » & <b> "x"')
    draft_id, slug = press.published("Changer d’adresse")
    with clock.shifted(timedelta(days=2)):
        press.rewrite(draft_id, RICH[:-1])
        press.again(draft_id, "Un mot de moins.")
        later = clock.now().date().isoformat()
        found = dict(valid(client, "/sitemap.xml", "sitemap.xsd"))
        assert (found[f"{HOME}/fiches/{slug}"] or "").startswith(later) and f"{HOME}/opendata" in found
        assert all(value is None for address, value in found.items() if "/fiches/" not in address)
        for address in found:
            assert client.http.get(address.removeprefix(HOME)).status_code == 200, address
        life.decide(Fate.WITHDRAW)
        assert f"{HOME}/fiches/{life.slug}" not in dict(valid(client, "/sitemap.xml", "sitemap.xsd"))
    assert client.http.get("/sitemap-1.xml").status_code == 404
    # The schema does refuse what is wrong.
    bad = etree.fromstring(
        b'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>/fiches/a</loc></url></urlset>'
    )
    assert not schema("sitemap.xsd").validate(bad)


def test_more_pages_than_a_file_may_name_stand_in_several(
    press: Press, client: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "MOST_IN_A_MAP", 10)
    press.published()
    files = valid(client, "/sitemap.xml", "siteindex.xsd")
    assert len(files) > 1 and any(changed for _address, changed in files)
    named = [
        address
        for file, _changed in files
        for address, _at in valid(client, file.removeprefix(HOME), "sitemap.xsd")
    ]
    assert len(named) == len(set(named)) > 10 and f"{HOME}/fiches/changer-d-adresse" in named
    assert client.http.get(f"/sitemap-{len(files) + 1}.xml").status_code == 404
