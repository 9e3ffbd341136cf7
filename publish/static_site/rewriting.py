"""A page of the portal as a page of the copy: its links lead to files, and what needs a server says where it is done.

The page is not made anew: what is to change is found by a parser, and the text between stays as it is, letter by letter.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from babel.dates import format_date
from markupsafe import Markup, escape

from app.extensions import gettext as _
from publish import addresses
from publish.static_site.layout import ABOUT, SEARCH, file_of, is_numbered, way

# Where an article says whom to ask; its own part of the page (publish/article.html).
CONTACTS = "guichets-a-qui-parler-de-cette-fiche"
# What readers say of an article. It is not copied: who takes their words back could not reach a copy.
VOICES = "votre-avis-sur-cette-fiche-ci-dessus"
# Attributes that lead to an address, by element.
_LEADING = {"a": "href", "img": "src", "source": "srcset", "link": "href", "area": "href"}
_VALUE = r"""(\s{}\s*=\s*)("[^"]*"|'[^']*'|[^\s>]+)"""


@dataclass(frozen=True)
class Surroundings:
    """What a page is put among. `known`: every address of the copy; `doors`: where an online service is, by its name."""

    public_url: str
    base_url: str
    known: Collection[str]
    doors: Mapping[str, str]


@dataclass
class Rewritten:
    """`text` has a mark where the day of the copy goes (`dated`)."""

    text: str
    links: list[str]


DAY = "\x00day\x00"


def dated(text: str, day: date) -> str:
    """The text of a page with the day since which it stands in the copy as it is."""
    return text.replace(DAY, escape(format_date(day, "d MMMM y", locale="fr")))


def rewritten(page: str, address: str, among: Surroundings, csp: str, *, scripted: bool = False) -> Rewritten:
    """The page that stands at `address`, as it stands in the copy. `scripted`: it carries the script of the search."""
    reader = _Reader(page, address, among)
    policy = Markup('\n<meta http-equiv="Content-Security-Policy" content="{}">').format(
        policy_of(csp, scripted=scripted)
    )
    return Rewritten(reader.changed(str(policy)), sorted(reader.links))


def policy_of(csp: str, *, scripted: bool) -> str:
    """The policy of a page without a header. `file:` says what 'self' says where the page was opened from a disk."""
    kept = [
        part.strip()
        for part in csp.split(";")
        # Understood in a header only; the form of a copy is the one of its search, which is a file of it.
        if part.strip() and not part.strip().startswith(("frame-ancestors", "form-action", "img-src"))
    ]
    if scripted:
        kept = [part for part in kept if not part.startswith("trusted-types")]
        kept += ["trusted-types copie", "script-src 'self' file:"]
    return "; ".join([*kept, "img-src 'self' file: data:", "form-action 'self' file:"])


class _Reader(HTMLParser):
    """Finds what changes, as (from, to, what stands there then)."""

    def __init__(self, page: str, address: str, among: Surroundings) -> None:
        super().__init__(convert_charrefs=False)
        self.page, self.address, self.among = page, address, among
        self.file = file_of(address)
        self.edits: list[tuple[int, int, str]] = []
        self.links: set[str] = set()
        self.policy = ""
        self._lines = [0, *(match.end() for match in re.finditer("\n", page))]
        self._has_contacts = f'id="{CONTACTS}"' in page
        # What is being left out: its element, how deep it is in itself, where it begins, what stands there instead.
        self._left_out: tuple[str, int, int, str] | None = None
        # What follows each link that is open.
        self._behind: list[str] = []

    def changed(self, policy: str) -> str:
        self.policy = policy
        self.feed(self.page)
        self.close()
        parts, at = [], 0
        for begin, end, instead in sorted(self.edits, key=lambda edit: edit[:2]):
            parts += [self.page[at:begin], instead]
            at = end
        return "".join([*parts, self.page[at:]])

    def _here(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        source = self.get_starttag_text() or ""
        begin = self._here()
        if self._left_out is not None:
            name, depth, since, instead = self._left_out
            if tag == name:
                self._left_out = (name, depth + 1, since, instead)
            return
        if tag == "form":
            if given.get("role") == "search":
                self._put(begin, source, "action", way(self.file, file_of(SEARCH)))
            else:
                self._left_out = ("form", 1, begin, self.online())
        elif tag == "section" and given.get("aria-labelledby") == VOICES:
            self._left_out = ("section", 1, begin, self.online())
        elif tag == "meta" and given.get("charset"):
            self._insert(begin + len(source), self.policy)
        elif tag == "meta" and given.get("property") == "og:url":
            self._put(begin, source, "content", self._public(given.get("content", "")))
        elif tag == "link" and given.get("rel") == "canonical":
            self._put(begin, source, "href", self._public(given.get("href", "")))
        elif tag == "link" and given.get("rel") == "alternate" and self._target(given.get("href", ""))[1]:
            # A feed that the copy does not have is no other form of its page.
            self.edits.append((begin, begin + len(source), ""))
        elif tag in _LEADING and _LEADING[tag] in given:
            away = self._lead(tag, begin, source, given[_LEADING[tag]])
            if tag == "a":
                self._behind.append(self.copied() if given.get("class") == "skip" else away)
        elif tag == "a":
            self._behind.append("")

    handle_startendtag = handle_starttag

    def handle_endtag(self, tag: str) -> None:
        end = self.page.find(">", self._here()) + 1
        if self._left_out is not None:
            name, depth, since, instead = self._left_out
            if tag == name and depth == 1:
                self.edits.append((since, end, instead))
                self._left_out = None
            elif tag == name:
                self._left_out = (name, depth - 1, since, instead)
        elif tag == "a" and self._behind:
            self._insert(end, self._behind.pop())

    def copied(self) -> str:
        """Says on every page that it is a copy, and of when."""
        about = way(self.file, file_of(ABOUT))
        return str(
            Markup('\n<div class="w copy"><p class="meta">{} <a href="{}">{}</a></p></div>').format(
                _("Copie du portail : cette page y était ainsi le %(day)s.", day=DAY),
                about,
                _("À propos de cette copie"),
            )
        )

    def online(self) -> str:
        """In the place of what only a server can do: where it is done, and whom to ask without a line."""
        live = self.among.public_url + self.address
        if self._has_contacts:
            ask, who = f"#{CONTACTS}", _("les guichets de cette fiche")
        else:
            ask, who = way(self.file, file_of("/administrations")), _("les guichets des administrations")
        return str(
            Markup(
                '<div class="note screen"><p>{} <a href="{}" data-live>{}</a>. {} <a href="{}">{}</a>.</p></div>'
            ).format(
                _("Répondre, donner un avis, commenter ou trier se fait sur le portail, en ligne :"),
                live,
                live.partition("://")[2],
                _("Sans connexion, demandez à :"),
                ask,
                who,
            )
        )

    def _lead(self, tag: str, begin: int, source: str, value: str) -> str:
        """What follows a link: that it leads to the living portal, if it does."""
        target, is_away = self._target(value)
        if target != value or is_away:
            more = " data-live" if is_away and tag == "a" else ""
            self._put(begin, source, _LEADING[tag], target, more)
        return str(Markup(' <span class="meta">({})</span>').format(_("en ligne"))) if is_away else ""

    def _target(self, value: str) -> tuple[str, bool]:
        """(where a link leads in the copy, whether it leads to the living portal)."""
        if not value or value.startswith(("#", "data:", "mailto:", "tel:")):
            return value, False
        public = self.among.public_url
        joined = urlsplit(urljoin(public + self.address, value))
        if f"{joined.scheme}://{joined.netloc}" != public:
            return value, False
        address = joined.path or "/"
        if joined.query:
            address += f"?{joined.query}"
        if not joined.query or is_numbered(address):
            self.links.add(address)
        fragment = f"#{joined.fragment}" if joined.fragment else ""
        if address.startswith(addresses.DOOR):
            door = self.among.doors.get(address.removeprefix(addresses.DOOR))
            if door:
                return door, False
        if address in self.among.known:
            here = file_of(address) == self.file and fragment
            return (fragment if here else way(self.file, file_of(address)) + fragment), False
        return public + address + fragment, True

    def _public(self, url: str) -> str:
        public = self.among.public_url
        return self.among.base_url + url.removeprefix(public) if url.startswith(public) else url

    def _put(self, begin: int, source: str, name: str, value: str, more: str = "") -> None:
        """Another value of an attribute. Written as text is, so that no name of a file ends it."""
        match = re.search(_VALUE.format(re.escape(name)), source, re.IGNORECASE)
        if match is not None:
            start, end = match.span(2)
            self.edits.append((begin + start, begin + end, f'"{html.escape(value)}"{more}'))

    def _insert(self, at: int, words: str) -> None:
        self.edits.append((at, at, words))
