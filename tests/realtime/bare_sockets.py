"""Bare connections for hostile tests: they send what no library would, and count what a server's process holds."""

from __future__ import annotations

import base64
import os
import resource
import socket
import struct
from pathlib import Path

from tests.live_server import LiveServer

HANDSHAKE = "/socket.io/?EIO=4&transport="


def many_files(wanted: int = 8192) -> None:
    """Each socket of a test is an open file of this process too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, wanted), hard), hard))


def request(
    server: LiveServer, path: str, token: str = "", headers: str = "", method: str = "GET", receive: int = 0
) -> socket.socket:
    """A request is sent; its answer is not waited for."""
    end = socket.socket()
    end.settimeout(20)
    if receive:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
    end.connect(("127.0.0.1", server.port))
    cookie = f"Cookie: openlab={token}\r\n" if token else ""
    end.sendall(f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{cookie}{headers}\r\n".encode())
    return end


def websocket(
    server: LiveServer, token: str = "", sid: str = "", headers: str = "", receive: int = 0
) -> socket.socket:
    key = base64.b64encode(os.urandom(16)).decode()
    wanted = (
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"
    )
    return request(
        server,
        HANDSHAKE + "websocket" + (f"&sid={sid}" if sid else ""),
        token,
        wanted + headers,
        receive=receive,
    )


def head_of(end: socket.socket) -> str:
    """The head of an answer; what follows it stays in the socket."""
    head = b""
    while b"\r\n\r\n" not in head:
        byte = end.recv(1)
        if not byte:
            break
        head += byte
    return head.decode()


def status(end: socket.socket) -> int:
    return int(head_of(end).split(" ")[1])


def opened(server: LiveServer, token: str, receive: int = 0) -> socket.socket:
    """A WebSocket past its handshake and the first packet of Engine.IO."""
    end = websocket(server, token, receive=receive)
    head = head_of(end)
    # The compression that was offered is not taken up: a frame with its bit set is an error then.
    assert " 101 " in head and "sec-websocket-extensions" not in head.lower()
    assert text_of(end).startswith("0{")
    return end


def text_of(end: socket.socket) -> str:
    """The next message that is text; what is binary is passed over."""
    while True:
        kind, payload = frame_of(end)
        if kind == 1:
            return payload.decode()


def frame_of(end: socket.socket) -> tuple[int, bytes]:
    first, size = exactly(end, 2)
    if size == 126:
        size = struct.unpack(">H", exactly(end, 2))[0]
    elif size == 127:
        size = struct.unpack(">Q", exactly(end, 8))[0]
    return first & 15, exactly(end, size)


def exactly(end: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = end.recv(size - len(data))
        if not part:
            raise ConnectionError("closed")
        data += part
    return data


def frame(
    payload: bytes, opcode: int = 1, *, fin: bool = True, rsv: int = 0, mask: bytes = bytes(4)
) -> bytes:
    """A client's frame, by another way than the driver's; unless told otherwise under the mask that changes nothing."""
    size = len(payload)
    length = (
        bytes([0x80 | size])
        if size < 126
        else b"\xfe" + struct.pack(">H", size)
        if size < 65536
        else b"\xff" + struct.pack(">Q", size)
    )
    if any(mask):
        payload = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return bytes([(0x80 if fin else 0) | rsv | opcode]) + length + mask + payload


def threads(server: LiveServer) -> int:
    assert server.process is not None
    return len(list(Path(f"/proc/{server.process.pid}/task").iterdir()))


def megabytes(server: LiveServer) -> float:
    """What the process has in memory."""
    assert server.process is not None
    pages = int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6
