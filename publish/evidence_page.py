"""What the evidence of an edition says, for people: the same facts on the page and in the PDF."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from app.accounts.service import names_of
from app.db import session
from app.extensions import gettext as _
from app.extensions import ngettext
from drafts import canonical, evidence_file, seal
from drafts.easy_text import read_signed
from drafts.expert_models import Opinion
from drafts.expert_queries import opinion_word
from drafts.models import Article
from drafts.review_models import Decision, SignedAs
from drafts.stages import Deed
from drafts.words import decision_word, deed_word
from publish import evidence
from publish.evidence_models import EditionEvidence, EvidencePdf
from publish.fate_stages import READABLE
from publish.models import Edition

# What a page and a sheet hold; beyond it they say where the rest stands.
MOST_LINES = 100
# Address of a file: number of the edition, number of the file where it is not the last one, and what kind of file.
NAMES = re.compile(r"([1-9][0-9]{0,17})(?:-([1-9][0-9]{0,3}))?(\.json|\.pdf)?")


@dataclass(frozen=True)
class Signed:
    """One answer, and whether its seal holds now. `person` is an id."""

    administration: str
    answer: str
    extent: str
    at: datetime
    person: int
    holds: bool


@dataclass(frozen=True)
class Made:
    administration: str
    characters: int
    inserted: int
    deleted: int


@dataclass(frozen=True)
class Advice:
    """What an expert was asked and advised. `opinion` is "" for who has given none."""

    invitation: int
    opinion: str
    at: datetime | None
    remarks: int


@dataclass(frozen=True)
class Urgency:
    """Who published before the review had come out, why, and when the others had answered at the latest, or did."""

    person: int
    at: datetime
    reason: str
    approve_by: date
    approved_at: datetime | None


@dataclass(frozen=True)
class Step:
    number: int
    words: str
    at: datetime
    person: int | None


@dataclass(frozen=True)
class Facts:
    """Everything a reader is shown. `whole` says whether the seal of the file and all it covers hold."""

    edition: int
    number: int
    # Which file of the edition this is, and what it stands in the place of (SHA-256; "" for the first).
    file: int
    supersedes: str
    title: str
    address: str
    fingerprint: str
    change_note: str
    # How many parts of the easy-to-read twin the signatures cover; 0 where there is none.
    easy: int
    credits: tuple[str, ...]
    published_at: datetime
    urgency: Urgency | None
    signed: tuple[Signed, ...]
    advice: tuple[Advice, ...]
    notes: tuple[tuple[str, datetime], ...]
    made: tuple[Made, ...]
    steps: tuple[Step, ...]
    more_steps: int
    sealed_at: datetime
    key: str
    digest: str
    whole: bool
    wrong: tuple[str, ...]


@dataclass(frozen=True)
class Shown:
    """The page. `people` has names for who is signed in, and is empty for the public.

    `name` is that of the file in addresses; `others` are the other files of the edition: (name, when it was sealed,
    whether it supersedes this one).
    """

    facts: Facts
    name: str
    others: tuple[tuple[str, datetime, bool], ...]
    has_pdf: bool
    people: dict[int, str]
    newer: bool


def kept(edition_id: int, number: int | None = None) -> tuple[Edition, EditionEvidence | None] | None:
    """The edition and that file of it, or the last one. None for an edition or a file that does not exist."""
    edition = session().get(Edition, edition_id)
    file = evidence.of(edition_id, number) if edition is not None else None
    if edition is None or (file is None and number is not None):
        return None
    return edition, file


def name_of(edition_id: int, number: int, last: int) -> str:
    """What a file is called in addresses: the last one has the name of its edition."""
    return str(edition_id) if number == last else f"{edition_id}-{number}"


def is_readable(edition: Edition) -> bool:
    """Whether the article's past is public now: what was masked, removed or moved away is not shown by its evidence."""
    return session().get_one(Article, edition.article_id).state in READABLE


def shown(edition: Edition, file: EditionEvidence, *, with_names: bool) -> Shown:
    facts = facts_of(file.content, seal.public_keys(), evidence.examine(edition))
    people = {one.person for one in facts.signed} | {one.person for one in facts.steps}
    if facts.urgency is not None:
        people.add(facts.urgency.person)
    files = evidence.all_of(edition.id)
    last = files[-1].number
    return Shown(
        facts=facts,
        name=name_of(edition.id, file.number, last),
        others=tuple(
            (name_of(edition.id, one.number, last), one.made_at, one.number > file.number)
            for one in files
            if one.number != file.number
        ),
        has_pdf=session().get(EvidencePdf, (edition.id, file.number)) is not None,
        people=names_of(people) if with_names else {},
        newer=bool(
            session().scalar(
                sa.select(Edition.id)
                .where(Edition.article_id == edition.article_id, Edition.number > edition.number)
                .limit(1)
            )
        ),
    )


def pdf_of(file: EditionEvidence) -> bytes | None:
    row = session().get(EvidencePdf, (file.edition_id, file.number))
    return row.content if row is not None else None


def facts_of(raw: bytes, trusted: Mapping[str, bytes], wrong: list[str] | None = None) -> Facts:
    """The facts in a file of ours. Raises NotEvidence, KeyError and the like for anything else."""
    value = evidence_file.parsed(raw)
    found, said = value["sections"], value["seal"]
    names: Mapping[str, str] = found["administrations"]
    edition = found["edition"]
    steps = found["acts"]
    if wrong is None:
        wrong = [check.says for check in evidence_file.examine(raw, trusted) if not check.holds]
    return Facts(
        edition=edition["id"],
        number=edition["number"],
        file=found["file"]["number"],
        supersedes=found["file"]["supersedes"] or "",
        title=edition["title"],
        address=edition["address"],
        fingerprint=edition["fingerprint"],
        change_note=edition["change_note"],
        easy=_easy(found),
        credits=tuple(edition["credits"]),
        published_at=_at(edition["published_at"]),
        urgency=_urgency(found),
        signed=tuple(_signed(line, found, trusted) for line in found["sign_offs"][:MOST_LINES]),
        advice=tuple(_advice(line) for line in found["advice"][:MOST_LINES]),
        notes=tuple(_notes(found, names)),
        made=tuple(
            Made(
                names.get(line["administration"], line["administration"]),
                line["characters"],
                line["difference"]["inserted"],
                line["difference"]["deleted"],
            )
            for line in found["contributions"][:MOST_LINES]
        ),
        steps=tuple(_step(line) for line in steps[:MOST_LINES]),
        more_steps=max(0, len(steps) - MOST_LINES),
        sealed_at=_at(said["at"]),
        key=said["key"],
        digest=evidence.digest_of(raw),
        whole=not wrong,
        wrong=tuple(wrong[:20]),
    )


def _easy(found: Mapping[str, Any]) -> int:
    """Counted in the very bytes that were signed; a text that was redacted may not be readable as such any more."""
    try:
        return len(read_signed(canonical.parse(found["text"].encode())[1]))
    except (canonical.NotCanonical, KeyError, TypeError, ValueError):
        return 0


def _at(said: str) -> datetime:
    return datetime.fromisoformat(said)


def _signed(line: Mapping[str, Any], found: Mapping[str, Any], trusted: Mapping[str, bytes]) -> Signed:
    blocks = found["scopes"].get(line["fingerprint"])
    extent = (
        _("tout le texte")
        if blocks is None
        else ngettext("%(num)d bloc du texte", "%(num)d blocs du texte", len(blocks))
    )
    if line["carried"]:
        extent = _("%(extent)s (reporté d’une version précédente : rien n’y a changé)", extent=extent)
    return Signed(
        administration=found["administrations"].get(line["administration"], line["administration"]),
        answer=decision_word(Decision(line["decision"]), SignedAs(line["signed_as"])),
        extent=extent,
        at=_at(line["at"]),
        person=line["person"],
        holds=evidence_file.holds(line, trusted),
    )


def _advice(line: Mapping[str, Any]) -> Advice:
    given = line["opinion"]
    words = "" if given is None else str(given)
    return Advice(
        invitation=line["invitation"],
        opinion=opinion_word(Opinion(given)) if given in list(Opinion) else words,
        at=_at(line["at"]) if line["at"] is not None else None,
        remarks=line["remarks"],
    )


def _urgency(found: Mapping[str, Any]) -> Urgency | None:
    line, outcome = found["urgency"], found["outcome"]
    if line is None:
        return None
    return Urgency(
        person=line["person"],
        at=_at(line["at"]),
        reason=line["reason"],
        approve_by=date.fromisoformat(line["approve_by"]),
        approved_at=_at(outcome["approved_at"]) if outcome is not None else None,
    )


def _notes(found: Mapping[str, Any], names: Mapping[str, str]) -> list[tuple[str, datetime]]:
    """What did not go by itself: objections, arbitrations, administrations that were not waited for, or had nobody."""
    said = []
    for key, words in (
        ("objections", _("Opposition qui demeure")),
        ("arbitrated", _("Opposition arbitrée par deux personnes qui n’ont pas écrit")),
        ("passed_over", _("Administration qui n’a pas répondu dans le délai")),
        ("substitutes", _("Administration sans référent, pour laquelle une autre personne a répondu")),
        ("withdrawn", _("Visa reporté d’une version précédente, puis retiré")),
    ):
        # A file that is older than a section does without it.
        for line in found.get(key, [])[:MOST_LINES]:
            place = names.get(line["administration"] or "", line["administration"] or "")
            said.append((_("%(what)s : %(who)s", what=words, who=place), _at(line["at"])))
    return said


def _step(line: Mapping[str, Any]) -> Step:
    # A word that a later version of the project brought is shown as it is.
    known = line["deed"] in list(Deed)
    words = deed_word(Deed(line["deed"])) if known else str(line["deed"])
    return Step(line["number"], words, _at(line["at"]), line["person"])
