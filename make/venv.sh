#!/usr/bin/env bash
# Makes .venv with the first Python ≥ 3.11 found (or PYTHON=…). macOS's own python3 is 3.9, hence the list.
set -euo pipefail

candidates=(python3 python3.14 python3.13 python3.12 python3.11)
if [ -n "${PYTHON:-}" ]; then candidates=("$PYTHON"); fi

for python in "${candidates[@]}"; do
  command -v "$python" >/dev/null 2>&1 || continue
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
  echo "→ virtual environment ($("$python" --version))"
  if ! "$python" -m venv .venv; then
    rm -rf .venv
    echo "The venv module is missing. On Debian and Ubuntu: apt-get install python3-venv" >&2
    exit 1
  fi
  exit 0
done

echo "Python 3.11 or later is needed (looked for: ${candidates[*]}). Give its path as PYTHON=…" >&2
exit 1
