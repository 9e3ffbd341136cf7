# Open Lab: the commands of the workshop. `make help` lists them.
#
# Works with GNU make 3.81 (macOS) and later. Everything a command fetches or builds stays inside the clone:
# .venv, node_modules, .cache (pip, npm, uv, browser), .make (stamps), app/static/dist, data. A stamp is newer
# than the files it was made from, so a second `make run` goes straight to the server.

SHELL := /bin/bash
.DEFAULT_GOAL := help

ROOT := $(CURDIR)
PY := .venv/bin/python
CACHE := $(ROOT)/.cache

export PIP_CACHE_DIR := $(CACHE)/pip
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export UV_CACHE_DIR := $(CACHE)/uv
export npm_config_cache := $(CACHE)/npm
export npm_config_update_notifier := false
export npm_config_audit := false
export npm_config_fund := false
export PLAYWRIGHT_BROWSERS_PATH := $(CACHE)/playwright
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD := 1
# pip asks `rustc` for its version, and a rustup that was never set up answers by writing in the home folder.
ifeq ($(wildcard $(HOME)/.rustup),)
export RUSTUP_HOME := $(CACHE)/rustup
endif

# A deleted folder takes its stamp with it; otherwise the stamp would promise what is no longer there.
$(shell mkdir -p .make; \
  [ -x $(PY) ] || rm -f .make/venv .make/python-run .make/python-dev; \
  [ -d node_modules ] || rm -f .make/node; \
  [ -d app/static/dist ] || rm -f .make/bundle)

# Folders are listed beside files: a folder's time changes when a file in it is removed.
CLIENT := $(shell find realtime/client -name node_modules -prune -o -print 2>/dev/null) \
  drafts/schema.json app/static/editor.css app/static/plain-french.css $(wildcard tsconfig*.json vite.config.* esbuild.* build.mjs)

.PHONY: help run build test check soak bench docs format locks clean

help: ## List the commands
	@echo "Open Lab"
	@echo
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'
	@echo
	@echo "Variables of make run: PORT HOST DATABASE_URL REDIS_URL DATA_DIR DEMO=0 (docs/settings.md has all settings)."
	@echo "Variables of make test: TEST_DATABASE_URL TEST_REDIS_URL CHROMIUM SOFFICE NGINX CI=true (nothing may be skipped)."

run: .make/python-run .make/bundle ## Install what is missing, then serve on http://127.0.0.1:8000 with demonstration content
	@DATA_DIR="$${DATA_DIR:-$(ROOT)/data}" exec $(PY) wsgi.py $(if $(filter 0,$(DEMO)),,--demo)

build: .make/python-run .make/bundle ## Install what is missing and build the editor, for a server that systemd starts (docs/install.md)
	@$(PY) -m compileall -q config.py wsgi.py app labs drafts realtime publish migrations

test: .make/python-dev .make/bundle ## Every test: Python, TypeScript, journeys in Chromium
	@bash make/test.sh $(ARGS)

soak: .make/python-dev .make/bundle ## The long runs (kill -9, power cuts, rough lines, mutated updates, a bare clone, a bare Debian), with progress
	@bash make/test.sh --soak $(ARGS)

bench: .make/python-dev .make/bundle ## Benchmarks, written under benchmarks/results/
	@$(PY) -m benchmarks $(ARGS)

check: .make/python-dev .make/node ## Format, lint, types, import floors, links in docs, locks
	@bash make/check.sh

docs: .make/python-dev ## The documents as a site, in .cache/docs
	@NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict --quiet && echo "→ .cache/docs/index.html"

format: .make/python-dev ## Put the code in its canonical form, and the French of the screens in its typography
	@$(PY) -m ruff check --fix-only --quiet . ; $(PY) -m ruff format . && $(PY) make/typeset.py write

locks: .make/python-dev ## Pin requirements*.in again into requirements*.lock
	@$(PY) make/locks.py write $(ARGS)

clean: ## Remove what make built (the data folder stays)
	rm -rf .venv node_modules .make .cache app/static/dist

# --- what the commands stand on -------------------------------------------------------------------------------

.make/venv:
	@bash make/venv.sh
	@touch $@

.make/python-run: requirements.lock .make/venv
	@echo "→ Python packages"
	@$(PY) -m pip install --quiet --require-hashes --requirement requirements.lock
	@touch $@

# The development lock holds everything of the other one at the same versions (make check verifies it).
.make/python-dev: requirements-dev.lock requirements.lock .make/venv
	@echo "→ Python packages, with those of the tests"
	@$(PY) -m pip install --quiet --require-hashes --requirement requirements-dev.lock
	@touch .make/python-run $@

.make/node: package.json package-lock.json
	@bash make/node.sh
	@echo "→ packages of the editor"
	@npm ci --loglevel=error
	@touch $@

.make/bundle: .make/node $(CLIENT)
	@echo "→ editor bundle"
	@npm run --silent build
	@touch $@
