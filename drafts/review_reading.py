"""What stands around the frozen text on the review page: remarks by block, experts, what is awaited, comparisons."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from app.policy import Act, Actor, acts_for
from drafts import expert_queries, remark_queries, review
from drafts.awaited import Awaited, awaited
from drafts.card_queries import references_in
from drafts.expert_queries import ExpertRemarkRow, OpinionRow
from drafts.findings import quoted
from drafts.grammar import passages
from drafts.models import Draft
from drafts.remark_queries import RemarkRow, Which
from drafts.render import render_parts
from drafts.review_models import Revision
from drafts.review_queries import has_moved, live_beside
from drafts.side_by_side import Comparison, View, comparison


@dataclass(frozen=True)
class Part:
    """A piece of the frozen text with what was said of it. `passages`: what a remark can be about: (block, words)."""

    html: Markup
    passages: tuple[tuple[str, str], ...]
    threads: tuple[RemarkRow, ...]
    advice: tuple[ExpertRemarkRow, ...]

    @property
    def is_said_of(self) -> bool:
        return bool(self.threads or self.advice)


@dataclass(frozen=True)
class Wanted:
    """What the address asks for: a comparison, all of it or what differs, links for remarks, a form at one block."""

    view: View = View.READ
    everything: bool = False
    points: bool = False
    block: str = ""


@dataclass(frozen=True)
class Around:
    """`others`: threads about the whole text, or about what does not stand in this version."""

    wanted: Wanted
    parts: tuple[Part, ...]
    others: tuple[RemarkRow, ...]
    other_advice: tuple[ExpertRemarkRow, ...]
    opinions: tuple[OpinionRow, ...]
    experts_awaited: tuple[str, ...]
    awaited: tuple[Awaited, ...]
    views: tuple[View, ...]
    comparison: Comparison | None
    may_remark: bool
    may_settle: bool
    may_invite: bool

    @property
    def passages(self) -> tuple[tuple[str, str], ...]:
        return tuple(passage for part in self.parts for passage in part.passages)

    @property
    def has_wanted_block(self) -> bool:
        return self.wanted.block in dict(self.passages)


def around(actor: Actor, draft: Draft, revision: Revision, wanted: Wanted) -> Around:
    """Everything around the text, for one person and one address."""
    acts = acts_for(actor, draft)
    standing = review.standing(revision)
    live = live_beside(draft, revision)
    moved = has_moved(draft, revision)
    views = tuple(
        view
        for view, offered in (
            (View.READ, moved),
            (View.DRAFT, moved),
            (View.THREE, moved and live is not None),
        )
        if offered
    )
    shown = (
        comparison(draft, revision, live, wanted.view, wanted.everything)
        if wanted.view in views[1:]
        else None
    )
    threads = remark_queries.remarks_of(actor, draft, Which.OPEN)
    advice = expert_queries.remarks_of(revision)
    parts, placed, advised = _parts(draft, revision, threads, advice)
    opinions = expert_queries.opinions_of(revision)
    waits = expert_queries.awaited_experts(revision) if standing.is_open else ()
    return Around(
        wanted=wanted,
        parts=parts,
        others=tuple(row for row in threads if row.public_id not in placed),
        other_advice=tuple(row for row in advice if row.id not in advised),
        opinions=opinions,
        experts_awaited=waits,
        awaited=awaited(revision, standing),
        views=views,
        comparison=shown,
        may_remark=Act.DRAFT_REMARK in acts,
        may_settle=Act.DRAFT_STEER in acts,
        # The short way stays short: where one administration alone is competent nobody is led to ask outside.
        may_invite=Act.DRAFT_INVITE_EXPERT in acts
        and standing.is_open
        and (len(standing.answers) > 1 or bool(opinions or waits)),
    )


def _parts(
    draft: Draft, revision: Revision, threads: list[RemarkRow], advice: tuple[ExpertRemarkRow, ...]
) -> tuple[tuple[Part, ...], set[str], set[int]]:
    """The pieces of the text, and which threads and remarks of experts found their place in them."""
    words = passages(revision.tree)
    known = references_in(draft, revision.tree)
    parts = []
    placed: set[str] = set()
    advised: set[int] = set()
    # One level down: on this page the text stands below a heading of its own.
    for idents, html in render_parts(revision.tree, 1, known, says_missing=True):
        here = tuple(row for row in reversed(threads) if row.block_id in idents)
        said = tuple(row for row in advice if row.block_id in idents)
        placed |= {row.public_id for row in here}
        advised |= {row.id for row in said}
        about = tuple((ident, quoted(text)) for ident, text in words.items() if ident in idents)
        parts.append(Part(html, about, here, said))
    return tuple(parts), placed, advised
