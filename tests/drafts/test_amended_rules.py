"""The rules of plain French as an administrator changes them: over the shipped file, tried before they count, never broken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import db as database
from app.audit import AuditEntry
from app.db import Database, reading, session, unit_of_work
from app.errors import Invalid, MovedOn, Refused
from app.policy import Actor, PortalRole
from drafts import amending, amendments
from drafts.amending import RuleWords
from drafts.child import Child
from drafts.glossary_models import RuleAmendment
from drafts.plain_french.amended import amended, entry_of
from drafts.plain_french.reading import Reader, findings
from drafts.plain_french.rules import RuleCode, Rules, house_rules
from drafts.plain_french.subset import PatternFault, pattern_fault
from drafts.plain_french.trying import example_faults, tree_of
from tests import makers
from tests.drafts.plain_french_corpus import WORKED, items

LONG = RuleCode.LONG_SENTENCE
SENTENCE = "Vous devez, afin de vous inscrire, écrire à la CAFAT."


@pytest.fixture(autouse=True)
def _end_child() -> Iterator[None]:
    yield
    amending.close()


@pytest.fixture
def admin(db: Database) -> Actor:
    with unit_of_work():
        return makers.make_agent(makers.make_administration(), PortalRole.ADMINISTRATOR)


def words(code: RuleCode, **typed: Any) -> RuleWords:
    """The form of a rule that nobody has changed, but for what is typed."""
    entry = entry_of(code)
    numbers = {key: entry["how"].get(key) for key in amending.NUMBERS}
    return RuleWords(
        **{"is_on": True, "name": entry["name"], "why": entry["why"], "numbers": numbers, **typed}
    )


def change(actor: Actor, code: RuleCode, seen: int, **typed: Any) -> None:
    found = amending.change_of(code, words(code, **typed))
    amending.held(code, found)
    with unit_of_work():
        amending.amend(actor, code, seen, found, "Pour essayer.")


def found_in(rules: Rules, text: str, kind: str = "sentence") -> list[tuple[str, str]]:
    return [(str(one.rule), one.words) for one in findings(tree_of(kind, text), rules)]


# Patterns


def test_every_shipped_formula_may_be_written_by_a_person() -> None:
    rules = house_rules()
    says = [one["say"] for one in rules[RuleCode.FORMULA].how["formulae"]]
    assert [say for say in says if pattern_fault(say, rules.notations)] == []


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        ("", PatternFault.EMPTY), ("a" * 301, PatternFault.TOO_LONG), (r"mot\b", PatternFault.STRANGE),
        ("(?<!x)mot", PatternFault.STRANGE), ("(?P<n>mot)", PatternFault.STRANGE), ("(?i)mot", PatternFault.STRANGE),
        ("(?>mot)", PatternFault.STRANGE), ("^mot", PatternFault.STRANGE), ("mot)", PatternFault.BROKEN),
        ("(mot", PatternFault.BROKEN), ("mot++", PatternFault.BROKEN), ("mot*?", PatternFault.BROKEN),
        ("{zz}", PatternFault.BROKEN), ("(?!a)*", PatternFault.BROKEN), ("[a ]", PatternFault.SET), ("[a’]", PatternFault.SET),
        ("(?:a|b)*", PatternFault.ENDLESS), ("(?:mot){2,}", PatternFault.ENDLESS), ("{de}+", PatternFault.ENDLESS),
    ],
)  # fmt: skip
def test_a_pattern_outside_the_common_part_is_refused(pattern: str, fault: PatternFault) -> None:
    assert pattern_fault(pattern, house_rules().notations) is fault


# What a change does


def test_without_a_change_the_rules_are_those_of_the_release() -> None:
    assert Rules(amended({})).digest == house_rules().digest


def test_a_change_is_told_over_the_release() -> None:
    told: dict[RuleCode, dict[str, Any]] = {
        LONG: {"numbers": {"max_words": 5}},
        RuleCode.FORMULA: {"formulae": [{"say": "il appert {que}", "better": "on voit que"}], "formulae_out": ["afin {de}"]},
        RuleCode.ACRONYM: {"known": ["CAFAT"], "known_out": ["PDF"]},
        RuleCode.PASSIVE: {"exceptions": ["délivré"], "name": "Qui agit", "why": "Dites-le."},
    }  # fmt: skip
    rules = Rules(amended(told))
    assert found_in(rules, SENTENCE) == [(str(LONG), SENTENCE)]
    assert ("formula", "Il appert que") in found_in(rules, "Il appert que non.")
    assert ("acronym", "PDF") in found_in(rules, "Un PDF.")
    assert found_in(rules, "La carte est délivrée.") == []
    assert (rules[RuleCode.PASSIVE].name, rules[RuleCode.PASSIVE].why) == ("Qui agit", "Dites-le.")
    # The shipped rules know nothing of it.
    assert ("formula", "afin de") in found_in(house_rules(), SENTENCE)


def test_what_a_release_no_longer_has_is_passed_over() -> None:
    told: dict[RuleCode, dict[str, Any]] = {
        LONG: {"numbers": {"most_signs": 3}, "wrong_out": ["Une phrase d’autrefois."], "formulae": []}
    }
    assert found_in(Rules(amended(told)), "Venez tôt.") == []


EVERYTHING = Reader()


@settings(max_examples=40, deadline=None)
@given(
    off=st.sets(st.sampled_from(list(RuleCode))),
    text=st.one_of(
        st.sampled_from([str(item["text"]) for item in items(WORKED)]),
        st.text(max_size=200),
        st.just(SENTENCE),
    ),
    kind=st.sampled_from(["sentence", "heading", "link"]),
)
def test_a_rule_that_is_off_finds_nothing_and_hides_nothing_else(
    off: set[RuleCode], text: str, kind: str
) -> None:
    tree = tree_of(kind, text)
    everything = EVERYTHING.findings(tree)
    rules = Rules(amended({code: {"off": True} for code in off}))
    assert findings(tree, rules) == tuple(one for one in everything if one.rule not in off)


# The trial


def test_the_shipped_rules_hold() -> None:
    assert list(example_faults(house_rules())) == []


def test_a_change_takes_effect_and_leaves_its_trace(admin: Actor) -> None:
    with reading():
        before = amendments.rules_in_force()
        assert before.rules is house_rules() and amendments.rules_in_force() is before
    change(
        admin, RuleCode.FORMULA, 0, formulae="il appert {que} = on voit que\nin petto : dites-le simplement"
    )
    with reading():
        now = amendments.rules_in_force()
        assert amendments.rules_in_force() is now and now.number > before.number
        assert ("formula", "il appert que") in found_in(now.rules, "Mais il appert que non.")
        row = session().query(RuleAmendment).one()
        assert (row.rule, row.number, row.person_id, row.reason) == ("formula", 1, admin.id, "Pour essayer.")
        assert row.change["formulae"][1] == {"say": "in petto", "rather": "dites-le simplement"}
        entry = session().query(AuditEntry).filter_by(object_kind="plain_french_rule").one()
        assert (entry.act, entry.object_id, entry.detail) == (
            "amend_rule",
            "formula",
            {"number": 1, "parts": ["formulae"]},
        )
    with unit_of_work():
        amending.restore(admin, RuleCode.FORMULA, 1, "")
    with reading():
        assert amendments.rules_in_force().rules is house_rules()
        assert session().query(RuleAmendment).count() == 2


@pytest.mark.parametrize(
    ("code", "typed", "field", "names"),
    [
        (LONG, {"numbers": {"max_words": 20}}, "right_out", "L’aide peut aller"),
        (LONG, {"right": SENTENCE, "numbers": {"max_words": 5}, "right_out": [one["text"] for one in entry_of(LONG)["right"]]}, "right", "afin de vous"),
        (RuleCode.FORMULA, {"wrong": "Venez quand même. | quand même"}, "wrong", "Venez quand même."),
        (RuleCode.ACRONYM, {"known": "CAFAT"}, "wrong_out", "Adressez-vous à la CAFAT."),
    ],
)  # fmt: skip
def test_an_example_that_does_not_hold_is_named(
    admin: Actor, code: RuleCode, typed: dict[str, Any], field: str, names: str
) -> None:
    with pytest.raises(Invalid, match="ne tient pas") as caught:
        change(admin, code, 0, **typed)
    assert caught.value.detail["field"] == field and names in caught.value.message
    with reading():
        assert amendments.rules_in_force().rules is house_rules()


def test_with_the_example_taken_away_it_holds(admin: Actor) -> None:
    texts = [one["text"] for one in entry_of(LONG)["right"]]
    change(admin, LONG, 0, numbers={"max_words": 20}, right_out=texts[1:])
    with reading():
        assert amendments.rules_in_force().rules[LONG].how["max_words"] == 20


def test_a_formula_without_an_end_is_ended_and_named(admin: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    short = Child(seconds=8.0, memory=amending.MEMORY, longest=2**23, module="drafts.plain_french.trying")
    monkeypatch.setattr(amending, "_tester", short)
    with pytest.raises(Invalid, match="trop de travail") as caught:
        change(admin, RuleCode.FORMULA, 0, formulae="aa(?:a|aa){0,90}z = b")
    assert caught.value.detail["field"] == "formulae" and "(?:a|aa)" in caught.value.message


@pytest.mark.parametrize(
    ("code", "typed", "field"),
    [
        (LONG, {"numbers": {"max_words": 2}}, "max_words"),
        (RuleCode.FORMULA, {"formulae": "sans rien"}, "formulae"),
        (RuleCode.FORMULA, {"formulae": "12 = douze"}, "formulae"),
        (RuleCode.FORMULA, {"formulae": "un (?:mot)* = un"}, "formulae"),
        (RuleCode.FORMULA, {"formulae": "un mot = un\nun mot = deux"}, "formulae"),
        (RuleCode.FORMULA, {"formulae_out": "que personne n’a écrit"}, "formulae_out"),
        (RuleCode.FORMULA, {"formulae": "\n".join(f"mot {n} = {n}" for n in range(301))}, "formulae"),
        (RuleCode.PASSIVE, {"exceptions": "deux mots"}, "exceptions"),
        (RuleCode.ACRONYM, {"known_out": "ZZZ"}, "known_out"),
        (LONG, {"right": "un | deux"}, "right"),
        (LONG, {"wrong": "un texte | qui n’y est pas"}, "wrong"),
        (LONG, {"why": "a" * 401}, "why"),
    ],
)
def test_what_is_no_change_is_refused_where_it_was_typed(
    code: RuleCode, typed: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        amending.change_of(code, words(code, **typed))
    assert caught.value.detail["field"] == field


def test_of_two_administrators_the_second_hears_of_the_first(admin: Actor) -> None:
    off = amending.change_of(LONG, words(LONG, is_on=False))
    with unit_of_work():
        amending.amend(admin, LONG, 0, off, "Un essai.")
    with pytest.raises(MovedOn), unit_of_work():
        amending.amend(admin, LONG, 0, {"numbers": {"max_words": 30}}, "Un autre.")
    with pytest.raises(Invalid), unit_of_work():
        amending.amend(admin, LONG, 1, off, "La même chose.")
    with pytest.raises(Invalid), unit_of_work():
        amending.amend(admin, LONG, 1, {}, " ")
    with unit_of_work():
        amending.restore(admin, LONG, 1, "")
    with pytest.raises(MovedOn), unit_of_work():
        amending.restore(admin, LONG, 2, "")


def test_nobody_else_changes_a_rule(admin: Actor) -> None:
    with unit_of_work():
        editor = makers.make_agent(makers.make_administration(), PortalRole.PORTAL_EDITOR)
    for verb in (
        lambda: amending.amend(editor, LONG, 0, {"off": True}, "Parce que."),
        lambda: amending.restore(editor, LONG, 0, ""),
    ):
        with pytest.raises(Refused), unit_of_work():
            verb()


def test_what_was_never_committed_is_not_remembered(admin: Actor) -> None:
    with pytest.raises(ZeroDivisionError), unit_of_work():
        amending.amend(admin, LONG, 0, {"off": True}, "Un essai.")
        assert amendments.rules_in_force().rules.off == {LONG}
        raise ZeroDivisionError
    with unit_of_work():
        amending.amend(admin, RuleCode.PASSIVE, 0, {"off": True}, "Un autre essai.")
    with reading():
        assert amendments.rules_in_force().rules.off == {RuleCode.PASSIVE}


def test_a_change_that_a_release_broke_leaves_the_others_in_force(admin: Actor) -> None:
    with unit_of_work():
        amending.amend(admin, LONG, 0, {"off": True}, "Un essai.")
        amending.amend(
            admin, RuleCode.FORMULA, 0, {"formulae": [{"say": "(sans fin", "better": "x"}]}, "D’autrefois."
        )
    with reading():
        now = amendments.rules_in_force()
        assert now.rules.off == {LONG} and set(now.changes) == {LONG}
        assert ("formula", "afin de") in found_in(now.rules, SENTENCE)


def test_the_database_counts_the_changes_of_a_rule(admin: Actor) -> None:
    with unit_of_work():
        amending.amend(admin, LONG, 0, {"off": True}, "Un essai.")
    assert not database.is_writing()
    with pytest.raises(MovedOn), unit_of_work(), database.unless_somebody_was_first("trop tard"):
        session().add(RuleAmendment(rule=LONG, number=1, change={}, reason="Encore.", at=makers.clock.now()))
