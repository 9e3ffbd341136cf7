"""What waits for moderators: comments that nobody has read yet."""

from __future__ import annotations

from collections.abc import Iterator

from app.extensions import gettext as _
from app.extensions import ngettext
from app.policy import PORTAL, Act, Actor, acts_for
from app.waiting import Waiting, source
from publish import moderation_queries


@source("comments")
def comments_to_read(actor: Actor) -> Iterator[Waiting]:
    if Act.PORTAL_MODERATE not in acts_for(actor, PORTAL):
        return
    count = moderation_queries.waiting()
    if count:
        yield Waiting(
            _("Modération"),
            ngettext("%(num)d commentaire à lire", "%(num)d commentaires à lire", count),
            _("Le public ne les voit qu’ensuite."),
            "/moderation",
        )
