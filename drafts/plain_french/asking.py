"""Asks the child of this process to read by the rules of plain French (`drafts.plain_french.work`).

It helps and nothing more: whoever asks goes on without it when it is away.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.errors import Invalid, TooLarge, Unavailable
from app.extensions import gettext as _
from drafts.child import Answer, Child, ChildDied, json_part
from drafts.grammar import Tree
from drafts.plain_french.reading import Finding
from drafts.plain_french.rules import RuleCode
from drafts.plain_french.score import Score
from drafts.plain_french.work import MOST_BLOCKS

logger = logging.getLogger(__name__)
# The longest text (some 100,000 characters) takes two seconds of a busy processor; the rest is for one that has other
# things to do. Help that comes later than this is none.
SECONDS = 15.0
# Python, its libraries and the rules take 60 MB; findings of the longest request some 100 MB.
MEMORY = 512 * 1024 * 1024
# What a call may send: 300 blocks of 200 words are 400 KB with their attributes and marks.
LONGEST_BODY = 512 * 1024
# A stored text of the size the gate lets grow, and what is found in it.
LONGEST = 32 * 1024 * 1024
# Who waits for the child at once; the others go without help for the moment.
WAITING = 8
_reader = Child(seconds=SECONDS, memory=MEMORY, longest=LONGEST, module="drafts.plain_french.work")
_places = threading.BoundedSemaphore(WAITING)


@dataclass(frozen=True)
class TextReading:
    """What the rules say of a whole text. `rules` names those that were in force."""

    findings: tuple[Finding, ...]
    score: Score
    rules: str


def blocks_read(body: bytes) -> bytes:
    """JSON about blocks, for JSON of blocks: both as they go over the wire. Never in a write transaction.

    Raises Invalid, TooLarge, and Unavailable while the child is away.
    """
    answer, parts = _asked("blocks", (body,))
    match answer.get("code"):
        case None:
            return parts[0]
        case "too_many":
            raise TooLarge(
                _("Envoyez %(most)d blocs au plus à la fois, en plusieurs demandes.", most=MOST_BLOCKS)
            )
        case _:
            raise Invalid(_("Cette demande n’a pas été comprise."), field="blocks")


def text_read(tree: Tree) -> TextReading:
    """What the rules say of a text. Waits for the child: never in a write transaction. Raises Unavailable."""
    answer, parts = _asked("text", (json_part(tree),))
    found = tuple(Finding(**{**one, "rule": RuleCode(one["rule"])}) for one in json.loads(parts[0]))
    return TextReading(
        found, Score(answer["words"], answer["sentences"], answer["syllables"]), str(answer["rules"])
    )


def _asked(do: str, parts: Sequence[bytes]) -> Answer:
    head: dict[str, Any] = {}
    if not _places.acquire(blocking=False):
        raise _away()
    try:
        return _reader.ask(do, head, parts)
    except (ChildDied, ValueError, OSError) as death:
        logger.warning("the child that reads plain French did not answer (%s): %s", do, type(death).__name__)
        raise _away() from None
    finally:
        _places.release()


def close() -> None:
    """End the child of this process, if there is one."""
    _reader.close()


def _away() -> Unavailable:
    return Unavailable(
        _("L’aide au français simple n’est pas disponible pour le moment. Vous pouvez continuer à écrire."),
        retry_after=30.0,
    )
