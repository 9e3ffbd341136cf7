"""Who may do what. `acts_for` is the only judge: routes, templates, the API and the sockets all ask it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from app.errors import Missing, Refused, Unauthenticated
from app.extensions import gettext as _


class Act(StrEnum):
    """Every permission word of the house: thing, full stop, verb."""

    PORTAL_READ = "portal.read"
    PORTAL_SIGN_IN = "portal.sign_in"
    PORTAL_WORK = "portal.work"
    PORTAL_SIT = "portal.sit"
    PORTAL_ADMINISTER = "portal.administer"
    PORTAL_MODERATE = "portal.moderate"
    PORTAL_PUBLISH = "portal.publish"
    PORTAL_VERIFY = "portal.verify"
    ACCOUNT_LINK = "account.link"
    ACCOUNT_KEEP = "account.keep"
    LAB_FOUND = "lab.found"
    LAB_SEE = "lab.see"
    LAB_READ = "lab.read"
    LAB_LEAD = "lab.lead"
    LAB_WRITE = "lab.write"
    LAB_ASK = "lab.ask"
    LAB_ANSWER = "lab.answer"
    GUEST_KNOCK = "guest.knock"
    WISH_ENTER = "wish.enter"
    WISH_SEE = "wish.see"
    WISH_DECIDE = "wish.decide"
    WISH_MERGE = "wish.merge"
    CYCLE_SEE = "cycle.see"
    CYCLE_EDIT = "cycle.edit"
    DRAFT_READ = "draft.read"
    DRAFT_REMARK = "draft.remark"
    DRAFT_SUGGEST = "draft.suggest"
    DRAFT_WRITE = "draft.write"
    DRAFT_HISTORY = "draft.history"
    DRAFT_STEER = "draft.steer"
    DRAFT_SUBMIT = "draft.submit"
    DRAFT_RETRACT = "draft.retract"
    DRAFT_REVIEW = "draft.review"
    DRAFT_SIGN = "draft.sign"
    DRAFT_ARBITRATE = "draft.arbitrate"
    DRAFT_PASS_OVER = "draft.pass_over"  # nosec B105 # the name of an act
    DRAFT_NAME_SUBSTITUTE = "draft.name_substitute"
    DRAFT_CHANGE_COMPETENCES = "draft.change_competences"
    DRAFT_PUBLISH = "draft.publish"
    DRAFT_INVITE_EXPERT = "draft.invite_expert"
    EXPERT_KNOCK = "expert.knock"
    EXPERT_ADVISE = "expert.advise"
    IMAGE_READ = "image.read"
    ARTICLE_READ = "article.read"
    ARTICLE_REVISE = "article.revise"
    ARTICLE_CONFIRM = "article.confirm"
    ARTICLE_MASK = "article.mask"
    ARTICLE_DECIDE = "article.decide"
    ARTICLE_ANSWER = "article.answer"
    CALL_SEE = "call.see"
    CALL_EDIT = "call.edit"
    CALL_KEY_IN = "call.key_in"
    PACK_MAKE = "pack.make"
    GLOSSARY_SEE = "glossary.see"
    GLOSSARY_PROPOSE = "glossary.propose"
    GLOSSARY_WRITE = "glossary.write"


class PortalRole(StrEnum):
    ADMINISTRATOR = "administrator"
    PORTAL_EDITOR = "portal_editor"
    MODERATOR = "moderator"
    MEDIATOR = "mediator"
    COMMUNICATION = "communication"
    REVIEWER = "reviewer"


class Scope(StrEnum):
    """What a personal token may be used for; the rights are still those of its person."""

    READ_ME = "read:me"
    READ_LABS = "read:labs"
    READ_DRAFTS = "read:drafts"


@dataclass(frozen=True)
class Actor:
    """Who is acting: a person as of this request or seat. Ids only where the law asks for it; no ORM object.

    Flask-Login asks for the four `is_…`/`get_id` members.
    """

    id: int = 0
    name: str = ""
    email: str = ""
    administration_id: int | None = None
    administration: str = ""
    roles: frozenset[PortalRole] = frozenset()
    reviewer_of: frozenset[int] = frozenset()
    session_id: int = 0
    shared_computer: bool = False
    is_active: bool = field(default=True)
    # Somebody from outside, who came by a link: no agent, whatever else is said of them.
    is_guest: bool = False
    # Somebody whom a provider of identities for citizens vouches for: no agent either.
    is_citizen: bool = False
    # What this sign-in opens, and nothing else; the room it names knows the word. None: it is not held to one thing.
    confined_to: str | None = None
    # Whether this sign-in has a second factor, and the roles that wait until it has (app.accounts.obliged).
    second_factor: bool = False
    held_back: frozenset[PortalRole] = frozenset()
    # By a personal token: its number, and what it was made for. 0: by a sign-in (app.accounts.tokens).
    token_id: int = 0
    scopes: frozenset[Scope] = frozenset()

    @property
    def is_authenticated(self) -> bool:
        return self.id != 0

    @property
    def is_anonymous(self) -> bool:
        return self.id == 0

    def get_id(self) -> str:
        return str(self.id)


ANONYMOUS = Actor()


class Portal:
    """The portal as a whole, for acts that concern no single thing."""


PORTAL = Portal()
Judge = Callable[[Actor, Any], frozenset[Act]]
_judges: dict[type, Judge] = {}
JudgeT = TypeVar("JudgeT", bound=Judge)


def judges(kind: type) -> Callable[[JudgeT], JudgeT]:
    """A room registers its judge for a kind of thing."""

    def register(judge: JudgeT) -> JudgeT:
        _judges[kind] = judge
        return judge

    return register


def acts_for(actor: Actor, thing: object) -> frozenset[Act]:
    """Everything `actor` may do to `thing`, now. An empty set means: for them it does not exist."""
    for kind in type(thing).__mro__:
        if kind in _judges:
            return _judges[kind](actor, thing)
    raise LookupError(f"nobody judges {type(thing).__name__}: register a judge in its room's policy.py")


def require(actor: Actor, act: Act, thing: object) -> frozenset[Act]:
    """All acts, when `act` is among them. Raises Missing for what one may not see, else Refused."""
    acts = acts_for(actor, thing)
    if act in acts:
        return acts
    if not acts:
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    if actor.is_anonymous:
        raise Unauthenticated(_("Connectez-vous pour continuer."))
    raise Refused(_("Vous n’avez pas le droit de faire cela."))


@judges(Portal)
def _portal(actor: Actor, _thing: Portal) -> frozenset[Act]:
    acts = {Act.PORTAL_READ, Act.PORTAL_SIGN_IN}
    if actor.is_authenticated and not actor.is_guest and actor.confined_to is None:
        acts.add(Act.ACCOUNT_LINK)
    if actor.is_citizen:
        return frozenset(acts)  # nothing in the house of the agents, whatever else is said of them
    if actor.is_authenticated and actor.administration_id is not None:
        acts |= {Act.PORTAL_WORK, Act.PORTAL_SIT}
    if actor.is_authenticated and not actor.is_guest and actor.confined_to is None:
        acts.add(Act.ACCOUNT_KEEP)
    if actor.is_guest:
        # At the tables they were invited to, and nowhere else in the house.
        acts.add(Act.PORTAL_SIT)
    if PortalRole.ADMINISTRATOR in actor.roles:
        acts.add(Act.PORTAL_ADMINISTER)
    if PortalRole.MODERATOR in actor.roles:
        acts.add(Act.PORTAL_MODERATE)
    if PortalRole.PORTAL_EDITOR in actor.roles:
        acts.add(Act.PORTAL_PUBLISH)
    if actor.roles & {PortalRole.COMMUNICATION, PortalRole.MEDIATOR, PortalRole.PORTAL_EDITOR}:
        acts.add(Act.WISH_ENTER)
    if PortalRole.PORTAL_EDITOR in actor.roles or actor.reviewer_of:
        acts.add(Act.PORTAL_VERIFY)
    return frozenset(acts)
