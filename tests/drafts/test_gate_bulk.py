"""The bulk door's child process: it says yes, says why not, dies without harm and comes back."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from drafts import document
from drafts.bulk_check import BulkChecker
from drafts.gate import GateRefusal
from tests.drafts import hostile
from tests.drafts.hostile import update, words

ANNE = 3_000_000_001
STATE = document.state(document.replay(None, [hostile.honest_update(ANNE, 0)]))
HONEST = update((ANNE, 17, [words(" et la suite 😀", origin=(ANNE, 16))]))


def chain(count: int) -> bytes:
    """Words of one character each: inside pycrdt their memory is quadratic."""
    return update((ANNE, 17, [words("x", origin=(ANNE, 16 + n)) for n in range(count)]))


@pytest.fixture(scope="module")
def checker() -> Iterator[BulkChecker]:
    checker = BulkChecker()
    yield checker
    checker.close()


def refused(checker: BulkChecker, data: bytes, state: bytes = STATE) -> str:
    with pytest.raises(GateRefusal) as caught:
        checker.check(state, data, {ANNE})
    return caught.value.code


def test_it_says_yes_and_why_not(checker: BulkChecker) -> None:
    checker.check(STATE, HONEST, {ANNE})
    checker.check(b"", hostile.honest_update(ANNE, 0), [ANNE])
    assert refused(checker, update((ANNE, 18, [words("x", origin=(ANNE, 15))]))) == "resync"
    assert refused(checker, b"\xff" * 100) in ("malformed", "too_large")
    assert refused(checker, b"\0" * (4 * 1024 * 1024 + 1)) == "too_large"
    checker.check(STATE, HONEST, {ANNE})


def test_ten_thousand_small_words_pass_and_a_hundred_thousand_do_not(checker: BulkChecker) -> None:
    checker.check(STATE, chain(10_000), {ANNE})
    before = time.monotonic()
    assert refused(checker, chain(60_000)) == "too_large"
    assert time.monotonic() - before < 10
    checker.check(STATE, HONEST, {ANNE})


def test_a_child_that_was_killed_is_replaced(checker: BulkChecker) -> None:
    checker.check(STATE, HONEST, {ANNE})
    child = checker._child
    assert child is not None
    child.kill()
    checker.check(STATE, HONEST, {ANNE})
    assert checker._child is not child


def test_a_child_that_hangs_is_ended_and_replaced() -> None:
    checker = BulkChecker()
    try:
        checker.check(STATE, HONEST, {ANNE})
        checker._seconds = 0.5
        child = checker._child
        assert child is not None
        os.kill(child.pid, 19)  # SIGSTOP: it neither answers nor ends.
        before = time.monotonic()
        assert refused(checker, HONEST) == "too_large"
        assert time.monotonic() - before < 5
        assert child.poll() is not None
        checker._seconds = 5
        checker.check(STATE, HONEST, {ANNE})
    finally:
        checker.close()


def test_a_state_that_does_not_load_is_a_refusal(checker: BulkChecker) -> None:
    assert refused(checker, HONEST, state=b"\x01\x02\x03") == "malformed"


def test_other_greenlets_go_on_while_the_child_works() -> None:
    """In a process of its own: patching the standard library cannot be undone."""
    script = """
from gevent import monkey
monkey.patch_all()
import time, gevent
from drafts.bulk_check import BulkChecker
from drafts.gate import GateRefusal
from tests.drafts.test_gate_bulk import ANNE, HONEST, STATE, chain
checker = BulkChecker()
checker.check(STATE, HONEST, {ANNE})
gaps, last = [], time.monotonic()
def tick():
    global last
    while True:
        gevent.sleep(0.01)
        now = time.monotonic()
        gaps.append(now - last)
        last = now
ticker = gevent.spawn(tick)
gevent.sleep(0)
slow = chain(60_000)
gevent.sleep(0.02)
gaps.clear()
def one():
    try:
        checker.check(STATE, slow, {ANNE})
    except GateRefusal as refusal:
        return refusal.code
asked = [gevent.spawn(one), gevent.spawn(one)]
gevent.joinall(asked)
assert [job.value for job in asked] == ["too_large"] * 2, asked
assert len(gaps) > 20, len(gaps)
ticker.kill()
checker.close()
print(max(gaps))
"""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    # Encoding and sending a message of 1 MB; far from the seconds that the child takes.
    assert float(done.stdout) < 0.5
