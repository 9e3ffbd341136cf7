"""What a text refers to in the directory, and how a page shows it: contacts, online services, stored images.

A text is signed with its references, not with today's telephone number. So the HTML that is kept of a text has
marked places (comments, which no text can write: its `<` is escaped), and each page fills them with what the
directory says when it is made. What is not known is left out in public and named where the text is written.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from markupsafe import Markup

from app.directory.catalogue import Desk, Office, Service
from app.extensions import gettext as _
from drafts.grammar import Node, Tree, blocks

EMPTY = Markup("")
_PLACE = re.compile(
    r"<!--(?:contact:(?P<administration>[a-z0-9-]*):(?P<counter>-?[0-9]+):(?P<contact_id>[A-Za-z0-9_-]*)"
    r"|service:(?P<service>[a-z0-9-]*):(?P<service_id>[A-Za-z0-9_-]*))-->"
)
_GO = re.compile(r"<!--go:([a-z0-9-]*)-->(.*?)<!--/go-->", re.DOTALL)
_IMAGE = re.compile(r'<img src="/images/([a-z0-9-]+)\.webp"[^>]*>')


@dataclass(frozen=True)
class Contact:
    """An administration with the counters to show; `more` when it has others."""

    office: Office
    desks: tuple[Desk, ...]
    more: bool = False


@dataclass(frozen=True)
class References:
    """What is known of the things a text refers to. `images` None: nobody asked which are stored."""

    contacts: Mapping[tuple[str, int], Contact] = field(default_factory=lambda: MappingProxyType({}))
    services: Mapping[str, Service] = field(default_factory=lambda: MappingProxyType({}))
    images: frozenset[str] | None = None


NOTHING = References()


@dataclass(frozen=True)
class Wanted:
    """The names of everything a text refers to; 0 as a counter is the whole administration."""

    contacts: frozenset[tuple[str, int]]
    services: frozenset[str]
    images: frozenset[str]


def contact_of(attrs: Mapping[str, Any]) -> tuple[str, int]:
    return attrs.get("administration", ""), attrs.get("counter", 0)


def wanted(*trees: Tree) -> Wanted:
    """What these normalised trees refer to."""
    contacts, services, images = set(), set(), set()
    for block in [block for tree in trees for block in blocks(tree)]:
        attrs = block.get("attrs", {})
        if block["type"] == "contact":
            contacts.add(contact_of(attrs))
        elif block["type"] == "service":
            services.add(attrs.get("service", ""))
        elif block["type"] == "image":
            images.add(attrs.get("image", ""))
        services.update(
            mark.get("attrs", {}).get("service", "")
            for run in block.get("content", ())
            for mark in run.get("marks", ())
            if mark["type"] == "service_link"
        )
    return Wanted(frozenset(contacts - {("", 0)}), frozenset(services - {""}), frozenset(images - {""}))


def place(node: Node, anchor: str) -> Markup:
    """The marked place of a contact or of a service; `anchor` is its id in the page, "" for none."""
    attrs = node.get("attrs", {})
    if node["type"] == "contact":
        return Markup("<!--contact:{}:{}:{}-->").format(*contact_of(attrs), anchor)
    return Markup("<!--service:{}:{}-->").format(attrs.get("service", ""), anchor)


def fill(html: str, known: References, *, says_missing: bool = False, door: str = "") -> Markup:
    """HTML made by `drafts.render` with its marked places filled.

    `door`: the address, but for the slug, under which a page opens online services; "" leads to them directly.
    """

    def card(match: re.Match[str]) -> str:
        if match["administration"] is not None:
            anchor = _anchor(match["contact_id"])
            contact = known.contacts.get((match["administration"], int(match["counter"])))
            if contact is not None:
                return _contact(contact, anchor)
            return _missing(_("Contact à choisir, ou qui n’existe plus."), anchor) if says_missing else ""
        anchor = _anchor(match["service_id"])
        if (service := known.services.get(match["service"])) is not None:
            return _service(service, anchor, door)
        return (
            _missing(_("Démarche en ligne à choisir, ou qui n’existe plus."), anchor) if says_missing else ""
        )

    def link(match: re.Match[str]) -> str:
        service = known.services.get(match[1])
        # The words were escaped when they were written.
        words = Markup(match[2])  # noqa: S704 # nosec B704 # a part of what drafts.render escaped
        if service is not None and service.href is not None:
            return Markup('<a {} rel="external">{}</a>').format(_way(service, door), words)
        if service is None and says_missing:
            # Before the words: what follows them may be a line break that stands in the link.
            return Markup('<span class="missing">({})</span> {}').format(_("démarche introuvable"), words)
        return words

    def image(match: re.Match[str]) -> str:
        if known.images is None or match[1] in known.images:
            return match[0]
        return (
            Markup('<span class="missing">{}</span>').format(_("Image introuvable.")) if says_missing else ""
        )

    return Markup(_IMAGE.sub(image, _GO.sub(link, _PLACE.sub(card, html))))  # noqa: S704 # nosec B704 # all escaped above


def _anchor(ident: str) -> Markup:
    return Markup(' id="{}"').format(ident) if ident else EMPTY


def _missing(words: str, anchor: Markup) -> Markup:
    return Markup('<p class="missing"{}>{}</p>').format(anchor, words)


def _contact(contact: Contact, anchor: Markup) -> Markup:
    href = f"/administrations/{contact.office.slug}"
    more = (
        Markup('<p class="screen"><a href="{}">{}</a></p>').format(href, _("Ses autres guichets"))
        if contact.more
        else EMPTY
    )
    return Markup('<div class="box"{}><p class="label">{}</p><p><a href="{}">{}</a></p>{}{}</div>').format(
        anchor,
        _("Qui contacter"),
        href,
        contact.office.name,
        EMPTY.join(_desk(desk) for desk in contact.desks),
        more,
    )


def _desk(desk: Desk) -> Markup:
    """A counter as it stands beside an article too: name, telephone, address, hours, mail."""
    lines = [Markup("{}").format(desk.name)]
    if desk.phone:
        lines.append(_phone(desk, "tel"))
    if where := ", ".join(part for part in (desk.address, desk.commune) if part):
        lines.append(Markup("{}").format(where))
    if desk.hours:
        lines.append(Markup('<span class="meta">{}</span>').format(desk.hours))
    if desk.email:
        lines.append(Markup('<a href="mailto:{0}">{0}</a>').format(desk.email))
    return Markup("<address>{}</address>").format(Markup("<br>").join(lines))


def _phone(desk: Desk, look: str = "") -> Markup:
    if not desk.tel:
        return Markup("{}").format(desk.phone)
    kind = Markup(' class="{}"').format(look) if look else EMPTY
    return Markup('<a{} href="tel:{}">{}</a>').format(kind, desk.tel, desk.phone)


def _way(service: Service, door: str) -> Markup:
    """Where a link to a service leads. Through a door, its own address is kept for paper."""
    if not door:
        return Markup('href="{}"').format(service.href)
    return Markup('href="{}{}" data-to="{}"').format(door, service.slug, service.href)


def _service(service: Service, anchor: Markup, door: str) -> Markup:
    title = (
        Markup('<a class="go" {} rel="external">{}</a>').format(_way(service, door), service.title)
        if service.href is not None
        else Markup("<strong>{}</strong>").format(service.title)
    )
    facts = [service.kind, service.login, ", ".join(service.named)]
    lines = [title, Markup('<span class="meta">{}</span>').format(" · ".join(fact for fact in facts if fact))]
    if service.outage:
        lines.append(
            Markup('<span class="out">{} {}</span>').format(_("Momentanément indisponible :"), service.outage)
        )
    instead = []
    if service.is_town_hall:
        instead.append(Markup('<a href="/administrations#commune">{}</a>').format(_("votre mairie")))
    elif service.desk is not None and service.desk.phone:
        where = f" ({service.desk.commune})" if service.desk.commune else ""
        instead.append(Markup("{}, {}{}").format(_phone(service.desk), service.desk.name, where))
    if door:
        instead.append(Markup('<a href="/espaces-connectes">{}</a>').format(_("un espace connecté")))
    if instead:
        ways = Markup(", {} ").format(_("ou")).join(instead)
        lines.append(Markup("{} {}").format(_("Sans internet :"), ways))
    return Markup('<div class="box"{}><p class="label">{}</p><p>{}</p></div>').format(
        anchor, _("Démarche en ligne"), Markup("<br>").join(lines)
    )
