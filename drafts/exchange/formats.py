"""The formats a text goes out in: which module writes each, what it is called on the web, and how a file of it ends.

A writer is a module of this folder with `write(paper: Paper) -> bytes`. They are asked for by name, when they are needed:
each brings a library of some megabytes, and no process pays for one that it does not use.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from app.errors import Missing
from app.extensions import gettext as _
from drafts.exchange.paper import Format, Paper

_HERE = Path(__file__).parent
# Longer names are cut by file systems and by mail programs.
LONGEST_NAME = 80
_UNNAMEABLE = re.compile(
    r'[\x00-\x1f\x7f<>:"/\\|?*%\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff]+'
)


@dataclass(frozen=True)
class Writer:
    """Who writes a format. `media` is its type on the web, with the encoding where it is text."""

    module: str
    media: str


WRITERS = {
    Format.DOCX: Writer(
        "docx_out", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    ),
    Format.ODT: Writer("odt_out", "application/vnd.oasis.opendocument.text"),
    Format.PDF: Writer("pdf", "application/pdf"),
    Format.HTML: Writer("html_out", "text/html; charset=utf-8"),
    Format.MARKDOWN: Writer("markdown_out", "text/markdown; charset=utf-8"),
}


@dataclass(frozen=True)
class Offer:
    """A format as a page offers it: its name, what it is good for, and what is lost in it."""

    form: Format
    name: str
    good_for: str
    loses: str


def named(word: str) -> Format:
    """The format of an address that ends in `word`. Raises Missing for one that nobody writes."""
    for form in WRITERS:
        if form == word:
            return form
    raise Missing(_("Ce format n’existe pas."))


def offers() -> tuple[Offer, ...]:
    said = {
        Format.DOCX: (
            _("Word (docx)"),
            _("Annoter et corriger dans un traitement de texte, puis rapporter le texte ici."),
            _("Les contacts et les démarches sont écrits en toutes lettres : ils ne se mettent plus à jour."),
        ),
        Format.ODT: (
            _("OpenDocument (odt)"),
            _("La même chose avec LibreOffice, et pour l’archivage : c’est une norme ouverte."),
            _("Les contacts et les démarches sont écrits en toutes lettres : ils ne se mettent plus à jour."),
        ),
        Format.PDF: (
            _("PDF accessible (PDF/UA)"),
            _("Lire, imprimer, remettre à quelqu’un ; un lecteur d’écran y suit les titres et les tableaux."),
            _("Ne se modifie pas. Les signes d’autres écritures et les pictogrammes sont remplacés."),
        ),
        Format.HTML: (
            _("Page web (html)"),
            _("Lire sans connexion, dans n’importe quel navigateur, ou reprendre sur un autre site."),
            _("Une page seule, sans les menus du portail ni les commentaires."),
        ),
        Format.MARKDOWN: (
            _("Texte balisé (md)"),
            _("Comparer, traiter ou publier avec des outils de texte."),
            _("Les blocs du portail s’y écrivent entre des lignes de « ::: » ; les images de plus de 60 ko n’y sont que nommées."),
        ),
    }  # fmt: skip
    return tuple(Offer(form, *said[form]) for form in WRITERS)


def write(form: Format, paper: Paper) -> bytes:
    """A text in a format. Takes up to seconds of the processor: in the worker or in a child."""
    module = importlib.import_module(f"drafts.exchange.{WRITERS[form].module}")
    written: bytes = module.write(paper)
    return written


@functools.cache
def build() -> str:
    """Changes with what files are written by: what another release has made is made again."""
    digest = hashlib.sha256()
    for path in sorted(_HERE.iterdir()):
        if path.suffix in (".py", ".typ"):
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def disposition(title: str, form: Format) -> str:
    """The header that makes a browser keep the bytes under a name: in ASCII, and as people write it (RFC 6266)."""
    name = _UNNAMEABLE.sub(" ", unicodedata.normalize("NFC", title))
    # What names hidden files, and what Windows takes for an ending of its own.
    name = " ".join(name.split())[:LONGEST_NAME].strip(" .") or _("texte")
    name = name.encode("utf-8", "ignore").decode()
    plain = unicodedata.normalize("NFKD", name.replace("’", "'").replace("œ", "oe").replace("Œ", "OE"))
    plain = re.sub(r"[^A-Za-z0-9 '()+,.;=@_-]", "", plain)
    plain = " ".join(plain.split()).strip(" .") or "texte"
    whole = quote(f"{name}.{form}", safe="")
    return f"attachment; filename=\"{plain}.{form}\"; filename*=UTF-8''{whole}"
