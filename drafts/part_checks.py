"""What the parts of a text must have: their titles, their answers, and every territory its text."""

from collections.abc import Collection, Iterator
from datetime import date

from app.extensions import gettext as _
from app.markup import safe_href
from drafts import vocabulary
from drafts.findings import Code, Finding, ident_of, quoted
from drafts.grammar import BLOCK_LEAVES, LABELLED, Node, Tree, blocks, inline_text, parted_label
from drafts.outline import made_title, territories_of


def check_parts(tree: Tree, territories: Collection[str]) -> list[Finding]:
    """`tree` is normalised; `territories` are those the article is for."""
    findings: list[Finding] = []
    for block in blocks(tree):
        if block["type"] in LABELLED:
            findings += _labelled(block)
        elif block["type"] == "legal":
            findings += _legal(block)
        elif block["type"] == "variants":
            findings += _variants(block, territories)
    return findings


def _labelled(block: Node) -> Iterator[Finding]:
    title = made_title(block)
    if not title:
        message = {
            "step": _("Une étape n’a pas de titre."),
            "question": _("La question d’une réponse manque."),
            "situation": _("Un cas n’a pas de titre : le lecteur ne peut pas s’y reconnaître."),
            "definition": _("Une définition ne dit pas quel mot elle explique."),
        }[block["type"]]
        yield Finding(Code.LABEL_MISSING, ident_of(block), message)
        return
    _label, rest = parted_label(block)
    if block["type"] in ("question", "definition") and not _says_something(rest):
        message = (
            _("La question « %(title)s » n’a pas de réponse.", title=quoted(title))
            if block["type"] == "question"
            else _("Le mot « %(title)s » n’est pas expliqué.", title=quoted(title))
        )
        yield Finding(Code.ANSWER_MISSING, ident_of(block), message)


def _says_something(tree: Tree) -> bool:
    return any(
        block["type"] in BLOCK_LEAVES or block["type"] == "image" or inline_text(block).strip()
        for block in blocks(tree)
    )


def _legal(block: Node) -> Iterator[Finding]:
    attrs = block.get("attrs", {})
    title, day, href = inline_text(block).strip(), attrs.get("date", ""), attrs.get("href", "")
    if not title:
        yield Finding(
            Code.LEGAL_WITHOUT_TITLE, ident_of(block), _("Un texte de référence n’a pas d’intitulé.")
        )
    if day and not _is_day(day):
        message = _("La date « %(day)s » d’un texte de référence n’est pas lisible.", day=quoted(day))
        yield Finding(Code.LEGAL_DATE_UNREADABLE, ident_of(block), message)
    if href and safe_href(href) is None:
        message = _("L’adresse du texte de référence « %(title)s » n’est pas acceptée.", title=quoted(title))
        yield Finding(Code.LINK_UNSAFE, ident_of(block), message)


def _is_day(day: str) -> bool:
    try:
        return date.fromisoformat(day).isoformat() == day
    except ValueError:
        return False


def _variants(block: Node, territories: Collection[str]) -> Iterator[Finding]:
    """Each territory of the article has its text, and only one; a country is covered by all its provinces."""
    names = vocabulary.territories()
    seen: set[str] = set()
    for variant in block.get("content", []):
        if variant["type"] != "variant":
            continue
        slugs = territories_of(variant)
        if not slugs:
            message = _("Un texte par territoire ne dit pas pour quel territoire il est.")
            yield Finding(Code.VARIANT_WITHOUT_TERRITORY, ident_of(variant), message)
        for slug in slugs:
            if slug not in names:
                message = _("Le territoire « %(slug)s » n’existe pas.", slug=quoted(slug))
                yield Finding(Code.TERRITORY_UNKNOWN, ident_of(variant), message)
            elif slug in seen:
                message = _("« %(name)s » a deux textes : un seul est permis.", name=names[slug])
                yield Finding(Code.TERRITORY_REPEATED, ident_of(variant), message)
            seen.add(slug)
    # An article that names no territory is for the whole country.
    wanted = [slug for slug in territories if slug in names] or [vocabulary.WHOLE]
    missing = [name for slug in wanted for name in _uncovered(slug, seen)]
    if missing:
        message = _("Il manque un texte pour : %(names)s.", names=", ".join(names[slug] for slug in missing))
        yield Finding(Code.TERRITORY_MISSING, ident_of(block), message)


def _uncovered(slug: str, seen: Collection[str]) -> list[str]:
    """What of a territory has no text: nothing when it, or what it lies in, or all that lies in it, has one."""
    around = vocabulary.lies_in()
    outer: str | None = slug
    while outer is not None:
        if outer in seen:
            return []
        outer = around.get(outer)
    inner = [place for place, holder in around.items() if holder == slug]
    parts = [(place, _uncovered(place, seen)) for place in inner]
    if all(missing == [place] for place, missing in parts):
        # None of its parts has a text either: the territory itself is named, not its many parts.
        return [slug]
    return [name for _place, missing in parts for name in missing]
