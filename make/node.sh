#!/usr/bin/env bash
# Says in words what is missing; npm's own messages do not name the version that is needed.
set -euo pipefail

if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
  echo "Node 20 or later with npm is needed to build the editor." >&2
  exit 1
fi
if ! node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)'; then
  echo "Node 20 or later is needed to build the editor; this is $(node --version)." >&2
  exit 1
fi
