"""A page says of a link that does not answer now that it is so, and where one can ask instead."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace

from markupsafe import Markup, escape

from app.directory.catalogue import Office, Service
from app.extensions import gettext as _
from app.markup import safe_href
from drafts.cards import References

# As drafts.marks writes it: the address first, and no link in a link.
_ADDRESS = re.compile(r'<a href="([^"]*)"')
_LINK = re.compile(r'<a href="([^"]*)"[^>]*>.*?</a>', re.DOTALL)


def noted(body: str, broken: Collection[str], office: Office | None) -> str:
    """The blocks of an edition with a word behind each link that is broken now. The words that were signed stay."""
    if not broken:
        return body
    by_markup = {str(escape(safe_href(url) or url)) for url in broken}
    where = (
        Markup(' <a href="/administrations/{}">{}</a>').format(office.slug, office.name)
        if office is not None
        else Markup("")
    )
    # Plain text from here on: Markup would escape the blocks it is put behind.
    said = str(
        Markup(' <span class="out">({}{})</span>').format(
            _("lien momentanément indisponible ; renseignez-vous :")
            if office is not None
            else _("lien momentanément indisponible"),
            where,
        )
    )
    return _LINK.sub(lambda match: match[0] + said if match[1] in by_markup else match[0], body)


def led_through(body: str, services: Mapping[str, str], door: str) -> str:
    """The blocks with each link to the address of an online service, {address: slug}, leading through the door."""
    if not services or not door:
        return body
    by_markup = {str(escape(safe_href(url) or url)): slug for url, slug in services.items()}

    def led(match: re.Match[str]) -> str:
        slug = by_markup.get(match[1])
        if slug is None:
            return match[0]
        # What was written already is escaped already.
        return str(Markup('<a href="{}{}" data-to="').format(door, slug)) + match[1] + '"'

    return _ADDRESS.sub(led, body)


def service_noted(service: Service, broken: Collection[str]) -> Service:
    """An online service whose site does not answer now, unless its owner has said something better."""
    if service.href not in broken or service.outage:
        return service
    return replace(service, outage=_("le site ne répond pas"))


def references_noted(known: References, broken: Collection[str]) -> References:
    """The same for the services that a text refers to."""
    if not broken:
        return known
    services = {slug: service_noted(service, broken) for slug, service in known.services.items()}
    return replace(known, services=services)
