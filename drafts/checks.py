"""What must be there before a text is submitted. The grammar forbids nothing, so the checks say it in words.

Each finding names the block it is about, so that the page can put it one click away.
"""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from app.extensions import gettext as _
from app.extensions import ngettext
from app.markup import safe_href
from drafts.grammar import GRAMMAR, Node, Tree, blocks, inline_text, normalise

# « En bref » is read on a phone before anything else; editorial model, section 3.
LEAD_LENGTH = 300
# Words of a link or of a heading quoted in a finding, so that the finding stays one line.
QUOTED = 60


class Code(StrEnum):
    """Stable names of what can be wrong, for tests, tools and the page's filters."""

    TITLE_MISSING = "title_missing"
    LEAD_ADMINISTRATION_MISSING = "lead_administration_missing"
    LEAD_MISSING = "lead_missing"
    LEAD_TOO_LONG = "lead_too_long"
    LEAD_REPEATED = "lead_repeated"
    TEXT_EMPTY = "text_empty"
    HEADING_EMPTY = "heading_empty"
    HEADING_ORDER = "heading_order"
    LINK_EMPTY = "link_empty"
    LINK_WITHOUT_TARGET = "link_without_target"
    LINK_UNSAFE = "link_unsafe"
    TABLE_WITHOUT_HEADERS = "table_without_headers"


@dataclass(frozen=True)
class Finding:
    """One thing to put right: its code, the block it is about (None for the whole text), a sentence in French."""

    code: Code
    block_id: str | None
    message: str


def check_text(tree: Tree, *, title: str, has_lead_administration: bool) -> list[Finding]:
    """Everything that keeps a text from being submitted, in the order in which a reader meets it."""
    tree = normalise(tree)
    findings = []
    if not title.strip():
        findings.append(Finding(Code.TITLE_MISSING, None, _("La fiche n’a pas de titre.")))
    if not has_lead_administration:
        findings.append(
            Finding(
                Code.LEAD_ADMINISTRATION_MISSING,
                None,
                _("Aucune administration n’est désignée comme responsable de la fiche."),
            )
        )
    return findings + _leads(tree) + _emptiness(tree) + _headings(tree) + _links(tree) + _tables(tree)


def _leads(tree: Tree) -> list[Finding]:
    leads = [block for block in blocks(tree) if block["type"] == "lead" and inline_text(block).strip()]
    if not leads:
        message = _("Le texte n’a pas d’introduction « En bref ».")
        return [Finding(Code.LEAD_MISSING, None, message)]
    findings = []
    length = len(unicodedata.normalize("NFC", inline_text(leads[0]).strip()))
    if length > LEAD_LENGTH:
        message = ngettext(
            "L’introduction « En bref » dépasse %(most)d caractères de %(num)d caractère.",
            "L’introduction « En bref » dépasse %(most)d caractères de %(num)d caractères.",
            length - LEAD_LENGTH,
            most=LEAD_LENGTH,
        )
        findings.append(Finding(Code.LEAD_TOO_LONG, _ident(leads[0]), message))
    for lead in leads[1:]:
        message = _("Le texte a une deuxième introduction « En bref » : une seule est permise.")
        findings.append(Finding(Code.LEAD_REPEATED, _ident(lead), message))
    return findings


def _emptiness(tree: Tree) -> list[Finding]:
    for block in blocks(tree):
        if block["type"] not in ("lead", "heading") and GRAMMAR.nodes[block["type"]].holds_inline:
            if inline_text(block).strip():
                return []
    return [
        Finding(Code.TEXT_EMPTY, None, _("Le texte est vide : il n’a que son introduction ou ses titres."))
    ]


def _headings(tree: Tree) -> list[Finding]:
    findings = []
    before = 1
    for block in blocks(tree):
        if block["type"] != "heading":
            continue
        words = inline_text(block).strip()
        if not words:
            findings.append(Finding(Code.HEADING_EMPTY, _ident(block), _("Un titre est vide.")))
            continue
        level = block.get("attrs", {}).get("level", 2)
        if level > before + 1:
            message = (
                _("Le premier titre, « %(title)s », doit être de niveau 2.", title=_quoted(words))
                if before == 1
                else _(
                    "Le titre « %(title)s » est de niveau %(level)d et suit un titre de niveau %(before)d : il manque un niveau.",
                    title=_quoted(words),
                    level=level,
                    before=before,
                )
            )
            findings.append(Finding(Code.HEADING_ORDER, _ident(block), message))
        before = level
    return findings


def _links(tree: Tree) -> list[Finding]:
    findings = []
    for block in blocks(tree):
        if not GRAMMAR.nodes[block["type"]].holds_inline:
            continue
        for words, href in _links_of(block):
            if not words.strip():
                message = _("Un lien n’a pas de texte : %(href)s.", href=_quoted(href) or "—")
                findings.append(Finding(Code.LINK_EMPTY, _ident(block), message))
            elif not href.strip():
                message = _("Le lien « %(words)s » n’a pas d’adresse.", words=_quoted(words))
                findings.append(Finding(Code.LINK_WITHOUT_TARGET, _ident(block), message))
            elif safe_href(href) is None:
                message = _("L’adresse du lien « %(words)s » n’est pas acceptée.", words=_quoted(words))
                findings.append(Finding(Code.LINK_UNSAFE, _ident(block), message))
    return findings


def _links_of(block: Node) -> list[tuple[str, str]]:
    """(words, target) of each link of a block; runs of one target that follow one another are one link."""
    found: list[tuple[str, str]] = []
    open_target: str | None = None
    for node in block.get("content", ()):
        link = next((mark for mark in node.get("marks", ()) if mark["type"] == "link"), None)
        if link is None:
            # A line break carries no marks and does not end a link.
            open_target = open_target if node["type"] == "hard_break" else None
            continue
        href = link.get("attrs", {}).get("href", "")
        if open_target == href:
            found[-1] = (found[-1][0] + node["text"], href)
        else:
            found.append((node["text"], href))
        open_target = href
    return found


def _tables(tree: Tree) -> list[Finding]:
    findings = []
    for block in blocks(tree):
        if block["type"] != "table" or not any(inline_text(inner).strip() for inner in blocks([block])):
            continue
        if not any(inner["type"] == "table_header" for inner in blocks([block])):
            message = _(
                "Un tableau n’a pas de cellules d’en-tête : elles disent ce que contiennent les colonnes."
            )
            findings.append(Finding(Code.TABLE_WITHOUT_HEADERS, _ident(block), message))
    return findings


def _ident(block: Node) -> str | None:
    ident: str | None = block.get("attrs", {}).get("id")
    return ident


def _quoted(words: str) -> str:
    words = " ".join(words.split())
    return words if len(words) <= QUOTED else words[: QUOTED - 1].rstrip() + "…"
