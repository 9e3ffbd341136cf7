"""The bulk door's check, in a child process under limits.

A bulk update is up to 4 MiB: reading it would stall the people who type, and what it does inside pycrdt can
take more memory than the server has (50,000 structs of one character: 1.4 GB). So a child loads the
document, checks, applies and reads; only when it survives that is the update let through. The child is kept
and started anew after it died, was killed for taking too long, or has grown.

The parent's side is one socket pair with time-outs, so it waits cooperatively once gevent has patched the
standard library, and blocks like any other call otherwise.

One message either way is a length (4 bytes, big-endian) and that many bytes. A request is JSON on one line,
{"state": bytes of the state, "clients": […]}, then the state, then the update. An answer is JSON: {} for
yes, or {"code", "message"}.
"""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from struct import Struct

from drafts.gate import BULK, GateRefusal, RoomIndex, check

__all__ = ["BulkChecker"]

_LENGTH = Struct(">I")
# The state of a draft with years of history is a few MiB; a refusal is better than a child out of memory.
_MESSAGE_LIMIT = 64 * 1024 * 1024
# A check of a legitimate bulk update takes well under a second; see the module's tests for what takes longer.
_SECONDS = 5.0
_MEMORY = 1024 * 1024 * 1024
# What the check may add to the child's peak (KiB): the server will need as much again to apply the update.
_GROWTH_KIB = 300 * 1024
# A child that has held much memory keeps it; past this (resident KiB) it leaves and another takes its place.
_RETIRE_KIB = 400 * 1024
_ROOT = Path(__file__).resolve().parent.parent


class BulkChecker:
    """The parent's hold on the child. One check at a time; the others wait their turn."""

    def __init__(self, seconds: float = _SECONDS) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None

    def check(self, state: bytes, update: bytes, allowed_clients: Iterable[int]) -> None:
        """Return if the update may be applied to the document with this full state; else raise GateRefusal.

        An update that kills the child, or keeps it longer than a few seconds, is refused as too_large.
        """
        if len(update) > BULK.size:
            raise GateRefusal("too_large", "the update has too many bytes for this door")
        head = json.dumps({"state": len(state), "clients": sorted(allowed_clients)}).encode()
        message = b"\n".join((head, state + update))
        if len(message) > _MESSAGE_LIMIT:
            raise GateRefusal("too_large", "the document is too large for this door")
        with self._lock:
            answer = self._ask(message)
        if answer:
            raise GateRefusal(answer["code"], answer["message"])

    def close(self) -> None:
        """End the child, if there is one."""
        with self._lock:
            self._stop()

    def _ask(self, message: bytes) -> dict[str, str]:
        fresh = self._child is None or self._child.poll() is not None
        for attempt in range(2):
            if fresh or attempt:
                self._stop()
                self._start()
            assert self._line is not None
            try:
                deadline = time.monotonic() + self._seconds
                self._line.settimeout(self._seconds)
                self._line.sendall(_LENGTH.pack(len(message)) + message)
                answer = _receive(self._line, deadline)
            except TimeoutError:
                self._stop()
                raise GateRefusal("too_large", "the check of the update took too long") from None
            except OSError:
                answer = None
            if answer is not None:
                return dict(json.loads(answer))
            if fresh:
                break
            # The child may have left after its last answer; only one that was started for this update
            # and died is its work.
        self._stop()
        raise GateRefusal("too_large", "the check of the update did not survive it")

    def _start(self) -> None:
        self._line, theirs = socket.socketpair()
        with theirs:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "drafts.bulk_check"],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                # A panic of pycrdt would write its trace among the server's log lines.
                stderr=subprocess.DEVNULL,
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


def _receive(line: socket.socket, deadline: float | None) -> bytes | None:
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
    if size > _MESSAGE_LIMIT + 4096:
        return None
    return exactly(size)


def judge(message: bytes) -> dict[str, str]:
    """The child's answer to one request."""
    from drafts.document import DocumentBroken, apply, read_tree, replay, state

    head, _, rest = message.partition(b"\n")
    request = json.loads(head)
    before, update = rest[: request["state"]], rest[request["state"] :]
    try:
        index = RoomIndex.of(before) if before else RoomIndex()
        check(index, update, frozenset(request["clients"]), bulk=True)
        try:
            doc = replay(before or None, ())
            apply(doc, update)
            read_tree(doc)
            # What cannot be written out and loaded again would be lost at the next start.
            read_tree(replay(state(doc), ()))
        except DocumentBroken as error:
            raise GateRefusal("malformed", "the document did not survive the update") from error
    except GateRefusal as refusal:
        return {"code": refusal.code, "message": refusal.message}
    except (MemoryError, RecursionError):
        return {"code": "too_large", "message": "the update needs too much memory"}
    return {}


def main() -> int:
    """Answer requests on standard input until the other side closes it."""
    import resource

    line = socket.socket(fileno=0)
    _limit(resource.RLIMIT_AS, _MEMORY)
    while (message := _receive(line, None)) is not None:
        spent = resource.getrusage(resource.RUSAGE_SELF)
        # The limit counts from the start of the process: each request gets its own seconds. It ends a loop
        # inside pycrdt even when the parent is gone.
        _limit(resource.RLIMIT_CPU, int(spent.ru_utime + spent.ru_stime + _SECONDS) + 1, soft_only=True)
        verdict = judge(message)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        if not verdict and peak - spent.ru_maxrss > _GROWTH_KIB:
            verdict = {"code": "too_large", "message": "the update needs too much memory"}
        answer = json.dumps(verdict).encode()
        line.sendall(_LENGTH.pack(len(answer)) + answer)
        if peak > _RETIRE_KIB:
            break
    return 0


def _limit(kind: int, amount: int, soft_only: bool = False) -> None:
    import resource

    hard = resource.getrlimit(kind)[1]
    try:
        resource.setrlimit(kind, (amount, hard if soft_only else amount))
    except (ValueError, OSError):
        # macOS has no limit of the address space; the time limit and the parent's clock remain.
        pass


if __name__ == "__main__":
    sys.exit(main())
