"""Redis only whispers: "something moved at this draft", and cursors between processes. Losing it loses nothing.

What comes in is bounded and read with suspicion; garbage on the channel is passed over.
"""

from __future__ import annotations

import base64
import json
import logging
from typing import Any

import gevent
import redis
from gevent.queue import Full, Queue

from realtime import fanout, pulse
from realtime.protocol import MAX_AWARENESS
from realtime.rooms import tables
from realtime.seats import PROCESS

logger = logging.getLogger(__name__)
CHANNEL = "openlab:whisper"
_outgoing: Queue[str] = Queue(1000)
_url = ""


def start(url: str) -> None:
    global _url
    _url = url
    if url:
        gevent.spawn(_speak)
        gevent.spawn(_listen)


def say(draft_id: int, cursor: bytes | None = None) -> None:
    """Tell the other processes; never waits, a full queue drops."""
    if not _url:
        return
    message: dict[str, Any] = {"from": PROCESS, "draft": draft_id}
    if cursor is not None:
        message["cursor"] = base64.b64encode(cursor).decode()
    try:
        _outgoing.put_nowait(json.dumps(message))
    except Full:
        pass


def _speak() -> None:
    client = None
    while True:
        message = _outgoing.get()
        try:
            client = client or redis.Redis.from_url(_url, socket_timeout=2, socket_connect_timeout=2)
            client.publish(CHANNEL, message)
        except redis.RedisError:
            client = None
            gevent.sleep(0.5)


def _listen() -> None:
    while True:
        try:
            with redis.Redis.from_url(_url, socket_connect_timeout=2).pubsub() as channel:
                channel.subscribe(CHANNEL)
                pulse.wake()  # what was whispered while we were away is found by asking
                for item in channel.listen():
                    if item.get("type") == "message":
                        _hear(item.get("data"))
        except redis.RedisError as failure:
            logger.warning("redis does not answer (%s); the poll goes on without it", type(failure).__name__)
            gevent.sleep(1)


def _hear(data: object) -> None:
    if not isinstance(data, bytes) or len(data) > 4 * MAX_AWARENESS:
        return
    try:
        message = json.loads(data)
        draft_id, sender = message["draft"], message["from"]
        cursor = base64.b64decode(message["cursor"], validate=True) if "cursor" in message else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return
    table = tables.get(draft_id) if isinstance(draft_id, int) else None
    if table is None or sender == PROCESS:
        return
    if cursor is None:
        pulse.wake()
    elif len(cursor) <= MAX_AWARENESS:
        fanout.everybody(table, "awareness", {"update": cursor})
