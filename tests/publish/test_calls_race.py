"""At one moment: a form sent twice is one answer, a call is opened once, and a verdict becomes one remark."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import sqlalchemy as sa

from app.db import reading, session
from app.policy import Actor
from drafts.remark_models import Remark
from publish import call_queries, calls, reading_test_queries, reading_tests
from publish.call_models import Call, CallAnswer, Channel
from publish.reading_test_models import ReadingAnswer, ReadingRemark, Understood
from publish.reading_tests import Verdict
from tests.publish.callers import make_call
from tests.publish.press import Press
from tests.publish.test_fates_race import together
from tests.publish.test_reading_tests import begun, count, frozen


def test_a_form_sent_twice_at_once_is_one_answer(press: Press) -> None:
    slug = make_call(press)

    def send(mark: str, key: str) -> None:
        calls.answer(mark, call_queries.call_called(slug), key, Channel.SMS, 1, "")

    for number, (marks, keys) in enumerate((("aa", "00"), ("bc", "11"), ("dd", "23")), start=1):
        done = together(*(partial(send, mark * 32, key * 32) for mark, key in zip(marks, keys, strict=True)))
        assert done == ["done", "done"], number
    # The same mark twice, two marks on one form, one mark on two forms: one answer each.
    assert count(CallAnswer) == 3


def test_of_two_who_open_or_close_one_is_told(press: Press) -> None:
    slug = make_call(press, out=False)

    def acted(verb: Callable[[Actor, Call], None]) -> None:
        verb(press.writer, call_queries.call_called(slug))

    for verb in (calls.put_out, calls.close):
        act = partial(acted, verb)
        assert sorted(together(act, act)) == ["MovedOn", "done"]


def test_of_two_who_send_a_verdict_one_is_told(press: Press) -> None:
    _draft, revision_id = frozen(press)
    token = begun(press, revision_id)

    said = {"b2": Verdict(Understood.NO, "Je ne sais pas.")}

    def send() -> None:
        reading_tests.answer("a" * 32, reading_test_queries.test_called(token), "b" * 32, said)

    assert together(send, send) == ["done", "done"] and count(ReadingAnswer) == 1
    with reading():
        answer_id = session().scalars(sa.select(ReadingAnswer.id)).one()

    def remark() -> None:
        test = reading_test_queries.test_called(token)
        reading_tests.send_as_remark(press.writer, test, answer_id, "b2")

    assert sorted(together(remark, remark)) == ["MovedOn", "done"]
    assert count(ReadingRemark) == count(Remark) == 1
