"""What a text refers to must be chosen and exist: contacts, online services, images; and abbreviations explain."""

from collections.abc import Iterator

from app.extensions import gettext as _
from drafts.cards import References, contact_of
from drafts.findings import Code, Finding, ident_of, quoted
from drafts.grammar import Node, Tree, blocks


def check_references(tree: Tree, known: References) -> list[Finding]:
    """`tree` is normalised; `known` says what exists of all it refers to."""
    checks = {"contact": _contact, "service": _service, "image": _image}
    findings: list[Finding] = []
    for block in blocks(tree):
        if block["type"] in checks:
            findings += checks[block["type"]](block, known)
        findings += _marks(block, known)
    return findings


def _contact(block: Node, known: References) -> Iterator[Finding]:
    name = contact_of(block.get("attrs", {}))
    if not name[0]:
        yield Finding(Code.CONTACT_MISSING, ident_of(block), _("Un contact n’est pas encore choisi."))
    elif name not in known.contacts:
        message = _("Un contact n’existe plus dans l’annuaire : choisissez-en un autre.")
        yield Finding(Code.CONTACT_UNKNOWN, ident_of(block), message)


def _service(block: Node, known: References) -> Iterator[Finding]:
    slug = block.get("attrs", {}).get("service", "")
    if not slug:
        message = _("Une démarche en ligne n’est pas encore choisie.")
        yield Finding(Code.SERVICE_MISSING, ident_of(block), message)
    elif slug not in known.services:
        message = _("Une démarche en ligne n’existe plus : choisissez-en une autre.")
        yield Finding(Code.SERVICE_UNKNOWN, ident_of(block), message)


def _image(block: Node, known: References) -> Iterator[Finding]:
    attrs = block.get("attrs", {})
    image = attrs.get("image", "")
    if not image:
        yield Finding(Code.IMAGE_MISSING, ident_of(block), _("Une image n’est pas encore choisie."))
        return
    if known.images is not None and image not in known.images:
        message = _("Une image n’existe plus : déposez-la de nouveau.")
        yield Finding(Code.IMAGE_UNKNOWN, ident_of(block), message)
    if not attrs.get("decorative") and not attrs.get("alt", "").strip():
        message = _("Une image n’a pas de texte de remplacement, et n’est pas déclarée décorative.")
        yield Finding(Code.IMAGE_WITHOUT_ALTERNATIVE, ident_of(block), message)


def _marks(block: Node, known: References) -> Iterator[Finding]:
    """Of words that lead to a service, and of abbreviations; of several runs of one mark, it is said once."""
    before: set[str] = set()
    for run in block.get("content", ()):
        if run["type"] != "text":
            continue
        now: set[str] = set()
        for mark in run.get("marks", ()):
            attrs = mark.get("attrs", {})
            if mark["type"] == "service_link" and (slug := attrs.get("service", "")) not in known.services:
                now.add(f"service {slug}")
                if f"service {slug}" not in before:
                    message = _(
                        "Le lien « %(words)s » mène à une démarche qui n’est pas choisie ou n’existe plus.",
                        words=quoted(run["text"]),
                    )
                    yield Finding(Code.SERVICE_UNKNOWN, ident_of(block), message)
            elif mark["type"] == "abbr" and not attrs.get("title", "").strip():
                now.add("abbr")
                if "abbr" not in before:
                    message = _("L’abréviation « %(words)s » n’est pas expliquée.", words=quoted(run["text"]))
                    yield Finding(Code.ABBREVIATION_WITHOUT_TITLE, ident_of(block), message)
        before = now
