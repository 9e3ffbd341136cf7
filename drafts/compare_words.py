"""A difference in French: what the kinds of blocks, their attributes and the marks are called on the screen."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from app.extensions import gettext as _
from drafts import vocabulary
from drafts.cards import References, contact_of
from drafts.compare import AttributeChange, BlockChange

# How big a picture is follows from which picture it is.
UNTOLD = frozenset({"width", "height"})


def kind(name: str, within: Iterable[str], level: int | None) -> str:
    """What a block is and where it stands."""
    names = {
        "lead": _("introduction « En bref »"),
        "paragraph": _("paragraphe"),
        "heading": _("titre"),
        "label": _("intitulé"),
        "cost": _("coût"),
        "delay": _("délai"),
        "legal": _("texte de référence"),
        "contact": _("contact"),
        "service": _("démarche en ligne"),
        "image": _("image"),
    }
    places = {
        "bullet_list": _("dans une liste"),
        "ordered_list": _("dans une liste numérotée"),
        "note": _("dans une note"),
        "table": _("dans un tableau"),
        "steps": _("dans les étapes"),
        "documents": _("dans les pièces à fournir"),
        "further": _("dans « Pour aller plus loin »"),
        "question": _("dans une question"),
        "definition": _("dans une définition"),
        "situation": _("dans une situation"),
        "variant": _("dans le texte d’un territoire"),
    }
    said = names.get(name, name)
    if name == "heading" and level is not None:
        said = _("titre de niveau %(level)d", level=level)
    around = [places[place] for place in within if place in places]
    return f"{said} {around[-1]}" if around else said


def shown(change: BlockChange, known: References) -> str:
    """What a block shows beside its words, or instead of them."""
    held = dict(change.held)
    match change.type_after or change.type_before:
        case "contact":
            return _contact(held, known)
        case "service":
            return _service(held.get("service", ""), known)
        case "image":
            if held.get("decorative"):
                return _("(image décorative)")
            return _("(image : %(alt)s)", alt=held.get("alt") or _("sans texte de remplacement"))
        case "legal":
            return ", ".join(held[name] for name in ("number", "date") if held.get(name))
    return ""


def attributes(change: BlockChange, known: References) -> list[str]:
    """What changed of a block beside its words and its place."""
    if change.type_after == "contact" and change.type_before == "contact" and change.attributes:
        after = dict(change.held)
        before = {**after, **{one.name: one.before for one in change.attributes}}
        others = [one for one in change.attributes if one.name not in ("administration", "counter")]
        said = _(
            "contact : %(before)s → %(after)s",
            before=_contact({name: value for name, value in before.items() if value is not None}, known),
            after=_contact(after, known),
        )
        return [said, *(_attribute(one, known) for one in others)]
    return [_attribute(one, known) for one in change.attributes if one.name not in UNTOLD]


def marks(held: Iterable[tuple[str, str]], known: References) -> str:
    """The formatting of some words."""
    said = []
    for name, attrs in held:
        value = json.loads(attrs)
        if name == "link":
            said.append(_("lien vers %(href)s", href=value.get("href", "")))
        elif name == "service_link":
            service = _service(value.get("service", ""), known)
            said.append(_("lien vers la démarche %(service)s", service=service))
        elif name == "abbr":
            said.append(_("abréviation de « %(title)s »", title=value.get("title", "")))
        else:
            names = {
                "strong": _("gras"),
                "em": _("italique"),
                "insertion": _("ajout suggéré"),
                "deletion": _("suppression suggérée"),
            }
            said.append(names.get(name, name))
    return ", ".join(said) or _("simple")


def _attribute(change: AttributeChange, known: References) -> str:
    before, after = change.before, change.after
    if change.name == "level":
        return _("niveau du titre : %(before)s → %(after)s", before=before or 2, after=after or 2)
    if change.name == "note.kind":
        names = {None: _("note"), "note": _("note"), "warning": _("avertissement")}
        return _(
            "%(before)s devenue %(after)s",
            before=names.get(before, str(before)),
            after=names.get(after, str(after)),
        )
    if change.name == "image":
        return _("image remplacée")
    if change.name == "decorative":
        return _("image déclarée décorative") if after else _("image qui n’est plus déclarée décorative")
    if change.name == "service":
        before, after = _service(before or "", known), _service(after or "", known)
    if change.name == "variant.territories":
        before, after = (
            ", ".join(vocabulary.labels(str(slugs or "").split(), vocabulary.territories()))
            for slugs in (before, after)
        )
    names = {
        "alt": _("texte de remplacement"),
        "number": _("numéro"),
        "date": _("date"),
        "href": _("adresse"),
        "service": _("démarche en ligne"),
        "variant.territories": _("territoires"),
    }
    return _(
        "%(name)s : %(before)s → %(after)s",
        name=names.get(change.name, change.name),
        before=before if before not in (None, "") else _("rien"),
        after=after if after not in (None, "") else _("rien"),
    )


def _contact(attrs: Mapping[str, Any], known: References) -> str:
    name = contact_of(attrs)
    contact = known.contacts.get(name)
    if contact is None:
        return f"{name[0]}, {name[1]}" if name[1] else name[0] or _("à choisir")
    # 0 is the whole administration: its counters are not what was chosen.
    return ", ".join([contact.office.name, *(desk.name for desk in contact.desks if name[1])])


def _service(slug: str, known: References) -> str:
    service = known.services.get(slug)
    return service.title if service is not None else slug or _("à choisir")
