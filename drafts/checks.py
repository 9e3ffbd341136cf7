"""What must be there before a text is submitted. The grammar forbids nothing, so the checks say it in words.

Each finding names the block it is about, so that the page can put it one click away.
"""

import unicodedata
from collections.abc import Collection

from app.extensions import gettext as _
from app.extensions import ngettext
from app.markup import safe_href
from drafts.cards import NOTHING, References
from drafts.findings import Code, Finding, ident_of, quoted
from drafts.grammar import BLOCK_LEAVES, GRAMMAR, Node, Tree, blocks, inline_text, normalise
from drafts.outline import TOP, titles
from drafts.part_checks import check_parts
from drafts.patterns import guidance_in
from drafts.reference_checks import check_references
from drafts.suggested import is_open

# « En bref » is read on a phone before anything else; editorial model, section 3.
LEAD_LENGTH = 300
# Words that do not make a text by themselves: an introduction and titles.
TITLES = frozenset({"lead", "heading", "label"})


def check_text(
    tree: Tree,
    *,
    title: str,
    has_lead_administration: bool,
    territories: Collection[str] = (),
    known: References = NOTHING,
) -> list[Finding]:
    """Everything that keeps a text from being submitted.

    First what concerns the whole, then each kind of fault in the order in which a reader meets it. `territories`
    are those the article is for, `known` what exists of all the text refers to.
    """
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
    findings += (
        _suggestions(tree)
        + _leads(tree)
        + _emptiness(tree)
        + _guidance(tree)
        + _headings(tree)
        + _links(tree)
        + _tables(tree)
    )
    return findings + check_parts(tree, territories) + check_references(tree, known)


def _suggestions(tree: Tree) -> list[Finding]:
    """One for each block in which words wait for an answer, so that each place is a click away."""
    findings = []
    for block in blocks(tree):
        if GRAMMAR.nodes[block["type"]].holds_inline and is_open(block.get("content", ())):
            words = quoted(inline_text(block))
            message = _("Une suggestion attend une réponse dans « %(words)s ».", words=words)
            findings.append(Finding(Code.SUGGESTION_OPEN, ident_of(block), message))
    return findings


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
        findings.append(Finding(Code.LEAD_TOO_LONG, ident_of(leads[0]), message))
    for lead in leads[1:]:
        message = _("Le texte a une deuxième introduction « En bref » : une seule est permise.")
        findings.append(Finding(Code.LEAD_REPEATED, ident_of(lead), message))
    return findings


def _emptiness(tree: Tree) -> list[Finding]:
    for block in blocks(tree):
        if block["type"] in BLOCK_LEAVES or block["type"] not in TITLES and inline_text(block).strip():
            return []
    return [
        Finding(Code.TEXT_EMPTY, None, _("Le texte est vide : il n’a que son introduction ou ses titres."))
    ]


def _guidance(tree: Tree) -> list[Finding]:
    findings = []
    for block in blocks(tree):
        found = guidance_in(block) if GRAMMAR.nodes[block["type"]].holds_inline else None
        if found is not None:
            message = _(
                "Une consigne du modèle est encore là : « %(words)s ». Écrivez à sa place, ou supprimez-la.",
                words=quoted(found),
            )
            findings.append(Finding(Code.GUIDANCE_LEFT, ident_of(block), message))
    return findings


def _headings(tree: Tree) -> list[Finding]:
    findings = []
    for title in titles(tree):
        if title.is_made:
            continue
        ident, words = ident_of(title.node), title.text
        if not words:
            findings.append(Finding(Code.HEADING_EMPTY, ident, _("Un titre est vide.")))
        elif title.level > title.after + 1:
            message = (
                _("Le premier titre, « %(title)s », doit être de niveau 2.", title=quoted(words))
                if title.after == TOP
                else _(
                    "Le titre « %(title)s » est de niveau %(level)d et suit un titre de niveau %(before)d : il manque un niveau.",
                    title=quoted(words),
                    level=title.level,
                    before=title.after,
                )
            )
            findings.append(Finding(Code.HEADING_ORDER, ident, message))
    return findings


def _links(tree: Tree) -> list[Finding]:
    findings = []
    for block in blocks(tree):
        if not GRAMMAR.nodes[block["type"]].holds_inline:
            continue
        for words, href in _links_of(block):
            if not words.strip():
                message = _("Un lien n’a pas de texte : %(href)s.", href=quoted(href) or "—")
                findings.append(Finding(Code.LINK_EMPTY, ident_of(block), message))
            elif not href.strip():
                message = _("Le lien « %(words)s » n’a pas d’adresse.", words=quoted(words))
                findings.append(Finding(Code.LINK_WITHOUT_TARGET, ident_of(block), message))
            elif safe_href(href) is None:
                message = _("L’adresse du lien « %(words)s » n’est pas acceptée.", words=quoted(words))
                findings.append(Finding(Code.LINK_UNSAFE, ident_of(block), message))
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
            findings.append(Finding(Code.TABLE_WITHOUT_HEADERS, ident_of(block), message))
    return findings
