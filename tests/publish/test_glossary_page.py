"""The words of the glossary in public: their page, beside the articles that use them, and for programs."""

from __future__ import annotations

from app import jobs
from app.db import reading, unit_of_work
from drafts import glossary
from drafts.glossary import TermWords
from publish import glossary_page, pages
from tests.clients import Page, PageClient
from tests.publish.press import Press, block, run

QUITTANCE = TermWords(
    "quittance",
    "Papier qui prouve que vous avez payé.",
    "reçu",
    source="Code civil",
    source_url="https://loi.example/1",
)
TREE = [
    block("lead", "Gardez vos quittances.", id="b1"),
    block("paragraph", "La quittance, et le bail.", id="b2"),
]


def public(client: PageClient, path: str, status: int = 200) -> Page:
    """A public page as a citizen finds it once the news are delivered and the process has looked."""
    jobs.deliver_outbox()
    pages.shelf(client.app).look()
    return client.get(path, status)


def written(press: Press, given: TermWords = QUITTANCE) -> int:
    with unit_of_work():
        return glossary.write(press.editor, given).id


def test_the_page_has_the_words_in_their_order(client: PageClient, press: Press) -> None:
    assert "Aucun mot n’est encore expliqué" in public(client, "/glossaire").main
    written(press)
    for term in ("état civil", "acte", "zone", "3 volets"):
        written(press, TermWords(term, f"Ce qu’est {term}."))
    written(press, TermWords("GDPL", "Un groupe.", spelled_out="groupement de droit particulier local"))
    page = public(client, "/glossaire")
    assert [one.get("id") for one in page.all("dt")] == [
        "3-volets",
        "acte",
        "etat-civil",
        "gdpl",
        "quittance",
        "zone",
    ]
    assert [one.get("id") for one in page.all("h2")] == [f"lettre-{name}" for name in ("0-9", *"AEGQZ")]
    assert "On dit aussi" in page.main and "https://loi.example/1" in page.links()
    assert "/glossaire" in public(client, "/plan-du-site").links()
    assert "/glossaire" in public(client, "/accessibilite").links()
    assert "/glossaire</loc>" in public(client, "/sitemap.xml").source


def test_an_article_explains_the_words_it_uses_and_another_does_not_change(
    client: PageClient, press: Press
) -> None:
    _draft, slug = press.published("Payer son loyer", TREE)
    _other, plain = press.published("Changer d’adresse")
    before = public(client, f"/fiches/{plain}").source
    assert not public(client, f"/fiches/{slug}").all("details")
    number = written(press)
    page = public(client, f"/fiches/{slug}")
    (details,) = page.all("details")
    assert "Papier qui prouve que vous avez payé." in "".join(details.itertext())
    assert page.links().count("/glossaire#quittance") == 1
    # Beside what was signed, not in it.
    assert not [one for article in page.all("article") for one in article.iter("details")]
    assert public(client, f"/fiches/{plain}").source == before
    with unit_of_work():
        glossary.withdraw(press.editor, number, 1, "Un essai.")
    assert not public(client, f"/fiches/{slug}").all("details")


def test_words_that_a_text_explains_itself_or_quotes_are_left_to_it(press: Press) -> None:
    written(press)
    definition = block(
        "definition", block("label", "Quittance", id="d2"), block("paragraph", "Un papier.", id="d3"), id="d1"
    )
    law = block("legal", "Loi sur la quittance", id="d4")
    gone = block("paragraph", run("La quittance", "deletion"), id="d5")
    with reading():
        assert [one.key for one in glossary_page.explained(TREE)] == ["quittance"]
        assert glossary_page.explained([*TREE, definition]) == ()
        assert glossary_page.explained([law]) == () and glossary_page.explained([gone]) == ()


def test_an_article_explains_eight_words_and_no_more(press: Press) -> None:
    for number in range(12):
        written(press, TermWords(f"notion {number}", "Une notion."))
    text = [block("paragraph", " puis ".join(f"notion {number}" for number in range(12)), id="b1")]
    with reading():
        found = [one.term for one in glossary_page.explained(text)]
    assert found == [f"notion {number}" for number in range(8)]


def test_programs_read_the_words(client: PageClient, press: Press) -> None:
    written(press)
    written(press, TermWords("acte", "Un papier."))
    first = client.get("/api/v1/glossary?limit=1").json
    assert [one["key"] for one in first["items"]] == ["acte"] and first["next"].endswith("after=acte")
    (item,) = client.get("/api/v1/glossary?after=acte").json["items"]
    assert item["forms"] == ["reçu"] and item["url"].endswith("/glossaire#quittance")
    assert "written_by" not in item
