"""What the page shows that asks each administration for a part of the text, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drafts import canonical, log
from drafts.models import Draft
from drafts.queries import may_say_minor
from drafts.review_guards import last_revision
from drafts.scopes import Choice, choices, kept_from


@dataclass(frozen=True)
class Section:
    """A block with what stands under it when it is a heading: up to the next one of its rank."""

    choice: Choice
    under: tuple[Section, ...]


@dataclass(frozen=True)
class PartsPage:
    """`places`: the competent administrations beside the lead, (id, name). `sections`: `choices` as the headings nest
    them. `kept`: what was proposed before."""

    lead: str
    places: tuple[tuple[int, str], ...]
    choices: tuple[Choice, ...]
    sections: tuple[Section, ...]
    kept: dict[int, list[str]]
    note: str
    may_say_minor: bool


def parts_page(draft: Draft) -> PartsPage:
    article = draft.article
    tree = canonical.tidy(log.text(draft.id).tree)
    last = last_revision(draft)
    others = [place for place in article.competent if place.id != article.lead_administration_id]
    offered = choices(tree)
    return PartsPage(
        lead=article.lead.name,
        places=tuple((place.id, place.name) for place in others),
        choices=offered,
        sections=sections(offered),
        kept=kept_from(last, tree, {place.id for place in others}, article.lead_administration_id),
        note=last.change_note if last is not None and last.id != article.live_revision_id else "",
        may_say_minor=may_say_minor(draft),
    )


def sections(found: Sequence[Choice]) -> tuple[Section, ...]:
    """Blocks in order, each under the heading that stands for it."""
    nested: list[Section] = []
    place = 0
    while place < len(found):
        choice, end = found[place], place + 1
        while choice.level and end < len(found) and not 0 < found[end].level <= choice.level:
            end += 1
        nested.append(Section(choice, sections(found[place + 1 : end])))
        place = end
    return tuple(nested)
