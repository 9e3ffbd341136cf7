"""How each picture of the French guides is taken: who looks at which page, what is done there first, what is shown."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from tests.journeys.demo import Demo

WIDTH, HEIGHT = 1000, 640
# Where letters still have clean edges; the next step is taken when a picture is too heavy.
QUALITIES = (80, 65, 50, 35)
MOST_BYTES = 60_000


@dataclass(frozen=True)
class Picture:
    who: str
    path: str
    at: str = ""
    """What stands at the top of the picture; none is the top of the page."""
    before: Callable[[Page], None] | None = None
    height: int = HEIGHT


def _unfold(words: str) -> Callable[[Page], None]:
    def unfold(page: Page) -> None:
        page.locator("summary").filter(has_text=words).first.click()

    return unfold


def _press(name: str) -> Callable[[Page], None]:
    def press(page: Page) -> None:
        page.get_by_role("button", name=name).first.click()
        page.locator("[data-remarks]").get_by_role("button", name="Répondre").first.wait_for()

    return press


PICTURES = {
    "agents-espace": Picture("agent@province-sud", "/espace"),
    "agents-editeur": Picture("agent@province-sud", "/brouillons/1"),
    "agents-remarques": Picture("agent@province-sud", "/brouillons/1", before=_press("Ouvrir les remarques")),
    "agents-historique": Picture("agent@province-sud", "/brouillons/1/historique"),
    "animateurs-lien": Picture("animateur@dinum", "/labs/demenager/inviter/lien"),
    "animateurs-portes": Picture("animateur@dinum", "/labs/demenager/portes"),
    "animateurs-seance": Picture("animateur@dinum", "/labs/demenager/seances/2", height=760),
    "referents-espace": Picture("referent@province-nord", "/espace"),
    "referents-reponse": Picture(
        "referent@province-nord",
        "/brouillons/2/relecture",
        "h2:has-text('Votre réponse')",
        _unfold("Demander des changements"),
    ),
    "referents-vie": Picture(
        "referent@province-sud", "/fiches/reserver-un-gite-de-la-province-sud/vie", height=500
    ),
    "editeurs-publier": Picture("editeur@dinum", "/brouillons/4/relecture", "h2:text-is('Publier')"),
    "editeurs-publications": Picture("editeur@dinum", "/publications"),
    "editeurs-vie": Picture(
        "editeur@dinum",
        "/fiches/demenager-de-noumea-a-kone/vie",
        "h2:has-text('Masquer tout de suite')",
        _unfold("Faire une proposition"),
    ),
    "moderateurs-file": Picture("moderateur@dinum", "/moderation", "h2:has-text('Commentaires à lire')"),
    "moderateurs-souhaits": Picture("moderateur@dinum", "/moderation/souhaits"),
    "mediateurs-classeur": Picture("mediateur@province-sud", "/espaces-connectes/classeur"),
    "mediateurs-souhait": Picture("mediateur@province-sud", "/souhaits/saisie"),
    "administrateurs-accueil": Picture("admin@dinum", "/admin"),
    "administrateurs-personne": Picture("admin@dinum", "/admin/personnes/2", "h2:text-is('Rôles')"),
    "administrateurs-service": Picture("admin@dinum", "/admin/services/1", height=460),
    "administrateurs-journal": Picture(
        "admin@dinum", "/admin/journal", "p:has-text('Télécharger ce qui est montré')"
    ),
}


def take(demo: Demo, name: str, folder: Path) -> Path:
    """Take one picture into `folder`."""
    picture = PICTURES[name]
    page = demo.sit(f"{picture.who}.example", picture.path)
    try:
        page.set_viewport_size({"width": WIDTH, "height": picture.height})
        if page.query_selector("[data-editor-root]"):
            page.wait_for_selector("html[data-synced]")
        if picture.before is not None:
            picture.before(page)
        top = 0.0
        if picture.at:
            top = page.locator(picture.at).first.evaluate(
                "one => one.getBoundingClientRect().top + scrollY - 16"
            )
        page.evaluate("top => scrollTo(0, top)", top)
        drawn = Image.open(io.BytesIO(page.screenshot()))
    finally:
        page.close()
    path = folder / f"{name}.webp"
    for quality in QUALITIES:
        drawn.convert("RGB").save(path, "WEBP", quality=quality, method=6)
        if path.stat().st_size <= MOST_BYTES:
            break
    return path
