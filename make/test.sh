#!/usr/bin/env bash
# Every test, or with --soak the long runs. Further arguments go to pytest, and then only pytest runs:
#   make test ARGS="tests/drafts -k gate"
# All three parts run even when an earlier one failed, so one run tells everything; the status is the worst.
set -uo pipefail

root=$PWD
soak=
if [ "${1:-}" = --soak ]; then
  soak=1
  shift
fi

chromium=$(bash make/chromium.sh) || exit 1
export CHROMIUM="$chromium"
soffice=$(bash make/libreoffice.sh) || exit 1
export SOFFICE="$soffice"
nginx=$(bash make/nginx.sh) || exit 1
export NGINX="$nginx"
export TEST_DATABASE_URL="${TEST_DATABASE_URL:-postgresql+psycopg://postgres@127.0.0.1:5432/postgres}"
export TEST_REDIS_URL="${TEST_REDIS_URL:-redis://127.0.0.1:6379/15}"

# Browsers and their libraries write in the home folder (certificates, fonts, shaders); give them one in the clone.
mkdir -p .cache/home
export HOME="$root/.cache/home"
export XDG_CACHE_HOME="$HOME/.cache" XDG_CONFIG_HOME="$HOME/.config" XDG_DATA_HOME="$HOME/.local/share"
unset SECRET_KEY DATABASE_URL REDIS_URL DATA_DIR PORT HOST PUBLIC_URL

answers() {
  "$root/.venv/bin/python" -c 'import sys, sqlalchemy as sa; sa.create_engine(sys.argv[1]).connect()' "$1" 2>/dev/null
}
# What the tests make goes into the clone as well. A folder per run, since pytest empties the one it is given.
run=0
pytest() {
  run=$((run + 1))
  mkdir -p "$root/.cache/tests"
  "$root/.venv/bin/python" -m pytest --durations=20 --durations-min=2 --basetemp="$root/.cache/tests/$run" "$@"
}

if [ -n "$soak" ]; then
  SOAK=1 pytest -m soak --capture=no --timeout=0 "${@:-tests}"
  status=$?
  # Tens of thousands of walks of three ProseMirror clients.
  SOAK=1 npm test --silent -- convergence || status=1
  exit $status
fi
if [ $# -gt 0 ]; then
  pytest "$@"
  exit
fi

status=0
echo "→ Python"
# Two workers: the smallest machine we promise has two cores. A file stays with one worker, so that what a
# module starts (a server, a database) is started once.
pytest -n "${WORKERS:-2}" --dist loadfile tests --ignore=tests/journeys || status=1
echo "→ Python, the same on PostgreSQL"
if [ "${CI:-}" = true ] || answers "$TEST_DATABASE_URL"; then
  pytest -n "${WORKERS:-2}" --dist loadfile --database=postgresql \
    tests --ignore=tests/journeys --ignore=tests/house || status=1
else
  echo "!!! SKIPPED ALOUD: no PostgreSQL answers at TEST_DATABASE_URL ($TEST_DATABASE_URL)"
fi
echo "→ TypeScript"
npm test --silent || status=1
if [ -d tests/journeys ]; then
  echo "→ journeys in $CHROMIUM"
  # Each worker has a browser and a server of its own; those that measure seconds, or press keys as fast as they can, have
  # the machine for themselves.
  pytest -n "${WORKERS:-2}" --dist loadfile -m "not soak and not alone" tests/journeys || status=1
  pytest -m "alone and not soak" tests/journeys || status=1
fi
exit $status
