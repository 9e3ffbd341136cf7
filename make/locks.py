"""Pin requirements*.in into requirements*.lock (`write`), or say whether the locks are up to date (`check`).

`write` asks the package index, keeps the pins that still fit and needs `--upgrade` to move the others.
`check` asks nobody: the first line of a lock holds the digest of what it was made from, every name asked for
has a pin that fits, and the development lock agrees with the other one.
"""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {
    "requirements.lock": ("requirements.in",),
    "requirements-dev.lock": ("requirements-dev.in", "requirements.in"),
}
OLDEST_PYTHON = "3.11"  # The oldest one the project promises to run on (pyproject.toml, requires-python).
PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9.\-]*)==(?P<version>[^\s;]+)", re.MULTILINE)


def requirement_lines(source: str) -> list[str]:
    lines = (line.strip() for line in (ROOT / source).read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith(("#", "-"))]


def digest(sources: tuple[str, ...]) -> str:
    """The hexadecimal SHA-256 of what the given files ask for; their comments do not count."""
    asked = [line for name in sources for line in requirement_lines(name)]
    return hashlib.sha256("\n".join(asked).encode()).hexdigest()


def header(sources: tuple[str, ...]) -> str:
    return f"# Made by `make locks` from {' and '.join(sources)}, sha256 {digest(sources)}\n"


def write(upgrade: bool) -> None:
    for lock, sources in LOCKS.items():
        # The runtime lock comes first and constrains the other one, so that tests run on what is served.
        constraints = ["--constraints", "requirements.lock"] if lock != "requirements.lock" else []
        subprocess.run(  # nosec B603 # uv of this environment, with arguments of ours
            [
                *(sys.executable, "-m", "uv", "pip", "compile", "--quiet"),
                *("--universal", "--python-version", OLDEST_PYTHON, "--generate-hashes"),
                *("--no-header", "--no-emit-index-url", "--no-emit-find-links"),
                *(["--upgrade"] if upgrade else []),
                *constraints,
                *("--output-file", lock, sources[0]),
            ],
            cwd=ROOT,
            check=True,
        )
        path = ROOT / lock
        pins = path.read_text(encoding="utf-8").split("\n")
        body = "\n".join(line for line in pins if not line.startswith("# Made by"))
        path.write_text(header(sources) + body, encoding="utf-8")


def pins_of(lock: str) -> dict[str, str]:
    text = (ROOT / lock).read_text(encoding="utf-8")
    return {canonicalize_name(found["name"]): found["version"] for found in PIN.finditer(text)}


def problems() -> list[str]:
    """One sentence for each thing that is wrong with the locks."""
    found: list[str] = []
    for lock, sources in LOCKS.items():
        if not (ROOT / lock).read_text(encoding="utf-8").startswith(header(sources)):
            found.append(f"{lock} was not made from the present {' and '.join(sources)}: run `make locks`.")
        pins = pins_of(lock)
        for source in sources:
            for line in requirement_lines(source):
                wanted = Requirement(line)
                pin = pins.get(canonicalize_name(wanted.name))
                if pin is None or not wanted.specifier.contains(pin, prereleases=True):
                    found.append(f"{lock} has no pin that fits “{line}” of {source}.")
    development = pins_of("requirements-dev.lock")
    for name, version in pins_of("requirements.lock").items():
        if development.get(name) != version:
            found.append(f"{name} is {version} where we serve and {development.get(name)} where we test.")
    return found


def main(arguments: list[str]) -> int:
    match arguments:
        case ["write"]:
            write(upgrade=False)
        case ["write", "--upgrade"]:
            write(upgrade=True)
        case ["check"]:
            found = problems()
            print("\n".join(found), end="\n" if found else "", file=sys.stderr)
            return 1 if found else 0
        case _:
            print("usage: python make/locks.py check | write [--upgrade]", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
