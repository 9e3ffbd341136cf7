"""Links of live pages are watched: a page says which does not answer, who answers for it is told once, and it heals."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app import clock, jobs
from app.db import reading, session, unit_of_work
from app.directory.models import OnlineService
from app.mail import Mail
from publish import links, pages
from publish.fetching import Inside, Seen, Unreachable
from publish.link_state import digest
from publish.links import Found, Round
from publish.models import CheckedLink, Edition, LinkState
from tests.clients import PageClient
from tests.publish.press import RICH, Press, block, run

FORM = "https://www.mairie.example/f"
SERVICE = "https://www.sud.example/changement"
SAID = "lien momentanément indisponible"


@pytest.fixture
def slug(press: Press) -> str:
    """A published page with one link in its text and one service beside it; both are watched."""
    found = press.published()[1]
    jobs.deliver_outbox()
    return found


def seen(url: str, said: str, *, at: timedelta = timedelta(0)) -> None:
    with clock.shifted(at), unit_of_work():
        links.note(Found(url, said.startswith(("2", "3")) or said in ("401", "403", "429"), said))


def state(url: str) -> LinkState:
    with reading():
        return session().get_one(CheckedLink, digest(url)).state


def told() -> list[Mail]:
    with reading() as current:
        found = list(current.scalars(sa.select(Mail).where(Mail.subject.startswith("Lien momentan"))))
        current.expunge_all()
        return found


def shown(client: PageClient, slug: str) -> str:
    pages.shelf(client.app).look()
    return client.get(f"/fiches/{slug}").source


def test_what_is_published_is_watched_and_what_is_gone_is_not(press: Press, slug: str) -> None:
    with reading():
        assert set(links.due()) == {FORM, SERVICE}
    with unit_of_work() as current:
        current.scalars(sa.select(OnlineService)).one().url = "mailto:mairie@sud.example"
        assert links.take_stock() == 1
    with reading():
        assert links.due() == [FORM]


def test_one_failure_says_nothing_the_second_says_it_to_everybody(
    press: Press, client: PageClient, slug: str
) -> None:
    before = shown(client, slug)
    seen(FORM, "404")
    assert state(FORM) is LinkState.FAILING and SAID not in shown(client, slug) and told() == []
    with reading():
        assert FORM not in links.due()
    with clock.shifted(links.AGAIN + timedelta(minutes=1)), reading():
        assert FORM in links.due()
    seen(FORM, "404", at=links.AGAIN)
    assert state(FORM) is LinkState.BROKEN
    page = shown(client, slug)
    assert page.count(SAID) == 1
    assert (
        f'{FORM}" rel="noopener">le formulaire</a> <span class="out">({SAID} ; renseignez-vous'
        in page.replace("\u00a0", " ")
    )
    assert 'href="/administrations/province-du-sud"' in page.split(SAID)[1][:120]
    (mail,) = told()
    assert mail.recipient == press.sud_reviewer.email
    assert FORM in mail.body and "réponse 404" in mail.body and "Changer d’adresse" in mail.body
    # Nobody is told again of the same spell; the signed words are as they were.
    seen(FORM, "404", at=timedelta(days=2))
    assert len(told()) == 1
    with reading():
        assert SAID not in session().scalars(sa.select(Edition.body)).one()
    seen(FORM, "200", at=timedelta(days=3))
    assert state(FORM) is LinkState.FINE and shown(client, slug) == before
    for hours in (0, 1):
        seen(FORM, "500", at=timedelta(days=4, hours=hours))
    assert len(told()) == 2, "another spell"


def test_a_service_whose_site_does_not_answer_says_so_wherever_it_is_shown(
    press: Press, client: PageClient, slug: str
) -> None:
    seen(FORM, "200")
    for hours in (0, 1):
        seen(SERVICE, "tls", at=timedelta(hours=hours))
    for path in (f"/fiches/{slug}", "/demarches", "/administrations/province-du-sud"):
        pages.shelf(client.app).look()
        assert "le site ne répond pas" in client.get(path).source, path
    (mail,) = told()
    assert "certificat" in mail.body and "annuaire des démarches" in mail.body
    # What the owner says of it is better than what we can see from outside.
    with unit_of_work() as current:
        current.scalars(sa.select(OnlineService)).one().outage = "jusqu’à lundi"
        links.store.invalidate()
    page = shown(client, slug)
    assert "jusqu’à lundi" in page and "le site ne répond pas" not in page


@pytest.mark.parametrize("said", ["name", "connect", "slow"])
def test_a_server_that_is_cut_off_itself_accuses_nobody(press: Press, slug: str, said: str) -> None:
    for hours in range(6):
        seen(FORM, said, at=timedelta(hours=hours))
    assert state(FORM) is LinkState.UNSEEN and told() == []
    # Somebody else has answered meanwhile, so it is not us.
    seen(SERVICE, "200", at=timedelta(hours=6))
    for hours in (6, 7):
        seen(FORM, said, at=timedelta(hours=hours))
    assert state(FORM) is LinkState.BROKEN


@pytest.mark.parametrize("status", ["401", "403", "429"])
def test_a_closed_door_is_there(press: Press, slug: str, status: str) -> None:
    for hours in (0, 1):
        seen(FORM, status, at=timedelta(hours=hours))
    assert state(FORM) is LinkState.FINE


def test_the_same_link_twice_and_another_that_looks_like_it(press: Press, client: PageClient) -> None:
    """Only the very address is noted, each time it is used, whatever stands in it."""
    odd = "https://www.sud.example/a?b=1&c=%22%3Cx%3E"
    tree = [
        RICH[0],
        block("paragraph", run("un", href=odd), " et ", run("deux", href=odd), id="k1"),
        block("paragraph", run("trois", href=odd + "2"), id="k2"),
    ]
    slug = press.published("Deux liens", tree)[1]
    jobs.deliver_outbox()
    for hours in (0, 1):
        seen(odd, "410", at=timedelta(hours=hours))
    assert shown(client, slug).count(SAID) == 2


def test_a_round_is_polite_and_survives_what_it_sees() -> None:
    """Never two looks at one host at once nor soon after one another, never more than a few in all."""
    running: dict[str, int] = {}
    most = {"host": 0, "all": 0}
    lock, gate = threading.Lock(), threading.Event()

    def look(url: str) -> Seen:
        host = url.split("/")[2]
        with lock:
            running[host] = running.get(host, 0) + 1
            most["host"] = max(most["host"], running[host])
            most["all"] = max(most["all"], sum(running.values()))
        gate.wait(5)
        with lock:
            running[host] -= 1
        if "inside" in url:
            raise Inside
        if "slow" in url:
            raise Unreachable("slow")
        return Seen(404 if "gone" in url else 200, url)

    wanted = [f"https://{host}.example/{page}" for host in "abcdefg" for page in ("fine", "gone")]
    wanted[0], wanted[2] = "https://a.example/inside", "https://b.example/slow"
    under_way = Round(look)
    assert under_way.ask(wanted) == links.AT_ONCE and under_way.ask(wanted) == 0
    gate.set()
    found: list[Found] = []
    deadline = time.monotonic() + 10
    while under_way and time.monotonic() < deadline:
        found += under_way.finished()
        time.sleep(0.01)
    under_way.ask([url for url in wanted if url not in {one.url for one in found}])
    assert not {url.split("/")[2] for url in under_way.urls} & {one.url.split("/")[2] for one in found}, (
        "too soon"
    )
    under_way.close()
    assert most == {"host": 1, "all": links.AT_ONCE}
    assert {one.said for one in found} == {"inside", "slow", "200"}
    assert all(one.is_there is (one.said == "200") for one in found)


def test_the_command_looks_at_everything_now(press: Press, client: PageClient, slug: str) -> None:
    """No name of the example domain exists, so each is told and the status says so."""
    answer = client.app.test_cli_runner().invoke(args=["check-links"])
    assert answer.exit_code == 1, answer.output
    assert (
        FORM in answer.output
        and SERVICE in answer.output
        and "2 addresses, 2 that do not answer." in answer.output
    )
