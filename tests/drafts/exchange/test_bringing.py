"""A document comes into a draft: sent, read by the worker, shown with what it loses, taken or left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image as Picture

from app import clock
from app.audit import AuditEntry
from app.db import reading, session, unit_of_work
from app.policy import Actor
from drafts import bringing, brought_reading, images, log, moments, restoring, service, taking
from drafts.brought_models import BroughtFile, BroughtPicture, BroughtPiece, BroughtState
from drafts.child import Child
from drafts.exchange.import_words import refusal_words
from drafts.grammar import blocks, plain_text
from drafts.history_models import DraftVersion
from drafts.models import Draft, Image, ImageUse
from drafts.queries import draft_numbered
from labs.roles import Right
from tests import makers
from tests.clients import Page, PageClient
from tests.drafts.exchange.packages import body, word


@dataclass(frozen=True)
class Desk:
    """A writer's draft with two blocks, an empty one of theirs, and people who may not write here."""

    client: PageClient
    writer: Actor
    other: Actor
    guest: Actor
    draft: int
    empty: int

    def address(self, draft: int | None = None) -> str:
        return f"/brouillons/{draft or self.draft}/importer"

    def send(
        self, content: bytes, name: str = "fiche.docx", status: int = 303, draft: int | None = None
    ) -> Page:
        self.client.sign_in(self.writer)
        form = self.client.get(self.address(draft)).form(self.address(draft))
        return self.client.post(
            self.address(draft), {**form.values, "fichier": (BytesIO(content), name)}, status,
            content_type="multipart/form-data",
        )  # fmt: skip

    def choose(self, page: Page, choice: str, status: int = 303, **more: str) -> Page:
        form = page.form(page.path)
        return self.client.post(page.path, {**form.values, "choix": choice, **more}, status)

    def read(self, content: bytes, name: str = "fiche.docx", draft: int | None = None) -> Page:
        """Send it, let the worker have its rounds, and look at the page about it."""
        location = self.send(content, name, draft=draft).location
        while brought_reading.read_brought():
            pass
        return self.client.get(location)


def tiny_reader(seconds: float) -> Child:
    return Child(
        seconds=seconds,
        memory=brought_reading.MEMORY,
        longest=brought_reading.LONGEST,
        module="tests.drafts.exchange.tiny_reader",
    )


@pytest.fixture(scope="module", autouse=True)
def _children() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(brought_reading, "_reader", tiny_reader(brought_reading.SECONDS))
        yield
        brought_reading.close()
    moments.close()
    images.close()


@pytest.fixture
def desk(client: PageClient) -> Desk:
    images._tries.clear()
    with unit_of_work():
        place = makers.make_administration()
        writer, other = makers.make_agent(place), makers.make_agent(place)
        lab = makers.make_lab(writer, place, other)
        draft = makers.make_draft(writer, lab, place)
        empty = makers.make_draft(writer, lab, place, tree=[])
        guest = makers.make_guest(writer, lab, Right.WRITE)
        return Desk(client, writer, other, guest, draft.id, empty.id)


def drawn(colour: int = 0) -> bytes:
    out = BytesIO()
    Picture.new("RGB", (60, 40), colour).save(out, "PNG")
    return out.getvalue()


def text_of(draft_id: int) -> Any:
    with reading():
        return log.text(draft_id).tree


def one_file() -> BroughtFile:
    with reading():
        return session().scalars(sa.select(BroughtFile)).one()


def test_a_document_is_shown_before_it_is_taken(desk: Desk) -> None:
    page = desk.read(
        word(body("Allez à la mairie.", "Prenez un timbre."), more={"word/media/a.png": drawn()})
    )
    assert "Lu : 3 blocs, 8 mots, 1 image." in page.main
    assert (
        "Allez à la mairie." in page.main
        and "Un commentaire n’est pas repris. (2 fois) Par exemple : « À revoir »" in page.main
    )
    (shown,) = [one for one in page.all("img") if "/importer/" in (one.get("src") or "")]
    assert shown.get("alt") == "photo.webp"
    picture = desk.client.get(shown.get("src") or "")
    assert picture.response.content_type == "image/webp" and picture.response.data[:4] == b"RIFF"
    assert plain_text(text_of(desk.draft)) == plain_text(makers.LEAD)

    before = text_of(desk.draft)
    desk.choose(page, "ajouter", titre="y")
    after = text_of(desk.draft)
    assert after[: len(before)] == before
    assert [block["type"] for block in after[len(before) :]] == ["paragraph", "paragraph", "image"]
    image = after[-1]["attrs"]
    with reading():
        draft = session().get_one(Draft, desk.draft)
        assert draft.title == "Le titre du document"
        assert {run.person for run in _people(desk.draft)} == {desk.writer.id}
        kept = session().get_one(Image, image["image"])
        assert (kept.width, kept.height) == (60, 40) == (image["width"], image["height"])
        assert session().scalars(sa.select(ImageUse.draft_id)).all() == [desk.draft]
        version = session().scalars(sa.select(DraftVersion)).one()
        assert version.name == "Avant l’import de «\u00a0fiche.docx\u00a0»"
        assert plain_text(version.tree) == plain_text(before)
        deeds = session().scalars(sa.select(AuditEntry.act).order_by(AuditEntry.id)).all()
        assert "bring_file" in deeds and "take_file" in deeds
        file = session().scalars(sa.select(BroughtFile)).one()
        assert (file.state, file.tree) == (BroughtState.TAKEN, None)
        assert not session().scalars(sa.select(BroughtPicture.key)).all()
    assert "déjà été repris" in desk.client.get(page.path).main
    desk.client.post(page.path, {"csrf_token": _token(desk), "choix": "ajouter"}, 409)


def _token(desk: Desk) -> str:
    return str(desk.client.get(desk.address()).form(desk.address()).values["csrf_token"])


@dataclass(frozen=True)
class _Run:
    person: int


def _people(draft_id: int) -> list[_Run]:
    return [_Run(person) for line in log.load(draft_id).runs.runs() for _words, person, _raw in line]


def test_the_way_back_is_the_history_s(desk: Desk) -> None:
    before = text_of(desk.draft)
    desk.choose(desk.read(word()), "ajouter")
    with reading():
        version = session().scalars(sa.select(DraftVersion.id)).one()
        back = restoring.way_back(desk.writer, draft_numbered(desk.draft), moments.ref_of(f"v{version}"))
    with unit_of_work():
        restoring.restore(desk.writer, draft_numbered(desk.draft), back)
    assert text_of(desk.draft) == before


def test_a_document_is_kept_as_a_version_and_the_text_stays(desk: Desk) -> None:
    before = text_of(desk.draft)
    page = desk.read(word())
    answer = desk.choose(page, "version")
    assert answer.location.startswith(f"/brouillons/{desk.draft}/historique")
    assert text_of(desk.draft) == before
    with reading():
        version = session().scalars(sa.select(DraftVersion)).one()
        assert version.name == "fiche.docx" and version.made_by == desk.writer.id
        assert plain_text(version.tree) == "Bonjour."
        # Its words are those of who brought it: nobody else signs for them, and nobody's name was in the file.
        assert version.authors == [[len("Bonjour."), desk.writer.id]]
    # Decided about once: a second answer of the same page changes nothing.
    desk.choose(page, "version", 409)
    with reading():
        assert session().scalar(sa.select(sa.func.count()).select_from(DraftVersion)) == 1
        back = restoring.way_back(desk.writer, draft_numbered(desk.draft), moments.ref_of(f"v{version.id}"))
    with unit_of_work():
        restoring.restore(desk.writer, draft_numbered(desk.draft), back)
    assert plain_text(text_of(desk.draft)) == "Bonjour."


def test_an_empty_text_becomes_the_document(desk: Desk) -> None:
    page = desk.read(word(), draft=desk.empty)
    assert [one.get("value") for one in page.all("input", name="choix")] == [
        "remplacer",
        "version",
        "abandonner",
    ]
    desk.choose(page, "remplacer")
    assert plain_text(text_of(desk.empty)) == "Bonjour."
    with reading():
        assert session().get_one(Draft, desk.empty).title != "Le titre du document"


def test_a_text_that_is_not_empty_any_more_is_not_replaced(desk: Desk) -> None:
    page = desk.read(word(), draft=desk.draft)
    refused = desk.choose(page, "remplacer", 422)
    assert "ajoutez le document à la fin" in refused.main
    desk.choose(page, "effacer", 422)
    assert plain_text(text_of(desk.draft)) == plain_text(makers.LEAD)


def test_what_others_write_meanwhile_stays(desk: Desk) -> None:
    page = desk.read(word())
    file = one_file()
    with reading():
        draft = draft_numbered(desk.draft)
        ready = taking.ready_to_take(
            desk.writer, draft, bringing.file_of(desk.writer, draft, file.id), taking.Where.END
        )
    with unit_of_work():
        tree = [*text_of(desk.draft), {"type": "paragraph", "content": [{"type": "text", "text": "De Ben."}]}]
        service.replace_text(desk.other, draft_numbered(desk.draft), tree)
    with unit_of_work():
        draft = draft_numbered(desk.draft)
        taking.take(desk.writer, draft, bringing.file_of(desk.writer, draft, file.id), ready)
    words = plain_text(text_of(desk.draft))
    assert "De Ben." in words and "Bonjour." in words and words.startswith(plain_text(makers.LEAD))
    assert page.status == 200


def test_a_file_is_its_bringer_s_alone(desk: Desk) -> None:
    page = desk.read(word())
    desk.client.sign_in(desk.other)
    assert desk.client.get(page.path, 404).status == 404
    assert desk.client.get(desk.address()).status == 200
    assert "fiche.docx" not in desk.client.get(desk.address()).main
    desk.client.post(page.path, {"csrf_token": _token(desk), "choix": "abandonner"}, 404)
    with unit_of_work():
        stranger = makers.make_agent(makers.make_administration())
    desk.client.sign_in(stranger)
    desk.client.get(desk.address(), 404)


def test_left_files_leave_nothing(desk: Desk) -> None:
    page = desk.read(word(more={"word/media/a.png": drawn()}))
    desk.choose(page, "abandonner")
    file = one_file()
    assert file.state is BroughtState.DROPPED
    with reading():
        assert not session().scalars(sa.select(BroughtPicture.key)).all()
        assert not session().scalars(sa.select(BroughtPiece.number)).all()
    assert plain_text(text_of(desk.draft)) == plain_text(makers.LEAD)
    desk.client.post(page.path, {"csrf_token": _token(desk), "choix": "ajouter"}, 409)


def test_nobody_decides_for_a_day(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    page = desk.read(word())
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + bringing.KEPT_FOR + timedelta(minutes=1))
    with unit_of_work():
        bringing.forget_old()
    with reading():
        assert not session().scalars(sa.select(BroughtFile.id)).all()
    monkeypatch.undo()
    desk.client.get(page.path, 404)


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"NON", "a.md", "encrypted"),
        (b"PROFOND", "a.md", "too_deep"),
        ("ÉCRIS /tmp/openlab-fenced".encode(), "a.md", "broken"),
        (b"x\n\n" * 5_000, "a.md", "too_long"),
        (b"\n", "a.md", "nothing"),
        (b"%PDF-1.7", "a.pdf", "pdf"),
        (word()[:-30], "a.docx", "broken"),
    ],
)
def test_a_refusal_says_what_to_do(desk: Desk, content: bytes, name: str, code: str) -> None:
    page = desk.read(content, name)
    file = one_file()
    assert (file.state, file.code) == (BroughtState.REFUSED, code)
    assert refusal_words(code)[:40].split("\u00a0")[0] in page.source.replace("&#39;", "’")
    assert "n’a pas changé" in page.main
    with reading():
        assert not session().scalars(sa.select(BroughtPiece.number)).all()


def test_what_takes_too_long_is_ended(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brought_reading, "_reader", tiny_reader(2.0))
    desk.read(b"DORS", "a.md")
    assert one_file().code == "too_slow"
    brought_reading.close()


def test_a_file_that_ends_the_worker_is_not_read_for_ever(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_given: object) -> Any:
        raise SystemExit

    desk.send(word())
    with monkeypatch.context() as patched:
        patched.setattr(brought_reading, "_answer", dies)
        for _start in range(brought_reading.TRIES):
            with pytest.raises(SystemExit):
                brought_reading.read_brought()
    brought_reading.read_brought()
    assert one_file().code == "too_slow"


def test_a_picture_that_cannot_be_read_is_a_loss(desk: Desk) -> None:
    page = desk.read(word(more={"word/media/a.png": drawn(), "word/media/b.png": b"\x89PNG no picture"}))
    assert "Une image ne peut pas être lue" in page.main
    desk.choose(page, "ajouter")
    assert sum(block["type"] == "image" for block in blocks(text_of(desk.draft))) == 1


def test_the_page_waits_politely(desk: Desk) -> None:
    page = desk.client.get(desk.send(word()).location)
    assert page.response.headers["Refresh"] == "2"
    assert "en train d’être lu" in page.main
    desk.choose(page, "abandonner")


def test_the_door_has_bounds(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Choisissez un fichier" in desk.send(b"x", "", 422).main
    assert "vide" in desk.send(b"", "a.docx", 422).main
    monkeypatch.setattr(bringing, "LONGEST", 1000)
    assert "20 Mo" in desk.send(bytes(100_000), "a.docx", 413).main
    assert "20 Mo" in desk.send(bytes(1001), "a.docx", 413).main
    for _number in range(bringing.WAITING_OF_ONE):
        desk.send(b"DORS", "a.md")
    late = desk.send(b"DORS", "a.md", 429)
    assert int(late.response.headers["Retry-After"]) > 30 and "réessayez" in late.main


def test_names_are_for_people(desk: Desk) -> None:
    desk.send(b"x", "fiche\u202exslx.md")
    assert one_file().name == "fichexslx.md"
    assert bringing._shown("C:\\dossier\\fiche.docx") == "fiche.docx"
    assert bringing._shown("../" + "é" * 300 + ".docx").endswith("é.docx")
    assert len(taking._before("é" * 200)) <= 120


def test_a_guest_who_writes_may_import(desk: Desk) -> None:
    """The name of the moment before would be one of the past, which is not a guest's."""
    with unit_of_work():
        file_id = bringing.bring(desk.guest, draft_numbered(desk.draft), "a.md", BytesIO(b"Du document.")).id
    while brought_reading.read_brought():
        pass

    def both() -> tuple[Draft, BroughtFile]:
        draft = draft_numbered(desk.draft)
        return draft, bringing.file_of(desk.guest, draft, file_id)

    with reading():
        ready = taking.ready_to_take(desk.guest, *both(), taking.Where.END)
    with unit_of_work():
        taking.take(desk.guest, *both(), ready)
    assert "Du document." in plain_text(text_of(desk.draft))
    with reading():
        assert not session().scalars(sa.select(DraftVersion.id)).all()


def test_a_new_draft_may_begin_with_a_document(desk: Desk) -> None:
    desk.client.sign_in(desk.writer)
    with reading():
        lab = draft_numbered(desk.draft).lab.slug
    form = desk.client.get(f"/labs/{lab}/brouillons/nouveau").form(f"/labs/{lab}/brouillons/nouveau")
    answer = desk.client.post(form.action, {**form.values, "titre": "Une fiche", "ensuite": "importer"}, 303)
    assert answer.location.endswith("/importer")
    assert "Importer un document" in desk.client.get(answer.location.removesuffix("/importer")).main
