"""Redis only whispers: "something moved at this draft", and cursors between processes. Losing it loses nothing.

What comes in is bounded and read with suspicion; garbage on the channel is passed over.
"""

from __future__ import annotations

import base64
import contextlib
import json
import logging
from typing import Any

import gevent
import redis
from gevent.queue import Full, Queue

from app import metrics
from realtime import fanout, presence, pulse
from realtime.protocol import MAX_AWARENESS, WireRefusal
from realtime.rooms import tables
from realtime.seats import PROCESS

logger = logging.getLogger(__name__)
CHANNEL = "openlab:whisper"
_outgoing: Queue[str] = Queue(1000)
_url = ""
_hears = False


def start(url: str) -> None:
    global _url
    _url = url
    metrics.gauge("openlab_redis_up", lambda: float(_hears) if _url else None)
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
    _whisper(message)


def say_session(session_id: int) -> None:
    """The same of the room of a séance: whoever hears it asks the database."""
    if _url:
        _whisper({"from": PROCESS, "session": session_id})


def _whisper(message: dict[str, Any]) -> None:
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
        except Exception as failure:
            # Whatever answers there need not be a Redis: nothing it says may end the whisper for good.
            logger.warning("redis takes no whisper: %s", type(failure).__name__)
            client = None
            gevent.sleep(0.5)


def _listen() -> None:
    global _hears
    while True:
        try:
            with redis.Redis.from_url(_url, socket_connect_timeout=2).pubsub() as channel:
                channel.subscribe(CHANNEL)
                _hears = True
                pulse.wake()  # what was whispered while we were away is found by asking
                for item in channel.listen():
                    if item.get("type") == "message":
                        _hear(item.get("data"))
        except Exception as failure:
            _hears = False
            logger.warning("redis does not answer (%s); the poll goes on without it", type(failure).__name__)
            gevent.sleep(1)


def _hear(data: object) -> None:
    if not isinstance(data, bytes) or len(data) > 4 * MAX_AWARENESS:
        return
    try:
        message = json.loads(data)
        sender = message["from"]
        if type(message.get("session")) is int:
            if sender != PROCESS:
                pulse.wake()
            return
        draft_id = message["draft"]
        cursor = base64.b64decode(message["cursor"], validate=True) if "cursor" in message else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return
    table = tables.get(draft_id) if type(draft_id) is int else None
    if table is None or sender == PROCESS:
        return
    if cursor is None:
        pulse.wake()
    elif len(cursor) <= MAX_AWARENESS:
        # Who may write into Redis is not thereby whoever they say they are.
        with contextlib.suppress(WireRefusal):
            fanout.everybody(table, "awareness", {"update": presence.heard_cursor(table, cursor)})
