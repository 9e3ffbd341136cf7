"""The glossary: who writes and who proposes, one word once, and where its words are found in a text."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from app import clock
from app.audit import AuditEntry
from app.db import Database, OutboxRow, reading, session, unit_of_work
from app.errors import Invalid, MovedOn, RateLimited, Refused
from app.policy import Act, Actor, PortalRole, acts_for
from app.waiting import waiting_for
from drafts import glossary, glossary_queries
from drafts.glossary import TermWords
from drafts.glossary_models import GlossaryTerm, TermStatus
from drafts.plain_french.terms import Entry, Terms
from tests import makers

QUITTANCE = TermWords("quittance", "Papier qui prouve que vous avez payé.")


@dataclass(frozen=True)
class People:
    editor: Actor
    admin: Actor
    agent: Actor
    other: Actor


@pytest.fixture
def people(db: Database) -> People:
    with unit_of_work():
        place = makers.make_administration()
        return People(
            makers.make_agent(place, PortalRole.PORTAL_EDITOR), makers.make_agent(place, PortalRole.ADMINISTRATOR),
            makers.make_agent(place), makers.make_agent(place),
        )  # fmt: skip


def written(actor: Actor, given: TermWords = QUITTANCE) -> int:
    with unit_of_work():
        return glossary.write(actor, given).id


def acts() -> list[str]:
    with reading():
        query = sa.select(AuditEntry.act).where(AuditEntry.object_kind == "glossary_term")
        return list(session().scalars(query.order_by(AuditEntry.id)))


def news() -> int:
    with reading():
        query = sa.select(sa.func.count()).where(OutboxRow.name == "drafts.glossary_changed")
        return session().scalar(query) or 0


def terms() -> list[str]:
    with reading():
        return [line.term for line in glossary_queries.public()]


# Verbs


def test_a_word_lives_is_withdrawn_and_comes_back(people: People) -> None:
    number = written(people.editor)
    with unit_of_work():
        glossary.change(
            people.admin, number, 1, TermWords("quittance", "Papier qui prouve un paiement.", "reçu")
        )
    with unit_of_work():
        glossary.withdraw(people.editor, number, 2, "Plus personne ne l’emploie.")
    assert terms() == []
    with pytest.raises(Invalid, match="a été retiré"):
        written(people.editor)
    with unit_of_work():
        glossary.put_back(people.editor, number, 3)
    assert terms() == ["quittance"] and news() == 4
    assert acts() == ["write_term", "change_term", "withdraw_term", "put_back_term"]


def test_a_proposal_is_accepted_as_it_was_corrected(people: People) -> None:
    with unit_of_work():
        number = glossary.propose(people.agent, TermWords("quitance", "Un papier.")).id
    with reading():
        assert [one.about for one in waiting_for(people.editor) if "glossaire" in one.href] == ["quitance"]
        assert not [one for one in waiting_for(people.agent) if "glossaire" in one.href]
    assert terms() == [] and news() == 0
    with pytest.raises(Refused), unit_of_work():
        glossary.accept(people.agent, number, 1, QUITTANCE)
    with unit_of_work():
        glossary.accept(people.editor, number, 1, QUITTANCE)
    assert terms() == ["quittance"] and news() == 1
    with pytest.raises(MovedOn), unit_of_work():
        glossary.refuse(people.editor, number, 2, "Trop tard.")


def test_a_refusal_says_why_to_who_proposed(people: People) -> None:
    with unit_of_work():
        number = glossary.propose(people.agent, QUITTANCE).id
    with pytest.raises(Invalid), unit_of_work():
        glossary.refuse(people.editor, number, 1, " ")
    with unit_of_work():
        glossary.refuse(people.editor, number, 1, "Tout le monde le comprend.")
    with reading():
        row = session().get_one(GlossaryTerm, number)
        assert Act.GLOSSARY_SEE in acts_for(people.agent, row) and not acts_for(people.other, row)
        (line,) = glossary_queries.glossary_page(people.agent).refused
        assert line.reason == "Tout le monde le comprend."
    # It may be proposed again, and written.
    with unit_of_work():
        glossary.propose(people.agent, QUITTANCE)


def test_an_agent_proposes_and_does_not_write(people: People) -> None:
    number = written(people.editor)
    for verb in (
        lambda: glossary.write(people.agent, TermWords("reçu", "Un papier.")),
        lambda: glossary.change(people.agent, number, 1, QUITTANCE),
        lambda: glossary.withdraw(people.agent, number, 1, "Non."),
    ):
        with pytest.raises(Refused), unit_of_work():
            verb()


def test_one_person_does_not_fill_the_queue(people: People) -> None:
    with unit_of_work():
        for number in range(glossary.MOST_WAITING_OF_ONE):
            glossary.propose(people.agent, TermWords(f"mot {number}", "Un mot."))
    with pytest.raises(RateLimited), unit_of_work():
        glossary.propose(people.agent, QUITTANCE)
    with unit_of_work():
        glossary.propose(people.other, QUITTANCE)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (TermWords("", "Une chose."), "term"),
        (TermWords("…", "Une chose."), "term"),
        (TermWords("a" * 81, "Une chose."), "term"),
        (TermWords("mot", ""), "definition"),
        (TermWords("mot", "a" * 301), "definition"),
        (TermWords("mot", "Une chose.", source_url="javascript:alert(1)"), "source_url"),
        (TermWords("mot", "Une chose.", forms=",".join(f"f{n}" for n in range(11))), "forms"),
        (TermWords("Quittancé", "Une chose."), "term"),
        (TermWords("papier", "Une chose.", forms="quittance"), "forms"),
        (TermWords("reçu", "Une chose."), "term"),
    ],
)
def test_what_is_no_word_is_refused(people: People, given: TermWords, field: str) -> None:
    written(people.editor, TermWords("quittancé", "Un papier.", forms="reçu, quittance"))
    with pytest.raises(Invalid) as caught:
        written(people.editor, given)
    assert caught.value.detail["field"] == field


def test_the_database_refuses_a_word_twice(people: People) -> None:
    written(people.editor)
    now = clock.now()
    with pytest.raises(sa.exc.IntegrityError), unit_of_work():
        session().add(
            GlossaryTerm(
                key="quittance",
                term="Quittance",
                forms=[],
                definition="Un papier.",
                status=TermStatus.LIVE,
                written_at=now,
                changed_at=now,
            )  # fmt: skip
        )


@pytest.mark.parametrize(
    ("term", "key"),
    [
        ("Avis d’imposition", "avis-d-imposition"),
        ("avis d'imposition", "avis-d-imposition"),
        ("cœur", "coeur"),
        ("État-civil", "etat-civil"),
    ],
)
def test_one_word_has_one_key(term: str, key: str) -> None:
    assert glossary.key_of(term) == key


# In texts

WORDS = Terms(
    (
        Entry("cafat", "CAFAT", (), "La caisse.", "caisse des familles"),
        Entry("etat-civil", "état civil", (), "Le registre."),
        Entry("etat", "état", (), "L’administration."),
        Entry("tribunal", "tribunal", (), "Où l’on juge."),
        Entry("ayant-droit", "ayant droit", ("ayants droit",), "Une personne."),
        Entry("avis-d-imposition", "avis d’imposition", (), "Un papier."),
    )
)


def spans(text: str, words: Terms = WORDS) -> list[tuple[str, str]]:
    raw = text.encode("utf-16-le")
    return [
        (one.entry.key, raw[2 * one.start : 2 * one.end].decode("utf-16-le")) for one in words.terms_in(text)
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("La CAFAT rembourse.", [("cafat", "CAFAT")]),
        ("la cafat, Cafat, CAFATS, CAFAT-NC", []),
        ("À l’état civil", [("etat-civil", "état civil")]),
        ("L’État-civil, les états", [("etat-civil", "État-civil"), ("etat", "états")]),
        ("l’état-major, constater, états. civil", [("etat", "états")]),
        ("Les tribunaux et un tribunal.", [("tribunal", "tribunaux"), ("tribunal", "tribunal")]),
        (
            "🌴 les ayants droit et l’ayant\u00a0droit",
            [("ayant-droit", "ayants droit"), ("ayant-droit", "ayant\u00a0droit")],
        ),
        ("votre avis d'imposition", [("avis-d-imposition", "avis d'imposition")]),
        ("", []),
    ],
)
def test_words_are_found_whole_in_the_plural_and_as_they_are_written(
    text: str, found: list[tuple[str, str]]
) -> None:
    assert spans(text) == found


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from(["CAFAT", "état", "civil", "’", "-", " ", "🌴", "tribunaux", ".", "ayants", "droit"])
    )
)
def test_places_are_in_order_within_the_text_and_never_overlap(parts: list[str]) -> None:
    text, done = "".join(parts), 0
    for one in WORDS.terms_in(text):
        assert done <= one.start < one.end <= len(text.encode("utf-16-le")) // 2
        done = one.end


def test_a_thousand_words_cost_no_more_than_ten() -> None:
    """Steps, not seconds: the table is asked once for each word of the text."""
    many = Terms(tuple(Entry(f"k{n}", f"chose {n}", (), "x") for n in range(1000)) + WORDS.entries)
    assert spans("La CAFAT et la chose 12.", many) == [("cafat", "CAFAT"), ("k12", "chose 12")]


def test_the_dictionary_is_made_once_for_each_state(people: People) -> None:
    with reading():
        empty = glossary_queries.dictionary()
        assert glossary_queries.dictionary() is empty and empty.number == 0
    written(people.editor, TermWords("CAFAT", "La caisse.", spelled_out="Caisse des familles"))
    with reading():
        now = glossary_queries.dictionary()
        assert glossary_queries.dictionary() is now and now.number == 1
        assert now.terms.known == {"CAFAT": "Caisse des familles"}
