"""Articles as open data: `fiches.jsonl`, one article a line, and `fiches.csv`, one a row. Editions only, never a draft."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from time import sleep
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from app.db import reading, session
from app.directory import catalogue
from app.directory.catalogue import Desk, Service
from app.directory.models import Administration
from app.extensions import gettext as _
from app.mail import address
from drafts import canonical, vocabulary
from drafts.models import Article, ArticleState
from publish import addresses, shown
from publish.fate_stages import READABLE
from publish.models import Edition
from publish.open_words import (
    BETWEEN,
    LICENCE,
    LICENCE_NAME,
    Column,
    administration_id,
    article_id,
    header,
    line,
    row,
    service_id,
)
from publish.queries import competent_for
from publish.service_list import harmless

# So many are in memory at a time: of the longest, some two megabytes.
AT_ONCE = 20


@dataclass(frozen=True)
class Place:
    """An administration that answers for articles, with its counters."""

    id: int
    slug: str
    name: str
    desks: tuple[Desk, ...]


@dataclass(frozen=True)
class Record:
    """What open data says of one article. `tree` is empty where it was not asked for; of a withdrawn article the words
    are not given either: they are no longer to be relied on, and a copy would lose the warning that the page carries."""

    id: str
    url: str
    title: str
    lead: str
    language: str
    places: tuple[Place, ...]
    leads: int
    listed: dict[str, list[str]]
    services: tuple[Service, ...]
    number: int
    published_at: datetime
    first_published_at: datetime
    fingerprint: str
    change_note: str
    verified_at: datetime | None
    verify_by: date | None
    in_review_until: date | None
    withdrawn: shown.Withdrawn | None
    # The address of its easy-to-read twin.
    easy: str | None
    text: str
    tree: list[Any]


def ids() -> list[int]:
    """The articles that the public may read, in the order in which they were begun."""
    return list(
        session().scalars(sa.select(Article.id).where(Article.state.in_(READABLE)).order_by(Article.id))
    )


def records(*, with_text: bool) -> Iterator[Record]:
    """Every article that the public may read, some at a time, each time in a short reading of its own."""
    with reading():
        wanted = ids()
        places = {
            place.id: Place(place.id, place.slug, place.name, catalogue.desks([place]))
            for place in session().scalars(
                sa.select(Administration).options(selectinload(Administration.counters))
            )
        }
        services = {one.slug: one for one in catalogue.services()}
    for start in range(0, len(wanted), AT_ONCE):
        with reading():
            found = _records(wanted[start : start + AT_ONCE], places, services, with_text)
        for one in found:
            yield one
            # Where people type in the same process, they have their turn between two articles.
            sleep(0)


def _records(
    wanted: Sequence[int], places: dict[int, Place], services: dict[str, Service], with_text: bool
) -> list[Record]:
    query = (
        sa.select(Edition)
        .join(Article, Article.shown_revision_id == Edition.revision_id)
        .where(Article.id.in_(wanted), Article.state.in_(READABLE))
        .order_by(Article.id)
        .options(selectinload(Edition.article))
    )
    if with_text:
        query = query.options(selectinload(Edition.revision))
    editions = session().scalars(query).all()
    competent = competent_for([edition.revision_id for edition in editions])
    first = dict(
        session()
        .execute(
            sa.select(Edition.article_id, sa.func.min(Edition.published_at))
            .where(Edition.article_id.in_(wanted))
            .group_by(Edition.article_id)
        )
        .all()
    )
    return [
        _record(edition, competent.get(edition.revision_id, ()), first, places, services, with_text)
        for edition in editions
    ]


def _record(
    edition: Edition,
    competent: Sequence[int],
    first: dict[int, datetime],
    places: dict[int, Place],
    services: dict[str, Service],
    with_text: bool,
) -> Record:
    article, fields = edition.article, edition.fields
    verified_at, verify_by = shown.verified(edition)
    urgent_until = shown.urgent_until(article)
    listed = {
        name: [item for item in fields.get(name) or () if isinstance(item, str)]
        for name in ("themes", "life_events", "audiences", "territories", "services")
    }
    language = fields.get("language")
    given = with_text and article.state is ArticleState.LIVE
    return Record(
        id=article_id(article.id),
        url=address(addresses.article(edition.slug)),
        title=edition.title,
        lead=edition.lead,
        language=language if isinstance(language, str) and language else "fr",
        places=tuple(
            sorted(
                (places[one] for one in competent if one in places),
                key=lambda place: catalogue.sort_key(place.name),
            )
        ),
        leads=article.lead_administration_id,
        listed=listed,
        services=tuple(services[slug] for slug in listed["services"] if slug in services),
        number=edition.number,
        published_at=edition.published_at,
        first_published_at=first[article.id],
        fingerprint=edition.fingerprint,
        change_note=edition.change_note,
        # Of what was published urgently nobody else has said yet that it is exact.
        verified_at=verified_at if urgent_until is None else None,
        verify_by=verify_by,
        in_review_until=urgent_until,
        withdrawn=shown.withdrawn(article),
        easy=address(addresses.easy(edition.slug)) if fields.get(canonical.EASY) else None,
        text=edition.plain if given else "",
        tree=edition.revision.tree if given else [],
    )


def moment(at: datetime | None) -> str | None:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at is not None else None


def counter(desk: Desk) -> dict[str, str]:
    return {
        "name": desk.name, "address": desk.address, "commune": desk.commune, "phone": desk.phone,
        "email": desk.email, "hours": desk.hours,
    }  # fmt: skip


def _named(slugs: Sequence[str], names: dict[str, str]) -> list[dict[str, str]]:
    return [{"slug": slug, "name": names.get(slug, slug)} for slug in slugs]


def as_lines() -> Iterator[str]:
    """`fiches.jsonl`."""
    words = _vocabularies()
    for one in records(with_text=True):
        gone = one.withdrawn
        yield line(
            {
                "id": one.id,
                "state": "live" if gone is None else "withdrawn",
                "url": one.url,
                "title": one.title,
                "lead": one.lead,
                "language": one.language,
                "administrations": [
                    {
                        "id": administration_id(place.slug), "slug": place.slug, "name": place.name,
                        "leads": place.id == one.leads,
                    }
                    for place in one.places
                ],
                **{name: _named(one.listed[name], known) for name, known in words.items()},
                "edition": one.number,
                "published_at": moment(one.published_at),
                "first_published_at": moment(one.first_published_at),
                "change_note": one.change_note,
                "fingerprint": one.fingerprint,
                "verified_at": moment(one.verified_at),
                "verify_by": one.verify_by.isoformat() if one.verify_by is not None else None,
                "in_review_until": one.in_review_until.isoformat() if one.in_review_until is not None else None,
                "withdrawn": None if gone is None else {"at": moment(gone.at), "reason": gone.reason},
                "easy": one.easy,
                "services": [
                    {"id": service_id(each.slug), "slug": each.slug, "title": each.title, "url": each.href}
                    for each in one.services
                ],
                "contacts": [
                    {"administration": place.slug, **counter(desk)} for place in one.places for desk in place.desks
                ],
                "text": one.text if gone is None else None,
                "blocks": one.tree if gone is None else None,
                "licence": LICENCE,
            }
        )  # fmt: skip


def _vocabularies() -> dict[str, dict[str, str]]:
    return {
        "themes": vocabulary.themes(),
        "life_events": vocabulary.life_events(),
        "audiences": vocabulary.audiences(),
        "territories": vocabulary.territories(),
    }


def as_table() -> Iterator[str]:
    """`fiches.csv`."""
    words = _vocabularies()
    yield header(columns())
    for one in records(with_text=False):
        gone = one.withdrawn
        named = {
            name: BETWEEN.join(known.get(slug, slug) for slug in one.listed[name])
            for name, known in words.items()
        }
        yield row(
            harmless(
                [
                    one.id, "en ligne" if gone is None else "retirée", one.url, one.title, one.lead, one.language,
                    BETWEEN.join(place.name for place in one.places), BETWEEN.join(place.slug for place in one.places),
                    named["themes"], named["life_events"], named["audiences"], named["territories"],
                    BETWEEN.join(each.title for each in one.services), str(one.number),
                    moment(one.published_at) or "", moment(one.first_published_at) or "", one.change_note, one.fingerprint,
                    moment(one.verified_at) or "", one.verify_by.isoformat() if one.verify_by is not None else "",
                    one.in_review_until.isoformat() if one.in_review_until is not None else "",
                    moment(gone.at) or "" if gone is not None else "", gone.reason if gone is not None else "", LICENCE_NAME,
                ]
            )
        )  # fmt: skip


def members() -> tuple[Column, ...]:
    """What each member of a line of `fiches.jsonl` means."""
    return (
        Column("id", _("Identifiant de la fiche : une adresse qui ne change jamais et qui mène à la fiche.")),
        Column("state", _("« live » : en ligne ; « withdrawn » : retirée, à ne plus utiliser.")),
        Column("url", _("Adresse de la page. Elle peut changer ; l’ancienne mène alors à la nouvelle.")),
        Column("title, lead", _("Titre et introduction.")),
        Column("language", _("Langue du texte (BCP 47).")),
        Column("administrations", _("Administrations compétentes ; « leads » dit laquelle pilote.")),
        Column("themes, life_events, audiences, territories", _("Thèmes, situations de vie, publics, territoires : identifiant et nom.")),
        Column("edition", _("Numéro de la version publiée.")),
        Column("published_at, first_published_at", _("Publication de cette version, et de la première (UTC).")),
        Column("change_note", _("Ce qui a changé avec cette version.")),
        Column("fingerprint", _("Empreinte SHA-256 du texte signé, comme dans la preuve de la version.")),
        Column("verified_at, verify_by", _("Dernière fois que la fiche a été reconnue exacte, et jour avant lequel elle doit être revue.")),
        Column("in_review_until", _("Fin de la relecture d’une version publiée en urgence ; vide sinon.")),
        Column("withdrawn", _("Date et motif du retrait ; vide si la fiche est en ligne.")),
        Column("easy", _("Adresse de la version facile à lire (FALC), signée avec le texte ; vide s’il n’y en a pas.")),
        Column("services", _("Démarches en ligne de la fiche.")),
        Column("contacts", _("Guichets des administrations compétentes : adresse, téléphone, horaires.")),
        Column("text", _("Texte sans mise en forme. Vide si la fiche est retirée.")),
        Column("blocks", _("Le même texte en blocs, tel qu’il a été signé. Vide si la fiche est retirée.")),
        Column("licence", _("Adresse de la licence.")),
    )  # fmt: skip


def columns() -> tuple[Column, ...]:
    """What each column of `fiches.csv` means, in the order of the columns."""
    return (
        Column("identifiant", _("Adresse qui ne change jamais et qui mène à la fiche.")),
        Column("etat", _("« en ligne » ou « retirée ».")),
        Column("adresse", _("Adresse de la page.")),
        Column("titre", _("Titre.")),
        Column("introduction", _("L’essentiel en une ou deux phrases.")),
        Column("langue", _("Langue du texte (BCP 47).")),
        Column("administrations", _("Noms des administrations compétentes.")),
        Column("identifiants_des_administrations", _("Identifiants de ces administrations, dans le même ordre.")),
        Column("themes", _("Thèmes.")),
        Column("situations", _("Situations de vie.")),
        Column("publics", _("Publics.")),
        Column("territoires", _("Territoires.")),
        Column("demarches", _("Démarches en ligne de la fiche.")),
        Column("version", _("Numéro de la version publiée.")),
        Column("publiee_le", _("Publication de cette version (UTC).")),
        Column("premiere_publication", _("Première publication de la fiche (UTC).")),
        Column("note_de_modification", _("Ce qui a changé avec cette version.")),
        Column("empreinte", _("Empreinte SHA-256 du texte signé.")),
        Column("verifiee_le", _("Dernière fois que la fiche a été reconnue exacte (UTC).")),
        Column("a_verifier_avant", _("Jour avant lequel elle doit être revue.")),
        Column("en_relecture_jusqu_au", _("Fin de la relecture d’une version publiée en urgence.")),
        Column("retiree_le", _("Date du retrait (UTC).")),
        Column("motif_du_retrait", _("Motif du retrait.")),
        Column("licence", _("Licence.")),
    )  # fmt: skip
