"""Mails about publications that were planned: who planned one hears what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from app import mail
from app.extensions import gettext as _
from app.mail import address
from drafts.models import Draft
from drafts.review_mail import addresses_of
from publish.fate_mail import in_words


def _tell(people: Iterable[int], draft: Draft, subject: str, body: str, *, but: int = 0) -> None:
    for recipient in addresses_of(people, but=but):
        mail.write(recipient, subject, f"{body}\n\n{address(f'/brouillons/{draft.id}/relecture')}\n")


def called_off(draft: Draft, planner_id: int, actor_id: int, name: str) -> None:
    """Somebody else took the plan back."""
    body = _(
        "%(name)s a annulé la publication programmée de « %(title)s ». Le texte reste approuvé.",
        name=name,
        title=draft.title,
    )
    _tell([planner_id], draft, _("Programmation annulée : %(title)s", title=draft.title), body, but=actor_id)


def void(draft: Draft, planner_id: int) -> None:
    """What was planned is not approved any more, or is another version."""
    body = _(
        "« %(title)s » ne sera pas publié au moment prévu : sa relecture a changé depuis. Programmez-le de nouveau "
        "quand il sera approuvé.",
        title=draft.title,
    )
    _tell([planner_id], draft, _("Non publié : %(title)s", title=draft.title), body)


def not_published(draft: Draft, people: Iterable[int], said: str, next_at: datetime | None) -> None:
    """It failed: what was wrong in one sentence, and whether it is tried again by itself."""
    if next_at is not None:
        rest = _("Un nouvel essai a lieu tout seul le %(moment)s.", moment=in_words(next_at))
    else:
        rest = _(
            "Il n’y aura pas d’autre essai : le texte reste approuvé, publiez-le ou programmez-le de nouveau."
        )
    body = _("« %(title)s » n’a pas été publié au moment prévu.", title=draft.title)
    _tell(people, draft, _("Non publié : %(title)s", title=draft.title), f"{body}\n\n{said}\n\n{rest}")
