"""The files of open data: what they hold, who may not be in them, what they cost, and whether a spreadsheet reads them."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import subprocess  # nosec B404 # starts the LibreOffice that the fixture found
import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from lxml import etree

from app import clock
from app.db import reading, session, unit_of_work
from app.directory.models import Administration
from app.policy import PortalRole
from drafts import canonical, service
from labs import wish_queries, wishes
from publish import kept_files, open_articles, open_files, open_tables
from publish.fate_stages import Fate
from publish.models import StoredPage
from tests.clients import PageClient
from tests.makers import make_agent, make_wish
from tests.publish.fates_world import make_life
from tests.publish.press import RICH, Press, block, draft_called

HOME = "http://127.0.0.1:8000"
HOSTILE = '=1+1 « "ligne" », ; <b> \\ 🦜 é'
# From here a sheet counts its days.
FIRST_DAY, DAY = date(1899, 12, 30), re.compile(r"\d{4}-\d{2}-\d{2}")
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def lines(client: PageClient, name: str) -> list[dict[str, Any]]:
    answer = client.http.get(f"/opendata/{name}")
    assert answer.status_code == 200 and answer.content_type == open_files.FILES[name].content_type
    text = answer.get_data(as_text=True)
    assert text == "" or text.endswith("\n")
    # Ends of lines of Unicode that JSON allows inside a line would cut it in two for who splits at them.
    assert len(text.splitlines()) == text.count("\n")
    return [json.loads(one) for one in text.splitlines()]


def rows(client: PageClient, name: str) -> list[dict[str, str]]:
    answer = client.http.get(f"/opendata/{name}")
    assert answer.status_code == 200 and answer.data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline=""), strict=True))


def test_an_article_in_both_forms(press: Press, client: PageClient) -> None:
    _draft, slug = press.published(HOSTILE, audiences=["individual"], territories=["kone"])
    (one,) = lines(client, "fiches.jsonl")
    (row,) = rows(client, "fiches.csv")
    api = client.get(f"/api/v1/articles/{slug}").json
    assert one["title"] == api["title"] and one["url"] == api["url"] == row["adresse"]
    assert one["blocks"] == api["blocks"] and one["text"] == api["text"]
    # The fingerprint is of what is given: whoever has the line can count it again.
    form = canonical.canonical_bytes(one["blocks"], {**api["fields"], "title": one["title"]})
    assert canonical.fingerprint(form) == one["fingerprint"] == row["empreinte"]
    assert client.http.get(one["id"].removeprefix(HOME)).headers["Location"] == f"/fiches/{slug}"
    assert one["id"] == row["identifiant"] and row["titre"] == "'" + one["title"]
    assert [place["slug"] for place in one["administrations"]] == ["kone", "province-du-sud"]
    assert [place["leads"] for place in one["administrations"]] == [False, True]
    assert one["contacts"][0]["hours"] == "Lundi au vendredi, 8 h – 16 h"
    assert one["services"][0]["slug"] == "declarer-un-changement" and one["verify_by"] == "2030-05-31"
    assert (one["audiences"], one["territories"]) == (
        [{"slug": "individual", "name": "Particuliers"}],
        [{"slug": "kone", "name": "Koné"}],
    )
    assert row["administrations"] == "Mairie de Koné | Province du Sud" and row["etat"] == "en ligne"
    assert (
        one["licence"] == "https://spdx.org/licenses/etalab-2.0" and row["licence"] == "Licence Ouverte 2.0"
    )
    for name, found in (("administrations", 2), ("demarches", 1)):
        assert len(lines(client, f"{name}.jsonl")) == len(rows(client, f"{name}.csv")) == found
    # The page names every member and every column, and nothing else.
    said = {name.strip() for column in open_articles.members() for name in column.name.split(",")}
    assert said == set(one)
    assert [column.name for column in open_articles.columns()] == list(row)
    assert [column.name for column in open_tables.administration_columns()] == list(
        rows(client, "administrations.csv")[0]
    )


def test_what_is_withdrawn_is_named_without_its_words_and_what_is_hidden_not_at_all(
    press: Press, client: PageClient
) -> None:
    life = make_life(press)
    press.published("Ouvrir une école", both=False)
    before = {one["title"]: one["id"] for one in lines(client, "fiches.jsonl")}
    life.decide(Fate.WITHDRAW, reason="La loi a changé,\nle 3 mai.")
    gone = next(one for one in lines(client, "fiches.jsonl") if one["state"] == "withdrawn")
    assert (
        gone["withdrawn"]["reason"] == "La loi a changé,\nle 3 mai."
        and gone["id"] == before["Changer d’adresse"]
    )
    assert gone["text"] is None and gone["blocks"] is None and gone["title"] == "Changer d’adresse"
    assert [row["etat"] for row in rows(client, "fiches.csv")] == ["retirée", "en ligne"]
    life.mask(reason="Un secret.")
    for name in ("fiches.jsonl", "fiches.csv"):
        assert "Changer d’adresse" not in client.http.get(f"/opendata/{name}").get_data(as_text=True)


def test_a_large_file_is_made_by_the_worker_but_never_sent_with_what_was_hidden(
    press: Press, client: PageClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(open_files, "FEW", 0)
    life = make_life(press)
    assert len(lines(client, "fiches.jsonl")) == 1
    press.published("Ouvrir une école", both=False)
    # Late by what the worker needs, and not a word too much.
    open_files.made_again(tmp_path)
    assert len(lines(client, "fiches.jsonl")) == 1
    with clock.shifted(open_files.REST):
        open_files.made_again(tmp_path)
    assert len(lines(client, "fiches.jsonl")) == 2
    life.mask()
    assert [one["title"] for one in lines(client, "fiches.jsonl")] == ["Ouvrir une école"]


def test_a_wish_that_is_taken_back_is_gone_at_once(press: Press, client: PageClient) -> None:
    with unit_of_work() as current:
        moderator = make_agent(current.get_one(Administration, press.sud), PortalRole.MODERATOR)
        number = make_wish(moderator, "Un guichet à Thio").id
        make_wish(None, "Pas encore lu")
    (one,) = lines(client, "souhaits.jsonl")
    assert one["id"] == f"{HOME}/souhaits/{number}" and one["need"] == "Je ne trouve pas où."
    with unit_of_work():
        wishes.withdraw(wish_queries.wish_numbered(number))
    assert lines(client, "souhaits.jsonl") == []


SECRET = "xylophone"


def everything_open(client: PageClient) -> Iterator[tuple[str, str]]:
    with client.app.app_context(), reading():
        found = [f"/opendata/{name}" for name in open_files.NAMES]
    found += ["/opendata", "/atom.xml", "/changements/atom.xml", "/sitemap.xml", "/themes/logement/atom.xml"]
    found += ["/administrations/kone/donnees.jsonld", "/demarches/declarer-un-changement/donnees.jsonld"]
    found += ["/fiches/une-fiche-publiee/donnees.jsonld", f"/fiches/un-{SECRET}/donnees.jsonld"]
    for path in found:
        answer = client.http.get(path)
        yield path, answer.get_data(as_text=True).replace(path, "")


def test_nothing_that_is_not_public_is_in_any_file(press: Press, client: PageClient) -> None:
    """A draft at each stage, the second text of an article that is out, and everybody's name."""
    draft_id, _slug = press.published("Une fiche publiée")
    people = (press.writer, press.sud_reviewer, press.nord_reviewer, press.editor)
    tree = [*RICH, block("paragraph", f"Un {SECRET}.", id="b90")]

    def look(moment: str) -> None:
        for path, seen in everything_open(client):
            assert SECRET not in seen.lower(), (moment, path)
            for person in people:
                assert person.name not in seen and person.email not in seen, (moment, path)

    new = press.draft(f"Un {SECRET}", tree, themes=["retraite"])
    look("written")
    mark = press.submit(new, f"Une note de {SECRET}")
    look("in review")
    press.sign(new, mark)
    look("approved")
    press.rewrite(draft_id, tree)
    with unit_of_work():
        service.set_fields(press.writer, draft_called(draft_id), title=f"Un {SECRET}")
    press.submit(draft_id, f"Une note de {SECRET}")
    look("a second text")
    press.publish(new, mark)
    assert SECRET in client.http.get("/opendata/fiches.jsonl").get_data(as_text=True)


def test_a_file_is_cached_compressed_and_open(press: Press, client: PageClient) -> None:
    press.published()
    path = "/opendata/fiches.jsonl"
    plain = client.http.get(path)
    packed = client.http.get(path, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip" and gzip.decompress(packed.data) == plain.data
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data)
    assert packed.headers["ETag"] != plain.headers["ETag"] and "Set-Cookie" not in plain.headers
    head = client.http.head(path)
    assert head.data == b"" and head.headers["Content-Length"] == str(len(plain.data))
    for answer, encoding in ((plain, {}), (packed, {"Accept-Encoding": "gzip"})):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        for condition in (
            {"If-None-Match": answer.headers["ETag"]},
            {"If-Modified-Since": answer.headers["Last-Modified"]},
        ):
            again = client.http.get(path, headers={**condition, **encoding})
            assert again.status_code == 304 and again.data == b"", condition
    # Made again to the same bytes it keeps its date and its mark, so that readers' copies stay good.
    with clock.shifted(timedelta(hours=3)):
        later = client.http.get(path)
    assert (later.headers["ETag"], later.headers["Last-Modified"]) == (
        plain.headers["ETag"],
        plain.headers["Last-Modified"],
    )


def test_two_thousand_articles_cost_some_megabytes(press: Press, client: PageClient) -> None:
    """Forty megabytes through the writer and the reader; the lines are those of an article of 20 kB."""
    words = [f"mot{number * 7919 % 99991}" for number in range(2500)]

    def many() -> Iterator[str]:
        for number in range(2000):
            yield " ".join(words[number % 50 :]) + f" {number}\n"

    tracemalloc.start()
    head = kept_files.keep("essai", many(), "text/plain", "1")
    assert head is not None
    size = sum(len(piece) for piece in kept_files.pieces(head, packed=False))
    packed = sum(len(piece) for piece in kept_files.pieces(head, packed=True))
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size == head.size > 35_000_000 and packed == head.packed and head.pieces > 1
    assert peak < 20_000_000, peak
    # The next one keeps the pieces of this one for who is still reading it, and no others.
    for number in (2, 3, 4):
        kept_files.keep("essai", [f"Le {number}\n"], "text/plain", str(number))
    with reading():
        count = session().scalar(
            sa.select(sa.func.count()).where(StoredPage.path.startswith("kept:essai#", autoescape=True))
        )
    assert count == 2
    with pytest.raises(LookupError):
        list(kept_files.pieces(head, packed=False))


def test_what_was_taken_away_meanwhile_does_not_come_back(press: Press, client: PageClient) -> None:
    """A redaction empties the table while a file is being made: the old words in its pieces are not put in place."""

    def in_between() -> Iterator[str]:
        yield "des mots\n" * 50_000 + "".join(f"{number * 7919 % 999983}\n" for number in range(150_000))
        with unit_of_work() as current:
            current.execute(sa.delete(StoredPage).where(StoredPage.path.startswith("kept:")))
        yield "la fin\n"

    assert kept_files.keep("essai", in_between(), "text/plain", "1") is None
    with reading():
        assert kept_files.head("essai") is None


def cells(content: bytes) -> list[list[str]]:
    """The rows of the first sheet of a workbook. A cell that holds a formula fails the test."""
    archive = zipfile.ZipFile(io.BytesIO(content))
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    shared = []
    if "xl/sharedStrings.xml" in archive.namelist():
        strings = etree.fromstring(archive.read("xl/sharedStrings.xml"), parser)
        shared = [
            "".join(text.text or "" for text in one.iter(f"{SHEET}t")) for one in strings.iter(f"{SHEET}si")
        ]
    sheet = etree.fromstring(archive.read("xl/worksheets/sheet1.xml"), parser)
    found = []
    for row in sheet.iter(f"{SHEET}row"):
        values: dict[int, str] = {}
        for cell in row.iter(f"{SHEET}c"):
            assert cell.find(f"{SHEET}f") is None, "a formula"
            value = cell.findtext(f"{SHEET}v") or ""
            letters = "".join(letter for letter in str(cell.get("r")) if letter.isalpha())
            column = 0
            for letter in letters:
                column = column * 26 + ord(letter) - 64
            values[column - 1] = shared[int(value)] if cell.get("t") == "s" else value
        found.append([values.get(number, "") for number in range(max(values, default=-1) + 1)])
    return found


def test_libreoffice_reads_every_table_as_it_was_written(
    press: Press, client: PageClient, soffice: str, tmp_path: Path
) -> None:
    """One start for all files. What looks like a formula stays text; quotes, ends of lines and birds arrive."""
    life = make_life(press, HOSTILE)
    press.published("+687 20 00 30", [block("lead", '@nous « "vous" » 🦜, ;', id="b1"), RICH[2]], both=False)
    life.decide(Fate.WITHDRAW, reason='=2+2\nUne "ligne",\nune autre 🦜.')
    with unit_of_work() as current:
        place = current.get_one(Administration, press.nord)
        place.name, place.acronym = 'Mairie de « Koné », "la grande" 🦜', "-1"
    written = {}
    for name in (one for one in open_files.FILES if one.endswith(".csv")):
        content = client.http.get(f"/opendata/{name}").data
        written[name] = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
        (tmp_path / name).write_bytes(content)
    subprocess.run(  # nosec B603 # the program of the fixture, with files of this test
        [
            soffice, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--infilter=CSV:44,34,76,1",
            "--convert-to", "xlsx", "--outdir", str(tmp_path / "out"), *(str(tmp_path / name) for name in written),
        ],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    for name, expected in written.items():
        found = cells((tmp_path / "out" / name.replace(".csv", ".xlsx")).read_bytes())
        assert len(found) == len(expected) > 1, name
        for seen, meant in zip(found, expected, strict=True):
            assert [one.rstrip() for one in seen] == _as_a_sheet(meant), name
    assert any(cell.startswith("'=2+2\n") for row in written["fiches.csv"] for cell in row)


def _as_a_sheet(row: list[str]) -> list[str]:
    """Without the empty cells at its end, which a sheet does not keep; a day is its number, since a sheet knows days."""
    while row and not row[-1]:
        row = row[:-1]
    return [
        str((date.fromisoformat(cell) - FIRST_DAY).days) if DAY.fullmatch(cell) else cell.rstrip()
        for cell in row
    ]


def test_the_page_says_what_there_is(press: Press, client: PageClient) -> None:
    press.published()
    page = client.get("/opendata")
    for name in open_files.NAMES:
        assert f"/opendata/{name}" in page.links(), name
        client.get(f"/opendata/{name}")
    client.app.extensions["openlab_shelf"].look()
    page = client.get("/opendata")
    assert "modifié le" in page.main and "Licence Ouverte 2.0" in page.main and "apostrophe" in page.main
    for path in ("/plan-du-site", "/mentions-legales", "/chiffres"):
        assert "/opendata" in client.get(path).links(), path
