"""Two processes sweep what is due at the same moment of a moved clock: each thing is done, and done once."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from datetime import timedelta

import sqlalchemy as sa

from app import clock
from app.db import reading, session, unit_of_work
from app.jobs import DueRow
from app.mail import Mail
from config import Settings
from drafts.stages import Stage
from publish import schedule
from publish.fate_stages import Fate
from publish.models import Edition
from tests.house.tree import ROOT
from tests.publish.fates_world import make_life
from tests.publish.press import Press, draft_called

# Longer than a mask lasts, than anybody has for an answer (two weekends and three holidays at most), and than the dates below.
LATER = timedelta(days=14)
SWEEPER = """
import sys
from pathlib import Path
from datetime import timedelta
from app import clock, jobs
from app.errors import Unavailable
from app.factory import create_app
from config import Settings

url, folder, secret, seconds = sys.argv[1:]
create_app(Settings.from_env({}, database_url=url, data_dir=Path(folder), secret_key=secret))
print("ready", flush=True)
sys.stdin.readline()
with clock.shifted(timedelta(seconds=float(seconds))):
    while True:
        try:
            # As the worker does at its next turn, when the database was too busy for both.
            if not jobs.sweep():
                break
        except Unavailable:
            continue
"""


def test_everything_that_is_due_is_done_once(press: Press, settings: Settings) -> None:
    """A planned publication, the end of a mask, a reminder and a deadline of a review, the dates of a page."""
    soon = clock.local(clock.now() + timedelta(days=10)).date()
    life = make_life(press, "Une fiche masquée")
    life.mask()
    press.published("Une fiche à vérifier", review_date=soon.isoformat())
    silent = press.draft("Un texte que personne ne lit")
    press.submit(silent)
    draft_id, fingerprint = press.approved("Une fiche programmée")
    with unit_of_work():
        at = clock.now() + timedelta(days=2)
        schedule.schedule(press.editor, draft_called(draft_id), fingerprint, at)
    told_before = mails()
    sweepers = [
        subprocess.Popen(
            [sys.executable, "-c", SWEEPER, settings.database_url, str(settings.data_dir), settings.secret_key, str(LATER.total_seconds())],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _process in range(2)
    ]  # fmt: skip
    for process in sweepers:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in sweepers:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in sweepers:
        _out, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors[-2000:]

    with reading():
        assert draft_called(draft_id).stage is Stage.PUBLISHED
        made = session().scalars(sa.select(Edition.title).order_by(Edition.id)).all()
        left = session().scalars(
            sa.select(DueRow.kind).where(DueRow.done_at.is_(None), DueRow.due_at <= clock.now() + LATER)
        )
        assert left.all() == []
    assert made.count("Une fiche programmée") == 1 and len(made) == 3
    assert life.deeds() == [Fate.PUBLISH, Fate.MASK, Fate.UNMASK]
    told = mails() - told_before
    twice = {line: count for line, count in told.items() if count > 1}
    assert not twice, twice
    subjects = {subject.split(" :")[0].split("\u00a0:")[0] for _recipient, subject in told}
    for words in ("Réponse attendue", "Délai passé", "De nouveau"):
        assert any(subject.startswith(words) for subject in subjects), (words, subjects)
    assert sum("Une fiche à vérifier" in subject for _recipient, subject in told) >= 2, subjects


def mails() -> Counter[tuple[str, str]]:
    """How often each recipient has a mail of each subject."""
    with reading():
        rows = session().execute(sa.select(Mail.recipient, Mail.subject)).all()
    return Counter((recipient, subject) for recipient, subject in rows)
