"""French typography in the sentences of the screens: says what is wrong (`check`) or puts it right (`write`).

Only what passes through gettext is looked at, in the rooms' Python and templates. A no-break space stands before
: ; ? ! and inside « », the apostrophe is ’ and the ellipsis …. `tests/house/test_typography.py` holds the result.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("app", "labs", "drafts", "realtime", "publish")
GETTEXT = {"_", "gettext", "lazy_gettext", "pgettext", "ngettext"}
NO_BREAK = "\u00a0"
# An address, a time, a placeholder, an entity and a tag have punctuation of their own.
KEPT = re.compile(r"https?://\S+|\b\d{1,2}:\d{2}\b|%\(\w+\)[a-z]|&\w+;|<[^>]*>")
RULES = (
    (re.compile(r"(?<=\S)[ ]([:;?!])(?=[\s\\\"'»)]|$)"), NO_BREAK + r"\1"),
    (re.compile(r"(?<=[^\W_])([:;?!])(?=[\s»)]|$)"), NO_BREAK + r"\1"),
    (re.compile(r"«[ ]?(?=[^\s\u00a0\u202f])"), "«" + NO_BREAK),
    (re.compile(r"(?<=[^\s\u00a0\u202f])[ ]?»"), NO_BREAK + "»"),
    (re.compile(r"\.\.\."), "…"),
)
APOSTROPHE = re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_])")
STRING = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'")


def typeset(text: str, *, quote: str = '"') -> str:
    """`text` with the marks of French; `quote` is what it stands between in its file."""
    kept: list[str] = []

    def put_away(match: re.Match[str]) -> str:
        kept.append(match.group())
        return f"\x00{len(kept) - 1}\x01"

    text = KEPT.sub(put_away, text)
    for pattern, replacement in RULES:
        text = pattern.sub(replacement, text)
    if quote != "'":
        text = APOSTROPHE.sub("’", text)
    # A placeholder before a mark is a word like others.
    text = re.sub(r"(?<=\x01)([:;?!])(?=[\s»)]|$)", NO_BREAK + r"\1", text)
    return re.sub(r"\x00(\d+)\x01", lambda match: kept[int(match.group(1))], text)


def strings_in(source: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    """(start, end, quote) of the inside of each one-line string between two places of `source`."""
    for match in STRING.finditer(source, start, end):
        yield match.start() + 1, match.end() - 1, match.group()[0]


def places_in_python(source: str) -> Iterator[tuple[int, int, str]]:
    # ast counts columns in UTF-8 bytes; we cut text.
    lines = source.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))

    def at(line: int, column: int) -> int:
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        for argument in node.args if name in GETTEXT else ():
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                assert argument.end_lineno is not None and argument.end_col_offset is not None
                start = at(argument.lineno, argument.col_offset)
                yield from strings_in(source, start, at(argument.end_lineno, argument.end_col_offset))


def places_in_template(source: str) -> Iterator[tuple[int, int, str]]:
    for match in re.finditer(r"\b(?:_|n?gettext|pgettext)\(\s*", source):
        place = match.end()
        # The strings directly after the parenthesis, separated by commas: singular, plural.
        while found := STRING.match(source, place):
            yield found.start() + 1, found.end() - 1, found.group()[0]
            after = re.compile(r"\s*,?\s*").match(source, found.end())
            place = after.end() if after else found.end()


def corrected(path: Path) -> str:
    source = path.read_text(encoding="utf-8")
    places = places_in_python(source) if path.suffix == ".py" else places_in_template(source)
    for start, end, quote in sorted(set(places), reverse=True):
        source = source[:start] + typeset(source[start:end], quote=quote) + source[end:]
    return source


def files() -> list[Path]:
    patterns = [f"{room}/{kind}" for room in ROOMS for kind in ("*.py", "*/templates/*", "templates/*")]
    listed = subprocess.run(  # nosec B603 B607 # git as it stands on PATH, with arguments of ours
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    kinds = {".py", ".html", ".txt", ".xml"}
    return [ROOT / name for name in sorted(set(listed.split("\n"))) if Path(name).suffix in kinds]


def main(arguments: list[str]) -> int:
    if arguments not in (["check"], ["write"]):
        print("usage: python make/typeset.py check | write", file=sys.stderr)
        return 2
    wrong = [
        (path, text) for path in files() if (text := corrected(path)) != path.read_text(encoding="utf-8")
    ]
    for path, text in wrong:
        print(path.relative_to(ROOT))
        if arguments == ["write"]:
            path.write_text(text, encoding="utf-8")
    return 1 if wrong and arguments == ["check"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
