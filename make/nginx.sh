#!/usr/bin/env bash
# Prints the path of an nginx for the tests of deploy/nginx, fetching one where there is none:
# NGINX=…, then the PATH and sbin, then Debian's package, unpacked inside .cache. Installing it would start a server on port 80.
# Only the path goes to standard output; everything else goes to standard error. Prints nothing where there is none to be had.
set -euo pipefail

kept=.cache/nginx/usr/sbin/nginx
found() {
  local name
  for name in "${NGINX:-}" nginx /usr/sbin/nginx /usr/local/sbin/nginx /opt/homebrew/bin/nginx "$PWD/$kept"; do
    # One that was fetched for another system lacks its libraries.
    if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1 && "$name" -v 2>/dev/null; then
      command -v "$name"
      return 0
    fi
  done
  return 1
}

if [ -n "${NGINX:-}" ] && ! command -v "$NGINX" >/dev/null 2>&1; then
  echo "NGINX=$NGINX is not a program." >&2
  exit 1
fi
if found; then exit 0; fi

if command -v apt-get >/dev/null 2>&1 && command -v dpkg-deb >/dev/null 2>&1; then
  echo "→ nginx, through apt" >&2
  if [ "$(id -u)" = 0 ]; then apt-get update -qq >&2 || true; fi
  mkdir -p .cache/nginx
  # Ubuntu kept the program in nginx-core until 23.10.
  for package in nginx nginx-core; do
    (cd .cache/nginx && apt-get download -qq "$package" >&2 && dpkg-deb -x "$package"_*.deb .) || true
    if found; then exit 0; fi
  done
fi
echo "No nginx: the tests of the proxy are skipped aloud." >&2
