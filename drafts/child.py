"""A child process under limits, for work that could hang, crash or outgrow the process it is done for.

What pycrdt does with bad bytes nothing catches: an endless loop holding the interpreter, a stack that
overflows, memory without end. So what is not known to be good is tried in a child that may die; the parent
only sees an answer, or that there was none. The child is kept for the next request and started anew after it
died, was ended for taking too long, or has grown.

The parent's side is one socket pair with time-outs, so it waits cooperatively once gevent has patched the
standard library, and blocks like any other call otherwise.

A message either way is a length (4 bytes, big-endian), a line of JSON, and byte strings whose sizes stand in
its `parts`. In a request `do` names the work (`drafts.child_work`). What the child is at, it writes into eight
bytes that both share: after a death they say which row it was.
"""

from __future__ import annotations

import json
import mmap
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from struct import Struct
from typing import Any

__all__ = ["Child", "ChildDied", "ChildSlow", "serve"]

_LENGTH = Struct(">I")
_AT = Struct(">q")
_ROOT = Path(__file__).resolve().parent.parent
# A child that has held much memory keeps it; past this (resident KiB) it leaves and another takes its place.
_RETIRE_KIB = 400 * 1024
Part = bytes | list[bytes]
Answer = tuple[dict[str, Any], list[bytes]]
Work = Callable[[dict[str, Any], list[bytes], Callable[[int], None]], tuple[dict[str, Any], Sequence[bytes]]]


class ChildDied(Exception):
    """The child ended in the middle of its work. `at` is what it last said it was at."""

    def __init__(self, at: int = 0) -> None:
        super().__init__(f"the child died at {at}")
        self.at = at


class ChildSlow(ChildDied):
    """It took too long and was ended."""


class Child:
    """The parent's hold on one child, which is started by the first request. One at a time; the others wait their turn."""

    def __init__(
        self, *, seconds: float, memory: int, longest: int, module: str = "drafts.child_work"
    ) -> None:
        self._module = module
        self._seconds = seconds
        self._memory = memory
        self._longest = longest
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._at: mmap.mmap | None = None

    def ask(
        self, do: str, head: dict[str, Any], parts: Sequence[Part] = (), seconds: float | None = None
    ) -> Answer:
        """The child's answer: values and byte strings. Raises ChildDied, ChildSlow, ValueError when too long.

        A part may be given in pieces, which are sent one after the other: a log of some megabytes put together first
        would lie in memory several times.

        `seconds` for this request, when its size is known; else those of the child.
        """
        seconds = seconds or self._seconds
        sizes = [len(part) if isinstance(part, bytes) else sum(map(len, part)) for part in parts]
        line = json.dumps({**head, "do": do, "seconds": int(seconds), "parts": sizes}).encode() + b"\n"
        length = len(line) + sum(sizes)
        if length > self._longest:
            raise ValueError("the request is too long")
        pieces = [_LENGTH.pack(length) + line]
        for part in parts:
            pieces += [part] if isinstance(part, bytes) else part
        with self._lock:
            return _split(self._answer(pieces, seconds))

    def ready(self) -> None:
        """Have a child wait for the first request: it takes half a second of a processor to start one."""
        with self._lock:
            if self._child is None or self._child.poll() is not None:
                self._start()

    def close(self) -> None:
        """End the child, if there is one."""
        with self._lock:
            self._stop()

    def _answer(self, pieces: list[bytes], seconds: float) -> bytes:
        fresh = self._child is None or self._child.poll() is not None
        for attempt in range(2):
            if fresh or attempt:
                self._stop()
                self._start()
            assert self._line is not None
            try:
                deadline = time.monotonic() + seconds
                self._line.settimeout(seconds)
                for chunk in _chunks(pieces):
                    self._line.sendall(chunk)
                answer = _receive(self._line, deadline, self._longest)
            except TimeoutError:
                at = self._was_at()
                self._stop()
                raise ChildSlow(at) from None
            except OSError:
                answer = None
            if answer is not None:
                return answer
            if fresh:
                break
            # The child may have left after its last answer; only one that was started for this request
            # and died is its work.
        at = self._was_at()
        self._stop()
        raise ChildDied(at)

    def _was_at(self) -> int:
        return int(_AT.unpack_from(self._at)[0]) if self._at is not None else 0

    def _start(self) -> None:
        self._line, theirs = socket.socketpair()
        with theirs, tempfile.TemporaryFile() as shared:
            shared.truncate(_AT.size)
            self._at = mmap.mmap(shared.fileno(), _AT.size)
            self._child = subprocess.Popen(  # nosec B603 # this Python, a module of ours; what it works on goes in by a pipe
                [
                    sys.executable,
                    "-m",
                    self._module,
                    str(shared.fileno()),
                    str(self._memory),
                ],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                # A panic of pycrdt would write its trace among the server's log lines.
                stderr=subprocess.DEVNULL,
                pass_fds=(shared.fileno(),),
                cwd=_ROOT,
            )

    def _stop(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None
        if self._at is not None:
            self._at.close()
            self._at = None


def json_part(value: Any) -> bytes:
    """A value as one part of a request or an answer."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _chunks(pieces: list[bytes]) -> Iterator[bytes]:
    """Pieces by the megabyte: a log has hundreds of thousands of small ones."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= 1 << 20:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)


def _split(message: bytes) -> Answer:
    line, _, rest = message.partition(b"\n")
    head = json.loads(line)
    parts, at = [], 0
    for size in head["parts"]:
        parts.append(rest[at : at + size])
        at += size
    return head, parts


def _receive(line: socket.socket, deadline: float | None, longest: int) -> bytes | None:
    """One message; None when the other side has gone. Raises TimeoutError past `deadline` (monotonic)."""

    def exactly(count: int) -> bytes | None:
        parts = bytearray()
        while len(parts) < count:
            if deadline is not None:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                line.settimeout(left)
            part = line.recv(min(count - len(parts), 1 << 20))
            if not part:
                return None
            parts += part
        return bytes(parts)

    head = exactly(_LENGTH.size)
    if head is None:
        return None
    (size,) = _LENGTH.unpack(head)
    return exactly(size) if size <= longest else None


def serve(works: dict[str, Work], shared: int, memory: int) -> int:
    """The child's side: answer requests on standard input until the other side closes it."""
    import resource

    line = socket.socket(fileno=0)
    at = mmap.mmap(shared, _AT.size)
    _limit(resource.RLIMIT_AS, memory)
    # A crash is expected here, and its core would be as large as the limit.
    _limit(resource.RLIMIT_CORE, 0)

    def say_at(number: int) -> None:
        _AT.pack_into(at, 0, number)

    while (message := _receive(line, None, sys.maxsize)) is not None:
        head, parts = _split(message)
        spent = resource.getrusage(resource.RUSAGE_SELF)
        # The limit counts from the start of the process: each request gets its own seconds. It ends a loop
        # inside pycrdt even when the parent is gone.
        spent_seconds = int(spent.ru_utime + spent.ru_stime)
        _limit(resource.RLIMIT_CPU, spent_seconds + head["seconds"] + 1, soft_only=True)
        say_at(0)
        answer, given = works[head["do"]](head, parts, say_at)
        line_ = json.dumps({**answer, "parts": [len(part) for part in given]}).encode()
        whole = b"".join((line_, b"\n", *given))
        line.sendall(_LENGTH.pack(len(whole)) + whole)
        if _peak() > _RETIRE_KIB:
            break
    return 0


def _peak() -> int:
    """The most memory this process has had, in KiB.

    Linux counts in `ru_maxrss` what the parent had when it forked (it is kept over exec): a child of a large server would
    retire after each request. VmHWM (proc(5)) begins anew with the program.
    """
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _limit(kind: int, amount: int, soft_only: bool = False) -> None:
    import resource

    hard = resource.getrlimit(kind)[1]
    try:
        resource.setrlimit(kind, (amount, hard if soft_only else amount))
    except (ValueError, OSError):
        # macOS has no limit of the address space; the time limit and the parent's clock remain.
        pass
