"""Every command that the documents tell people to type is run: here, or by the test that is named beside it.

What is new in a document fails until it has a line in RUN_HERE or in RUN_ELSEWHERE.
"""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest
from flask import Flask

from tests.house.commands import Command, commands
from tests.house.tree import ROOT

ADMIN = ["lea.exemple@test.example", "Léa Exemple", "--password", "sept ignames au four"]

# As written → as it is run here, on a database of its own; {folder} is a temporary one.
RUN_HERE: dict[str, list[str]] = {
    "flask --app wsgi create-admin EMAIL NAME": ["create-admin", *ADMIN],
    "flask --app wsgi audit-verify": ["audit-verify"],
    "flask --app wsgi audit-verify [--heads FOLDER] [--head NUMBER:DIGEST]": ["audit-verify", "--heads", "{folder}"],
    "flask --app wsgi openapi": ["openapi"],
    "flask --app wsgi refused-acts": ["refused-acts"],
    "flask --app wsgi refused-updates": ["refused-updates"],
    "flask --app wsgi purge": ["purge"],
    "flask --app wsgi key-rotate": ["key-rotate", "--yes"],
    "flask --app wsgi key-export cles.json": ["key-export", "{folder}/cles.json"],
    "flask --app wsgi export-site DIR [--base-url https://copie.example] [--dry-run] [--force] [--everything]": [
        "export-site", "{folder}/copie", "--base-url", "https://copie.example", "--everything",
    ],
}  # fmt: skip

# As written → the tests that run it, each with why it is not run here when that does not go without saying.
CLONE = "tests/house/test_bare_clone.py::test_one_command_on_a_bare_clone"  # soak: fetches every package
NEWCOMER = (
    "tests/house/test_newcomer.py::test_the_readme_alone_leads_to_two_people_in_one_text"  # soak: the same
)
BACKUP = "tests/app/test_backup.py::"
MORNING = "tests/benchmarks/test_morning.py::test_five_thousand_readers_a_minute_come_as_told"
TABLES = "tests/app/test_import_tables.py::"
RUN_ELSEWHERE: dict[str, str] = {
    "git clone <this repository> open-lab": NEWCOMER,
    "cd open-lab": NEWCOMER,
    "make run": NEWCOMER,
    "make run PORT=9000 DEMO=0": CLONE,
    # A variable of make is one of the surroundings; both databases and Redis are those of the tests.
    "make run DATABASE_URL=postgresql://postgres@127.0.0.1/openlab REDIS_URL=redis://127.0.0.1:6379/0": CLONE,
    'curl --oauth2-bearer "$TOKEN" https://portail.example/api/v1/drafts': (
        "tests/app/test_tokens.py::test_every_token_at_every_route"  # names another host
    ),
    "flask --app wsgi backup portail.backup": BACKUP + "test_everything_is_there_again_in_either_database",
    "flask --app wsgi restore portail.backup": BACKUP + "test_everything_is_there_again_in_either_database",
    "flask --app wsgi draft-heal ID": "tests/drafts/test_damage.py::test_healing_at_the_command_line",
    # What every test with a server of its own starts.
    "python wsgi.py": "tests/journeys/test_walk.py::test_from_a_keystroke_to_the_public_page",
    "python -m app.worker": "tests/journeys/test_walk.py::test_from_a_keystroke_to_the_public_page",
    "flask --app wsgi import-administrations FILE --partner SLUG --as ADMIN_EMAIL": (
        TABLES + "test_administrations_with_their_counters"
    ),
    "flask --app wsgi import-services FILE --partner SLUG --as ADMIN_EMAIL": (
        TABLES + "test_services_come_in_once_and_the_mapping_is_kept"
    ),
    "flask --app wsgi import-people FILE --partner SLUG --as ADMIN_EMAIL [--invite]": (
        TABLES + "test_people_are_invited_when_asked_and_never_taken_over"
    ),
    "flask --app wsgi import-portal SOURCE --as ADMIN_EMAIL --lab SLUG --lead ADMINISTRATION": (
        "tests/app/test_import_portal.py::test_an_old_portal_of_300_pages_comes_in_twice_and_every_address_leads_on"
    ),
    'flask --app wsgi import-services services.csv --partner province-sud --as admin@dinum.nc --map "Réf=key" '
    '--map "Nom du téléservice=title" --map "Lien=url" --set kind=online_procedure': (
        TABLES + "test_services_come_in_once_and_the_mapping_is_kept"
    ),
    "flask --app wsgi import-services services-juin.csv --partner province-sud --as admin@dinum.nc": (
        TABLES + "test_services_come_in_once_and_the_mapping_is_kept"
    ),
    "flask --app wsgi evidence-verify preuve.json --keys cles.json": (
        "tests/publish/test_evidence.py::test_the_command_on_a_copy_without_a_database"
    ),
    "flask --app wsgi erase-person EMAIL_OR_ID": "tests/drafts/test_erasing.py::test_the_command_asks_first",
    "flask --app wsgi erase-person WHO": "tests/drafts/test_erasing.py::test_the_command_asks_first",
    "flask --app wsgi erase-expert EMAIL": "tests/drafts/test_forgetting.py::test_the_command_asks_first",
    "flask --app wsgi export-person WHO FILE": (
        "tests/app/test_export_person.py::test_the_command_writes_a_file_for_ones_eyes_alone"
    ),
    'flask --app wsgi redact DRAFT --words "…" --dry-run': (
        "tests/drafts/test_redacting.py::test_the_command_shows_first_and_then_does_it"
    ),
    "flask --app wsgi export-pack FILE.zip [--theme logement] [--administration cafat]": (
        "tests/publish/test_packs.py::test_the_command_writes_one"
    ),
    "flask --app wsgi backup FILE [--keys [--passphrase-file FILE]]": BACKUP
    + "test_keys_are_in_a_backup_only_when_asked",
    "flask --app wsgi restore FILE --check": BACKUP + "test_what_is_cut_or_altered_is_refused_by_its_name",
    "flask --app wsgi restore FILE [--replace] [--keys [--passphrase-file FILE]] [--digest DIGEST]": (
        BACKUP + "test_a_database_that_is_not_empty_is_replaced_only_when_asked"
    ),
    "flask --app wsgi restore FILE --digest DIGEST": (
        BACKUP + "test_a_database_that_is_not_empty_is_replaced_only_when_asked"
    ),
    "flask --app wsgi move-database TARGET_URL": BACKUP + "test_a_database_moves_and_its_lives_go_on",
    "flask --app wsgi move-database postgresql://openlab:…@db.example/openlab": (
        BACKUP + "test_a_database_moves_and_its_lives_go_on"
    ),
    # Its exit status is 1 where anything is wrong, as in the surroundings of a test.
    "flask --app wsgi doctor": "tests/app/test_doctor.py::test_a_healthy_instance_is_well",
    "flask --app wsgi doctor --json": (
        "tests/app/test_doctor.py::test_what_is_wrong_is_exit_status_one_and_a_bad_call_two"
    ),
    "flask --app wsgi seed --reset": "tests/app/test_seed_reset.py::test_it_asks_first",
    # Measurements of many minutes: what they are made of is tested.
    "python -m benchmarks peers": "tests/benchmarks/test_generator.py::test_two_people_at_two_tables_hear_every_letter",
    ".venv/bin/python -m benchmarks peers --scenario 1x50 --servers ours,yws --runs 3": (
        "tests/benchmarks/test_generator.py::test_two_people_at_two_tables_hear_every_letter"
    ),
    "python -m benchmarks.morning": MORNING,
    "python -m benchmarks.morning [--seconds 60] [--processes 2]": MORNING,
    "python -m benchmarks.plain_french [--bursts 6] [--no-files]": (
        "tests/drafts/test_plain_french_page.py::test_a_block_is_answered_with_what_is_found_in_it"
    ),
    "python -m benchmarks.replay": (
        "tests/realtime/test_replay.py::test_two_people_who_typed_at_once_leave_the_recorded_text_everywhere"
    ),
    "python -m benchmarks.site [--articles 2000]": (
        "tests/publish/test_static_site.py::test_the_command_says_what_it_did"
    ),
    "python -m benchmarks.site": "tests/publish/test_static_site.py::test_the_command_says_what_it_did",
}
# These run in a process of their own, as written, with the Python of the tests.
# A page whose blocks are typed whole by a rehearsal, or say why not: tests/journeys/test_installation.py holds that.
REHEARSED = "docs/install.md"
AS_WRITTEN = {
    ".venv/bin/python -m benchmarks.replay --help",
    "python -m tests.drafts.plain_french_table",
}


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):.*?##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def is_make(command: Command) -> bool:
    return command.text.startswith("make ")


@cache
def functions_of(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_each_command_of_the_documents_is_run_somewhere() -> None:
    known = {*RUN_HERE, *RUN_ELSEWHERE, *AS_WRITTEN}
    told = {command.text for command in commands()}
    new = [
        f"{command.where}: {command.text}"
        for command in commands()
        if not command.where.startswith(REHEARSED)
        and command.text not in known and not (is_make(command) and "=" not in command.text)
        and not re.match(r"make (test|bench|locks) ARGS=", command.text)
    ]  # fmt: skip
    assert not new, "Run them here (RUN_HERE), or name the test that does (RUN_ELSEWHERE):\n" + "\n".join(new)
    gone = sorted(known - told)
    assert not gone, f"No document tells of these any more: {gone}"


def test_the_tests_that_run_the_others_are_there() -> None:
    missing = []
    for text, test in RUN_ELSEWHERE.items():
        path, _, name = test.partition("::")
        if not (ROOT / path).exists() or name not in functions_of(path):
            missing.append(f"{text}: {test}")
    assert not missing, "\n".join(missing)


def test_each_target_of_make_is_there() -> None:
    unknown = [
        f"{command.where}: {command.text}"
        for command in commands()
        if is_make(command) and command.text.split()[1] not in make_targets()
    ]
    assert not unknown, unknown


def parts(command: Command) -> list[str]:
    return shlex.split(re.sub(r"[\[\]…]", " ", command.text))


def flask_commands() -> Iterator[Command]:
    # `flask --app wsgi` alone is how a sentence names what all of them begin with.
    return (
        command
        for command in commands()
        if "flask" in command.text.split()[0] and command.text != "flask --app wsgi"
    )


def test_each_flask_command_and_each_of_its_options_is_there(app: Flask) -> None:
    wrong = []
    for command in flask_commands():
        words = parts(command)
        named = app.cli.commands.get(words[3]) if words[1:3] == ["--app", "wsgi"] else None
        if named is None:
            wrong.append(f"{command.where}: no such command: {command.text}")
            continue
        options = {name for one in named.params for name in [*one.opts, *one.secondary_opts]}
        typed = {word.split("=")[0] for word in words[4:] if word.startswith("--")} - {"--help"}
        wrong += [f"{command.where}: {named.name} has no {option}" for option in sorted(typed - options)]
        needed = [one for one in named.params if isinstance(one, click.Argument) and one.required]
        given = [word for word in words[4:] if not word.startswith("--")]
        # In a sentence a command may be named alone; with an argument it has all that are needed.
        if given and len(given) < len(needed):
            wrong.append(f"{command.where}: {named.name} needs {[one.name for one in needed]}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("text", RUN_HERE)
def test_it_runs(app: Flask, tmp_path: Path, text: str) -> None:
    folder = tmp_path / "sandbox"
    folder.mkdir()
    argv = [word.replace("{folder}", str(folder)) for word in RUN_HERE[text]]
    assert text.split()[3] == argv[0]
    done = app.test_cli_runner().invoke(args=argv)
    assert done.exit_code == 0, done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize("text", sorted(AS_WRITTEN))
def test_it_runs_as_written(text: str) -> None:
    argv = [sys.executable, *shlex.split(text)[1:]]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=170)
    assert done.returncode == 0, done.stderr
