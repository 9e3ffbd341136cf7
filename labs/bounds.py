"""How many people one person may invite: each invitation is a mail to somebody."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from app import clock
from app.db import session
from app.errors import RateLimited
from app.extensions import gettext as _
from app.policy import Actor
from labs.guest_models import GuestLink
from labs.joining_models import LabInvitation

# Agents and guests, over all labs.
MOST_INVITED_A_DAY = 200


def invited_today(actor: Actor) -> int:
    since = clock.now() - timedelta(days=1)
    return sum(
        session().scalar(
            sa.select(sa.func.count()).where(kind.invited_by == actor.id, kind.invited_at > since)
        )
        or 0
        for kind in (LabInvitation, GuestLink)
    )


def allow_invitations(actor: Actor, more: int) -> None:
    """Raises RateLimited when somebody has invited too many people within a day."""
    if invited_today(actor) + more > MOST_INVITED_A_DAY:
        raise RateLimited(
            _(
                "Vous avez invité beaucoup de personnes aujourd’hui. Continuez demain, ou demandez à un autre "
                "animateur."
            )
        )
