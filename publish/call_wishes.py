"""What somebody wrote in answer to a call becomes a wish, in the words of the agent who makes it: one for each answer, however often
it is asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

import sqlalchemy as sa

from app.db import session
from app.errors import Missing
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from labs import wishes
from labs.wish_models import LONGEST_NOTE, Channel, Wish
from publish import personal
from publish.call_models import Call, CallAnswer


def _key(answer_id: int) -> str:
    """The key under which a wish is filed; a form of the public has a random one."""
    return hashlib.sha256(f"call answer {answer_id}".encode()).hexdigest()[:32]


def made_of(answers: Collection[int]) -> dict[int, int]:
    """{answer: wish} of those that became one."""
    keys = {_key(number): number for number in answers}
    rows = session().execute(sa.select(Wish.key, Wish.id).where(Wish.key.in_(keys)))
    return {keys[key]: wish_id for key, wish_id in rows}


def file_wish(actor: Actor, call: Call, answer_id: int, title: str, need: str) -> Wish:
    """Raises Invalid for words that are missing or too long, Missing for an answer that is not there any more."""
    require(actor, Act.CALL_EDIT, call)
    answer = session().get(CallAnswer, answer_id)
    if answer is None or answer.call_id != call.id or not answer.words:
        raise Missing(_("Cette réponse n’est plus là."))
    note = _("En réponse à l’appel « %(title)s »", title=call.title)
    return wishes.file_wish(
        actor, title, need, key=_key(answer_id), held=bool(personal.findings(f"{title}\n{need}")), channel=Channel.CALL,
        note=note[:LONGEST_NOTE],
    )  # fmt: skip
