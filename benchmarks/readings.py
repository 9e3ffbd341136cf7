"""Everybody's idea of the text: the server's, and what the log says to somebody who reads it afresh."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import urllib.request
from typing import Any

import pycrdt
import socketio

from app.db import reading
from benchmarks.house import Place
from benchmarks.writer import words_of
from config import ROOT
from drafts import document, log
from realtime.protocol import NAMESPACE
from tests.table_client import in_order


def of_server(place: Place) -> dict[str, str]:
    """The block as a third replica gets it on joining, and as /api/v1/drafts tells it."""
    return {"a fresh join": _joined(place), "/api/v1/drafts/<id>": _from_api(place)}


def _joined(place: Place) -> str:
    client = in_order(socketio.Client(reconnection=False))
    client.connect(
        place.url, headers={"Cookie": place.cookies[1]}, namespaces=[NAMESPACE], transports=["websocket"]
    )
    try:
        answer = client.call("join", {"draft": place.draft_id}, namespace=NAMESPACE, timeout=30)
        doc: pycrdt.Doc = pycrdt.Doc()
        content = doc.get("content", type=pycrdt.XmlFragment)
        doc.apply_update(answer["update"])
        return _words_in(content, place.block_id)
    finally:
        client.disconnect()


def _words_in(content: Any, block_id: str) -> str:
    return "".join(
        words_of(block)
        for block in content.children
        if isinstance(block, pycrdt.XmlElement) and block.attributes.get("id") == block_id
    )


def _from_api(place: Place) -> str:
    request = urllib.request.Request(
        f"{place.url}/api/v1/drafts/{place.draft_id}", headers={"Cookie": place.cookies[0]}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # nosec B310 # the address of the server that the bench started
        return _words_of_tree(json.load(answer)["blocks"], place.block_id)


def _words_of_tree(tree: list[dict[str, Any]], block_id: str) -> str:
    blocks = [block for block in tree if block["attrs"]["id"] == block_id]
    return "".join(run.get("text", "") for block in blocks for run in block.get("content", ()))


def of_log(place: Place) -> dict[str, str]:
    """The block in three fresh replays: checkpoint and tail, all rows in pycrdt, all rows in the Yjs of Node."""
    if not place.has_log:
        return {}
    with reading():
        loaded = _words_of_tree(log.load(place.draft_id).tree, place.block_id)
        rows = [row.update for row in log.rows(place.draft_id, 0)]
    doc = document.replay(None, rows)
    found = {
        "the log: checkpoint and tail": loaded,
        f"the log: all {len(rows):,} rows, pycrdt": _words_in(document.content(doc), place.block_id),
    }
    node = shutil.which("node")
    if node is not None and (ROOT / "node_modules" / "yjs").is_dir():
        framed = b"".join(struct.pack(">I", len(row)) + row for row in rows)
        run = subprocess.run(  # nosec B603 # a program and arguments of the bench's own
            [node, "benchmarks/read_log.mjs", place.block_id],
            cwd=ROOT,
            input=framed,
            capture_output=True,
            check=True,
        )
        found[f"the log: all {len(rows):,} rows, Yjs"] = run.stdout.decode()
    return found
