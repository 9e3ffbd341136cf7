"""/aller/<service> sends people on, counts without knowing anybody, and does not send them to a site that is down."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from app import clock, jobs
from app.db import database, reading, session, unit_of_work
from app.directory.models import OnlineService, ServiceKind
from publish import links, openings
from publish.links import Found
from publish.models import ServiceOpening
from tests.clients import PageClient
from tests.publish.press import RICH, Press, block, run

SLUG, SITE = "declarer-un-changement", "https://www.sud.example/changement"
EVER = date(2000, 1, 1)


def opened() -> dict[str, int]:
    with reading():
        return openings.openings(EVER)


def change(**values: str) -> None:
    with unit_of_work() as current:
        service = current.scalars(sa.select(OnlineService).filter_by(slug=SLUG)).one()
        for name, value in values.items():
            setattr(service, name, value)


def test_people_are_sent_on_and_only_a_number_stays(press: Press, client: PageClient) -> None:
    for _time in range(3):
        answer = client.http.get(f"/aller/{SLUG}", headers={"Referer": "http://localhost/demarches"})
        assert (answer.status_code, answer.headers["Location"]) == (302, SITE)
        assert answer.headers["Cache-Control"] == "no-store" and "Set-Cookie" not in answer.headers
        assert answer.headers["Referrer-Policy"] == "same-origin"
    assert opened() == {SLUG: 3}
    with clock.shifted(timedelta(days=1)):
        client.http.get(f"/aller/{SLUG}")
        with reading():
            tomorrow = clock.local(clock.now()).date()
            assert openings.openings(tomorrow) == {SLUG: 1}
    assert opened() == {SLUG: 4}
    columns = {column.name for column in ServiceOpening.__table__.columns}
    assert columns == {"service_id", "day", "count"}


def test_who_only_looks_is_not_counted(press: Press, client: PageClient) -> None:
    assert client.http.head(f"/aller/{SLUG}").status_code == 302
    for name in ("Sec-Purpose", "Purpose", "X-Moz"):
        value = "prefetch;prerender" if name == "Sec-Purpose" else "prefetch"
        assert client.http.get(f"/aller/{SLUG}", headers={name: value}).status_code == 302
    assert opened() == {}


def test_what_is_not_there_is_not_found(press: Press, client: PageClient) -> None:
    for address in (
        "/aller/inconnue",
        "/aller/" + "a" * 3000,
        "/aller/https:%2F%2Fmal.example",
        "/aller/%00",
    ):
        page = client.get(address, 404)
        assert page.heading == "Cette page n’existe pas" and "Location" not in page.response.headers
    for url in ("javascript:alert(1)", "data:text/html,x", "mailto:mairie@sud.example", "//mal.example", ""):
        change(url=url)
        client.get(f"/aller/{SLUG}", 404)
    assert opened() == {}
    assert client.http.post(f"/aller/{SLUG}").status_code in (400, 405)


def test_an_outage_is_told_with_the_counter_before_anybody_is_sent_there(
    press: Press, client: PageClient
) -> None:
    change(outage="en maintenance jusqu’à lundi")
    page = client.get(f"/aller/{SLUG}")
    assert "en maintenance jusqu’à lundi" in page.main
    assert "tel:+687200030" in page.links() and "Accueil du Sud" in page.main
    assert page.response.headers["Cache-Control"] == "no-store"
    assert opened() == {}, "nobody has been there yet"
    (on,) = [href for href in page.links() if href.startswith("/aller/")]
    assert client.http.get(on).headers["Location"] == SITE
    assert opened() == {SLUG: 1}


def test_a_link_that_is_broken_now_is_told_too(press: Press, client: PageClient) -> None:
    press.published()
    jobs.deliver_outbox()
    for later in (timedelta(), timedelta(hours=2)):
        with clock.shifted(later), unit_of_work():
            links.note(Found("https://www.autre.example/", True, "200"))
            links.note(Found(SITE, False, "404"))
    assert "le site ne répond pas" in client.get(f"/aller/{SLUG}").main
    with clock.shifted(timedelta(hours=3)), unit_of_work():
        links.note(Found(SITE, True, "200"))
    assert client.http.get(f"/aller/{SLUG}").status_code == 302


def test_every_link_to_a_service_on_a_public_page_leads_through_here(
    press: Press, client: PageClient
) -> None:
    block_of = block("service", id="k1", service=SLUG)
    by_hand = block(
        "paragraph", "Ou ", run("ici", href=SITE), ", ou ", run("là", href=f"{SITE}/autre"), ".", id="k2"
    )
    _draft, slug = press.published(tree=[*RICH, block_of, by_hand])
    for path in (
        f"/fiches/{slug}",
        "/demarches",
        "/administrations/province-du-sud",
        "/recherche?q=changement",
    ):
        page = client.get(path)
        assert f"/aller/{SLUG}" in page.links(), path
        assert SITE not in page.links(), path
    article = client.get(f"/fiches/{slug}")
    (link,) = [one for one in article.all("a") if one.text == "ici"]
    assert link.get("href") == f"/aller/{SLUG}" and link.get("data-to") == SITE
    assert f"{SITE}/autre" in article.links(), "another page of the same site is no service"
    assert f'href="{SITE}"' in client.get(f"/api/v1/articles/{slug}").json["html"]
    assert "Disallow: /aller" in client.http.get("/robots.txt").get_data(as_text=True)


def test_nobody_waits_for_the_count(press: Press, client: PageClient) -> None:
    client.http.get(f"/aller/{SLUG}")
    # Somebody else holds the row or, on SQLite, the database.
    with database().engine.connect() as other:
        other.execute(sa.update(ServiceOpening).values(count=ServiceOpening.count + 10))
        assert client.http.get(f"/aller/{SLUG}").headers["Location"] == SITE
        other.rollback()
    assert opened() == {SLUG: 1}
    client.http.get(f"/aller/{SLUG}")
    assert opened() == {SLUG: 2}


def test_services_count_apart_and_go_with_their_service(press: Press, client: PageClient) -> None:
    with unit_of_work() as current:
        current.add(
            OnlineService(
                slug="autre", title="Autre", kind=ServiceKind.FORM, url="http://autre.example/a?b=c#d"
            )
        )
    assert client.http.get("/aller/autre").headers["Location"] == "http://autre.example/a?b=c#d"
    client.http.get(f"/aller/{SLUG}")
    assert opened() == {SLUG: 1, "autre": 1}
    with unit_of_work() as current:
        current.delete(current.scalars(sa.select(OnlineService).filter_by(slug="autre")).one())
    assert opened() == {SLUG: 1}
    with pytest.raises(sa.exc.IntegrityError), unit_of_work():
        session().execute(sa.update(ServiceOpening).values(count=0))


def test_paper_keeps_the_services_own_address(press: Press, client: PageClient) -> None:
    _draft, slug = press.published()
    source = client.get(f"/fiches/{slug}").source
    assert re.search(rf'<a class="go" href="/aller/{SLUG}" data-to="{re.escape(SITE)}"', source)
    assert "a[data-to]::after" in source
