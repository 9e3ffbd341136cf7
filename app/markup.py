"""Text from outside that has to become HTML: the only module that imports bleach.

It stands behind renderers that escape by construction and before a strict CSP. Size and nesting are capped
first, because bleach needs more than 12 seconds for 20,000 nested elements.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import bleach
from markupsafe import Markup

MAX_HTML = 256 * 1024
MAX_DEPTH = 64
_TAGS = frozenset(
    [
        "p",
        "br",
        "h2",
        "h3",
        "h4",
        "strong",
        "em",
        "u",
        "s",
        "ul",
        "ol",
        "li",
        "blockquote",
        "a",
        "code",
        "pre",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "hr",
        "sup",
        "sub",
    ]
)
_ATTRIBUTES = {
    "a": ["href"],
    "th": ["scope", "colspan", "rowspan"],
    "td": ["colspan", "rowspan"],
    "ol": ["start"],
}
_SCHEMES = ("http", "https", "mailto", "tel")
_HIDDEN = re.compile(r"[\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")


def safe_href(href: str) -> str | None:
    """`href` when it may stand in a page, else None.

    Refused: other schemes, addresses without scheme on another host (`//`, `\\\\`), userinfo before the host
    (https://good@evil), hidden and control characters, more than 2,000 characters.
    """
    text = href.strip()
    if not text or len(text) > 2000 or _HIDDEN.search(text):
        return None
    folded = text.replace("\\", "/")
    if folded.startswith("//"):
        return None
    if folded.startswith(("/", "#")):
        return text
    try:
        parts = urlsplit(folded)
    except ValueError:
        return None
    if parts.scheme.lower() not in _SCHEMES or "\\" in text:
        return None
    if parts.scheme.lower() in ("http", "https") and (not parts.hostname or "@" in parts.netloc):
        return None
    return text


def clean_html(source: str) -> Markup:
    """Harmless HTML made of a fragment from outside. Raises ValueError when it is too large or too deep."""
    if len(source) > MAX_HTML or _depth(source) > MAX_DEPTH:
        raise ValueError("the fragment is too large or nested too deeply")
    cleaned = bleach.clean(
        source, tags=_TAGS, attributes=_attribute_allowed, protocols=list(_SCHEMES), strip=True
    )
    return Markup(cleaned)  # noqa: S704 # nosec B704 # bleach cleaned it, here and nowhere else


def _attribute_allowed(tag: str, name: str, value: str) -> bool:
    if name not in _ATTRIBUTES.get(tag, []):
        return False
    return name != "href" or safe_href(value) is not None


def _depth(source: str) -> int:
    depth = deepest = 0
    for match in re.finditer(r"<(/?)[a-zA-Z]", source):
        depth += -1 if match.group(1) else 1
        deepest = max(deepest, depth)
    return deepest
