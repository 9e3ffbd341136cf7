"""What the tests of an article's fates share: the acts of the press's people on the article at a slug."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from app.audit import AuditEntry
from app.db import reading, session, unit_of_work
from app.directory.models import Administration
from app.mail import Mail
from app.policy import Actor, PortalRole
from drafts.models import Article, ArticleState
from publish import fates
from publish.fate_acts import acts_of
from publish.fate_stages import Fate
from tests.makers import make_agent
from tests.publish.press import Press


@dataclass(frozen=True)
class Life:
    """The article at a slug, and the two people who decide about it."""

    press: Press
    slug: str
    second_editor: Actor
    second_reviewer: Actor

    @property
    def article(self) -> Article:
        """The article, in the open unit of work."""
        found = fates.article_at(self.slug)
        assert found is not None
        return found

    @property
    def state(self) -> ArticleState:
        with reading():
            return self.article.state

    def mask(self, actor: Actor | None = None, reason: str = "Un numéro faux.") -> None:
        with unit_of_work():
            fates.mask(actor or self.press.editor, self.article, reason)

    def propose(
        self, fate: Fate, actor: Actor | None = None, target: str = "", reason: str = "La loi a changé."
    ) -> int:
        """The number of the proposal."""
        with unit_of_work():
            other = fates.article_at(target) if target else None
            return fates.propose(actor or self.press.sud_reviewer, self.article, fate, reason, other).number

    def confirm(self, number: int, actor: Actor | None = None) -> None:
        with unit_of_work():
            fates.confirm(actor or self.press.editor, self.article, number)

    def decide(self, fate: Fate, target: str = "", reason: str = "La loi a changé.") -> None:
        """By two people."""
        self.confirm(self.propose(fate, target=target, reason=reason))

    def deeds(self) -> list[Fate]:
        with reading():
            return [act.deed for act in acts_of(self.article.id)]

    def audited(self) -> list[str]:
        with reading():
            return list(
                session().scalars(
                    sa.select(AuditEntry.act)
                    .where(AuditEntry.object_kind == "article", AuditEntry.object_id == str(self.article.id))
                    .order_by(AuditEntry.id)
                )
            )


def make_life(press: Press, title: str = "Changer d’adresse", **options: object) -> Life:
    _draft, slug = press.published(title, **options)  # type: ignore[arg-type]
    with unit_of_work():
        sud = session().get_one(Administration, press.sud)
        return Life(press, slug, make_agent(sud, PortalRole.PORTAL_EDITOR), make_agent(sud, reviewer=True))


def told(subject: str) -> list[str]:
    """Who had a mail whose subject begins so."""
    with reading():
        return sorted(session().scalars(sa.select(Mail.recipient).where(Mail.subject.startswith(subject))))
