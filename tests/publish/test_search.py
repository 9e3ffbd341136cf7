"""Search finds French words however they are bent, written or cut, and says what to do when it finds none."""

from __future__ import annotations

import pytest

from app.db import reading, session
from publish import postings, search
from publish.search_models import SearchTerm
from publish.words import Kin, kins, sought
from tests.clients import PageClient, parsed
from tests.publish.press import RICH, Press, block


def article(
    press: Press, title: str, lead: str, body: str = "Rien de plus.", **fields: object
) -> tuple[int, str]:
    tree = [block("lead", lead, id="b1"), block("paragraph", body, id="b2")]
    return press.published(title, tree, both=False, **{"themes": [], "life_events": [], **fields})


@pytest.mark.parametrize("query", [
    "déménagement", "demenagement", "DÉMÉNAGEMENTS", "déménager", "demenagera", "l’école", "l'ecole", "ecoles", "Écoles",
    "cantines scolaires", "d'élève", "oeuvres", "œuvre", "démén",
])  # fmt: skip
def test_accents_plurals_and_inflections(press: Press, client: PageClient, query: str) -> None:
    article(
        press,
        "Votre déménagement",
        "Changez l’école de vos enfants.",
        "Les cantines scolaires, les œuvres et l’élève.",
    )
    article(press, "Chasser le cerf", "Le permis de chasse.")
    # Not judged for its typing: the query comes back as it was typed, straight apostrophe and all.
    tree = parsed(client.http.get("/recherche", query_string={"q": query}).get_data(as_text=True))
    links = ["".join(link.itertext()) for link in tree.iter("a")]
    assert "Votre déménagement" in links and "Chasser le cerf" not in links
    assert list(tree.iter("mark")) or query == "démén"


def test_the_title_weighs_more_than_the_lead_and_the_lead_than_the_body(press: Press) -> None:
    article(press, "Quatre", "Un texte.", "On y parle du passeport, du passeport et du passeport.")
    article(press, "Trois", "Obtenir un passeport.")
    article(press, "Demander un passeport pour un enfant qui voyage sans ses parents", "Un texte.")
    article(press, "Le passeport", "Un texte.")
    with reading():
        titles = [hit.card.title for hit in search.search("passeports").hits]
    assert (
        titles[0] == "Le passeport" and titles[1].startswith("Demander") and titles[2:] == ["Trois", "Quatre"]
    )


def test_all_the_words_first_else_some_of_them(press: Press, client: PageClient) -> None:
    article(press, "Le permis de chasse", "Chasser le cerf.")
    article(press, "Le permis de conduire", "Conduire une voiture.")
    with reading():
        both = search.search("permis de conduire")
        some = search.search("permis de planeur")
    assert [hit.card.title for hit in both.hits] == ["Le permis de conduire"] and not both.is_partial
    assert len(some.hits) == 2 and some.is_partial
    assert "Aucune fiche ne contient tous vos mots" in client.get("/recherche?q=permis+de+planeur").main


def test_themes_administrations_and_services_are_found(press: Press, client: PageClient) -> None:
    article(press, "Une fiche", "Un texte.", themes=["retraite"])
    assert "Une fiche" in client.get("/recherche?q=retraites").main
    assert "Une fiche" in client.get("/recherche?q=province+du+sud").main
    page = client.get("/recherche?q=d%C3%A9clarer+un+changement")
    assert "Déclarer un changement" in page.main and "20 00 30" in page.main


def test_the_extract_shows_the_words_where_they_stand(press: Press, client: PageClient) -> None:
    article(press, "Une fiche", "Un texte.", "Mot. " * 100 + "Apportez la vignette verte. " + "Mot. " * 100)
    page = client.get("/recherche?q=vignettes")
    assert [item.text for item in page.all("mark")] == ["vignette"]
    assert "… " in page.main and "verte" in page.main and len(page.main) < 1500


def test_nothing_found_says_what_to_do(press: Press, client: PageClient) -> None:
    press.published()
    for query in ("xyzzy", "le la les", "?!", "😀"):
        page = client.get("/recherche", query_string={"q": query})
        assert {"/plan-du-site", "/administrations", "/#themes"} <= set(page.links()), query
    assert page.all("input", name="q")[0].get("value") == "😀"


def test_odd_queries_are_bounded(press: Press, client: PageClient) -> None:
    press.published()
    for query in ("a" * 5000, "mairie " * 1000, "%", "_", "%%__\\", "'; DROP TABLE article; --", "\x00", ""):
        client.get("/recherche", query_string={"q": query})
    for page in ("0", "-5", "99999999999999999999", "deux"):
        client.get("/recherche", query_string={"q": "mairie", "page": page})


def test_many_results_come_page_by_page(
    press: Press, client: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "PER_PAGE", 2)
    for number in range(5):
        article(press, f"Fiche numéro {number}", "Un cerf.")
    seen: list[str] = []
    for page in (1, 2, 3):
        found = client.get(f"/recherche?q=cerf&page={page}")
        assert "5 fiches trouvées" in found.main
        seen += [href for href in found.links() if href.startswith("/fiches/")]
    assert len(seen) == len(set(seen)) == 5


def test_a_new_edition_replaces_the_words_of_the_one_before(press: Press) -> None:
    draft_id, _slug = article(press, "Une fiche", "Un texte.", "Le mot obsolète.")
    press.rewrite(draft_id, RICH)
    press.again(draft_id, "Une autre lecture.")
    with reading():
        assert search.search("obsolète").total == 0 and search.search("carte grise").total == 1
        assert not session().query(SearchTerm).where(SearchTerm.stem.startswith("obsol")).count()


def test_what_is_looked_for_is_kept_by_nobody(press: Press, client: PageClient) -> None:
    answer = client.get("/recherche?q=divorce").response
    assert answer.headers["Cache-Control"] == "no-store" and "Set-Cookie" not in answer.headers


def titles_for(query: str) -> list[str]:
    with reading():
        return [hit.card.title for hit in search.search(query).hits]


def test_a_noun_is_not_the_verb_of_its_stem(press: Press) -> None:
    for number, words in enumerate(
        ("Où s’adresser ?", "Adressez-vous au guichet.", "L’aide s’adresse à tous.", "Un colis bien adressé.")
    ):
        article(press, f"Une fiche {number}", "Un texte.", words)
    # While nobody has the word itself, its relatives are better than nothing.
    assert len(titles_for("adresse")) == 4
    article(press, "À qui s’adresser", "Un texte.")
    article(press, "Un lieu", "Un texte.", "Laissez vos adresses.")
    article(press, "Un lieu connu", "Donnez votre nouvelle adresse.", "Puis adressez-la à la mairie.")
    article(press, "Changer d’adresse", "Un texte.")
    assert titles_for("adresses") == ["Changer d’adresse", "Un lieu connu", "À qui s’adresser", "Un lieu"]
    assert set(titles_for("s’adresser")[:5]) >= {"À qui s’adresser", "Une fiche 0"}


def test_a_relative_in_the_title_counts_where_the_text_has_the_word(press: Press) -> None:
    article(press, "Louer un camion", "Pour un déménagement ou un chantier.")
    article(press, "Déménager à Lifou", "Un texte.", "Le déménagement se fait par bateau.")
    article(press, "Déménager à Maré", "Un texte.")
    assert titles_for("déménagement") == ["Déménager à Lifou", "Louer un camion", "Déménager à Maré"]


@pytest.mark.parametrize(("typed", "written", "kin"), [
    ("adresse", "adresses", Kin.ITSELF), ("adresse", "l’adresse", Kin.ITSELF), ("adresse", "adressez", Kin.RELATIVE),
    ("adresse", "s’adresse", Kin.RELATIVE), ("s’adresse", "s’adresse", Kin.ITSELF), ("adresse", "adressée", Kin.RELATIVE),
    ("national", "nationaux", Kin.ITSELF), ("heureux", "heureuses", Kin.ITSELF), ("ecole", "Écoles", Kin.ITSELF),
    ("retraite", "retraité", Kin.RELATIVE), ("retraité", "retraitées", Kin.ITSELF), ("oeuvre", "œuvres", Kin.ITSELF),
    ("déménager", "déménagez", Kin.ITSELF), ("déménager", "déménagements", Kin.RELATIVE),
    ("déménagement", "déménager", Kin.RELATIVE), ("déclarer", "déclarations", Kin.RELATIVE), ("adresse", "maison", Kin.NONE),
    ("e\u0301cole", "école", Kin.ITSELF),
])  # fmt: skip
def test_kin(typed: str, written: str, kin: Kin) -> None:
    (word,) = sought(typed)
    assert word.best_in(f"Voici {written}.") is kin


def test_a_text_is_judged_for_all_words_at_once() -> None:
    wanted = sought("adresse permis planeur")
    assert kins("Adressez les permis, puis l’adresse.", wanted) == [Kin.ITSELF, Kin.ITSELF, Kin.NONE]
    assert kins("Adressez-vous ici.", wanted) == [Kin.RELATIVE, Kin.NONE, Kin.NONE]
    for text in ("Où s’adresser ? Le permis.", "", "Une adresse"):
        assert kins(text, wanted) == [word.best_in(text) for word in wanted]


def test_rows_that_are_too_many_to_read_do_not_hide_the_best(
    press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a word that too many articles have, those are read that are most about it, or have the rarer words too."""
    for number in range(6):
        article(press, f"Une fiche {number}", "Un texte.", f"Le passeport. {'Le cerf.' * (number == 4)}")
    article(press, "Le passeport", "Un texte.")
    assert len(titles_for("passeport")) == 7
    monkeypatch.setattr(postings, "MOST_ROWS", 3)
    assert titles_for("passeport")[0] == "Le passeport" and len(titles_for("passeport")) == 3
    assert titles_for("passeport cerf") == ["Une fiche 4"]


def test_an_extract_says_where_a_heading_and_a_cell_end(press: Press) -> None:
    press.published(title="Une fiche", themes=[], life_events=[])
    with reading():
        (hit,) = search.search("carte grise").hits
    assert (
        "Pièce · Délai · <mark>Carte</mark> <mark>grise</mark> · un mois · Un détail · Une ligne"
        in hit.extract
    )
    assert "… Fermé le lundi. Après · Pièce" in hit.extract


def test_an_extract_shows_the_word_itself_before_its_relatives(press: Press) -> None:
    far = "Rien ici. " * 40
    article(
        press, "Une fiche", "Adressez-vous à nous.", f"Adressez-le, adressez-la. {far} Votre adresse. {far}"
    )
    with reading():
        (hit,) = search.search("adresse").hits
    assert "Votre <mark>adresse</mark>." in hit.extract and "dressez" not in hit.extract
