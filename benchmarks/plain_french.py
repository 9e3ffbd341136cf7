"""Typing with « Français simple » open beside without: `python -m benchmarks.plain_french`.

A text of 100,000 characters full of what the rules find, in Chromium, with the panel closed and open by turns on one page
each. From a key to the frame that shows it, and the processor time of the page for a key (`TaskDuration` of its own
process, so that what others do to the machine counts less): with the panel open it holds the reading, the list and the
marks of the pauses too. Beside it, what one changed paragraph costs the process that reads (`drafts.plain_french.work`).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, CDPSession, Page, sync_playwright

from app.accounts.models import Person
from app.db import session, unit_of_work
from benchmarks import report
from benchmarks.house import own_house
from drafts.models import Draft
from drafts.plain_french import work
from drafts.plain_french.in_force import shipped_law
from labs.models import Lab
from tests import makers
from tests.drafts.plain_french_corpus import WORKED

CHARACTERS, PARAGRAPH = 100_000, 600
# Below what people type in a burst; so many keys, then a pause in which the panel reads.
KEYS, DELAY_MS, PAUSE_MS = 60, 60, 1_500
CHANGES = 20

KEY_TIMES = """
window.keyTimes = [];
addEventListener('keydown', () => {
    const began = performance.now();
    requestAnimationFrame(() => {
        const {port1, port2} = new MessageChannel();
        port1.onmessage = () => keyTimes.push(performance.now() - began);
        port2.postMessage(null);
    });
}, true);
"""


def paragraphs() -> list[dict[str, Any]]:
    """Sentences that were labelled because there is something in most of them, as a long text."""
    items = [json.loads(line) for line in WORKED.read_text(encoding="utf-8").splitlines()]
    corpus = " ".join(item["text"] for item in items if item["kind"] == "sentence")
    found = []
    for number in range(CHARACTERS // PARAGRAPH + 1):
        start = (number * 397) % (len(corpus) - PARAGRAPH)
        run = {"type": "text", "text": corpus[start : start + PARAGRAPH]}
        found.append({"type": "paragraph", "attrs": {"id": f"p{number}"}, "content": [run]})
    return found


def reading(tree: list[dict[str, Any]]) -> dict[str, Any]:
    """Milliseconds of processor for the whole text, as the editor asks for it, and for each of some changed paragraphs."""
    head = {"law": shipped_law().digest}

    def asked(blocks: list[dict[str, Any]]) -> tuple[float, int]:
        body = json.dumps({"blocks": blocks}).encode()
        before = time.process_time()
        _head, parts = work.read_blocks(head, [body], lambda _at: None)
        spent = (time.process_time() - before) * 1000
        return spent, sum(len(one["findings"]) for one in json.loads(parts[0])["blocks"].values())

    asked(tree[:1])
    whole, findings = asked(tree)
    times = []
    for number in range(CHANGES):
        changed = json.loads(json.dumps(tree[number * 7]))
        changed["content"][0]["text"] = f"{number} {changed['content'][0]['text']}"
        times.append(asked([changed])[0])
    return {
        "characters": sum(len(one["content"][0]["text"]) for one in tree),
        "findings": findings,
        "whole_text_cpu_ms": round(whole, 1),
        "changed_paragraph_cpu_ms_median": round(statistics.median(times), 2),
        "changed_paragraph_cpu_ms_highest": round(max(times), 2),
        "goal": "50 ms",
    }


class Typist:
    """One page at the long text, with the panel open or without it."""

    def __init__(self, context: BrowserContext, address: str, *, is_open: bool) -> None:
        self.page: Page = context.new_page()
        self.page.goto(address)
        self.page.wait_for_selector("html[data-synced]")
        self.line: CDPSession = context.new_cdp_session(self.page)
        self.line.send("Performance.enable")
        if is_open:
            self.page.locator("[data-french-open]").click()
            # The whole text has been read when nothing is said of its being read.
            self.page.wait_for_selector(".plain-state", state="hidden", timeout=120_000)
            self.page.wait_for_selector("[data-editor] .plain")
        self.page.locator("[data-editor] p").last.click()

    def _cpu(self) -> float:
        metrics = self.line.send("Performance.getMetrics")["metrics"]
        found: float = next(one["value"] for one in metrics if one["name"] == "TaskDuration")
        return found

    def burst(self) -> tuple[list[float], float]:
        """(milliseconds from each key to its frame, milliseconds of processor for a key, the pause after it included)."""
        page = self.page
        page.bring_to_front()
        page.wait_for_timeout(PAUSE_MS)
        page.evaluate("keyTimes.length = 0")
        before = self._cpu()
        page.keyboard.type(("ecrire au clavier " * (KEYS // 18 + 1))[:KEYS], delay=DELAY_MS)
        page.wait_for_timeout(PAUSE_MS)
        page.wait_for_function("keys => keyTimes.length >= keys", arg=KEYS)
        return page.evaluate("keyTimes"), (self._cpu() - before) * 1000 / KEYS


def typing(tree: list[dict[str, Any]], bursts: int) -> dict[str, Any]:
    """Both ways, by turns."""
    times: dict[str, list[float]] = {"plain": [], "open": []}
    cpu: dict[str, list[float]] = {"plain": [], "open": []}
    with own_house() as place, sync_playwright() as playwright:
        draft_id = _draft(place.draft_id, tree)
        path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        typists = {}
        for name, cookie in zip(times, place.cookies, strict=True):
            context = browser.new_context(locale="fr-FR")
            context.set_default_timeout(60_000)
            token = cookie.removeprefix("openlab=")
            context.add_cookies([{"name": "openlab", "value": token, "url": place.url}])
            context.add_init_script(KEY_TIMES)
            address = f"{place.url}/brouillons/{draft_id}"
            typists[name] = Typist(context, address, is_open=name == "open")
        for number in range(bursts + 1):
            for name, typist in typists.items():
                found, spent = typist.burst()
                # The first of each warms the machine up.
                if number:
                    times[name] += found
                    cpu[name].append(spent)
        browser.close()
    told: dict[str, Any] = {"keys": bursts * KEYS}
    for name in times:
        ordered = sorted(times[name])
        told[f"{name}_p50_ms"] = round(ordered[len(ordered) // 2], 2)
        told[f"{name}_p95_ms"] = round(ordered[int(len(ordered) * 0.95)], 2)
        told[f"{name}_cpu_ms_per_key"] = round(statistics.median(cpu[name]), 2)
    told["open_to_plain_p50"] = round(told["open_p50_ms"] / told["plain_p50_ms"], 2)
    told["open_to_plain_p95"] = round(told["open_p95_ms"] / told["plain_p95_ms"], 2)
    told["open_to_plain_cpu"] = round(told["open_cpu_ms_per_key"] / told["plain_cpu_ms_per_key"], 2)
    return told


def _draft(beside: int, tree: list[dict[str, Any]]) -> int:
    """The long text, in the lab of a draft that is there."""
    with unit_of_work():
        there = session().get_one(Draft, beside)
        lab = session().get_one(Lab, there.lab_id)
        ana = makers.actor(session().get_one(Person, there.created_by))
        return makers.make_draft(ana, lab, there.article.lead, title="Cent mille signes", tree=tree).id


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.plain_french", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--bursts", type=int, default=6, help=f"of {KEYS} keys, each way")
    parser.add_argument("--no-files", action="store_true", help="print only")
    given = parser.parse_args()
    results: dict[str, Any] = {
        "command": "python -m benchmarks.plain_french",
        "circumstances": report.circumstances(),
    }
    tree = paragraphs()
    results["plain_french_reading"] = reading(tree)
    results["plain_french_typing"] = typing(tree, given.bursts)
    results["circumstances"]["load_after"] = [round(load, 2) for load in os.getloadavg()]
    print(report.markdown(results))
    if not given.no_files:
        for path in report.write(results, Path(report.RESULTS)):
            print(f"written: benchmarks/results/{path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
