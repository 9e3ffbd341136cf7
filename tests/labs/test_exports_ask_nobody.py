"""An export reads no file and asks no address, whatever the words in it look like (a PDF once read file:// and inner addresses)."""

from __future__ import annotations

import builtins
import socket
import urllib.request
from typing import Any

import pytest

from app import clock
from labs import minutes_set
from labs.minutes import Section
from labs.minutes_files import Head

HOSTILE = (
    "<img src='file:///etc/passwd'>", "<iframe src='http://169.254.169.254/latest/meta-data/'>", "![x](http://127.0.0.1:6379/)",
    "<link rel=attachment href='file:///etc/shadow'>", "@import url(http://10.0.0.1/)", "file:///etc/passwd", "http://localhost/x.png",
    "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>", "INCLUDEPICTURE http://127.0.0.1/x.png", "\\\\server\\share",
)  # fmt: skip


@pytest.mark.parametrize("made", [minutes_set.pdf, minutes_set.docx])
def test_no_export_of_minutes_asks_for_anything(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    head = Head(HOSTILE[0], tuple((words, words) for words in HOSTILE), clock.now())
    sections = (
        Section("agenda", "Ordre du jour", "\n".join(HOSTILE)),
        Section("more", HOSTILE[1], "\n".join(HOSTILE)),
    )
    made(Head("À vide", (), clock.now()), sections[:1])  # what the library loads of its own, once
    asked: list[str] = []
    real = builtins.open

    def opened(file: Any, *more: Any, **options: Any) -> Any:
        asked.append(str(file)) if "etc" in str(file) or "server" in str(file) else None
        return real(file, *more, **options)

    def refused(*address: Any, **_options: Any) -> Any:
        asked.append(str(address))
        raise OSError("nobody is asked")

    monkeypatch.setattr(builtins, "open", opened)
    for where, name in ((socket.socket, "connect"), (socket, "getaddrinfo"), (urllib.request, "urlopen")):
        monkeypatch.setattr(where, name, refused)
    content = made(head, sections)
    assert asked == [] and len(content) > 500 and b"root:x:" not in content
