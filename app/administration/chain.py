"""A look at the whole audit chain: asked for on a page, done by the worker, since counting every seal takes its time."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from app import audit, clock, jobs
from app.audit import AuditCheck
from app.db import reading, session, unit_of_work
from app.policy import PORTAL, Act, Actor, require
from drafts import audit_heads, seal

# Somebody looks at the page and waits.
EVERY_SECONDS = 3.0
# Looks that are kept.
KEPT = 50


def ask_for_check(actor: Actor) -> None:
    """Have the chain looked at; one look serves all who ask before it is done."""
    require(actor, Act.PORTAL_ADMINISTER, PORTAL)
    if session().scalar(sa.select(AuditCheck.id).where(AuditCheck.done_at.is_(None)).limit(1)) is None:
        session().add(AuditCheck(asked_by=actor.id, asked_at=clock.now()))
    audit.record(actor.id, "ask_audit_check", "audit", "chain")


@jobs.chore(EVERY_SECONDS)
def check_when_asked(data_dir: Path) -> None:
    """For the worker. Reads outside any writing transaction: people type meanwhile."""
    with reading():
        wanted = session().scalars(sa.select(AuditCheck.id).where(AuditCheck.done_at.is_(None))).all()
    if not wanted:
        return
    broken: str | None = None
    heads: list[audit.Head] = []
    try:
        # First what was noted, then the chain: it only grows.
        heads = list(audit_heads.noted(audit_heads.folder(data_dir), seal.public_keys()))
    except audit_heads.HeadBroken as error:
        broken = f"noted heads: {error}"
    with reading():
        number = audit.head().number
        found = audit.verify(iter(heads))
    if found is not None:
        broken = found.says
    with unit_of_work():
        session().execute(
            sa.update(AuditCheck)
            .where(AuditCheck.id.in_(wanted))
            .values(done_at=clock.now(), seals=number, broken=broken[:300] if broken else None)
            .execution_options(synchronize_session=False)
        )
        session().execute(sa.delete(AuditCheck).where(AuditCheck.id <= max(wanted) - KEPT))
