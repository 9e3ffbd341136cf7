"""Acts of redaction, for who checks what was sealed."""

from __future__ import annotations

import sqlalchemy as sa

from app.db import session
from drafts.redaction_models import RedactedDigest


def explains(name: str, key: object, before: str, after: str) -> bool:
    """Whether acts of redaction made what was sealed as `before` into what is there now (`after`).

    Several acts one after the other are followed from the first to the last.
    """
    said = before
    for row in session().scalars(
        sa.select(RedactedDigest)
        .where(RedactedDigest.name == name, RedactedDigest.key == str(key))
        .order_by(RedactedDigest.redaction_id)
    ):
        if row.before == said:
            said = row.after
    return said == after != before
