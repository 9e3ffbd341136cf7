"""The copy of the portal as plain files: `python -m benchmarks.site`. Files a second of a first run, of one with nothing
changed and of one with one article changed; beside two who do the least there is to do.

* `plain`: the same bytes written as the same files by a loop that makes nothing and checks nothing.
* `wget -m`: the mirror of the running portal by the usual program, page by page over HTTP, for at most a minute. It makes
  no search, no feed of what it is not led to, and leaves the forms as they are.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from app import schema_versions
from app.db import database
from app.factory import create_app
from benchmarks import report, site_world
from benchmarks.progress import Progress
from config import Settings
from publish.static_site.export import Report, Wanted, export
from tests.live_server import SECRET, LiveServer

# A mirror is stopped then: its rate is that of the time it had.
PATIENCE = 60


def _timed(app: Any, folder: Path) -> tuple[Report, float, float]:
    began, cpu = time.perf_counter(), time.process_time()
    done = export(app, Wanted(folder))
    return done, time.perf_counter() - began, time.process_time() - cpu


def _numbers(done: Report, seconds: float, cpu: float) -> dict[str, Any]:
    return {
        "seconds": round(seconds, 2), "cpu_seconds": round(cpu, 2), "files": done.total, "pages_made": done.made,
        "files_written": len(done.written), "files_per_second": round(done.total / seconds, 1),
    }  # fmt: skip


def _plainly(folder: Path, target: Path) -> dict[str, Any]:
    files = [
        (path.relative_to(folder), path.read_bytes()) for path in sorted(folder.rglob("*")) if path.is_file()
    ]
    began = time.perf_counter()
    for name, content in files:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_bytes(content)
    seconds = time.perf_counter() - began
    return {
        "seconds": round(seconds, 2),
        "files": len(files),
        "files_per_second": round(len(files) / seconds, 1),
    }


def _mirrored(url: str, folder: Path) -> dict[str, Any]:
    wget = shutil.which("wget")
    if wget is None:
        return {"not_measured": "no wget on PATH"}
    began = time.perf_counter()
    try:
        subprocess.run(  # nosec B603 # the program and the address are the bench's own
            [wget, "--mirror", "--quiet", "--no-parent", "--reject-regex", r"\?|/aller/|/preuves/", "--directory-prefix",
             str(folder), url], check=False, timeout=PATIENCE,
        )  # fmt: skip
        whole = True
    except subprocess.TimeoutExpired:
        whole = False
    seconds = time.perf_counter() - began
    count = sum(path.is_file() for path in folder.rglob("*"))
    return {
        "seconds": round(seconds, 2), "is_whole": whole, "files": count, "files_per_second": round(count / seconds, 1),
    }  # fmt: skip


def measure(count: int, folder: Path) -> dict[str, Any]:
    """Everything, in a scratch database under `folder`."""
    url = f"sqlite:///{folder}/bench.sqlite3"
    schema_versions.upgrade(url)
    app = create_app(
        Settings.from_env({}, database_url=url, data_dir=folder, secret_key=SECRET, log_level="ERROR")
    )
    progress = Progress("articles", count)
    world = site_world.fill(count, progress.show)
    progress.end()
    copy = folder / "copy"
    first, again = _timed(app, copy), _timed(app, copy)
    world.again(min(count, site_world.THROUGH_SERVICES) // 2)
    one = _timed(app, copy)
    files = [path for path in copy.rglob("*") if path.is_file()]
    search = [path.stat().st_size for path in (copy / "recherche").glob("*.js")]
    plain = _plainly(copy, folder / "plain")
    database().engine.dispose()
    # It looks through what it serves first: a portal of two thousand articles takes its time.
    server = LiveServer(folder, url).start(timeout=180)
    try:
        mirror = _mirrored(server.url, folder / "mirror")
    finally:
        server.stop()
    found = {
        "first": _numbers(*first),
        "nothing_changed": _numbers(*again),
        "one_article_changed": _numbers(*one),
    }
    ratios: dict[str, Any] = {
        "plain_first_to_ours": round(found["first"]["seconds"] / plain["seconds"], 1),
        "first_to_nothing_changed": round(found["first"]["seconds"] / found["nothing_changed"]["seconds"], 1),
    }
    if mirror.get("files_per_second"):
        rate = found["first"]["files_per_second"] / mirror["files_per_second"]
        ratios["ours_to_wget_files_per_second"] = round(rate, 2)
    return {
        "site": {"articles": count, "database": "SQLite", "megabytes": round(sum(p.stat().st_size for p in files) / 1e6, 1),
                 "search_kilobytes": round(sum(search) / 1e3), "search_files": len(search),
                 "largest_search_file_kilobytes": round(max(search) / 1e3, 1)},
        **{f"site_{name}": numbers for name, numbers in found.items()},
        "site_plain": plain, "site_wget": mirror, "site_ratios": ratios,
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.site", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--articles", type=int, default=2000)
    given = parser.parse_args()
    results: dict[str, Any] = {
        "command": f"python -m benchmarks.site --articles {given.articles}", "circumstances": report.circumstances(),
    }  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="openlab-site-") as folder:
        results |= measure(given.articles, Path(folder))
    for path in report.write(results):
        print(f"written: benchmarks/results/{path.name}")
    return 0 if results["site_nothing_changed"]["files_written"] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
