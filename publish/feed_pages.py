"""Which news each Atom feed holds, thirty at a time: the pages behind the first are those of RFC 5005, section 3."""

from __future__ import annotations

from collections.abc import Sequence

from app.extensions import gettext as _
from publish import addresses, changes, feeds, office_queries, queries
from publish.addresses import Kind
from publish.feeds import ATOM_ENTRIES
from publish.queries import Card, SubjectKind

# Three thousand news back; who wants more takes the open data.
MOST_PAGES = 100
QUESTION = "page"


def asked(given: str) -> int:
    """The page that an address asks for; 0 for what is none."""
    if not given.isascii() or not given.isdigit() or len(given) > 3:
        return 0
    return int(given) if 1 <= int(given) <= MOST_PAGES else 0


def feed(public_url: str, path: str, number: int = 1) -> str | None:
    """The feed that stands at `path`, from its first or a later page; None when there is none."""
    known = addresses.understood(path)
    if known is None:
        return None
    kind, slug = known
    if kind is Kind.CHANGES_ATOM:
        found = changes.newest(ATOM_ENTRIES * number + 1)
        entries, more = (
            found[ATOM_ENTRIES * (number - 1) : ATOM_ENTRIES * number],
            len(found) > ATOM_ENTRIES * number,
        )
        title, about = _("Open Lab : tout ce qui change"), "/"
    else:
        listed = _cards(kind, slug)
        if listed is None:
            return None
        title, about, cards = listed
        entries = feeds.entries_of(cards[ATOM_ENTRIES * (number - 1) : ATOM_ENTRIES * number])
        more = len(cards) > ATOM_ENTRIES * number
    if number > 1 and not entries:
        return None
    return feeds.atom(
        public_url, entries, path, title, about, number=number, more=more and number < MOST_PAGES
    )


def _cards(kind: Kind, slug: str) -> tuple[str, str, Sequence[Card]] | None:
    """(title, page it is about, articles, the newest first)."""
    if kind is Kind.ATOM:
        return "", "/", queries.live_cards()
    if kind is Kind.THEME_ATOM:
        cards = queries.live_cards()
        subject = next((one for one in queries.subjects(SubjectKind.THEME, cards) if one.slug == slug), None)
        if subject is None:
            return None
        mine = [card for card in cards if slug in card.listed(SubjectKind.THEME)]
        return _("Open Lab : %(title)s", title=subject.title), addresses.theme(slug), mine
    found = office_queries.office_page(slug)
    if found is None:
        return None
    newest = sorted(found.articles, key=lambda card: card.published_at, reverse=True)
    return _("Open Lab : %(title)s", title=found.office.name), addresses.administration(slug), newest
