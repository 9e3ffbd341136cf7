"""Forms of people without an account, their secret links, and personal data in what they write."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask, Response

from app import clock
from app.errors import Missing
from publish import following, personal, sheets
from tests.clients import PageClient


def test_a_form_counts_once_however_late_it_comes(app: Flask) -> None:
    with app.app_context():
        word = sheets.fresh("/souhaits")
        form = {sheets.FIELD: word}
        with pytest.raises(sheets.Again, match="très vite"):
            sheets.read(form, "/souhaits")
        with clock.shifted(timedelta(seconds=10)):
            first = sheets.read(form, "/souhaits")
            assert sheets.read(form, "/souhaits") == first and len(first.key) == 32 and not first.by_program
            assert sheets.read({**form, sheets.TRAP: "x"}, "/souhaits").by_program
            with pytest.raises(sheets.Again):
                sheets.read(form, "/ailleurs")
            for other in ("", "x", word + "x", word.replace(".", "", 1)):
                with pytest.raises(sheets.Again):
                    sheets.read({sheets.FIELD: other}, "/souhaits")
        with clock.shifted(timedelta(hours=25)):
            with pytest.raises(sheets.Again, match="longtemps"):
                sheets.read(form, "/souhaits")
            # Shown again, it is the same letter still: whoever sends both copies is counted once.
            again = {sheets.FIELD: sheets.fresh("/souhaits", sheets.key_in(form, "/souhaits"))}
        with clock.shifted(timedelta(hours=25, seconds=10)):
            assert sheets.read(again, "/souhaits").key == first.key
        assert sheets.key_in(form, "/ailleurs") is None and sheets.key_in({}, "/souhaits") is None


def test_a_secret_link_opens_one_thing(
    app: Flask, client: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        following._views,
        ("essai", "suivi"),
        lambda number: Response(f"n° {number}", content_type="text/plain"),
    )
    with app.app_context():
        path, leave = following.path("essai", 7), following.path("essai", 7, following.LEAVE)
        other = following.path("rien", 7)
        assert following.opened(path.rpartition("/")[2]) == ("essai", 7)
        for wrong in (
            "",
            "essai7",
            path[7:-1],
            path[7:].replace("essai7", "essai8"),
            leave.rpartition("/")[2],
        ):
            with pytest.raises(Missing):
                following.opened(wrong)
    page = client.get(path)
    assert page.response.text == "n° 7"
    assert page.response.headers["Cache-Control"] == "no-store"
    assert "noindex" in page.response.headers["X-Robots-Tag"]
    for wrong in (other, leave, path[:-1] + ("0" if path[-1] != "0" else "1")):
        client.get(wrong, 404)
    client.post(path, {}, 200)
    assert client.http.post(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


@pytest.mark.parametrize(
    ("text", "sorts"),
    [
        ("Écrivez à jean.dupont@mail.nc ou au 26 54 12.", ["email", "phone"]),
        ("Appelez le +687 77.12.34, ou 771234", ["phone", "phone"]),
        ("mon numéro CAFAT 123456 et ma carte 1 85 05 78 006 084 36", ["phone", "identity"]),
        ("RIDET 1234567.001", ["identity"]),
        ("jean (at) mail.nc", ["email"]),
        ("Le permis coûte 6 000 F, ou 150 000 F avec l’auto-école.", []),
        ("20 000 000 F CFP le 12/05/2026, de 8 h 30 à 11 h, loi n° 2019-12", []),
        ("Rien de tel.", []),
        ("", []),
    ],
)
def test_personal_data_are_found(text: str, sorts: list[str]) -> None:
    found = personal.findings(text)
    assert [one.sort for one in found] == sorts
    assert all(0 <= one.start < one.end <= len(text) for one in found)
