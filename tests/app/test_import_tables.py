"""Partners' tables: brought once, brought again, and brought by somebody else as well."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from app.accounts.models import Person, PersonStatus, Role
from app.audit import AuditEntry
from app.db import Database, reading, session, unit_of_work
from app.directory.models import Administration, Counter, OnlineService
from app.importing.models import ImportMapping, ImportRecord
from app.mail import Mail
from tests.app.administering import Portal, make_portal

SERVICES = (
    "Réf;Nom du téléservice;Type;Lien;Compte;Descriptif\r\n"
    'A1;Demander un permis;Démarche en ligne;https://sud.example/permis;Sans compte;"Deux mois ; gratuit.\r\nSur place."\r\n'
    "A2;=cmd|' /C calc'!A0;form;https://sud.example/formulaire;;\r\n"
    "A3;Payer la cantine;online_procedure;https://sud.example/cantine;nc_connect;\r\n"
)
MAPS = (
    "--map", "Réf=key", "--map", "Nom du téléservice=title", "--map", "Type=kind", "--map", "Lien=url",
    "--map", "Compte=login", "--map", "Descriptif=summary",
)  # fmt: skip


@pytest.fixture
def portal(app: Flask, db: Database) -> Portal:
    return make_portal()


class Desk:
    """Somebody with a shell and a folder."""

    def __init__(self, app: Flask, folder: Path, email: str) -> None:
        self.app, self.folder, self.email = app, folder, email

    def run(self, command: str, content: str | bytes, *options: str, partner: str = "province-sud") -> Result:
        file = self.folder / "table.csv"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return self.app.test_cli_runner().invoke(
            args=[command, str(file), "--partner", partner, "--as", self.email, *options]
        )


@pytest.fixture
def desk(app: Flask, portal: Portal, tmp_path: Path) -> Desk:
    return Desk(app, tmp_path, portal.admin.email)


def counted() -> dict[str, int]:
    with reading():
        return {
            model.__tablename__: session().scalar(sa.select(sa.func.count()).select_from(model)) or 0
            for model in (
                Administration, Counter, OnlineService, Person, Role, AuditEntry, Mail, ImportRecord, ImportMapping
            )
        }  # fmt: skip


def service(title: str) -> OnlineService:
    return session().scalars(sa.select(OnlineService).where(OnlineService.title == title)).one()


def test_services_come_in_once_and_the_mapping_is_kept(desk: Desk, portal: Portal) -> None:
    before = counted()
    dry = desk.run("import-services", SERVICES, *MAPS, "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert counted() == before, "a dry run writes nothing"
    done = desk.run("import-services", SERVICES, *MAPS)
    assert done.exit_code == 0, done.output
    told = dry.output.splitlines()
    assert told[:-1] == done.output.splitlines()[:-1], "the dry run tells what the run does"
    assert "3 new, 0 changed" in done.output
    with reading():
        permit = service("Demander un permis")
        assert permit.summary == "Deux mois ; gratuit. Sur place."
        assert [place.slug for place in permit.owners] == ["province-sud"]
        assert service("=cmd|' /C calc'!A0").login == "none"
    after = counted()
    # The next month: another encoding, nothing to say about columns.
    again = desk.run("import-services", SERVICES.encode("cp1252"))
    assert again.exit_code == 0 and "0 new, 0 changed, 0 back" in again.output, again.output
    assert "3 unchanged" in again.output and counted() == after, "no row, no audit line, no mail"
    with_mark = desk.run("import-services", b"\xef\xbb\xbf" + SERVICES.encode())
    assert "3 unchanged" in with_mark.output and counted() == after


def test_what_changes_is_told_field_by_field_and_what_goes_comes_back(desk: Desk, portal: Portal) -> None:
    assert desk.run("import-services", SERVICES, *MAPS).exit_code == 0
    changed = (
        SERVICES.replace("permis;D", "permis de construire;D").replace("A3;", "A4;").replace("cantine", "bus")
    )
    told = desk.run("import-services", changed)
    assert "title: « Demander un permis » → « Demander un permis de construire »" in told.output
    assert "1 new, 1 changed, 0 back, 1 no longer in the file" in told.output
    with reading():
        assert service("Payer la cantine").withdrawn_at is None, "without --removed=mark it stays"
    assert "0 no longer in the file" in desk.run("import-services", changed).output
    assert desk.run("import-services", changed, "--removed=mark").exit_code == 0
    with reading():
        assert service("Payer la cantine").withdrawn_at is not None
    quiet = counted()
    assert "0 no longer" in desk.run("import-services", changed, "--removed=mark").output
    assert counted() == quiet
    back = desk.run("import-services", SERVICES, "--removed=mark")
    assert "1 changed, 1 back, 1 no longer in the file" in back.output, back.output
    with reading():
        assert service("Payer la cantine").withdrawn_at is None


def test_a_service_withdrawn_by_hand_is_not_brought_back(desk: Desk, portal: Portal) -> None:
    from app.directory import online

    desk.run("import-services", SERVICES, *MAPS)
    with unit_of_work():
        row = service("Payer la cantine")
        online.withdraw_service(portal.admin, row.id, row.version)
    told = desk.run(
        "import-services",
        SERVICES.replace("cantine;nc", "cantine;none;x").replace(";none;x_connect", ";none"),
    )
    assert "stays withdrawn" in told.output, told.output
    with reading():
        assert service("Payer la cantine").withdrawn_at is not None


def test_two_partners_share_a_service(desk: Desk, portal: Portal) -> None:
    desk.run("import-services", SERVICES, *MAPS)
    north = "title,kind,url\nLe permis du Nord,form,https://sud.example/permis\n"
    told = desk.run("import-services", north, partner="province-nord")
    assert told.exit_code == 0 and "owners: « province-sud » → « province-nord, province-sud »" in told.output
    gone = "\r\n".join(SERVICES.splitlines()[:1] + SERVICES.splitlines()[3:]) + "\r\n"
    assert desk.run("import-services", gone, "--removed=mark").exit_code == 0
    with reading():
        permit = service("Demander un permis")
        assert permit.withdrawn_at is None, "the other partner still has it"
        assert [place.slug for place in permit.owners] == ["province-nord"]
    assert (
        desk.run("import-services", "title,kind,url\n", "--removed=mark", partner="province-nord").exit_code
        == 0
    )
    with reading():
        assert service("Demander un permis").withdrawn_at is not None


def test_bad_rows_are_named_and_nothing_is_written_unless_asked(desk: Desk, portal: Portal) -> None:
    table = (
        "title;kind;url;owners\n"
        "Bon;form;https://a.example/1;province-sud\n"
        "Sans adresse;form;ftp://a.example;province-sud\n"
        "Inconnue;form;https://a.example/2;Mairie de Nulle-Part\n"
        "Deux fois;form;https://a.example/1;province-sud\n"
        '"Trop";form;https://a.example/3;province-sud;encore\n'
    )
    before = counted()
    refused = desk.run("import-services", table)
    assert refused.exit_code == 1 and counted() == before
    for named in (
        "line 3: column url",
        "line 4: column owners",
        "Nulle-Part",
        "line 5: column url",
        "line 6: 5 cells",
    ):
        assert named in refused.output, (named, refused.output)
    skipped = desk.run("import-services", table, "--skip-bad")
    assert skipped.exit_code == 1 and "1 new" in skipped.output and "4 refused" in skipped.output
    with reading():
        assert service("Bon").url == "https://a.example/1"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("title;kind\nA;form\n", "Nothing is known of: url"),
        ("", "is empty"),
        ("title;title;url\n", "stand there twice"),
        (b"PK\x03\x04 a workbook", "is no CSV"),
        ('title;kind;url\n"A;form;https://a.example\n', "Every quote that is opened is closed"),
        (b"title;kind;url\n\x81\x8d\n", "neither UTF-8 nor windows-1252"),
    ],
)
def test_a_file_that_cannot_be_understood(
    desk: Desk, portal: Portal, content: str | bytes, said: str
) -> None:
    result = desk.run("import-services", content)
    assert result.exit_code == 2 and said in result.output, result.output


def test_only_an_administrator_imports(desk: Desk, portal: Portal, app: Flask, tmp_path: Path) -> None:
    stranger = Desk(app, tmp_path, portal.agent.email)
    result = stranger.run("import-services", SERVICES, *MAPS)
    assert result.exit_code == 2 and "no administrator" in result.output


OFFICES = (
    "key;name;acronym;kind;territory;site;link_domains;counter_name;counter_hours\n"
    "1;Mairie de Koné;;Communes;province-nord;https://kone.example;kone.example;Accueil;8 h – 16 h\n"
    "1;Mairie de Koné;;;;;;État civil;8 h – 12 h\n"
    "2;Province Sud;PS;province;province-sud;https://sud.example;;Siège;\n"
)


def test_administrations_with_their_counters(desk: Desk, portal: Portal) -> None:
    done = desk.run("import-administrations", OFFICES, partner="dinum")
    assert done.exit_code == 0 and "1 new, 1 changed" in done.output, done.output
    with reading():
        kone = (
            session().scalars(sa.select(Administration).where(Administration.name == "Mairie de Koné")).one()
        )
        assert [(one.name, one.hours) for one in kone.counters] == [
            ("Accueil", "8 h – 16 h"),
            ("État civil", "8 h – 12 h"),
        ]
        assert session().get_one(Administration, portal.south).acronym == "PS", (
            "the one by this name is taken over"
        )
    same = counted()
    assert "2 unchanged" in desk.run("import-administrations", OFFICES, partner="dinum").output
    assert counted() == same
    fewer = "\n".join(OFFICES.splitlines()[:2]) + "\n"
    refused = desk.run("import-administrations", fewer, "--removed=mark", partner="dinum")
    assert refused.exit_code == 1 and "y travaillent encore" in refused.output, "people work in the other one"
    fewer = "\n".join([*OFFICES.splitlines()[:2], OFFICES.splitlines()[3]]) + "\n"
    done = desk.run("import-administrations", fewer, "--removed=mark", partner="dinum")
    assert "counter État civil: « État civil / 8 h – 12 h » → «  »" in done.output, done.output
    alone = "\n".join([OFFICES.splitlines()[0], OFFICES.splitlines()[3]]) + "\n"
    assert desk.run("import-administrations", alone, "--removed=mark", partner="dinum").exit_code == 0
    with reading():
        kone = (
            session().scalars(sa.select(Administration).where(Administration.name == "Mairie de Koné")).one()
        )
        assert kone.closed_at is not None
    assert "1 back" in desk.run("import-administrations", fewer, partner="dinum").output


PEOPLE = "email;name;roles\nluc@sud.example;Luc Wamytan;\nEva@Sud.example;Éva Martin;référent\n"


def test_people_are_invited_when_asked_and_never_taken_over(desk: Desk, portal: Portal) -> None:
    done = desk.run("import-people", PEOPLE)
    assert done.exit_code == 0 and "2 new" in done.output, done.output
    assert counted()["mail"] == 0
    with reading():
        eva = session().scalars(sa.select(Person).where(Person.email == "eva@sud.example")).one()
        assert eva.password_hash is None and [role.administration_id for role in eva.roles] == [portal.south]
    assert desk.run("import-people", PEOPLE, "--invite").exit_code == 0
    invited = counted()
    assert invited["mail"] == 2
    assert "2 unchanged" in desk.run("import-people", PEOPLE, "--invite").output
    assert counted() == invited, "nobody is invited twice"
    for row, said in (
        (f"{portal.north_agent.email};Quelqu’un;", "autre administration"),
        ("zoe@sud.example;Zoé;administrator", "se donnent à la main"),
        ("pas une adresse;Zoé;", "adresse électronique entière"),
    ):
        refused = desk.run("import-people", PEOPLE + row + "\n")
        assert refused.exit_code == 1 and said in refused.output, refused.output
    assert counted() == invited


def test_people_who_leave_are_suspended_and_come_back(desk: Desk, portal: Portal) -> None:
    desk.run("import-people", PEOPLE)
    one = "\n".join(PEOPLE.splitlines()[:2]) + "\n"
    assert "Éva Martin" in desk.run("import-people", one).output
    assert desk.run("import-people", one, "--removed=mark").exit_code == 0
    with reading():
        eva = session().scalars(sa.select(Person).where(Person.email == "eva@sud.example")).one()
        assert eva.status is PersonStatus.SUSPENDED
    assert "1 back" in desk.run("import-people", PEOPLE).output
    with reading():
        eva = session().scalars(sa.select(Person).where(Person.email == "eva@sud.example")).one()
        assert eva.status is PersonStatus.ACTIVE and len(eva.roles) == 1


def test_who_was_erased_does_not_come_back_by_a_file(desk: Desk, portal: Portal) -> None:
    from app.accounts import erasing

    desk.run("import-people", PEOPLE)
    with unit_of_work():
        found = erasing.found("eva@sud.example")
        assert found is not None
        erasing.erase(portal.admin, found.id)
    before = counted()["person"]
    told = desk.run("import-people", PEOPLE)
    assert told.exit_code == 0 and counted()["person"] == before, told.output
    with reading():
        assert (
            session().scalar(
                sa.select(sa.func.count()).select_from(ImportRecord).where(ImportRecord.their_key != "")
            )
            == 0
        )


def test_a_file_that_lacks_most_is_not_believed(desk: Desk, portal: Portal) -> None:
    rows = "".join(f"Service {n};form;https://a.example/{n}\n" for n in range(30))
    assert desk.run("import-services", "title;kind;url\n" + rows).exit_code == 0
    cut = "title;kind;url\nService 0;form;https://a.example/0\n"
    refused = desk.run("import-services", cut, "--removed=mark")
    assert refused.exit_code == 1 and "more than half" in refused.output
    assert desk.run("import-services", cut, "--removed=mark", "--many").exit_code == 0


def test_twenty_thousand_rows_are_read_within_bounds(tmp_path: Path) -> None:
    import tracemalloc

    from app.importing.table import Table

    path = tmp_path / "long.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("title;kind;url\n")
        for number in range(20_000):
            file.write(f"Service {number};form;https://a.example/{number}\n")
    tracemalloc.start()
    count = sum(1 for _line in Table(path).lines())
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 20_000 and peak < 2_000_000, peak
