"""The watchdog measures how late the loop is; the sampler counts what waits, and says nothing when it cannot."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from datetime import timedelta

import pytest
from flask import Flask

from app import clock, db, jobs, mail, metrics, watch
from app.errors import Unavailable
from config import ROOT

# A process of its own: the watchdog never ends, and its loop is held.
HELD = """
    from gevent import monkey
    monkey.patch_all()
    import json
    import time
    import gevent
    from app import logs, metrics, watch

    logs.configure("INFO", terminal=False)
    gevent.spawn(watch.watchdog)
    gevent.sleep(0.3)
    begun = time.perf_counter()
    def hold_the_loop():
        while time.perf_counter() - begun < 2.2:
            pass
    hold_the_loop()
    gevent.sleep(0.2)
    print(json.dumps({"longest": metrics.counts.stall_longest, "overruns": metrics.counts.loop_overruns,
                      "beats": sum(metrics.counts.stalls.counted)}))
"""


def test_a_held_loop_is_measured_and_its_holder_named() -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(HELD)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["longest"] > 1.5 and found["overruns"] >= 1 and found["beats"] >= 4
    (line,) = [json.loads(line) for line in done.stderr.splitlines() if "stood still" in line]
    assert line["level"] == "WARNING" and line["logger"] == "app.watch"
    assert any("hold_the_loop" in frame for frame in line["stack"])


def test_the_longest_stall_is_that_since_the_scrape_before() -> None:
    def longest() -> float:
        line = next(
            line
            for line in metrics.exposition().decode().splitlines()
            if line.startswith("openlab_loop_stall_longest_seconds ")
        )
        return float(line.split()[1])

    metrics.exposition()
    metrics.stalled(0.5)
    metrics.stalled(0.25)
    assert (longest(), longest()) == (0.5, 0.0)


def test_what_waits_is_counted(app: Flask, db: db.Database) -> None:
    from app.db import unit_of_work

    assert set(watch.look()) == set(watch.SAMPLED)
    before = watch.look()
    with unit_of_work():
        jobs.plan("tests", "past", clock.now() - timedelta(minutes=1))
        jobs.plan("tests", "future", clock.now() + timedelta(days=1))
        mail.write("qui@example.org", "Objet", "Corps")
    after = watch.look()
    assert {name: after[name] - before[name] for name in after} == {
        "openlab_outbox_waiting": 0,
        "openlab_jobs_overdue": 1,
        "openlab_jobs_failing": 0,
        "openlab_mails_waiting": 1,
    }


def test_without_a_database_there_are_no_old_numbers(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    watch.sample()
    assert set(watch._recent()) == set(watch.SAMPLED)

    def gone(**_options: object) -> None:
        raise Unavailable("no database")

    monkeypatch.setattr(db.database(), "open_session", gone)
    watch.sample()
    assert watch._recent() == {}
