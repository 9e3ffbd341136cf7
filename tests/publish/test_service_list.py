"""/demarches: narrowed by what an address asks, the bare list stored, and the whole as a table for a spreadsheet."""

from __future__ import annotations

import csv
import io

import pytest
import sqlalchemy as sa

from app.db import session, unit_of_work
from app.directory.models import Administration, Login, OnlineService, ServiceKind
from publish import pages
from publish.models import StoredPage
from tests.clients import PageClient
from tests.publish.press import Press

SUD, KONE, BOTH = "Déclarer un changement", "Demander un plan", "Écrire au maire"


@pytest.fixture
def three(press: Press) -> Press:
    """Besides the Sud's service, which is for who has NC Connect: a form of Koné's, a letter of both."""
    with unit_of_work() as current:
        sud, kone = (current.get_one(Administration, one) for one in (press.sud, press.nord))
        current.add_all(
            [
                OnlineService(slug="plan", title=KONE, kind=ServiceKind.FORM, url="https://kone.example/plan", owners=[kone]),
                OnlineService(slug="lettre", title=BOTH, kind=ServiceKind.LETTER_TEMPLATE, login=Login.OTHER,
                              url="https://kone.example/lettre", owners=[sud, kone]),
            ]
        )  # fmt: skip
    return press


def shown(client: PageClient, query: str) -> list[str]:
    page = client.get(f"/demarches{query}")
    return [title for title in (SUD, KONE, BOTH) if title in page.main]


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", [SUD, KONE, BOTH]),
        ("?genre=&administration=&theme=&compte=", [SUD, KONE, BOTH]),
        ("?fbclid=abc", [SUD, KONE, BOTH]),
        ("?genre=form", [KONE]),
        ("?compte=nc_connect", [SUD]),
        ("?administration=kone", [KONE, BOTH]),
        ("?administration=kone&compte=other", [BOTH]),
        ("?theme=logement", [SUD]),
        ("?theme=logement&genre=form", []),
        ("?theme=inconnu", []),
        ("?genre=zzz", []),
        ("?compte=%27%20OR%201=1--", []),
        ("?administration=" + "a" * 1500, []),
    ],
)
def test_the_list_is_narrowed_by_its_address(
    three: Press, client: PageClient, query: str, titles: list[str]
) -> None:
    three.published()
    assert shown(client, query) == titles
    main = client.get(f"/demarches{query}").main
    count = len(titles)
    narrowed = client.get(f"/demarches{query}").response.headers["Cache-Control"] == "no-store"
    words = ("Aucune démarche trouvée", "1 démarche trouvée", f"{count} démarches trouvées")[min(count, 2)]
    assert (words if narrowed else f"{count} démarches") in main
    assert ("Aucune démarche ne répond" in main) == (not titles)


def test_only_the_bare_list_is_stored(three: Press, client: PageClient) -> None:
    bare = client.http.get("/demarches")
    assert bare.headers["Cache-Control"].startswith("public") and "ETag" in bare.headers
    whole = client.get("/demarches")
    assert "/demarches.csv" in whole.links() and "Licence Ouverte 2.0" in whole.main
    asked = client.get("/demarches?genre=form")
    assert asked.response.headers["Cache-Control"] == "no-store" and 'content="noindex"' in asked.source
    assert "Set-Cookie" not in asked.response.headers
    assert client.http.get("/demarches").data == bare.data
    with unit_of_work() as current:
        kept = set(current.scalars(sa.select(StoredPage.path)))
    assert not {path for path in kept if "?" in path}
    chosen = [one.get("value") for one in asked.all("option") if "selected" in one.attrib]
    assert chosen == ["form"]


def test_only_what_a_service_has_can_be_chosen(three: Press, client: PageClient) -> None:
    three.published()
    page = client.get("/demarches")
    values = {one.get("value") for one in page.all("option")} - {""}
    assert values == {
        "logement", "online_procedure", "form", "letter_template", "province-du-sud", "kone", "nc_connect", "none",
        "other",
    }  # fmt: skip


def test_the_table_opens_in_a_spreadsheet_and_runs_nothing(three: Press, client: PageClient) -> None:
    with unit_of_work() as current:
        service = current.scalars(sa.select(OnlineService).filter_by(slug="plan")).one()
        service.title, service.summary = (
            '=HYPERLINK("https://mal.example")',
            "-1+cmd|' /C calc'!A0; \"deux\"\nlignes",
        )
        service.outage = "@somme(A1)"
    answer = client.http.get("/demarches.csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.data.startswith(b"\xef\xbb\xbf") and answer.headers["Cache-Control"].startswith("public")
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))
    assert len(rows) == 3 and {row["licence"] for row in rows} == {"Licence Ouverte 2.0"}
    assert not [
        cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    ]
    (plan,) = [row for row in rows if row["identifiant"] == "plan"]
    assert plan["intitule"] == '\'=HYPERLINK("https://mal.example")' and "lignes" in plan["resume"]
    (sud,) = [row for row in rows if row["identifiant"] == "declarer-un-changement"]
    assert (
        sud["adresse"] == "https://www.sud.example/changement" and sud["telephone_du_guichet"] == "20 00 30"
    )
    assert sud["page"].endswith("/aller/declarer-un-changement")


def test_the_table_follows_the_directory(three: Press, client: PageClient) -> None:
    before = client.http.get("/demarches.csv").data
    three.published()
    with unit_of_work():
        session().scalars(
            sa.select(OnlineService).filter_by(slug="plan")
        ).one().title = "Demander le grand plan"
    three.published("Une autre fiche")
    pages.shelf(client.app).look()
    after = client.http.get("/demarches.csv").data.decode()
    assert "le grand plan" in after and "le grand plan" not in before.decode()
