"""`/preuves`: what was signed for an edition, its files, and the public keys they are checked with.

Made at each request and not stored: the verdict is that of this moment, and names are shown to who is signed in.
"""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, current_app, request

from app.errors import Missing
from app.extensions import gettext as _
from app.policy import PORTAL, Act, acts_for
from app.web import current_actor, guarded
from drafts import seal, trusted_keys
from drafts.evidence_file import NotEvidence
from publish import evidence, evidence_page, pages
from publish.evidence_models import EditionEvidence
from publish.evidence_page import NAMES
from publish.models import Edition

JSON, PDF = "application/json", "application/pdf"
# Asked for again each time, since an article may be masked; the bytes travel once.
KEEPING = "public, no-cache"


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/preuves/cles", "evidence_keys", keys)
    blueprint.add_url_rule("/preuves/cles.json", "evidence_key_file", key_file)
    blueprint.add_url_rule("/preuves/<edition>", "evidence", proof)


@guarded(Act.PORTAL_READ)
def keys() -> Response:
    followed = seal.successions()
    lines = [
        (
            key_id,
            datetime.fromisoformat(followed[key_id].at) if key_id in followed else None,
            key_id == seal.current_id(),
        )
        for key_id in trusted_keys.in_order(seal.public_keys(), followed)
    ]
    return pages.framed("evidence_keys.html", "/preuves/cles", keys=lines)


@guarded(Act.PORTAL_READ)
def key_file() -> Response:
    content = trusted_keys.written(seal.public_keys(), seal.successions())
    return _file(content, JSON, "cles.json", evidence.digest_of(content))


@guarded(Act.PORTAL_READ)
def proof(edition: str) -> Response:
    named = NAMES.fullmatch(edition)
    found = (
        evidence_page.kept(int(named.group(1)), int(named.group(2)) if named.group(2) else None)
        if named
        else None
    )
    if named is None or found is None:
        return pages.framed("not_found.html", request.path, status=404)
    row, file = found
    if not evidence_page.is_readable(row):
        return pages.framed("evidence_away.html", request.path, status=410)
    if file is None:
        return pages.framed("evidence_later.html", request.path, status=503)
    name = f"preuve-{row.slug}-version-{row.number}" + (f"-{file.number}" if file.number > 1 else "")
    if named.group(3) == ".json":
        return _file(file.content, JSON, f"{name}.json", file.digest)
    if named.group(3) == ".pdf":
        content = evidence_page.pdf_of(file)
        if content is None:
            return pages.framed("evidence_later.html", request.path, status=503)
        return _file(content, PDF, f"{name}.pdf", evidence.digest_of(content))
    return _page(row, file)


def _page(row: Edition, file: EditionEvidence) -> Response:
    signed_in = Act.PORTAL_WORK in acts_for(current_actor(), PORTAL)
    try:
        it = evidence_page.shown(row, file, with_names=signed_in)
    except (NotEvidence, KeyError, TypeError, ValueError):
        current_app.logger.error("the evidence file of edition %s cannot be read", row.id)
        raise Missing(
            _("Le fichier de preuve de cette version est abîmé : prévenez l’équipe du portail.")
        ) from None
    return pages.framed("evidence.html", request.path, it=it, signed_in=signed_in)


def _file(content: bytes, kind: str, name: str, tag: str) -> Response:
    headers = {
        "Cache-Control": KEEPING,
        "ETag": f'"{tag}"',
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": "default-src 'none'; sandbox; base-uri 'none'; frame-ancestors 'none'",
    }
    if tag in request.if_none_match:
        return Response(status=304, headers=headers)
    return Response(content, content_type=kind, headers=headers)
