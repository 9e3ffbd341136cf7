"""A client with taste: every HTML page it receives is read strictly, as a person with a screen reader would.

`PageClient` signs in without the form when a test is about something else, and sends the forms that stand in the
page it was given, hidden fields and token included, so that a form that lost its token fails the test.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
from flask import Flask
from werkzeug.test import TestResponse

from app.accounts import cookie
from app.accounts import service as accounts
from app.db import unit_of_work
from app.policy import Actor

CONTROLS = ("input", "select", "textarea")
SILENT = ("script", "style", "template", "svg")
# Faults of typing that a careful reader sees first; addresses and times are taken out before.
TYPEWRITER = (
    (re.compile(r"[^\W\d_]'[^\W\d_]"), "a straight apostrophe"),
    (re.compile(r'"'), "a straight quotation mark"),
    (re.compile(r" [:;?!](?=\s|$)"), "a space that breaks before : ; ? !"),
    (re.compile(r"« | »"), "a space that breaks inside « »"),
    (re.compile(r"\.\.\."), "three dots"),
    (re.compile(r"\b(None|Undefined)\b|\bb2'|<class|\{\{|%\("), "something only a program says"),
)


@dataclass
class Form:
    """A form as it stands in the page: what it would send if nobody touched it."""

    action: str
    method: str
    values: dict[str, Any]
    names: set[str]


@dataclass
class Page:
    """One answer. `tree` is the parsed document, without namespaces; None when the answer is no HTML."""

    response: TestResponse
    path: str
    tree: Element | None = None
    forms: list[Form] = field(default_factory=list)

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def source(self) -> str:
        return self.response.get_data(as_text=True)

    @property
    def json(self) -> Any:
        return self.response.get_json()

    @property
    def location(self) -> str:
        return self.response.headers.get("Location", "")

    @property
    def text(self) -> str:
        """What is to be read on the page, white space collapsed."""
        assert self.tree is not None, f"{self.path} is no HTML page: {self.response.content_type}"
        return " ".join(" ".join(_words(self.tree)).split())

    @property
    def main(self) -> str:
        """What is to be read in the main part."""
        assert self.tree is not None
        found = next(self.tree.iter("main"))
        return " ".join(" ".join(_words(found)).split())

    @property
    def heading(self) -> str:
        assert self.tree is not None
        return " ".join(" ".join(_words(next(self.tree.iter("h1")))).split())

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """Elements by tag and attributes; an underscore in an attribute's name stands for a hyphen."""
        assert self.tree is not None
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            element
            for element in self.tree.iter(tag)
            if all(element.get(name) == value for name, value in wanted.items())
        ]

    def links(self) -> list[str]:
        return [element.get("href", "") for element in self.all("a")]

    def form(self, action: str) -> Form:
        """The form that sends to `action`. A page without it offers no such act."""
        found = [form for form in self.forms if form.action == action]
        assert found, f"{self.path} has no form for {action}, only {[form.action for form in self.forms]}"
        return found[0]

    def offers(self, action: str) -> bool:
        return any(form.action == action for form in self.forms)


class PageClient:
    """A browser without JavaScript: keeps cookies, follows nothing by itself, judges every page it gets."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.http = app.test_client()
        self.page: Page | None = None

    def sign_in(
        self, actor: Actor, *, shared_computer: bool = False, second_factor: bool = True
    ) -> PageClient:
        """Sit down as `actor`, past the form; with everything that their roles ask for, unless said otherwise."""
        with unit_of_work():
            token = accounts.sign_in(
                actor.id, shared_computer=shared_computer, second_factor=second_factor
            ).token
        self.http.set_cookie(cookie.name(self.app.config["SETTINGS"]), token)
        return self

    def sign_out(self) -> PageClient:
        self.http = self.app.test_client()
        return self

    def get(self, path: str, status: int = 200, **options: Any) -> Page:
        return self._seen(path, self.http.get(path, **options), status)

    def post(
        self, path: str, data: dict[str, Any] | str | None = None, status: int = 303, **options: Any
    ) -> Page:
        """A bare POST, with nothing that the page would have added."""
        return self._seen(path, self.http.post(path, data=data or {}, **options), status)

    def send(self, action: str, status: int = 303, **values: Any) -> Page:
        """Fill in and send the form of the last page that goes to `action`. None takes a value away."""
        assert self.page is not None, "open a page first"
        form = self.page.form(action)
        data = dict(form.values)
        for name, value in values.items():
            assert name in form.names, f"the form for {action} has no field {name}, only {sorted(form.names)}"
            data[name] = value
        data = {name: value for name, value in data.items() if value is not None}
        return self.post(action, data, status)

    def follow(self, status: int = 200) -> Page:
        """Go where the last answer pointed."""
        assert self.page is not None and self.page.location, "the last answer led nowhere"
        return self.get(self.page.location, status)

    def _seen(self, path: str, response: TestResponse, status: int) -> Page:
        page = Page(response, path)
        if response.content_type and response.content_type.startswith("text/html") and response.data:
            if not 300 <= response.status_code < 400:
                page.tree = parsed(response.get_data(as_text=True), path)
                page.forms = list(_forms(page.tree, path))
                judge(page)
        assert response.status_code == status, (
            f"{path} answered {response.status_code}, not {status}: {page.main if page.tree is not None else page.source[:300]}"
        )
        self.page = page
        return page


# Forms of people without an account: a signed word of their own or the place they come from stands for the token.
OF_THE_PUBLIC = re.compile(
    r"/(fiches|themes|administrations)/[a-z0-9-]+/(aimer|avis|commentaires|abonnement).*"
    r"|/(suivi|desabonnement)(/.*)?|/souhaits(/[0-9]+/soutenir)?"
    # What lies below these addresses is for agents.
    r"|/appels/(?!nouveau$)[a-z0-9-]+|/lectures/[\w-]+"
)


def parsed(source: str, path: str = "") -> Element:
    """The document, read as strictly as html5lib can."""
    parser = html5lib.HTMLParser(
        tree=html5lib.getTreeBuilder("etree"), strict=True, namespaceHTMLElements=False
    )
    try:
        document: Element = parser.parse(source)
    except html5lib.html5parser.ParseError as error:
        position = parser.errors[-1][0] if parser.errors else "?"
        raise AssertionError(f"{path}: not valid HTML: {error} at {position}") from error
    return document


def judge(page: Page) -> None:
    """Raise AssertionError with everything that is wrong with a page."""
    assert page.tree is not None
    wrong = [*_structure(page.tree), *_names(page.tree), *_typing(page.tree)]
    assert not wrong, f"{page.path}:\n" + "\n".join(wrong)


def _structure(tree: Element) -> Iterator[str]:
    if tree.get("lang") != "fr":
        yield "the page does not say that it is in French"
    title = "".join(next(tree.iter("title")).itertext()).strip() if list(tree.iter("title")) else ""
    if len(title) < 5 or title.startswith("–"):
        yield f"the title says nothing: {title!r}"
    for tag in ("h1", "main"):
        count = len(list(tree.iter(tag)))
        if count != 1:
            yield f"{count} <{tag}> instead of one"
    ids = Counter(element.get("id") for element in tree.iter() if element.get("id") is not None)
    yield from (f"the id {name!r} stands {count} times" for name, count in ids.items() if count > 1)
    for element in tree.iter():
        for attribute in ("aria-describedby", "aria-labelledby", "for", "aria-controls"):
            for target in (element.get(attribute) or "").split():
                if target not in ids:
                    yield f"{attribute}={target!r} leads nowhere"
        href = element.get("href") or ""
        if element.tag == "a" and href.startswith("#") and len(href) > 1 and href[1:] not in ids:
            yield f"the link {href} leads nowhere"
        if element.tag != "use" and (
            element.get("style") or any(key.startswith("on") for key in element.attrib)
        ):
            yield f"<{element.tag}> carries a style or a script of its own, which the policy forbids"
    last = 1
    # A text that is being written may be out of order; what is published may not, and `drafts.checks` says so.
    living = {
        id(inner)
        for element in tree.iter()
        if element.get("data-editor-static") is not None
        for inner in element.iter()
    }
    for element in tree.iter():
        if isinstance(element.tag, str) and re.fullmatch("h[1-6]", element.tag) and id(element) not in living:
            level = int(element.tag[1])
            if level > last + 1:
                yield f"a heading of level {level} after one of level {last}"
            last = level


def _names(tree: Element) -> Iterator[str]:
    labelled = {element.get("for") for element in tree.iter("label")}
    inside = {id(inner) for label in tree.iter("label") for inner in label.iter()}
    for element in tree.iter():
        if element.tag in CONTROLS and element.get("type") not in ("hidden", "submit"):
            named = element.get("aria-label") or element.get("aria-labelledby")
            if not named and id(element) not in inside and element.get("id") not in labelled:
                yield f"the field {element.get('name')!r} has no label"
        if element.tag in ("a", "button", "summary", "legend", "label", "th", "h1", "h2", "h3", "h4"):
            if not " ".join(_words(element)).strip() and not element.get("aria-label"):
                yield f"an empty <{element.tag}> ({element.attrib})"
        if element.tag == "nav" and not (element.get("aria-label") or element.get("aria-labelledby")):
            yield "a <nav> without a name"
        if element.tag == "img" and element.get("alt") is None:
            yield "an image without alternative text"
    for form in tree.iter("form"):
        tokens = [item for item in form.iter("input") if item.get("name") == "csrf_token"]
        # A form of the public is judged by where it comes from: a token would make its page another for everybody.
        wanted = 0 if OF_THE_PUBLIC.fullmatch(form.get("action") or "") else 1
        if (form.get("method") or "get").lower() == "post" and len(tokens) != wanted:
            yield f"the form for {form.get('action')} carries {len(tokens)} tokens, not {wanted}"


def _typing(tree: Element) -> Iterator[str]:
    for text in _words(tree, (*SILENT, "code")):
        bare = re.sub(r"https?://\S+|\b\d{1,2}:\d{2}\b", "x", text)
        for pattern, fault in TYPEWRITER:
            if pattern.search(bare):
                yield f"{fault}: {text.strip()[:120]!r}"


def _words(element: Element, silent: tuple[str, ...] = SILENT) -> Iterator[str]:
    """Every text a person meets below `element`, with the spoken attributes."""
    if element.tag in silent or not isinstance(element.tag, str):
        return
    for attribute in ("aria-label", "title", "placeholder", "alt"):
        if element.get(attribute):
            yield str(element.get(attribute))
    if element.text:
        yield element.text
    for child in element:
        yield from _words(child, silent)
        if child.tail:
            yield child.tail


def _forms(tree: Element, path: str) -> Iterator[Form]:
    for element in tree.iter("form"):
        values: dict[str, Any] = {}
        names: set[str] = set()
        for control in element.iter():
            name = control.get("name")
            if not name or control.tag not in (*CONTROLS, "button"):
                continue
            names.add(name)
            kind = control.get("type", "text")
            if control.tag == "textarea":
                values[name] = (control.text or "").removeprefix("\n")
            elif control.tag == "select":
                options = list(control.iter("option"))
                chosen = [option for option in options if option.get("selected") is not None]
                picked = [option.get("value", option.text or "") for option in chosen or options[:1]]
                values[name] = picked if control.get("multiple") is not None else (picked or [""])[0]
            elif kind in ("checkbox", "radio"):
                if control.get("checked") is not None:
                    values[name] = [*values.get(name, []), control.get("value", "on")]
            elif control.tag == "input" and kind != "submit":
                values[name] = control.get("value", "")
        yield Form(element.get("action") or path, (element.get("method") or "get").lower(), values, names)
