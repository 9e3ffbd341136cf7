#!/usr/bin/env bash
# Formatters, linters, types, floors, links, documents, locks. All run; the status says whether any failed.
set -uo pipefail

status=0
step() {
  echo "→ $1"
  shift
  "$@" || { status=1; echo "✗ failed: $*" >&2; }
}

python=.venv/bin/python
step "form of the Python code" $python -m ruff format --check .
step "lint" $python -m ruff check --quiet .
step "types" $python -m mypy
step "floors" $python -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
step "what bandit finds" $python -m bandit --quiet --configfile pyproject.toml --recursive .
step "TypeScript" npm run --silent check
step "files of deploy" $python make/deployment.py
step "links in the documents" $python make/links.py
# Strict: a page, a heading or a picture that is linked and is not there fails it. The variable is about their next version.
NO_MKDOCS_2_WARNING=1 step "the documents as a site" $python -m mkdocs build --strict --quiet
step "locks" $python make/locks.py check
step "known weaknesses" $python make/audits.py
exit $status
