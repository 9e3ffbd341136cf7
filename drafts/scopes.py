"""What of a text an administration is asked to sign: all of it, or named blocks.

A part is proposed when a text is submitted, never to the lead administration. It covers the blocks that were chosen
(a heading stands for everything up to the next one of its rank) and every cost and delay of the text, beside the title,
the lead and the territories, which the form of a scope holds anyway (docs/canonical.md).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from app.db import session
from app.errors import Invalid
from app.extensions import gettext as _
from drafts import canonical
from drafts.compare_words import kind
from drafts.findings import quoted
from drafts.grammar import Node, Tree, blocks, parted_label, plain_text
from drafts.outline import level_of, made_title
from drafts.review_models import ProposedScope, Revision, RevisionScope

# What a reader pays and how long it takes concerns whoever signs anything of a text.
FIGURES = frozenset({"cost", "delay"})
# Administrations of a text and blocks of a part are few; what is longer than this was not ticked by hand.
MOST_BLOCKS = 2000


@dataclass(frozen=True)
class Inside:
    """A block inside another: its words, and what stands inside it in turn. It goes with the block around it."""

    words: str
    inside: tuple[Inside, ...]


@dataclass(frozen=True)
class Choice:
    """A block that can be proposed: its id, its words, what stands inside it, and the rank of its heading (0: it is
    none)."""

    id: str
    words: str
    inside: tuple[Inside, ...]
    level: int


@dataclass(frozen=True)
class Proposed:
    """The part that one administration is asked for."""

    fingerprint: str
    blocks: tuple[str, ...]


def choices(tree: Tree) -> tuple[Choice, ...]:
    """The blocks of a text that a part can be made of, in order. The lead is in every part."""
    return tuple(
        Choice(ident, inside.words, inside.inside, level_of(node) if node["type"] == "heading" else 0)
        for node in tree
        if node["type"] != "lead" and (ident := _id(node))
        for inside in [_told(node)]
    )


def _told(node: Node) -> Inside:
    """A block as the page of parts tells it: steps, situations and the like with what they are made of."""
    name = {
        "steps": _("Étapes"),
        "situations": _("Situations"),
        "variants": _("Textes par territoire"),
        "documents": _("Pièces à fournir"),
        "further": _("Pour aller plus loin"),
    }.get(node["type"])
    if name is not None:
        return Inside(name, tuple(_told(part) for part in node.get("content", [])))
    title = made_title(node)
    if not title:
        return Inside(words_of(node), ())
    _label, rest = parted_label(node)
    return Inside(quoted(title), tuple(_told(part) for part in rest))


def words_of(node: Node) -> str:
    """The first words of a block, or what it is when it has none."""
    words = quoted(plain_text([node]))
    return words or kind(node["type"], (), level_of(node) if node["type"] == "heading" else None)


def passages_of(tree: Tree, ids: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """(id, first words) of what a part is made of, for people: a heading stands for what follows it when all of that is
    in the part, and costs and delays, which are in every part, are left out beside anything else."""
    wanted = frozenset(ids)
    found: list[Node] = []
    stop = 0
    for place, node in enumerate(tree):
        if place < stop or _id(node) not in wanted:
            continue
        found.append(node)
        section = _section(tree, place)
        if all(_id(inner) in wanted for inner in tree[place:section]):
            stop = section
    chosen = [node for node in found if node["type"] not in FIGURES] or found
    return tuple((_id(node), words_of(node)) for node in chosen)


def _section(tree: Tree, place: int) -> int:
    """Where what stands under a heading ends: at the next one of its rank. A block that is none ends behind itself."""
    if tree[place]["type"] != "heading":
        return place + 1
    rank = level_of(tree[place])
    for end in range(place + 1, len(tree)):
        if tree[end]["type"] == "heading" and level_of(tree[end]) <= rank:
            return end
    return len(tree)


def _id(node: Node) -> str:
    ident: str = node.get("attrs", {}).get("id", "")
    return ident


def named(tree: Tree, chosen: Collection[str]) -> tuple[str, ...]:
    """The ids a part covers: the chosen blocks with what stands under a chosen heading, and every cost and delay."""
    wanted = set(chosen) | {_id(block) for block in blocks(tree) if block["type"] in FIGURES}
    for place, node in enumerate(tree):
        if _id(node) in chosen:
            wanted |= {_id(inner) for inner in tree[place : _section(tree, place)]}
    return tuple(ident for block in blocks(tree) if (ident := _id(block)) in wanted and ident)


def propose(
    revision: Revision, competent: Collection[int], lead: int, chosen: Mapping[int, Collection[str]]
) -> None:
    """Write down what each administration of `chosen` is asked for, of a revision just cut.

    Nothing chosen, or everything, is the whole text. Raises Invalid for a block that the text does not have, and for
    an administration that is not asked or leads.
    """
    tree, fields = canonical.parse(revision.canonical)
    offered = {choice.id for choice in choices(tree)}
    scopes: dict[str, tuple[str, ...]] = {}
    for place, ids in sorted(chosen.items()):
        if not ids:
            continue
        if place not in competent or place == lead:
            raise Invalid(
                _(
                    "Une partie du texte se propose aux autres administrations compétentes, pas à la responsable."
                ),
                field="scopes",
            )
        if len(ids) > MOST_BLOCKS or not set(ids) <= offered:
            raise Invalid(
                _("Un passage choisi n’est plus dans le texte : vérifiez les parties à signer."),
                field="scopes",
            )
        covered = named(tree, ids)
        if offered <= set(covered):
            continue
        fingerprint = canonical.scope_fingerprint(tree, fields, covered)
        if fingerprint not in scopes:
            session().add(
                RevisionScope(revision_id=revision.id, fingerprint=fingerprint, blocks=list(covered))
            )
            session().flush()
        scopes[fingerprint] = covered
        session().add(
            ProposedScope(revision_id=revision.id, administration_id=place, fingerprint=fingerprint)
        )
    session().flush()


def proposed_for(revision_id: int) -> dict[int, Proposed]:
    """What each administration is asked for when it is not the whole text."""
    rows = session().execute(
        sa.select(ProposedScope.administration_id, RevisionScope.fingerprint, RevisionScope.blocks)
        .join(
            RevisionScope,
            sa.and_(
                RevisionScope.revision_id == ProposedScope.revision_id,
                RevisionScope.fingerprint == ProposedScope.fingerprint,
            ),
        )
        .where(ProposedScope.revision_id == revision_id)
    )
    return {place: Proposed(fingerprint, tuple(ids or ())) for place, fingerprint, ids in rows}


def kept_from(
    before: Revision | None, tree: Tree, competent: Collection[int], lead: int
) -> dict[int, list[str]]:
    """What was proposed with an earlier version, as far as it is still in the text and still asked."""
    if before is None:
        return {}
    there = {choice.id for choice in choices(tree)}
    kept = {
        place: [ident for ident in part.blocks if ident in there]
        for place, part in proposed_for(before.id).items()
        if place in competent and place != lead
    }
    return {place: ids for place, ids in kept.items() if ids}
