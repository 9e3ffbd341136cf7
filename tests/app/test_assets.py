"""Built files go compressed to who takes that, and are kept by the browser; other files stay as they are."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from flask import Flask

NAME = "editor-0123456789ab.js"


PART = "part-ZREPHJHR.js"


@pytest.fixture
def built(app: Flask, tmp_path: Path) -> Flask:
    folder = tmp_path / "static" / "dist"
    folder.mkdir(parents=True)
    (folder / NAME).write_bytes(b"let words = 1;" * 100)
    (folder / f"{NAME}.gz").write_bytes(gzip.compress(b"let words = 1;" * 100))
    (folder / "editor.js").write_bytes(b"let words = 1;")
    (folder / PART).write_bytes(b"let part = 1;" * 100)
    (folder / f"{PART}.gz").write_bytes(gzip.compress(b"let part = 1;" * 100))
    app.static_folder = str(tmp_path / "static")
    return app


def test_a_built_file_is_small_and_kept(built: Flask) -> None:
    client = built.test_client()
    part = client.get(f"/static/dist/{PART}", headers={"Accept-Encoding": "gzip"})
    assert part.headers["Content-Encoding"] == "gzip" and "immutable" in part.headers["Cache-Control"]
    answer = client.get(f"/static/dist/{NAME}", headers={"Accept-Encoding": "gzip, br"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.data) == b"let words = 1;" * 100
    assert answer.headers["Content-Length"] == str(len(answer.data))
    assert "immutable" in answer.headers["Cache-Control"] and "Accept-Encoding" in answer.headers["Vary"]
    assert answer.headers["Content-Type"].startswith("text/javascript")
    for refused in ("", "identity", "gzip;q=0"):
        plain = client.get(f"/static/dist/{NAME}", headers={"Accept-Encoding": refused})
        assert "Content-Encoding" not in plain.headers and plain.data == b"let words = 1;" * 100


def test_other_files_may_change_under_their_name(built: Flask) -> None:
    answer = built.test_client().get("/static/dist/editor.js", headers={"Accept-Encoding": "gzip"})
    assert "immutable" not in answer.headers["Cache-Control"] and "Content-Encoding" not in answer.headers


def test_the_style_sheet_of_every_page_travels_compressed(app: Flask) -> None:
    client = app.test_client()
    plain = client.get("/static/app.css")
    packed = client.get("/static/app.css", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers and "Accept-Encoding" in plain.headers["Vary"]
    assert packed.headers["Content-Encoding"] == "gzip" and "Accept-Encoding" in packed.headers["Vary"]
    assert gzip.decompress(packed.data) == plain.data and len(packed.data) < len(plain.data) / 2
    again = client.get(
        "/static/app.css", headers={"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]}
    )
    assert again.status_code == 304


def test_the_style_sheet_is_kept_under_the_address_that_names_its_bytes(app: Flask) -> None:
    client = app.test_client()
    address = re.search(r'href="(/static/app\.css[^"]*)"', client.get("/connexion").text)
    assert address is not None
    kept = client.get(address[1])
    assert "immutable" in kept.headers["Cache-Control"]
    for other in ("/static/app.css", "/static/app.css?v=000000000000"):
        answer = client.get(other)
        assert answer.data == kept.data and "immutable" not in answer.headers["Cache-Control"]
