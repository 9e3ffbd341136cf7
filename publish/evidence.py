"""The evidence of an edition: made in the publication's transaction, and examined again at any time.

What was published urgently has two files: one of that moment, and the complete one from its approval on.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import rfc8785
import sqlalchemy as sa

from app import audit, clock
from app.db import session
from app.directory.models import Administration
from drafts import canonical, evidence_file, redactions, seal
from drafts.evidence import evidence
from drafts.review_models import Revision, RevisionScope, SignOff
from publish import addresses
from publish.evidence_models import EditionEvidence
from publish.fate_models import UrgentPublication
from publish.models import Edition

KEPT = "keep_evidence"


def keep(edition: Edition, person_id: int | None) -> EditionEvidence:
    """Make and keep a sealed file of `edition`, in the open unit of work. It supersedes the one there was."""
    revision = session().get_one(Revision, edition.revision_id)
    before = of(edition.id)
    number = before.number + 1 if before is not None else 1
    at = clock.now()
    sections = {
        **_sections(edition, revision),
        "file": {"number": number, "supersedes": before.digest if before is not None else None},
    }
    content = evidence_file.written(sections, at, seal.sign)
    kept = EditionEvidence(
        edition_id=edition.id, number=number, content=content, digest=digest_of(content), made_at=at
    )
    session().add(kept)
    session().flush()
    audit.record(person_id, KEPT, "edition", edition.id, number=number, digest=kept.digest)
    return kept


def digest_of(content: bytes) -> str:
    """SHA-256 of a file, 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def of(edition_id: int, number: int | None = None) -> EditionEvidence | None:
    """A file of an edition, the last one when no number is said."""
    found = all_of(edition_id)
    if number is None:
        return found[-1] if found else None
    return next((kept for kept in found if kept.number == number), None)


def all_of(edition_id: int) -> list[EditionEvidence]:
    """Every file of an edition, the first one first: there are one or two."""
    return list(
        session().scalars(
            sa.select(EditionEvidence).filter_by(edition_id=edition_id).order_by(EditionEvidence.number)
        )
    )


def any_missing() -> bool:
    return session().scalars(_without_file().limit(1)).first() is not None


def keep_missing(limit: int = 20) -> int:
    """Files for editions that were published before there were any. Returns how many were made."""
    made = [keep(edition, None) for edition in session().scalars(_without_file().limit(limit)).all()]
    return len(made)


def _without_file() -> sa.Select[Edition]:
    return (
        sa.select(Edition)
        .outerjoin(EditionEvidence, EditionEvidence.edition_id == Edition.id)
        .where(EditionEvidence.edition_id.is_(None))
        .order_by(Edition.id)
    )


def _sections(edition: Edition, revision: Revision) -> dict[str, Any]:
    found = evidence(revision)
    del found["format"]
    return {
        **found,
        "edition": {
            "id": edition.id,
            "number": edition.number,
            "article": edition.article_id,
            "address": addresses.article(edition.slug),
            "title": edition.title,
            "fingerprint": edition.fingerprint,
            "change_note": edition.change_note,
            "credits": [str(entry["name"]) for entry in edition.credits],
            "published_by": edition.published_by,
            "published_at": _plain(edition.published_at),
        },
        "urgency": _urgency(revision),
        # So that a changed row is named, column by column.
        "row": row_digests(edition),
        "text": revision.canonical.decode(),
        "scopes": {
            scope.fingerprint: scope.blocks
            for scope in session().scalars(
                sa.select(RevisionScope).where(RevisionScope.revision_id == revision.id)
            )
        },
        "administrations": {place.slug: place.name for place in _named_in(found)},
    }


def _urgency(revision: Revision) -> dict[str, Any] | None:
    """By whom and why a revision was made public before its review came out, and until when others had to approve it.

    The reason is the one free text of a file: it is what justified that nobody else had read, and it names no person
    (`drafts.naming`).
    """
    found = session().get(UrgentPublication, revision.id)
    if found is None:
        return None
    return {
        "person": found.person_id,
        "at": _plain(found.at),
        "reason": found.reason,
        "approve_by": found.approve_by.isoformat(),
    }


def _named_in(found: dict[str, Any]) -> list[Administration]:
    """The administrations that the evidence names: the slugs stand in it, the names of that day here."""
    slugs = set(found["competent"])
    for value in found.values():
        if isinstance(value, list):
            slugs |= {
                line["administration"]
                for line in value
                if isinstance(line, dict) and "administration" in line
            }
    return list(
        session().scalars(
            sa.select(Administration)
            .where(Administration.slug.in_(slugs - {None}))
            .order_by(Administration.slug)
        )
    )


def row_digests(edition: Edition) -> dict[str, str]:
    """SHA-256 of each column of the edition's row, as RFC 8785 JSON."""
    return {
        column.key: hashlib.sha256(rfc8785.dumps([_plain(getattr(edition, column.key))])).hexdigest()
        for column in sa.inspect(Edition).column_attrs
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value


def examine(edition: Edition) -> list[str]:
    """What of an edition is no longer as it was sealed, one line each: its row, its files, its text, its signatures."""
    files = all_of(edition.id)
    if not files:
        return [f"edition {edition.id} has no evidence file"]
    wrong = []
    now = row_digests(edition)
    for number, (before, kept) in enumerate(pairwise([None, *files]), 1):
        assert kept is not None
        wrong += _file(kept, number, before.digest if before is not None else None, now)
    wrong += _revision(session().get_one(Revision, edition.revision_id))
    # A column that was changed is another one than in both files.
    return [f"edition {edition.id}: {line}" for line in dict.fromkeys(wrong)]


def _file(kept: EditionEvidence, number: int, supersedes: str | None, now: dict[str, str]) -> list[str]:
    """What of one file does not hold by itself, in its place among the others, and against the row as it is now."""
    wrong = []
    if digest_of(kept.content) != kept.digest and not redactions.explains(
        "edition_evidence.content", f"{kept.edition_id},{kept.number}", kept.digest, digest_of(kept.content)
    ):
        wrong.append("its bytes are not those of its digest")
    sealed: dict[str, str] = {}
    try:
        checks = evidence_file.examine(kept.content, seal.public_keys())
        wrong += [check.says for check in checks if not check.holds]
        sections = evidence_file.parsed(kept.content)["sections"]
        sealed = sections["row"]
        if sections["file"] != {"number": number, "supersedes": supersedes}:
            wrong.append("it is not the one that has this number, or the one before it is another")
    except (evidence_file.NotEvidence, KeyError) as error:
        wrong.append(str(error))
    return [
        *(f"evidence file {kept.number}: {line}" for line in wrong),
        *(
            f"row: the column {name} was changed"
            for name in now
            if name in sealed
            and sealed[name] != now[name]
            and not redactions.explains(f"edition.{name}", kept.edition_id, sealed[name], now[name])
        ),
    ]


def _revision(revision: Revision) -> list[str]:
    wrong = []
    counted = canonical.fingerprint(revision.canonical)
    if counted != revision.fingerprint and not redactions.explains(
        "revision.canonical", revision.id, revision.fingerprint, counted
    ):
        wrong.append(f"revision {revision.id}: its text has another fingerprint")
    for row in session().scalars(sa.select(SignOff).where(SignOff.revision_id == revision.id)):
        origin = row if row.carried_from is None else session().get_one(SignOff, row.carried_from)
        content = seal.payload(
            revision=origin.revision_id,
            fingerprint=row.fingerprint,
            person=row.person_id,
            administration=row.administration_id,
            decision=row.decision,
            time=row.at,
        )
        if not seal.verify(content, row.signature, row.key_id):
            wrong.append(f"sign-off {row.id}: its seal does not hold")
    return wrong


def all_ids() -> list[int]:
    return list(session().scalars(sa.select(Edition.id).order_by(Edition.id)))


def lost() -> list[str]:
    """Files that an audit entry speaks of, and that are not there, or are others."""
    there = {
        (edition_id, number): digest
        for edition_id, number, digest in session().execute(
            sa.select(EditionEvidence.edition_id, EditionEvidence.number, EditionEvidence.digest)
        )
    }
    wrong = []
    for entry in session().scalars(sa.select(audit.AuditEntry).where(audit.AuditEntry.act == KEPT)):
        if there.get((int(entry.object_id), entry.detail.get("number", 0))) != entry.detail.get("digest"):
            wrong.append(
                f"edition {entry.object_id}: its evidence file is not the one that was kept (audit entry {entry.id})"
            )
    return wrong
