"""The styles that travel inside public pages, and the policy of a page that carries them."""

from __future__ import annotations

import base64
import hashlib
import re


def policy(styles: list[str]) -> str:
    """What a page may do that carries these styles: nothing but show them, pictures of ours, and forms to us."""
    hashes = " ".join(f"'sha256-{_digest(style)}'" for style in styles)
    return (
        f"default-src 'none'; style-src {hashes}; img-src 'self' data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _digest(style: str) -> str:
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


def compact(css: str) -> str:
    """The style sheet without comments and idle spaces; it travels in every page."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    css = re.sub(r"\s+", " ", css)
    css = re.sub(r"\s*([{};,>])\s*", r"\1", css)
    return re.sub(r":\s+", ":", css).replace(";}", "}").strip()
