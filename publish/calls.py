"""Verbs about calls to the public: prepare one, put it out, close it, say what became of it; and what readers answer.

Who answers has no account, so there is no actor: `mark` stands for one reader of one call (`publish.visitors`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from app import audit, clock
from app.accounts import erasing
from app.db import insert, session, unless_somebody_was_first
from app.errors import Invalid, MovedOn, Refused
from app.extensions import gettext as _
from app.policy import Act, Actor, PortalRole, require
from app.typed_words import readable
from drafts.grammar import passages
from labs.models import Lab
from labs.service import slugify
from publish.call_models import (
    LONGEST_CHOICE,
    LONGEST_QUESTION,
    LONGEST_SOURCE,
    LONGEST_SUMMARY,
    LONGEST_TITLE,
    LONGEST_WORDS,
    MOST_CHOICES,
    NEXT,
    Call,
    CallAnswer,
    CallOpening,
    CallState,
    Channel,
)
from publish.call_policy import CALLS, labs_to_call_for
from publish.models import Edition

# As for the other words of readers; the register of personal data says so (publish.kept_data).
WORDS_KEPT_DAYS = 365
# A question that is put for longer is one that nobody looks at any more.
LONGEST_OPEN = timedelta(days=366)
# Short, since the address stands in codes that are photographed and in an SMS.
LONGEST_ADDRESS = 40
# Stands in the address of the form by which one is prepared.
RESERVED = "nouveau"


def prepare(
    actor: Actor,
    *,
    title: str,
    question: str,
    choices: Sequence[str],
    opens_at: datetime,
    closes_at: datetime,
    lab: Lab | None = None,
    show_results: bool = False,
) -> Call:
    """A draft of a call, for a lab that the actor facilitates; by communication agents also for none."""
    require(actor, Act.CALL_EDIT, CALLS)
    _may_stand_for(actor, lab)
    call = Call(
        slug=_free_address(title),
        title=_sentence(
            title, LONGEST_TITLE, "title", _("Donnez à l’appel un titre de 150 caractères au plus.")
        ),
        question=_question(question),
        choices=_choices(choices),
        opens_at=opens_at,
        closes_at=_end(opens_at, closes_at),
        lab_id=lab.id if lab is not None else None,
        show_results=show_results,
        made_by=actor.id,
        made_at=clock.now(),
    )
    with unless_somebody_was_first(_("Un appel vient d’être préparé sous ce titre : changez-le un peu.")):
        session().add(call)
    audit.record(actor.id, "prepare_call", "call", call.id)
    return call


def change(
    actor: Actor,
    call: Call,
    *,
    title: str,
    question: str,
    choices: Sequence[str],
    opens_at: datetime,
    closes_at: datetime,
    lab: Lab | None = None,
    show_results: bool = False,
) -> None:
    """Everything of a draft. Once people can answer, its end and whether results are shown: answers are to this question."""
    _locked(actor, call)
    if call.state_now not in (CallState.DRAFT, CallState.OPEN):
        raise MovedOn(_("Cet appel est fermé : il ne change plus."))
    if call.state is CallState.DRAFT:
        if call.lab_id != (lab.id if lab is not None else None):
            _may_stand_for(actor, lab)
            call.lab_id = lab.id if lab is not None else None
        call.title = _sentence(
            title, LONGEST_TITLE, "title", _("Donnez à l’appel un titre de 150 caractères au plus.")
        )
        call.question, call.choices, call.opens_at = _question(question), _choices(choices), opens_at
    elif closes_at <= clock.now():
        raise Invalid(_("Choisissez une fin à venir, ou fermez l’appel."), field="closes_at")
    call.closes_at, call.show_results = _end(call.opens_at, closes_at), show_results
    session().flush()
    audit.record(actor.id, "change_call", "call", call.id)


def set_extract(actor: Actor, call: Call, edition: Edition | None, block_id: str = "") -> None:
    """The words of a page that the question is about, or none. Raises Invalid for a block that is not in that edition."""
    _locked(actor, call)
    if call.state is not CallState.DRAFT:
        raise MovedOn(_("Cet appel est ouvert : son extrait ne change plus."))
    if edition is not None and block_id not in passages(edition.revision.tree):
        raise Invalid(_("Choisissez un passage de la fiche."), field="passage")
    call.edition_id, call.block_id = (edition.id, block_id) if edition is not None else (None, "")
    session().flush()
    audit.record(actor.id, "change_call", "call", call.id)


def put_out(actor: Actor, call: Call) -> None:
    """People may answer, from its beginning on."""
    _step(actor, call, CallState.OPEN, _("Cet appel est déjà ouvert."))
    if call.closes_at <= clock.now():
        raise Invalid(_("La fin de cet appel est passée : changez ses dates, puis ouvrez-le."))
    call.state = CallState.OPEN
    session().flush()
    audit.record(actor.id, "open_call", "call", call.id)


def close(actor: Actor, call: Call) -> None:
    """Before its end."""
    _step(actor, call, CallState.CLOSED, _("Cet appel est déjà fermé."))
    now = clock.now()
    # Closed before it began, it was never open.
    call.opens_at = min(call.opens_at, now - timedelta(seconds=1))
    call.state, call.closes_at = CallState.CLOSED, now
    session().flush()
    audit.record(actor.id, "close_call", "call", call.id)


def sum_up(actor: Actor, call: Call, summary: str) -> None:
    """What became of the answers: shown to the public on the page of the call."""
    _step(actor, call, CallState.ANSWERED, _("Fermez l’appel avant d’en publier le bilan."))
    call.summary = _sentence(
        summary,
        LONGEST_SUMMARY,
        "summary",
        _("Écrivez en 3 000 caractères au plus ce que vous en avez fait."),
    )
    call.state = CallState.ANSWERED
    session().flush()
    audit.record(actor.id, "sum_up_call", "call", call.id)


def _step(actor: Actor, call: Call, to: CallState, sentence: str) -> None:
    _locked(actor, call)
    if to not in NEXT[call.state_now]:
        raise MovedOn(sentence)


def _locked(actor: Actor, call: Call) -> None:
    """As it is now, and as it stays until this is over: nobody changes a question that somebody is putting out."""
    require(actor, Act.CALL_EDIT, call)
    session().refresh(call, with_for_update=True)


def answer(mark: str, call: Call, key: str, channel: Channel, choice: int | None, words: str) -> None:
    """Sent again, from the same form or by the same reader, it changes their answer."""
    _put(call, {"mark": mark}, key, channel, choice, words)


def key_in(
    actor: Actor, call: Call, key: str, channel: Channel, choice: int | None, words: str, source: str = ""
) -> None:
    """An answer that came otherwise: by a network, at a counter. A mediator keys in what a citizen beside them says."""
    acts = require(actor, Act.CALL_KEY_IN, call)
    if Act.CALL_EDIT not in acts and PortalRole.MEDIATOR in actor.roles:
        channel = Channel.MEDIATOR
    source = " ".join(source.split())
    if len(source) > LONGEST_SOURCE:
        raise Invalid(_("Écrivez 300 caractères au plus."), field="source")
    fresh = _put(call, {"entered_by": actor.id, "source": source}, key, channel, choice, words)
    if fresh:
        audit.record(actor.id, "key_in_answer", "call", call.id, channel=str(channel))


def must_be_open(call: Call) -> None:
    """Raises MovedOn when it takes no answers, yet or any more."""
    if not call.takes_answers:
        raise MovedOn(
            _("Cet appel ne prend pas encore de réponses.")
            if call.is_coming or call.state is CallState.DRAFT
            else _("Cet appel ne prend plus de réponses.")
        )


def _put(
    call: Call, who: dict[str, object], key: str, channel: Channel, choice: int | None, words: str
) -> bool:
    """Whether it is a new answer."""
    must_be_open(call)
    words = readable(words)
    if choice is not None and not 0 <= choice < len(call.choices):
        raise Invalid(_("Choisissez une des réponses proposées."), field="choice")
    if len(words) > LONGEST_WORDS:
        raise Invalid(_("Écrivez 1 000 caractères au plus."), field="words")
    if choice is None and not words:
        raise Invalid(
            _("Choisissez une réponse, ou écrivez quelques mots.")
            if call.choices
            else _("Écrivez quelques mots."),
            field="words",
        )
    told: dict[str, object] = {"choice": choice, "words": words, "on_day": clock.local(clock.now()).date()}
    row = {"call_id": call.id, "key": key, "channel": channel, "source": "", **who, **told}
    fresh = insert(CallAnswer).values(**row).on_conflict_do_nothing().returning(CallAnswer.id)
    if session().scalar(fresh) is not None:
        return True
    if "source" in who:
        told["source"] = who["source"]
    # Their own answer; else the one that was sent with this very form, by somebody whose browser keeps no cookie.
    for mine in ([CallAnswer.mark == who["mark"]] if "mark" in who else []) + [CallAnswer.key == key]:
        changed = session().execute(
            sa.update(CallAnswer)
            .where(CallAnswer.call_id == call.id, mine)
            .values(**told)
            .execution_options(synchronize_session=False)
        )
        if getattr(changed, "rowcount", 0):
            break
    return False


def note_opening(call_id: int, channel: Channel) -> None:
    """One more time its page was opened today, by that way."""
    row = insert(CallOpening).values(
        call_id=call_id, channel=channel, day=clock.local(clock.now()).date(), count=1
    )
    session().execute(
        row.on_conflict_do_update(
            index_elements=[CallOpening.call_id, CallOpening.channel, CallOpening.day],
            set_={"count": CallOpening.count + 1},
        )
    )


def forget_words() -> int:
    """For the worker: what people wrote goes after a year. How many had written."""
    before = clock.local(clock.now()).date() - timedelta(days=WORDS_KEPT_DAYS)
    gone = session().execute(
        sa.update(CallAnswer)
        .where(sa.or_(CallAnswer.words != "", CallAnswer.source != ""), CallAnswer.on_day < before)
        .values(words="", source="")
        .execution_options(synchronize_session=False)
    )
    return int(getattr(gone, "rowcount", 0))


def _may_stand_for(actor: Actor, lab: Lab | None) -> None:
    if lab is None:
        if PortalRole.COMMUNICATION not in actor.roles:
            raise Refused(_("Choisissez le lab au nom duquel vous posez la question."))
    elif lab.id not in {one.id for one in labs_to_call_for(actor)}:
        raise Refused(_("Vous n’animez pas ce lab : choisissez-en un autre."))


def _free_address(title: str) -> str:
    base = slugify(title, "appel")[:LONGEST_ADDRESS].strip("-")
    taken = set(session().scalars(sa.select(Call.slug).where(Call.slug.startswith(base, autoescape=True))))
    taken.add(RESERVED)
    names = (base, *(f"{base}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def _sentence(text: str, longest: int, field: str, wrong: str) -> str:
    text = readable(text)
    if not text or len(text) > longest:
        raise Invalid(wrong, field=field)
    return text


def _question(question: str) -> str:
    return _sentence(
        question, LONGEST_QUESTION, "question", _("Écrivez la question en 500 caractères au plus.")
    )


def _choices(choices: Sequence[str]) -> list[str]:
    found = [" ".join(choice.split()) for choice in choices if choice.strip()]
    if len(found) > MOST_CHOICES or any(len(one) > LONGEST_CHOICE for one in found) or len(found) == 1:
        raise Invalid(
            _("Proposez de deux à six réponses de 120 caractères au plus, une par ligne, ou aucune."),
            field="choices",
        )
    if len(set(found)) < len(found):
        raise Invalid(_("Deux réponses sont les mêmes : changez-en une."), field="choices")
    return found


def _end(opens_at: datetime, closes_at: datetime) -> datetime:
    if not opens_at < closes_at <= opens_at + LONGEST_OPEN:
        raise Invalid(_("La fin vient après le début, un an plus tard au plus."), field="closes_at")
    return closes_at


erasing.searched(Call.title, Call.question, Call.choices, CallAnswer.words, CallAnswer.source)
erasing.searched(Call.summary, longest=LONGEST_SUMMARY)
