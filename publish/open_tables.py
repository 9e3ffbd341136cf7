"""Administrations, online services and wishes as open data: small tables, made in one reading each."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from app.db import reading, session
from app.directory import catalogue
from app.directory.catalogue import Desk
from app.directory.models import Administration
from app.extensions import gettext as _
from app.mail import address
from labs import wish_queries
from labs.wish_models import Wish, WishSupport
from publish import addresses
from publish.open_articles import counter
from publish.open_words import (
    LICENCE,
    LICENCE_NAME,
    Column,
    administration_id,
    header,
    line,
    row,
    service_id,
)
from publish.queries import with_link_state
from publish.service_list import harmless, table

# More than the territory makes in years; a file of programs is read whole.
MOST_WISHES = 100_000


def administration_lines() -> Iterator[str]:
    """`administrations.jsonl`."""
    with reading():
        yield from [
            line(
                {
                    "id": administration_id(place.slug),
                    "slug": place.slug,
                    "name": place.name,
                    "acronym": place.acronym,
                    "kind": str(place.kind),
                    "territory": place.territory,
                    "site": catalogue.web_address(place.site),
                    "url": address(addresses.administration(place.slug)),
                    "counters": [counter(desk) for desk in catalogue.desks([place])],
                    "licence": LICENCE,
                }
            )
            for place in catalogue.places()
        ]


def administration_table() -> Iterator[str]:
    """`administrations.csv`: a row for each counter, and one for an administration that has none."""
    yield header(administration_columns())
    with reading():
        places = catalogue.places()
        kinds = catalogue.kind_names()
        rows = [
            row(harmless(_cells(place, kinds[place.kind], desk)))
            for place in places
            for desk in (catalogue.desks([place]) or (None,))
        ]
    yield from rows


def _cells(place: Administration, kind: str, desk: Desk | None) -> list[str]:
    at = [desk.name, desk.address, desk.commune, desk.phone, desk.email, desk.hours] if desk else [""] * 6
    return [
        place.slug, place.name, place.acronym or "", kind, place.territory, catalogue.web_address(place.site) or "",
        address(addresses.administration(place.slug)), *at, LICENCE_NAME,
    ]  # fmt: skip


def service_lines() -> Iterator[str]:
    """`demarches.jsonl`."""
    with reading():
        found = with_link_state(catalogue.services())
    for one in found:
        yield line(
            {
                "id": service_id(one.slug),
                "slug": one.slug,
                "title": one.title,
                "kind": one.kind,
                "login": one.login,
                "summary": one.summary,
                "url": one.href,
                "page": address(addresses.opening(one.slug)) if one.href else None,
                "outage": one.outage or None,
                "administrations": [
                    {"id": administration_id(office.slug), "slug": office.slug, "name": office.name}
                    for office in one.offices
                ],
                "counter": counter(one.desk) if one.desk is not None else None,
                "licence": LICENCE,
            }
        )


def service_table() -> Iterator[str]:
    """`demarches.csv`: the very table of `/demarches.csv`, under the address where the other files stand."""
    with reading():
        written = table(address(""))
    yield written


def wish_lines() -> Iterator[str]:
    """`souhaits.jsonl`: what `/api/v1/wishes` gives. Nobody's name or address stands in a wish that is shown."""
    with reading():
        found = sorted(wish_queries.cards(limit=MOST_WISHES), key=lambda card: card.id)
    for card in found:
        yield line(
            {
                "id": address(addresses.wish(card.id)),
                "title": card.title,
                "need": card.need,
                "status": str(card.status),
                "supports": card.supports,
                "filed_on": card.day.isoformat(),
                "licence": LICENCE,
            }
        )


def state_of_wishes() -> str:
    """A word that differs when anything was done to a wish that the public reads, or one came or went."""
    shown = sa.select(Wish.id).where(wish_queries.LIVING)
    counted = session().execute(
        sa.select(sa.func.count(Wish.id), sa.func.sum(Wish.version)).where(wish_queries.LIVING)
    ).one()  # fmt: skip
    supports = session().scalar(sa.select(sa.func.count()).where(WishSupport.wish_id.in_(shown)))
    return f"{counted[0]} {counted[1]} {supports}"


def administration_columns() -> tuple[Column, ...]:
    return (
        Column("identifiant", _("Identifiant de l’administration, qui ne change pas. Une ligne pour chaque guichet.")),
        Column("nom", _("Nom.")),
        Column("sigle", _("Sigle.")),
        Column("type", _("Gouvernement, province, commune, service de l’État, établissement…")),
        Column("territoire", _("Identifiant du territoire.")),
        Column("site", _("Site de l’administration.")),
        Column("adresse", _("Sa page sur ce portail.")),
        Column("guichet", _("Nom du guichet ; vide s’il n’y en a pas.")),
        Column("adresse_du_guichet", _("Adresse postale.")),
        Column("commune_du_guichet", _("Commune.")),
        Column("telephone_du_guichet", _("Téléphone.")),
        Column("courriel_du_guichet", _("Adresse électronique du service.")),
        Column("horaires_du_guichet", _("Jours et heures d’ouverture, en toutes lettres.")),
        Column("licence", _("Licence.")),
    )  # fmt: skip


def administration_members() -> tuple[Column, ...]:
    return (
        Column("id, slug", _("Identifiants de l’administration, qui ne changent pas.")),
        Column("name, acronym, kind, territory", _("Nom, sigle, type et territoire.")),
        Column("site, url", _("Son site, et sa page sur ce portail.")),
        Column("counters", _("Guichets : nom, adresse, commune, téléphone, courriel, horaires.")),
        Column("licence", _("Adresse de la licence.")),
    )


def service_columns() -> tuple[Column, ...]:
    return (
        Column("identifiant, intitule, type", _("Identifiant, nom, et ce qu’on peut y faire.")),
        Column("compte", _("S’il faut un compte, et lequel.")),
        Column("administrations", _("Administrations qui tiennent la démarche.")),
        Column("adresse, page", _("Adresse de la démarche, et lien compté qui y mène depuis ce portail.")),
        Column("resume, indisponibilite", _("À quoi elle sert ; panne annoncée ou constatée.")),
        Column("guichet, commune_du_guichet, telephone_du_guichet", _("Où s’adresser sans internet.")),
        Column("licence", _("Licence.")),
    )


def service_members() -> tuple[Column, ...]:
    return (
        Column("id, slug, title, kind", _("Identifiants, nom, et ce qu’on peut y faire.")),
        Column("login", _("S’il faut un compte, et lequel.")),
        Column("summary, outage", _("À quoi elle sert ; panne annoncée ou constatée.")),
        Column("url, page", _("Adresse de la démarche, et lien compté qui y mène depuis ce portail.")),
        Column("administrations", _("Administrations qui tiennent la démarche.")),
        Column("counter", _("Où s’adresser sans internet.")),
        Column("licence", _("Adresse de la licence.")),
    )


def wish_members() -> tuple[Column, ...]:
    return (
        Column("id", _("Adresse du souhait.")),
        Column("title, need", _("Titre et besoin, tels que le public les lit.")),
        Column("status, supports", _("Où il en est, et combien de personnes le soutiennent.")),
        Column("filed_on", _("Jour du dépôt.")),
        Column("licence", _("Adresse de la licence.")),
    )
