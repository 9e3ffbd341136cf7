"""Who may do what to the glossary: every agent reads and proposes, portal editors and administrators write."""

from __future__ import annotations

from app.policy import PORTAL, Act, Actor, PortalRole, acts_for, judges
from drafts.glossary_models import GlossaryTerm, TermStatus

WRITERS = frozenset({PortalRole.PORTAL_EDITOR, PortalRole.ADMINISTRATOR})


class Glossary:
    """The glossary as a whole: the list, and a word that is still to be written."""


GLOSSARY = Glossary()


@judges(Glossary)
@judges(GlossaryTerm)
def acts_on_glossary(actor: Actor, thing: Glossary | GlossaryTerm) -> frozenset[Act]:
    """A proposal, and what became of it, is between who made it and those who decide. The words themselves everybody reads,
    on the public page."""
    is_public = isinstance(thing, Glossary) or thing.status is TermStatus.LIVE
    acts = {Act.PORTAL_READ} if is_public else set()
    works = Act.PORTAL_WORK in acts_for(actor, PORTAL)
    writes = bool(actor.roles & WRITERS) and not actor.is_guest and not actor.is_citizen
    is_theirs = isinstance(thing, GlossaryTerm) and thing.written_by == actor.id
    if writes or (works and (is_public or is_theirs)):
        acts |= {Act.GLOSSARY_SEE, Act.GLOSSARY_PROPOSE}
    if writes:
        acts.add(Act.GLOSSARY_WRITE)
    return frozenset(acts)
