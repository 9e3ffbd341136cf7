"""Moments of a draft under a name: what somebody wants to find again."""

from __future__ import annotations

import re

import sqlalchemy as sa

from app import audit, clock
from app.db import session
from app.errors import Invalid, Missing, Refused
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from drafts.grammar import Tree
from drafts.history_models import NAME_LENGTH, DraftVersion
from drafts.models import Draft
from drafts.moments import Kind, Moment
from drafts.retelling import words_of

# Each holds a whole text. Who needs more names has lost the overview long before.
MOST = 200


def version_of(draft: Draft, version_id: int) -> DraftVersion:
    """A named version of this very draft. Raises Missing."""
    found = session().get(DraftVersion, version_id)
    if found is None or found.draft_id != draft.id:
        raise Missing(_("Cette version n’existe pas, ou vous n’y avez pas accès."))
    return found


def name_moment(actor: Actor, draft: Draft, moment: Moment, name: str) -> DraftVersion:
    """Keep a moment under a name, with its words and whose they are. `moment` was read with its authors."""
    require(actor, Act.DRAFT_HISTORY, draft)
    if moment.is_broken or moment.ref.kind in (Kind.VERSION, Kind.REVISION):
        raise Invalid(_("Ce moment du texte ne peut pas recevoir de nom."))
    _allow_one_more(draft)
    now = clock.now()
    version = DraftVersion(
        draft_id=draft.id,
        seq=moment.seq,
        history=draft.history,
        name=_clean(name),
        # Fields have no past of their own: what they say is what they say now.
        title=draft.title,
        fields=draft.fields,
        tree=moment.tree,
        authors=[[size, person] for size, person in moment.authors or ()],
        made_by=actor.id,
        made_at=now,
        moment_at=moment.at or now,
    )
    session().add(version)
    session().flush()
    audit.record(actor.id, "name_version", "draft", draft.id, version=version.id, seq=moment.seq)
    return version


def keep_brought(actor: Actor, draft: Draft, tree: Tree, *, name: str, title: str) -> DraftVersion:
    """Keep a text that somebody brought as a version; it never stood in the log. All its words count as theirs."""
    require(actor, Act.DRAFT_WRITE, draft)
    require(actor, Act.DRAFT_HISTORY, draft)
    _allow_one_more(draft)
    now = clock.now()
    words = len(words_of(tree))
    version = DraftVersion(
        draft_id=draft.id,
        seq=draft.head_seq,
        history=draft.history,
        name=_clean(_shortened(name)),
        title=title or draft.title,
        fields=draft.fields,
        tree=tree,
        authors=[[words, actor.id]] if words else [],
        made_by=actor.id,
        made_at=now,
        moment_at=now,
    )
    session().add(version)
    session().flush()
    audit.record(actor.id, "keep_file_as_version", "draft", draft.id, version=version.id, seq=version.seq)
    return version


def _shortened(name: str) -> str:
    return name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 1] + "…"


def _allow_one_more(draft: Draft) -> None:
    count = session().scalar(
        sa.select(sa.func.count()).select_from(DraftVersion).where(DraftVersion.draft_id == draft.id)
    )
    if (count or 0) >= MOST:
        raise Invalid(_("Ce texte a déjà %(count)d versions nommées : supprimez-en d’abord.", count=MOST))


def rename(actor: Actor, draft: Draft, version: DraftVersion, name: str) -> None:
    """Give a version another name. Whoever writes may: a name is there for all of them."""
    require(actor, Act.DRAFT_HISTORY, draft)
    version.name = _clean(name)
    audit.record(actor.id, "rename_version", "draft", draft.id, version=version.id)


def remove(actor: Actor, draft: Draft, version: DraftVersion) -> None:
    """Take a named version away; the text and its moments stay. Only who made it may."""
    require(actor, Act.DRAFT_HISTORY, draft)
    if version.made_by != actor.id:
        raise Refused(_("Seule la personne qui a nommé cette version peut la supprimer."))
    audit.record(actor.id, "remove_version", "draft", draft.id, version=version.id, seq=version.seq)
    session().delete(version)
    session().flush()


def _clean(name: str) -> str:
    # Not split(): it would take the no-break spaces of French for ordinary ones.
    name = re.sub(r"[ \t\r\n]+", " ", name).strip()
    if not name or len(name) > NAME_LENGTH:
        raise Invalid(_("Donnez un nom de 120 caractères au plus."), field="name")
    return name
