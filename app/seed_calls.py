"""The calls to the public and the reading tests of the demonstration, asked and answered on their days."""

from __future__ import annotations

import secrets
from typing import Any

import sqlalchemy as sa

from app import clock
from app.db import insert, session, unit_of_work
from app.seed_known import actor_of, known, lab_of, moment
from drafts.models import Article, Draft
from labs.models import Lab
from publish import calls, reading_tests
from publish.call_models import Call, CallOpening
from publish.call_words import CHANNEL_OF
from publish.reading_test_models import ReadingTest, Understood


def add_call(entry: dict[str, Any]) -> None:
    """A call from its first day to what is known of it today."""
    if known(Call, title=entry["title"]):
        return
    leader, lab = actor_of(entry["by"]), lab_of({"slug": entry["lab"]})
    opens_at, closes_at = moment(entry["opens"], "08:00"), moment(entry["closes"], "17:00")
    with clock.shifted(opens_at - clock.now()):
        call = calls.prepare(
            leader, title=entry["title"], question=entry["question"], choices=entry["choices"], opens_at=opens_at,
            closes_at=closes_at, lab=lab, show_results=entry["show_results"],
        )  # fmt: skip
        calls.put_out(leader, call)
        for code, count in entry["openings"].items():
            # As many readers would take long to be played one by one.
            session().execute(
                insert(CallOpening).values(
                    call_id=call.id, channel=CHANNEL_OF[code], day=opens_at.date(), count=count
                )
            )
    for answer in entry["answers"]:
        with clock.shifted(moment(answer["day"], "12:00") - clock.now()):
            _answer(call, answer)
    if "summary" in entry:
        with clock.shifted(moment(entry["summary_day"], "10:00") - clock.now()):
            calls.sum_up(leader, call, entry["summary"])


def _answer(call: Call, answer: dict[str, Any]) -> None:
    channel, said = CHANNEL_OF[answer["by"]], (answer["choice"], answer["words"])
    if "keyed_by" in answer:
        calls.key_in(
            actor_of(answer["keyed_by"]), call, secrets.token_hex(16), channel, *said, answer["source"]
        )
    else:
        calls.answer(secrets.token_hex(16), call, secrets.token_hex(16), channel, *said)


def add_reading_test(entry: dict[str, Any]) -> None:
    """A text of a lab that some people have read."""
    lab = lab_of({"slug": entry["lab"]})
    if known(ReadingTest, lab_id=lab.id):
        return
    revision_id = _revision_of(lab, entry["article"])
    with clock.shifted(moment(entry["begins"], "09:00") - clock.now()):
        test = reading_tests.begin(
            actor_of(entry["by"]), lab, revision_id, moment(entry["closes"], "17:00"), entry["intro"]
        )
    for answer in entry["answers"]:
        verdicts = {
            part: reading_tests.Verdict(Understood(said[0]), said[1])
            for part, said in zip(test.parts, answer["verdicts"], strict=False)
            if said is not None
        }
        with clock.shifted(moment(answer["day"], "12:00") - clock.now()):
            reading_tests.answer(secrets.token_hex(16), test, secrets.token_hex(16), verdicts)


def _revision_of(lab: Lab, slug: str) -> int:
    title = session().scalars(
        sa.select(Draft.title)
        .join(Article, Article.id == Draft.article_id)
        .where(Article.slug == slug, Draft.lab_id == lab.id)
    ).one()  # fmt: skip
    return next(one.revision_id for one in reading_tests.candidates(lab) if one.title == title)


def add_all(asked: list[dict[str, Any]], read: list[dict[str, Any]]) -> None:
    for entry in asked:
        with unit_of_work():
            add_call(entry)
    for entry in read:
        with unit_of_work():
            add_reading_test(entry)
