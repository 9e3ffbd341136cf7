"""Names say what a thing is, and a file stays small enough to be read at one sitting."""

from __future__ import annotations

from tests.house.tree import (
    FOLDERS_OF_DATA,
    ROOMS,
    ROOT,
    module_name,
    room_of,
    served_modules,
    shown,
    tracked,
)

SAYS_NOTHING = {
    "util",
    "utils",
    "helper",
    "helpers",
    "manager",
    "managers",
    "common",
    "misc",
    "tools",
    "stuff",
}
MOST_LINES = 400
# A longer file needs a reason here, and loses it when it has become shorter.
LONGER: dict[str, str] = {}


def test_no_name_says_nothing() -> None:
    empty = [
        shown(path)
        for path in tracked("*.py", "*.ts")
        if SAYS_NOTHING & {part.lower() for part in path.relative_to(ROOT).with_suffix("").parts}
    ]
    assert not empty, f"Name these after what is in them: {empty}"


def test_files_can_be_read_at_one_sitting() -> None:
    lengths = {
        shown(path): path.read_text(encoding="utf-8").count("\n")
        for path in tracked(*(f"{room}/*.{kind}" for room in ROOMS for kind in ("py", "ts")))
        if "tests" not in path.parts
    }
    long = {name: lines for name, lines in lengths.items() if lines > MOST_LINES and name not in LONGER}
    assert not long, f"Make two files of each of these, or give a reason in LONGER: {long}"
    short = [name for name in LONGER if lengths.get(name, 0) <= MOST_LINES]
    assert not short, f"These need no reason any more: {short}"


def test_every_module_stands_on_a_floor() -> None:
    for path in served_modules():
        name = module_name(path)
        if name != "app" and not name.startswith(FOLDERS_OF_DATA):
            room_of(name)
