"""Notices: who is told what, in the page at once and by mail once a day, and nobody of what they silenced."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app import clock, jobs
from app.accounts.models import Person
from app.db import database, reading, session, unit_of_work
from app.errors import Missing
from app.mail import Mail
from app.policy import Actor
from drafts import following, notice_queries, notices, remarks, review, service
from drafts.models import DraftClient
from drafts.notice_models import Channel, MailState, Notice, NoticeKind
from drafts.remarks import Passage
from labs.models import Lab
from labs.service import remove_member
from tests.clients import PageClient
from tests.drafts.test_remarks import TREE, House, house, said  # noqa: F401 - a fixture

WORDS = "mots que personne ne lit par courriel"


def sat_down(house: House, *people: Actor) -> None:  # noqa: F811
    """They joined the table of the draft, as the socket would write it down."""
    with unit_of_work():
        for number, person in enumerate(people):
            session().add(
                DraftClient(draft_id=house.draft_id, client_id=900_000 + number, person_id=person.id)
            )


def told(actor: Actor) -> list[tuple[NoticeKind, str]]:
    with reading():
        rows = session().execute(
            sa.select(Notice.kind, Notice.what).where(Notice.person_id == actor.id).order_by(Notice.id)
        )
        return [(kind, what) for kind, what in rows]


def mails(actor: Actor) -> list[Mail]:
    with reading():
        return list(session().scalars(sa.select(Mail).where(Mail.recipient == actor.email).order_by(Mail.id)))


def the_next_morning(times: int = 2) -> None:
    """The worker's sweeps after seven o'clock: the first plans one row a person, the second sends."""
    now = clock.now()
    with clock.shifted(notices.next_digest(now) - now + timedelta(minutes=1)):
        for _ in range(times):
            jobs.sweep()


def test_who_is_told_of_what(house: House) -> None:  # noqa: F811
    sat_down(house, house.facilitator, house.remarker, house.reader)
    name = said(house, house.remarker, Passage("b2", 0, "Le guichet"), blocking=True)
    assert told(house.writer) == told(house.facilitator) == [(NoticeKind.REMARK, "blocking")]
    assert told(house.remarker) == told(house.reader) == [], "who writes the text hears of it, nobody else"
    with unit_of_work():
        remarks.answer(house.writer, house.draft, name, "Oui.", mentions=[house.reader.id, house.remarker.id])
    assert told(house.remarker) == told(house.reader) == [(NoticeKind.MENTION, "")], "said once, not twice"
    with unit_of_work():
        remarks.answer(house.remarker, house.draft, name, "Merci.")
        remarks.resolve(house.writer, house.draft, name)
        remarks.reopen(house.remarker, house.draft, name)
    assert told(house.writer)[1:] == [(NoticeKind.ANSWER, ""), (NoticeKind.RESOLVED, "reopened")]
    assert told(house.remarker)[1:] == [(NoticeKind.RESOLVED, "")]
    assert told(house.reader) == [(NoticeKind.MENTION, "")] and told(house.facilitator)[1:] == []
    with unit_of_work():
        review.submit(house.facilitator, house.draft)
        review.request_changes(house.reviewer, house.draft, "À revoir.")
    assert told(house.writer)[-2:] == [
        (NoticeKind.STAGE, "in_review"),
        (NoticeKind.STAGE, "changes_requested"),
    ]
    assert told(house.facilitator)[-1:] == [(NoticeKind.STAGE, "changes_requested")], "not of their own deed"
    assert told(house.stranger) == told(house.reviewer) == []


def test_a_mention_is_mailed_at_once_without_any_words_of_the_draft(house: House) -> None:  # noqa: F811
    with unit_of_work():
        made = remarks.open_remark(
            house.remarker,
            house.draft,
            WORDS,
            passages=[Passage("b2", 0, "Le guichet 🌴")],
            mentions=[house.writer.id],
        )
        link = f"/brouillons/{house.draft_id}/remarques#r-{made.public_id}"
    (mail,) = mails(house.writer)
    assert house.remarker.name in mail.subject and link in mail.body and "reglages" in mail.body
    assert WORDS not in mail.body and "🌴" not in mail.body
    the_next_morning()
    assert len(mails(house.writer)) == 1, "the digest does not say it again"


def test_everything_else_is_one_message_a_day(house: House) -> None:  # noqa: F811
    for _ in range(3):
        said(house, house.remarker, Passage("b2", 0, "Le guichet 🌴"))
    assert mails(house.writer) == []
    with unit_of_work():
        notices.read(house.writer, session().scalars(sa.select(Notice.id)).first() or 0)
    the_next_morning()
    (mail,) = mails(house.writer)
    assert "2" in mail.subject and mail.body.count("#r-") == 2 and "🌴" not in mail.body
    assert mail.body.count(house.remarker.name) == 2, "what was read in the page is not told again"
    the_next_morning()
    assert len(mails(house.writer)) == 1
    said(house, house.remarker)
    with clock.shifted(timedelta(days=1)):
        said(house, house.remarker)
        the_next_morning()
    assert len(mails(house.writer)) == 2


def test_the_digest_goes_out_once_from_two_processes(house: House) -> None:  # noqa: F811
    for _ in range(2):
        said(house, house.remarker)
    now = clock.now()
    failures: list[Exception] = []

    def sweep() -> None:
        try:
            for _ in range(3):
                jobs.sweep()
        except Exception as error:
            failures.append(error)

    with clock.shifted(notices.next_digest(now) - now + timedelta(minutes=1)):
        threads = [threading.Thread(target=sweep) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        jobs.sweep()
    assert not failures and len(mails(house.writer)) == 1
    with reading():
        states = session().scalars(sa.select(Notice.mail).where(Notice.person_id == house.writer.id))
        assert set(states) == {MailState.DONE}


def test_a_message_that_could_not_be_written_is_written_later(
    house: House,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said(house, house.remarker)
    with monkeypatch.context() as broken:
        broken.setattr(notices.mail, "write", lambda *_: 1 / 0)
        the_next_morning()
    assert mails(house.writer) == []
    now = clock.now()
    with clock.shifted(notices.next_digest(now) - now + timedelta(minutes=5)):
        jobs.sweep()
    assert len(mails(house.writer)) == 1


@pytest.mark.parametrize(
    ("at", "sent"),
    [
        # Nouméa is eleven hours ahead of UTC.
        (datetime(2026, 3, 1, 19, 59, tzinfo=UTC), datetime(2026, 3, 1, 20, 0, tzinfo=UTC)),
        (datetime(2026, 3, 1, 20, 0, tzinfo=UTC), datetime(2026, 3, 2, 20, 0, tzinfo=UTC)),
        (datetime(2026, 3, 1, 12, 0, tzinfo=UTC), datetime(2026, 3, 1, 20, 0, tzinfo=UTC)),
    ],
)
def test_it_goes_out_at_seven_in_noumea(at: datetime, sent: datetime) -> None:
    assert notices.next_digest(at) == sent


def test_who_lost_the_draft_is_told_nothing_more_of_it(client: PageClient, house: House) -> None:  # noqa: F811
    said(house, house.remarker)
    with unit_of_work():
        lab = session().get_one(Lab, house.lab)
        remove_member(house.facilitator, lab, session().get_one(Person, house.writer.id))
    the_next_morning()
    assert mails(house.writer) == []
    shown = client.sign_in(house.writer).get("/espace/avis")
    assert "Le guichet" not in shown.source and "Aucun avis" in shown.main
    with reading():
        assert notice_queries.unread(house.writer) == 0


def test_silence_holds_for_what_comes_later(client: PageClient, house: House) -> None:  # noqa: F811
    said(house, house.remarker)
    client.sign_in(house.writer).get("/espace/avis/reglages")
    everything = [str(kind) for kind in NoticeKind]
    client.send("/espace/avis/reglages", page=everything[:2], courriel=everything[1:])
    shown = client.follow()
    values = shown.form("/espace/avis/reglages").values
    assert values["page"] == everything[:2] and values["courriel"] == everything[1:]
    with reading():
        assert notice_queries.unread(house.writer) == 1, "what was told already stays"
    name = said(house, house.remarker, mentions=[house.writer.id])
    assert mails(house.writer) == [], "mentions are not wanted by mail"
    assert told(house.writer)[1:] == [(NoticeKind.MENTION, "")]
    with unit_of_work():
        review.submit(house.facilitator, house.draft)
    with reading():
        assert notice_queries.unread(house.writer) == 2, "stages are not wanted in the page"
    the_next_morning()
    (mail,) = mails(house.writer)
    assert "à la relecture" in mail.body
    with unit_of_work():
        notices.silence(house.writer, [(kind, channel) for kind in NoticeKind for channel in Channel])
        remarks.answer(house.remarker, house.draft, name, "Encore.", mentions=[house.writer.id])
    assert len(told(house.writer)) == 3 and len(mails(house.writer)) == 1


def test_the_list_and_its_number(client: PageClient, house: House) -> None:  # noqa: F811
    first = said(house, house.remarker, Passage("b2", 0, "Le guichet"))
    said(house, house.remarker)
    shown = client.sign_in(house.writer).get("/labs")
    assert "Avis (2 non lus" in shown.text and "/espace/avis" in shown.links()
    shown = client.get("/espace/avis")
    assert shown.main.count(house.remarker.name) == 2
    with reading():
        ids = {
            name: notice
            for notice, name in session().execute(
                sa.select(Notice.id, remarks.Remark.public_id).join(
                    remarks.Remark, remarks.Remark.id == Notice.remark_id
                )
            )
        }
    answer = client.send(f"/espace/avis/{ids[first]}", ouvrir="1")
    assert answer.location == f"/brouillons/{house.draft_id}/remarques#r-{first}"
    client.get("/espace/avis")
    client.send("/espace/avis")
    shown = client.follow()
    assert "Avis (" not in shown.text and not shown.offers("/espace/avis")
    with pytest.raises(Missing), unit_of_work():
        notices.read(house.reader, ids[first])


def test_a_text_that_is_followed(client: PageClient, house: House) -> None:  # noqa: F811
    page = f"/brouillons/{house.draft_id}"
    client.sign_in(house.reader).get(page)
    client.send(f"{page}/suivre")
    assert "Ne plus suivre ce texte" in client.follow().main

    def rested(minutes: int = 11) -> int:
        with clock.shifted(timedelta(minutes=minutes)):
            return following.tell_followers()

    assert rested() == 0
    said(house, house.remarker, Passage("b2", 0, "Le guichet"))
    assert rested() == 0, "a remark is no change of the text"
    with unit_of_work():
        service.replace_text(house.writer, house.draft, TREE[:2])
    assert rested(5) == 0, "it has not come to rest"
    assert rested() == 1 and rested() == 0
    assert told(house.reader) == [(NoticeKind.TEXT, "")]
    with unit_of_work():
        service.replace_text(house.writer, house.draft, TREE)
    assert rested() == 0 and len(told(house.reader)) == 1, "one line, however often it changes"
    the_next_morning()
    assert f"/brouillons/{house.draft_id}\n" in mails(house.reader)[0].body
    with unit_of_work():
        service.replace_text(house.writer, house.draft, TREE[:2])
    assert rested() == 1 and len(told(house.reader)) == 1
    client.get(page)
    client.send(f"{page}/suivre")
    with unit_of_work():
        notices.read_all(house.reader)
        service.replace_text(house.writer, house.draft, TREE)
    assert rested() == 0


def test_two_who_note_at_the_same_moment_plan_one_message(house: House) -> None:  # noqa: F811
    if database().is_sqlite:
        with unit_of_work():
            notices.plan_digest()
            notices.plan_digest()
    else:
        ready = threading.Barrier(2, timeout=10)
        failures: list[Any] = []

        def note() -> None:
            try:
                with unit_of_work():
                    session().execute(sa.select(1))
                    ready.wait()
                    notices.plan_digest()
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=note) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures
    with reading():
        assert len(session().scalars(sa.select(jobs.DueRow).filter_by(kind=notices.DIGEST)).all()) == 1
