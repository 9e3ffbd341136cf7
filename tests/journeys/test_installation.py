"""docs/install.md, typed block by block into a bare Debian 12 that is then booted; two browsers write together through its
nginx, by WebSocket and by polling; a process is killed, both are restarted, and the machine is switched off and on."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from config import ROOT
from tests.journeys.conftest import ARGUMENTS, chromium, open_draft
from tests.journeys.hands import caret_at_end, same_text, saved
from tests.machines import BareMachine

PAGE = ROOT / "docs" / "install.md"
BLOCK = re.compile(r"^(?:<!-- not rehearsed: (?P<why>.+?) -->\n)?```sh\n(?P<script>.*?)^```$", re.M | re.S)
HEADING = re.compile(r"^## (.+)$", re.M)
# What this chapter and those after it want is there by then; it is a machine that runs.
FIRST_RUNNING = "The database and the first administrator"
NAME, RELEASE = "openlab.example", "rehearsal"
ENVIRON = {"NAME": NAME, "RELEASE": RELEASE, "REPOSITORY": "/srv/open-lab.git"}
PASSWORD = "huit lagons sous la lune"
# People and a draft as everywhere in the tests, made on the machine with its own code.
SCENE = """
import json
from app.factory import create_app
from config import Settings
from tests.scenes import make_scene, token_for
create_app(Settings.from_env())
scene = make_scene()
print(json.dumps({"draft": scene.draft_id, "tokens": [token_for(scene.ana), token_for(scene.ben)]}))
"""
TEXT = """
import sys
from app.db import reading
from app.factory import create_app
from config import Settings
from drafts import document, log
create_app(Settings.from_env())
with reading():
    print(document.plain_text(log.load(int(sys.argv[1])).tree))
"""
AS_OPENLAB = """
while IFS= read -r line; do case $line in ''|'#'*) ;; *) export "$line" ;; esac; done < /etc/openlab/openlab.env
cd -P /opt/openlab/current
exec runuser -u openlab -- .venv/bin/python -B - "$@"
"""


@dataclass(frozen=True)
class Block:
    chapter: str
    script: str
    # Why the rehearsal passes it over; empty when it does not.
    why: str


def blocks() -> list[Block]:
    text = PAGE.read_text(encoding="utf-8")
    chapters = [(found.start(), found[1]) for found in HEADING.finditer(text)]
    return [
        Block(
            max((place, name) for place, name in chapters if place < found.start())[1],
            found["script"],
            found["why"] or "",
        )
        for found in BLOCK.finditer(text)
    ]


def test_every_command_of_the_page_is_rehearsed_or_says_why_not() -> None:
    text = PAGE.read_text(encoding="utf-8")
    found = blocks()
    assert len(found) == text.count("\n```sh\n") == text.count("\n```\n")
    assert sum(1 for block in found if not block.why) > 10
    assert FIRST_RUNNING in [block.chapter for block in found]
    named = {
        path
        for block in found
        for path in re.findall(r"/opt/openlab/current/(deploy/[\w./-]+)", block.script)
    }
    assert named and not [path for path in named if not (ROOT / path.rstrip("/")).exists()]


def follow_the_page(machine: BareMachine) -> None:
    """Every block in its order. Said aloud is what a real machine would have done otherwise."""
    done = [block for block in blocks() if not block.why]
    first = next(number for number, block in enumerate(done) if block.chapter == FIRST_RUNNING)
    with machine.fetching():
        for number, block in enumerate(done[:first], 1):
            trusting = machine.trust_as_here()
            _run(machine, number, block, trusting)
    # Its PostgreSQL was installed beside the one of this machine, and moved to the next port; alone it takes the usual one.
    machine.run("pg_conftool 15 main set port 5432", {})
    print("→ booted, with its own systemd", flush=True)
    machine.boot()
    for number, block in enumerate(done[first:], first + 1):
        _run(machine, number, block, {})


def _run(machine: BareMachine, number: int, block: Block, trusting: dict[str, str]) -> None:
    begun = time.monotonic()
    machine.run(block.script, ENVIRON | trusting, said=f"{PASSWORD}\n{PASSWORD}\n")
    print(f"→ {number}. {block.chapter}: {time.monotonic() - begun:.0f} s", flush=True)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[BareMachine]:
    made = BareMachine(tmp_path)
    try:
        made.make()
        subprocess.run(
            ["git", "clone", "--quiet", "--bare", str(ROOT), str(made.root / "srv/open-lab.git")], check=True
        )
        subprocess.run(["git", "branch", "--force", RELEASE], cwd=made.root / "srv/open-lab.git", check=True)
        # The clone belongs to root, and somebody else reads it.
        (made.root / "etc/gitconfig").write_text("[safe]\n\tdirectory = *\n")
        follow_the_page(made)
        yield made
    finally:
        made.stop()


@pytest.fixture
def inside(machine: BareMachine, tmp_path: Path) -> Iterator[Browser]:
    """A Chromium of this machine that sees the network of the other one."""
    wrapper = tmp_path / "chromium"
    wrapper.write_text(
        f'#!/bin/sh\nexec nsenter --net="/proc/$(cat {tmp_path}/leader)/ns/net" {chromium()} "$@"\n'
    )
    wrapper.chmod(0o755)
    (tmp_path / "leader").write_text(str(machine.leader))
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=wrapper, args=[*ARGUMENTS, f"--host-resolver-rules=MAP {NAME} 127.0.0.1"]
        )
        yield launched
        launched.close()


def sit_down(browser: Browser, token: str, draft: int, *, polling: bool) -> Page:
    # That the certificate is good was seen by the page's own `curl`, which was told of the authority.
    context = browser.new_context(locale="fr-FR", ignore_https_errors=True)
    context.set_default_timeout(30_000)
    url = f"https://{NAME}"
    context.add_cookies([{"name": "__Host-openlab", "value": token, "url": url, "secure": True}])
    if polling:
        context.add_init_script("sessionStorage.setItem('open-lab.transport', 'polling')")
    return open_draft(context, url, draft)


def write(pages: list[Page], words: str) -> None:
    """Each writes, and in the end both read both."""
    for place, page in enumerate(pages):
        caret_at_end(page, "p")
        page.keyboard.type(f" {words}{place}")
    for page in pages:
        saved(page)
    text = same_text(*pages)
    assert all(f"{words}{place}" in text for place in range(len(pages))), text


def restarted(machine: BareMachine, process: str) -> int:
    return int(machine.run(f"systemctl show --property=NRestarts --value {process}", {}))


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_the_page_on_a_bare_machine(machine: BareMachine, inside: Browser) -> None:
    scene = json.loads(_as_openlab(machine, SCENE).splitlines()[-1])
    transports: list[str] = []
    pages = []
    for place, token in enumerate(scene["tokens"]):
        page = sit_down(inside, token, scene["draft"], polling=place == 1)
        page.on(
            "request", lambda request: transports.append(request.url.split("transport=")[-1].split("&")[0])
        )
        pages.append(page)
    write(pages, "ensemble")
    assert "polling" in transports
    print("→ two browsers wrote together, one by polling", flush=True)

    # One after the other, as the page says.
    for process in ("openlab@8001", "openlab@8002"):
        machine.run(f"systemctl restart {process}", {})
        write(pages, f"apres{process[-1]}")
    print("→ both processes were restarted under them", flush=True)

    for process in ("openlab@8001", "openlab@8002"):
        count = restarted(machine, process)
        machine.run(f"systemctl kill --signal=KILL --kill-whom=main {process}", {})
        write(pages, f"tue{process[-1]}")
        give_up = time.monotonic() + 120
        while machine.run(f"systemctl is-active {process} || true", {}).strip() != "active" or (
            restarted(machine, process) == count
        ):
            assert time.monotonic() < give_up, f"{process} was not started again"
            time.sleep(0.5)
    print("→ each was killed, and systemd started it again", flush=True)

    before = same_text(*pages)
    machine.run("systemctl start openlab-purge", {})
    if "backup" in machine.run("openlab --help", {}):
        machine.run("systemctl start openlab-backup && ls /var/backups/openlab/openlab-*.backup", {})
    unwell = machine.run(
        "systemctl --failed --plain --no-legend | grep -i -E 'openlab|nginx|postgres|redis' || true", {}
    )
    assert unwell == ""
    inside.close()
    machine.stop()
    machine.boot()
    machine.run(
        "curl --silent --show-error --fail --retry 120 --retry-delay 1 --retry-all-errors --output /dev/null "
        f"--cacert /etc/openlab/tls/authority.crt --resolve {NAME}:443:127.0.0.1 https://{NAME}/readyz",
        {},
    )
    kept = _as_openlab(machine, TEXT, str(scene["draft"]))
    assert [line for line in before.split("\n") if line.strip() and line.strip() not in kept] == []
    print("→ the machine was switched off and on; the text is there", flush=True)


def _as_openlab(machine: BareMachine, program: str, *arguments: str) -> str:
    words = " ".join(arguments)
    return machine.run(f"set -- {words}\n{AS_OPENLAB}", {}, said=program)
