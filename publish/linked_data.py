"""What one page says, for programs: schema.org and CPSV-AP as JSON-LD, each at an address of its own.

The words of both vocabularies are named in the file itself: who reads it fetches nothing from anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from app.directory import catalogue
from app.directory.catalogue import Desk, Office, Service
from app.directory.models import OnlineService
from app.mail import address
from drafts import vocabulary
from drafts.grammar import Node, Tree, blocks, normalise, parted_label, plain_text
from publish import addresses, office_queries, queries, structured
from publish.open_articles import moment
from publish.open_words import LICENCE, administration_id, article_id, service_id
from publish.queries import Card, Reading

JSON_LD = "application/ld+json; charset=utf-8"
LANGUAGE = "fr"
COUNTRY = "http://publications.europa.eu/resource/authority/country/NCL"
FRENCH = "http://publications.europa.eu/resource/authority/language/FRA"
# The words that mean an address, so that a program takes them for a link and not for text.
_LINKS = (
    "url",
    "license",
    "isPartOf",
    "about",
    "breadcrumb",
    "provider",
    "serviceUrl",
    "item",
    "publisher",
    "sameAs",
)
CONTEXT: dict[str, Any] = {
    "@vocab": "https://schema.org/",
    **{word: {"@type": "@id"} for word in _LINKS},
    **{
        word: {"@type": "http://www.w3.org/2001/XMLSchema#dateTime"}
        for word in ("datePublished", "dateModified", "lastReviewed")
    },
    "cpsv": "http://purl.org/vocab/cpsv#",
    "cv": "http://data.europa.eu/m8g/",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "locn": "http://www.w3.org/ns/locn#",
    "org": "http://www.w3.org/ns/org#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
}  # fmt: skip


def written(nodes: Iterable[dict[str, Any]]) -> str:
    found = {"@context": CONTEXT, "@graph": [_said_only(node) for node in nodes]}
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"


def _said_only(value: Any) -> Any:
    """Without what says nothing: an empty text is no text."""
    if isinstance(value, dict):
        return {key: _said_only(inner) for key, inner in value.items() if inner not in ("", [], None)}
    return [_said_only(inner) for inner in value] if isinstance(value, list) else value


def of_article(card: Card) -> str:
    """GovernmentService, WebPage with its dates, FAQPage and BreadcrumbList of an article; of a withdrawn one the page
    alone, with a word that it is."""
    it = queries.reading(card, door="")
    page, me = address(addresses.article(card.slug)), article_id(card.article_id)
    nodes = [_web_page(it, page, me), _trail(it, page)]
    if it.withdrawn is None:
        nodes.append(_government_service(it, page, me))
        if (asked := structured.questions(it.tree)) is not None:
            del asked["@context"]
            nodes.append({"@id": f"{page}#questions", **asked, "isPartOf": f"{page}#page"})
    nodes += [_government(contact.office, contact.desks) for contact in it.contacts]
    return written(nodes)


def _web_page(it: Reading, page: str, me: str) -> dict[str, Any]:
    return {
        "@id": f"{page}#page",
        "@type": "WebPage",
        "identifier": me,
        "url": page,
        "name": it.card.title,
        "description": it.card.lead,
        "inLanguage": LANGUAGE,
        "version": it.card.number,
        "datePublished": moment(it.card.published_at),
        "dateModified": moment(it.card.published_at),
        # Of what was published urgently nobody else has said yet that it is exact.
        **({"lastReviewed": moment(it.verified_at)} if it.urgent_until is None else {}),
        **({"expires": it.review_date.isoformat()} if it.review_date is not None else {}),
        **({"creativeWorkStatus": "Withdrawn"} if it.withdrawn is not None else {"about": f"{me}#demarche"}),
        "breadcrumb": f"{page}#fil",
        "license": LICENCE,
        "publisher": [administration_id(office.slug) for office in it.credits],
    }


def _trail(it: Reading, page: str) -> dict[str, Any]:
    steps = [(address("/"), "Open Lab")]
    steps += [(address(addresses.theme(one.slug)), one.title) for one in it.themes[:1]]
    steps.append((page, it.card.title))
    return {
        "@id": f"{page}#fil",
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": number, "name": name, "item": where}
            for number, (where, name) in enumerate(steps, start=1)
        ],
    }


def _government_service(it: Reading, page: str, me: str) -> dict[str, Any]:
    territories, audiences = vocabulary.territories(), vocabulary.audiences()
    areas = it.card.listed("territories") or ["nouvelle-caledonie"]
    channels = [_online(service) for service in it.services]
    channels += [_at_a_desk(desk) for contact in it.contacts for desk in contact.desks]
    return {
        "@id": f"{me}#demarche",
        "@type": "GovernmentService",
        "name": it.card.title,
        "description": it.card.lead,
        "url": page,
        "inLanguage": LANGUAGE,
        "serviceType": [theme.title for theme in it.themes],
        "provider": [administration_id(contact.office.slug) for contact in it.contacts],
        "areaServed": [{"@type": "AdministrativeArea", "name": territories.get(one, one)} for one in areas],
        "audience": [
            {"@type": "Audience", "audienceType": audiences.get(one, one)} for one in it.card.listed("audiences")
        ],
        "availableChannel": channels,
    }  # fmt: skip


def _online(service: Service) -> dict[str, Any]:
    channel = {"@type": "ServiceChannel", "name": service.title, "description": service.summary}
    return {**channel, "serviceUrl": service.href} if service.href else channel


def _at_a_desk(desk: Desk) -> dict[str, Any]:
    return {
        "@type": "ServiceChannel",
        "name": desk.name,
        **({"servicePhone": _contact_point(desk)} if desk.phone else {}),
        "serviceLocation": _place(desk),
    }


def _place(desk: Desk) -> dict[str, Any]:
    return {
        "@type": "Place",
        "name": desk.name,
        "address": {
            "@type": "PostalAddress",
            "streetAddress": desk.address,
            "addressLocality": desk.commune,
            "addressCountry": "NC",
        },
        # In words, as the administration gave them: nobody has parted them into days and hours.
        "openingHours": desk.hours,
    }


def _contact_point(desk: Desk) -> dict[str, Any]:
    return {
        "@type": "ContactPoint",
        "name": desk.name,
        "telephone": desk.tel or desk.phone,
        **({"email": desk.email} if desk.email else {}),
        "hoursAvailable": desk.hours,
        "availableLanguage": LANGUAGE,
    }


def _government(office: Office, desks: Sequence[Desk]) -> dict[str, Any]:
    return {
        "@id": administration_id(office.slug),
        "@type": ["GovernmentOrganization", "org:FormalOrganization", "cv:PublicOrganisation"],
        "name": office.name,
        "dct:identifier": office.slug,
        "dct:title": _said(office.name),
        "skos:prefLabel": _said(office.name),
        "dct:spatial": {"@id": COUNTRY},
        "url": address(addresses.administration(office.slug)),
        "contactPoint": [_contact_point(desk) for desk in desks],
    }


def _said(words: str) -> dict[str, str]:
    return {"@value": words, "@language": LANGUAGE}


def of_administration(slug: str) -> str | None:
    """An administration with its counters, its services and the articles it answers for; None when there is none."""
    it = office_queries.office_page(slug)
    if it is None:
        return None
    me = _government(it.office, it.desks)
    me |= {
        **({"alternateName": it.office.short} if it.office.short != it.office.name else {}),
        **({"sameAs": it.site} if it.site else {}),
        "location": [_place(desk) for desk in it.desks],
        **({"dissolutionDate": it.closed_at.date().isoformat()} if it.closed_at is not None else {}),
        **({"org:changedBy": {"@id": administration_id(it.successor.slug)}} if it.successor is not None else {}),
    }  # fmt: skip
    services = [
        {"@id": service_id(one.slug), "@type": "cpsv:PublicService", "dct:title": _said(one.title),
         "cv:hasCompetentAuthority": {"@id": me["@id"]}}
        for one in it.services
    ]  # fmt: skip
    pages = [
        {"@id": f"{address(addresses.article(card.slug))}#page", "@type": "WebPage", "name": card.title,
         "url": address(addresses.article(card.slug)), "publisher": [me["@id"]]}
        for card in it.articles
    ]  # fmt: skip
    return written([me, *services, *pages])


def of_service(slug: str) -> str | None:
    """An online service as CPSV-AP describes one; None when it is not offered.

    What the directory does not know is taken from the articles that lead to it: what one brings along, what it costs. What
    a service produces (`cpsv:produces`) nobody has written down, so nothing is said of it.
    """
    found = queries.with_link_state(catalogue.services(OnlineService.slug == slug))
    if not found:
        return None
    it = found[0]
    me = service_id(slug)
    cards = [card for card in queries.live_cards() if slug in card.listed("services")]
    trees = {card.slug: normalise(queries.reading(card, door="").tree) for card in cards}
    themes = {
        one: words
        for one, words in vocabulary.themes().items()
        if any(one in c.listed("themes") for c in cards)
    }
    node: dict[str, Any] = {
        "@id": me,
        "@type": "cpsv:PublicService",
        "dct:identifier": slug,
        "dct:title": _said(it.title),
        "dct:description": _said(it.summary or it.title),
        "dct:language": {"@id": FRENCH},
        "dct:spatial": {"@id": COUNTRY},
        "dct:type": it.kind,
        "cv:hasCompetentAuthority": [{"@id": administration_id(office.slug)} for office in it.offices],
        "cv:hasChannel": [{"@id": one["@id"]} for one in _channels(it, me)],
        "cv:thematicArea": [{"@id": address(addresses.theme(one))} for one in themes],
        "cv:isDescribedAt": {"@id": address(f"{addresses.CATALOGUE_TURTLE}#demarches")},
        "foaf:page": [{"@id": address(addresses.article(card.slug))} for card in cards],
    }  # fmt: skip
    inputs, costs = _inputs(trees, me), _costs(trees, me)
    if inputs:
        node["cv:hasInputType"] = [{"@id": one["@id"]} for one in inputs]
    if costs:
        node["cv:hasCost"] = [{"@id": one["@id"]} for one in costs]
    concepts = [
        {"@id": address(addresses.theme(one)), "@type": "skos:Concept", "skos:prefLabel": _said(words)}
        for one, words in themes.items()
    ]
    offices = [
        _government(office, [it.desk] if it.desk and it.desk.office == office else [])
        for office in it.offices
    ]
    return written([node, *_channels(it, me), *inputs, *costs, *concepts, *offices])  # fmt: skip


def _channels(it: Service, me: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if it.href:
        found.append(
            {
                "@id": f"{me}-en-ligne",
                "@type": "cv:Channel",
                "dct:identifier": f"{it.slug}-en-ligne",
                "dct:type": {"@value": "E-service"},
                "dct:description": _said(it.login),
                "foaf:page": {"@id": it.href},
                "cv:ownedBy": [{"@id": administration_id(office.slug)} for office in it.offices],
                **({"cv:availabilityRestriction": _said(it.outage)} if it.outage else {}),
            }
        )
    if it.desk is not None:
        found.append(
            {
                "@id": f"{me}-au-guichet",
                "@type": "cv:Channel",
                "dct:identifier": f"{it.slug}-au-guichet",
                "dct:type": {"@value": "Service desk"},
                "dct:description": _said(it.desk.name),
                "cv:ownedBy": [{"@id": administration_id(it.desk.office.slug)}],
                "openingHours": it.desk.hours,
                "telephone": it.desk.tel or it.desk.phone,
                "locn:address": {
                    "@type": "locn:Address",
                    "locn:fullAddress": ", ".join(
                        part for part in (it.desk.address, it.desk.commune) if part
                    ),
                },
            }
        )
    return found


def _of_type(trees: dict[str, Tree], kind: str) -> list[tuple[str, Node]]:
    return [(slug, block) for slug, tree in trees.items() for block in blocks(tree) if block["type"] == kind]


def _inputs(trees: dict[str, Tree], me: str) -> list[dict[str, Any]]:
    """What one brings along: each item of the lists of documents, once."""
    names: dict[str, None] = {}
    for _slug, block in _of_type(trees, "documents"):
        _label, rest = parted_label(block)
        items = [one for one in blocks(rest) if one["type"] == "list_item"]
        for words in [plain_text([item]) for item in items] or plain_text(rest).splitlines():
            if line := " ".join(words.split()):
                names.setdefault(line)
    return [
        {"@id": f"{me}-piece-{number}", "@type": "cv:EvidenceType", "dct:identifier": f"piece-{number}", "dct:title": _said(name)}
        for number, name in enumerate(names, start=1)
    ]  # fmt: skip


def _costs(trees: dict[str, Tree], me: str) -> list[dict[str, Any]]:
    """What it costs, in the words of each article: an amount alone would leave out for whom."""
    found = [(slug, " ".join(plain_text([block]).split())) for slug, block in _of_type(trees, "cost")]
    return [
        {
            "@id": f"{me}-cout-{number}", "@type": "cv:Cost", "dct:identifier": f"cout-{number}",
            "dct:description": _said(words), "dct:source": {"@id": address(addresses.article(slug))},
        }
        for number, (slug, words) in enumerate((one for one in found if one[1]), start=1)
    ]  # fmt: skip
