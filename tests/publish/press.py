"""A small press for the tests of the public side: two administrations, their people, an editor, one lab.

Everything goes through the services, so that what is published here could have been published by people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.db import session, unit_of_work
from app.directory.models import Administration, Counter, Kind, Login, OnlineService, ServiceKind
from app.policy import Actor, PortalRole
from drafts import review, service
from drafts.models import Draft
from labs.models import Lab
from publish import service as publishing
from tests.makers import make_administration, make_agent, make_draft, make_lab

Tree = list[dict[str, Any]]


def block(type_: str, *content: dict[str, Any] | str, **attrs: Any) -> dict[str, Any]:
    """One node; bare words become a run of text."""
    node: dict[str, Any] = {"type": type_}
    if attrs:
        node["attrs"] = attrs
    runs = [run(part) if isinstance(part, str) else part for part in content]
    return {**node, "content": runs} if runs else node


def run(words: str, *marks: str, href: str = "") -> dict[str, Any]:
    found: list[dict[str, Any]] = [{"type": mark} for mark in marks]
    if href:
        found.insert(0, {"type": "link", "attrs": {"href": href}})
    return {"type": "text", "text": words, **({"marks": found} if found else {})}


RICH: Tree = [
    block("lead", "Vous déménagez ? Prévenez la mairie, puis la province.", id="b1"),
    block("heading", "Avant de partir", id="b2"),
    block("paragraph", "Gardez ", run("tous les papiers", "strong"), " : bail, factures.", id="b3"),
    block("bullet_list",
          block("list_item", block("paragraph", "le bail ;", id="b6"), id="b5"),
          block("list_item", block("paragraph", run("le formulaire", href="https://www.mairie.example/f"), ".", id="b8"), id="b7"),
          id="b4"),
    block("heading", "À la mairie", id="b9"),
    block("ordered_list", block("list_item", block("paragraph", "Présentez-vous au guichet.", id="b12"), id="b11"), id="b10"),
    block("note", block("paragraph", "Fermé le lundi.", id="b14"), id="b13", kind="warning"),
    block("heading", "Après", id="b15"),
    block("table",
          block("table_row", block("table_header", block("paragraph", "Pièce", id="b19"), id="b18"),
                block("table_header", block("paragraph", "Délai", id="b21"), id="b20"), id="b17"),
          block("table_row", block("table_cell", block("paragraph", "Carte grise", id="b25"), id="b24"),
                block("table_cell", block("paragraph", "un mois", id="b27"), id="b26"), id="b23"),
          id="b16"),
    block("heading", "Un détail", id="b28", level=3),
    block("paragraph", "Une ligne", {"type": "hard_break"}, "puis l’autre.", id="b29"),
]  # fmt: skip
FIELDS = {
    "themes": ["logement"],
    "life_events": ["demenager"],
    "services": ["declarer-un-changement"],
    "review_date": "2030-05-31",
}


@dataclass(frozen=True)
class Press:
    sud: int
    nord: int
    lab_id: int
    writer: Actor
    sud_reviewer: Actor
    nord_reviewer: Actor
    editor: Actor

    def draft(
        self,
        title: str = "Changer d’adresse",
        tree: Sequence[dict[str, Any]] = RICH,
        *,
        both: bool = True,
        **fields: Any,
    ) -> int:
        """A draft by the writer; competent are both administrations, or Sud alone."""
        with unit_of_work():
            sud, nord = self._place(self.sud), self._place(self.nord)
            made = make_draft(
                self.writer, session().get_one(Lab, self.lab_id), sud, *([sud, nord] if both else [sud]),
                title=title, tree=list(tree),
            )  # fmt: skip
            service.set_fields(self.writer, made, **{**FIELDS, **fields})
            return made.id

    def submit(self, draft_id: int, change_note: str = "") -> str:
        """The fingerprint of the revision that is cut."""
        with unit_of_work():
            return review.submit(self.writer, draft_called(draft_id), change_note).fingerprint

    def sign(self, draft_id: int, fingerprint: str) -> None:
        with unit_of_work():
            draft = draft_called(draft_id)
            # Who leads signs last: a minor correction would be approved with it.
            if self.nord in {place.id for place in draft.article.competent}:
                review.sign_off(self.nord_reviewer, draft, self.nord, fingerprint)
            review.sign_off(self.sud_reviewer, draft, self.sud, fingerprint)

    def approved(
        self, title: str = "Changer d’adresse", tree: Sequence[dict[str, Any]] = RICH, **options: Any
    ) -> tuple[int, str]:
        """A draft signed by everybody: (id, fingerprint)."""
        draft_id = self.draft(title, tree, **options)
        fingerprint = self.submit(draft_id, "Première publication.")
        self.sign(draft_id, fingerprint)
        return draft_id, fingerprint

    def publish(self, draft_id: int, fingerprint: str, note: str = "") -> str:
        """The slug it is public under."""
        with unit_of_work():
            return publishing.publish(self.editor, draft_called(draft_id), fingerprint, note).slug

    def published(
        self, title: str = "Changer d’adresse", tree: Sequence[dict[str, Any]] = RICH, **options: Any
    ) -> tuple[int, str]:
        """(draft, slug) of an article that is out."""
        draft_id, fingerprint = self.approved(title, tree, **options)
        return draft_id, self.publish(draft_id, fingerprint)

    def rewrite(self, draft_id: int, tree: Sequence[dict[str, Any]]) -> None:
        with unit_of_work():
            service.replace_text(self.writer, draft_called(draft_id), list(tree))

    def again(self, draft_id: int, note: str = "") -> str:
        """The next edition of what the draft says now."""
        fingerprint = self.submit(draft_id, note)
        self.sign(draft_id, fingerprint)
        return self.publish(draft_id, fingerprint, note)

    @staticmethod
    def _place(place_id: int) -> Administration:
        return session().get_one(Administration, place_id)


def draft_called(draft_id: int) -> Draft:
    return session().get_one(Draft, draft_id)


def set_up() -> Press:
    with unit_of_work():
        sud = make_administration(
            "Province du Sud", slug="province-du-sud", acronym="PS", site="https://www.sud.example"
        )
        sud.counters = [
            Counter(name="Accueil du Sud", address="1, rue des Bois", commune="Nouméa", phone="20 00 30",
                    email="accueil@sud.example", hours="Lundi au vendredi, 8 h – 16 h")
        ]  # fmt: skip
        nord = make_administration("Mairie de Koné", slug="kone", kind=Kind.COMMUNE)
        online = OnlineService(
            slug="declarer-un-changement", title="Déclarer un changement", kind=ServiceKind.ONLINE_PROCEDURE,
            url="https://www.sud.example/changement", login=Login.NC_CONNECT, summary="Dites où vous habitez.",
        )  # fmt: skip
        online.owners = [sud]
        session().add(online)
        writer = make_agent(sud)
        lab = make_lab(writer, sud)
        return Press(
            sud=sud.id, nord=nord.id, lab_id=lab.id, writer=writer, sud_reviewer=make_agent(sud, reviewer=True),
            nord_reviewer=make_agent(nord, reviewer=True), editor=make_agent(nord, PortalRole.PORTAL_EDITOR),
        )  # fmt: skip
