"""The worker reads what people brought: one file at a time, in a child under limits, outside any transaction.

A round ends after seconds, so that news and mails are never kept waiting for long: it reads a file, then makes its pictures
anew, and goes on with the next while there is time. What was done is written down after each.
"""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app import jobs
from app.db import reading, session, unit_of_work
from app.errors import DomainError, Unavailable
from drafts import bringing, images
from drafts.brought_models import BroughtFile, BroughtPicture, BroughtPiece, BroughtState
from drafts.child import Answer, Child, ChildDied, ChildSlow
from drafts.exchange.work import without_images
from drafts.grammar import Tree, blocks, plain_text

log = logging.getLogger(__name__)
# A file of 300 pages takes a second or two; what takes longer is made to.
SECONDS = 20.0
# An XML part of 30 MB takes libxml2 some 300 MB as a tree; Python, its libraries and the file itself take 150 MB. All of it
# is the child's, which ends with it.
MEMORY = 768 * 1024 * 1024
# The file on its way in, or the tree and the pictures on their way back (`drafts.exchange.work`).
LONGEST = 48 * 1024 * 1024
MODULE = "drafts.exchange.work"
# How long a round begins new files, and pictures of one file: one of 40 megapixels takes two seconds.
ROUND_SECONDS = 2.0
PICTURE_SECONDS = 2.0
# Begun twice without an answer written down: the file has ended the worker, or the machine was switched off twice.
TRIES = 2

_reader = Child(seconds=SECONDS, memory=MEMORY, longest=LONGEST, module=MODULE)


def close() -> None:
    """End the child of this process, if there is one."""
    _reader.close()


@jobs.chore(1.0)
def read_what_was_brought(_data_dir: Path) -> None:
    read_brought()


def read_brought() -> bool:
    """One round: the oldest files that wait are read, and their pictures made. False when nothing waited."""
    until = time.monotonic() + ROUND_SECONDS
    did = False
    while time.monotonic() < until and _one_step():
        did = True
    return did


def _one_step() -> bool:
    with reading():
        waiting = session().execute(
            sa.select(BroughtFile.id, BroughtFile.format.is_(None))
            .where(BroughtFile.state == BroughtState.WAITING)
            .order_by(BroughtFile.id)
            .limit(1)
        )
        found = waiting.first()
    if found is None:
        return False
    file_id, is_unread = found
    (_read if is_unread else _make_pictures)(file_id)
    return True


def _read(file_id: int) -> None:
    with unit_of_work():
        file = session().get(BroughtFile, file_id, with_for_update=True)
        if file is None or file.state is not BroughtState.WAITING or file.format is not None:
            return
        if file.attempts >= TRIES:
            bringing.decide(file, BroughtState.REFUSED, "too_slow")
            return
        file.attempts += 1
        name = file.name
    with reading():
        pieces = session().scalars(
            sa.select(BroughtPiece.content)
            .where(BroughtPiece.file_id == file_id)
            .order_by(BroughtPiece.number)
        )
        content = list(pieces)
    answer, parts = _answer(name, content)
    del content
    with unit_of_work():
        file = session().get(BroughtFile, file_id, with_for_update=True)
        if file is None or file.state is not BroughtState.WAITING:
            return  # left meanwhile
        if "code" in answer:
            bringing.decide(file, BroughtState.REFUSED, answer["code"][:40])
            return
        tree: Tree = json.loads(parts[0])
        if not blocks(tree):
            bringing.decide(file, BroughtState.REFUSED, "nothing")
            return
        file.format, file.title, file.tree = answer["format"], answer["title"], tree
        bringing.forget_bytes(file)
        file.report = _report(tree, answer["losses"])
        for key, picture in zip(answer["pictures"], parts[1:], strict=True):
            session().add(BroughtPicture(file_id=file.id, key=key, content=picture))
        if not answer["pictures"]:
            file.state = BroughtState.READ


def _answer(name: str, content: list[bytes]) -> Answer:
    try:
        return _reader.ask("read", {"name": name}, (content,))
    except ChildSlow:
        return {"code": "too_slow"}, []
    except (ChildDied, ValueError):
        # Out of memory where Python could not say so, or an answer that is longer than the line takes.
        return {"code": "too_long"}, []


def _report(tree: Tree, losses: list[Any]) -> dict[str, Any]:
    found = blocks(tree)
    return {
        "blocks": len(found),
        "words": len(plain_text(tree).split()),
        "images": sum(block["type"] == "image" for block in found),
        "losses": losses,
    }


def _make_pictures(file_id: int) -> None:
    """Each picture in the child of its own that draws it anew (`drafts.images`); one that is refused is a loss."""
    with reading():
        waits = sa.select(BroughtPicture.key).where(
            BroughtPicture.file_id == file_id, BroughtPicture.width.is_(None)
        )
        keys = list(session().scalars(waits.order_by(BroughtPicture.key)))
    until = time.monotonic() + PICTURE_SECONDS
    for key in keys:
        with reading():
            content = session().scalar(
                sa.select(BroughtPicture.content).where(
                    BroughtPicture.file_id == file_id, BroughtPicture.key == key
                )
            )
        if content is None:
            return  # left meanwhile
        try:
            made: images.Made | None = images.made_of(content)
        except Unavailable:
            raise
        except DomainError:
            made = None
        with unit_of_work():
            _keep(file_id, key, made)
        if time.monotonic() > until:
            return
    with unit_of_work():
        _finish(file_id)


def _keep(file_id: int, key: str, made: images.Made | None) -> None:
    picture = session().get(BroughtPicture, (file_id, key))
    if picture is None:
        return
    if made is None:
        session().delete(picture)
    else:
        picture.content, picture.width, picture.height = made.content, made.width, made.height


def _finish(file_id: int) -> None:
    file = session().get(BroughtFile, file_id, with_for_update=True)
    if file is None or file.state is not BroughtState.WAITING or file.tree is None:
        return
    kept = set(session().scalars(sa.select(BroughtPicture.key).where(BroughtPicture.file_id == file_id)))
    tree = without_images(file.tree, dict.fromkeys(kept))
    losses = list(file.report["losses"])
    named = {
        block.get("attrs", {}).get("image", "") for block in blocks(file.tree) if block["type"] == "image"
    }
    if refused := len(named - kept):
        losses.append(["picture_refused", refused, ""])
    file.tree, file.report, file.state = tree, _report(tree, losses), BroughtState.READ
