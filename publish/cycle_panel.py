"""What was published in a cycle, hung on its page."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import sqlalchemy as sa
from flask import render_template
from markupsafe import Markup

from app import clock
from app.db import session
from app.panels import panel
from app.policy import Actor
from drafts.models import Draft
from drafts.review_models import Revision
from labs.cycle_queries import CycleRow
from publish.models import Edition


@panel("cycle", order=20)
def published_in_cycle(_actor: Actor, row: CycleRow) -> Markup | None:
    """The editions of the cycle's labs that came out in its six weeks, the last one first; each page once."""
    if not row.labs:
        return None
    begins = datetime.combine(row.starts_on, time(), tzinfo=clock.NOUMEA)
    ends = datetime.combine(row.ends_on + timedelta(days=1), time(), tzinfo=clock.NOUMEA)
    rows = session().execute(
        sa.select(Edition.slug, Edition.title, Edition.number, Edition.published_at, Edition.article_id)
        .join(Revision, Revision.id == Edition.revision_id)
        .join(Draft, Draft.id == Revision.draft_id)
        .where(
            Draft.lab_id.in_([lab.id for lab in row.labs]),
            Edition.published_at >= begins,
            Edition.published_at < ends,
        )
        .order_by(Edition.published_at.desc())
    )
    last: dict[int, tuple[str, str, int, datetime]] = {}
    for slug, title, number, at, article in rows:
        last.setdefault(article, (slug, title, number, at))
    # Jinja has escaped what stands in it: it is a template of ours.
    return Markup(render_template("publish/cycle_panel.html", editions=list(last.values())))  # noqa: S704 # nosec B704 # a template of ours, which escapes
