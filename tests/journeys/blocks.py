"""A text with every block in it, and a directory and a shelf of images that answer in the server's place."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import BrowserContext, Page, Route, expect

from app.db import reading
from drafts import log

EDITOR = "[data-editor]"
# One pixel, as WebP and as PNG.
WEBP = base64.b64decode("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
CONTACTS = [
    {
        "administration": "province-sud",
        "counter": 0,
        "label": "Province Sud",
        "detail": "Toute l’administration",
    },
    {
        "administration": "province-sud",
        "counter": 12,
        "label": "Province Sud – Accueil de Nouméa",
        "detail": "6 route des Artifices, Nouméa",
    },
]
SERVICES = [{"service": "changer-d-adresse", "label": "Changer d’adresse en ligne", "detail": "Formulaire"}]


@dataclass
class Desk:
    """What was asked of the stub, and what it says to an image."""

    asked: list[str] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    refuse_image: str = ""


def set_up_desk(context: BrowserContext) -> Desk:
    """Answers /references, /images and the stored images of every page of that profile."""
    desk = Desk()

    def references(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        desk.asked.append(urlsplit(route.request.url).query)
        if "sorte" in query:
            pool = CONTACTS if query["sorte"] == ["contact"] else SERVICES
            words = query.get("q", [""])[0].lower()
            items = [item for item in pool if words in str(item["label"]).lower()]
        else:
            wanted = query.get("contact", [])
            items = [item for item in CONTACTS if f"{item['administration']}:{item['counter']}" in wanted]
            items += [item for item in SERVICES if item["service"] in query.get("service", [])]
        route.fulfill(json={"items": items})

    def images(route: Route) -> None:
        desk.sent.append(route.request.post_data_buffer or b"")
        if desk.refuse_image:
            body = {"error": {"code": "invalid", "message": desk.refuse_image}}
            route.fulfill(status=422, content_type="application/json", body=json.dumps(body))
            return
        stored = {"image": "abc123", "width": 640, "height": 360, "url": "/images/abc123.webp"}
        route.fulfill(status=201, content_type="application/json", body=json.dumps(stored))

    context.route("**/brouillons/*/references?*", references)
    context.route("**/brouillons/*/images", images)
    context.route("**/images/*.webp", lambda route: route.fulfill(content_type="image/webp", body=WEBP))
    return desk


def block(kind: str, ident: str, /, *content: Any, **attrs: Any) -> dict[str, Any]:
    """A block of words or of blocks."""
    inside = [{"type": "text", "text": part} if isinstance(part, str) else part for part in content]
    return {"type": kind, "attrs": {"id": ident, **attrs}, "content": inside}


def words(kind: str, ident: str, text: str) -> dict[str, Any]:
    return block(kind, ident, text)


def item(ident: str, text: str) -> dict[str, Any]:
    return block("list_item", ident, words("paragraph", f"{ident}p", text))


def part(kind: str, ident: str, title: str, text: str, **attrs: Any) -> dict[str, Any]:
    label = [words("label", f"{ident}l", title)] if title else []
    return block(kind, ident, *label, words("paragraph", f"{ident}p", text), **attrs)


EVERY_BLOCK = [
    words("lead", "a1", "Vous changez d’adresse : voici qui prévenir, et dans quel ordre."),
    words("heading", "a2", "La démarche"),
    block(
        "steps",
        "a3",
        part("step", "a4", "Prévenir la mairie", "Apportez une pièce d’identité."),
        part("step", "a5", "Prévenir la province", "Par courrier ou en ligne."),
    ),
    block("documents", "a6", item("a7", "Une pièce d’identité"), item("a8", "Un justificatif de domicile")),
    words("cost", "a9", "Gratuit"),
    words("delay", "b1", "Deux semaines"),
    block("contact", "b2", administration="province-sud", counter=12),
    block("contact", "b3", administration="nulle-part", counter=0),
    block("service", "b4", service="changer-d-adresse"),
    block(
        "image",
        "b5",
        "Le plan d’accès",
        image="abc123",
        alt="Un plan du centre-ville",
        width=640,
        height=360,
    ),
    block(
        "legal",
        "b6",
        "Délibération sur les registres",
        number="2021-12",
        date="2021-05-03",
        href="https://exemple.nc/texte",
    ),
    part("question", "b7", "Et si je suis hébergé ?", "Joignez une attestation."),
    part("definition", "b8", "Résidence principale", "Le logement où l’on vit."),
    block(
        "situations",
        "c1",
        part("situation", "c2", "Vous êtes locataire", "Prévenez aussi le bailleur."),
        part("situation", "c3", "Vous êtes propriétaire", "Prévenez le cadastre."),
    ),
    block(
        "variants",
        "c4",
        part("variant", "c5", "", "À Nouméa, le guichet est ouvert.", territories="province-sud noumea"),
        part("variant", "c6", "", "Ailleurs, sur rendez-vous."),
    ),
    block("further", "c7", item("c8", "Le guide du déménagement")),
    block("note", "c9", words("paragraph", "d1", "Le service est fermé en janvier."), kind="warning"),
    words("paragraph", "d2", "Dernier paragraphe."),
]


def kinds(draft_id: int) -> list[str]:
    """The kinds of the stored text's blocks, in order."""
    with reading():
        return [block["type"] for block in log.load(draft_id).tree]


def ids(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        f"[...document.querySelector('{EDITOR}').querySelectorAll('[data-id]')].map(e => e.dataset.id)"
    )
    return found


def on_an_empty_line(page: Page) -> None:
    page.locator(f"{EDITOR} p").last.click()
    page.keyboard.press("Control+End")
    page.wait_for_timeout(150)
    page.keyboard.press("Enter")


def answer_the_dialog(page: Page, kind: str) -> None:
    """What is asked about a block that needs an answer first."""
    dialog = page.get_by_role("dialog")
    if kind in ("contact", "service"):
        expect(dialog.get_by_role("option").first).to_be_visible()
        page.keyboard.press("Enter")
    elif kind == "image":
        dialog.get_by_label("Fichier de l’image").set_input_files(
            {"name": "plan.png", "mimeType": "image/png", "buffer": PNG}
        )
        expect(dialog.get_by_role("status")).to_contain_text("enregistrée")
        dialog.get_by_label("Texte de remplacement").fill("Le plan du quartier")
        page.keyboard.press("Enter")


def order(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        f"[...document.querySelector('{EDITOR}').children].map(e => e.dataset.id || '').filter(Boolean)"
    )
    return found


def bare(tree: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """The tree without its ids and without defaults: kinds, values and words."""
    found: list[tuple[Any, ...]] = []
    for node in tree:
        # The level of a title of the second rank is the default.
        attrs = {k: v for k, v in node.get("attrs", {}).items() if k != "id" and v not in ("", 0, None)}
        attrs.pop("level", None)
        found.append((node["type"], attrs, node.get("text", ""), bare(node.get("content", []))))
    return found
