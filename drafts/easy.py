"""Verbs of the easy-to-read twin: write its parts, say that one still holds, move one, keep who has read it.

Free functions inside an open unit of work, the actor first. Parts are versions that are only ever added; what a person
typed is never lost to somebody who was faster. The twin is signed with the text, so writing it is a contribution.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from app import audit, clock
from app.db import note, session
from app.directory.editing import one_line
from app.errors import Invalid, MovedOn
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from drafts import document, easy_parts, log, naming, service
from drafts.easy_models import (
    LONGEST_CHANGE,
    LONGEST_NAME,
    LONGEST_PART,
    LONGEST_PLACE,
    MOST_READERS,
    EasyDeed,
    EasyPart,
    EasyReaders,
    EasyReading,
    EasyTwin,
)
from drafts.easy_text import passages_of, tidy
from drafts.easy_versions import Source, append, source_in, source_of, version_of
from drafts.events import EasyReadingsChanged
from drafts.models import Draft

# A twin that was read this often has been read enough.
MOST_READINGS = 100
BLOCK_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
# How a part is counted among the named fields that a person changed.
FIELD = "easy"


@dataclass(frozen=True)
class Typed:
    """What the form holds for one block. `version` is the one it was opened on, 0 for none."""

    block_id: str
    version: int
    text: str
    is_left_out: bool = False


@dataclass(frozen=True)
class Conflict:
    """A block that somebody else saved first: what was typed, what they saved, and under which number."""

    typed: Typed
    theirs: EasyPart


@dataclass(frozen=True)
class Saved:
    blocks: tuple[str, ...]
    conflicts: tuple[Conflict, ...]


def save(actor: Actor, draft: Draft, typed: Sequence[Typed], seq: int) -> Saved:
    """Keep what was typed at the text of number `seq`. Only parts that differ from the version they were opened on are
    written; one that somebody else changed meanwhile is handed back as a conflict, with both texts.

    Raises Invalid, and nothing is kept, when a text is too long.
    """
    require(actor, Act.DRAFT_WRITE, draft)
    draft = log.lock_draft(draft.id)
    sources, now = _sources(draft, seq), easy_parts.current(draft.id)
    written, conflicts = [], []
    for part in map(_checked, typed):
        there = now.get(part.block_id)
        # What counts is the last version, and mostly the one that the form was opened on.
        is_last = there is not None and there.number == part.version
        opened = there if is_last else version_of(draft.id, part.block_id, part.version)
        if _same(part, opened) or _same(part, there):
            continue
        if there is not None and not is_last:
            conflicts.append(Conflict(part, there))
            continue
        _write(actor, draft, part, there, opened, sources.get(part.block_id, Source()))
        written.append(part.block_id)
    _contributed(actor, draft, written, "write_easy")
    return Saved(tuple(written), tuple(conflicts))


def _write(
    actor: Actor, draft: Draft, typed: Typed, there: EasyPart | None, opened: EasyPart | None, source: Source
) -> None:
    """One more version of a part, as the form has it; an emptied field puts the part away."""
    if typed.is_left_out:
        if typed.text and (opened is None or typed.text != opened.text):
            raise Invalid(
                _(
                    "Ce passage est coché « pas repris », et vous avez écrit un texte : gardez l’un ou l’autre."
                ),
                field=f"texte-{typed.block_id}",
            )
        append(actor, draft, typed.block_id, EasyDeed.LEFT_OUT, "", source, is_left_out=True)
    elif typed.text:
        append(actor, draft, typed.block_id, EasyDeed.WRITTEN, typed.text, source)
    elif there is not None:
        append(actor, draft, typed.block_id, EasyDeed.PUT_AWAY, "", source_of(there))


def confirm(actor: Actor, draft: Draft, block_id: str, version: int, seq: int) -> None:
    """The original changed and the easy words still hold for it, as it reads at number `seq`. No word is changed, so it
    is no contribution. Raises MovedOn when somebody wrote the part meanwhile."""
    draft, part = _held(actor, draft, block_id)
    if part.number != version:
        raise MovedOn(
            _("Quelqu’un a changé cette version facile entre-temps : relisez-la avant de confirmer.")
        )
    source = _sources(draft, seq).get(block_id)
    if source is None:
        raise MovedOn(_("Ce passage n’est plus dans le texte : rechargez la page."))
    append(actor, draft, block_id, EasyDeed.CONFIRMED, part.text, source, is_left_out=part.is_left_out)
    audit.record(actor.id, "confirm_easy", "draft", draft.id, part=part.number + 1)


def move(actor: Actor, draft: Draft, block_id: str, target: str, seq: int) -> None:
    """Give the easy words of a block that is gone to another one that has none yet."""
    draft, part = _held(actor, draft, block_id)
    source = _sources(draft, seq).get(target)
    if source is None or target == block_id:
        raise Invalid(_("Choisissez un passage du texte."), field=f"vers-{block_id}")
    if target in easy_parts.current(draft.id):
        raise Invalid(_("Ce passage a déjà sa version facile."), field=f"vers-{block_id}")
    append(actor, draft, target, EasyDeed.MOVED, part.text, source, is_left_out=part.is_left_out)
    append(actor, draft, block_id, EasyDeed.PUT_AWAY, "", source_of(part))
    _contributed(actor, draft, [target], "move_easy")


def put_away(actor: Actor, draft: Draft, block_id: str) -> None:
    """Take a part out of the twin. Its versions stay and can be brought back."""
    draft, part = _held(actor, draft, block_id)
    append(actor, draft, block_id, EasyDeed.PUT_AWAY, "", source_of(part))
    _contributed(actor, draft, [block_id], "put_easy_away")


def bring_back(actor: Actor, draft: Draft, block_id: str, version: int) -> None:
    """An earlier version counts again, as a new one. It was written for the words of its time and says so: where these
    have changed since, it is stale at once."""
    require(actor, Act.DRAFT_HISTORY, draft)
    draft = log.lock_draft(draft.id)
    old = version_of(draft.id, block_id, version)
    if old is None or old.deed is EasyDeed.PUT_AWAY:
        raise MovedOn(_("Cette version n’est plus là : rechargez la page."))
    append(
        actor, draft, block_id, EasyDeed.BROUGHT_BACK, old.text, source_of(old), is_left_out=old.is_left_out
    )
    _contributed(actor, draft, [block_id], "bring_easy_back")


def join(actor: Actor, draft: Draft, *, joins: bool) -> None:
    """Whether the twin goes with the next proposal of the text."""
    require(actor, Act.DRAFT_WRITE, draft)
    draft = log.lock_draft(draft.id)
    row = session().get(EasyTwin, draft.id)
    if row is None:
        session().add(EasyTwin(draft_id=draft.id, joins=joins))
    else:
        row.joins = joins
    session().flush()
    audit.record(actor.id, "join_easy", "draft", draft.id, joins=joins)


def record_reading(
    actor: Actor,
    draft: Draft,
    readers: EasyReaders,
    *,
    count: int,
    read_on: date,
    who: str = "",
    may_name: bool = False,
    place: str = "",
    changed_after: str = "",
) -> EasyReading:
    """Keep that people concerned have read the twin. Raises Invalid for what is not filled in as it has to be."""
    require(actor, Act.DRAFT_WRITE, draft)
    draft = log.lock_draft(draft.id)
    if not 1 <= count <= MOST_READERS:
        raise Invalid(_("Dites combien de personnes ont lu (de 1 à 500)."), field="count")
    if read_on > clock.local(clock.now()).date():
        raise Invalid(
            _("Cette date est dans l’avenir : donnez le jour où le texte a été lu."), field="read_on"
        )
    who = _line(who, LONGEST_NAME, "who")
    if may_name and not who:
        raise Invalid(_("Pour montrer un nom, écrivez-le."), field="who")
    kept = session().scalar(
        sa.select(sa.func.count()).select_from(EasyReading).where(EasyReading.draft_id == draft.id)
    )
    if (kept or 0) >= MOST_READINGS:
        raise Invalid(_("Ce texte a déjà %(count)d lectures : retirez-en une d’abord.", count=MOST_READINGS))
    row = EasyReading(
        draft_id=draft.id,
        readers=readers,
        count=count,
        who=who,
        may_name=may_name,
        place=_line(place, LONGEST_PLACE, "place"),
        read_on=read_on,
        changed_after=_line(changed_after, LONGEST_CHANGE, "changed_after"),
        recorded_by=actor.id,
        recorded_at=clock.now(),
    )
    # It is shown to the public, under a page that nobody signs again for it.
    naming.refuse_people(row.changed_after, field="changed_after")
    session().add(row)
    session().flush()
    audit.record(actor.id, "record_easy_reading", "draft", draft.id, reading=row.id)
    note(EasyReadingsChanged(draft_id=draft.id))
    return row


def remove_reading(actor: Actor, draft: Draft, reading_id: int) -> None:
    """Take a reading away, with the names in it; the public page says it no more."""
    require(actor, Act.DRAFT_WRITE, draft)
    draft = log.lock_draft(draft.id)
    row = session().get(EasyReading, reading_id)
    if row is None or row.draft_id != draft.id:
        raise MovedOn(_("Cette lecture n’est plus là : rechargez la page."))
    session().delete(row)
    session().flush()
    audit.record(actor.id, "remove_easy_reading", "draft", draft.id, reading=reading_id)
    note(EasyReadingsChanged(draft_id=draft.id))


def _line(words: str, longest: int, field: str) -> str:
    too_long = _("C’est trop long (%(most)d caractères au plus).", most=longest)
    return one_line(words, longest, field, too_long)


def _checked(one: Typed) -> Typed:
    if not BLOCK_ID.fullmatch(one.block_id):
        raise Invalid(_("Ce passage n’existe pas."))
    text = tidy(one.text)
    if len(text) > LONGEST_PART:
        raise Invalid(_("Ce texte est trop long (2 000 caractères au plus)."), field=f"texte-{one.block_id}")
    return Typed(one.block_id, one.version, text, one.is_left_out)


def _same(typed: Typed, part: EasyPart | None) -> bool:
    """Whether the form holds what a version says; an empty field is what no version says."""
    if part is None or part.deed is EasyDeed.PUT_AWAY:
        return not typed.text and not typed.is_left_out
    if typed.is_left_out or part.is_left_out:
        return typed.is_left_out and part.is_left_out and not typed.text
    return typed.text == part.text


def _sources(draft: Draft, seq: int) -> dict[str, Source]:
    """The words of each block as who typed had them before their eyes: those of number `seq`.

    A number of another life of the document is one that nobody can read any more: then no words are known, and what is
    written for them is looked at again.
    """
    if seq == draft.head_seq:
        tree = log.text(draft.id).tree
    elif draft.history_seq <= seq < draft.head_seq:
        tree = document.read_tree(log.load(draft.id, seq, damaged=True).doc)
    else:
        return {}
    return {passage.block_id: source_in(passage) for passage in passages_of(tree)}


def _held(actor: Actor, draft: Draft, block_id: str) -> tuple[Draft, EasyPart]:
    require(actor, Act.DRAFT_WRITE, draft)
    draft = log.lock_draft(draft.id)
    part = easy_parts.current(draft.id).get(block_id)
    if part is None:
        raise MovedOn(_("Cette version facile n’est plus là : rechargez la page."))
    return draft, part


def _contributed(actor: Actor, draft: Draft, blocks: Sequence[str], what: str) -> None:
    if blocks:
        service.credit_fields(actor, draft, [FIELD] * len(blocks))
        audit.record(actor.id, what, "draft", draft.id, parts=len(blocks))
