"""Nothing of a draft is public before its publication: not its text, title, address, note, or anybody's name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.db import reading, session, unit_of_work
from app.directory.models import Administration
from drafts import service
from publish import site
from tests.clients import PageClient
from tests.makers import make_agent
from tests.publish.press import RICH, Press, block, draft_called, run

SECRET = "xylophone"
TREE = [
    block("lead", f"Un {SECRET} dans l’introduction.", id="b1"),
    block("heading", f"Le {SECRET} du titre", id="b2"),
    block("paragraph", "Voir ", run(f"le {SECRET}", href=f"https://www.sud.example/{SECRET}"), ".", id="b3"),
]


def everything_public(client: PageClient) -> Iterator[tuple[str, str]]:
    """(address, everything a stranger gets there: status, headers, body)."""
    with client.app.app_context(), reading():
        paths = list(site.every_path())
    paths += [
        "/sitemap.xml", "/atom.xml", "/robots.txt", "/.well-known/security.txt", "/api/v1/articles?limit=200",
        "/api/v1/administrations?limit=200", f"/api/v1/articles/{SECRET}", f"/fiches/{SECRET}", f"/fiches/{SECRET}/historique",
        f"/fiches/un-{SECRET}", f"/fiches/un-{SECRET}/historique", f"/api/v1/articles/un-{SECRET}",
        "/recherche?q=introduction", "/recherche?q=logement", "/recherche?q=d%C3%A9m%C3%A9nager", "/brouillons/1",
        "/brouillons/1/relecture", "/brouillons/1/historique", "/labs", "/labs/lab-de-test", "/api/v1/drafts",
        "/api/v1/drafts/1", "/nulle-part", "/readyz",
    ]  # fmt: skip
    for path in paths:
        answer = client.http.get(path)
        body = answer.get_data(as_text=True)
        if SECRET in path:
            # What a stranger asks for may be told back to them; nothing else.
            body = body.replace(path, "")
        del answer.headers["X-Request-ID"]  # every answer has its own
        yield path, f"{answer.status_code}\n{answer.headers}\n{body}"


def test_a_draft_leaves_no_trace_at_any_stage(press: Press, client: PageClient) -> None:
    press.published("Une fiche publiée")
    quiet = dict(everything_public(client))
    assert len(quiet) > 30

    def compare(moment: str) -> None:
        for path, seen in everything_public(client):
            assert SECRET not in seen.lower(), (moment, path)
            if path not in ("/readyz", "/nulle-part"):
                assert strip(seen) == strip(quiet[path]), (moment, path)

    draft_id = press.draft(f"Un {SECRET}", TREE, themes=["retraite"], life_events=["voyager"])
    compare("while it is written")
    fingerprint = press.submit(draft_id, f"Une note de {SECRET}")
    compare("while it is in review")
    press.sign(draft_id, fingerprint)
    compare("once it is approved")
    slug = press.publish(draft_id, fingerprint)
    assert SECRET in client.http.get(f"/fiches/{slug}").get_data(as_text=True).lower()


def strip(seen: str) -> str:
    """Without what differs between two answers that say the same."""
    return "\n".join(
        line for line in seen.splitlines() if not line.startswith(("Content-Security-Policy", "Last-Modified", "Date"))
        and "nonce" not in line and "csrf" not in line
    )  # fmt: skip


def test_a_second_text_of_a_published_article_stays_inside(press: Press, client: PageClient) -> None:
    draft_id, slug = press.published("Une fiche publiée")
    press.rewrite(draft_id, [*RICH, *TREE[1:]])
    with unit_of_work():
        service.set_fields(press.writer, draft_called(draft_id), title=f"Un {SECRET}", themes=["retraite"])
    press.submit(draft_id, f"Une note de {SECRET}")
    for path, seen in everything_public(client):
        assert SECRET not in seen.lower(), path
    assert "retraite" not in client.http.get("/plan-du-site").get_data(as_text=True)
    assert "retraite" not in client.http.get(f"/fiches/{slug}").get_data(as_text=True)


def test_a_change_of_competence_shows_only_with_its_edition(press: Press, client: PageClient) -> None:
    draft_id, slug = press.published("Une fiche publiée", both=False)
    with unit_of_work() as current:
        draft = draft_called(draft_id)
        draft.article.competent = [*draft.article.competent, current.get_one(Administration, press.nord)]
    assert "Koné" not in client.get(f"/fiches/{slug}").main
    assert "Une fiche publiée" not in client.get("/administrations/kone").main
    press.rewrite(draft_id, RICH[:-1])
    press.again(draft_id, "La mairie de Koné répond aussi.")
    assert "Koné" in client.get(f"/fiches/{slug}").main
    assert "Une fiche publiée" in client.get("/administrations/kone").main


def test_no_person_is_named_in_public(press: Press, client: PageClient) -> None:
    press.published()
    names = [person.name for person in (press.writer, press.sud_reviewer, press.nord_reviewer, press.editor)]
    emails = [
        person.email for person in (press.writer, press.sud_reviewer, press.nord_reviewer, press.editor)
    ]
    for path, seen in everything_public(client):
        for words in [*names, *emails]:
            assert words not in seen, (path, words)


def test_an_agent_who_may_not_read_a_draft_learns_nothing_of_it(press: Press, client: PageClient) -> None:

    press.draft(f"Un {SECRET}", TREE)
    with unit_of_work():
        stranger = make_agent(session().get_one(Administration, press.nord))
    client.sign_in(stranger)
    for path in (
        "/brouillons/1",
        "/brouillons/2",
        "/brouillons/99999",
        f"/fiches/un-{SECRET}",
        "/recherche?q=introduction",
    ):
        assert SECRET not in client.http.get(path).get_data(as_text=True).replace(path, ""), path


@pytest.mark.parametrize(
    "act",
    [
        "publier",
        "relire-et-publier",
        "publication/annuler",
        "publication/programmer",
        "publication/deplacer",
        "publication/urgence",
    ],
)
def test_the_acts_are_closed_to_strangers(press: Press, client: PageClient, act: str) -> None:
    client.app.config["WTF_CSRF_ENABLED"] = False
    client.app.testing = False
    draft_id, fingerprint = press.approved()
    for somebody, status in ((None, 401), (press.writer, 403), (press.sud_reviewer, 403)):
        client.sign_out()
        if somebody is not None:
            client.sign_in(somebody)
        answer = client.http.post(
            f"/brouillons/{draft_id}/{act}", data={"empreinte": fingerprint, "relu": "y"}
        )
        assert answer.status_code == status, (somebody, answer.status_code)
    assert client.sign_out().http.get("/fiches/changer-d-adresse").status_code == 404
