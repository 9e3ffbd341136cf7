"""Words that bend oddly, words typed wrongly, and words that mean the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.db import reading, session, unit_of_work
from app.errors import Invalid, Missing, MovedOn, Refused
from app.jobs import Lease
from publish import asking, search, spelling, synonyms
from publish.search_models import SearchSynonym
from publish.words import stems
from tests.clients import PageClient
from tests.publish.fates_world import make_life
from tests.publish.press import Press
from tests.publish.test_search import article, titles_for

LETTERS = st.text("abcdeinrst", min_size=5, max_size=12)


@pytest.mark.parametrize(("one", "other"), [
    ("perdu", "perdre"), ("j'inscris", "inscription"), ("inscrit", "inscrire"), ("reçois", "recevoir"), ("paie", "payer"),
    ("paye", "payer"), ("construit", "construire"), ("meurt", "mourir"), ("obtiens", "obtenir"), ("éteints", "éteindre"),
    ("revenus", "revenu"), ("travaux", "travail"), ("colis", "coli"),
])  # fmt: skip
def test_forms_of_one_word_meet(one: str, other: str) -> None:
    if other == "inscription":
        assert not stems("inscris") & stems(other), (
            "a noun is no form of the verb: the list of synonyms has it"
        )
    else:
        assert stems(one) & stems(other)


@pytest.mark.parametrize(("one", "other", "errors"), [
    ("cantine", "cantine", 0), ("cantinne", "cantine", 1), ("catnine", "cantine", 1), ("cantin", "cantine", 1),
    ("kantine", "cantine", 1), ("nrod", "nord", 1), ("", "abc", 3), ("siclone", "cyclone", 2),
])  # fmt: skip
def test_distance(one: str, other: str, errors: int) -> None:
    assert spelling.distance(one, other) == spelling.distance(other, one) == errors


@pytest.mark.parametrize(("one", "other"), [
    ("siclone", "cyclone"), ("fizik", "physique"), ("bource", "bourse"), ("chomaje", "chomage"), ("gato", "gateau"),
])  # fmt: skip
def test_words_that_sound_alike(one: str, other: str) -> None:
    assert spelling.sound(one) == spelling.sound(other)


@given(LETTERS, st.data())
@settings(max_examples=300, deadline=None)
def test_no_word_that_is_near_is_overlooked_by_its_pairs_of_letters(word: str, data: st.DataObject) -> None:
    """One error spoils two pairs of letters, three where neighbours changed places: the filter asks for no more."""
    typed = word
    for _error in range(spelling.allowed(len(word))):
        at = data.draw(st.integers(0, len(typed) - 2))
        kind = data.draw(st.sampled_from(["drop", "double", "wrong", "swap"]))
        left, right = typed[:at], typed[at + 1 :]
        if kind == "drop":
            typed = left + right
        elif kind == "double":
            typed = left + typed[at] * 2 + right
        elif kind == "wrong":
            typed = left + "z" + right
        else:
            typed = typed[:at] + typed[at + 1] + typed[at] + typed[at + 2 :]
    pairs = spelling.grams(typed)
    assert len(pairs & spelling.grams(word)) >= len(pairs) - 3 * spelling.allowed(len(word))


@pytest.mark.parametrize(
    "typed", ["demenagment", "démenagemant", "déménagememt", "demengaement", "DEMENAGEMMENT"]
)
def test_a_word_typed_wrongly_is_understood_and_said(press: Press, client: PageClient, typed: str) -> None:
    article(press, "Votre déménagement", "Un texte.")
    article(press, "Chasser le cerf", "Un texte.")
    page = client.get("/recherche", query_string={"q": typed})
    assert "/fiches/votre-demenagement" in page.links()
    assert f"Aucune fiche ne contient « {typed} »" in page.main
    assert "voici ce qui répond à « déménagement »" in page.main
    assert [item.text for item in page.all("mark")] == ["déménagement"]
    # Who meant what they typed is believed.
    (literally,) = [href for href in page.links() if "exact=1" in href]
    assert "/fiches/votre-demenagement" not in client.get(literally).links()


def test_others_that_are_as_near_are_proposed(press: Press, client: PageClient) -> None:
    for title in ("Le fort", "Le port", "Le portail"):
        article(press, title, "Un texte.")
    page = client.get("/recherche?q=kort")
    assert "voici ce qui répond à « fort »" in page.main and "Vouliez-vous dire : port ?" in page.main
    assert (
        "/fiches/le-port" in client.get("/recherche?q=port").links() and "/recherche?q=port" in page.links()
    )


def test_a_word_that_no_live_article_has_is_never_proposed(press: Press, client: PageClient) -> None:
    """What is masked is not told by way of what one may have meant."""
    life = make_life(press, "Le saxophone")
    assert "saxophone" in client.get("/recherche?q=saxofone").main
    life.mask()
    assert "saxophone" not in client.get("/recherche?q=saxofone").main


def test_how_much_is_guessed_is_bounded(press: Press, monkeypatch: pytest.MonkeyPatch) -> None:
    press.published()
    asked: list[str] = []
    candidates = spelling.candidates
    monkeypatch.setattr(spelling, "candidates", lambda typed: asked.append(typed) or candidates(typed))
    with reading():
        search.search(" ".join(f"zzzz{chr(97 + number)}wwww" for number in range(30)))
    assert len(asked) == asking.MOST_GUESSED


# Words that mean the same.


def have(*lines: str) -> None:
    with unit_of_work():
        session().add_all(SearchSynonym(words=line) for line in lines)


def test_an_acronym_finds_its_words_and_they_find_the_acronym(press: Press) -> None:
    article(press, "L’aide médicale gratuite", "Un texte.")
    article(press, "Une aide gratuite", "Pour un appareil médical.")
    article(press, "Demander l’AMG", "Un texte.")
    assert titles_for("amg") == ["Demander l’AMG"]
    have("AMG, aide médicale gratuite")
    assert titles_for("amg")[:2] == ["Demander l’AMG", "L’aide médicale gratuite"]
    assert titles_for("aides médicales gratuites")[:2] == ["L’aide médicale gratuite", "Demander l’AMG"]
    with reading():
        (hit,) = [hit for hit in search.search("amg").hits if hit.card.title.startswith("L’aide")]
    assert str(hit.title) == "L’<mark>aide</mark> <mark>médicale</mark> <mark>gratuite</mark>"


def test_the_word_itself_comes_before_what_means_the_same(press: Press) -> None:
    have("boulot, travail, emploi")
    article(press, "Un emploi", "Un texte.")
    article(press, "Le travail", "Un texte.")
    assert titles_for("travail") == ["Le travail", "Un emploi"] and titles_for("emplois") == [
        "Un emploi",
        "Le travail",
    ]
    assert set(titles_for("boulots")) == {"Un emploi", "Le travail"}


def test_an_acronym_typed_wrongly_is_understood(press: Press) -> None:
    have("ridet, numéro d’entreprise")
    article(press, "Le numéro d’entreprise", "Un texte.")
    assert titles_for("ridett") == ["Le numéro d’entreprise"]


def test_a_new_portal_starts_with_a_list_and_gets_it_once(press: Press) -> None:
    with unit_of_work():
        assert synonyms.put_first_list()
    with reading():
        words = {word for group in synonyms.groups() for word in group.words.split(", ")}
    assert {
        "cafat",
        "dittt",
        "ridet",
        "rcs",
        "cni",
        "amg",
        "denc",
        "smic",
        "smg",
        "jdc",
        "cci",
        "cma",
    } <= words
    with unit_of_work():
        session().query(SearchSynonym).delete()
        assert not synonyms.put_first_list() and session().get(Lease, synonyms.MARKER)
    with reading():
        assert synonyms.groups() == []


def test_every_line_of_the_first_list_could_be_typed_in(press: Press) -> None:
    with unit_of_work():
        synonyms.put_first_list()
    with reading():
        for group in synonyms.groups():
            assert synonyms._checked(group.words) == group.words


def test_a_portal_editor_keeps_the_list(press: Press, client: PageClient) -> None:
    article(press, "Un emploi", "Un texte.")
    client.sign_in(press.editor)
    client.get("/espace")
    assert client.page is not None and "/recherche/synonymes" in client.page.links()
    client.get("/recherche/synonymes")
    client.send("/recherche/synonymes", mots="boulot,  emploi ,emploi")
    assert "boulot, emploi" in client.follow().source
    assert titles_for("boulot") == ["Un emploi"]
    client.send("/recherche/synonymes/1", mots="turbin, emploi")
    client.follow()
    assert titles_for("boulot") == [] and titles_for("turbin") == ["Un emploi"]
    client.post(
        "/recherche/synonymes/1", {**client.page.form("/recherche/synonymes/1").values, "retirer": "1"}
    )
    client.follow()
    assert titles_for("turbin") == []


@pytest.mark.parametrize("words", ["", "seul", " , ,", "le, la", "a" * 401, ", ".join(f"mot{n}" for n in range(16)),
                                   "un deux trois quatre cinq six sept, emploi"])  # fmt: skip
def test_a_line_that_is_none_is_refused_and_kept_to_be_mended(
    press: Press, client: PageClient, words: str
) -> None:
    have("boulot, emploi")
    client.sign_in(press.editor)
    for action in ("/recherche/synonymes", "/recherche/synonymes/1"):
        client.get("/recherche/synonymes")
        page = client.send(action, 422, mots=words)
        assert len(page.all("div", role="alert")) == 1
        assert (
            words[:400] in [field.get("value", "") for field in page.all("input", name="mots")]
            or len(words) > 400
        )
    with reading():
        assert [group.words for group in synonyms.groups()] == ["boulot, emploi"]


def test_nobody_else_keeps_the_list(press: Press, client: PageClient) -> None:
    for somebody in (press.writer, press.sud_reviewer):
        client.sign_out().sign_in(somebody)
        client.get("/recherche/synonymes", 403)
        client.get("/recherche/sans-resultat", 403)
        client.get("/espace")
        assert client.page is not None and "/recherche/synonymes" not in client.page.links()
        with pytest.raises(Refused), unit_of_work():
            synonyms.add(somebody, "boulot, emploi")
    with reading():
        assert synonyms.groups() == []


def test_a_line_that_somebody_changed_meanwhile_is_not_overwritten(press: Press) -> None:
    have("boulot, emploi")
    with unit_of_work():
        synonyms.change(press.editor, 1, "boulot, emploi", "turbin, emploi")
    for verb in (
        lambda: synonyms.change(press.editor, 1, "boulot, emploi", "job, emploi"),
        lambda: synonyms.remove(press.editor, 1, "boulot, emploi"),
    ):
        with pytest.raises(MovedOn), unit_of_work():
            verb()
    with pytest.raises(Missing), unit_of_work():
        synonyms.remove(press.editor, 2, "")


def test_the_list_has_an_end(press: Press, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synonyms, "MOST_GROUPS", 1)
    have("boulot, emploi")
    with pytest.raises(Invalid), unit_of_work():
        synonyms.add(press.editor, "job, emploi")
