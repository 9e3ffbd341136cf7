"""The files of deploy/ agree with the application: settings, ports, times, what goes into the image."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from app import server
from app.schema_versions import newest
from config import ROOT, Settings, SettingsError
from tests.house.tree import ROOMS

DEPLOY = ROOT / "deploy"
UNITS = DEPLOY / "systemd"


def told(text: str) -> dict[str, str]:
    lines = (line.partition("=") for line in text.splitlines() if line and not line.startswith("#"))
    return {name: value for name, _sign, value in lines}


def test_the_settings_are_complete_but_for_the_key() -> None:
    example = told((DEPLOY / "openlab.env.example").read_text())
    with pytest.raises(SettingsError, match="SECRET_KEY is required"):
        Settings.from_env(example)
    found = Settings.from_env({**example, "SECRET_KEY": "0123456789abcdef" * 4, "PORT": "8001"})
    assert found.database_url == "postgresql+psycopg:///openlab?host=/var/run/postgresql"
    assert (found.trusted_proxies, found.is_https, found.host) == (1, True, "127.0.0.1")
    assert "PORT" not in example, "in openlab.env it would win over the port of each unit"
    # What is shown and not set is a setting as well.
    shown = re.findall(r"^#?([A-Z_]+)=", (DEPLOY / "openlab.env.example").read_text(), re.M)
    assert {name.lower() for name in shown} <= set(Settings.__dataclass_fields__)


def settled(unit: str) -> list[str]:
    lines = (UNITS / unit).read_text().splitlines()
    return [
        line for line in lines if line and not line.startswith("#") and not line.startswith("Description=")
    ]


def test_one_process_is_as_closed_as_one_of_several() -> None:
    assert settled("openlab.service") == [line.replace("%i", "8000") for line in settled("openlab@.service")]


@pytest.mark.parametrize("unit", ["openlab@.service", "openlab-backup.service", "openlab-purge.service"])
def test_what_every_unit_closes(unit: str) -> None:
    closed = {
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "SystemCallFilter=@system-service",
    }
    assert closed <= set(settled(unit)) and "User=openlab" in settled(unit)


def test_systemd_waits_longer_than_a_process_takes_to_leave() -> None:
    found = re.search(r"TimeoutStopSec=(\d+)", (UNITS / "openlab@.service").read_text())
    # The strokes in hand, a second for the sockets and one for the worker (app/server.py).
    assert found is not None and int(found[1]) > server.GRACE_SECONDS + 2


def test_nginx_asks_the_ports_of_the_units() -> None:
    page = (ROOT / "docs" / "install.md").read_text()
    started = set(re.findall(r"enable --now openlab@(\d+)", page)) - {"8003"}
    asked = set(re.findall(r"server 127\.0\.0\.1:(\d+) ", (DEPLOY / "nginx" / "openlab.conf").read_text()))
    assert started == asked == {"8001", "8002"}


def test_the_image_holds_what_an_instance_runs() -> None:
    said = (DEPLOY / "container" / "Containerfile").read_text()
    last = said[said.rindex("\nFROM ") :]
    assert all(f"\nCOPY {room} {room}\n" in last for room in (*ROOMS, "migrations"))
    assert "\nCOPY config.py wsgi.py ./\n" in last and "\nUSER 10001:10001\n" in last
    let_in = (DEPLOY / "container" / "Containerfile.dockerignore").read_text().splitlines()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", said, re.M)
    roots = {name.split("/")[0] for line in copied for name in line.split()}
    assert {f"!{name}" for name in roots} <= set(let_in)


def test_openlab_reads_the_settings_as_systemd_does(tmp_path: Path) -> None:
    """Spaces, signs of the shell and comments: nothing is run, nothing is cut."""
    (tmp_path / "env").write_text(
        "# a comment\n\nOIDC_X_SCOPES=openid email\nSMTP_URL=smtp://u:p$(id)&`x`;'@h\n"
    )
    program = (DEPLOY / "openlab").read_text()
    reading = program[: program.index("\ncd -P")] + '\nprintf "%s|%s" "$OIDC_X_SCOPES" "$SMTP_URL"\n'
    done = subprocess.run(
        ["sh", "-c", reading],
        env={"OPENLAB_ENV": str(tmp_path / "env")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "openid email|smtp://u:p$(id)&`x`;'@h"


def test_migrate_says_the_schema_and_may_be_said_twice(app) -> None:
    for _ in range(2):
        done = app.test_cli_runner().invoke(args=["migrate"])
        assert done.exit_code == 0 and newest() in done.output, done.output
