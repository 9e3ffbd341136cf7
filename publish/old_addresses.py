"""Where the pages of older portals went: one normal form for all spellings of an address, and one look-up for it.

A bookmark of ten years ago comes percent-encoded by some browsers and not by others, with a slash at its end, in
capitals, with `index.html`, with the trackers of whoever sent the link. All of them are one address here. It is asked
for only where nothing of ours answers, so that no old address stands before a page of the portal, and it only ever
leads to an address of ours.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote_to_bytes, urlsplit

import sqlalchemy as sa

from app import clock
from app.db import session
from app.errors import Invalid
from app.extensions import gettext as _
from drafts.models import Article
from publish import addresses
from publish.models import Address
from publish.old_models import OldAddress

LONGEST = 2000
# Pages of old systems tell themselves apart by one or two; more is a form somebody sent.
MOST_ASKED = 20
_INDEX = re.compile(r"/(?:index|default|accueil|home)\.(?:html?|php|aspx?|jsp|cfm)\Z")
# What others add to links to count who followed them.
_TRACKERS = re.compile(r"utm_.*|fbclid|gclid|msclkid|mc_[ce]id|xtor|igshid|_ga")


@dataclass(frozen=True)
class Moved:
    """What took over an old address: `slug` is None while it is not public here. `title` is that of the old page."""

    slug: str | None
    title: str


def normal(address: str) -> str | None:
    """The one spelling of an address of an older portal, host left out; None for what is none.

    Decoded (UTF-8, else windows-1252), in small letters, without index page, slash at its end, trackers and fragment;
    what is asked after the question mark in alphabetical order.
    """
    if not address or len(address) > LONGEST:
        return None
    try:
        parts = urlsplit(address.strip())
        asked = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=MOST_ASKED, encoding="latin-1")
    except ValueError:
        return None
    path = re.sub(r"/+", "/", "/" + _decoded(unquote_to_bytes(parts.path)))
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in path) or ".." in path.split("/"):
        return None
    path = _INDEX.sub("/", path.lower())
    path = path.rstrip("/") or "/"
    pairs = sorted(
        (_decoded(name.encode("latin-1")).lower(), _decoded(value.encode("latin-1")).lower())
        for name, value in asked
    )
    kept = [pair for pair in pairs if not _TRACKERS.fullmatch(pair[0])]
    query = "&".join(f"{name}={value}" for name, value in kept)
    found = f"{path}?{query}" if query else path
    return found if len(found) <= LONGEST and "\x00" not in found else None


def _decoded(raw: bytes) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    return unicodedata.normalize("NFC", text)


def digest(normal_form: str) -> str:
    return hashlib.sha256(normal_form.encode("utf-8", "surrogatepass")).hexdigest()


def is_ours(normal_form: str) -> bool:
    """Whether a page of the public side stands there by its form: it answers first, and the old one when there is none."""
    return addresses.understood(normal_form.partition("?")[0]) is not None


def keep(address: str, article_id: int, *, title: str, source: str) -> bool:
    """Say for ever that an article took over what stood at this address of an older portal. False when it was said already.

    Raises Invalid for what is no address, and for one that another article took over.
    """
    form = normal(address)
    if form is None:
        raise Invalid(_("Cette ancienne adresse n’est pas lisible."), field="address")
    known = session().get(OldAddress, digest(form))
    if known is not None:
        if known.article_id != article_id:
            raise Invalid(_("Cette ancienne adresse mène déjà à une autre fiche."), field="address")
        return False
    session().add(
        OldAddress(
            digest=digest(form),
            address=form,
            title=title[:200],
            source=source,
            article_id=article_id,
            kept_at=clock.now(),
        )
    )
    session().flush()
    return True


def moved(path: bytes, query: str) -> Moved | None:
    """What took over the page that somebody asks for here. One look-up by key, whatever is asked for.

    `path` as it came, decoded once; an address that was kept without a question answers with any.
    """
    text = _decoded(path)
    # A percent sign that is left belongs to the name, and `normal` decodes once more.
    spelled = text.lstrip("/").replace("%", "%25").replace("?", "%3F").replace("#", "%23")
    whole = normal(f"/{spelled}?{query}")
    if whole is None:
        return None
    bare = whole.partition("?")[0]
    found = {
        row.digest: row
        for row in session().execute(
            sa.select(OldAddress.digest, OldAddress.title, Address.slug)
            .join(Article, Article.id == OldAddress.article_id)
            .outerjoin(Address, sa.and_(Address.article_id == Article.id, Address.is_current.is_(True)))
            .where(OldAddress.digest.in_([digest(whole), digest(bare)]))
        )
    }
    row = found.get(digest(whole)) or found.get(digest(bare))
    return Moved(row.slug, row.title) if row is not None else None
