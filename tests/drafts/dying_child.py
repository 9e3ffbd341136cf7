"""A child that opens documents as the real one does, and dies where a row holds one of these words.

The gate lets no bytes through that are known to end pycrdt; what is not known yet is played here.
"""

from __future__ import annotations

import os
import signal
import sys
import time

from drafts import child, child_work, document

CRASHES, HANGS, EATS, DIES_AT_READING = b"CRASH", b"HANG", b"EAT", b"READ"
_apply, _read = document.apply, document.read_tree


def _deadly(doc: document.Doc, update: bytes) -> None:
    if CRASHES in update:
        os.kill(os.getpid(), signal.SIGSEGV)
    if HANGS in update:
        time.sleep(3600)
    if EATS in update:
        held = []
        while True:
            held.append(bytearray(64 * 1024 * 1024))
    _apply(doc, update)


def _deadly_reading(doc: document.Doc) -> object:
    tree = _read(doc)
    if DIES_AT_READING.decode() in document.plain_text(tree):
        os.kill(os.getpid(), signal.SIGSEGV)
    return tree


if __name__ == "__main__":
    document.apply = _deadly
    document.read_tree = _deadly_reading
    shared, memory = map(int, sys.argv[1:])
    sys.exit(child.serve(child_work.WORKS, shared, memory))
