"""Reads texts by the rules of plain French in a child under limits (`drafts.child`), away from who is writing.

python -m drafts.plain_french.work SHARED_FILE MEMORY

A long text takes a second of a processor. The bytes of a request are read here for the first time, so that neither a
large body nor a strange one is anything to the server.

Each request names the law it is to be read by (`drafts.plain_french.in_force`). One that is not known here is asked for, by
the code "law": it comes as one more part, and is remembered.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from drafts import child
from drafts.grammar import Tree, normalise
from drafts.plain_french.in_force import Law, from_bytes, shipped_law
from drafts.plain_french.passages import Passage
from drafts.plain_french.reading import Finding, Reader
from drafts.plain_french.score import Score, score, score_of

# As `drafts.plain_french.asking` says to who sends them.
MOST_BLOCKS = 300
At = Callable[[int], None]
Answered = tuple[dict[str, Any], Sequence[bytes]]
# The one in force, and the one before it, which a process that has not looked yet still names.
MOST_LAWS = 2
_laws: dict[str, Law] = {shipped_law().digest: shipped_law()}


def _law(head: dict[str, Any], parts: list[bytes]) -> Law | None:
    """The law that a request names; None when this process does not know it."""
    name = head["law"]
    if name not in _laws and len(parts) > 1:
        while len(_laws) >= MOST_LAWS:
            del _laws[next(iter(_laws))]
        _laws[name] = from_bytes(parts[1])
    return _laws.get(name)


def read_blocks(head: dict[str, Any], parts: list[bytes], _at: At) -> Answered:
    """Part: `{"blocks": […]}` as it came. Answers {} and what each block holds as JSON, or {code}."""
    law = _law(head, parts)
    if law is None:
        return {"code": "law"}, ()
    try:
        given = json.loads(parts[0])["blocks"]
        if not isinstance(given, list):
            return {"code": "malformed"}, ()
        if len(given) > MOST_BLOCKS:
            return {"code": "too_many"}, ()
        tree = normalise(given)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {"code": "malformed"}, ()
    return {}, (_json({"blocks": _by_block(tree, law), "rules": law.digest}),)


def _by_block(tree: Tree, law: Law) -> dict[str, Any]:
    reader = Reader(law.rules, law.terms.known)
    return {
        read.passage.block_id: {
            "findings": [_told(finding, law) for finding in read.findings],
            "spells": sorted(read.spells),
            "terms": _terms(read.passage, law),
            "score": _numbers(_score(read.passage)),
        }
        for read in reader.block_by_block(tree)
        if read.passage.block_id
    }


def _terms(passage: Passage, law: Law) -> list[dict[str, Any]]:
    """The words of a block that the glossary explains, as they stand in it. What a law is called is quoted."""
    if passage.kind == "quoted":
        return []
    return [
        {"term": one.entry.term, "start": one.start, "end": one.end, "definition": one.entry.definition}
        for one in law.terms.terms_in(passage.read)
    ]


def _told(finding: Finding, law: Law) -> dict[str, Any]:
    """A finding for the page: with its rule's name and why it matters, without its block."""
    rule = law.rules[finding.rule]
    told = {key: value for key, value in asdict(finding).items() if key != "block_id"}
    return {**told, "name": rule.name, "why": rule.why}


def _score(passage: Passage) -> Score:
    # Titles of laws are quoted, and nobody is held to them.
    return Score() if passage.kind == "quoted" else score_of(passage)


def _numbers(found: Score) -> dict[str, Any]:
    """Whoever shows the blocks of a text adds them up to its own score."""
    return {**asdict(found), "ease": found.ease}


def read_text(head: dict[str, Any], parts: list[bytes], _at: At) -> Answered:
    """Part: a whole tree. Answers {words, sentences, syllables, rules} and its findings as JSON, in reading order."""
    law = _law(head, parts)
    if law is None:
        return {"code": "law"}, ()
    tree = json.loads(parts[0])
    reader = Reader(law.rules, law.terms.known)
    found = [asdict(finding) for finding in reader.findings(tree)]
    whole = score(tree).whole
    return {**asdict(whole), "rules": law.digest}, (_json(found),)


def _json(value: Any) -> bytes:
    """In ASCII: half a sign that somebody sent is answered as it came."""
    return json.dumps(value, separators=(",", ":")).encode()


WORKS: dict[str, child.Work] = {"blocks": read_blocks, "text": read_text}


if __name__ == "__main__":
    shared, memory = map(int, sys.argv[1:])
    sys.exit(child.serve(WORKS, shared, memory))
