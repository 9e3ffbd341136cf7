#!/usr/bin/env bash
# Prints the path of a Chromium for the journeys, installing one where there is none:
# CHROMIUM=…, then the PATH, then apt as root on Debian, then Playwright's own build inside .cache.
# Only the path goes to standard output; everything else goes to standard error.
set -euo pipefail

found() {
  local name
  for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable \
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" \
    "/Applications/Chromium.app/Contents/MacOS/Chromium"; do
    if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1; then
      command -v "$name"
      return 0
    fi
  done
  .venv/bin/python make/playwright_chromium.py 2>/dev/null
}

if [ -n "${CHROMIUM:-}" ] && ! command -v "$CHROMIUM" >/dev/null 2>&1; then
  echo "CHROMIUM=$CHROMIUM is not a program." >&2
  exit 1
fi
if found; then exit 0; fi

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "→ Chromium, through apt" >&2
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >&2
  # Ubuntu's package is a stub that asks for snap; then Playwright's build is the way.
  apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >&2 || true
  hash -r
  if found; then exit 0; fi
  with_deps=--with-deps
fi

echo "→ Chromium, through Playwright" >&2
PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD= .venv/bin/python -m playwright install ${with_deps:-} chromium >&2
found
