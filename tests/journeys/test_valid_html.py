"""Every page is valid HTML5, as html-validate reads it (`html-validate.config.mjs` has the rules, and why one is off).

The pages are judged as the server sends them, not as a browser has mended them.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter, deque
from pathlib import Path
from typing import Any

from config import ROOT
from tests.journeys.demo import Demo
from tests.journeys.portal import PublicPage, Shape, links, shape

CONFIG = Path(__file__).with_name("html-validate.config.mjs")
# Who between them see all agents' pages.
AGENTS = (
    "agent@province-sud.example",
    "animateur@dinum.example",
    "referent@province-nord.example",
    "editeur@dinum.example",
    "admin@dinum.example",
)


def judged(folder: Path, pages: dict[str, bytes]) -> dict[str, list[str]]:
    """What is wrong with each page, by its address; one run of the program for all."""
    files = {}
    for number, (path, body) in enumerate(pages.items()):
        files[f"{number}.html"] = path
        (folder / f"{number}.html").write_bytes(body)
    # A file: what it writes to a pipe ends after 64 kB, when it leaves.
    report = folder / "report.json"
    run = subprocess.run(
        ["node", ROOT / "node_modules/html-validate/bin/html-validate.mjs", "-c", CONFIG, "-f", f"json={report}", folder],
        cwd=ROOT, capture_output=True, check=False, text=True, timeout=120,
    )  # fmt: skip
    assert run.returncode in (0, 1), run.stderr
    told: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))
    return {
        files[Path(file["filePath"]).name]: [
            f"{one['ruleId']} at {one['line']}:{one['column']}: {one['message']} ({one.get('selector')})"
            for one in file["messages"]
        ]
        for file in told
        if file["messages"]
    }


def test_every_public_page_is_valid(public_pages: list[PublicPage], tmp_path: Path) -> None:
    pages = {page.path: page.body for page in public_pages}
    assert judged(tmp_path, pages) == {}


def test_every_page_of_agents_is_valid(demo: Demo, tmp_path: Path) -> None:
    """What agents reach by links from their space: a page of each shape, as the first two of them see it."""
    pages: dict[str, bytes] = {}
    seen: Counter[Shape] = Counter()
    for email in AGENTS:
        pages |= {f"{path} as {email}": body for path, body in reached(demo, email, seen).items()}
    assert {("espace",), ("labs", "*"), ("brouillons", "*"), ("publications",)} <= set(seen)
    assert judged(tmp_path, pages) == {}


def reached(demo: Demo, email: str, seen: Counter[Shape]) -> dict[str, bytes]:
    """The pages of shapes that fewer than two agents have seen. Links only ever read."""
    page = demo.sit(email)
    waiting, known, found = deque(["/espace"]), {"/espace"}, {}
    mine: set[Shape] = set()
    while waiting:
        path = waiting.popleft()
        if shape(path) in mine or (seen[shape(path)] >= 2 and path != "/espace"):
            continue
        answer = page.request.get(f"{demo.url}{path}", max_redirects=0)
        if answer.status != 200 or not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        found[path] = answer.body()
        mine.add(shape(path))
        for link in sorted(links(found[path], demo.url) - known):
            known.add(link)
            waiting.append(link)
    page.close()
    seen.update(mine)
    return found


def test_a_page_that_is_not_valid_is_found(tmp_path: Path) -> None:
    page = b'<!DOCTYPE html><html lang="fr"><head><title>Une page</title></head><body><p><div>Deux</div></p></body></html>'
    assert judged(tmp_path, {"/": page})
