"""The freeze: from a living text to a revision, with its fingerprint and everybody's part in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from app import clock
from app.db import session
from app.directory.models import Administration
from app.errors import Invalid
from app.extensions import gettext as _
from app.policy import Actor
from drafts import canonical, checkpoints, contributions, easy_parts, log
from drafts.card_queries import references_in
from drafts.checks import check_text
from drafts.findings import Finding
from drafts.grammar import Tree
from drafts.models import Article, Draft
from drafts.policy import competent_ids
from drafts.review_models import Part, Revision, RevisionCompetence, RevisionPart, RevisionScope, Size
from drafts.sizes import size_of

# What two revisions of the same text share.
_PHOTOGRAPH = (
    "draft_id",
    "article_id",
    "seq",
    "canon",
    "title",
    "fields",
    "tree",
    "authorship",
    "authors",
    "change_note",
    "main_author_administration_id",
    "created_by",
    "created_at",
)


def signed_fields(
    draft: Draft, title: str, fields: Mapping[str, Any], easy: Sequence[Any] | None
) -> dict[str, Any]:
    """The named fields a signature covers beside the text: what the page shows, and who answers for it. `easy` is the
    easy-to-read twin; None, and then no word of it is in the form."""
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
        **fields,
        "title": title,
        "lead_administration": slugs[draft.article.lead_administration_id],
        "competent_administrations": sorted(slugs[place] for place in competent_ids(draft)),
        canonical.EASY: easy,
    }


def canonical_form(draft: Draft, tree: Tree) -> bytes:
    """The bytes that are signed. Raises Invalid while a suggestion is open."""
    fields = signed_fields(draft, draft.title, draft.fields, easy_parts.joined(draft, tree))
    try:
        return canonical.canonical_bytes(tree, fields)
    except canonical.NotCanonical:
        raise Invalid(
            _(
                "Il reste des suggestions sans réponse, ou un caractère illisible : réglez-les avant de proposer."
            )
        ) from None


def hold_article(draft: Draft, *, to_change: bool = False) -> None:
    """Have who answers for the article stay as it is until the transaction ends; or have nobody freeze a text of it
    while that is changed. The draft is locked before, always in this order."""
    session().get_one(
        Article,
        draft.article_id,
        with_for_update={"key_share": True} if to_change else {"read": True},
        populate_existing=True,
    )


def findings_of(draft: Draft, tree: Tree) -> list[Finding]:
    """What keeps this text of the draft from being proposed."""
    return [
        *check_text(
            tree,
            title=draft.title,
            has_lead_administration=draft.article.lead_administration_id is not None,
            territories=draft.fields.get("territories") or (),
            known=references_in(draft, tree),
        ),
        *easy_parts.findings(draft, tree),
    ]


def check(draft: Draft, tree: Tree) -> None:
    """Raise Invalid when the text is not ready; `faults` holds (block id or None, sentence) for each reason, and
    `fields` where it is put right when that is a field of the article."""
    if findings := findings_of(draft, tree):
        raise Invalid(
            _("Le texte n’est pas prêt à être proposé : ")
            + " ".join(finding.message for finding in findings),
            faults=[(finding.block_id, finding.message) for finding in findings],
            fields=[finding.field for finding in findings],
        )


def cut(actor: Actor, draft: Draft, change_note: str, *, said_minor: bool = False) -> Revision:
    """Photograph the draft as it stands, under its lock: tree, fingerprint, who answers, who wrote what.

    `said_minor`: the writer says that it is a minor correction. Raises Invalid when the text is not ready.
    """
    hold_article(draft)
    loaded = log.load(draft.id)
    tree = canonical.tidy(loaded.tree)
    check(draft, tree)
    form = canonical_form(draft, tree)
    fingerprint = canonical.fingerprint(form)
    measured = contributions.measure(loaded)
    difference = measured.difference
    live = contributions.live_revision(draft.article_id)
    revision = Revision(
        draft_id=draft.id,
        article_id=draft.article_id,
        number=_next_number(draft),
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
        size=size_of(
            tree,
            canonical.parse(form)[1],
            difference,
            live,
            said_minor=said_minor,
        ),
        main_author_administration_id=contributions.main_administration(difference)
        or actor.administration_id,
        created_by=actor.id,
        created_at=clock.now(),
    )
    _asked(draft, revision)
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
    if (kept := checkpoints.made_of(loaded)) is not None:
        # The next freeze replays from here, not from the first keystroke.
        checkpoints.keep(kept)
    return revision


def _next_number(draft: Draft) -> int:
    return 1 + (session().scalar(sa.select(sa.func.max(Revision.number)).filter_by(draft_id=draft.id)) or 0)


def _asked(draft: Draft, revision: Revision) -> None:
    """Keep a revision with the whole text as what can be signed, and who has to answer for it."""
    session().add(revision)
    session().flush()
    session().add(RevisionScope(revision_id=revision.id, fingerprint=revision.fingerprint))
    for place in sorted(competent_ids(draft)):
        session().add(RevisionCompetence(revision_id=revision.id, administration_id=place))


def again(draft: Draft, revision: Revision) -> Revision:
    """The same photograph under other names: who answers for the article has changed since, the text has not.

    When it was taken and by whom stays, since what people do after that instant is the difference of the next version.
    """
    easy = canonical.parse(revision.canonical)[1].get(canonical.EASY)
    form = canonical.canonical_bytes(
        revision.tree, signed_fields(draft, revision.title, revision.fields, easy)
    )
    kept = {name: getattr(revision, name) for name in _PHOTOGRAPH}
    renamed = Revision(
        number=_next_number(draft),
        canonical=form,
        fingerprint=canonical.fingerprint(form),
        # Who answers is never a detail.
        size=Size.MAJOR,
        **kept,
    )
    _asked(draft, renamed)
    for part in session().scalars(
        sa.select(RevisionPart).filter_by(revision_id=revision.id, part=Part.WROTE)
    ):
        session().add(
            RevisionPart(
                revision_id=renamed.id,
                person_id=part.person_id,
                part=Part.WROTE,
                administration_id=part.administration_id,
                inserted=part.inserted,
                deleted=part.deleted,
                attributes=part.attributes,
                fields=part.fields,
            )
        )
    session().flush()
    return renamed
