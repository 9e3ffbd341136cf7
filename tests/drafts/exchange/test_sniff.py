"""What a file is, by its bytes: every hostile one is refused for what is wrong with it, before a reader opens it."""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys

import pytest

from drafts.exchange import package
from drafts.exchange.import_words import refusal_words
from drafts.exchange.paper import Format, Refused
from drafts.exchange.sniff import sniff
from tests.drafts.exchange.hostile_files import hostile
from tests.drafts.exchange.packages import packed, text_document, word

# What the child tries behind its fence: each line must end in a refusal, the last in what may still be done.
TRIES = """
import ctypes, json, os, socket, subprocess, sys
from drafts.exchange import fence
fence.put_up()
fence.put_up()
def tried(what):
    try:
        return repr(what())
    except OSError as error:
        return type(error).__name__
print(json.dumps({
    "socket": tried(socket.socket),
    "name": tried(lambda: socket.getaddrinfo("localhost", 80)),
    "program": tried(lambda: subprocess.run(["true"])),
    "shell": tried(lambda: os.system("true")),
    "write": tried(lambda: open(sys.argv[1], "w")),
    "append": tried(lambda: os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)),
    "remove": tried(lambda: os.remove(sys.argv[1])),
    "in C": ctypes.CDLL(None).socket(2, 1, 0) if sys.platform == "linux" else -1,
    "read": tried(lambda: len(open(fence.__file__).read()) > 0),
}))
"""


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (word(), "Fiche.DOCX", Format.DOCX),
        (word(), "sans nom", Format.DOCX),
        (text_document(), "fiche.odt", Format.ODT),
        (b"\xef\xbb\xbf<!DOCTYPE html><html><p>x", "page.htm", Format.HTML),
        ("<html><p>é".encode("utf-16"), "page.html", Format.HTML),
        (
            b'<?xml version="1.0"?>\n<!-- x --><html xmlns="http://www.w3.org/1999/xhtml">',
            "page.xhtml",
            Format.HTML,
        ),
        (b"<p>Un morceau</p>", "morceau.html", Format.HTML),
        (b"<html><p>Word l'a faite", "vieux.doc", Format.HTML),
        ("# Titre\n\nÉté, <br> et fin.".encode(), "note.md", Format.MARKDOWN),
        (b"Des mots", "note.txt", Format.MARKDOWN),
    ],
)
def test_the_bytes_say_what_it_is(content: bytes, name: str, kind: Format) -> None:
    assert sniff(content, name) is kind


def test_every_hostile_file_is_refused_for_its_reason() -> None:
    wrong = []
    for file in hostile("http://127.0.0.1:9"):
        try:
            code = str(sniff(file.content, file.name))
        except Refused as refusal:
            code = str(refusal)
        if file.codes is not None and code not in file.codes:
            wrong.append((file.what, code))
    assert not wrong


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"", "a.docx", "empty"),
        (b"Des mots", "a.docx", "two_things"),
        (b"Des mots", "a.xyz", "unknown"),
        (packed({"a.txt": b"x"}), "a.zip", "archive"),
        (packed({"[Content_Types].xml": "<x/>", "xl/workbook.xml": "<x/>"}), "a.xlsx", "not_a_text"),
        (b"\x89PNG\r\n", "a.png", "image"),
        (b"MIME-Version: 1.0\n", "a.mht", "mhtml"),
    ],
)
def test_what_people_send_instead(content: bytes, name: str, code: str) -> None:
    with pytest.raises(Refused, match=f"^{code}$"):
        sniff(content, name)


def test_a_stream_is_counted_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes above the bounds are refused by what is said; this one says less than it has, and more than a piece."""
    monkeypatch.setattr(package, "_PIECE", 1000)
    assert sniff(word(more={"word/media/a.bin": bytes(range(256)) * 100}), "a.docx") is Format.DOCX


def test_behind_the_fence_nothing_is_reached_started_or_written(tmp_path: object) -> None:
    target = f"{tmp_path}/written"
    done = subprocess.run([sys.executable, "-c", TRIES, target], capture_output=True, text=True, check=True)
    said = json.loads(done.stdout)
    assert said.pop("read") == "True"
    assert said.pop("in C") == -1, ctypes.get_errno()
    assert set(said.values()) == {"Fenced"}, said


def test_every_refusal_has_words(app: object) -> None:
    codes = {code for file in hostile("http://127.0.0.1:9") for code in file.codes or ()}
    unknown = refusal_words("no such code")
    plain = {code for code in codes if refusal_words(code) == unknown}
    assert plain <= {"broken"}
