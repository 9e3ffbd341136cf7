"""The freeze: from a living text to a revision, with its fingerprint and everybody's part in it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from app import clock
from app.db import session
from app.directory.models import Administration
from app.errors import Invalid
from app.extensions import gettext as _
from app.policy import Actor
from drafts import canonical, contributions, log
from drafts.checks import check_text
from drafts.grammar import Tree
from drafts.models import Draft
from drafts.policy import competent_ids
from drafts.review_models import Part, Revision, RevisionCompetence, RevisionPart, RevisionScope


def signed_fields(draft: Draft) -> dict[str, Any]:
    """The named fields a signature covers beside the text: what the page shows, and who answers for it."""
    slugs = dict(
        session()
        .execute(
            sa.select(Administration.id, Administration.slug).where(
                Administration.id.in_({*competent_ids(draft), draft.article.lead_administration_id})
            )
        )
        .all()
    )
    return {
        **draft.fields,
        "title": draft.title,
        "lead_administration": slugs[draft.article.lead_administration_id],
        "competent_administrations": sorted(slugs[place] for place in competent_ids(draft)),
    }


def canonical_form(draft: Draft, tree: Tree) -> bytes:
    """The bytes that are signed. Raises Invalid while a suggestion is open."""
    try:
        return canonical.canonical_bytes(tree, signed_fields(draft))
    except canonical.NotCanonical:
        raise Invalid(
            _(
                "Il reste des suggestions sans réponse, ou un caractère illisible : réglez-les avant de proposer."
            )
        ) from None


def check(draft: Draft, tree: Tree) -> None:
    """Raise Invalid when the text is not ready; `faults` holds (block id or None, sentence) for each reason."""
    findings = check_text(
        tree, title=draft.title, has_lead_administration=draft.article.lead_administration_id is not None
    )
    if findings:
        raise Invalid(
            _("Le texte n’est pas prêt à être proposé : ")
            + " ".join(finding.message for finding in findings),
            faults=[(finding.block_id, finding.message) for finding in findings],
        )


def cut(actor: Actor, draft: Draft, change_note: str) -> Revision:
    """Photograph the draft as it stands, under its lock: tree, fingerprint, who answers, who wrote what.

    Raises Invalid when the text is not ready.
    """
    loaded = log.load(draft.id)
    tree = canonical.tidy(loaded.tree)
    check(draft, tree)
    form = canonical_form(draft, tree)
    fingerprint = canonical.fingerprint(form)
    measured = contributions.measure(loaded)
    difference = measured.difference
    number = session().scalar(
        sa.select(sa.func.coalesce(sa.func.max(Revision.number), 0) + 1).where(Revision.draft_id == draft.id)
    )
    revision = Revision(
        draft_id=draft.id,
        article_id=draft.article_id,
        number=number,
        seq=loaded.seq,
        canon=canonical.CANON,
        title=draft.title,
        fields=dict(draft.fields),
        tree=tree,
        canonical=form,
        fingerprint=fingerprint,
        authorship=loaded.runs.encode(),
        authors=measured.as_json(),
        change_note=change_note,
        main_author_administration_id=contributions.main_administration(difference)
        or actor.administration_id,
        created_by=actor.id,
        created_at=clock.now(),
    )
    session().add(revision)
    session().flush()
    session().add(RevisionScope(revision_id=revision.id, fingerprint=fingerprint))
    for place in sorted(competent_ids(draft)):
        session().add(RevisionCompetence(revision_id=revision.id, administration_id=place))
    for tally in difference:
        session().add(
            RevisionPart(
                revision_id=revision.id,
                person_id=tally.person_id,
                part=Part.WROTE,
                administration_id=tally.administration_id,
                inserted=tally.inserted,
                deleted=tally.deleted,
                attributes=tally.attributes,
                fields=tally.fields,
            )
        )
    if not difference:
        # Nobody changed anything since the live edition: who proposes it stands for it, so that the second pair
        # of eyes is still a second person (I5).
        session().add(
            RevisionPart(
                revision_id=revision.id,
                person_id=actor.id,
                part=Part.WROTE,
                administration_id=actor.administration_id,
            )
        )
    session().flush()
    if (kept := log.checkpoint_of(loaded)) is not None:
        # The next freeze replays from here, not from the first keystroke.
        log.keep_checkpoint(kept)
    return revision
