"""A newcomer with the README alone: its commands, its account, its first steps, and the clock beside them.

Fetches every package, so it is a long run (`make soak`). The time is told and not asserted: it is that of the line.
"""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.house.test_bare_clone import FIRST_START_SECONDS, free_port, running
from tests.house.tree import ROOT
from tests.journeys.conftest import ARGUMENTS, chromium

README = (ROOT / "README.md").read_text(encoding="utf-8")


def told(pattern: str) -> str:
    found = re.search(pattern, README)
    assert found is not None, f"the README does not say {pattern}"
    return found[1]


def signed_in(browser: Browser, url: str, email: str) -> Page:
    page = browser.new_context(locale="fr-FR").new_page()
    page.goto(url + told(r"Sign in at `(/[a-z]+)`"))
    page.get_by_label("Adresse électronique").fill(email)
    page.get_by_label("Mot de passe").fill(told(r"password `([^`]+)`"))
    page.get_by_role("button", name="Se connecter").click()
    return page


def at_the_text(page: Page) -> Page:
    page.get_by_role("link", name=told(r"Open the draft \*([^*]+)\*"), exact=True).first.click()
    page.wait_for_selector("html[data-synced]", timeout=60_000)
    return page


@pytest.mark.soak
@pytest.mark.timeout(FIRST_START_SECONDS + 300)
def test_the_readme_alone_leads_to_two_people_in_one_text(tmp_path: Path) -> None:
    assert re.findall(r"^ {4}(?!git clone)(\S.*)$", README, re.MULTILINE)[:1] == ["make run"], (
        "the second command"
    )
    clone, home = tmp_path / "open-lab", tmp_path / "home"
    begun = time.monotonic()
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    home.mkdir()
    with (
        running(clone, home, free_port(), FIRST_START_SECONDS) as (url, start),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        one, other = re.findall(r"as `([^`]+)` and(?: as)? `([^`]+)`", " ".join(README.split()))[0]
        first, second = (at_the_text(signed_in(browser, url, email)) for email in (one, other))
        first.locator("[data-editor] p").last.click()
        first.keyboard.press("Control+End")
        first.keyboard.type(" Bonjour depuis Nouméa.", delay=15)
        expect(first.locator("[data-save-state]")).to_have_attribute(
            "data-save-state", "saved", timeout=60_000
        )
        expect(second.locator("[data-editor]")).to_contain_text("Bonjour depuis Nouméa.", timeout=60_000)
        browser.close()
        whole = time.monotonic() - begun
    print(f"\nfrom `git clone` to a sentence in two browsers: {whole:.0f} s, of which make run {start:.0f} s")
