"""What is done with the past of a text in a child under limits (`drafts.child`), away from who is writing.

python -m drafts.past_work SHARED_FILE MEMORY

Reading a moment replays thousands of rows; a comparison of two long texts and a way back take seconds. The child is
one of its own, so that nobody's table waits for somebody who reads.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from drafts import child, document
from drafts.authorship import RunTable
from drafts.child import json_part
from drafts.child_work import Answered, At, Base, answered
from drafts.compare import compare
from drafts.judged import StoredRow
from drafts.rescuing import lost_words, put_back
from drafts.retelling import Span, spans_of
from drafts.telling import Telling, replayed, tell

# Parts of a request to open something stored.
_STORED = 4


def moment(head: dict[str, Any], parts: list[bytes], at: At) -> Answered:
    """The text at a number, as JSON, and with `authors` whose its words are (`null`: nobody can say).

    Answers {seq}: lower than was asked when a row cannot be replayed.
    """
    base = Base(head, parts)
    doc, _index, runs, bad = base.opened(at)
    tree = document.read_tree(doc)
    spans = spans_of(tree, runs.runs()) if runs is not None else None
    return {"seq": base.reached(bad)}, (json_part(tree), json_part(spans))


def difference(_head: dict[str, Any], parts: list[bytes], _at: At) -> Answered:
    """Parts: two trees. Answers the changes of their blocks."""
    before, after = map(json.loads, parts)
    return {}, (json_part([asdict(change) for change in compare(before, after)]),)


def restore(head: dict[str, Any], parts: list[bytes], at: At) -> Answered:
    """The rows that make a stored text read as another: after the stored one, its tree and spans.

    `asked_by` is a person, `clients` are ids to write under. Answers {seq, rows: [[person, client]…], off}.
    """
    base = Base(head, parts[:_STORED])
    tree, spans = map(json.loads, parts[_STORED:])
    doc, _index, runs, bad = base.opened(at)
    assert runs is not None
    whose = None if spans is None else [Span(*span) for span in spans]
    told = _told(doc, runs, tree, whose, head["asked_by"], head["clients"])
    return _rows(told, base.reached(bad))


def rescue(head: dict[str, Any], parts: list[bytes], at: At) -> Answered:
    """The rows that bring back what was written into what a restoration took away (`drafts.rescuing`).

    `before` and `now` are requests to open the text before it and as it is, `since` the rows between: [seq,
    person, size]; `ours` are the restorations (base, first and last row), `looked` is the last row that was looked at.
    """
    doc, index, _runs, _bad = Base(head["before"], parts[:_STORED]).opened(at)
    base = Base(head["now"], parts[_STORED : 2 * _STORED])
    now, _index, runs, bad = base.opened(at)
    assert runs is not None
    seq = base.reached(bad)
    rows, start = [], 0
    for number, person, size in head["since"]:
        rows.append(StoredRow(number, person, parts[-1][start : start + size]))
        start += size
    lost = lost_words(doc, index, rows, [tuple(one) for one in head["ours"]], head["looked"])
    if not lost:
        return {"seq": seq, "rows": [], "off": 0}, ()
    return _rows(Telling(tuple(put_back(now, runs, lost, head["clients"])), 0), seq)


def _told(
    doc: document.Doc,
    runs: RunTable,
    tree: list[dict[str, Any]],
    whose: list[Span] | None,
    person: int,
    clients: list[int],
) -> Telling:
    try:
        return tell(doc, runs, tree, whose, asked_by=person, clients=clients)
    except (document.DocumentBroken, ValueError):
        # A document laid out in a way that no editor of ours would: its text is right all the same.
        update = document.rewrite_update(doc, tree, clients[0])
        rows = ((person, clients[0], update),) if update else ()
        replayed(doc, runs, rows)
        return Telling(rows, -1)


def _rows(told: Telling, seq: int) -> Answered:
    named = [[person, client] for person, client, _update in told.rows]
    updates = [update for _person, _client, update in told.rows]
    return {"seq": seq, "rows": named, "off": told.off}, updates


WORKS: dict[str, child.Work] = {
    "moment": answered(moment),
    "difference": answered(difference),
    "restore": answered(restore),
    "rescue": answered(rescue),
}


if __name__ == "__main__":
    shared, memory = map(int, sys.argv[1:])
    sys.exit(child.serve(WORKS, shared, memory))
