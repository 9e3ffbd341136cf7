"""The WebSocket of a table (RFC 6455, server side, no extensions) on a gevent socket.

The product's cost is one system call for each person a keystroke is told to, so this driver does nothing else on
the way out: a server's frames are not masked, one prepared byte string is written to every socket without a queue,
a task or a switch. It replaces simple-websocket, whose parser in Python was the dearest part of a process.

What does not fit into a socket's buffer waits in a backlog of its own, within bounds: a reader that stalls, with or
without answering pings, is let go and comes back for what it missed.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import logging
import os
import socket
import struct
from collections import deque
from typing import Any

import gevent
from gevent.socket import wait_write

from app import metrics
from realtime.limits import Turn, unfinished

logger = logging.getLogger(__name__)
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
NORMAL, PROTOCOL_ERROR, BAD_TEXT, TOO_BIG, TRY_LATER = 1000, 1002, 1007, 1009, 1013
# A reader may be this far behind (realtime.md of the design: 256 packets or 8 MB), and not longer than this
# without taking a single byte.
MOST_PACKETS, MOST_BYTES, STALL_SECONDS = 256, 8 * 1024 * 1024, 30.0
# What is read at once: the more, the longer the others wait for those who send faster than they are read.
RECEIVE = 16 * 1024
# What is written at once, and unmasked at once.
CHUNK = 64 * 1024
# Up to this much of a message that is not complete is not counted: most are complete when they are read.
SMALL = 16 * 1024
# Text is the head of a packet, whose bytes follow by themselves; the largest is some hundred bytes. As JSON a few
# megabytes become a hundred in memory, and a second of everybody's time.
MAX_TEXT = 64 * 1024
# How long what waits may still be written after the goodbye.
GOODBYE_SECONDS = 2.0


class Closed(OSError):
    """The other side is gone, or broke the protocol."""


class Backlogs:
    """What waits to be sent, over all sockets of the process: read by the metrics."""

    packets = 0
    bytes = 0


def frame(payload: str | bytes, opcode: int | None = None) -> bytes:
    """One unmasked frame; text for str, binary for bytes, unless told otherwise."""
    if isinstance(payload, str):
        payload, kind = payload.encode(), TEXT
    else:
        kind = BINARY
    head = 0x80 | (kind if opcode is None else opcode)
    size = len(payload)
    if size < 126:
        return bytes((head, size)) + payload
    if size < 65536:
        return struct.pack(">BBH", head, 126, size) + payload
    return struct.pack(">BBQ", head, 127, size) + payload


def unmask(payload: bytes, mask: bytes) -> bytes:
    """XOR with the repeated mask, as one big number: C speed without a C extension."""
    size = len(payload)
    if mask == b"\0\0\0\0" or not size:
        return payload
    if size > CHUNK:
        # By pieces (whose size is a multiple of the mask's): a message as one number takes seven times its size.
        pieces = (payload[start : start + CHUNK] for start in range(0, size, CHUNK))
        return b"".join(unmask(piece, mask) for piece in pieces)
    repeated = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(repeated, "little")).to_bytes(size, "little")


def handshake(environ: dict[str, Any]) -> bytes | None:
    """The answer that opens a WebSocket, or None when this is not a request for one."""
    key = environ.get("HTTP_SEC_WEBSOCKET_KEY", "").strip().encode("latin-1", "replace")
    if environ.get("HTTP_SEC_WEBSOCKET_VERSION") != "13" or not 16 <= len(key) <= 64:
        return None
    accept = base64.b64encode(hashlib.sha1(key + GUID).digest())  # nosec B324 # RFC 6455, 4.2.2 asks for SHA-1; nothing is kept secret by it
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


class WebSocket:
    """One connection. `wait` is for one reading greenlet; all else neither blocks nor yields."""

    __slots__ = (
        "_backlog",
        "_buffer",
        "_flusher",
        "_gone",
        "_held",
        "_limit",
        "_owner",
        "_parts",
        "_parts_kind",
        "_sock",
        "backlog_bytes",
        "closed",
        "turn",
    )

    def __init__(self, sock: Any, limit: int, owner: object = None) -> None:
        self._sock = sock
        self._limit = limit
        # Whose it is: what people hold of unfinished messages is bounded for each of them, and for all.
        self._owner = owner
        self._buffer = bytearray()
        # The fragments of a message so far, and its kind.
        self._parts = bytearray()
        self._parts_kind = 0
        self._held = 0
        # Since when it is our turn.
        self.turn = Turn()
        self._backlog: deque[bytes] = deque()
        self.backlog_bytes = 0
        self._flusher: Any = None
        # Closed: nothing goes in or out for our callers. Gone: the socket is shut too.
        self.closed = False
        self._gone = False

    # Reading

    def wait(self) -> str | bytes | None:
        """The next message; None once the connection has ended. Answers pings on the way."""
        more = False
        try:
            while not self.closed:
                if self._buffer:
                    self.turn.rest()
                message = self.next()
                if message is not None:
                    return message
                if more:
                    # A read that need not wait switches to nobody: whoever floods us would have the process to
                    # themselves.
                    self.turn.rest()
                    gevent.sleep(0)
                received = self._sock.recv(RECEIVE)
                more = len(received) == RECEIVE
                # Somebody may have closed it meanwhile; the kernel still hands out what it had.
                if not received or self.closed:
                    return None
                self.feed(received)
        except OSError:
            return None
        return None

    @property
    def has_unread(self) -> bool:
        """Whether bytes were read in which `next` has not found a message yet."""
        return bool(self._buffer)

    def fileno(self) -> int:
        number: int = self._sock.fileno()
        return number

    def feed(self, received: bytes) -> None:
        """Take in bytes that were read from the socket; `next` finds the messages in them."""
        self.turn.begin()
        self._buffer += received
        held = len(self._buffer) + len(self._parts)
        if held > SMALL or self._held:
            self._hold(held)

    def _hold(self, size: int) -> None:
        """Count what this connection keeps of an incomplete message; end it when there is too much."""
        grown, self._held = size - self._held, size
        if not unfinished.take(self._owner, grown) and grown > 0:
            self._fail(TRY_LATER)

    def next(self) -> str | bytes | None:
        """A complete message out of the buffer, if there is one. Control frames are answered and passed over."""
        buffer = self._buffer
        while len(buffer) >= 2:
            first, second = buffer[0], buffer[1]
            size, start = second & 0x7F, 6
            if first & 0x70 or not second & 0x80:
                return self._fail(PROTOCOL_ERROR)  # no extension was agreed on; a client always masks
            if size == 126:
                if len(buffer) < 8:
                    return None
                size, start = buffer[2] << 8 | buffer[3], 8
            elif size == 127:
                if len(buffer) < 14:
                    return None
                size, start = struct.unpack_from(">Q", buffer, 2)[0], 14
            opcode = first & 0x0F
            if opcode >= CLOSE:
                if size > 125 or not first & 0x80 or opcode > PONG:
                    return self._fail(PROTOCOL_ERROR)
            elif opcode > BINARY or (opcode == 0) != bool(self._parts_kind):
                return self._fail(PROTOCOL_ERROR)
            elif len(self._parts) + size > (
                MAX_TEXT if (self._parts_kind or opcode) == TEXT else self._limit
            ):
                return self._fail(TOO_BIG)
            end = start + size
            if len(buffer) < end:
                return None
            payload = unmask(bytes(buffer[start:end]), bytes(buffer[start - 4 : start]))
            del buffer[:end]
            if opcode >= CLOSE:
                self._control(opcode, payload)
                if self.closed:
                    return None
                continue
            if not self._parts_kind and first & 0x80:
                whole, kind = payload, opcode
            else:
                self._parts += payload
                self._parts_kind = kind = self._parts_kind or opcode
                if not first & 0x80:
                    continue
                whole, self._parts, self._parts_kind = bytes(self._parts), bytearray(), 0
            if self._held:
                self._hold(len(buffer))
            return self._message(kind, whole)
        return None

    def _message(self, kind: int, payload: bytes) -> str | bytes | None:
        if kind == BINARY:
            return payload
        try:
            return payload.decode()
        except UnicodeDecodeError:
            return self._fail(BAD_TEXT)

    def _control(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self.push(frame(payload, PONG))
        elif opcode == CLOSE:
            # A status alone is two bytes; these numbers stand for "there was none", and for what was never said.
            status = int.from_bytes(payload[:2]) if payload else NORMAL
            known = 1000 <= status < 5000 and status not in (1004, 1005, 1006) and not 1015 <= status < 3000
            self.close(NORMAL if known and len(payload) != 1 else PROTOCOL_ERROR)

    def _fail(self, status: int) -> str | bytes | None:
        """End the connection; the answer is that of `wait` then: nothing."""
        logger.info("a WebSocket is closed with status %s", status)
        self.close(status)
        return None

    # Writing

    def send(self, message: str | bytes) -> None:
        """Engine.IO's way of sending: one message. Raises OSError when the connection has ended."""
        if self.closed:
            raise Closed("the WebSocket has ended")
        self.push(frame(message))

    def push(self, frames: bytes) -> None:
        """Write whole frames now; what the socket does not take waits its turn. A connection that ended hears nothing."""
        if self.closed:
            return
        if not self._backlog:
            try:
                written = os.write(self._sock.fileno(), frames)
            except BlockingIOError:
                written = 0
            except OSError:
                self.drop("")
                return
            if written == len(frames):
                return
            frames = frames[written:]
        self._backlog.append(frames)
        self.backlog_bytes += len(frames)
        Backlogs.packets += 1
        Backlogs.bytes += len(frames)
        # One packet may be larger than the bound: a long text is told whole to who joins.
        if len(self._backlog) > MOST_PACKETS or (self.backlog_bytes > MOST_BYTES and len(self._backlog) > 1):
            self.drop("is too far behind")
        elif self._flusher is None:
            self._flusher = gevent.spawn(self._flush)

    def _flush(self) -> None:
        """Write the backlog as the socket takes it; a reader that takes nothing for too long is let go."""
        try:
            while self._backlog:
                wait_write(self._sock.fileno(), timeout=STALL_SECONDS)
                self._write_once()
        except TimeoutError:
            self.drop("takes nothing")
        except OSError:
            self.drop("")
        finally:
            self._flusher = None
        if self.closed:
            self._shut()

    def _write_once(self) -> None:
        # Many small packets in one call: the reader is behind already.
        chunk = b"".join(self._backlog) if self.backlog_bytes <= CHUNK else self._backlog[0]
        try:
            written = os.write(self._sock.fileno(), chunk)
        except BlockingIOError:
            return
        self.backlog_bytes -= written
        Backlogs.bytes -= written
        while written:
            head = self._backlog[0]
            if written < len(head):
                self._backlog[0] = head[written:]
                return
            written -= len(head)
            self._backlog.popleft()
            Backlogs.packets -= 1

    # The end

    def close(self, status: int = NORMAL) -> None:
        """Say goodbye once, after what still waits. Nothing is read or taken for sending any more."""
        if self.closed:
            return
        self.push(frame(struct.pack(">H", status), CLOSE))
        self.closed = True
        if self._backlog:
            gevent.spawn_later(GOODBYE_SECONDS, self._shut)
        else:
            self._shut()

    def drop(self, why: str) -> None:
        """End the connection now. The kernel still delivers what it has taken."""
        self.closed = True
        if why and not self._gone:
            logger.warning("a reader is let go: it %s", why)
            metrics.counts.readers_dropped += 1
        self._shut()

    def _shut(self) -> None:
        if self._gone:
            return
        self._gone = True
        Backlogs.packets -= len(self._backlog)
        Backlogs.bytes -= self.backlog_bytes
        unfinished.take(self._owner, -self._held)
        self._backlog.clear()
        self._buffer, self._parts = bytearray(), bytearray()
        self.backlog_bytes = self._held = 0
        # Once the socket is closed its number is another connection's: nobody may wait for it any more.
        if self._flusher is not None and self._flusher is not gevent.getcurrent():
            self._flusher.kill(block=False)
            self._flusher = None
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)


def opened(environ: dict[str, Any], limit: int, owner: object = None) -> WebSocket | None:
    """The WebSocket behind a pywsgi request, its handshake answered; None when the socket cannot be had."""
    source = environ.get("wsgi.input")
    raw = getattr(getattr(source, "rfile", source), "raw", None)
    sock = getattr(raw, "_sock", None)
    answer = handshake(environ)
    if sock is None or answer is None:
        return None
    sock.sendall(answer)
    sock.settimeout(None)
    return WebSocket(sock, limit, owner)
