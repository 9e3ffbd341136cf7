"""A text leaves the workshop as a file: which text, for whom, under which name, and what is written down of it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import pytest
import sqlalchemy as sa

from app.accounts.models import Person
from app.audit import AuditEntry
from app.db import session, unit_of_work
from app.errors import Missing, Unavailable
from app.policy import Actor
from drafts import exports, moments, review, service, versions
from drafts.exchange import formats, packing, setting
from drafts.exchange.paper import Format, Paper
from drafts.grammar import plain_text
from drafts.models import ImageUse
from drafts.moments import NOW, Kind, Moment, Ref
from drafts.queries import draft_numbered
from drafts.review_models import Revision
from labs.roles import Right
from labs.service import add_member
from tests import makers
from tests.clients import PageClient
from tests.drafts.every_block import EVERY, block, mark, p, words
from tests.drafts.exchange.tagged_pdf import Tagged
from tests.drafts.exchange.test_pdf import KNOWN, PICTURES, picture

FIRST = [block("lead", "a", "Déclarez votre clôture à la mairie."), p("b", "Le texte figé.")]
NOW_ON = [
    block("lead", "a", "Déclarez votre clôture à la mairie."),
    block("paragraph", "b", words("Le texte "), words("neuf ", mark("insertion", id="7-a")), words("qui ", mark("deletion", id="7-b")),
          words("suit.")),
]  # fmt: skip


@dataclass(frozen=True)
class Desk:
    writer: Actor
    reader: Actor
    stranger: Actor
    draft: int
    version: int

    @property
    def address(self) -> str:
        return f"/brouillons/{self.draft}"


@pytest.fixture
def desk(client: PageClient) -> Iterator[Desk]:
    with unit_of_work():
        south = makers.make_administration("Province Sud")
        writer, reader, stranger = (makers.make_agent(south) for _ in range(3))
        makers.make_agent(south, reviewer=True)
        lab = makers.make_lab(writer, south)
        add_member(writer, lab, session().get_one(Person, reader.id), Right.READ)
        draft = makers.make_draft(writer, lab, south, title="Poser une clôture", tree=FIRST)
        service.set_fields(writer, draft, themes=["logement"], review_date="2030-01-01")
        review.submit(writer, draft)
        kept = Moment(Ref(Kind.STROKE, draft.head_seq), draft.head_seq, FIRST, None)
        version = versions.name_moment(writer, draft, kept, "Avant la réunion")
        service.replace_text(writer, draft, NOW_ON)
        draft_id, version_id = draft.id, version.id
    yield Desk(writer, reader, stranger, draft_id, version_id)
    moments.close()
    setting.close()


def exported() -> list[dict[str, Any]]:
    return [
        entry.detail
        for entry in session().scalars(
            sa.select(AuditEntry).where(AuditEntry.act == "export").order_by(AuditEntry.id)
        )
    ]


def test_the_page_offers_every_format_and_every_moment(desk: Desk, client: PageClient) -> None:
    seen = client.sign_in(desk.writer).get(f"{desk.address}/exporter")
    assert [link for link in seen.links() if "/exporter." in link] == [
        f"{desk.address}/exporter.{form}" for form in formats.WRITERS
    ]
    assert Format.PDF in formats.WRITERS
    for moment in ("r1", f"v{desk.version}"):
        address = f"{desk.address}/exporter?moment={moment}"
        assert address in seen.links()
        assert f"{desk.address}/historique/{moment}/exporter.pdf" in client.get(address).links()
    assert f"{desk.address}/exporter" in client.get(desk.address).links()
    assert f"{desk.address}/exporter?moment=r1" in client.get(f"{desk.address}/historique/r1").links()


def test_the_text_of_now_goes_out_without_what_waits(desk: Desk, client: PageClient) -> None:
    client.sign_in(desk.reader)
    for form in formats.WRITERS:
        answer = client.http.get(f"{desk.address}/exporter.{form}")
        assert answer.status_code == 200, form
        assert answer.headers["Content-Type"] == formats.WRITERS[form].media
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "private, no-cache"
        named = unquote(answer.headers["Content-Disposition"])
        assert named.startswith("attachment;")
        assert f"Poser une clôture – brouillon du {datetime.now(UTC):%Y}" in named
        assert f'.{form}"' in named
        again = client.http.get(
            f"{desk.address}/exporter.{form}", headers={"If-None-Match": answer.headers["ETag"]}
        )
        assert (again.status_code, again.data) == (304, b"")
    spoken = Tagged(client.http.get(f"{desk.address}/exporter.pdf").data).root.words
    assert "Le texte qui suit." in spoken
    for said in ("Brouillon (en relecture)", "Province Sud", "2, absentes de ce document", desk.address):
        assert said in spoken
    with unit_of_work():
        assert exported() == [
            {"moment": "maintenant", "format": form} for form in [*formats.WRITERS, Format.PDF]
        ]


def test_a_frozen_text_says_which_it_is(desk: Desk, client: PageClient) -> None:
    answer = client.sign_in(desk.reader).http.get(f"{desk.address}/historique/r1/exporter.pdf")
    spoken = Tagged(answer.data).root.words
    assert "Le texte figé." in spoken
    assert "Version figée 1, du " in spoken
    with unit_of_work():
        fingerprint = session().scalars(sa.select(Revision.fingerprint)).one()
    assert fingerprint[:12] in spoken
    assert "Suggestions" not in spoken
    assert "version figée 1.pdf" in unquote(answer.headers["Content-Disposition"])


def test_the_past_is_for_those_who_may_read_it(desk: Desk, client: PageClient) -> None:
    past = [f"v{desk.version}", "1"]
    client.sign_in(desk.writer)
    for moment in past:
        assert client.http.get(f"{desk.address}/historique/{moment}/exporter.pdf").status_code == 200
    assert "Avant la réunion" in client.get(f"{desk.address}/exporter?moment=v{desk.version}").text
    client.sign_in(desk.reader)
    for moment in past:
        client.get(f"{desk.address}/historique/{moment}/exporter.pdf", 404)
        client.get(f"{desk.address}/exporter?moment={moment}", 404)
    for address in (
        "exporter.exe",
        "exporter.",
        "historique/r9/exporter.pdf",
        "historique/x/exporter.pdf",
        "exporter?moment=x",
    ):
        client.get(f"{desk.address}/{address}", 404)  # fmt: skip
    client.sign_in(desk.stranger)
    for address in ("exporter", "exporter.pdf", "historique/r1/exporter.pdf"):
        client.get(f"{desk.address}/{address}", 404)
    client.sign_out()
    assert client.http.get(f"{desk.address}/exporter.pdf").status_code in (302, 303, 401)
    with unit_of_work():
        assert {entry["moment"] for entry in exported()} == set(past)


def test_nothing_stays_on_a_shared_computer(desk: Desk, client: PageClient) -> None:
    client.sign_in(desk.reader, shared_computer=True)
    assert client.http.get(f"{desk.address}/exporter.pdf").headers["Cache-Control"] == "no-store"


def test_only_pictures_that_the_person_sees_travel(desk: Desk) -> None:
    with unit_of_work():
        for name in ("0a", "0b"):
            makers.make_image(name)
        session().add(
            ImageUse(image_id="0a", draft_id=desk.draft, person_id=desk.writer.id, at=datetime.now(UTC))
        )
    tree = [
        block("image", "i", image="0a"),
        block("image", "j", image="0b"),
        block("image", "k", image="0c"),
    ]
    with unit_of_work():
        draft = draft_numbered(desk.draft)
        paper = exports.paper_of(desk.reader, draft, Moment(NOW, 1, tree, None), "https://portail.example")
        assert paper.pictures == {"0a": b"0a"}
        with pytest.raises(Missing):
            exports.note(desk.stranger, draft, NOW, Format.PDF)


def test_what_waits_is_taken_out_of_every_block() -> None:
    tree = [
        block("note", "n", block("paragraph", "a", words("ajout", mark("insertion", id="1-a"), "strong"), words("reste", mark("remark", id="r")))),
        block("paragraph", "b", words("un ", "strong"), words("deux", mark("deletion", id="1-b"), "strong")),
    ]  # fmt: skip
    settled = exports.settled(tree)
    assert plain_text(settled) == "reste\nun deux"
    assert settled[1]["content"] == [words("un deux", "strong")]
    assert exports.settled(EVERY) == EVERY


def test_a_paper_comes_through_the_pipe_as_it_was() -> None:
    paper = Paper(
        "Un titre", EVERY, facts=(("a", "b"),), references=replace(KNOWN, images=frozenset({"x"})), pictures=PICTURES
    )  # fmt: skip
    assert packing.unpacked(packing.packed(paper)) == paper
    same = packing.digest(paper, Format.PDF, "1")
    assert same == packing.digest(packing.unpacked(packing.packed(paper)), Format.PDF, "1")
    others = [
        packing.digest(paper, Format.DOCX, "1"),
        packing.digest(paper, Format.PDF, "2"),
        packing.digest(replace(paper, title="Un autre"), Format.PDF, "1"),
        packing.digest(replace(paper, pictures={**PICTURES, "ff00": picture(9, 9)}), Format.PDF, "1"),
        packing.digest(replace(paper, facts=()), Format.PDF, "1"),
    ]
    assert len({same, *others}) == 6


def test_a_text_that_cannot_be_written_says_so_and_spares_the_others() -> None:
    broken = Paper("Un titre", [{"type": "paragraph", "content": 7}])  # type: ignore[dict-item]
    with pytest.raises(Unavailable) as refusal:
        setting.made(Format.PDF, broken)
    assert refusal.value.retry_after == 10.0
    assert Tagged(io.BytesIO(setting.made(Format.PDF, Paper("Un titre", FIRST))).read()).root.words
    setting.close()


@pytest.mark.parametrize(
    ("title", "plain", "whole"),
    [
        ("Changer d’adresse", "Changer d'adresse", "Changer d’adresse"),
        ("Œuvre à Nouméa", "OEuvre a Noumea", "Œuvre à Nouméa"),
        ("../../etc/passwd", "etc passwd", "etc passwd"),
        ('a"; filename="b.exe\r\nX: y', "a ; filename= b.exe X y", "a ; filename= b.exe X y"),
        ("漢字", "texte", "漢字"),
        (" . ", "texte", "texte"),
        ("\u202egnp.exe", "gnp.exe", "gnp.exe"),
        ("x" * 500, "x" * 80, "x" * 80),
    ],
)
def test_a_name_is_only_a_name(title: str, plain: str, whole: str) -> None:
    said = formats.disposition(title, Format.PDF)
    assert said.isascii()
    assert "\r" not in said and "\n" not in said
    ascii_part, _mark, coded = said.partition("; filename*=UTF-8''")
    assert ascii_part == f'attachment; filename="{plain}.pdf"'
    assert unquote(coded) == f"{whole}.pdf"
