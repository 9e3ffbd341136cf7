"""Verbs of the glossary: write, propose, accept, refuse, change, withdraw, put back."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from app import audit, clock
from app.db import note, session, unless_somebody_was_first
from app.directory.editing import one_line, put, web
from app.errors import Invalid, Missing, MovedOn, RateLimited
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from drafts.glossary_events import GlossaryChanged
from drafts.glossary_models import (
    LONGEST_DEFINITION,
    LONGEST_REASON,
    LONGEST_SOURCE,
    LONGEST_SPELLED,
    LONGEST_TERM,
    LONGEST_URL,
    GlossaryTerm,
    TermStatus,
)
from drafts.glossary_policy import GLOSSARY

# A dictionary that nobody reads through any more; its page is 400 KB long.
MOST_TERMS = 1000
# What waits to be decided, of one person and of all: more is read by nobody.
MOST_WAITING_OF_ONE, MOST_WAITING = 20, 200
MOST_FORMS = 10
STANDING = (TermStatus.LIVE, TermStatus.WITHDRAWN)


@dataclass(frozen=True)
class TermWords:
    """What a form says of a word, as it was typed; the other forms have commas or lines between them."""

    term: str
    definition: str
    forms: str = ""
    spelled_out: str = ""
    source: str = ""
    source_url: str = ""


def key_of(words: str) -> str:
    """A term in small letters without accents, its words with hyphens between: what two spellings of one word share."""
    # An apostrophe parts words; left to the encoding it would join them.
    parted = words.lower().replace("œ", "oe").replace("æ", "ae").replace("’", " ")
    plain = unicodedata.normalize("NFKD", parted)
    return re.sub(r"[^a-z0-9]+", "-", plain.encode("ascii", "ignore").decode()).strip("-")[:LONGEST_TERM]


def write(actor: Actor, given: TermWords) -> GlossaryTerm:
    """A new word, which the public reads at once. Raises Invalid when it is none, or is there already."""
    require(actor, Act.GLOSSARY_WRITE, GLOSSARY)
    values = _checked(given)
    _room_for_one()
    row = _new(actor, values, TermStatus.LIVE)
    audit.record(actor.id, "write_term", "glossary_term", row.id)
    note(GlossaryChanged(term_id=row.id))
    return row


def propose(actor: Actor, given: TermWords) -> GlossaryTerm:
    """A word that an editor is to decide about. Raises Invalid, and RateLimited where too many wait."""
    require(actor, Act.GLOSSARY_PROPOSE, GLOSSARY)
    values = _checked(given)
    waiting = sa.select(sa.func.count()).where(GlossaryTerm.status == TermStatus.PROPOSED)
    mine = session().scalar(waiting.where(GlossaryTerm.written_by == actor.id)) or 0
    if mine >= MOST_WAITING_OF_ONE or (session().scalar(waiting) or 0) >= MOST_WAITING:
        raise RateLimited(
            _("Beaucoup de propositions attendent déjà une réponse : attendez qu’un éditeur les ait lues."),
            retry_after=3600.0,
        )
    row = _new(actor, values, TermStatus.PROPOSED)
    audit.record(actor.id, "propose_term", "glossary_term", row.id)
    return row


def accept(actor: Actor, number: int, seen: int, given: TermWords) -> GlossaryTerm:
    """A proposal becomes a word of the glossary, as the editor corrected it."""
    row = _as_seen(actor, number, seen, TermStatus.PROPOSED)
    values = _checked(given, row)
    _room_for_one()
    with unless_somebody_was_first(_taken(str(values["term"]))):
        put(row, {**values, "status": TermStatus.LIVE})
    _changed(actor, row, "accept_term", is_public=True)
    return row


def refuse(actor: Actor, number: int, seen: int, reason: str) -> GlossaryTerm:
    """The person who proposed it reads why."""
    row = _as_seen(actor, number, seen, TermStatus.PROPOSED)
    row.reason = _reason(reason)
    row.status = TermStatus.REFUSED
    _changed(actor, row, "refuse_term", is_public=False)
    return row


def change(actor: Actor, number: int, seen: int, given: TermWords) -> GlossaryTerm:
    row = _as_seen(actor, number, seen, *STANDING)
    values = _checked(given, row)
    with unless_somebody_was_first(_taken(str(values["term"]))):
        fields = put(row, values)
    if fields:
        _changed(actor, row, "change_term", is_public=row.status is TermStatus.LIVE, fields=fields)
    return row


def withdraw(actor: Actor, number: int, seen: int, reason: str) -> GlossaryTerm:
    """Neither the public nor a margin shows it any more; it stays known, and can be put back."""
    row = _as_seen(actor, number, seen, TermStatus.LIVE)
    row.reason = _reason(reason)
    row.status = TermStatus.WITHDRAWN
    _changed(actor, row, "withdraw_term", is_public=True)
    return row


def put_back(actor: Actor, number: int, seen: int) -> GlossaryTerm:
    row = _as_seen(actor, number, seen, TermStatus.WITHDRAWN)
    _room_for_one()
    put(row, {"status": TermStatus.LIVE, "reason": ""})
    _changed(actor, row, "put_back_term", is_public=True)
    return row


def term_numbered(number: int) -> GlossaryTerm:
    row = session().get(GlossaryTerm, number)
    if row is None:
        raise Missing(_("Ce mot n’est pas dans le glossaire."))
    return row


def _as_seen(actor: Actor, number: int, seen: int, *statuses: TermStatus) -> GlossaryTerm:
    """The word under lock, as the actor saw it. Raises MovedOn when somebody changed or decided it since."""
    require(actor, Act.GLOSSARY_WRITE, GLOSSARY)
    row = session().get(GlossaryTerm, number, with_for_update=True)
    if row is None:
        raise Missing(_("Ce mot n’est pas dans le glossaire."))
    if row.version != seen or row.status not in statuses:
        raise MovedOn(_("Quelqu’un a changé ce mot entre-temps. Comparez, puis envoyez de nouveau."))
    return row


def _new(actor: Actor, values: dict[str, object], status: TermStatus) -> GlossaryTerm:
    now = clock.now()
    row = GlossaryTerm(
        status=status, version=1, written_by=actor.id, written_at=now, changed_by=actor.id, changed_at=now, reason="",
        **values,
    )  # fmt: skip
    with unless_somebody_was_first(_taken(str(values["term"]))):
        session().add(row)
    return row


def _changed(actor: Actor, row: GlossaryTerm, act: str, *, is_public: bool, **detail: Sequence[str]) -> None:
    row.version += 1
    row.changed_by, row.changed_at = actor.id, clock.now()
    session().flush()
    audit.record(actor.id, act, "glossary_term", row.id, **detail)
    if is_public:
        note(GlossaryChanged(term_id=row.id))


def _taken(term: str) -> str:
    return _("« %(term)s » est déjà dans le glossaire, ou déjà proposé.", term=term)


def _reason(words: str) -> str:
    said = _("Dites pourquoi, en 300 caractères au plus.")
    return one_line(words, LONGEST_REASON, "reason", said, needed=True)


def _room_for_one() -> None:
    count = sa.select(sa.func.count()).where(GlossaryTerm.status == TermStatus.LIVE)
    if (session().scalar(count) or 0) >= MOST_TERMS:
        raise Invalid(_("Le glossaire est plein (%(most)s mots) : retirez-en d’abord un.", most=MOST_TERMS))


def _checked(given: TermWords, row: GlossaryTerm | None = None) -> dict[str, object]:
    """The columns of a word. `row`: the word that is changed."""
    term = one_line(
        given.term, LONGEST_TERM, "term", _("Donnez le mot ou le sigle (80 caractères au plus)."), needed=True
    )
    key = key_of(term)
    if not key:
        raise Invalid(_("Le mot doit contenir au moins une lettre ou un chiffre."), field="term")
    forms = _forms(given.forms, term)
    definition = one_line(
        given.definition, LONGEST_DEFINITION, "definition",
        _("Expliquez le mot en 300 caractères au plus, comme à quelqu’un qui ne l’a jamais entendu."), needed=True,
    )  # fmt: skip
    _refuse_taken({key, *(key_of(form) for form in forms)}, key, row)
    source_url = web(given.source_url, LONGEST_URL, "source_url")
    return {
        "key": key,
        "term": term,
        "forms": forms,
        "definition": definition,
        "spelled_out": one_line(given.spelled_out, LONGEST_SPELLED, "spelled_out"),
        "source": one_line(given.source, LONGEST_SOURCE, "source"),
        "source_url": source_url,
    }


def _forms(words: str, term: str) -> list[str]:
    parts = [one_line(part, LONGEST_TERM, "forms") for part in re.split(r"[,;\n]", words)]
    forms = list(dict.fromkeys(part for part in parts if part and part != term))
    if len(forms) > MOST_FORMS:
        raise Invalid(_("%(most)s autres formes au plus.", most=MOST_FORMS), field="forms")
    if any(not key_of(form) for form in forms):
        raise Invalid(_("Chaque forme doit contenir au moins une lettre ou un chiffre."), field="forms")
    return forms


def _refuse_taken(keys: set[str], key: str, row: GlossaryTerm | None) -> None:
    """Two words that are spelled alike would both be found at one place of a text. Raises Invalid."""
    others = session().scalars(sa.select(GlossaryTerm).where(GlossaryTerm.status.in_(STANDING)))
    for other in others:
        if other is row:
            continue
        theirs = {other.key, *(key_of(form) for form in other.forms)}
        if key == other.key:
            withdrawn = other.status is TermStatus.WITHDRAWN
            said = (
                _("« %(term)s » a été retiré du glossaire : un éditeur peut le remettre.", term=other.term)
                if withdrawn
                else _("« %(term)s » est déjà dans le glossaire.", term=other.term)
            )
            raise Invalid(said, field="term")
        if keys & theirs and other.status is TermStatus.LIVE:
            field = "term" if key in theirs else "forms"
            raise Invalid(
                _("Le mot « %(term)s » du glossaire a déjà cette forme.", term=other.term), field=field
            )
    waiting = sa.select(GlossaryTerm.id).where(
        GlossaryTerm.status == TermStatus.PROPOSED, GlossaryTerm.key == key
    )
    found = session().scalar(waiting)
    if row is None and found is not None:
        raise Invalid(_("Ce mot est déjà proposé et attend une réponse."), field="term")
