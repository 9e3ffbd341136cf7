"""What waits for a person in the drafts: answers, objections, deadlines, publications, requests, remarks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import sqlalchemy as sa

from app.db import session
from app.extensions import gettext as _
from app.extensions import ngettext
from app.policy import Actor, PortalRole
from app.waiting import Waiting, source
from drafts import glossary_policy
from drafts.glossary_models import GlossaryTerm, TermStatus
from drafts.list_queries import reach
from drafts.models import Draft, DraftClient
from drafts.notice_words import address_of
from drafts.open_reviews import Facts, facts_for, names_of_places
from drafts.remark_models import Remark, RemarkMention, RemarkMessage
from drafts.review_models import DraftAct
from drafts.stages import Deed, Stage
from labs.models import Membership
from labs.roles import Right

# Lines of one kind; who has more sees the next ones when these are done.
MOST = 50


@source("glossary")
def proposed_words(actor: Actor) -> Iterator[Waiting]:
    """Words that agents propose for the glossary, for those who decide about them."""
    if not actor.roles & glossary_policy.WRITERS:
        return
    rows = session().scalars(
        sa.select(GlossaryTerm)
        .where(GlossaryTerm.status == TermStatus.PROPOSED)
        .order_by(GlossaryTerm.id)
        .limit(MOST)
    )
    for row in rows:
        yield Waiting(
            about=row.term,
            what=_("Accepter ou refuser ce mot du glossaire"),
            why=_("Un agent l’a proposé."),
            href=f"/espace/glossaire/{row.id}",
        )


@source("reviews")
def reviews(actor: Actor) -> Iterator[Waiting]:
    """Everything in the open reviews of a person."""
    found = facts_for(actor)
    if not found:
        return  # for most people on most days: their pages ask no more than this
    names = names_of_places(
        place
        for facts in found
        for place in (*facts.competent, *(one.act.administration_id for one in facts.raised))
    )
    for facts in found:
        yield from _answers(actor, facts, names)
        yield from _objections(actor, facts, names)
        yield from _deserted(actor, facts, names)
        yield from _overruling(actor, facts, names)
        yield from _publication(actor, facts)
        yield from _carried(actor, facts, names)


def _answers(actor: Actor, facts: Facts, names: dict[int, str]) -> Iterator[Waiting]:
    if facts.draft.stage is not Stage.IN_REVIEW:
        return
    answered = {row.administration_id for row in facts.sign_offs}
    objecting = {one.act.administration_id for one in facts.objections}
    stands_in = _stands_in(actor, facts)
    for place in sorted(((actor.reviewer_of | stands_in) & facts.competent) - answered - objecting):
        passed = place in facts.passed_over
        why = (
            _("Vous répondez à sa place pour ce texte : elle n’a pas de référent.")
            if place in stands_in
            else _("Votre administration est compétente pour ce texte.")
        )
        yield Waiting(
            about=facts.title,
            what=_("Relire, puis répondre pour %(administration)s", administration=names[place]),
            why=_("Le délai est passé, la relecture continue sans vous : vous pouvez encore répondre.")
            if passed
            else why,
            href=f"{facts.href}#visa-{place}",
            # Where one administration alone is competent there is no deadline to speak of.
            until=facts.last_day if len(facts.competent) > 1 else None,
            is_late=facts.is_late and len(facts.competent) > 1,
            is_news=passed,
        )


def _stands_in(actor: Actor, facts: Facts) -> set[int]:
    """The administrations without a reviewer that this person answers for."""
    return {place for place, person in facts.substitutes.items() if person == actor.id}


def _deserted(actor: Actor, facts: Facts, names: dict[int, str]) -> Iterator[Waiting]:
    """Administrations without anybody who could answer, for those who may do it in their place."""
    if facts.draft.stage is not Stage.IN_REVIEW or not _may_decide(actor, facts):
        return
    for place in sorted(facts.deserted & set(facts.verdict.unanswered) - facts.substitutes.keys()):
        yield Waiting(
            facts.title,
            _("Répondre à la place de %(administration)s", administration=names[place]),
            _("Elle est compétente pour ce texte, et n’a pas de référent."),
            f"{facts.href}#sans-referent",
        )


def _may_decide(actor: Actor, facts: Facts) -> bool:
    """A portal editor, or a reviewer of the lead administration."""
    return (
        PortalRole.PORTAL_EDITOR in actor.roles
        or facts.draft.article.lead_administration_id in actor.reviewer_of
    )


def _objections(actor: Actor, facts: Facts, names: dict[int, str]) -> Iterator[Waiting]:
    may_arbitrate = PortalRole.PORTAL_EDITOR in actor.roles or actor.reviewer_of & facts.competent
    for one in facts.objections:
        place = one.act.administration_id or 0
        if place in actor.reviewer_of or place in _stands_in(actor, facts):
            yield Waiting(
                facts.title,
                _("Lever l’opposition de %(administration)s, ou la maintenir", administration=names[place]),
                _("Elle bloque la publication."),
                f"{facts.href}#autres-reponses",
            )
            continue
        if facts.wrote or facts.created_by == actor.id:
            yield Waiting(
                facts.title,
                _("Répondre à l’opposition de %(administration)s", administration=names[place]),
                _("Elle bloque la publication d’un texte que vous avez écrit ou proposé."),
                f"{facts.href}#ou-en-est-on",
            )
        elif may_arbitrate and place != actor.administration_id and actor.id not in one.arbiters:
            yield Waiting(
                facts.title,
                _("Arbitrer l’opposition de %(administration)s", administration=names[place]),
                _("Une personne propose de passer outre : une deuxième doit en décider.")
                if one.arbiters
                else _(
                    "Elle bloque la publication ; deux personnes qui n’ont rien écrit peuvent en décider."
                ),
                f"{facts.href}#aller-de-l-avant",
            )


def _overruling(actor: Actor, facts: Facts, names: dict[int, str]) -> Iterator[Waiting]:
    if (
        facts.draft.stage is not Stage.IN_REVIEW
        or not _may_decide(actor, facts)
        or facts.wrote
        or not facts.is_late
    ):
        return
    found = facts.verdict
    silent = [
        place for place in found.unanswered if place not in found.objecting and place not in actor.reviewer_of
    ]
    if silent and len(facts.competent) > 1:
        yield Waiting(
            facts.title,
            _("Décider de continuer sans réponse"),
            _(
                "N’ont pas répondu dans le délai : %(places)s.",
                places=", ".join(names[place] for place in silent),
            ),
            f"{facts.href}#aller-de-l-avant",
            until=facts.last_day,
            is_late=True,
        )


def _publication(actor: Actor, facts: Facts) -> Iterator[Waiting]:
    lead = facts.draft.article.lead
    own = lead.may_publish_own and lead.id in actor.reviewer_of and facts.competent == {lead.id}
    if not (PortalRole.PORTAL_EDITOR in actor.roles or own):
        return
    if facts.draft.stage is Stage.APPROVED:
        yield Waiting(
            facts.title,
            _("Publier"),
            _("Le texte est approuvé par toutes les administrations compétentes."),
            f"{facts.href}#publier",
        )
    elif facts.draft.stage is Stage.IN_REVIEW and not facts.wrote and facts.verdict.publisher_may_read:
        yield Waiting(
            facts.title,
            _("Relire et publier"),
            _("Il ne manque qu’un second regard : le vôtre."),
            f"{facts.href}#publier",
        )


def _carried(actor: Actor, facts: Facts, names: dict[int, str]) -> Iterator[Waiting]:
    for row in facts.sign_offs:
        if row.person_id == actor.id and row.carried_from is not None:
            yield Waiting(
                facts.title,
                _(
                    "Votre visa pour %(administration)s reste valable",
                    administration=names[row.administration_id],
                ),
                _(
                    "Ce que vous avez signé n’a pas changé dans la nouvelle version. Vous pouvez retirer votre visa."
                ),
                f"{facts.href}#visa-reporte-{row.administration_id}",
                is_news=True,
            )


def _i_write(actor: Actor) -> sa.ColumnElement[bool]:
    """Drafts that a person may write in, and began, proposed or sat down at."""
    in_my_labs = Draft.lab_id.in_(
        sa.select(Membership.lab_id).where(
            Membership.person_id == actor.id,
            Membership.removed_at.is_(None),
            Membership.is_facilitator | (Membership.right == Right.WRITE),
        )
    )
    sat = sa.exists().where(DraftClient.draft_id == Draft.id, DraftClient.person_id == actor.id)
    proposed = sa.exists().where(
        DraftAct.draft_id == Draft.id, DraftAct.person_id == actor.id, DraftAct.deed == Deed.SUBMIT
    )
    return in_my_labs & ((Draft.created_by == actor.id) | sat | proposed)


@source("requests")
def requests(actor: Actor) -> Iterator[Waiting]:
    """Texts that somebody asked to take up again."""
    drafts = session().execute(
        sa.select(Draft.id, Draft.title)
        .where(Draft.stage == Stage.CHANGES_REQUESTED, Draft.trashed_at.is_(None), _i_write(actor))
        .order_by(Draft.id)
        .limit(MOST)
    ).all()  # fmt: skip
    if not drafts:
        return
    asked = {
        act.draft_id: act
        for act in session().scalars(
            sa.select(DraftAct)
            .where(
                DraftAct.draft_id.in_([draft_id for draft_id, _title in drafts]),
                DraftAct.deed == Deed.REQUEST_CHANGES,
            )
            .order_by(DraftAct.number)
        )
    }
    names = names_of_places(act.administration_id for act in asked.values())
    for draft_id, title in drafts:
        place = names[asked[draft_id].administration_id or 0] if draft_id in asked else ""
        yield Waiting(
            title,
            _("Reprendre le texte, puis le proposer de nouveau"),
            _("%(administration)s demande des changements.", administration=place or _("Un référent")),
            f"/brouillons/{draft_id}",
        )


@source("remarks")
def remarks(actor: Actor) -> Iterable[Waiting]:
    return [*_mentions(actor), *_unanswered(actor)]


def _mentions(actor: Actor) -> Iterator[Waiting]:
    """Open threads in which somebody asks for this person's attention, and they have said nothing since."""
    later = sa.orm.aliased(RemarkMessage)
    rows = session().execute(
        sa.select(Remark.public_id, Draft.id, Draft.title)
        .join(RemarkMessage, RemarkMessage.remark_id == Remark.id)
        .join(RemarkMention, RemarkMention.message_id == RemarkMessage.id)
        .join(Draft, Draft.id == Remark.draft_id)
        .where(
            RemarkMention.person_id == actor.id,
            Remark.resolved_at.is_(None),
            Draft.trashed_at.is_(None),
            reach(actor),
            ~sa.exists().where(
                later.remark_id == Remark.id, later.person_id == actor.id, later.id > RemarkMessage.id
            ),
        )
        .group_by(Remark.id, Remark.public_id, Draft.id, Draft.title)
        .order_by(Remark.id)
        .limit(MOST)
    )
    for public_id, draft_id, title in rows:
        yield Waiting(
            title,
            _("Répondre à une remarque"),
            _("Votre attention y est demandée."),
            address_of(draft_id, public_id),
        )


def _unanswered(actor: Actor) -> Iterator[Waiting]:
    """Open threads of others on the texts a person writes, that nobody has answered; one line for each text."""
    answer = sa.orm.aliased(RemarkMessage)
    rows = session().execute(
        sa.select(
            Draft.id,
            Draft.title,
            sa.func.count(),
            sa.func.count().filter(Remark.blocking),
        )
        .select_from(Remark)
        .join(Draft, Draft.id == Remark.draft_id)
        .where(
            Remark.resolved_at.is_(None),
            Remark.opened_by != actor.id,
            Draft.trashed_at.is_(None),
            _i_write(actor),
            ~sa.exists().where(answer.remark_id == Remark.id, answer.person_id != Remark.opened_by),
        )
        .group_by(Draft.id, Draft.title)
        .order_by(Draft.id)
        .limit(MOST)
    )
    for draft_id, title, count, blocking in rows:
        why = ngettext("%(num)d remarque est sans réponse", "%(num)d remarques sont sans réponse", count)
        if blocking:
            why += ngettext(", dont %(num)d bloquante", ", dont %(num)d bloquantes", blocking)
        yield Waiting(title, _("Répondre aux remarques"), why + ".", f"/brouillons/{draft_id}/remarques")
