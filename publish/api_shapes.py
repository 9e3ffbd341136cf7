"""What programs read of the public side, and what they may ask (`app.interface`)."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from app import clock
from app.directory.models import Kind, Login, ServiceKind
from app.extensions import gettext as _
from app.interface import Day, Instant, Listed, ListedByNumber, Shape, Slug, Web
from labs.wish_models import WishStatus

# RFC 3339; a plus sign that nobody escaped is a space when it arrives.
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+ -]\d\d:\d\d))?", re.ASCII)


def _moment(value: object) -> object:
    """A day (it begins in Nouméa) or an instant with its zone."""
    if isinstance(value, str):
        if not _MOMENT.fullmatch(value):
            raise ValueError("neither a day nor an instant")
        if len(value) == len("2026-11-30"):
            return datetime.combine(date.fromisoformat(value), time(), clock.NOUMEA)
        return datetime.fromisoformat(value.replace(" ", "+").upper())
    return value


Since = Annotated[
    datetime,
    BeforeValidator(_moment),
    Field(
        json_schema_extra={
            "type": "string",
            "format": None,
            "anyOf": [{"format": "date"}, {"format": "date-time"}],
        }
    ),
]


def _next() -> dict[str, str]:
    return {"next": _("L’adresse de la page suivante, ou null.")}


class AskedArticles(Listed):
    theme: Slug | None = None
    administration: Slug | None = None
    audience: Literal["individual", "company", "association", "agent"] | None = None
    territory: Slug | None = None
    life_event: Slug | None = None
    since: Since | None = None

    @classmethod
    def words(cls) -> dict[str, str]:
        return {
            **super().words(),
            "theme": _("Un thème, par son nom dans les adresses."),
            "administration": _("Une administration compétente, par son nom dans les adresses."),
            "audience": _("Un public : individual, company, association ou agent."),
            "territory": _("Un territoire, par son nom dans les adresses."),
            "life_event": _("Une situation de vie, par son nom dans les adresses."),
            "since": _("Un jour (2026-11-30) ou un instant avec son fuseau : les fiches publiées depuis."),
        }


class AskedEditions(ListedByNumber):
    article: Slug | None = None

    @classmethod
    def words(cls) -> dict[str, str]:
        return {**super().words(), "article": _("Une fiche, par un nom qu’elle a ou a eu dans les adresses.")}


class ArticleItem(Shape):
    """An article as a list shows it."""

    slug: str
    title: str
    lead: str
    url: Web
    administrations: list[str]
    themes: list[str]
    life_events: list[str]
    audiences: list[str]
    territories: list[str]
    edition: int
    published_at: Instant
    fingerprint: str

    @classmethod
    def words(cls) -> dict[str, str]:
        return {
            "slug": _("Le nom de la fiche dans les adresses."),
            "title": _("Son titre."),
            "lead": _("L’essentiel, en une ou deux phrases."),
            "url": _("L’adresse de sa page."),
            "administrations": _("Les administrations compétentes."),
            "themes": _("Ses thèmes."),
            "life_events": _("Les situations de vie où elle sert."),
            "audiences": _("Ses publics."),
            "territories": _("Les territoires où elle vaut ; aucun : partout."),
            "edition": _("Le numéro de la version publiée."),
            "published_at": _("Quand cette version a été publiée."),
            "fingerprint": _("L’empreinte SHA-256 de ce qui a été signé."),
        }


class Articles(Shape):
    items: list[ArticleItem]
    next: Web | None

    @classmethod
    def words(cls) -> dict[str, str]:
        return {"items": _("Les fiches."), **_next()}


class WithdrawnAt(Shape):
    at: Instant
    reason: str

    @classmethod
    def words(cls) -> dict[str, str]:
        return {"at": _("Quand elle a été retirée."), "reason": _("Pourquoi.")}


class ArticleWhole(ArticleItem):
    """One article with its text."""

    state: Literal["live", "withdrawn"]
    withdrawn: WithdrawnAt | None
    verified_at: Instant | None
    verify_by: Day | None
    in_review_until: Day | None
    fields: dict[str, Any]
    easy: Web | None
    credits: list[str]
    change_note: str
    blocks: list[Any]
    html: str
    text: str

    @classmethod
    def words(cls) -> dict[str, str]:
        return {
            **super().words(),
            "state": _("« live » : en ligne ; « withdrawn » : retirée, mais lisible."),
            "withdrawn": _("Quand et pourquoi elle a été retirée, ou null."),
            "verified_at": _("Quand elle a été trouvée exacte, ou null si la relecture n’est pas finie."),
            "verify_by": _("Avant quel jour la vérifier de nouveau, ou null."),
            "in_review_until": _("Publiée en urgence : jusqu’à quel jour la relecture peut durer, ou null."),
            "fields": _("Les champs de la fiche."),
            "easy": _("L’adresse de sa version facile à lire (FALC), signée avec elle, ou null."),
            "credits": _("Les administrations qui l’ont écrite."),
            "change_note": _("Ce qui a changé avec cette version."),
            "blocks": _("Le texte signé, en arbre de blocs."),
            "html": _("Le texte en HTML, avec les guichets et les services d’aujourd’hui."),
            "text": _("Le texte seul."),
        }


class Moved(Shape):
    """Where it is now; the header Location says the same."""

    moved: Web

    @classmethod
    def words(cls) -> dict[str, str]:
        return {"moved": _("La nouvelle adresse.")}


class Desk(Shape):
    name: str
    address: str
    commune: str
    phone: str
    email: str
    hours: str

    @classmethod
    def words(cls) -> dict[str, str]:
        return {
            "name": _("Le nom du guichet."),
            "address": _("Son adresse."),
            "commune": _("Sa commune."),
            "phone": _("Son numéro de téléphone."),
            "email": _("Son adresse électronique."),
            "hours": _("Ses horaires."),
        }


class AdministrationItem(Shape):
    slug: str
    name: str
    acronym: str | None
    kind: Kind
    territory: str
    site: str | None
    url: Web
    counters: list[Desk]

    @classmethod
    def words(cls) -> dict[str, str]:
        return {
            "slug": _("Le nom de l’administration dans les adresses."),
            "name": _("Son nom."),
            "acronym": _("Son sigle, ou null."),
            "kind": _("De quelle sorte elle est."),
            "territory": _("Son territoire."),
            "site": _("L’adresse de son site, ou null."),
            "url": _("L’adresse de sa page."),
            "counters": _("Ses guichets."),
        }


class Administrations(Shape):
    items: list[AdministrationItem]
    next: Web | None

    @classmethod
    def words(cls) -> dict[str, str]:
        return {"items": _("Les administrations."), **_next()}


class ServiceItem(Shape):
    """An online service. `opens` leads there through the portal, which counts how often."""

    slug: str
    title: str
    kind: ServiceKind
    summary: str
    login: Login
    administrations: list[str]
    site: str | None
    opens: Web
    outage: str

    @classmethod
    def words(cls) -> dict[str, str]:
        return {
            "slug": _("Le nom du service dans les adresses."),
            "title": _("Son titre."),
            "kind": _("Ce que l’on peut y faire."),
            "summary": _("À quoi il sert."),
            "login": _("Le compte qu’il demande."),
            "administrations": _("Les administrations à qui il est."),
            "site": _("Sa propre adresse, ou null."),
            "opens": _("L’adresse du portail qui y mène, et compte les ouvertures."),
            "outage": _("Ce qui est annoncé d’une panne en cours ; vide quand il marche."),
        }


class Services(Shape):
    items: list[ServiceItem]
    next: Web | None

    @classmethod
    def words(cls) -> dict[str, str]:
        return {"items": _("Les services en ligne."), **_next()}


class WishItem(Shape):
    id: int
    title: str
    need: str
    status: WishStatus
    supports: int
    filed_on: Day
    url: Web

    @classmethod
    def words(cls) -> dict[str, str]:
        return {
            "id": _("Le numéro du souhait."),
            "title": _("Son titre."),
            "need": _("Ce qui est demandé."),
            "status": _("Où il en est."),
            "supports": _("Combien de personnes le soutiennent."),
            "filed_on": _("Le jour où il a été déposé."),
            "url": _("L’adresse de sa page."),
        }


class Wishes(Shape):
    items: list[WishItem]
    next: Web | None

    @classmethod
    def words(cls) -> dict[str, str]:
        return {"items": _("Les souhaits."), **_next()}


class EditionItem(Shape):
    """One published state of an article; it never changes."""

    id: int
    article: str
    number: int
    title: str
    published_at: Instant
    fingerprint: str
    change_note: str
    is_current: bool
    url: Web
    evidence: Web

    @classmethod
    def words(cls) -> dict[str, str]:
        return {
            "id": _("Le numéro de la version, unique sur le portail."),
            "article": _("La fiche, par son nom d’aujourd’hui dans les adresses."),
            "number": _("Le numéro de la version dans sa fiche."),
            "title": _("Son titre d’alors."),
            "published_at": _("Quand elle a été publiée."),
            "fingerprint": _("L’empreinte SHA-256 de ce qui a été signé."),
            "change_note": _("Ce qui a changé avec elle."),
            "is_current": _("Si c’est elle qu’on lit aujourd’hui."),
            "url": _("L’adresse de la fiche."),
            "evidence": _("L’adresse de ses preuves."),
        }


class Editions(Shape):
    items: list[EditionItem]
    next: Web | None

    @classmethod
    def words(cls) -> dict[str, str]:
        return {"items": _("Les versions."), **_next()}


class CountItem(Shape):
    """One figure. `answers` is there for a share, `weeks` where there is a value for each week."""

    level: Literal["portal", "administration", "article"]
    slug: str
    figure: str
    name: str
    unit: Literal["percent", "number"]
    value: int | None
    answers: int | None = None
    weeks: list[int | None] | None = None

    @classmethod
    def words(cls) -> dict[str, str]:
        return {
            "level": _("De quoi : le portail, une administration, une fiche."),
            "slug": _("L’administration ou la fiche ; vide pour le portail."),
            "figure": _("Le code du chiffre."),
            "name": _("Son nom."),
            "unit": _("Son unité."),
            "value": _("Sa valeur, ou null quand trop peu de personnes ont répondu."),
            "answers": _("Combien de réponses, pour une part."),
            "weeks": _("Sa valeur pour chaque semaine."),
        }


class Counts(Shape):
    weeks: list[Day]
    licence: str
    items: list[CountItem]
    next: None

    @classmethod
    def words(cls) -> dict[str, str]:
        return {
            "weeks": _("Les lundis des semaines."),
            "licence": _("La licence."),
            "items": _("Les chiffres."),
            "next": _("Toujours null : la liste est entière."),
        }
