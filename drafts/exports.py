"""Moments of a draft as papers to be written in a format: the text as it is read, without what only waits in it."""

from __future__ import annotations

import sqlalchemy as sa

from app import audit, clock
from app.db import session
from app.extensions import day_in_words
from app.extensions import gettext as _
from app.policy import Act, Actor, acts_for, require
from drafts import card_queries, images
from drafts.exchange import formats, packing
from drafts.exchange.paper import Format, Paper
from drafts.exchange.plainly import settled
from drafts.grammar import Tree, blocks
from drafts.history_queries import said_at
from drafts.models import Draft, Image
from drafts.moments import Kind, Moment, Ref
from drafts.review_models import Revision
from drafts.suggested import suggestions_in
from drafts.words import stage_word

# Pictures that travel in one file, at 60 kB each: more would not pass by mail.
MOST_PICTURES = 200
SHORT = 12


def note(actor: Actor, draft: Draft, ref: Ref, form: Format) -> None:
    """Write down that a text left the workshop, and as what."""
    require(actor, Act.DRAFT_READ, draft)
    audit.record(actor.id, "export", "draft", draft.id, moment=str(ref), format=form.value)


def paper_of(actor: Actor, draft: Draft, found: Moment, public_url: str) -> Paper:
    """A moment as a paper: with the images that this person sees, and the directory of today."""
    tree = settled(found.tree)
    return Paper(
        title=found.title or draft.title,
        tree=tree,
        facts=_facts(draft, found, public_url),
        references=card_queries.references_in(draft, tree),
        pictures=_pictures(actor, tree),
    )


def tag_of(paper: Paper, form: Format) -> str:
    """What a browser may be told that it has already: nobody has to write the file to know."""
    return packing.digest(paper, form, formats.build())


def name_of(paper: Paper, found: Moment) -> str:
    """What the file is called, but for its ending."""
    if found.ref.kind is Kind.REVISION:
        return _("%(title)s – version figée %(number)s", title=paper.title, number=found.ref.number)
    if found.ref.kind is Kind.VERSION:
        return _("%(title)s – %(name)s", title=paper.title, name=found.name)
    day = clock.local(found.at or clock.now()).date()
    return _("%(title)s – brouillon du %(day)s", title=paper.title, day=day.isoformat())


def _facts(draft: Draft, found: Moment, public_url: str) -> tuple[tuple[str, str], ...]:
    article = draft.article
    others = [place.name for place in article.competent if place.id != article.lead_administration_id]
    facts = [(_("Administration responsable"), article.lead.name)]
    if others:
        facts.append((_("Avec"), ", ".join(others)))
    facts += [(_("État"), _state(draft, found))]
    if found.at is not None and found.ref.kind is not Kind.REVISION:
        facts.append((_("Texte du"), said_at(found.at)))
    facts.append((_("Adresse"), f"{public_url}/brouillons/{draft.id}"))
    if found.ref.kind is Kind.REVISION:
        facts.append((_("Empreinte"), _fingerprint(draft, found)[:SHORT]))
    if count := len(suggestions_in(found.tree)):
        facts.append((_("Suggestions en attente"), _("%(count)d, absentes de ce document", count=count)))
    if found.is_broken:
        facts.append((_("Attention"), _("une partie du texte ne peut plus être relue : elle manque ici")))
    return tuple(facts)


def _state(draft: Draft, found: Moment) -> str:
    if found.ref.kind is Kind.REVISION and found.at is not None:
        day = day_in_words(clock.local(found.at).date(), "d MMMM y")
        return _("Version figée %(number)s, du %(day)s", number=found.ref.number, day=day)
    if found.ref.kind is Kind.VERSION:
        return _("Brouillon, version « %(name)s »", name=found.name)
    if found.ref.kind is Kind.NOW:
        return _("Brouillon (%(stage)s)", stage=stage_word(draft.stage).lower())
    return _("Brouillon, moment passé du texte")


def _fingerprint(draft: Draft, found: Moment) -> str:
    return (
        session()
        .scalars(
            sa.select(Revision.fingerprint).where(
                Revision.draft_id == draft.id, Revision.number == found.ref.number
            )
        )
        .one()
    )


def _pictures(actor: Actor, tree: Tree) -> dict[str, bytes]:
    """The pictures of a text that this person sees: an id that somebody wrote into it opens nothing."""
    wanted = [one.get("attrs", {}).get("image", "") for one in blocks(tree) if one["type"] == "image"]
    found: dict[str, bytes] = {}
    for image_id in dict.fromkeys(wanted):
        image = session().get(Image, image_id) if image_id else None
        if image is not None and Act.IMAGE_READ in acts_for(actor, image):
            found[image_id] = images.content_of(image_id)
        if len(found) == MOST_PICTURES:
            break
    return found
