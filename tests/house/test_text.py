"""Nothing in the repository names the place where it was written, and locks name no host."""

from __future__ import annotations

import pytest

from tests.house.tree import shown, tracked

# Put together here, so that this file does not find itself.
FOREIGN = (
    "/wo" + "rk/",
    "shared/" + "design",
    "pypi" + ".org",
    "python" + "hosted.org",
    "registry.np" + "mjs.org",
    "deb" + ".debian.org",
    "--index" + "-url",
    "--find" + "-links",
    "/opt/" + "wheels",
)
BINARY = {".png", ".jpg", ".webp", ".ico", ".woff2", ".pdf", ".gz", ".zip", ".docx", ".odt", ".bin", ".mo"}
# make/locks.py tells uv to leave exactly these lines out.
ALLOWED = {("make/locks.py", "--index" + "-url"), ("make/locks.py", "--find" + "-links")}


@pytest.mark.parametrize("words", FOREIGN)
def test_no_file_names_the_workplace(words: str) -> None:
    found = [
        shown(path)
        for path in tracked()
        if path.suffix not in BINARY
        and words in path.read_text(encoding="utf-8", errors="replace")
        and (shown(path), words) not in ALLOWED
    ]
    assert not found, f"{words!r} means nothing to a reader elsewhere: {found}"


def test_text_files_are_utf8_with_one_last_newline() -> None:
    wrong = []
    for path in tracked("*.py", "*.ts", "*.md", "*.html", "*.css", "*.toml", "*.json", "*.sh", "Makefile"):
        data = path.read_bytes()
        if b"\r" in data or (data and not data.endswith(b"\n")):
            wrong.append(shown(path))
        data.decode("utf-8")
    assert not wrong, f"End lines with \\n, the last one too: {wrong}"
