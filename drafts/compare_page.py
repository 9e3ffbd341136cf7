"""A difference as HTML: insertions and deletions said in words too, for those who do not see colours."""

import json
from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

from app.extensions import gettext as _
from app.extensions import ngettext
from app.markup import safe_href
from drafts.compare import AttributeChange, BlockChange, Change, Stretch

EMPTY = Markup("")
Marks = tuple[tuple[str, str], ...]


def render_changes(changes: Sequence[BlockChange], *, collapse: bool = False) -> Markup:
    """The difference as HTML: every block, or with `collapse` only those that differ and how many do not."""
    out: list[Markup] = []
    same = 0
    for change in [*changes, None]:
        if change is not None and collapse and change.change is Change.SAME and not change.moved:
            same += 1
            continue
        if same:
            said = ngettext("%(num)d bloc inchangé", "%(num)d blocs inchangés", same)
            out.append(Markup('<p class="diff-same-count">{}</p>').format(said))
            same = 0
        if change is not None:
            out.append(_render_block(change))
    return Markup('<div class="diff">{}</div>').format(EMPTY.join(out))


def _render_block(change: BlockChange) -> Markup:
    said = _said(change)
    label = Markup('<p class="diff-label">{}</p>').format(" · ".join(said)) if said else EMPTY
    return Markup('<div class="diff-block diff-{}"{}>{}<p>{}</p></div>').format(
        change.change.value,
        Markup(' data-block="{}"').format(change.block_id) if change.block_id else EMPTY,
        label,
        EMPTY.join(_render_stretch(stretch) for stretch in change.stretches),
    )


def _said(change: BlockChange) -> list[str]:
    """What happened to the block as a whole, in words."""
    said = []
    kind = change.type_after or change.type_before or ""
    if change.change is Change.ADDED:
        said.append(_("Ajouté : %(kind)s", kind=_kind(kind, change.within_after, change.level)))
    elif change.change is Change.REMOVED:
        said.append(_("Supprimé : %(kind)s", kind=_kind(kind, change.within_before, change.level)))
    elif (change.type_before, change.within_before) != (change.type_after, change.within_after):
        said.append(
            _(
                "%(before)s devenu %(after)s",
                before=_kind(change.type_before or "", change.within_before, None),
                after=_kind(change.type_after or "", change.within_after, None),
            )
        )
    if change.moved:
        said.append(_("Déplacé"))
    return said + [_attribute(attribute) for attribute in change.attributes]


def _attribute(change: AttributeChange) -> str:
    if change.name == "level":
        return _(
            "niveau du titre : %(before)s → %(after)s", before=change.before or 2, after=change.after or 2
        )
    if change.name == "note.kind":
        names = {None: _("note"), "note": _("note"), "warning": _("avertissement")}
        return _(
            "%(before)s devenue %(after)s",
            before=names.get(change.before, str(change.before)),
            after=names.get(change.after, str(change.after)),
        )
    return _("%(name)s : %(before)s → %(after)s", name=change.name, before=change.before, after=change.after)


def _kind(kind: str, within: Iterable[str], level: int | None) -> str:
    names = {"lead": _("introduction « En bref »"), "paragraph": _("paragraphe"), "heading": _("titre")}
    places = {
        "bullet_list": _("dans une liste"),
        "ordered_list": _("dans une liste numérotée"),
        "note": _("dans une note"),
        "table": _("dans un tableau"),
    }
    said = names.get(kind, kind)
    if kind == "heading" and level is not None:
        said = _("titre de niveau %(level)d", level=level)
    around = [places[name] for name in within if name in places]
    return f"{said} {around[-1]}" if around else said


def _render_stretch(stretch: Stretch) -> Markup:
    if stretch.change is Change.ADDED:
        return Markup("<ins>{}{}</ins>").format(
            _aside(_("ajouté : ")), _words(stretch.text, stretch.marks_after)
        )
    if stretch.change is Change.REMOVED:
        return Markup("<del>{}{}</del>").format(
            _aside(_("supprimé : ")), _words(stretch.text, stretch.marks_before)
        )
    if stretch.change is Change.MARKED:
        said = _(
            "mise en forme : %(before)s → %(after)s",
            before=_marks(stretch.marks_before),
            after=_marks(stretch.marks_after),
        )
        return Markup('<mark class="diff-marked" title="{}">{}{}</mark>').format(
            said, _aside(f"({said}) "), _words(stretch.text, stretch.marks_after)
        )
    return _words(stretch.text, stretch.marks_after)


def _aside(words: str) -> Markup:
    return Markup('<span class="visually-hidden">{}</span>').format(words)


def _words(text: str, marks: Marks) -> Markup:
    html = Markup("<br>").join(escape(line) for line in text.split("\n"))
    names = dict(marks)
    for name in ("em", "strong"):
        if name in names:
            html = Markup("<{0}>{1}</{0}>").format(name, html)
    if "link" in names and (href := safe_href(json.loads(names["link"]).get("href", ""))):
        html = Markup('<a href="{}" rel="noopener">{}</a>').format(href, html)
    return html


def _marks(marks: Marks) -> str:
    names = {"strong": _("gras"), "em": _("italique")}
    said = [
        _("lien vers %(href)s", href=json.loads(attrs).get("href", ""))
        if name == "link"
        else names.get(name, name)
        for name, attrs in marks
    ]
    return ", ".join(said) or _("simple")
