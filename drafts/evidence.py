"""The evidence of a revision: what was signed, by whom, and who contributed. Ids and fingerprints, never names."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from app.db import session
from app.directory.models import Administration
from drafts import evidence_file, seal
from drafts.answers import passed_over, sign_offs_of, substitutes_for, withdrawn_from
from drafts.contributions import contributions
from drafts.objections import arbitrated, objections_to
from drafts.opinions import opinions_on
from drafts.review_models import DraftAct, ReviewOutcome, Revision, SignOff
from drafts.scopes import proposed_for
from drafts.standing import competent_for

FORMAT = 1


def evidence(revision: Revision) -> dict[str, Any]:
    """Everything needed to check a revision afterwards, as JSON values.

    Administrations are named by their slug and persons by their id: the names of persons stand in one erasable
    table, and a file that is handed out must not keep them. Reasons are left out, since they are free text.
    """
    slugs: dict[int, str] = {place.id: place.slug for place in session().scalars(sa.select(Administration))}
    outcome = session().get(ReviewOutcome, revision.id)
    made = contributions(revision)
    whole = {line.id: line for line in made.administrations}
    since = {line.id: line for line in made.administrations_since}
    return {
        "format": FORMAT,
        "revision": {
            "id": revision.id,
            "number": revision.number,
            "draft": revision.draft_id,
            "article": revision.article_id,
            "canon": revision.canon,
            "fingerprint": revision.fingerprint,
            "submitted_by": revision.created_by,
            "submitted_at": _instant(revision.created_at),
            "size": str(revision.size),
        },
        "competent": [slugs[place] for place in competent_for(revision.id)],
        "contributions": [
            {
                "administration": slugs[place],
                "characters": whole[place].characters if place in whole else 0,
                "difference": {
                    name: getattr(since[place], name) if place in since else 0
                    for name in ("inserted", "deleted", "attributes", "fields")
                },
            }
            for place in sorted({*whole, *since})
        ],
        "proposed": [
            {"administration": slugs[place], "fingerprint": part.fingerprint}
            for place, part in sorted(proposed_for(revision.id).items())
        ],
        "sign_offs": [_signed(row, slugs) for row in sign_offs_of(revision.id)],
        # What experts advised: it stands apart from the answers, and nothing of the outcome follows from it.
        "advice": opinions_on(revision.id),
        "objections": [
            {
                "administration": slugs.get(act.administration_id or 0),
                "person": act.person_id,
                "at": _instant(act.at),
            }
            for act in objections_to(revision.id)
        ],
        "arbitrated": [
            {
                "administration": slugs.get(act.administration_id or 0),
                "at": _instant(act.at),
                "by": [{"person": one.person_id, "at": _instant(one.at)} for one in arbiters],
            }
            for act, arbiters in arbitrated(revision.id)
        ],
        "passed_over": [
            {
                "administration": slugs[row.administration_id],
                "person": row.person_id,
                "at": _instant(row.at),
            }
            for row in passed_over(revision.id)
        ],
        "substitutes": [
            {
                "administration": slugs[row.administration_id],
                "person": row.person_id,
                "at": _instant(row.at),
            }
            for row in substitutes_for(revision.id)
        ],
        "withdrawn": [
            {
                "administration": slugs[sign_off.administration_id],
                "person": row.person_id,
                "at": _instant(row.at),
                "signed_at": _instant(sign_off.at),
            }
            for row, sign_off in withdrawn_from(revision.id)
        ],
        "acts": [
            {"number": act.number, "deed": str(act.deed), "person": act.person_id, "at": _instant(act.at)}
            for act in session().scalars(
                sa.select(DraftAct).where(DraftAct.revision_id == revision.id).order_by(DraftAct.number)
            )
        ],
        "outcome": None
        if outcome is None
        else {"approved_at": _instant(outcome.approved_at), "second_eyes": outcome.second_eyes_person_id},
    }


def _signed(row: SignOff, slugs: Mapping[int, str]) -> dict[str, Any]:
    origin = row if row.carried_from is None else session().get_one(SignOff, row.carried_from)
    return {
        # The revision that was sealed: an earlier one when the signature was carried.
        "revision": origin.revision_id,
        "carried": row.carried_from is not None,
        "administration": slugs[row.administration_id],
        "administration_id": row.administration_id,
        "person": row.person_id,
        "decision": str(row.decision),
        "signed_as": str(row.signed_as),
        "agrees_minor": row.agrees_minor,
        "fingerprint": row.fingerprint,
        "at": _instant(row.at),
        "key": row.key_id,
        "signature": b64encode(row.signature).decode(),
    }


def holds(signed: Mapping[str, Any], trusted: Mapping[str, bytes] | None = None) -> bool:
    """Whether one line of `sign_offs` is sealed by a trusted key (default: one of this instance)."""
    return evidence_file.holds(signed, seal.public_keys() if trusted is None else trusted)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
