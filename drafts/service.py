"""Verbs about drafts: create, change the named fields, replace the text, record what was done."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from app import audit, clock
from app.db import note, session
from app.directory.models import Administration
from app.errors import Invalid, MovedOn
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from drafts import canonical, document, easy_versions, log, notices, review_notices
from drafts.events import DraftStageChanged
from drafts.models import Article, Draft, FieldChange
from drafts.review_models import DraftAct, Revision
from drafts.stages import Deed, after
from labs.models import Lab
from labs.service import slugify

# The named fields that are signed with the text, beside the title (editorial model, section 3).
FIELDS = ("themes", "life_events", "audiences", "territories", "services", "language", "review_date")
_LISTS = ("themes", "life_events", "audiences", "territories", "services")


def create_draft(
    actor: Actor,
    lab: Lab,
    *,
    title: str,
    lead: Administration,
    competent: Sequence[Administration],
    slug: str | None = None,
    fields: dict[str, Any] | None = None,
    tree: Sequence[dict[str, Any]] = (),
) -> Draft:
    """A new article and its first draft, with `tree` as its text credited to `actor`."""
    require(actor, Act.LAB_WRITE, lab)
    title = _clean_title(title)
    if not competent:
        raise Invalid(_("Choisissez au moins une administration compétente."))
    article = Article(
        slug=_free_slug(slug or slugify(title)), lead_administration_id=lead.id, created_at=clock.now()
    )
    article.competent = list(competent)
    session().add(article)
    session().flush()
    draft = _new_draft(actor, lab, article, title, _checked_fields(fields or {}))
    if tree:
        log.append_server_edit(
            actor, draft, lambda _doc, client_id: document.seed_update(list(tree), client_id)
        )
    credit_fields(actor, draft, ["title", *(fields or {})])
    return draft


def revise(actor: Actor, lab: Lab, live: Revision) -> Draft:
    """A new draft that starts from a published revision; its words stay credited to those who wrote them."""
    require(actor, Act.LAB_WRITE, lab)
    article = session().get_one(Article, live.article_id)
    draft = _new_draft(actor, lab, article, live.title, dict(live.fields))
    log.append_server_edit(
        actor, draft, lambda _doc, client_id: document.seed_update(list(live.tree), client_id), credited=False
    )
    # The easy-to-read twin that was signed with it goes on as well, up to date with every block.
    signed = canonical.parse(live.canonical)[1]
    easy_versions.begin_from(actor, draft, signed.get(canonical.EASY) or (), live.tree)
    return draft


def _new_draft(actor: Actor, lab: Lab, article: Article, title: str, fields: dict[str, Any]) -> Draft:
    draft = Draft(
        lab_id=lab.id,
        article_id=article.id,
        title=title,
        fields=fields,
        history=secrets.token_hex(8),
        created_by=actor.id,
        created_at=clock.now(),
        act_count=0,
        head_seq=0,
    )
    session().add(draft)
    session().flush()
    record_act(draft, Deed.CREATE, actor)
    return draft


def _clean_title(title: str) -> str:
    # Not split(): it would take the no-break spaces of French for ordinary ones.
    title = re.sub(r"[ \t\r\n]+", " ", title).strip()
    if not title or len(title) > 200:
        raise Invalid(_("Donnez un titre de 200 caractères au plus."), field="title")
    return title


def _free_slug(slug: str) -> str:
    slug = slugify(slug)
    while session().scalar(sa.select(Article.id).where(Article.slug == slug)) is not None:
        slug = f"{slug[:70]}-{secrets.token_hex(3)}"
    return slug


def _checked_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """Typed by name; an unknown field is an error of the caller, an ill-formed value one of the person."""
    checked: dict[str, Any] = {}
    for name, value in fields.items():
        if name not in FIELDS:
            raise Invalid(_("Champ inconnu : %(name)s", name=name), field=name)
        if name in _LISTS:
            if (
                not isinstance(value, list)
                or len(value) > 50
                or not all(isinstance(v, str) and len(v) <= 80 for v in value)
            ):
                raise Invalid(_("Liste invalide."), field=name)
        elif not isinstance(value, str) or len(value) > 40:
            raise Invalid(_("Valeur invalide."), field=name)
        checked[name] = value
    return checked


def set_fields(actor: Actor, draft: Draft, **changes: Any) -> list[str]:
    """Change the title or named fields; each one that really changes is a contribution. Returns their names."""
    require(actor, Act.DRAFT_WRITE, draft)
    draft = log.lock_draft(draft.id)
    changed = []
    if "title" in changes:
        title = _clean_title(changes.pop("title"))
        if title != draft.title:
            draft.title = title
            changed.append("title")
    checked = _checked_fields(changes)
    fields = dict(draft.fields)
    for name, value in checked.items():
        if fields.get(name) != value:
            fields[name] = value
            changed.append(name)
    draft.fields = fields
    credit_fields(actor, draft, changed)
    if changed:
        audit.record(actor.id, "set_fields", "draft", draft.id, fields=changed)
    return changed


def credit_fields(actor: Actor, draft: Draft, names: Sequence[str]) -> None:
    """Count changes of fields as a contribution of this person."""
    base = session().scalar(sa.select(Article.live_revision_id).where(Article.id == draft.article_id))
    for name in names:
        session().add(
            FieldChange(
                draft_id=draft.id, person_id=actor.id, field=name, at=clock.now(), base_revision_id=base
            )
        )
    session().flush()


def replace_text(actor: Actor, draft: Draft, tree: Sequence[dict[str, Any]]) -> int:
    """Make the draft read as `tree` by a forward edit; equal blocks stay untouched and keep their authors."""
    require(actor, Act.DRAFT_WRITE, draft)
    return log.append_server_edit(
        actor, draft, lambda doc, client_id: document.rewrite_update(doc, list(tree), client_id)
    )


def record_act(
    draft: Draft,
    deed: Deed,
    actor: Actor | None,
    *,
    administration_id: int | None = None,
    revision_id: int | None = None,
    reason: str = "",
) -> DraftAct:
    """Number the act, move the stage, leave one audit entry. Of two acts at one moment one wins.

    Raises MovedOn when the stage no longer knows this deed or when somebody else took the number.
    """
    try:
        stage = after(draft.stage if deed is not Deed.CREATE else None, deed)
    except ValueError:
        raise MovedOn(_("La situation a changé : rechargez la page.")) from None
    number = draft.act_count + 1
    act = DraftAct(
        draft_id=draft.id,
        number=number,
        deed=deed,
        person_id=actor.id if actor else None,
        administration_id=administration_id
        if administration_id is not None
        else (actor.administration_id if actor else None),
        revision_id=revision_id,
        reason=reason,
        at=clock.now(),
    )
    moved = session().execute(
        sa.update(Draft)
        .where(Draft.id == draft.id, Draft.act_count == number - 1)
        .values(act_count=number, stage=stage)
        .execution_options(synchronize_session=False)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise MovedOn(_("La situation a changé : rechargez la page."))
    session().add(act)
    try:
        session().flush()
    except sa.exc.IntegrityError:
        raise MovedOn(_("La situation a changé : rechargez la page.")) from None
    changed = draft.stage is not stage
    session().refresh(draft, ["act_count", "stage"])
    audit.record(
        actor.id if actor else None, str(deed), "draft", draft.id, number=number, revision=revision_id
    )
    if changed and deed is not Deed.CREATE:
        # Reviewers see a draft according to its stage, so a change of stage is a change of access.
        session().execute(
            sa.update(Draft)
            .where(Draft.id == draft.id)
            .values(access_epoch=Draft.access_epoch + 1)
            .execution_options(synchronize_session=False)
        )
        session().refresh(draft, ["access_epoch"])
        note(DraftStageChanged(draft_id=draft.id, stage=str(stage)))
        notices.stage_moved(actor, draft, deed)
    review_notices.deed_done(actor, draft, act)
    return act
