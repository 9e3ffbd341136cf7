"""Mutated updates and the process that tries them, for the tests of the gate.

What gets past the gate must not hurt: it applies, the document is read, written out and loaded again, in
pycrdt (here, in a process that may die) and in Yjs (`yjs_reads.mjs`). Run as a module, this is that process.
"""

import base64
import gzip
import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st

from drafts import document, packed_index
from drafts.gate import GateRefusal, RoomIndex, check
from drafts.yupdate import ANY, DELETED, FORMAT, GC, STRING, TYPE, Section, Struct, read_update
from tests.drafts import hostile

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "tests/vectors/yjs_strokes.json.gz"


class Stroke(NamedTuple):
    """An honest stroke and the state of the room that it came to."""

    state: bytes
    update: bytes
    allowed: frozenset[int]


@cache
def honest_strokes() -> tuple[Stroke, ...]:
    """Some strokes of every recorded case, spread over its length."""
    found = []
    for case in json.loads(gzip.decompress(VECTORS.read_bytes()))["cases"]:
        doc = document.new_document()
        every = max(1, len(case["strokes"]) // 12)
        for at, stroke in enumerate(case["strokes"]):
            data = base64.b64decode(stroke["update"])
            # Large documents would only make the run slow.
            if at % every == 0 and len(data) < 4_000 and len(state := document.state(doc)) < 20_000:
                found.append(Stroke(state, data, frozenset(stroke["allowed"])))
            document.apply(doc, data)
    return tuple(found)


# Mutations of bytes

_NUMBERS = (0, 1, 2, 3, 5, 127, 128, 255, 16_384, 2**31 - 1, 2**31, 2**32, 2**53, 2**64)


@st.composite
def bytes_mutated(draw: st.DrawFn, data: bytes) -> bytes:
    raw = bytearray(data)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(0, len(raw) - 1)))
        kind = draw(st.sampled_from(["flip", "set", "insert", "remove", "repeat", "number", "cut"]))
        if kind == "flip" and raw:
            raw[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == "set" and raw:
            raw[at] = draw(st.integers(0, 255))
        elif kind == "insert":
            raw[at:at] = draw(st.binary(min_size=1, max_size=4))
        elif kind == "remove":
            del raw[at : at + draw(st.integers(1, 6))]
        elif kind == "repeat":
            raw[at:at] = raw[at : at + draw(st.integers(1, 12))]
        elif kind == "number":
            raw[at : at + 1] = hostile.number(draw(st.sampled_from(_NUMBERS)))
        elif kind == "cut":
            del raw[at:]
    return bytes(raw)


# Mutations of structure: most of these still make sense to the reader

_CONTENTS: list[tuple[int, int, Any]] = [
    (STRING, 2, "é!"),
    (STRING, 4, "😀😁"),
    (STRING, 1, None),
    (DELETED, 1, None),
    (DELETED, 3, None),
    (GC, 2, None),
    (TYPE, 1, None),
    *(
        (TYPE, 1, name)
        for name in (
            "paragraph",
            "bullet_list",
            "list_item",
            "note",
            "hard_break",
            "heading",
            "step",
            "label",
            "contact",
        )
    ),
    (FORMAT, 1, ("strong", "{}")),
    (FORMAT, 1, ("strong", "null")),
    (FORMAT, 1, ("link", '{"href":"https://a.nc"}')),
    (ANY, 1, ["b1"]),
    (ANY, 1, [3]),
    (ANY, 2, [2, 3]),
    (ANY, 1, ["note"]),
]


def encode(sections: list[Section], deletes: list[tuple[int, list[tuple[int, int]]]]) -> bytes:
    out = hostile.number(len(sections))
    for client, start, _, structs in sections:
        out += hostile.number(len(structs)) + hostile.number(client) + hostile.number(start)
        out += b"".join(_encode_struct(struct) for struct in structs)
    out += hostile.number(len(deletes))
    for client, ranges in deletes:
        out += hostile.number(client) + hostile.number(len(ranges))
        for start, stop in ranges:
            out += hostile.number(start) + hostile.number(max(0, stop - start))
    return out


def _encode_struct(struct: Struct) -> bytes:
    kind, length, origin, right, parent, key, content = struct
    if kind == GC:
        return hostile.collected(length)
    if kind == STRING:
        inner = hostile.text(content if content is not None else "x" * length)
    elif kind == DELETED:
        inner = hostile.number(length)
    elif kind == TYPE:
        inner = b"\x06" if content is None else b"\x03" + hostile.text(content)
    elif kind == FORMAT:
        inner = hostile.text(content[0]) + hostile.text(content[1])
    else:
        inner = hostile.number(len(content)) + b"".join(
            hostile.any_text(value) if isinstance(value, str) else hostile.any_float(value)
            for value in content
        )
    if not origin and not right and parent is None:
        parent = hostile.ROOT
    return hostile.block(kind, inner, origin=origin, right=right, parent=parent, key=key)


@st.composite
def structure_mutated(draw: st.DrawFn, stroke: Stroke) -> bytes:
    sections, deletes = read_update(stroke.update, 10_000, 10_000)
    index = RoomIndex.of(stroke.state)
    ends = {client: clocks.end for client, clocks in index.clients.items()}
    for client, _, end, _ in sections:
        ends[client] = max(ends.get(client, 0), end)
    clients = sorted(ends) or [7]
    types = sorted(index.types)

    def some_id() -> tuple[int, int]:
        client = draw(st.sampled_from(clients))
        return client, draw(st.integers(0, max(0, ends.get(client, 0) - draw(st.integers(0, 1)))))

    if not sections or draw(st.integers(0, 3)) == 0:
        writer = draw(st.sampled_from(sorted(stroke.allowed)))
        if all(section[0] != writer for section in sections):
            kind, length, content = draw(st.sampled_from(_CONTENTS))
            new = (kind, length, some_id(), None, None, None, content)
            sections = [*sections, (writer, ends.get(writer, 0), 0, [new])]
    for _ in range(draw(st.integers(1, 4))):
        if not sections or draw(st.integers(0, 5)) == 0:
            start = some_id()
            deletes = [*deletes, (start[0], [(start[1], start[1] + draw(st.integers(0, 6)))])]
            if draw(st.booleans()):
                deletes = list(dict(deletes).items())
            continue
        which = draw(st.integers(0, len(sections) - 1))
        client, start_clock, end, structs = sections[which]
        structs = list(structs)
        at = draw(st.integers(0, len(structs) - 1)) if structs else 0
        change = draw(
            st.sampled_from(
                ["origin", "right", "both", "parent", "content", "drop", "twice", "swap", "start", "add"]
            )
        )
        if change in ("add", "twice") or not structs:
            kind, length, content = draw(st.sampled_from(_CONTENTS))
            near = (client, max(0, start_clock + sum(struct[1] for struct in structs) - 1))
            new = (kind, length, draw(st.sampled_from([near, some_id()])), None, None, None, content)
            structs.insert(
                len(structs) if change == "add" else at, structs[at] if change == "twice" and structs else new
            )
        elif change == "drop":
            del structs[at]
        elif change == "swap":
            other = draw(st.integers(0, len(structs) - 1))
            structs[at], structs[other] = structs[other], structs[at]
        elif change == "start":
            start_clock = max(0, start_clock + draw(st.integers(-3, 1)))
        else:
            kind, length, origin, right, parent, key, content = structs[at]
            if change in ("origin", "both"):
                origin = draw(st.none() | st.just(some_id()))
            if change in ("right", "both"):
                right = draw(st.none() | st.just(some_id()))
            if change == "parent":
                origin = right = None
                parent = draw(st.sampled_from([*types, some_id(), hostile.ROOT]))
                key = draw(st.none() | st.sampled_from(["id", "level", "kind"]))
            if change == "content":
                kind, length, content = draw(st.sampled_from(_CONTENTS))
            structs[at] = (kind, length, origin, right, parent, key, content)
        sections = [*sections[:which], (client, start_clock, end, structs), *sections[which + 1 :]]
        sections = [section for section in sections if section[3] or draw(st.booleans())]
    return encode(sections, deletes)


@st.composite
def attempts(draw: st.DrawFn) -> Stroke:
    """A room, a mutated update, and whose blocks its sender may write."""
    stroke = draw(st.sampled_from(honest_strokes()))
    structural = draw(st.integers(0, 3)) > 0
    data = draw(structure_mutated(stroke) if structural else bytes_mutated(stroke.update))
    return Stroke(stroke.state, data, stroke.allowed)


def may_be_crossed(update: bytes) -> bool:
    """Whether a block names both neighbours: the gate does not know their order.

    Replicas may then read the text differently; the server finds that by comparing with a fresh replay.
    """
    sections, _ = read_update(update, 100_000, 100_000)
    return any(struct[2] and struct[3] for _, _, _, structs in sections for struct in structs)


# The process that may die


def try_update(stroke: Stroke) -> dict[str, Any]:
    """What the gate says; when it lets the update through, what the document then reads as.

    An AssertionError or whatever pycrdt raises is a find.
    """
    index = RoomIndex.of(stroke.state)
    before = {client: clocks.end for client, clocks in index.clients.items()}
    try:
        accepted = check(index, stroke.update, stroke.allowed)
    except GateRefusal as refusal:
        assert refusal.code == _verdict_of_stored(index, stroke)
        assert before == {client: clocks.end for client, clocks in index.clients.items()}
        return {"code": refusal.code}
    assert accepted.clients <= stroke.allowed
    assert _verdict_of_stored(index, stroke) == ""
    doc = document.replay(stroke.state, ())
    document.apply(doc, stroke.update)
    index.admit(accepted)
    document.read_tree(doc)
    state = document.state(doc)
    again = document.replay(state, ())
    document.read_tree(again)
    # Nothing waits for a base, and what a restart knows is what the gate knows.
    known = {client: clocks.end for client, clocks in RoomIndex.of(state).clients.items()}
    assert known == {client: clocks.end for client, clocks in index.clients.items()}
    return {
        "code": "",
        "picture": hostile.picture(doc),
        "reloaded": hostile.picture(again),
        "state": base64.b64encode(state).decode(),
    }


def _verdict_of_stored(index: RoomIndex, stroke: Stroke) -> str:
    """What the gate says when it knows the room from the bytes that are kept with a checkpoint."""
    try:
        check(packed_index.unpack(packed_index.pack(index)), stroke.update, stroke.allowed)
    except GateRefusal as refusal:
        return refusal.code
    return ""


class Trial:
    """The parent's hold on the process. A death of the process is an AssertionError."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.drafts.gate_mutations"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def run(self, stroke: Stroke) -> dict[str, Any]:
        assert self._process.stdin and self._process.stdout
        line = [base64.b64encode(part).decode() for part in (stroke.state, stroke.update)]
        self._process.stdin.write(json.dumps([*line, sorted(stroke.allowed)]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            status = self._process.wait()
            self._start()
            raise AssertionError(f"the update killed the process that tried it (status {status})")
        result: dict[str, Any] = json.loads(answer)
        assert "error" not in result, result["error"]
        return result

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


def yjs_reads(accepted: list[tuple[Stroke, Any]]) -> list[str]:
    """Let a fresh Yjs in Node load each room and take each accepted update; what it finds wrong, in words."""
    lines = [
        json.dumps([base64.b64encode(part).decode() for part in (stroke.state, stroke.update)] + [picture])
        for stroke, picture in accepted
    ]
    done = subprocess.run(
        ["node", "tests/drafts/yjs_reads.mjs"],
        cwd=ROOT,
        input="\n".join(lines),
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def main() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (2 * 1024**3, 2 * 1024**3))
    for line in sys.stdin:
        spent = resource.getrusage(resource.RUSAGE_SELF)
        # A loop inside pycrdt ends the process, and with it the test.
        resource.setrlimit(
            resource.RLIMIT_CPU, (int(spent.ru_utime + spent.ru_stime) + 10, resource.RLIM_INFINITY)
        )
        state, data, allowed = json.loads(line)
        try:
            answer = try_update(Stroke(base64.b64decode(state), base64.b64decode(data), frozenset(allowed)))
        except BaseException as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
