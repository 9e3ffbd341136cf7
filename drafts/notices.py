"""Notices: who is told of what happens to a draft, in the page at once, and by mail.

A mention goes out by mail at once; everything else in one message a day. What somebody has read in the page by then,
or may not read any more, is not in it. No mail carries words of a draft or of a remark.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from app import clock, jobs, mail
from app.accounts.models import Person, PersonKind, PersonStatus
from app.accounts.service import actor_for_person, names_of
from app.db import session
from app.errors import Missing
from app.extensions import gettext as _
from app.extensions import ngettext
from app.mail import address
from app.policy import Act, Actor, acts_for
from drafts.models import Draft, DraftClient
from drafts.notice_models import Channel, MailState, Notice, NoticeKind, NoticeSilence
from drafts.notice_words import address_of, sentence
from drafts.remark_models import Remark
from drafts.review_mail import footer
from drafts.stages import Deed, Stage

# When the daily message goes out, in Nouméa: before people open their mail.
DIGEST_HOUR = 7
DIGEST, DIGEST_OF = "notices.digest", "notices.digest_of"
# Lines of one message; who has more reads them in the page.
MOST_LINES = 60
# What was read is kept for so long, so that one finds it again.
KEPT_FOR = timedelta(days=180)
# The stages of a text that those who write it hear of.
_TOLD_OF = {Deed.SUBMIT, Deed.REQUEST_CHANGES, Deed.PUBLISH}


def mentioned(actor: Actor, draft: Draft, remark: Remark, people: Collection[int]) -> set[int]:
    """Those whose attention is asked for are told, by mail at once. Returns them all."""
    told = tell(people, NoticeKind.MENTION, draft, by=actor.id, remark=remark, digest=False)
    for notice in told:
        if notice.mail is MailState.WAITING:
            _mail_at_once(notice, actor, draft, remark)
    return set(people)


def _mail_at_once(notice: Notice, actor: Actor, draft: Draft, remark: Remark) -> None:
    person = session().get_one(Person, notice.person_id)
    line = sentence(notice.kind, notice.what, actor.name, draft.title)
    link = address(address_of(draft.id, remark.public_id))
    end = footer()
    if person.kind is PersonKind.GUEST:
        end = _("Ouvrez d’abord le lien de votre invitation, sur cet appareil.") + "\n"
    mail.write(person.email, _("%(name)s vous mentionne", name=actor.name), f"{line}\n\n{link}\n\n{end}")
    notice.mail = MailState.DONE


def remark_opened(actor: Actor, draft: Draft, remark: Remark, but: Collection[int] = ()) -> None:
    what = "blocking" if remark.blocking else ""
    people = writers_of(draft) - set(but)
    tell(people, NoticeKind.REMARK, draft, by=actor.id, remark=remark, what=what)


def answered(
    actor: Actor, draft: Draft, remark: Remark, people: Collection[int], but: Collection[int] = ()
) -> None:
    tell(set(people) - set(but), NoticeKind.ANSWER, draft, by=actor.id, remark=remark)


def resolved(actor: Actor, draft: Draft, remark: Remark, people: Collection[int]) -> None:
    """A thread was resolved, or is open again."""
    what = "reopened" if remark.is_open else ""
    tell(people, NoticeKind.RESOLVED, draft, by=actor.id, remark=remark, what=what)


def stage_moved(actor: Actor | None, draft: Draft, deed: Deed) -> None:
    """Those who write a text hear that it was proposed, sent back or published."""
    if deed in _TOLD_OF:
        tell(
            writers_of(draft),
            NoticeKind.STAGE,
            draft,
            by=actor.id if actor else None,
            what=str(draft.stage),
            # Who is asked to take a text up again has a mail of its own, with the reason (drafts.review_mail).
            by_mail=draft.stage is not Stage.CHANGES_REQUESTED,
        )


def writers_of(draft: Draft) -> set[int]:
    """Those who write a draft: who began it, and who sat down at it and may write. Whether they still may is asked
    when they are told."""
    people = set(
        session().scalars(sa.select(DraftClient.person_id).where(DraftClient.draft_id == draft.id).distinct())
    )
    people.add(draft.created_by)
    return {person for person in people if Act.DRAFT_WRITE in acts_for(actor_for_person(person), draft)}


def tell(
    people: Iterable[int],
    kind: NoticeKind,
    draft: Draft,
    *,
    by: int | None = None,
    remark: Remark | None = None,
    what: str = "",
    digest: bool = True,
    by_mail: bool = True,
) -> list[Notice]:
    """Write the notices of those who may read the draft and have not silenced this kind. Nobody is told of their own
    deeds. With `digest` those that go by mail wait for the next daily message."""
    wanted = set(
        session().scalars(
            sa.select(Person.id).where(
                Person.id.in_(set(people)),
                Person.id != (by or 0),
                Person.status == PersonStatus.ACTIVE,
                # A guest has no space to read notices in; by mail they hear when somebody asks for their attention.
                (Person.kind == PersonKind.AGENT) | (kind == NoticeKind.MENTION),
            )
        )
    )
    silent = _silent(wanted, kind)
    found = []
    for person in sorted(wanted):
        in_page = (person, Channel.PAGE) not in silent
        mails = by_mail and (person, Channel.MAIL) not in silent
        if (in_page or mails) and Act.DRAFT_READ in acts_for(actor_for_person(person), draft):
            notice = Notice(
                person_id=person,
                kind=kind,
                draft_id=draft.id,
                remark_id=remark.id if remark is not None else None,
                what=what,
                by_person_id=by,
                at=clock.now(),
                in_page=in_page,
                mail=MailState.WAITING if mails else MailState.NONE,
            )
            session().add(notice)
            found.append(notice)
    session().flush()
    if digest and any(notice.mail is MailState.WAITING for notice in found):
        plan_digest()
    return found


def _silent(people: Collection[int], kind: NoticeKind) -> set[tuple[int, Channel]]:
    rows = session().execute(
        sa.select(NoticeSilence.person_id, NoticeSilence.channel).where(
            NoticeSilence.person_id.in_(people), NoticeSilence.kind == kind
        )
    )
    return {(person, channel) for person, channel in rows}


# What a person does with them


def read(actor: Actor, notice_id: int) -> Notice:
    """A person has seen one of their notices. Raises Missing for somebody else's."""
    notice = session().get(Notice, notice_id)
    if notice is None or notice.person_id != actor.id:
        raise Missing(_("Cet avis n’existe pas, ou il n’est pas pour vous."))
    notice.read_at = notice.read_at or clock.now()
    session().flush()
    return notice


def read_all(actor: Actor) -> None:
    session().execute(
        sa.update(Notice)
        .where(Notice.person_id == actor.id, Notice.read_at.is_(None))
        .values(read_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def silence(actor: Actor, silenced: Collection[tuple[NoticeKind, Channel]]) -> None:
    """From now on these kinds are not told there, and all others are."""
    session().execute(sa.delete(NoticeSilence).where(NoticeSilence.person_id == actor.id))
    session().add_all(
        [NoticeSilence(person_id=actor.id, kind=kind, channel=channel) for kind, channel in set(silenced)]
    )
    session().flush()


# The daily message


def next_digest(after: datetime) -> datetime:
    """The next time a daily message goes out."""
    here = clock.local(after)
    at = datetime.combine(here.date(), time(DIGEST_HOUR), tzinfo=clock.NOUMEA)
    return at if at > here else at + timedelta(days=1)


def plan_digest() -> None:
    """See to it that there is a daily message after what was just noted. One row a day, whoever notes first."""
    at = next_digest(clock.now())
    key = f"{clock.local(at):%Y-%m-%d}"
    known = sa.select(jobs.DueRow.id).where(jobs.DueRow.kind == DIGEST, jobs.DueRow.key == key)
    if session().scalar(known) is None:
        try:
            with session().begin_nested():
                jobs.plan(DIGEST, key, at)
        except sa.exc.IntegrityError:
            pass  # Somebody else planned it at this very moment.


@jobs.due(DIGEST)
def _begin_digest(key: str, _payload: dict[str, Any]) -> None:
    """One row for each person, so that none of these transactions is long; and what is old is forgotten."""
    people = session().scalars(sa.select(Notice.person_id).where(Notice.mail == MailState.WAITING).distinct())
    for person in list(people):
        jobs.plan(DIGEST_OF, f"{key}/{person}", clock.now(), person=person)
    forget_old()


def forget_old() -> None:
    """What was read long ago, or was only mailed."""
    session().execute(
        sa.delete(Notice).where(
            Notice.at < clock.now() - KEPT_FOR, Notice.read_at.is_not(None) | sa.not_(Notice.in_page)
        )
    )


@jobs.due(DIGEST_OF)
def _send_digest(_key: str, payload: dict[str, Any]) -> None:
    person = session().get(Person, payload["person"])
    if person is None:
        return
    waiting = list(
        session().scalars(
            sa.select(Notice)
            .where(Notice.person_id == person.id, Notice.mail == MailState.WAITING)
            .order_by(Notice.draft_id, Notice.id)
            .with_for_update()
        )
    )
    lines = _lines(person, waiting) if person.status is PersonStatus.ACTIVE else []
    for notice in waiting:
        notice.mail = MailState.DONE
    if not lines:
        return
    more = len(lines) - MOST_LINES
    body = "\n\n".join(lines[:MOST_LINES])
    if more > 0:
        told = ngettext("Et %(num)d autre avis :", "Et %(num)d autres avis :", more)
        body += f"\n\n{told}\n{address('/espace/avis')}"
    subject = ngettext("Open Lab : %(num)d avis", "Open Lab : %(num)d avis", len(lines))
    mail.write(person.email, subject, f"{body}\n\n{footer()}")


def _lines(person: Person, waiting: Collection[Notice]) -> list[str]:
    actor = actor_for_person(person.id)
    drafts = {
        draft.id: draft
        for draft in session().scalars(
            sa.select(Draft).where(Draft.id.in_({notice.draft_id for notice in waiting}))
        )
        if Act.DRAFT_READ in acts_for(actor, draft)
    }
    unread = [notice for notice in waiting if notice.read_at is None and notice.draft_id in drafts]
    names = names_of(notice.by_person_id for notice in unread)
    threads = dict(
        session()
        .execute(
            sa.select(Remark.id, Remark.public_id).where(
                Remark.id.in_({notice.remark_id for notice in unread if notice.remark_id})
            )
        )
        .all()
    )
    return [
        sentence(
            notice.kind, notice.what, names.get(notice.by_person_id or 0, ""), drafts[notice.draft_id].title
        )
        + "\n"
        + address(address_of(notice.draft_id, threads.get(notice.remark_id or 0), notice.kind))
        for notice in unread
    ]
