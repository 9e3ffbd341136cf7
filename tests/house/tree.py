"""What the house tests look at: the files git knows, the rooms and their floors."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("app", "labs", "drafts", "realtime", "publish")

# From the ground up. Rooms that stand on one line are strangers to one another.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("config",),
    (
        "app.errors",
        "app.clock",
        "app.buckets",
        "app.typed_words",
        "app.extensions",
        "app.metrics",
        "app.logs",
    ),
    ("app.events",),
    ("app.db",),
    (
        "app.web",
        "app.interface",
        "app.openapi",
        "app.problems",
        "app.assets",
        "app.forms",
        "app.policy",
        "app.markup",
        "app.alerts",
        "app.audit",
        "app.panels",
        "app.waiting",
        "app.letter",
        "app.sheet",
        "app.mail",
        "app.jobs",
        "app.pen",
        "app.privacy",
        "app.scrub",
        "app.refusals",
        "app.working_days",
    ),
    ("app.directory",),
    ("app.accounts",),
    ("app.oidc",),
    ("labs",),
    ("drafts",),
    ("realtime", "publish"),
    ("app.administration", "app.importing", "app.guides"),
    (
        "app.factory",
        "app.cli",
        "app.evidence_commands",
        "app.import_commands",
        "app.purging",
        "app.redact_command",
        "app.site_commands",
        "app.backup",
        "app.backup_commands",
        "app.progress",
        "app.doctor",
        "app.seed_reset",
        "app.seed_easy",
        "app.seed",
        "app.seed_known",
        "app.seed_comments",
        "app.seed_sessions",
        "app.seed_wishes",
        "app.seed_figures",
        "app.seed_glossary",
        "app.seed_calls",
        "app.server",
        "app.handler",
        "app.worker",
        "app.schema_versions",
        "app.watch",
        "app.access",
        "wsgi",
    ),
)
STRANGERS = {"realtime", "publish"}
# Folders of data inside `app` that hold no module of their own.
FOLDERS_OF_DATA = ("app.demo",)


def room_of(module: str) -> tuple[int, str]:
    """The floor's number, counted from the ground, and the room on it that `module` belongs to."""
    for height, rooms in enumerate(FLOORS):
        for room in rooms:
            if module == room or module.startswith(room + "."):
                return height, room
    raise LookupError(
        f"{module} stands on no floor: put it into a room, or add it to FLOORS here and to the layers of pyproject.toml"
    )


@cache
def tracked(*patterns: str) -> tuple[Path, ...]:
    """Files git knows, or would know at the next commit; without a repository, every file that is there."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout.decode()
    return tuple(sorted(ROOT / name for name in set(listed.split("\0")) if name and (ROOT / name).is_file()))


@cache
def served_modules() -> tuple[Path, ...]:
    """The Python files an instance runs: the rooms, config.py and wsgi.py."""
    return tracked("config.py", "wsgi.py", *(f"{room}/*.py" for room in ROOMS))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
