"""What readers say of the pages of a lab, hung on its home."""

from __future__ import annotations

import sqlalchemy as sa
from flask import render_template
from markupsafe import Markup

from app.db import session
from app.panels import panel
from app.policy import Act, Actor, acts_for
from drafts.models import Draft
from labs.models import Lab
from publish import voice_queries
from publish.queries import live_cards


@panel("lab", order=60)
def heard_in_lab(actor: Actor, lab: Lab) -> Markup | None:
    """The counts of the lab's live pages that somebody said something of."""
    if Act.LAB_READ not in acts_for(actor, lab):
        return None
    mine = set(session().scalars(sa.select(Draft.article_id).where(Draft.lab_id == lab.id)))
    cards = [card for card in live_cards() if card.article_id in mine] if mine else []
    counts = voice_queries.counts([card.article_id for card in cards])
    rows = [(card, counts[card.article_id]) for card in cards if counts[card.article_id].said]
    if not rows:
        return None
    # Jinja has escaped what stands in it: it is a template of ours.
    return Markup(render_template("publish/voice_panel.html", rows=rows, sees=not actor.is_guest))  # noqa: S704 # nosec B704 # a template of ours, which escapes
