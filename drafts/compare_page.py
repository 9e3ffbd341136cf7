"""A difference as HTML: insertions and deletions said in words too, for those who do not see colours."""

import json
from collections.abc import Sequence

from markupsafe import Markup, escape

from app.extensions import gettext as _
from app.extensions import ngettext
from app.markup import safe_href
from drafts import compare_words
from drafts.cards import NOTHING, References
from drafts.compare import BlockChange, Change, Stretch

EMPTY = Markup("")
Marks = tuple[tuple[str, str], ...]


def render_changes(
    changes: Sequence[BlockChange], known: References = NOTHING, *, collapse: bool = False
) -> Markup:
    """The difference as HTML: every block, or with `collapse` only those that differ and how many do not.

    Contacts and services are named as the directory knows them, `known`; else by their slugs.
    """
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
            out.append(_render_block(change, known))
    return Markup('<div class="diff">{}</div>').format(EMPTY.join(out))


def _render_block(change: BlockChange, known: References) -> Markup:
    said = _said(change, known)
    label = Markup('<p class="diff-label">{}</p>').format(" · ".join(said)) if said else EMPTY
    words = [_render_stretch(stretch, known) for stretch in change.stretches]
    if beside := compare_words.shown(change, known):
        # What a block shows without words of its own is one piece: all new, all gone, or there.
        whole = change.change if change.change in (Change.ADDED, Change.REMOVED) else Change.SAME
        words += (
            [Markup(" "), _render_stretch(Stretch(whole, beside), known)]
            if words
            else [_render_stretch(Stretch(whole, beside), known)]
        )
    return Markup('<div class="diff-block diff-{}"{}>{}<p>{}</p></div>').format(
        change.change.value,
        Markup(' data-block="{}"').format(change.block_id) if change.block_id else EMPTY,
        label,
        EMPTY.join(words),
    )


def _said(change: BlockChange, known: References) -> list[str]:
    """What happened to the block as a whole, in words."""
    said = []
    kind = change.type_after or change.type_before or ""
    if change.change is Change.ADDED:
        said.append(_("Ajouté : %(kind)s", kind=compare_words.kind(kind, change.within_after, change.level)))
    elif change.change is Change.REMOVED:
        said.append(
            _("Supprimé : %(kind)s", kind=compare_words.kind(kind, change.within_before, change.level))
        )
    elif (change.type_before, change.within_before) != (change.type_after, change.within_after):
        said.append(
            _(
                "%(before)s devenu %(after)s",
                before=compare_words.kind(change.type_before or "", change.within_before, None),
                after=compare_words.kind(change.type_after or "", change.within_after, None),
            )
        )
    if change.moved:
        said.append(_("Déplacé"))
    return said + compare_words.attributes(change, known)


def _render_stretch(stretch: Stretch, known: References) -> Markup:
    if stretch.change is Change.ADDED:
        return Markup("<ins>{}{}</ins>").format(
            _aside(_("ajouté : ")), _words(stretch.text, stretch.marks_after, known)
        )
    if stretch.change is Change.REMOVED:
        return Markup("<del>{}{}</del>").format(
            _aside(_("supprimé : ")), _words(stretch.text, stretch.marks_before, known)
        )
    if stretch.change is Change.MARKED:
        said = _(
            "mise en forme : %(before)s → %(after)s",
            before=compare_words.marks(stretch.marks_before, known),
            after=compare_words.marks(stretch.marks_after, known),
        )
        return Markup('<mark class="diff-marked" title="{}">{}{}</mark>').format(
            said, _aside(f"({said}) "), _words(stretch.text, stretch.marks_after, known)
        )
    return _words(stretch.text, stretch.marks_after, known)


def _aside(words: str) -> Markup:
    return Markup('<span class="visually-hidden">{}</span>').format(words)


def _words(text: str, marks: Marks, known: References) -> Markup:
    html = Markup("<br>").join(escape(line) for line in text.split("\n"))
    held = {name: json.loads(attrs) for name, attrs in marks}
    for name in ("em", "strong"):
        if name in held:
            html = Markup("<{0}>{1}</{0}>").format(name, html)
    if title := held.get("abbr", {}).get("title", ""):
        html = Markup('<abbr title="{}">{}</abbr>').format(title, html)
    service = known.services.get(held.get("service_link", {}).get("service", ""))
    href = service.href if service is not None else safe_href(held.get("link", {}).get("href", ""))
    return Markup('<a href="{}" rel="noopener">{}</a>').format(href, html) if href else html
