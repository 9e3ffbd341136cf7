"""A backup becomes a database again: verified, made beside the former one, brought up to date, checked, put in place.

Until the last step nothing of what is there has changed, so a restore that fails or is broken off is simply begun again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from alembic.script import ScriptDirectory

from app import clock, db, schema_versions
from app.backup import aftercare, checking, filling, places, sealed_keys
from app.backup.archive import Reader, Tell
from app.backup.making import AUDIT, KEYS, PRIVATE, SEALED
from drafts import seal
from publish import search_index, store

# Files are made ready here, inside DATA_DIR, so that putting them in place is a rename.
BESIDE = ".restoring"


class Refused(Exception):
    """The restore is not begun, or not finished; the message says why and what to do. Nothing was changed."""


@dataclass(frozen=True)
class Wanted:
    """`moved`: the database goes on elsewhere from the very state of the backup, so that no life begins anew and tokens
    stay. `despite`: put in place what the checks found wrong too."""

    passphrase: str | None = None
    replace: bool = False
    moved: bool = False
    despite: bool = False


@dataclass(frozen=True)
class Report:
    """What was done, for people to read. `redactions`: (draft, reference) of those to be done again by hand."""

    rows: int
    schema: str
    upgraded: bool
    drafts: int
    tokens: int
    erased: tuple[int, ...]
    redactions: tuple[tuple[int, str], ...]
    files: int
    wrong: int


Say = Callable[[str], None]


def refuse_early(url: str, archive: Reader, *, replace: bool) -> None:
    """Everything that can be said before anything is made. Raises Refused."""
    scripts = ScriptDirectory.from_config(schema_versions.alembic_config(url))
    if archive.manifest.schema not in {script.revision for script in scripts.walk_revisions()}:
        raise Refused(
            f"This backup has the schema {archive.manifest.schema}, which this release does not know: it was made "
            "by a newer one. Install that release, then restore."
        )
    try:
        places.place_of(url)
        places.refuse_in_use(db.database())
    except places.InUse as error:
        raise Refused(str(error)) from error
    if not replace and places.is_filled(db.database()):
        raise Refused(
            f"{aftercare.called(db.database())} is not empty. --replace puts the backup in its place, and what is there now "
            "is gone for good: make a backup of it first."
        )


def restore(url: str, data_dir: Path, archive: Reader, wanted: Wanted, say: Say, tell: Tell) -> Report:
    """Put the backup where `url` says. Raises Refused, places.InUse, archive.Damaged, sealed_keys.WrongPassphrase,
    filling.DoesNotFit; then nothing was changed."""
    private = _private_key(archive, wanted)
    refuse_early(url, archive, replace=wanted.replace)
    known = aftercare.known()
    place = places.place_of(url)
    beside = data_dir / BESIDE
    try:
        files = _files_beside(archive, data_dir, beside, private)
        place.prepare()
        schema_versions.upgrade(place.url, archive.manifest.schema)
        side = db.configure(place.url)
        say("Filling the tables …")
        rows = filling.fill(side, archive, tell)
        schema_versions.upgrade(place.url)
        seal.configure(beside)
        report = _looked_after(archive, wanted, known, rows, files, say)
        wrong = _checked(beside, say, tell)
        if wrong and not wanted.despite:
            raise Refused(
                f"{wrong} findings: the backup was not put in place. --despite puts it there all the same."
            )
        db.configure(url).engine.dispose()
        place.take_over()
        _put_files(data_dir, beside, moved=wanted.moved)
    finally:
        db.configure(url)
        seal.configure(data_dir)
        shutil.rmtree(beside, ignore_errors=True)
        with suppress(Exception):  # what went wrong before says more
            place.give_up()
    return Report(**{**report.__dict__, "wrong": wrong})


def _private_key(archive: Reader, wanted: Wanted) -> bytes | None:
    if wanted.passphrase is None:
        return None
    sealed = archive.manifest.member(SEALED)
    if sealed is None:
        raise Refused("There are no keys in this backup: it was made without --keys.")
    return sealed_keys.open_sealed(archive.content(sealed), wanted.passphrase)


def _files_beside(archive: Reader, data_dir: Path, beside: Path, private: bytes | None) -> int:
    shutil.rmtree(beside, ignore_errors=True)
    data_dir.mkdir(parents=True, exist_ok=True)
    for folder in (AUDIT, KEYS):
        (beside / folder).mkdir(parents=True, mode=0o700)
    done = 0
    for member in archive.manifest.members:
        folder, _slash, name = member.name.removesuffix(".gz").partition("/")
        if folder not in (AUDIT, KEYS) or not name:
            continue
        if "/" in name or name.startswith("."):
            raise Refused(f"{member.name} is not the name of a file of a backup.")
        with _private_file(beside / folder / name) as file:
            for piece in archive.lines(member):
                file.write(piece)
        done += 1
    if private is not None:
        with _private_file(beside / KEYS / PRIVATE) as file:
            file.write(private)
        done += 1
    return done


def _private_file(path: Path) -> BinaryIO:
    """A new file for the eyes of the server's user alone, to be written."""
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _looked_after(
    archive: Reader, wanted: Wanted, known: aftercare.Known, rows: int, files: int, say: Say
) -> Report:
    drafts = tokens = 0
    erased: list[int] = []
    with db.unit_of_work():
        if not wanted.moved:
            drafts, tokens = aftercare.begin_new_lives(), aftercare.take_back_tokens()
            erased = aftercare.erase_again(known.erased)
        redactions = [] if wanted.moved else aftercare.redactions_since(known.redactions)
        head = None if wanted.moved else known.head
        aftercare.note_restore(archive.digest, archive.manifest.at, head)
        # No page of before stands for one of now.
        store.invalidate()
    say("Making the index of the search again …")
    search_index.catch_up()
    return Report(
        rows,
        archive.manifest.schema,
        archive.manifest.schema != schema_versions.newest(),
        drafts,
        tokens,
        tuple(erased),
        tuple(redactions),
        files,
        0,
    )


def _checked(beside: Path, say: Say, tell: Tell) -> int:
    wrong = 0
    for check in checking.all_checks(beside / AUDIT, tell):
        say(f"{'NOT ' if check.wrong else 'ok  '}  {check.says}")
        for line in check.wrong[: checking.TOLD]:
            say(f"        {line}")
        if len(check.wrong) > checking.TOLD:
            say(f"        … and {len(check.wrong) - checking.TOLD} more")
        wrong += len(check.wrong)
    return wrong


def _put_files(data_dir: Path, beside: Path, *, moved: bool) -> None:
    """Keys are added to those that are there, and none is taken away. Noted heads are those of the backup; the ones of
    the replaced chain are set aside, since they say what its end was."""
    keys = data_dir / KEYS
    keys.mkdir(parents=True, exist_ok=True, mode=0o700)
    for file in (beside / KEYS).iterdir():
        os.replace(file, keys / file.name)
    heads = data_dir / AUDIT
    if moved:
        return  # the same chain goes on
    if heads.is_dir() and any(heads.iterdir()):
        os.replace(heads, data_dir / f"{AUDIT}.before-{clock.now():%Y%m%dT%H%M%S}")
    else:
        shutil.rmtree(heads, ignore_errors=True)
    os.replace(beside / AUDIT, heads)
