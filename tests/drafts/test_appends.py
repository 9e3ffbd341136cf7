"""The pen: strokes of several drafts in one transaction, each draft judged by itself, the same on both databases."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from app import clock
from app.accounts import service as accounts
from app.accounts.models import SignIn
from app.db import database, reading, session, unit_of_work
from app.errors import Unavailable
from app.pen import pen
from drafts import appends, log
from drafts.appends import Sheaf, Stroke
from drafts.models import Draft, DraftUpdate
from labs.models import Lab
from tests import makers
from tests.scenes import Scene, make_scene, token_for


@pytest.fixture
def scene(db: database) -> Scene:
    return make_scene()


@pytest.fixture
def sheaf(scene: Scene) -> Sheaf:
    """What a room of the scene's draft would bring: two strokes of Ana."""
    token_for(scene.ana)
    return _sheaf(scene.draft_id, scene, b"\0one", b"two\xff")


def _sheaf(draft_id: int, scene: Scene, *updates: bytes) -> Sheaf:
    with reading() as current:
        sign_in = current.scalar(sa.select(sa.func.max(SignIn.id)).where(SignIn.person_id == scene.ana.id))
        now = log.snapshot(draft_id)
    strokes = [Stroke(scene.ana.id, 2**32 - 1, update, sign_in or 0) for update in updates]
    return Sheaf(draft_id, now.seq, now.history, now.authority, strokes)


def _append(*sheaves: Sheaf, waiting: bool = False) -> dict[int, appends.Outcome]:
    with pen() as cursor:
        return appends.append(cursor, sheaves, waiting=waiting)


def _rows(draft_id: int, after: int) -> list[log.Row]:
    with reading():
        return log.rows(draft_id, after)


def test_rows_stand_in_the_log_as_they_came(scene, sheaf):
    before = clock.now()
    outcome = _append(sheaf)[scene.draft_id]
    assert (outcome.failure, outcome.first, outcome.missed) == (None, sheaf.seq + 1, [])
    rows = _rows(scene.draft_id, sheaf.seq)
    assert [(row.seq, row.person_id, row.client_id, row.update) for row in rows] == [
        (sheaf.seq + 1, scene.ana.id, 2**32 - 1, b"\0one"),
        (sheaf.seq + 2, scene.ana.id, 2**32 - 1, b"two\xff"),
    ]
    with reading() as current:
        # Read by the ORM: the instants the driver was given are the ones SQLAlchemy would have written.
        stored = current.scalars(sa.select(DraftUpdate).where(DraftUpdate.seq > sheaf.seq)).all()
        assert all(before <= row.at <= clock.now() for row in stored) and len(stored) == 2
        assert current.get_one(Draft, scene.draft_id).head_seq == sheaf.seq + 2


def test_what_others_wrote_meanwhile_is_told(scene, sheaf):
    _append(sheaf)
    late = _append(sheaf._replace(strokes=sheaf.strokes[:1]))[scene.draft_id]
    assert late.first == sheaf.seq + 3
    assert [row.update for row in late.missed] == [b"\0one", b"two\xff"]


def _lab_epoch(scene: Scene) -> None:
    session().get_one(Lab, scene.lab_id).access_epoch += 1


def _draft_epoch(scene: Scene) -> None:
    session().get_one(Draft, scene.draft_id).access_epoch += 1


def _history(scene: Scene) -> None:
    session().get_one(Draft, scene.draft_id).history = "f" * 32


def _bin(scene: Scene) -> None:
    session().get_one(Draft, scene.draft_id).trashed_at = clock.now()


def _sign_out(scene: Scene) -> None:
    accounts.end_all(scene.ana.id)


def _expiry(scene: Scene) -> None:
    session().execute(sa.update(SignIn).values(expires_at=clock.now()))


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (_lab_epoch, appends.AuthorityChanged),
        (_draft_epoch, appends.AuthorityChanged),
        (_sign_out, appends.AuthorityChanged),
        (_expiry, appends.AuthorityChanged),
        (_history, appends.HistoryChanged),
        (_bin, appends.DraftGone),
    ],
)
def test_a_change_of_right_binds_at_its_commit_and_for_that_draft_only(
    scene, sheaf, change: Callable[[Scene], None], kind
):
    with unit_of_work() as current:
        place = makers.make_administration()
        other = makers.make_draft(scene.facilitator, current.get_one(Lab, scene.lab_id), place, place)
    with unit_of_work():
        change(scene)
    # The other draft's sheaf is taken after the change, in the same transaction as the stale one.
    beside = _sheaf(other.id, scene, b"beside")._replace(strokes=[Stroke(scene.ana.id, 5, b"beside", 0)])
    outcomes = _append(sheaf, beside)
    assert isinstance(outcomes[scene.draft_id].failure, kind)
    assert _rows(scene.draft_id, sheaf.seq) == []
    assert outcomes[other.id].failure is None
    assert [row.update for row in _rows(other.id, beside.seq)] == [b"beside"]


def test_a_draft_that_never_was(scene, sheaf):
    assert isinstance(_append(sheaf._replace(draft_id=10**9), waiting=True)[10**9].failure, appends.DraftGone)


def test_a_draft_another_transaction_holds(scene, sheaf):
    if database().is_sqlite:
        # One writer at a time: the pen waits for it, and says so when it waits in vain.
        with unit_of_work(), pytest.raises(Unavailable), pen(0.05):
            pass
    else:
        with sa.create_engine(database().engine.url).connect() as other:
            other.execute(sa.text("SELECT id FROM draft WHERE id = :id FOR UPDATE"), {"id": scene.draft_id})
            assert isinstance(_append(sheaf)[scene.draft_id].failure, appends.DraftBusy)
            with pytest.raises(Unavailable):
                _append(sheaf, waiting=True)
    assert _append(sheaf)[scene.draft_id].failure is None
    assert len(_rows(scene.draft_id, sheaf.seq)) == 2


def test_nothing_is_left_of_a_transaction_that_failed(scene, sheaf):
    nobody = [*sheaf.strokes, Stroke(10**9, 7, b"written by nobody", 0)]
    with pytest.raises(database().engine.dialect.loaded_dbapi.IntegrityError):
        _append(sheaf._replace(strokes=nobody))
    assert _rows(scene.draft_id, sheaf.seq) == []
    # The connection that failed was thrown away; the next one writes.
    assert _append(sheaf)[scene.draft_id].first == sheaf.seq + 1


def test_the_pen_waits_for_the_unit_of_work_of_another_thread(scene, sheaf):
    import threading

    begun, go = threading.Event(), threading.Event()

    def hold() -> None:
        with unit_of_work() as current:
            current.execute(sa.update(Draft).values(title="Un autre titre"))
            begun.set()
            go.wait(5)

    holder = threading.Thread(target=hold)
    holder.start()
    begun.wait(5)
    threading.Timer(0.1, go.set).start()
    outcome = _append(sheaf, waiting=True) if database().is_sqlite else None
    go.set()
    holder.join()
    assert (outcome or _append(sheaf))[scene.draft_id].failure is None
