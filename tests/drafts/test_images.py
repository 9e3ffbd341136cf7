"""Images: taken for what they are, made anew without a trace of where they came from, seen by who may see them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from PIL import Image as Picture

from app import clock
from app.audit import AuditEntry
from app.db import reading, session, unit_of_work
from app.errors import DomainError, Invalid, RateLimited, TooLarge
from app.policy import Actor, PortalRole
from drafts import bin as bin_
from drafts import images, review, service
from drafts.models import Draft, Image, ImageUse
from drafts.queries import draft_numbered
from publish import pictures
from publish import service as publication
from publish.models import EditionImage
from tests import makers
from tests.clients import PageClient


@dataclass(frozen=True)
class Studio:
    """A lab with a writer and a reviewer who share an administration, and one draft."""

    writer: Actor
    reviewer: Actor
    stranger: Actor
    editor: Actor
    draft: int

    @property
    def address(self) -> str:
        return f"/brouillons/{self.draft}/images"


@pytest.fixture
def studio(client: PageClient) -> Iterator[Studio]:
    images._tries.clear()
    with unit_of_work():
        south, north = makers.make_administration(), makers.make_administration()
        writer, reviewer = makers.make_agent(south), makers.make_agent(south, reviewer=True)
        lab = makers.make_lab(writer, south)
        draft = makers.make_draft(writer, lab, south)
        stranger = makers.make_agent(north)
        editor = makers.make_agent(north, PortalRole.PORTAL_EDITOR)
        made = Studio(writer, reviewer, stranger, editor, draft.id)
    yield made
    images.close()


def drawn(kind: str = "PNG", size: tuple[int, int] = (60, 40), mode: str = "RGB", **more: Any) -> bytes:
    out = BytesIO()
    Picture.new(mode, size, more.pop("colour", 0)).save(out, kind, **more)
    return out.getvalue()


def photo(**more: Any) -> bytes:
    """A picture with much in it, as a camera makes it."""
    small = Picture.frombytes("RGB", (80, 60), os.urandom(80 * 60 * 3))
    out = BytesIO()
    small.resize((2400, 1800)).save(out, "JPEG", quality=90, **more)
    return out.getvalue()


def seen(made: images.Made) -> Picture.Image:
    picture = Picture.open(BytesIO(made.content))
    picture.load()
    return picture


def put(studio: Studio, given: bytes | None = None, who: Actor | None = None) -> str:
    made = images.made_of(given or drawn())
    with unit_of_work():
        return images.keep(who or studio.writer, draft_numbered(studio.draft), made).id


def sent(client: PageClient, studio: Studio, given: bytes, status: int, name: str = "photo.png") -> Any:
    token = (
        client.get(f"/brouillons/{studio.draft}").all("div", data_draft=str(studio.draft))[0].get("data-csrf")
    )
    return client.post(
        studio.address, {"csrf_token": token, "image": (BytesIO(given), name)}, status,
        content_type="multipart/form-data",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("JPEG", "RGB"), ("JPEG", "CMYK"), ("JPEG", "L"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "I;16"), ("PNG", "1"),
     ("GIF", "P"), ("WEBP", "RGB"), ("WEBP", "RGBA")],
)  # fmt: skip
def test_every_usual_picture_becomes_webp(studio: Studio, kind: str, mode: str) -> None:
    made = images.made_of(drawn(kind, mode=mode))
    assert seen(made).format == "WEBP"
    assert (made.width, made.height) == (60, 40) == seen(made).size
    assert seen(made).mode == ("RGBA" if mode == "RGBA" else "RGB")


def test_a_photo_fits_the_page_and_the_line(studio: Studio) -> None:
    made = images.made_of(photo())
    assert max(made.width, made.height) <= 1600
    assert len(made.content) <= 60_000
    assert made.width * 3 == made.height * 4


def test_what_no_quality_makes_small_stays_bounded(studio: Studio) -> None:
    noise = Picture.frombytes("RGB", (1600, 1200), os.urandom(1600 * 1200 * 3))
    out = BytesIO()
    noise.save(out, "JPEG", quality=90)
    made = images.made_of(out.getvalue())
    assert made.width == 800 and len(made.content) < 250_000


def test_nothing_of_where_a_photo_was_taken_stays(studio: Studio) -> None:
    exif = Picture.Exif()
    exif[0x010F] = "MARQUE-SECRETE"
    exif[0x0112] = 6  # the camera stood on its side
    exif.get_ifd(0x8825)[1] = "S"
    made = images.made_of(photo(exif=exif.tobytes(), comment=b"MOT-SECRET", icc_profile=b"PROFIL" * 30))
    for trace in (b"SECRET", b"EXIF", b"Exif", b"ICCP", b"XMP", b"PROFIL"):
        assert trace not in made.content
    assert not dict(seen(made).getexif())
    # Its note said how it was held: the picture stands upright without it.
    assert made.height > made.width


def test_what_stands_behind_a_picture_is_left_behind(studio: Studio) -> None:
    made = images.made_of(drawn() + b"<script>alert(1)</script>PK\x03\x04")
    assert b"script" not in made.content and b"PK" not in made.content


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "SVG"),
        (b"<html><script>alert(1)</script>", "pas une image"),
        (b"%PDF-1.7", "PDF"),
        (drawn("TIFF"), "TIFF"),
        (drawn("BMP"), "pas une image"),
        (drawn()[:60], "pas une image"),
        (drawn("GIF", save_all=True, append_images=[Picture.new("RGB", (60, 40), "red")]), "animée"),
        (drawn("PNG", save_all=True, append_images=[Picture.new("RGB", (60, 40), "red")]), "animée"),
        (drawn("WEBP", save_all=True, append_images=[Picture.new("RGB", (60, 40), "red")]), "animée"),
        (drawn("PNG", (20_000, 20_000), "1"), "40 millions"),
        (b"", "Choisissez une image"),
    ],
    ids=["svg", "html", "pdf", "tiff", "bmp", "cut short", "gif", "apng", "webp", "bomb", "nothing"],
)  # fmt: skip
def test_everything_else_is_refused_in_words(studio: Studio, given: bytes, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        images.made_of(given)
    assert said in refused.value.message
    # The child is there for the next one.
    assert images.made_of(drawn()).width == 60


def test_more_than_ten_megabytes_are_not_read(studio: Studio) -> None:
    with pytest.raises(TooLarge):
        images.made_of(bytes(images.LONGEST + 1))


def test_one_brings_what_a_person_brings_in_a_day_and_no_more(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "OF_ONE_A_DAY", 1)
    with reading():
        images.allow(studio.writer)
    image = put(studio)
    with reading(), pytest.raises(RateLimited):
        images.allow(studio.writer)
    with reading():
        images.allow(studio.reviewer)
    with unit_of_work():
        session().get_one(ImageUse, (image, studio.draft)).at = clock.now() - timedelta(days=2)
    with reading():
        images.allow(studio.writer)


def test_tries_that_come_to_nothing_count_too(studio: Studio) -> None:
    with reading():
        for _try in range(images.TRIES_A_MINUTE):
            images.allow(studio.writer)
        with pytest.raises(RateLimited):
            images.allow(studio.writer)
        images.allow(studio.reviewer)


def test_the_endpoint_takes_an_image_whatever_it_is_called(client: PageClient, studio: Studio) -> None:
    client.sign_in(studio.writer)
    answer = sent(client, studio, photo(), 201, "../../évasion.svg").json
    assert answer["url"] == f"/images/{answer['image']}.webp"
    assert (answer["width"], answer["height"]) <= (1600, 1600)
    with reading():
        (use,) = session().scalars(sa.select(ImageUse))
        assert (use.image_id, use.draft_id, use.person_id) == (
            answer["image"],
            studio.draft,
            studio.writer.id,
        )
        entry = session().scalars(sa.select(AuditEntry).filter_by(act="add_image")).one()
        assert (entry.person_id, entry.object_id, entry.detail) == (
            studio.writer.id, str(studio.draft), {"image": answer["image"]},
        )  # fmt: skip
    # The same picture again is the same image.
    assert sent(client, studio, drawn(), 201).json == sent(client, studio, drawn(), 201).json


def test_the_endpoint_says_what_is_wrong_in_json(client: PageClient, studio: Studio) -> None:
    client.sign_in(studio.writer)
    for given, status, code in (
        (b"<svg/>", 422, "invalid"),
        (bytes(images.LONGEST + 10), 413, "too_large"),
        (bytes(images.LONGEST * 2), 413, "invalid"),
    ):
        error = sent(client, studio, given, status).json["error"]
        assert error["code"] == code and error["message"].endswith((".", "…"))
    assert client.post(studio.address, {}, 400).json["error"]["code"] == "invalid"
    client.sign_out()
    # A stranger may not even send that much.
    assert client.post(studio.address, {"image": (BytesIO(drawn()), "a.png")}, 400).json["error"]


def test_only_who_writes_in_a_draft_brings_images_into_it(
    client: PageClient, studio: Studio, app: Flask
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    for who, status in ((studio.stranger, 404), (studio.reviewer, 404), (studio.writer, 201)):
        client.sign_in(who)
        client.post(studio.address, {"image": (BytesIO(drawn()), "a.png")}, status)
    client.sign_out().post(studio.address, {"image": (BytesIO(drawn()), "a.png")}, 401)
    made = images.made_of(drawn())
    for who in (studio.stranger, studio.reviewer):
        with pytest.raises(DomainError), unit_of_work():
            images.keep(who, session().get_one(Draft, studio.draft), made)


def test_an_image_of_a_draft_is_seen_by_who_reads_the_draft(client: PageClient, studio: Studio) -> None:
    address = f"/images/{put(studio)}.webp"
    answer = client.sign_in(studio.writer).get(address)
    headers = answer.response.headers
    assert headers["Content-Type"] == "image/webp" and headers["X-Content-Type-Options"] == "nosniff"
    assert (
        "sandbox" in headers["Content-Security-Policy"]
        and "default-src 'none'" in headers["Content-Security-Policy"]
    )
    assert headers["Cache-Control"] == "private, no-cache"
    assert client.get(address, 304, headers={"If-None-Match": headers["ETag"]}).response.data == b""
    assert (
        client.sign_in(studio.writer, shared_computer=True).get(address).response.headers["Cache-Control"]
        == "no-store"
    )
    nobodys = client.sign_in(studio.stranger).get(f"/images/{'0' * 64}.webp", 404)
    for who in (studio.stranger, studio.reviewer, studio.editor):
        assert client.sign_in(who).get(address, 404).main == nobodys.main
    assert client.sign_out().get(address, 404).source == client.get(f"/images/{'0' * 64}.webp", 404).source
    with unit_of_work():
        review.submit(studio.writer, draft_numbered(studio.draft))
    for who in (studio.reviewer, studio.editor):
        client.sign_in(who).get(address)
    client.sign_in(studio.stranger).get(address, 404)


def test_an_image_is_taken_along_into_another_draft_by_who_sees_it(
    client: PageClient, studio: Studio, app: Flask
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    image = put(studio)
    with unit_of_work():
        place = draft_numbered(studio.draft).article.lead
        colleague = makers.make_agent(place)
        other = makers.make_draft(
            studio.writer, makers.make_lab(studio.writer, place, colleague, title="Ailleurs"), place
        ).id
    client.sign_in(colleague).get(f"/images/{image}.webp", 404)
    # Who does not see it gains nothing by naming it.
    assert client.post(f"/brouillons/{other}/images", {"id": image}, 404).json["error"]["code"] == "not_found"
    client.get(f"/images/{image}.webp", 404)
    answer = client.sign_in(studio.writer).post(f"/brouillons/{other}/images", {"id": image}, 201).json
    assert (answer["image"], answer["width"], answer["height"]) == (image, 60, 40)
    client.sign_in(colleague).get(f"/images/{image}.webp")


def test_an_image_that_a_live_edition_shows_is_everybodys(client: PageClient, studio: Studio) -> None:
    shown, kept_back = put(studio), put(studio, drawn(colour="red"))
    tree = [*makers.LEAD, {"type": "image", "attrs": {"id": "b3", "image": shown, "alt": "Un guichet"}}]
    unknown = {"type": "image", "attrs": {"id": "b4", "image": "f" * 64, "alt": "Rien"}}
    with unit_of_work():
        service.replace_text(studio.writer, draft_numbered(studio.draft), [*tree, unknown])
    with pytest.raises(Invalid) as caught, unit_of_work():
        review.submit(studio.writer, draft_numbered(studio.draft))
    assert [ident for ident, _said in caught.value.detail["faults"]] == ["b4"]
    with unit_of_work():
        service.replace_text(studio.writer, draft_numbered(studio.draft), tree)
    address = f"/images/{shown}.webp"
    client.get(address, 404)
    with unit_of_work():
        fingerprint = review.submit(studio.writer, draft_numbered(studio.draft)).fingerprint
    with unit_of_work():
        draft = draft_numbered(studio.draft)
        review.sign_off(studio.reviewer, draft, draft.article.lead_administration_id, fingerprint)
        publication.publish(studio.editor, draft, fingerprint)
    with reading():
        assert session().scalars(sa.select(EditionImage.image_id)).all() == [shown]
        assert not pictures.is_shown(kept_back)
    for visitor in (client.sign_out(), client.sign_in(studio.stranger)):
        headers = visitor.get(address).response.headers
        assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "Set-Cookie" not in headers and "Cookie" not in headers.get("Vary", "")
        visitor.get(f"/images/{kept_back}.webp", 404)


def test_no_spelling_of_the_address_leads_elsewhere(client: PageClient, studio: Studio) -> None:
    image = put(studio)
    client.sign_in(studio.writer)
    for name in (
        "..%2f..%2fconfig.py",
        "%2e%2e%5cconfig",
        image.upper(),
        image[:-1],
        f"{image}%00",
        f"..%2f{image}",
    ):
        client.get(f"/images/{name}.webp", 404)


def test_a_purged_draft_takes_its_own_images_with_it_and_no_others(studio: Studio) -> None:
    with unit_of_work():
        lab = draft_numbered(studio.draft).lab
        other = makers.make_draft(studio.writer, lab, lab.administration, title="Un autre").id
    own, shared = put(studio), put(studio, drawn(colour="red"))
    with unit_of_work():
        images.keep(studio.writer, draft_numbered(other), images.made_of(drawn(colour="red")))
        bin_.put_away(studio.writer, draft_numbered(studio.draft))
    with unit_of_work():
        bin_.purge(studio.draft)
    with reading():
        assert session().get(Image, own) is None
        assert session().get(Image, shared) is not None
