"""The mediator's pack: what is in it, of when it is, who may have it, and that it is made again when something changed."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pytest
from pypdf import PdfReader

from app import clock
from app.db import reading, session, unit_of_work
from app.directory.models import Administration
from app.errors import Invalid, Missing
from app.policy import PortalRole, acts_for
from publish import pack_making, packs
from publish.pack_models import Pack
from publish.pack_policy import PACKS
from publish.packs import Choice
from tests.clients import PageClient
from tests.makers import make_agent, make_guest, make_person
from tests.publish.callers import of_role
from tests.publish.press import RICH, Press, block
from tests.publish.test_static_site import check_links

ADDRESS = "/espaces-connectes/classeur"
NOWHERE = Path("/nonexistent")


def opened(content: bytes, folder: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        archive.extractall(folder)
        return {name: archive.read(name) for name in archive.namelist()}


def test_what_a_pack_holds(press: Press, client: PageClient, tmp_path: Path) -> None:
    press.published("Changer d’adresse", RICH)
    press.published("Se soigner", RICH[:4], both=False, themes=["sante"], life_events=[])
    press.published("Rouler", RICH[:4], both=False, themes=["transports"], life_events=[])
    press.draft("Une fiche cachée", RICH)
    choice = Choice(themes=("logement", "sante"))
    done = pack_making.made(client.app, choice)
    files = opened(done.content, tmp_path / "cle")
    names = set(files)
    assert {"commencer.html", "LISEZ-MOI.txt", "feuillets/logement.pdf", "feuillets/sante.pdf"} <= names
    assert {"pages/fiches/changer-d-adresse/index.html", "pages/fiches/se-soigner/index.html"} <= names
    assert {"pages/recherche/index.html", "pages/administrations/province-du-sud/index.html"} <= names
    assert not [name for name in names if "rouler" in name or "transports" in name or "cachee" in name]
    check_links(tmp_path / "cle")
    today = clock.local(clock.now()).date()
    words = files["LISEZ-MOI.txt"].decode("utf-8-sig")
    assert (
        "À jour au" in words and str(today.year) in words and "Changer d’adresse" in words and "\r\n" in words
    )
    assert "À jour au" in files["commencer.html"].decode()
    leaflet = " ".join(
        page.extract_text() for page in PdfReader(io.BytesIO(files["feuillets/logement.pdf"])).pages
    )
    for said in ("Logement", str(today.year), "Changer d’adresse", "/s/", "Province du Sud", "Vérifié le"):
        assert said in leaflet.replace("\n", " "), said
    assert b"Une fiche cach" not in b"".join(files.values())
    # Found in the pack is what is in the pack.
    searched = b"".join(
        content for name, content in files.items() if name.startswith("pages/recherche/fiches-")
    )
    assert b"Se soigner" in searched and b"Rouler" not in searched
    with reading():
        assert len(packs.cards_of(Choice(administrations=("kone",)))) == 1


def test_the_command_writes_one(press: Press, client: PageClient, tmp_path: Path) -> None:
    press.published("Changer d’adresse", RICH)
    file = tmp_path / "classeur.zip"
    run = client.app.test_cli_runner().invoke
    empty = run(args=["export-pack", str(file), "--theme", "sante"])
    assert (empty.exit_code, file.exists()) == (1, False), "a theme without an article"
    done = run(args=["export-pack", str(file), "--theme", "logement"])
    assert done.exit_code == 0, done.output
    assert "pages/fiches/changer-d-adresse/index.html" in opened(file.read_bytes(), tmp_path / "cle")


def test_a_pack_is_asked_for_made_and_fetched(press: Press, client: PageClient) -> None:
    draft, _slug = press.published("Changer d’adresse", RICH)
    mediator = of_role(press, PortalRole.MEDIATOR)
    client.sign_in(mediator)
    page = client.get(ADDRESS)
    assert "Aucun classeur" in page.text
    client.post(ADDRESS, {**page.form(ADDRESS).values, "themes": "logement"}, 303)
    assert "En préparation" in client.get(ADDRESS).text
    with reading():
        (line,) = packs.kept()
    address = f"{ADDRESS}/{line.key}.zip"
    client.get(address, 404)
    assert pack_making.make_waiting(NOWHERE) and not pack_making.make_waiting(NOWHERE)
    page = client.get(ADDRESS)
    assert "À jour au" in page.text and address in client.http.get(ADDRESS).get_data(as_text=True)
    answer = client.http.get(address)
    assert answer.status_code == 200 and answer.content_type == "application/zip"
    assert re.search(r'filename="classeur-\d{4}-\d\d-\d\d\.zip"', answer.headers["Content-Disposition"])
    assert zipfile.is_zipfile(io.BytesIO(answer.data))
    # Kept as long as nothing in it changes, and not a minute longer.
    assert pack_making.drop_outdated(NOWHERE) == 0 and client.http.get(address).data == answer.data
    press.published("Une autre fiche", RICH[:3], both=False, themes=["transports"], life_events=[])
    assert pack_making.drop_outdated(NOWHERE) == 0
    press.rewrite(draft, [*RICH, block("paragraph", "Une phrase nouvelle.", id="b99")])
    press.again(draft)
    assert pack_making.drop_outdated(NOWHERE) == 1
    client.get(address, 404)
    page = client.get(ADDRESS)
    assert "demandez-le de nouveau" in page.text
    client.post(ADDRESS, {**page.form(ADDRESS).values, "themes": "logement"}, 303)
    assert pack_making.make_waiting(NOWHERE)
    assert client.http.get(address).data != answer.data


def test_who_may_have_packs(press: Press, client: PageClient) -> None:
    press.published()
    with unit_of_work():
        sud = session().get_one(Administration, press.sud)
        agent, reviewer = make_agent(sud), make_agent(sud, reviewer=True)
        from labs.models import Lab
        from tests.makers import actor as actor_of

        guest = make_guest(press.writer, session().get_one(Lab, press.lab_id))
        nobody = actor_of(make_person())
    for who, may in (
        (agent, True),
        (reviewer, True),
        (of_role(press, PortalRole.MEDIATOR), True),
        (guest, False),
        (nobody, False),
    ):
        assert bool(acts_for(who, PACKS)) is may, who.name
        if may:
            with unit_of_work():
                packs.ask(who, Choice())
        else:
            with pytest.raises(Missing), unit_of_work():
                packs.ask(who, Choice(("sante",)))
            with pytest.raises(Missing), reading():
                packs.file_of(who, Choice().key)
    client.get(ADDRESS, 302)


def test_a_choice_that_is_none_and_a_pack_that_cannot_be(
    press: Press, client: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    press.published(themes=["logement"])
    with reading():
        for themes, offices in ((("inconnu",), ()), ((), ("inconnue",)), (("sante",), ())):
            with pytest.raises(Invalid):
                packs.chosen(themes, offices)
        monkeypatch.setattr(packs, "MOST_ARTICLES", 0)
        with pytest.raises(Invalid, match="au plus"):
            packs.chosen((), ())
        monkeypatch.setattr(packs, "MOST_ARTICLES", 400)
        choice = packs.chosen(("logement", "logement"), ())
    assert choice == Choice(("logement",))
    with unit_of_work():
        packs.ask(press.writer, choice)

    def broken(*_given: object) -> bytes:
        raise ValueError("no letters")

    assert pack_making.make_waiting(NOWHERE, broken)
    client.sign_in(press.writer)
    assert "n’a pas pu être fait" in client.get(ADDRESS).text
    # It is not tried for ever; who asks again has it tried again, and one that is too large says so.
    assert not pack_making.make_waiting(NOWHERE)
    with unit_of_work():
        packs.ask(press.writer, choice)
    monkeypatch.setattr(pack_making, "LARGEST", 100)
    assert pack_making.make_waiting(NOWHERE)
    assert "trop lourd" in client.get(ADDRESS).text
    with reading():
        (row,) = [session().get_one(Pack, choice.key)]
        assert (row.failure, row.size, row.made_at) == ("too_large", 0, None)
    with clock.shifted(packs.KEPT * 2), unit_of_work():
        assert packs.forget_old() == 1
