"""Look at the files of deploy/ as their own programs do: the image, Compose, nginx, systemd. None of them is started.

systemd-analyze comes with systemd and not from a registry: where it is missing (macOS), that is said and is no failure.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
PROGRAMS = Path(sys.executable).parent
# From 0, closed, to 10, everything open. The units stand at 1.7; what opens more than that is a decision.
MOST_EXPOSED = "20"


def _run(*command: str | Path) -> bool:
    """Whether a program found nothing; what it found is printed."""
    done = subprocess.run(  # nosec B603 # a linter of this environment or of this machine, on files of ours
        [str(part) for part in command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(done.stdout, done.stderr, sep="\n", file=sys.stderr)
    return done.returncode == 0


def _units() -> bool:
    """Units as they stand; of a template, one of its instances."""
    program = shutil.which("systemd-analyze")
    if program is None:
        print("!!! systemd-analyze is not installed: the units were not looked at", file=sys.stderr)
        return True
    with tempfile.TemporaryDirectory() as name:
        for unit in (DEPLOY / "systemd").iterdir():
            shutil.copy(unit, Path(name) / unit.name.replace("@.", "@8001."))
        units = sorted(Path(name).iterdir())
        services = [unit for unit in units if unit.suffix == ".service"]
        exposed = (program, "security", "--offline=yes", f"--threshold={MOST_EXPOSED}")
        verified = _run(program, "verify", "--man=no", "--recursive-errors=no", *units)
        return all([verified, *(_run(*exposed, unit) for unit in services)])


def main() -> int:
    well = [
        _run(PROGRAMS / "hadolint", DEPLOY / "container" / "Containerfile"),
        _run(
            PROGRAMS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec",
            DEPLOY / "container" / "compose.yaml",
        ),
        _run(PROGRAMS / "gixy", DEPLOY / "nginx" / "openlab.conf"),
        _units(),
    ]  # fmt: skip
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main())
