"""Look for dead links in the project's Markdown: a relative link must lead to a file, a fragment to a heading.

Links to other sites are left alone: a check that depends on somebody else's server would fail on a bad day.
"""

import re
import subprocess
import sys
import unicodedata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INLINE = r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)"
LINK = re.compile(INLINE + r"|^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*\s*$", re.MULTILINE)


def documents() -> list[Path]:
    """The Markdown files that git knows or would know; node_modules and caches are ignored."""
    listed = subprocess.run(  # nosec B603 B607 # git as it stands on PATH, with arguments of ours
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).exists()]


def slug(heading: str) -> str:
    """The fragment that GitHub and GitLab give to a heading: letters, digits, dashes and underscores."""
    plain = unicodedata.normalize("NFC", heading.replace("`", "")).lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def anchors(document: Path) -> set[str]:
    text = FENCE.sub("", document.read_text(encoding="utf-8"))
    return {slug(found.group(1)) for found in HEADING.finditer(text)}


def dead_links(document: Path) -> list[str]:
    text = CODE.sub("", FENCE.sub("", document.read_text(encoding="utf-8")))
    dead: list[str] = []
    for found in LINK.finditer(text):
        target = found.group(1) or found.group(2)
        if re.match(r"^[a-z][a-z0-9+.-]*:", target):
            continue
        path, _, fragment = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        where = document.relative_to(ROOT)
        if not file.is_relative_to(ROOT) or not file.exists():
            dead.append(f"{where}: {target} leads nowhere")
        elif fragment and file.suffix == ".md" and fragment not in anchors(file):
            dead.append(f"{where}: {target} names a heading that is not there")
    return dead


def main() -> int:
    dead = [line for document in documents() for line in dead_links(document)]
    for line in dead:
        print(line, file=sys.stderr)
    return 1 if dead else 0


if __name__ == "__main__":
    sys.exit(main())
