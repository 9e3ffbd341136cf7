"""The public pages: what stands at each path, rendered from editions and the directory alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from flask_babel import format_date
from markupsafe import Markup

from app import clock, interface, openapi, privacy
from app.directory import catalogue, spaces
from app.directory.models import Administration, OnlineService
from drafts import vocabulary
from drafts.models import ArticleState
from labs import wish_queries
from publish import (
    addresses,
    arranged,
    article_page,
    easy_page,
    fate_queries,
    feed_pages,
    feeds,
    figure_page,
    glossary_page,
    linked_data,
    office_queries,
    open_files,
    openings,
    queries,
    service_list,
    sharing,
    store,
)
from publish.addresses import Kind
from publish.page_styles import compact, policy
from publish.queries import Card, SubjectKind
from publish.store import Page

HTML = "text/html; charset=utf-8"
ATOM = "application/atom+xml; charset=utf-8"
JSON = "application/json; charset=utf-8"
# Open data: any page anywhere may read it, without credentials.
OPEN = frozenset({JSON, linked_data.JSON_LD})
XML = "application/xml; charset=utf-8"
STYLES = ("public.css", "public-more.css", "public-easy.css")
RECENT = 6
WISHES_AT_HOME = 3
# Characters HTML does not allow, even escaped; a text may carry them, a page may not.
_NOT_HTML = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufffe\uffff]")


class Renderer:
    """Makes pages with a Jinja environment to which no request, person or session is known."""

    def __init__(self, app: Flask, public_url: str) -> None:
        self.app = app
        self.public_url = public_url
        styles = [
            compact((Path(app.static_folder or "") / name).read_text(encoding="utf-8")) for name in STYLES
        ]
        # Files of ours, which hold no `</`. Articles do without the second; their easy-to-read twins have the third.
        self.style, self.more_style, self.easy_style = (Markup(style) for style in styles)  # noqa: S704 # nosec B704 # files of ours, which hold no end of an element
        # Of pages with both styles, and of those with the first alone.
        self.csp, self.article_csp = policy(styles[:2]), policy(styles[:1])
        self.easy_csp = policy([styles[0], styles[2]])
        self.plain_csp = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"

    def page(self, path: str) -> Page | None:
        """The page at `path`, None when there is none. Runs inside a `reading()`."""
        known = addresses.understood(path)
        if known is None:
            return None
        with self.app.app_context():
            return _BUILDERS[known[0]](self, path, known[1])

    def html(self, template: str, path: str, demonstration: bool | None = None, **context: Any) -> str:
        """A template of the public frame as text; `path` is where it stands. The database is asked whether this is a
        demonstration, unless that is given."""
        words = {
            "style": self.style,
            "more_style": self.more_style,
            "url": self.public_url + path,
            "path": path,
            "site": self.public_url,
            "demonstration": queries.is_demonstration() if demonstration is None else demonstration,
            "jour": lambda instant: format_date(clock.local(instant), "d MMMM y"),
            "date_longue": lambda day: format_date(day, "d MMMM y"),
        }
        text = self.app.jinja_env.get_template(f"publish/{template}").render(**words, **context)
        return _NOT_HTML.sub("", text)

    def made(self, template: str, path: str, **context: Any) -> Page:
        text = self.html(template, path, **context)
        return store.made(path, text, HTML, self.policy_of(text))

    def policy_of(self, text: str) -> str:
        """The policy of a page, by the styles in it."""
        if self.more_style in text:
            return self.csp
        return self.easy_csp if self.easy_style in text else self.article_csp

    def plain(self, path: str, text: str, content_type: str) -> Page:
        return store.made(path, text, content_type, self.plain_csp)


def _home(site: Renderer, path: str, _slug: str) -> Page:
    cards = queries.live_cards()
    return site.made(
        "home.html", path,
        themes=[subject for subject in queries.subjects(SubjectKind.THEME, cards) if subject.articles],
        life_events=[subject for subject in queries.subjects(SubjectKind.LIFE_EVENT, cards) if subject.articles],
        recent=cards[:RECENT], count=len(cards), audiences=arranged.audiences(cards), administrations=catalogue.count(Administration),
        services=catalogue.count(OnlineService), wishes=wish_queries.cards(limit=WISHES_AT_HOME),
    )  # fmt: skip


def _article(site: Renderer, path: str, slug: str) -> Page | None:
    found = queries.article_at(slug)
    if isinstance(found, str):
        return _moved(site, path, addresses.article(found))
    if found is None:
        return _away(site, path, slug, addresses.article)
    return site.made("article.html", path, **article_page.words(found, site.public_url))


def _moved(site: Renderer, path: str, target: str) -> Page:
    return store.made(path, "", HTML, site.plain_csp, status=301, location=target)


def _away(site: Renderer, path: str, slug: str, address: Callable[[str], str]) -> Page | None:
    """An address that was public once never becomes a bare 404: it leads on (301), or says why not (410).

    A masked page answers 410 as well, and not 503: caches may go on showing what they have when they hear 503
    (`stale-if-error`, RFC 5861), and it is to be hidden at once. Each answer says how long it may be kept, so that
    none outlives the decision.
    """
    away = fate_queries.away_at(slug)
    if away is None:
        return None
    if away.slug != slug:
        return _moved(site, path, address(away.slug))
    if away.state is ArticleState.REDIRECTED and away.target is not None:
        return _moved(site, path, away.target[0])
    text = site.html("away.html", path, it=away, is_masked=away.state is ArticleState.MASKED)
    return store.made(path, text, HTML, site.csp, status=410)


def _history(site: Renderer, path: str, slug: str) -> Page | None:
    found = queries.article_at(slug)
    if isinstance(found, str):
        return _moved(site, path, addresses.history(found))
    if found is None:
        return _away(site, path, slug, addresses.history)
    return site.made(
        "history.html",
        path,
        card=found,
        editions=queries.history(found.article_id),
        exact=fate_queries.changes_since(found.article_id),
    )


def _easy(site: Renderer, path: str, slug: str) -> Page | None:
    """The twin that was signed with the live edition; of an edition without one, the page says that it is no more."""
    found = queries.article_at(slug)
    if isinstance(found, str):
        return _moved(site, path, addresses.easy(found))
    if found is None:
        return _away(site, path, slug, addresses.easy)
    if easy_page.has_twin(found):
        words = easy_page.words(found)
        return site.made("easy.html", path, easy_style=site.easy_style, **words)
    if not easy_page.had_twin(found):
        return None
    return store.made(path, site.html("easy_gone.html", path, card=found), HTML, site.csp, status=410)


def _short(site: Renderer, path: str, code: str) -> Page | None:
    slug = queries.current_slug(sharing.article_of(code))
    if slug is None:
        return None
    if queries.article_at(slug) is None:
        return _away(site, path, slug, addresses.article)
    return _moved(site, path, addresses.article(slug))


def _subject(kind: SubjectKind) -> Callable[[Renderer, str, str], Page | None]:
    def build(site: Renderer, path: str, slug: str) -> Page | None:
        cards = queries.live_cards()
        subjects = queries.subjects(kind, cards)
        subject = next((one for one in subjects if one.slug == slug), None)
        if subject is None:
            # Under a word that the vocabulary has lost, and whose last page went away.
            if not queries.was_subject(kind, slug):
                return None
            return store.made(path, site.html("subject_gone.html", path), HTML, site.csp, status=410)
        mine = [card for card in cards if slug in card.listed(kind)]
        return site.made(
            "subject.html", path, subject=subject, is_theme=kind is SubjectKind.THEME,
            cards=sorted(mine, key=lambda card: catalogue.sort_key(card.title)),
            others=[one for one in subjects if one.slug != slug and one.articles],
        )  # fmt: skip

    return build


def _audience(site: Renderer, path: str, slug: str) -> Page:
    word, cards = addresses.AUDIENCES[slug], queries.live_cards()
    mine = [card for card in cards if word in card.listed("audiences")]
    under, others = arranged.by_theme(mine)
    return site.made(
        "audience.html", path, title=vocabulary.audiences()[word], word=word, count=len(mine), under=under, others=others,
        audiences=[one for one in arranged.audiences(cards) if one[0] != slug],
    )  # fmt: skip


def _administrations(site: Renderer, path: str, _slug: str) -> Page:
    groups = []
    places = catalogue.places()
    for kind, name in catalogue.kind_names().items():
        inside = [place for place in places if place.kind is kind]
        if inside:
            groups.append(
                (str(kind).replace("_", "-"), name, [catalogue.office_of(place) for place in inside])
            )
    return site.made("administrations.html", path, groups=groups)


def _administration(site: Renderer, path: str, slug: str) -> Page | None:
    found = office_queries.office_page(slug)
    return site.made("administration.html", path, it=found) if found is not None else None


def _services(site: Renderer, path: str, _slug: str) -> Page:
    return site.made("services.html", path, it=service_list.listing())


def _services_csv(site: Renderer, path: str, _slug: str) -> Page:
    return site.plain(path, service_list.table(site.public_url), "text/csv; charset=utf-8")


def _spaces(site: Renderer, path: str, _slug: str) -> Page:
    return site.made("spaces.html", path, communes=spaces.spaces_by_commune())


def _site_map(site: Renderer, path: str, _slug: str) -> Page:
    cards = queries.live_cards()
    themes, others = arranged.by_theme(cards)
    return site.made(
        "site_map.html", path, themes=themes, others=others, audiences=arranged.audiences(cards),
        life_events=[one for one in queries.subjects(SubjectKind.LIFE_EVENT, cards) if one.articles],
    )  # fmt: skip


def _standing(template: str) -> Callable[[Renderer, str, str], Page]:
    return lambda site, path, _slug: site.made(template, path)


def _sitemap_xml(site: Renderer, path: str, _slug: str) -> Page:
    return site.plain(path, feeds.sitemap(site.public_url, listed()), XML)


def _sitemap_part(site: Renderer, path: str, number: str) -> Page | None:
    text = feeds.sitemap_part(site.public_url, listed(), int(number))
    return site.plain(path, text, XML) if text is not None else None


def _open_data(site: Renderer, path: str, _slug: str) -> Page:
    return site.made("open_data.html", path, subjects=open_files.shown())


def _article_data(site: Renderer, path: str, slug: str) -> Page | None:
    found = queries.article_at(slug)
    if isinstance(found, str):
        return _moved(site, path, addresses.article_data(found))
    if found is None:
        return _away(site, path, slug, addresses.article_data)
    return site.plain(path, linked_data.of_article(found), linked_data.JSON_LD)


def _service_data(site: Renderer, path: str, slug: str) -> Page | None:
    text = linked_data.of_service(slug)
    if text is not None:
        return site.plain(path, text, linked_data.JSON_LD)
    title = openings.withdrawn_title(slug)
    if title is None:
        return None
    gone = site.html("service_withdrawn.html", path, title=title)
    return store.made(path, gone, HTML, site.csp, status=410)


def _administration_data(site: Renderer, path: str, slug: str) -> Page | None:
    text = linked_data.of_administration(slug)
    return site.plain(path, text, linked_data.JSON_LD) if text is not None else None


def _atom(site: Renderer, path: str, _slug: str) -> Page | None:
    text = feed_pages.feed(site.public_url, path)
    return site.plain(path, text, ATOM) if text is not None else None


def _figures(site: Renderer, path: str, _slug: str) -> Page:
    return site.made("figures.html", path, it=figure_page.figure_page())


def _figures_csv(site: Renderer, path: str, _slug: str) -> Page:
    return site.plain(path, figure_page.table(), "text/csv; charset=utf-8")


def _counts(site: Renderer, path: str, _slug: str) -> Page:
    return site.plain(path, figure_page.counts(), JSON)


def _api(site: Renderer, path: str, _slug: str) -> Page:
    known = openapi.operations(site.app)
    groups = [
        [(rule.rule, declared) for rule, declared in known if (declared.scope is None) is is_public]
        for is_public in (True, False)
    ]
    limits = (interface.OF_AN_ADDRESS, interface.OF_A_KEY, interface.MOST)
    return site.made("api.html", path, public=groups[0], personal=groups[1], limits=limits)


def _robots(site: Renderer, path: str, _slug: str) -> Page:
    return site.plain(path, feeds.robots(site.public_url), "text/plain; charset=utf-8")


_BUILDERS: dict[Kind, Callable[[Renderer, str, str], Page | None]] = {
    Kind.HOME: _home,
    Kind.ARTICLE: _article,
    Kind.HISTORY: _history,
    Kind.EASY: _easy,
    Kind.SHORT: _short,
    Kind.THEME: _subject(SubjectKind.THEME),
    Kind.LIFE_EVENT: _subject(SubjectKind.LIFE_EVENT),
    Kind.AUDIENCE: _audience,
    Kind.ADMINISTRATIONS: _administrations,
    Kind.ADMINISTRATION: _administration,
    Kind.SERVICES: _services,
    Kind.SERVICES_CSV: _services_csv,
    Kind.SPACES: _spaces,
    Kind.GLOSSARY: lambda site, path, _slug: site.made(
        "glossary.html", path, letters=glossary_page.letters()
    ),
    Kind.SITE_MAP: _site_map,
    Kind.ACCESSIBILITY: _standing("accessibility.html"),
    Kind.PRIVACY: lambda site, path, _slug: site.made("privacy.html", path, entries=privacy.entries()),
    Kind.LEGAL: _standing("legal.html"),
    Kind.SITEMAP_XML: _sitemap_xml,
    Kind.ATOM: _atom,
    Kind.ROBOTS: _robots,
    Kind.FIGURES: _figures,
    Kind.FIGURES_CSV: _figures_csv,
    Kind.COUNTS: _counts,
    Kind.CHANGES_ATOM: _atom,
    Kind.THEME_ATOM: _atom,
    Kind.ADMINISTRATION_ATOM: _atom,
    Kind.OPEN_DATA: _open_data,
    Kind.SITEMAP_PART: _sitemap_part,
    Kind.ARTICLE_DATA: _article_data,
    Kind.SERVICE_DATA: _service_data,
    Kind.ADMINISTRATION_DATA: _administration_data,
    Kind.API: _api,
}


def every_path() -> dict[str, Card | None]:
    """Every page of the public side that people read, with its article where it is one."""
    cards = queries.live_cards()
    paths: dict[str, Card | None] = {
        path: None for path, kind in addresses.FIXED.items() if kind not in addresses.FOR_PROGRAMS
    }
    for card in cards:
        paths[addresses.article(card.slug)] = card
        if easy_page.has_twin(card):
            paths[addresses.easy(card.slug)] = card
    for kind, address in (
        (SubjectKind.THEME, addresses.theme),
        (SubjectKind.LIFE_EVENT, addresses.life_event),
    ):
        paths.update({address(one.slug): None for one in queries.subjects(kind, cards) if one.articles})
    paths.update({addresses.audience(slug): None for slug, _name, _count in arranged.audiences(cards)})
    paths.update({addresses.administration(place.slug): None for place in catalogue.places()})
    return paths


def listed() -> dict[str, Card | None]:
    """What search engines are told of: those, and the wishes, which are made for each who reads them."""
    wishes = [addresses.WISHES, *(addresses.wish(card.id) for card in wish_queries.cards())]
    return {**every_path(), **dict.fromkeys(wishes)}
