"""A remark made on the review page: about a block of the frozen text, anchored in the living one."""

from __future__ import annotations

import sqlalchemy as sa

from app.db import session
from app.errors import Invalid, Missing
from app.extensions import gettext as _
from app.policy import Actor
from drafts import remarks
from drafts.anchors import Passage
from drafts.grammar import passages
from drafts.models import Draft
from drafts.remark_models import LONGEST_QUOTE, Remark
from drafts.review_models import Revision


def remark_on(
    actor: Actor, draft: Draft, number: int, block_id: str, text: str, *, blocking: bool = False
) -> Remark:
    """Open a thread about a block of the frozen version `number`, as its words are there.

    Its anchor is put on the block of that id in the living draft, whatever its words are by now; when the block is
    gone the thread keeps its quotation. Raises Missing for a version that is none of this draft's, Invalid for a
    block that does not stand in it.
    """
    tree = session().scalar(
        sa.select(Revision.tree).where(Revision.draft_id == draft.id, Revision.number == number)
    )
    if tree is None:
        raise Missing(_("Cette version n’existe pas, ou vous n’y avez pas accès."))
    words = passages(tree).get(block_id)
    if words is None:
        raise Invalid(_("Choisissez un passage de la version figée."), field="block")
    passage = Passage(block_id, 0, words[:LONGEST_QUOTE], whole=True)
    return remarks.open_remark(actor, draft, text, passages=[passage], blocking=blocking)
