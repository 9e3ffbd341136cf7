"""Addresses of the files a page loads: the bundles by the hash in their name, the rest as they stand."""

from __future__ import annotations

import json
from pathlib import Path

from flask import Flask, current_app, url_for

MANIFEST = Path("dist") / "manifest.json"


def asset(name: str) -> str | None:
    """The address of a built file such as "editor.js"; None while the bundle has not been built.

    A page without its bundle stays readable: the text in it is written by the server.
    """
    built = _manifest(current_app).get(name)
    return url_for("static", filename=f"dist/{built}") if built else None


def _manifest(app: Flask) -> dict[str, str]:
    """The manifest, read again when the file changes, so that a rebuilt bundle needs no restart."""
    path = Path(app.static_folder or "") / MANIFEST
    try:
        stamp = path.stat().st_mtime_ns
    except OSError:
        return {}
    kept: tuple[int, dict[str, str]] | None = app.extensions.get("openlab_manifest")
    if kept is None or kept[0] != stamp:
        kept = (stamp, json.loads(path.read_text(encoding="utf-8")))
        app.extensions["openlab_manifest"] = kept
    return kept[1]


def init_app(app: Flask) -> None:
    app.jinja_env.globals["asset"] = asset
