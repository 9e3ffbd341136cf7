"""An older portal comes in: one draft a page, once, and no address of it ends at nothing."""

from __future__ import annotations

import csv
import shutil
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from app.accounts import service as accounts
from app.accounts.models import Person
from app.audit import AuditEntry
from app.db import Database, reading, session, unit_of_work
from app.importing.models import ImportRecord
from app.policy import Actor, PortalRole
from drafts import log, review, service
from drafts.models import Article, Draft, Image, ImageUse
from labs.models import Lab
from publish import service as publishing
from publish.old_models import OldAddress
from tests import makers
from tests.app import old_portal
from tests.clients import PageClient


@dataclass
class World:
    app: Flask
    folder: Path
    admin: Actor
    reviewer: Actor
    editor: Actor
    south: int

    def run(self, source: Path, *options: str) -> Result:
        args = [
            "import-portal",
            str(source),
            "--as",
            self.admin.email,
            "--lab",
            "reprise",
            "--lead",
            "province-sud",
        ]
        return self.app.test_cli_runner().invoke(args=[*args, "--name", "ancien", *options])


@pytest.fixture
def world(app: Flask, db: Database, tmp_path: Path) -> World:
    with unit_of_work():
        south = makers.make_administration("Province Sud", slug="province-sud")
        north = makers.make_administration("Province Nord", slug="province-nord")
        admin = makers.make_agent(south, PortalRole.ADMINISTRATOR)
        reviewer, editor = (
            makers.make_agent(north, reviewer=True),
            makers.make_agent(south, PortalRole.PORTAL_EDITOR),
        )
        accounts.give_role(session().get_one(Person, editor.id), PortalRole.REVIEWER, south)
        editor = makers.actor(session().get_one(Person, editor.id))
        lab = makers.make_lab(admin, south, title="Reprise")
        assert lab.slug == "reprise"
        return World(app, tmp_path, admin, reviewer, editor, south.id)


def counted() -> dict[str, int]:
    with reading():
        return {
            model.__tablename__: session().scalar(sa.select(sa.func.count()).select_from(model)) or 0
            for model in (Article, Draft, Image, ImageUse, OldAddress, ImportRecord, AuditEntry)
        }


def draft_titled(title: str) -> Draft:
    return session().scalars(sa.select(Draft).where(Draft.title == title)).one()


def publish(world: World, title: str) -> str:
    """By the verbs that people publish with."""
    with unit_of_work():
        draft = draft_titled(title)
        # What an old page does not have, and nobody but its writers can give.
        service.replace_text(world.admin, draft, [makers.LEAD[0], *log.text(draft.id).tree])
        session().refresh(draft)
        fingerprint = review.submit(world.admin, draft, "Première publication.").fingerprint
    with unit_of_work():
        review.sign_off(world.editor, draft_titled(title), world.south, fingerprint)
    with unit_of_work():
        return publishing.publish(world.editor, draft_titled(title), fingerprint, "").slug


def spellings(name: str) -> list[str]:
    """How people and programs write one old address."""
    from urllib.parse import quote

    found = ["/" + quote(name, safe="/?=&"), "/" + quote(name, safe="/?=&").upper()]
    if name.endswith("/index.html"):
        found += ["/" + name.removesuffix("index.html"), "/" + name.removesuffix("/index.html")]
    elif "?" in name:
        found += [f"/{name}&utm_source=courriel", "/" + "?".join([name.partition("?")[0], "rub=2&id=7"])]
    else:
        found += ["/" + quote(name, safe="/") + "/", "/" + quote(name, safe="/") + "?fbclid=abc"]
        found += ["/" + quote(name.rpartition(".")[0], safe="/")]
    return found


def test_an_old_portal_of_300_pages_comes_in_twice_and_every_address_leads_on(world: World) -> None:
    count = 300
    mirror = old_portal.write(world.folder, count)
    first = world.run(mirror, "--report", str(world.folder / "report.csv"))
    assert first.exit_code == 0, first.output[-2000:]
    assert f"{count} new" in first.output
    after = counted()
    assert after["draft"] == after["article"] == after["import_record"] == count
    again = world.run(mirror)
    assert again.exit_code == 0 and f"{count} unchanged" in again.output, again.output[-2000:]
    assert counted() == after, (
        "brought twice, there once: no draft, no address, no picture, no audit line more"
    )

    with reading():
        text = log.text(draft_titled("Démarche numéro 8").id).tree
        following = draft_titled("Démarche numéro 9").article.slug
    kinds = [node["type"] for node in text]
    assert kinds == ["paragraph", "table", "paragraph", "image", "documents", "cost", "delay", "contact"], (
        text
    )
    said = str(text)
    assert "Rubrique" not in said and "Gouvernement" not in said and "Accueil" not in said, (
        "the frame is left out"
    )
    assert f"/fiches/{following}" in said and "https://ailleurs.example/x" in said
    assert after["image"] == 1, "the plan, and not the logo of the frame"

    live = {n: publish(world, f"Démarche numéro {n}") for n in (*range(len(old_portal.ODD)), 9)}
    client = world.app.test_client()
    for number, name in enumerate(old_portal.names(count)):
        for address in spellings(name) if number < 12 else ["/" + name]:
            answer = client.get(address)
            if number in live:
                assert answer.status_code == 301, (address, answer.status_code)
                assert answer.headers["Location"] == f"/fiches/{live[number]}"
            else:
                assert answer.status_code == 404 and "en cours de reprise" in answer.get_data(as_text=True), (
                    address
                )
    body = client.get("/" + old_portal.names(count)[20]).get_data(as_text=True)
    assert 'value="Démarche numéro 20"' in body, "what is searched for is filled in"
    assert "en cours de reprise" not in client.get("/rubrique-1/jamais-vue.html").get_data(as_text=True)
    with (world.folder / "report.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert len({row["address"] for row in rows}) == count


def test_what_changed_there_is_written_here_unless_somebody_touched_it(world: World) -> None:
    mirror = old_portal.write(world.folder, 12)
    assert world.run(mirror).exit_code == 0
    with unit_of_work():
        touched = draft_titled("Démarche numéro 8")
        service.replace_text(world.admin, touched, makers.LEAD)
    names = old_portal.names(12)
    for number in (7, 8):
        file = mirror / old_portal.HOST / names[number]
        file.write_text(old_portal.page(number, 12, " Depuis mars, elle est plus simple."), encoding="utf-8")
    (mirror / old_portal.HOST / names[11]).unlink()
    before = counted()
    dry = world.run(mirror, "--dry-run")
    assert counted() == before and "1 changed" in dry.output
    done = world.run(mirror)
    assert dry.output.splitlines()[:-1] == done.output.splitlines()[:-1]
    assert (
        "0 new, 1 changed, 0 back, 1 no longer in the file, 1 left as they are here, 9 unchanged"
        in done.output
    )
    with reading():
        assert "plus simple" in str(log.text(draft_titled("Démarche numéro 7").id).tree)
        assert "L’essentiel" in str(log.text(draft_titled("Démarche numéro 8").id).tree)
    assert "en cours de reprise" in PageClient(world.app).get("/" + names[11], status=404).text


def test_a_list_of_pages_names_what_the_files_do_not(world: World) -> None:
    root = world.folder / "export"
    root.mkdir()
    (root / "a.html").write_text("<h1>Un</h1><p>Le premier texte.</p><p>Contact</p>", encoding="cp1252")
    (root / "pages.csv").write_text(
        "address;file;title;theme;administration;date\n"
        "/node/1;a.html;=Titre(1);Logement;Province Nord;2014-03-02\n"
        "/node/2;perdu.html;Deux;;;\n"
        "/node/3;a.html;Trois;;Mairie de Nulle-Part;\n"
        "http://vieux.nc/NODE/1/;a.html;Encore;;;\n",
        encoding="utf-8",
    )
    refused = world.run(root)
    assert refused.exit_code == 1 and counted()["draft"] == 0
    for said in ("line 3: column file", "line 4: column administration", "The same address as /node/1"):
        assert said in refused.output, refused.output
    report = world.folder / "r.csv"
    assert world.run(root, "--skip-bad", "--report", str(report)).exit_code == 1
    with reading():
        draft = draft_titled("=Titre(1)")
        assert draft.fields["themes"] == ["logement"] and draft.article.lead.slug == "province-nord"
    assert "'=Titre(1)" in report.read_text(encoding="utf-8-sig")


def test_a_table_with_the_pages_in_it(world: World) -> None:
    table = world.folder / "pages.csv"
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["URL", "Corps", "Titre"])
        writer.writerow(["/a", '<p>Un "texte",\nsur deux lignes.</p>', "Fiche A"])
        writer.writerow(["/administrations", '<p>Voir <a href="/a">A</a>.</p>', "Nos partenaires"])
    maps = ("--map", "URL=address", "--map", "Corps=html", "--map", "Titre=title")
    done = world.run(table, *maps)
    assert done.exit_code == 0 and "2 new" in done.output, done.output
    assert "then it answers" in done.output
    assert world.app.test_client().get("/administrations").status_code == 200, (
        "no old address stands before ours"
    )


def test_hostile_sources_end_in_a_sentence(world: World) -> None:
    secret = world.folder / "secret.html"
    secret.write_text("<p>secret</p>", encoding="utf-8")
    root = world.folder / "liens"
    (root / "x").mkdir(parents=True)
    (root / "x" / "a.html").write_text("<h1>A</h1><p>Bonjour.</p>", encoding="utf-8")
    (root / "vole.html").symlink_to(secret)
    (root / "dossier").symlink_to(world.folder)
    done = world.run(root)
    assert done.exit_code == 0 and "1 new" in done.output and "it was not read" in done.output
    deep = world.folder / "profond"
    deep.mkdir()
    (deep / "n.html").write_text("<div>" * 50_000 + "fond", encoding="utf-8")
    (deep / "g.html").write_bytes(b"<p>" + b"x" * (4 * 1024 * 1024))
    (deep / "v.html").write_bytes(b"")
    begun = time.monotonic()
    assert world.run(deep).exit_code == 1
    assert time.monotonic() - begun < 10
    for name, content in (("../dehors.html", "x"), ("/etc/a.html", "x"), ("a\\b.html", "x")):
        bad = world.folder / "bad.zip"
        with zipfile.ZipFile(bad, "w") as packed:
            packed.writestr(zipfile.ZipInfo(name), content)
        refused = world.run(bad)
        assert refused.exit_code == 2 and "nobody packs that" in refused.output, refused.output


def test_a_zip_is_read_like_a_folder(world: World) -> None:
    mirror = old_portal.write(world.folder, 6)
    packed = Path(shutil.make_archive(str(world.folder / "portail"), "zip", mirror))
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as more:
        more.writestr(f"{old_portal.HOST}/bombe.html", b"0" * (40 * 1024 * 1024))
    done = world.run(packed, "--skip-bad")
    assert done.exit_code == 1 and "6 new" in done.output and "1 refused" in done.output, done.output


def test_only_who_writes_in_the_lab_brings_pages(world: World) -> None:
    with unit_of_work():
        makers.make_lab(world.editor, makers.make_administration(), title="Fermé")
        session().scalars(sa.select(Lab).where(Lab.title == "Fermé")).one()
    root = world.folder / "un"
    root.mkdir()
    (root / "a.html").write_text("<h1>A</h1><p>Bonjour.</p>", encoding="utf-8")
    args = ["import-portal", str(root), "--as", world.admin.email, "--lab", "ferme", "--lead", "province-sud"]
    refused = world.app.test_cli_runner().invoke(args=args)
    assert refused.exit_code == 1 and counted()["draft"] == 0, refused.output
