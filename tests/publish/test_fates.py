"""What becomes of an article: by whom, after what, what is left of it, and what the database refuses."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from app import clock, jobs
from app.db import OutboxRow, reading, session, unit_of_work
from app.errors import DomainError, Invalid, MovedOn, Refused
from app.policy import ANONYMOUS, Actor
from drafts.models import Article, ArticleState
from publish import fates
from publish.fate_models import ArticleAct
from publish.fate_stages import BY_TWO, TRANSITIONS, Fate, fold, possible
from tests.drafts.review_world import refused_by_database
from tests.publish.fates_world import Life, make_life, told
from tests.publish.press import Press


@pytest.fixture
def life(press: Press) -> Life:
    return make_life(press)


def test_one_person_masks_for_three_days_and_it_comes_back_once(life: Life) -> None:
    life.mask()
    assert life.state is ArticleState.MASKED
    assert life.press.sud_reviewer.email in told("Fiche masquée")
    assert life.press.editor.email not in told("Fiche masquée")
    with clock.shifted(timedelta(hours=71, minutes=59)):
        jobs.sweep()
        assert life.state is ArticleState.MASKED
    with clock.shifted(timedelta(hours=72, minutes=1)):
        jobs.sweep(), jobs.sweep()
    assert life.state is ArticleState.LIVE
    assert life.deeds() == [Fate.PUBLISH, Fate.MASK, Fate.UNMASK]
    assert life.audited() == ["mask", "unmask"]
    assert len(told("De nouveau lisible")) == len(set(told("De nouveau lisible"))) > 0


def test_nobody_masks_the_same_edition_twice(life: Life) -> None:
    """Three days of one person's word are not six."""
    life.mask()
    with clock.shifted(timedelta(hours=73)):
        jobs.sweep()
        with pytest.raises(Refused):
            life.mask()
        life.mask(life.press.sud_reviewer)
        assert life.state is ArticleState.MASKED


def test_a_masked_withdrawn_page_comes_back_withdrawn(life: Life) -> None:
    life.decide(Fate.WITHDRAW)
    life.mask()
    with clock.shifted(timedelta(hours=73)):
        jobs.sweep()
    assert life.state is ArticleState.WITHDRAWN


def test_two_people_decide_before_the_three_days_are_over(life: Life) -> None:
    life.mask()
    life.decide(Fate.WITHDRAW)
    with clock.shifted(timedelta(hours=73)):
        jobs.sweep()
    assert life.state is ArticleState.WITHDRAWN and Fate.UNMASK not in life.deeds()


@pytest.mark.parametrize("first", ["editor", "sud_reviewer"])
def test_one_proposes_and_another_one_in_the_other_capacity_confirms(life: Life, first: str) -> None:
    press = life.press
    proposer, other = (getattr(press, first), press.sud_reviewer if first == "editor" else press.editor)
    same = life.second_editor if first == "editor" else life.second_reviewer
    number = life.propose(Fate.WITHDRAW, proposer)
    assert life.state is ArticleState.LIVE, "a proposal changes nothing"
    assert other.email in told("À confirmer") and proposer.email not in told("À confirmer")
    for somebody in (proposer, same, press.writer, press.nord_reviewer, ANONYMOUS):
        with pytest.raises(DomainError):
            life.confirm(number, somebody)
    assert life.state is ArticleState.LIVE
    life.confirm(number, other)
    assert life.state is ArticleState.WITHDRAWN
    assert life.audited() == ["propose", "withdraw"]
    with pytest.raises(MovedOn):
        life.confirm(number, other)
    with reading():
        news = (
            session().scalars(sa.select(OutboxRow).where(OutboxRow.name == "publish.article_changed")).all()
        )
    assert [row.payload["deed"] for row in news] == ["publish", "propose", "withdraw"]
    assert news[-1].payload["state"] == "withdrawn"


@pytest.mark.parametrize("who", ["writer", "nord_reviewer"])
def test_who_may_not_decide_changes_nothing(life: Life, who: str) -> None:
    somebody: Actor = getattr(life.press, who)
    before = life.deeds()
    with pytest.raises(DomainError):
        life.mask(somebody)
    for fate in sorted(BY_TWO):
        with pytest.raises(DomainError):
            life.propose(fate, somebody)
    assert life.deeds() == before and life.state is ArticleState.LIVE


def test_a_reason_is_asked_for(life: Life) -> None:
    for act in (lambda: life.mask(reason="  "), lambda: life.propose(Fate.REMOVE, reason=" ")):
        with pytest.raises(Invalid):
            act()
    assert life.deeds() == [Fate.PUBLISH]


def test_a_proposal_can_be_put_aside_and_one_waits_at_a_time(life: Life) -> None:
    number = life.propose(Fate.REMOVE)
    with pytest.raises(MovedOn):
        life.propose(Fate.WITHDRAW, life.press.editor)
    with unit_of_work():
        fates.decline(life.press.editor, life.article, number, "Elle sert encore.")
    assert life.press.sud_reviewer.email in told("Proposition écartée")
    with pytest.raises(MovedOn):
        life.confirm(number)
    life.decide(Fate.WITHDRAW)


def test_a_new_edition_is_not_what_was_to_be_withdrawn(press: Press, life: Life) -> None:
    number = life.propose(Fate.WITHDRAW)
    press.again(1)
    with pytest.raises(MovedOn):
        life.confirm(number)
    assert life.state is ArticleState.LIVE


def test_readers_are_sent_to_a_live_page_only_and_never_in_a_ring(press: Press, life: Life) -> None:
    second = make_life(press, "Déménager")
    third = make_life(press, "Partir")
    for target in ("", life.slug):
        with pytest.raises(Invalid):
            life.propose(Fate.REDIRECT, target=target)
    number = life.propose(Fate.REDIRECT, target=second.slug)
    # While the second person thinks about it, the target goes away itself.
    second.decide(Fate.REDIRECT, third.slug)
    with pytest.raises(Invalid):
        life.confirm(number)
    with unit_of_work():
        fates.decline(press.editor, life.article, number)
    life.decide(Fate.REDIRECT, third.slug)
    for ring in (life.slug, second.slug):
        with pytest.raises(Invalid):
            third.propose(Fate.REDIRECT, target=ring)


def test_what_leads_elsewhere_is_not_published_over(press: Press, life: Life) -> None:
    other = make_life(press, "Déménager")
    for fate, target in ((Fate.REDIRECT, other.slug), (Fate.REMOVE, "")):
        life.decide(fate, target)
        life.decide(Fate.RESTORE)
        assert life.state is ArticleState.LIVE
    life.decide(Fate.REMOVE)


def test_the_database_holds_what_the_verbs_promise(press: Press, life: Life) -> None:
    other = make_life(press, "Déménager")
    number = life.propose(Fate.WITHDRAW)
    with reading():
        article_id, other_id = life.article.id, other.article.id
        proposal = session().scalars(sa.select(ArticleAct.id).where(ArticleAct.number == number)).first()

    def act(**values: object) -> sa.Insert:
        row = {
            "article_id": article_id, "number": 3, "deed": "withdraw", "state": "withdrawn", "reason": "Oui.",
            "person_id": press.editor.id, "capacity": "editor", "proposal_id": proposal, "at": clock.now(),
        }  # fmt: skip
        return sa.insert(ArticleAct).values(**{**row, **values})

    for values, words in (
        ({"number": 4}, "without a gap"),
        ({"number": 2}, ""),
        ({"person_id": press.sud_reviewer.id}, "two people"),
        ({"capacity": "lead_reviewer"}, "two people"),
        ({"capacity": None}, "two people"),
        ({"proposal_id": None}, "two_people_decide"),
        ({"deed": "remove", "state": "gone"}, "two people"),
        ({"article_id": other_id, "number": 2}, "two people"),
        ({"state": "live"}, "leads_to"),
        ({"deed": "restore", "state": "live"}, ""),
        ({"deed": "mask", "state": "masked", "proposal_id": None, "reason": ""}, "reason_is_said"),
        ({"deed": "unmask", "state": "live", "proposal_id": None, "person_id": None}, "does not know"),
        (
            {"deed": "propose", "proposed": "redirect", "state": "live", "proposal_id": None},
            "redirects_somewhere",
        ),
    ):
        assert words in refused_by_database(act(**values)), values
    for statement in (sa.update(ArticleAct).values(reason="Autre."), sa.delete(ArticleAct)):
        assert "append-only" in refused_by_database(statement)
    states = sa.update(Article).where(Article.id == article_id)
    assert "follows from its acts" in refused_by_database(states.values(state=ArticleState.GONE))
    life.confirm(number)


@given(st.lists(st.sampled_from(sorted(Fate)), max_size=12))
def test_the_state_is_what_a_model_says(fates_tried: list[Fate]) -> None:
    """Whatever is tried: what the table allows folds to the state of the last act that changes it."""
    done: list[Fate] = []
    state = masked_from = ArticleState.UNPUBLISHED
    for fate in fates_tried:
        if not possible(state, fate):
            with pytest.raises(ValueError):
                fold([*done, fate])
            continue
        done.append(fate)
        if fate is Fate.MASK:
            masked_from, state = state, ArticleState.MASKED
        elif fate is Fate.UNMASK:
            state = masked_from
        else:
            state = TRANSITIONS[fate][1] or state
        assert fold(done) is state


def test_from_every_state_some_acts_lead_back_to_a_live_page() -> None:
    for state in ArticleState:
        assert any(
            possible(state, fate) and TRANSITIONS[fate][1] is ArticleState.LIVE or state is ArticleState.LIVE
            for fate in Fate
        ), state
