"""The portal as plain files: every link leads to a file, only what changed is written, and nothing of others is touched."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock
from app.db import reading, session, unit_of_work
from app.directory.models import Counter
from labs.wish_models import Standing, Wish
from publish import queries, store, voice
from publish.comment_models import Deed
from publish.fate_stages import Fate
from publish.link_state import digest as link_digest
from publish.models import CheckedLink, LinkState
from publish.static_site import export as export_module
from publish.static_site import manifest, stock
from publish.static_site.export import Report, Wanted, export
from publish.static_site.manifest import NotOurs
from publish.static_site.writer import InTheWay
from tests.makers import make_wish
from tests.publish.callers import make_call
from tests.publish.commenting import decided, filed, moderator
from tests.publish.fates_world import Life, make_life
from tests.publish.press import RICH, Press, block, run


class Leads(HTMLParser):
    """Every address a page leads to: (element, attribute, address, whether it says that it leaves the copy)."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str, bool]] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids.add(given.get("id") or "")
        if tag == "link" and given.get("rel") == "canonical":
            return
        for name in ("href", "src", "action", "srcset"):
            if name in given:
                self.found.append((tag, name, given[name] or "", "data-live" in given))


def copied(app: Flask, folder: Path, **options: object) -> Report:
    return export(app, Wanted(folder, **options))  # type: ignore[arg-type]


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != manifest.NAME
    }


def pages_of(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.rglob("*.html")):
        yield path, path.read_text(encoding="utf-8")


PUBLIC = "http://127.0.0.1:8000"
HIDDEN = (
    "Une fiche cachée",
    "Ce que personne ne lit encore",
    "personne-",
    "@test.example",
    "Mots de Léa",
    "csrf_token",
    'name="jeton"',
)


@dataclass
class World:
    """Thirty articles in every state, wishes, a call, comments; and what the tests then change."""

    press: Press
    plain: list[tuple[int, str]]
    moved: tuple[str, str]
    masked: Life
    gone: Life
    redirected: Life
    withdrawn: Life
    call: str
    wish: int


def make_world(press: Press, articles: int = 24) -> World:
    plain = []
    for number in range(articles):
        theme = ("logement", "sante", "transports")[number % 3]
        tree = [block("lead", f"Tout savoir sur le sujet {number}.", id="b1"), *RICH[1:4]]
        plain.append(
            press.published(f"Sujet numéro {number}", tree, both=False, themes=[theme], life_events=[])
        )
    renamed, old = press.published("Inscrire un élève", RICH)
    press.draft("Une fiche cachée", RICH)
    lead_on = block("paragraph", "Voir ", run("l’autre fiche", href=f"{PUBLIC}/fiches/{old}"), ".", id="c1")
    press.published("Les chevaux à la maison", [*RICH[:3], lead_on])
    lives = {name: make_life(press, f"Fiche {name}") for name in ("masquee", "partie", "menee", "retiree")}
    lives["masquee"].mask()
    lives["partie"].decide(Fate.REMOVE)
    lives["menee"].decide(Fate.REDIRECT, target=old)
    lives["retiree"].decide(Fate.WITHDRAW)
    who = moderator(press)
    decided(who, filed(old, "un", "Mots de Léa sur la fiche."), Deed.SHOW)
    with unit_of_work():
        wish = make_wish(who, "Savoir où jeter ses piles").id
        make_wish(None, "Ce que personne ne lit encore")
    call = make_call(press)
    return World(
        press,
        plain,
        (str(renamed), old),
        lives["masquee"],
        lives["partie"],
        lives["menee"],
        lives["retiree"],
        call,
        wish,
    )


def own(url: str) -> bool:
    return url.startswith(PUBLIC)


def check_links(folder: Path) -> None:
    """Every link of every page leads to a file, at the place it names; own addresses only where a link says it goes online."""
    read = {path: Leads(text) for path, text in pages_of(folder)}
    for path, page in read.items():
        for tag, name, value, is_live in page.found:
            if is_live:
                assert own(value), (path, value)
                continue
            assert not own(value) and not value.startswith("/"), (path, tag, name, value)
            parts = urlsplit(value)
            if parts.scheme:
                assert parts.scheme in ("https", "http", "mailto", "tel", "data"), value
                continue
            assert not parts.query, (path, value)
            target = (path.parent / parts.path).resolve() if parts.path else path.resolve()
            assert target.is_file() and folder.resolve() in target.parents, (path, tag, value)
            if parts.fragment and target.suffix == ".html":
                where = read[folder / target.relative_to(folder.resolve())]
                assert parts.fragment in where.ids, (path, value)


def test_the_whole_portal_is_there_and_every_link_leads_to_a_file(
    press: Press, app: Flask, tmp_path: Path
) -> None:
    world = make_world(press)
    folder = tmp_path / "copie"
    report = copied(app, folder)
    files = files_of(folder)
    assert set(report.written) == set(files) and report.total == len(files)
    check_links(folder)
    for name in (
        "index.html", "fiches/sujet-numero-3/index.html", "fiches/sujet-numero-3/historique/index.html", "fiches/index.html",
        "themes/logement/index.html", "situations/demenager/index.html", "plan-du-site/index.html",
        "administrations/kone/index.html", "administrations/kone/atom.xml", "demarches/index.html", "demarches.csv",
        "espaces-connectes/index.html", f"appels/{world.call}/index.html", f"souhaits/{world.wish}/index.html",
        "accessibilite/index.html", "mentions-legales/index.html", "donnees-personnelles/index.html", "sitemap.xml",
        "atom.xml", "robots.txt", "recherche/index.html", "recherche/recherche.js", "copie/index.html", "api/v1/counts.json",
    ):  # fmt: skip
        assert name in files, name
    # As on the portal: what is masked or gone says so, what moved leads on, what is withdrawn warns.
    text = {name: content.decode() for name, content in files.items()}
    assert "momentanément masquée" in text[f"fiches/{world.masked.slug}/index.html"]
    assert "n’est plus publiée" in text[f"fiches/{world.gone.slug}/index.html"]
    old = world.moved[1]
    assert f'content="0; url=../{old}/index.html"' in text[f"fiches/{world.redirected.slug}/index.html"]
    assert "Ne vous y fiez plus" in text[f"fiches/{world.withdrawn.slug}/index.html"]
    short = [name for name in files if name.startswith("s/")]
    assert len(short) == 30 and any(f"../../fiches/{old}/index.html" in text[name] for name in short)
    # A link of a text to another page of ours is one within the copy; one to a service leads straight to it.
    assert f'href="../{old}/index.html"' in text["fiches/les-chevaux-a-la-maison/index.html"]
    assert 'href="https://www.sud.example/changement"' in text[f"fiches/{old}/index.html"]
    everything = "".join(text.values())
    assert [words for words in HIDDEN if words in everything] == []
    for form in re.findall(r"<form[^>]*>", everything):
        assert 'role="search"' in form and (
            'recherche/index.html"' in form or 'action="index.html"' in form
        ), form
    # Absolute, since they are read far from here; and where a page says what its living address is.
    assert f"<loc>{PUBLIC}/fiches/{old}</loc>" in text["sitemap.xml"]
    assert f'<link rel="canonical" href="{PUBLIC}/fiches/{old}">' in text[f"fiches/{old}/index.html"]
    assert "Copie du portail" in text[f"fiches/{old}/index.html"]
    assert (
        'guichets-a-qui-parler-de-cette-fiche">les guichets de cette fiche'
        in text[f"fiches/{old}/index.html"]
    )
    for name, page in text.items():
        if name.endswith(".html"):
            policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
            assert policy is not None and "default-src" in policy[1] and "frame-ancestors" not in policy[1], (
                name
            )
            assert ("script-src" in policy[1]) == (name == "recherche/index.html"), name
            assert ("<script src" in page) == (name == "recherche/index.html"), name

    with reading():
        cards = queries.live_cards()
        found = stock.related(cards)
        for card in cards[:8]:
            assert found[card.article_id] == [(one.slug, one.title) for one in queries.reading(card).related]
    only_what_changed_is_written(world, app, folder)


def only_what_changed_is_written(world: World, app: Flask, folder: Path) -> None:
    foreign = folder / "photo-de-vacances.jpg"
    foreign.write_bytes(b"mine")
    contents = files_of(folder)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    second = copied(app, folder)
    assert (second.written, second.removed, second.made) == ([], [], 0)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before

    draft, slug = world.plain[3]
    world.press.rewrite(draft, [block("lead", "Le sujet a changé de mots.", id="b1"), *RICH[1:4]])
    world.press.again(draft, "Un mot de plus.")
    third = copied(app, folder)
    changed = {str(path.relative_to(folder)) for path in folder.rglob("*")
               if path.is_file() and path.stat().st_mtime_ns != before.get(path)}  # fmt: skip
    assert changed - {manifest.NAME} == set(third.written)
    pages = {name for name in third.written if name.endswith(".html")}
    # The page, its history, and the lists that show it or did: of its theme, of an administration, of what to read as well;
    # the figures, which count editions; and the page that says of when the copy is.
    standing = {"copie/index.html", "chiffres/index.html"}
    assert {
        f"fiches/{slug}/index.html",
        f"fiches/{slug}/historique/index.html",
        "themes/logement/index.html",
    } <= pages
    after = files_of(folder)
    for name in pages - standing - {f"fiches/{slug}/index.html", f"fiches/{slug}/historique/index.html"}:
        assert f"{slug}/index.html".encode() in after[name] + contents[name], name
    assert (
        "themes/sante/index.html" not in pages
        and len(pages) < len([name for name in after if name.endswith(".html")]) / 2
    )
    assert foreign.read_bytes() == b"mine"
    check_links(folder)


def change_everything(world: World) -> Iterator[str]:
    """One after the other, everything that a page may depend on."""
    press = world.press
    first, second = world.plain[0], world.plain[1]
    press.rewrite(first[0], [block("lead", "D’autres mots.", id="b1"), *RICH[1:4]])
    press.again(first[0])
    yield "an edition"
    with unit_of_work():
        card = queries.article_at(second[1])
        assert isinstance(card, queries.Card)
        voice.like("m" * 32, card)
        voice.refresh_counts()
    yield "a like"
    with unit_of_work():
        session().scalars(sa.select(Counter)).one().phone = "20 00 31"
        store.invalidate()
    yield "a telephone number"
    url = "https://www.mairie.example/f"
    with unit_of_work():
        session().add(
            CheckedLink(
                digest=link_digest(url),
                url=url,
                state=LinkState.BROKEN,
                due_at=clock.now(),
                failing_since=clock.now(),
            )
        )
        store.invalidate()
    yield "a broken link"
    world_life = Life(press, world.plain[4][1], world.masked.second_editor, world.masked.second_reviewer)
    world_life.mask()
    yield "a mask"
    world.withdrawn.decide(Fate.REMOVE)
    yield "a removal"
    who = moderator(press)
    with unit_of_work():
        make_wish(who, "Un autre souhait")
    yield "a wish"
    press.published("Une toute nouvelle fiche", RICH, both=False, themes=["sante"], life_events=["demenager"])
    yield "a new article"


def undated(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: re.sub(rb"(?:\d+|1er) \S+ 20\d\d\.", b"DAY", content) if b"Copie du portail" in content else content
            for name, content in files.items()}  # fmt: skip


def test_a_copy_brought_up_to_date_is_the_copy_made_from_nothing(
    press: Press, app: Flask, tmp_path: Path
) -> None:
    """Whatever a page depends on: what is noted of it must not leave anything out."""
    world = make_world(press, articles=6)
    copied(app, tmp_path / "a-jour")
    for step, what in enumerate(change_everything(world)):
        report = copied(app, tmp_path / "a-jour")
        assert report.written, what
        copied(app, tmp_path / f"neuve-{step}")
        mine, fresh = undated(files_of(tmp_path / "a-jour")), undated(files_of(tmp_path / f"neuve-{step}"))
        assert set(mine) == set(fresh), what
        assert [name for name in mine if mine[name] != fresh[name]] == [], what
    with clock.shifted(timedelta(days=2000)):
        copied(app, tmp_path / "a-jour"), copied(app, tmp_path / "plus-tard")
        mine, fresh = undated(files_of(tmp_path / "a-jour")), undated(files_of(tmp_path / "plus-tard"))
    assert mine == fresh and any(b"Cette date est pass" in content for content in mine.values())


def test_a_folder_of_somebody_else_is_left_alone(press: Press, app: Flask, tmp_path: Path) -> None:
    press.published()
    folder = tmp_path / "bureau"
    folder.mkdir()
    (folder / "index.html").write_text("la mienne")
    with pytest.raises(NotOurs, match="--force"):
        copied(app, folder)
    assert files_of(folder) == {"index.html": b"la mienne"}
    dry = copied(app, folder, force=True, dry=True)
    assert "index.html" in dry.written and files_of(folder) == {"index.html": b"la mienne"}
    (folder / "index.html").unlink()
    (folder / "notes.txt").write_text("à garder")
    copied(app, folder, force=True)
    assert (folder / "notes.txt").read_text() == "à garder" and (folder / "index.html").exists()
    # A file put where a page comes later, a link that leads elsewhere, a manifest that names files outside.
    (folder / "fiches" / "nouvelle-fiche").mkdir()
    (folder / "fiches" / "nouvelle-fiche" / "index.html").write_text("la mienne")
    press.published("Nouvelle fiche", RICH[:3])
    with pytest.raises(NotOurs, match="nouvelle-fiche"):
        copied(app, folder)
    (folder / "fiches" / "nouvelle-fiche" / "index.html").unlink()
    (folder / "fiches" / "nouvelle-fiche").rmdir()
    (tmp_path / "ailleurs").mkdir()
    (folder / "fiches" / "nouvelle-fiche").symlink_to(tmp_path / "ailleurs")
    with pytest.raises(InTheWay, match="plain folder"):
        copied(app, folder)
    assert not list((tmp_path / "ailleurs").iterdir())
    named = json.loads((folder / manifest.NAME).read_text())
    named["pending"] = ["../ailleurs/fichier"]
    (folder / manifest.NAME).write_text(json.dumps(named))
    with pytest.raises(NotOurs, match="outside"):
        copied(app, folder)


def test_a_run_that_is_broken_off_goes_on(
    press: Press, app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    press.published()
    folder, real = tmp_path / "copie", export_module.put
    count = 0

    def dying(where: Path, name: str, content: bytes, **more: bool) -> None:
        nonlocal count
        count += 1
        if count > 9:
            raise OSError(28, "No space left on device")
        real(where, name, content, **more)

    monkeypatch.setattr(export_module, "put", dying)
    with pytest.raises(OSError, match="No space"):
        copied(app, folder)
    half = files_of(folder)
    assert 0 < len(half) < 20
    monkeypatch.setattr(export_module, "put", real)
    copied(app, folder)
    copied(app, tmp_path / "neuve")
    assert files_of(folder) == files_of(tmp_path / "neuve")
    assert copied(app, folder).written == []


def test_what_is_gone_is_taken_away_and_what_others_changed_stays(
    press: Press, app: Flask, tmp_path: Path
) -> None:
    _draft, slug = press.published(themes=["sante"])
    who = moderator(press)
    with unit_of_work():
        wish = make_wish(who, "Savoir où jeter ses piles").id
    folder = tmp_path / "copie"
    copied(app, folder)
    page, stray = folder / f"souhaits/{wish}/index.html", folder / "fiches" / slug / "index.html"
    assert page.exists()
    with unit_of_work():
        session().get_one(Wish, wish).standing = Standing.WITHDRAWN
    stray.write_text(stray.read_text() + "<!-- une note à la main -->")
    report = copied(app, folder)
    assert not page.exists() and not page.parent.exists() and f"souhaits/{wish}/index.html" in report.removed
    assert f"fiches/{slug}/index.html" in report.written, "a page of another length is made again"
    other = folder / "demarches.csv"
    assert other.exists()
    named = json.loads((folder / manifest.NAME).read_text())
    named["files"]["ancienne.html"] = {**named["files"]["demarches.csv"]}
    (folder / manifest.NAME).write_text(json.dumps({**named, "pulse": ""}))
    (folder / "ancienne.html").write_text("changée par quelqu’un")
    report = copied(app, folder)
    assert report.changed_by_others == ["ancienne.html"] and (folder / "ancienne.html").exists()


def test_the_address_of_the_copy_stands_where_addresses_are_whole(
    press: Press, app: Flask, tmp_path: Path
) -> None:
    _draft, slug = press.published()
    copied(app, tmp_path / "copie", base_url="https://copie.example/portail")
    text = {
        name: content.decode()
        for name, content in files_of(tmp_path / "copie").items()
        if not name.endswith(".webp")
    }
    assert f"<loc>https://copie.example/portail/fiches/{slug}</loc>" in text["sitemap.xml"]
    assert (
        f'rel="canonical" href="https://copie.example/portail/fiches/{slug}"'
        in text[f"fiches/{slug}/index.html"]
    )
    assert PUBLIC not in text["atom.xml"] and "https://copie.example/portail/" in text["atom.xml"]


def test_the_command_says_what_it_did(press: Press, app: Flask, tmp_path: Path) -> None:
    press.published()
    run_command = app.test_cli_runner().invoke
    folder = str(tmp_path / "copie")
    dry = run_command(args=["export-site", folder, "--dry-run"])
    assert dry.exit_code == 0 and "would be written: index.html" in dry.output and not os.path.exists(folder)
    done = run_command(args=["export-site", folder])
    assert done.exit_code == 0 and re.search(r"\d+ files; \d+ written, 0 taken away", done.output)
    again = run_command(args=["export-site", folder])
    assert again.exit_code == 0 and " 0 written" in again.output
    (tmp_path / "autre").mkdir()
    (tmp_path / "autre" / "x").write_text("x")
    assert run_command(args=["export-site", str(tmp_path / "autre")]).exit_code == 1
    assert run_command(args=["export-site", folder, "--base-url", "ftp://x"]).exit_code == 2
    assert run_command(args=["export-site"]).exit_code == 2
