"""Reads texts by the rules of plain French in a child under limits (`drafts.child`), away from who is writing.

python -m drafts.plain_french.work SHARED_FILE MEMORY

A long text takes a second of a processor. The bytes of a request are read here for the first time, so that neither a
large body nor a strange one is anything to the server.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from drafts import child
from drafts.grammar import Tree, normalise
from drafts.plain_french.passages import Passage
from drafts.plain_french.reading import Finding, Reader
from drafts.plain_french.rules import house_rules
from drafts.plain_french.score import Score, score, score_of

# As `drafts.plain_french.asking` says to who sends them.
MOST_BLOCKS = 300
At = Callable[[int], None]
Answered = tuple[dict[str, Any], Sequence[bytes]]
_reader = Reader()


def read_blocks(_head: dict[str, Any], parts: list[bytes], _at: At) -> Answered:
    """Part: `{"blocks": […]}` as it came. Answers {} and what each block holds as JSON, or {code}."""
    try:
        given = json.loads(parts[0])["blocks"]
        if not isinstance(given, list):
            return {"code": "malformed"}, ()
        if len(given) > MOST_BLOCKS:
            return {"code": "too_many"}, ()
        tree = normalise(given)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {"code": "malformed"}, ()
    return {}, (_json({"blocks": _by_block(tree), "rules": house_rules().digest}),)


def _by_block(tree: Tree) -> dict[str, Any]:
    return {
        read.passage.block_id: {
            "findings": [_told(finding) for finding in read.findings],
            "spells": sorted(read.spells),
            "terms": _terms(read.passage),
            "score": _numbers(_score(read.passage)),
        }
        for read in _reader.block_by_block(tree)
        if read.passage.block_id
    }


def _terms(_passage: Passage) -> list[Any]:
    """The words of a block that a glossary explains: there is none yet."""
    return []


def _told(finding: Finding) -> dict[str, Any]:
    """A finding for the page: with its rule's name and why it matters, without its block."""
    rule = house_rules()[finding.rule]
    told = {key: value for key, value in asdict(finding).items() if key != "block_id"}
    return {**told, "name": rule.name, "why": rule.why}


def _score(passage: Passage) -> Score:
    # Titles of laws are quoted, and nobody is held to them.
    return Score() if passage.kind == "quoted" else score_of(passage)


def _numbers(found: Score) -> dict[str, Any]:
    """Whoever shows the blocks of a text adds them up to its own score."""
    return {**asdict(found), "ease": found.ease}


def read_text(_head: dict[str, Any], parts: list[bytes], _at: At) -> Answered:
    """Part: a whole tree. Answers {words, sentences, syllables, rules} and its findings as JSON, in reading order."""
    tree = json.loads(parts[0])
    found = [asdict(finding) for finding in Reader().findings(tree)]
    whole = score(tree).whole
    return {**asdict(whole), "rules": house_rules().digest}, (_json(found),)


def _json(value: Any) -> bytes:
    """In ASCII: half a sign that somebody sent is answered as it came."""
    return json.dumps(value, separators=(",", ":")).encode()


WORKS: dict[str, child.Work] = {"blocks": read_blocks, "text": read_text}


if __name__ == "__main__":
    shared, memory = map(int, sys.argv[1:])
    sys.exit(child.serve(WORKS, shared, memory))
