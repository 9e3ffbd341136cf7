"""Online services opened through the portal: where a slug leads, and how often people were sent there.

A number for each service and day, and nothing else: no cookie, no address, no page they came from.
"""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from app import clock
from app.db import insert, session
from app.directory.catalogue import Service, services
from app.directory.models import OnlineService
from publish.models import ServiceOpening
from publish.queries import with_link_state


def service_called(slug: str) -> Service | None:
    """The service, with what is known of its site now; None when it is not there or has no address on the web."""
    found = with_link_state(services(OnlineService.slug == slug))
    return found[0] if found and found[0].href is not None else None


def withdrawn_title(slug: str) -> str | None:
    """What a service was called that is not offered any more; None when there was none."""
    return session().scalar(
        sa.select(OnlineService.title).where(
            OnlineService.slug == slug, OnlineService.withdrawn_at.is_not(None)
        )
    )


def note_opening(slug: str) -> None:
    """One more person was sent on to the service today."""
    service_id = session().scalar(sa.select(OnlineService.id).where(OnlineService.slug == slug))
    if service_id is None:
        return
    row = insert(ServiceOpening).values(service_id=service_id, day=clock.local(clock.now()).date(), count=1)
    session().execute(
        row.on_conflict_do_update(
            index_elements=[ServiceOpening.service_id, ServiceOpening.day],
            set_={"count": ServiceOpening.count + 1},
        )
    )


def openings(since: date) -> dict[str, int]:
    """{slug: how often each service was opened from that day on}; those that were not are left out."""
    rows = session().execute(
        sa.select(OnlineService.slug, sa.func.sum(ServiceOpening.count))
        .join(ServiceOpening, ServiceOpening.service_id == OnlineService.id)
        .where(ServiceOpening.day >= since)
        .group_by(OnlineService.slug)
    )
    return {slug: int(count) for slug, count in rows}
