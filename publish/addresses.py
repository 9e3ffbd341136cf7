"""The public addresses: which path is which page. One table, read by the renderer, the routes and the feeds."""

from __future__ import annotations

import re
from enum import StrEnum

SLUG = r"[a-z0-9](?:[a-z0-9-]{0,118}[a-z0-9])?"


class Kind(StrEnum):
    HOME = "home"
    ARTICLE = "article"
    HISTORY = "history"
    EASY = "easy"
    SHORT = "short"
    THEME = "theme"
    LIFE_EVENT = "life_event"
    AUDIENCE = "audience"
    ADMINISTRATIONS = "administrations"
    ADMINISTRATION = "administration"
    SERVICES = "services"
    SERVICES_CSV = "services_csv"
    SPACES = "spaces"
    GLOSSARY = "glossary"
    SITE_MAP = "site_map"
    ACCESSIBILITY = "accessibility"
    PRIVACY = "privacy"
    LEGAL = "legal"
    SITEMAP_XML = "sitemap_xml"
    ATOM = "atom"
    ROBOTS = "robots"
    FIGURES = "figures"
    FIGURES_CSV = "figures_csv"
    COUNTS = "counts"
    CHANGES_ATOM = "changes_atom"
    API = "api"
    THEME_ATOM = "theme_atom"
    ADMINISTRATION_ATOM = "administration_atom"
    OPEN_DATA = "open_data"
    SITEMAP_PART = "sitemap_part"
    ARTICLE_DATA = "article_data"
    SERVICE_DATA = "service_data"
    ADMINISTRATION_DATA = "administration_data"


# The last part of the address of the page for an audience, which people read, and the word of the vocabulary.
AUDIENCES = {
    "particuliers": "individual",
    "entreprises": "company",
    "associations": "association",
    "agents-publics": "agent",
}
# See `publish.sharing`.
SHORT_LETTERS = "bcdfghjkmnprstwxz"
FIGURES, FIGURES_CSV, COUNTS = "/chiffres", "/chiffres.csv", "/api/v1/counts"
CHANGES_ATOM = "/changements/atom.xml"
OPEN_DATA = "/opendata"
CATALOGUE_JSON, CATALOGUE_TURTLE = f"{OPEN_DATA}/catalogue.jsonld", f"{OPEN_DATA}/catalogue.ttl"
# The last part of the address of a page's linked data.
DATA = "donnees.jsonld"
API = "/api"
GLOSSARY = "/glossaire"


FIXED = {
    "/": Kind.HOME,
    "/administrations": Kind.ADMINISTRATIONS,
    "/demarches": Kind.SERVICES,
    "/demarches.csv": Kind.SERVICES_CSV,
    "/espaces-connectes": Kind.SPACES,
    GLOSSARY: Kind.GLOSSARY,
    "/plan-du-site": Kind.SITE_MAP,
    "/accessibilite": Kind.ACCESSIBILITY,
    "/donnees-personnelles": Kind.PRIVACY,
    "/mentions-legales": Kind.LEGAL,
    "/sitemap.xml": Kind.SITEMAP_XML,
    "/atom.xml": Kind.ATOM,
    "/robots.txt": Kind.ROBOTS,
    FIGURES: Kind.FIGURES,
    FIGURES_CSV: Kind.FIGURES_CSV,
    COUNTS: Kind.COUNTS,
    CHANGES_ATOM: Kind.CHANGES_ATOM,
    OPEN_DATA: Kind.OPEN_DATA,
    API: Kind.API,
}
# Pages for programs, which no list for people names.
FOR_PROGRAMS = frozenset(
    {
        Kind.SERVICES_CSV,
        Kind.SITEMAP_XML,
        Kind.ATOM,
        Kind.ROBOTS,
        Kind.FIGURES_CSV,
        Kind.COUNTS,
        Kind.CHANGES_ATOM,
        Kind.THEME_ATOM,
        Kind.ADMINISTRATION_ATOM,
        Kind.SITEMAP_PART,
        Kind.ARTICLE_DATA,
        Kind.SERVICE_DATA,
        Kind.ADMINISTRATION_DATA,
    }
)
# What may follow the question mark: such a page is made for who asks, and stored by nobody.
ASKED = {
    Kind.ARTICLE: frozenset({"territoire"}),
    Kind.SERVICES: frozenset({"theme", "genre", "administration", "compte"}),
    Kind.HISTORY: frozenset({"de", "a"}),
    # The older news of a feed.
    **{
        kind: frozenset({"page"})
        for kind in (Kind.ATOM, Kind.CHANGES_ATOM, Kind.THEME_ATOM, Kind.ADMINISTRATION_ATOM)
    },
}
# Longer than any question that a page of ours asks.
LONGEST_QUESTION = 2000
# Online services are opened through the portal, so that it knows how often.
DOOR = "/aller/"
# What citizens ask for: pages that nobody stores, since they carry counts and a form.
WISHES = "/souhaits"
# The digest of the bytes: one spelling only.
_IMAGE = re.compile(r"/images/([0-9a-f]{64})\.webp")
_BY_SLUG = (
    (re.compile(rf"/fiches/({SLUG})"), Kind.ARTICLE),
    (re.compile(rf"/fiches/({SLUG})/historique"), Kind.HISTORY),
    (re.compile(rf"/fiches/({SLUG})/facile"), Kind.EASY),
    (re.compile(rf"/s/([{SHORT_LETTERS}]{{5,6}})"), Kind.SHORT),
    (re.compile(rf"/themes/({SLUG})"), Kind.THEME),
    (re.compile(rf"/themes/({SLUG})/atom\.xml"), Kind.THEME_ATOM),
    (re.compile(rf"/situations/({SLUG})"), Kind.LIFE_EVENT),
    (re.compile(rf"/publics/({'|'.join(AUDIENCES)})"), Kind.AUDIENCE),
    (re.compile(rf"/administrations/({SLUG})"), Kind.ADMINISTRATION),
    (re.compile(rf"/administrations/({SLUG})/atom\.xml"), Kind.ADMINISTRATION_ATOM),
    (re.compile(rf"/fiches/({SLUG})/{re.escape(DATA)}"), Kind.ARTICLE_DATA),
    (re.compile(rf"/demarches/({SLUG})/{re.escape(DATA)}"), Kind.SERVICE_DATA),
    (re.compile(rf"/administrations/({SLUG})/{re.escape(DATA)}"), Kind.ADMINISTRATION_DATA),
    # Of the site map, when it does not fit in one file. They stand at the top, since a map may name only what lies below it.
    (re.compile(r"/sitemap-([1-9][0-9]{0,2})\.xml"), Kind.SITEMAP_PART),
)


def understood(path: str) -> tuple[Kind, str] | None:
    """(kind, slug) of a path that may be a stored page; None for every other spelling, which is Flask's affair.

    Only exact, lower-case, unescaped paths match: what carries `\\`, `..`, `//` or a control character does not.
    """
    if path in FIXED:
        return FIXED[path], ""
    for pattern, kind in _BY_SLUG:
        if match := pattern.fullmatch(path):
            return kind, match.group(1)
    return None


def is_asked(kind: Kind, query: str) -> bool:
    """Whether a query string asks for another page than the stored one. What others add to links asks for nothing."""
    names = ASKED.get(kind)
    if not names or not query:
        return False
    return any(part.partition("=")[0] in names for part in query[:LONGEST_QUESTION].split("&"))


def template(path: str, slug: str) -> str:
    """The route of an understood path, as the log and the metrics name it: `/fiches/<slug>/historique`."""
    if not slug:
        return path
    parts = path.split("/")
    if len(parts) == 2:
        return "/sitemap-<number>.xml"
    parts[2] = "<code>" if parts[1] == "s" else "<slug>"
    return "/".join(parts)


def image_in(path: str) -> str | None:
    """The id of the image that a path names."""
    match = _IMAGE.fullmatch(path)
    return match.group(1) if match else None


def article(slug: str) -> str:
    return f"/fiches/{slug}"


def history(slug: str) -> str:
    return f"/fiches/{slug}/historique"


def easy(slug: str) -> str:
    """The easy-to-read twin of an article."""
    return f"/fiches/{slug}/facile"


def downloads(slug: str) -> str:
    """Where an article is taken home from."""
    return f"/fiches/{slug}/telecharger"


def download(slug: str, form: str) -> str:
    return f"/fiches/{slug}/fiche.{form}"


def comments(slug: str) -> str:
    return f"/fiches/{slug}/commentaires"


def opening(service: str) -> str:
    return f"{DOOR}{service}"


def short(code: str) -> str:
    return f"/s/{code}"


def life(slug: str) -> str:
    """Where those who answer for an article see and decide what becomes of it."""
    return f"/fiches/{slug}/vie"


def theme(slug: str) -> str:
    return f"/themes/{slug}"


def life_event(slug: str) -> str:
    return f"/situations/{slug}"


def audience(slug: str) -> str:
    return f"/publics/{slug}"


def administration(slug: str) -> str:
    return f"/administrations/{slug}"


def wish(number: int) -> str:
    return f"{WISHES}/{number}"


def feed(path: str) -> str:
    """The Atom feed of a theme or an administration."""
    return f"{path}/atom.xml"


def article_data(slug: str) -> str:
    return f"{article(slug)}/{DATA}"


def service_data(slug: str) -> str:
    return f"/demarches/{slug}/{DATA}"


def administration_data(slug: str) -> str:
    return f"{administration(slug)}/{DATA}"


def sitemap_part(number: int) -> str:
    return f"/sitemap-{number}.xml"


def graph_wanted(path: str, accept: str) -> str:
    """Where somebody is sent who asks for the page of open data in a form for programs; "" for who wants the page.

    The first form of the list that we have counts: clients that name several put what they prefer first.
    """
    if path != OPEN_DATA or not accept:
        return ""
    for part in accept[:400].lower().split(","):
        kind = part.partition(";")[0].strip()
        if kind in ("text/html", "application/xhtml+xml", "*/*", "text/*"):
            return ""
        if kind in ("application/ld+json", "application/json"):
            return CATALOGUE_JSON
        if kind in ("text/turtle", "application/x-turtle"):
            return CATALOGUE_TURTLE
    return ""


def described(path: str) -> dict[str, str]:
    """What programs read about a page, told in a header beside it: {address: media type}. Articles carry no such line:
    theirs have not a byte to spare."""
    known = understood(path)
    kind, slug = known if known is not None else (None, "")
    if kind is Kind.HISTORY:
        return {article_data(slug): "application/ld+json"}
    if kind is Kind.ADMINISTRATION:
        return {administration_data(slug): "application/ld+json"}
    if kind is Kind.SERVICES:
        return {"/opendata/demarches.jsonl": "application/jsonl"}
    if kind is Kind.OPEN_DATA:
        return {CATALOGUE_JSON: "application/ld+json", CATALOGUE_TURTLE: "text/turtle"}
    return {}


def word(key: str) -> str:
    """Where a word of the glossary is explained."""
    return f"{GLOSSARY}#{key}"


def following(path: str) -> str:
    """Where one asks for the news of an article, a theme or an administration."""
    return f"{path}/abonnement"
