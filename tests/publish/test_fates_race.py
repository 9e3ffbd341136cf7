"""Two people at the same moment: one act stands, the other person is told. Short here, 500 rounds in `make soak`."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from app.db import reading, session, unit_of_work
from app.errors import DomainError, Invalid, MovedOn
from drafts import review, service
from drafts.models import ArticleState
from drafts.review_models import DraftAct, SignOff
from drafts.stages import fold as fold_draft
from publish import fates
from publish import service as publishing
from publish.fate_acts import acts_of, count
from publish.fate_stages import Fate, fold
from publish.models import Edition
from tests.publish.fates_world import Life, make_life
from tests.publish.press import RICH, Press, block, draft_called

ROUNDS = [4, pytest.param(500, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])]


def together(*verbs: Callable[[], object]) -> list[str]:
    """What came of verbs that begin at the same moment: "done", or the name of the error, in their order."""
    found = ["" for _verb in verbs]
    gate = threading.Barrier(len(verbs))

    def run(index: int, verb: Callable[[], object]) -> None:
        gate.wait()
        try:
            with unit_of_work():
                verb()
            found[index] = "done"
        except DomainError as error:
            found[index] = type(error).__name__

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(verbs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def whole(life: Life) -> None:
    """The list of acts has no gap, and the article is what it folds to."""
    with reading():
        article = life.article
        acts = acts_of(article.id)
        assert [act.number for act in acts] == list(range(1, len(acts) + 1))
        assert fold(act.deed for act in acts) is article.state


def next_edition(press: Press, draft_id: int, round_number: int) -> str:
    """The fingerprint of an approved next version."""
    press.rewrite(draft_id, [*RICH, block("paragraph", f"Version {round_number}.", id="b90")])
    fingerprint = press.submit(draft_id, "Une note.")
    press.sign(draft_id, fingerprint)
    return fingerprint


def _publish_and_withdraw(press: Press, number: int) -> None:
    life = make_life(press, f"Fiche {number}")
    with reading():
        draft_id = life.article.id  # one draft an article, made together
    fingerprint = next_edition(press, draft_id, number)
    proposal = life.propose(Fate.WITHDRAW)
    with reading():
        seen = count(life.article.id)
    outcome = together(
        lambda: publishing.publish(press.editor, draft_called(draft_id), fingerprint, seen=seen),
        lambda: fates.confirm(life.second_editor, life.article, proposal, seen=seen),
    )
    assert sorted(outcome) == ["MovedOn", "done"], outcome
    assert life.state is (ArticleState.LIVE if outcome[0] == "done" else ArticleState.WITHDRAWN)
    whole(life)


def _two_publications(press: Press, number: int) -> None:
    draft_id, fingerprint = press.approved(f"Fiche {number}")

    def publish() -> None:
        publishing.publish(press.editor, draft_called(draft_id), fingerprint)

    assert sorted(together(publish, publish)) == ["MovedOn", "done"]
    with reading():
        made = session().scalar(
            sa.select(sa.func.count()).select_from(Edition).where(Edition.fingerprint == fingerprint)
        )
    assert made == 1


def _a_ring_of_redirections(press: Press, number: int) -> None:
    one, two = make_life(press, f"Un {number}"), make_life(press, f"Deux {number}")
    first = one.propose(Fate.REDIRECT, target=two.slug)
    second = two.propose(Fate.REDIRECT, target=one.slug)
    outcome = together(
        lambda: fates.confirm(one.second_editor, one.article, first),
        lambda: fates.confirm(one.second_editor, two.article, second),
    )
    assert sorted(outcome) == [Invalid.__name__, "done"], outcome
    assert sorted([one.state, two.state]) == [ArticleState.LIVE, ArticleState.REDIRECTED]


def _sign_and_resubmit(press: Press, number: int) -> None:
    """A signature of what was read stands or is told that the text has moved on; it never counts for the next version."""
    draft_id = press.draft(f"Fiche {number}")
    fingerprint = press.submit(draft_id, "Première version.")

    def sign() -> None:
        review.sign_off(press.sud_reviewer, draft_called(draft_id), press.sud, fingerprint)

    def resubmit() -> None:
        draft = draft_called(draft_id)
        review.retract(press.writer, draft)
        changed = [*RICH, block("paragraph", f"Version {number}.", id="b90")]
        service.replace_text(press.writer, draft, changed)
        review.submit(press.writer, draft, "Deuxième version.")

    outcome = together(sign, resubmit)
    assert outcome[1] == "done" and outcome[0] in ("done", "MovedOn"), outcome
    with reading():
        draft = draft_called(draft_id)
        revision = review.open_revision(draft)
        assert revision is not None and revision.fingerprint != fingerprint
        assert set(review.standing(revision).unanswered) == {press.sud, press.nord}
        signed = session().scalars(sa.select(SignOff)).all()
        assert [row.fingerprint for row in signed if row.revision_id == revision.id] == []
        acts = (
            session()
            .scalars(sa.select(DraftAct).where(DraftAct.draft_id == draft_id).order_by(DraftAct.number))
            .all()
        )
        assert [act.number for act in acts] == list(range(1, len(acts) + 1))
        assert fold_draft(act.deed for act in acts) is draft.stage
        # Who was told that the text has moved on has left no act.
        assert ("sign_off" in [act.deed for act in acts]) is (outcome[0] == "done")


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize(
    "moment", [_publish_and_withdraw, _two_publications, _a_ring_of_redirections, _sign_and_resubmit]
)
def test_of_two_acts_at_one_moment_one_wins(
    press: Press, moment: Callable[[Press, int], None], rounds: int
) -> None:
    for number in range(rounds):
        moment(press, number)


def test_two_people_mask_at_once(press: Press) -> None:
    life = make_life(press)
    outcome = together(
        lambda: fates.mask(press.editor, life.article, "Faux."),
        lambda: fates.mask(press.sud_reviewer, life.article, "Faux."),
    )
    assert sorted(outcome) == [MovedOn.__name__, "done"]
    whole(life)
