"""Every act, by every role, in every state: what is allowed is what the table says, and a refusal changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from app import clock
from app.db import unit_of_work
from app.errors import DomainError
from app.policy import ANONYMOUS, Actor
from drafts.models import Article, ArticleState
from publish import fates, verifying
from publish.fate_acts import acts_of
from publish.fate_stages import BY_TWO, Fate, possible
from tests.publish.fates_world import Life, make_life
from tests.publish.press import Press

DECIDE, LEAD = {"sud_reviewer", "editor"}, {"sud_reviewer"}
ROLES = ("a visitor", "writer", "nord_reviewer", "sud_reviewer", "editor")


class _Undone(Exception):
    """Lets a state be tried by many."""


def _into(life: Life, other: Life, state: ArticleState) -> None:
    ways: dict[ArticleState, Callable[[], None]] = {
        ArticleState.LIVE: lambda: None,
        ArticleState.MASKED: lambda: life.mask(life.second_editor),
        ArticleState.WITHDRAWN: lambda: life.decide(Fate.WITHDRAW),
        ArticleState.REDIRECTED: lambda: life.decide(Fate.REDIRECT, other.slug),
        ArticleState.GONE: lambda: life.decide(Fate.REMOVE),
    }
    ways[state]()
    assert life.state is state


def _acts(other: Life) -> dict[str, tuple[Fate, set[str], Callable[[Actor, Article], object]]]:
    """{what: (the act that must be possible, who may, the verb)}."""

    def proposing(fate: Fate) -> Callable[[Actor, Article], object]:
        return lambda actor, article: fates.propose(
            actor, article, fate, "Parce que.", other.article if fate is Fate.REDIRECT else None
        )

    day = clock.local(clock.now()).date() + timedelta(days=100)
    return {
        "mask": (Fate.MASK, DECIDE, lambda actor, article: fates.mask(actor, article, "Parce que.")),
        "still exact": (
            Fate.STILL_EXACT,
            LEAD,
            lambda actor, article: verifying.still_exact(actor, article, day),
        ),
        **{f"propose {fate}": (fate, DECIDE, proposing(fate)) for fate in sorted(BY_TWO)},
    }


@pytest.mark.parametrize("state", sorted(set(ArticleState) - {ArticleState.UNPUBLISHED}))
def test_every_act_by_every_role(press: Press, state: ArticleState) -> None:
    life, other = make_life(press), make_life(press, "Une autre fiche")
    _into(life, other, state)
    before, wrong = life.deeds(), []
    for what, (fate, who, verb) in _acts(other).items():
        for role in ROLES:
            actor = ANONYMOUS if role == "a visitor" else getattr(press, role)
            done = False
            try:
                with unit_of_work():
                    verb(actor, life.article)
                    done = len(acts_of(life.article.id)) == len(before) + 1
                    raise _Undone
            except (_Undone, DomainError):
                pass
            if done != (role in who and possible(state, fate)):
                wrong.append(f"{what} by {role}: {done}")
    assert not wrong, wrong
    assert life.deeds() == before and life.state is state
