#!/usr/bin/env bash
# Prints the path of a LibreOffice for the tests of office files, installing one where there is none:
# SOFFICE=…, then the PATH, then apt as root on Debian. Prints nothing where there is none to be had.
# Only the path goes to standard output; everything else goes to standard error.
set -euo pipefail

found() {
  local name
  for name in "${SOFFICE:-}" soffice libreoffice "/Applications/LibreOffice.app/Contents/MacOS/soffice"; do
    if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1; then
      command -v "$name"
      return 0
    fi
  done
  return 1
}

if [ -n "${SOFFICE:-}" ] && ! command -v "$SOFFICE" >/dev/null 2>&1; then
  echo "SOFFICE=$SOFFICE is not a program." >&2
  exit 1
fi
if found; then exit 0; fi

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "→ LibreOffice, through apt" >&2
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >&2
  # The parts without windows: a writer, and a spreadsheet that reads the open data.
  apt-get install -y -qq --no-install-recommends libreoffice-writer-nogui libreoffice-calc-nogui >&2 || true
  hash -r
fi
found || echo "No LibreOffice: the tests that need one are skipped aloud." >&2
