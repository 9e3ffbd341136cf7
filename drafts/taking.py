"""What a file brought becomes text: rows of the log under the name of who takes it, for everybody at the table at once.

Like a restoration it is worked out in a child on the text as it was a moment before, and merged with what others wrote in
between. Nothing that stands in the text goes: what is brought stands after it, or before the empty blocks of a text without
words. The moment before gets a name, so that the history leads back to it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from app import audit
from app.db import note, session
from app.errors import Invalid, MovedOn, Unavailable
from app.extensions import gettext as _
from app.policy import Act, Actor, acts_for, require
from drafts import bringing, faults, images, log, moments, reopening, restoring, service, versions
from drafts.brought_models import BroughtFile, BroughtPicture, BroughtState
from drafts.child import json_part
from drafts.events import DraftTextMoved
from drafts.grammar import BLOCK_LEAVES, GRAMMAR, Tree, blocks, plain_text, with_fresh_ids
from drafts.history_models import NAME_LENGTH, DraftVersion
from drafts.models import Draft
from drafts.moments import NOW, Moment

# Ids for the rows: the blocks, and two turns for the words of one author (drafts.telling).
CLIENT_IDS = 8


class Where(StrEnum):
    """Where in the text it goes; the words are those of the form."""

    EMPTY = "remplacer"
    END = "ajouter"


@dataclass(frozen=True)
class Taking:
    """Rows ready to be written: (person, client id, update), made on the text as it was `before`."""

    before: Moment
    history: str
    rows: tuple[tuple[int, int, bytes], ...]
    pictures: tuple[tuple[str, str], ...]


def is_empty(tree: Tree) -> bool:
    """Whether a text says nothing and shows nothing."""
    shown = any(block["type"] in BLOCK_LEAVES or block["type"] == "image" for block in blocks(tree))
    return not shown and not plain_text(tree).strip()


def ready_to_take(actor: Actor, draft: Draft, file: BroughtFile, where: Where) -> Taking:
    """What puts the file's text into the draft's. Waits for the child: while reading, never in a write transaction.

    Raises Invalid for a text that is not empty any more, MovedOn for a file that was decided about, faults.TextDamaged,
    Unavailable.
    """
    require(actor, Act.DRAFT_WRITE, draft)
    if file.state is not BroughtState.READ or file.tree is None:
        raise MovedOn(_("Ce fichier a déjà été repris ou abandonné : rechargez la page."))
    images.allow(actor)
    stored = log.stored(draft, draft.head_seq)
    if stored.fault is not None:
        raise faults.TextDamaged
    before = moments.moment(draft, NOW, authors=True)
    if before.is_broken:
        raise faults.TextDamaged
    if where is Where.EMPTY and not is_empty(before.tree):
        raise Invalid(_("Ce texte n’est plus vide : ajoutez le document à la fin."), field="choix")
    pictures = _pictures(file.id)
    brought = with_fresh_ids(_shown(file.tree, {key: made for key, (_digest, made) in pictures.items()}))
    tree = brought + before.tree if where is Where.EMPTY else before.tree + brought
    head, parts = reopening.request(stored, authors=True)
    head |= {"asked_by": actor.id, "clients": log.free_client_ids(draft.id, CLIENT_IDS)}
    answer, updates = moments.asked("restore", head, [*parts, json_part(tree), json_part(None)])
    if "error" in answer or answer["seq"] != draft.head_seq:
        raise Unavailable(
            _("Ce document ne peut pas être repris en ce moment : réessayez dans un instant."),
            retry_after=5.0,
        )
    rows = tuple(
        (person, client, update) for (person, client), update in zip(answer["rows"], updates, strict=True)
    )
    digests = tuple((key, digest) for key, (digest, _made) in pictures.items())
    return Taking(before, draft.history, rows, digests)


def _pictures(file_id: int) -> dict[str, tuple[str, dict[str, Any]]]:
    """By the key in the tree: the digest under which a picture will be kept, and what its block says of it."""
    rows = session().scalars(sa.select(BroughtPicture).where(BroughtPicture.file_id == file_id))
    found = {}
    for row in rows:
        digest = hashlib.sha256(row.content).hexdigest()
        found[row.key] = (digest, {"image": digest, "width": row.width or 0, "height": row.height or 0})
        session().expunge(row)  # sixty of them need not lie in memory together
    return found


def _shown(tree: Tree, pictures: dict[str, dict[str, Any]]) -> Tree:
    """The tree with the pictures under the names they will have."""
    found: Tree = []
    for node in tree:
        if node["type"] == "image":
            attrs = node.get("attrs", {})
            node = {**node, "attrs": {**attrs, **pictures[attrs["image"]]}}
        elif node.get("content") and not GRAMMAR.nodes[node["type"]].holds_inline:
            node = {**node, "content": _shown(node["content"], pictures)}
        found.append(node)
    return found


def take(actor: Actor, draft: Draft, file: BroughtFile, taking: Taking, *, with_title: bool = False) -> int:
    """Write it. Returns the last number of the log; the file is decided about, and nothing more of it is kept."""
    require(actor, Act.DRAFT_WRITE, draft)
    session().refresh(file, ["state"], with_for_update=True)
    if file.state is not BroughtState.READ:
        raise MovedOn(_("Ce fichier a déjà été repris ou abandonné : rechargez la page."))
    draft = log.lock_draft(draft.id)
    if draft.history != taking.history or draft.head_seq < taking.before.seq:
        raise MovedOn(_("La situation a changé : rechargez la page."))
    if Act.DRAFT_HISTORY in acts_for(actor, draft):
        # The past is not a guest's to name: for them the members find the moment in the time line.
        versions.name_moment(actor, draft, taking.before, _before(file.name))
    _keep_pictures(actor, draft, file, taking.pictures)
    if with_title and file.title:
        service.set_fields(actor, draft, title=file.title)
    first = last = draft.head_seq
    if taking.rows:
        rows = restoring.under_administrations(taking.rows, actor)
        first, last = log.append_told(draft, rows, nobody=actor.id)
        note(DraftTextMoved(draft_id=draft.id))
    bringing.decide(file, BroughtState.TAKEN)
    audit.record(actor.id, "take_file", "draft", draft.id, file=file.id, first=first, last=last)
    return last


def keep_as_version(actor: Actor, draft: Draft, file: BroughtFile) -> DraftVersion:
    """Keep what was read as a named version beside the text, which does not change. Its words are those of who brought it.

    Raises Invalid, RateLimited, MovedOn for a file that was decided about.
    """
    require(actor, Act.DRAFT_WRITE, draft)
    session().refresh(file, ["state"], with_for_update=True)
    if file.state is not BroughtState.READ or file.tree is None:
        raise MovedOn(_("Ce fichier a déjà été repris ou abandonné : rechargez la page."))
    images.allow(actor)
    pictures = _pictures(file.id)
    tree = with_fresh_ids(_shown(file.tree, {key: made for key, (_digest, made) in pictures.items()}))
    version = versions.keep_brought(actor, draft, tree, name=file.name, title=file.title)
    _keep_pictures(actor, draft, file, tuple((key, digest) for key, (digest, _made) in pictures.items()))
    bringing.decide(file, BroughtState.TAKEN)
    return version


def _keep_pictures(
    actor: Actor, draft: Draft, file: BroughtFile, pictures: tuple[tuple[str, str], ...]
) -> None:
    for key, digest in pictures:
        picture = session().get_one(BroughtPicture, (file.id, key))
        made = images.Made(digest, picture.content, picture.width or 0, picture.height or 0)
        images.keep(actor, draft, made)


def _before(name: str) -> str:
    """« Avant l’import de fiche.docx », no longer than a name of a version may be."""
    whole: str = _("Avant l’import de « %(name)s »", name=name)
    if len(whole) <= NAME_LENGTH:
        return whole
    short: str = _(
        "Avant l’import de « %(name)s »", name=name[: len(name) - (len(whole) - NAME_LENGTH) - 1] + "…"
    )
    return short
