"""The pages of an older portal become drafts, one each, in a lab; and their addresses lead to what becomes of them.

Keyed by source and old address: brought again, a page that did not change is left, one that did is written into its
draft while nobody has touched that, and one that people work on is theirs.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import sqlalchemy as sa

from app import clock
from app.db import reading, session
from app.directory import catalogue
from app.directory.models import Administration
from app.directory.themes import themes
from app.errors import DomainError, Invalid, Missing
from app.extensions import gettext as _
from app.importing import places, portal_frame, portal_reading, records
from app.importing.models import ImportRecord, Kind
from app.importing.portal_blocks import folded
from app.importing.portal_frame import Common, NoPage
from app.importing.portal_reading import Ready, Workshop
from app.importing.portal_source import OldPage, Source
from app.importing.records import State, Told
from app.importing.run import transaction
from app.policy import Act, Actor, require
from drafts import images, service
from drafts.exchange.paper import Loss
from drafts.grammar import Node, Tree
from drafts.models import Article, Draft
from drafts.stages import Stage
from labs.models import Lab
from labs.service import slugify
from publish import old_addresses


@dataclass(frozen=True)
class PageTold:
    """What becomes of one page, for the screen and the report. `draft_id` 0: there is none."""

    told: Told
    page: OldPage
    draft_id: int = 0
    slug: str = ""
    losses: tuple[Loss, ...] = ()
    frame: int = 0
    blocks: int = 0


@dataclass
class _Known:
    """What the first look at the pages found: titles and future slugs, by the normal form of the address."""

    titles: dict[str, str] = field(default_factory=dict)
    slugs: dict[str, str] = field(default_factory=dict)
    own: dict[str, str] = field(default_factory=dict)


@dataclass
class PortalRun:
    """One run over a source; `tell` hears of each page, `moved` how many were looked at."""

    actor: Actor
    source: Source
    name: str
    lab_slug: str
    lead_slug: str
    public_url: str
    tell: Callable[[PageTold], None] = lambda _told: None
    moved: Callable[[int], None] = lambda _count: None
    counts: Counter[State] = field(default_factory=Counter)
    _workshop: Workshop | None = None
    _known: _Known = field(default_factory=_Known)
    _end: Callable[[], None] = lambda: None

    def look(self) -> None:
        """Read every page once: what all have in common, how each is called, where each will be."""
        common, known = Common(), _Known()
        titled: list[tuple[OldPage, str]] = []
        for _page, content in self.source.each():
            try:
                common.add(portal_frame.parsed(content))
            except NoPage:
                continue
        for page, content in self.source.each():
            title = " ".join(page.title.split())[:200]
            if not title:
                try:
                    title = portal_frame.title_of(portal_frame.parsed(content), common)
                except NoPage:
                    title = ""
            titled.append((page, title or _named_by_file(page)))
        with reading():
            self._allowed()
            self._settle(titled, known)
            contacts = _contacts()
        self._known = known
        read, self._end = portal_reading.reader()
        self._workshop = Workshop(
            self.source, common, known.slugs, self.public_url, lambda words: contacts.get(folded(words)), read
        )

    def close(self) -> None:
        """End the children that read."""
        self._end()
        images.close()

    def rehearse(self) -> Counter[State]:
        return self._go(rehearsed=True)

    def do(self) -> Counter[State]:
        return self._go(rehearsed=False)

    def _allowed(self) -> tuple[Lab, Administration]:
        lab = session().scalars(sa.select(Lab).where(Lab.slug == self.lab_slug)).first()
        if lab is None:
            raise Missing(_("Il n’y a pas de lab à cette adresse."))
        require(self.actor, Act.LAB_WRITE, lab)
        return lab, places.named(self.lead_slug, "lead")

    def _settle(self, titled: list[tuple[OldPage, str]], known: _Known) -> None:
        """A slug for each page: the one its article has, else a free one made of its title."""
        taken = set(session().scalars(sa.select(Article.slug)))
        there = dict(
            session()
            .execute(
                sa.select(ImportRecord.key_digest, Article.slug)
                .join(Draft, Draft.id == ImportRecord.our_id)
                .join(Article, Article.id == Draft.article_id)
                .where(ImportRecord.partner == self.name, ImportRecord.kind == Kind.PAGES)
            )
            .all()
        )
        for page, title in titled:
            form = old_addresses.normal(page.address)
            if form is None or form in known.own:
                continue
            slug = there.get(records.key_digest(form))
            if slug is None:
                slug = base = slugify(title)
                number = 1
                while slug in taken:
                    number += 1
                    slug = f"{base[:74]}-{number}"
            taken.add(slug)
            known.titles[form], known.own[form] = title, slug
        for page, _title in titled:
            form = old_addresses.normal(page.address)
            for one in (page.address, *page.aliases):
                other = old_addresses.normal(one)
                if form in known.own and other is not None:
                    known.slugs.setdefault(other, known.own[form])

    def _go(self, *, rehearsed: bool) -> Counter[State]:
        self.counts = Counter()
        seen: dict[str, OldPage] = {}
        for told in self.source.refused:
            self._report(PageTold(told, OldPage(told.name, "")))
        for done, (page, content) in enumerate(self.source.each(), 1):
            form = old_addresses.normal(page.address)
            digest = records.key_digest(form or page.address)
            if form is None or digest in seen:
                sentence = "No address." if form is None else f"The same address as {seen[digest].address}."
                self._report(_bad(page, sentence))
            else:
                seen[digest] = page
                self._report(self._page(page, content, form, rehearsed=rehearsed))
            self.moved(done)
        self._gone(seen, rehearsed=rehearsed)
        return self.counts

    def _report(self, told: PageTold) -> None:
        self.counts[told.told.state] += 1
        self.tell(told)

    def _page(self, page: OldPage, content: bytes, form: str, *, rehearsed: bool) -> PageTold:
        assert self._workshop is not None
        title, slug = self._known.titles[form], self._known.own[form]
        print_ = _fingerprint(page, content, title)
        with reading():
            record = records.known(self.name, Kind.PAGES, [form]).get(records.key_digest(form))
            if record is not None and record.removed_at is None and record.fingerprint == print_:
                told = Told(State.UNCHANGED, title, page.line)
                return PageTold(told, page, record.our_id, slug)
        try:
            ready = self._workshop.ready(page, content, title)
            with transaction(rehearsed):
                return self._write(page, form, title, slug, print_, ready)
        except NoPage as error:
            return _bad(page, str(error))
        except DomainError as error:
            return _bad(page, error.message, str(error.detail.get("field") or ""))

    def _write(self, page: OldPage, form: str, title: str, slug: str, print_: str, ready: Ready) -> PageTold:
        lab, lead = self._allowed()
        if page.administration:
            lead = places.named(page.administration, "administration")
        fields, losses = _fields(page)
        record = records.known(self.name, Kind.PAGES, [form]).get(records.key_digest(form))
        notes: list[str] = []
        differences: tuple[tuple[str, str, str], ...] = ()
        if record is None:
            draft = service.create_draft(
                self.actor, lab, title=title, lead=lead, competent=[lead], slug=slug, fields=fields, tree=ready.tree
            )  # fmt: skip
            state = State.NEW
        else:
            draft = session().get_one(Draft, record.our_id)
            if (why := _touched(draft, record.left_as)) is not None:
                told = Told(
                    State.LEFT, title, page.line, sentence=f"The page changed there, and {why}: it is left."
                )
                return PageTold(told, page, draft.id, draft.article.slug, ready.losses)
            differences = self._update(draft, title, fields, ready, record.left_as)
            state = State.CHANGED if differences else State.UNCHANGED
            state = State.BACK if record.removed_at is not None else state
        for made in ready.pictures:
            images.keep(self.actor, draft, made)
        self._addresses(page, draft, title, notes)
        self._remember(record, form, print_, draft, ready.tree)
        told = Told(state, title, page.line, sentence=" ".join(notes), differences=differences)
        return PageTold(
            told, page, draft.id, draft.article.slug, (*losses, *ready.losses), ready.frame, ready.blocks
        )

    def _update(
        self, draft: Draft, title: str, fields: dict[str, Any], ready: Ready, left_as: dict[str, Any]
    ) -> tuple[tuple[str, str, str], ...]:
        found: list[tuple[str, str, str]] = []
        before = draft.title
        changed = service.set_fields(self.actor, draft, title=title, **fields)
        if "title" in changed:
            found.append(("title", before, title))
        found += [(name, "", "") for name in changed if name != "title"]
        if _digest(ready.tree) != left_as.get("text"):
            service.replace_text(self.actor, draft, ready.tree)
            found.append(("text", "", ""))
        session().refresh(draft)
        return tuple(found)

    def _addresses(self, page: OldPage, draft: Draft, title: str, notes: list[str]) -> None:
        old_addresses.keep(page.address, draft.article_id, title=title, source=self.name)
        for alias in page.aliases:
            try:
                old_addresses.keep(alias, draft.article_id, title=title, source=self.name)
            except Invalid:
                notes.append(f"{alias} is another page's address.")
        form = old_addresses.normal(page.address)
        if form is not None and old_addresses.is_ours(form):
            notes.append("A page of ours may stand at this address; then it answers.")

    def _remember(
        self, record: ImportRecord | None, form: str, print_: str, draft: Draft, tree: Tree
    ) -> None:
        if record is None:
            record = ImportRecord(
                partner=self.name, kind=Kind.PAGES, key_digest=records.key_digest(form), their_key=form[:300]
            )
            session().add(record)
        record.our_id, record.fingerprint = draft.id, print_
        record.left_as = {**_state(draft), "text": _digest(tree)}
        record.seen_at, record.removed_at, record.put_away = clock.now(), None, False
        session().flush()

    def _gone(self, seen: dict[str, OldPage], *, rehearsed: bool) -> None:
        """Pages that the source no longer has are told once; drafts and addresses stay."""
        if any(told.state is State.BAD for told in self.source.refused):
            return
        after = 0
        while True:
            found: list[PageTold] = []
            with transaction(rehearsed):
                looked = records.page(self.name, Kind.PAGES, after, to_put_away=False)
                for record in looked:
                    if record.key_digest not in seen:
                        record.removed_at = clock.now()
                        told = Told(State.REMOVED, record.their_key, sentence="Draft and address stay.")
                        found.append(PageTold(told, OldPage(record.their_key, ""), record.our_id))
                after = looked[-1].id if looked else 0
            for one in found:
                self._report(one)
            if len(looked) < records.AT_ONCE:
                return


def _bad(page: OldPage, sentence: str, column: str = "") -> PageTold:
    return PageTold(Told(State.BAD, page.address, page.line, column, sentence), page)


def _named_by_file(page: OldPage) -> str:
    """A title for a page that has none: the last part of its address."""
    stem = PurePosixPath(page.address.partition("?")[0]).stem.replace("-", " ").replace("_", " ").strip()
    return (stem or page.where or page.address)[:200]


def _fingerprint(page: OldPage, content: bytes, title: str) -> str:
    said = json.dumps([title, page.theme, page.administration, page.date])
    return hashlib.sha256(said.encode() + b"\x00" + content).hexdigest()


def _digest(tree: Tree) -> str:
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()


def _state(draft: Draft) -> dict[str, Any]:
    """By what it is seen that somebody touched a draft."""
    fields = json.dumps(draft.fields, sort_keys=True)
    return {
        "seq": draft.head_seq,
        "history": draft.history,
        "title": draft.title,
        "fields": hashlib.sha256(fields.encode()).hexdigest(),
    }


def _touched(draft: Draft, left_as: dict[str, Any]) -> str | None:
    """What people did with a draft since it was brought; None when nothing."""
    if draft.trashed_at is not None:
        return "its draft was thrown away here"
    if draft.stage is not Stage.WRITING:
        return "its draft is under review or published"
    now = _state(draft)
    return "people have worked on its draft" if any(now[name] != left_as.get(name) for name in now) else None


def _fields(page: OldPage) -> tuple[dict[str, Any], list[Loss]]:
    """The named fields that follow from what the list says; a theme that is none of ours is a loss."""
    if not page.theme:
        return {}, []
    for slug, label in themes().items():
        if folded(page.theme) in (folded(slug), folded(label)):
            return {"themes": [slug]}, []
    return {}, [Loss("theme_unknown", 1, page.theme[:120])]


def _contacts() -> dict[str, Node]:
    """The contact block of each open administration, by its name and acronym as they are compared; what two share is left."""
    found: dict[str, Node | None] = {}
    for place in catalogue.places():
        for words in {folded(place.name), folded(place.acronym or "")} - {""}:
            node: Node = {"type": "contact", "attrs": {"administration": place.slug}}
            found[words] = None if words in found else node
    return {words: node for words, node in found.items() if node is not None}
