"""The words of the wire (docs/protocol.md): events, payloads as they must be, refusals and their kinds.

Everything a stranger may send is read here into small values or refused as malformed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from app.extensions import gettext as _
from drafts.gate import BULK, STROKE

NAMESPACE = "/drafts"
# A state vector is some ten bytes per client id ever seen; 64 KiB hold 6,000 of them.
MAX_STATE_VECTOR = 64 * 1024
MAX_AWARENESS = 4 * 1024


class Code(StrEnum):
    """Why something was refused. The first four pass by themselves, the others are final."""

    RESYNC = "resync"
    STALE = "stale"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    MALFORMED = "malformed"
    FORGED = "forged"
    SCHEMA = "schema"
    FORBIDDEN = "forbidden"
    TOO_LARGE = "too_large"
    NOT_FOUND = "not_found"
    UNAUTHENTICATED = "unauthenticated"


class Reason(StrEnum):
    """Why somebody's `access` changed, beside the code of a refusal."""

    CHANGED = "changed"
    # The log cannot be replayed to its end; an administrator has to heal it.
    DAMAGED = "damaged"
    # The server is writing the text anew; `reload` follows.
    HEALING = "healing"


READ_ONLY: dict[Reason, Callable[[], str]] = {
    Reason.DAMAGED: lambda: _(
        "Une partie de ce texte ne peut plus être relue : il est en lecture seule jusqu’à sa réparation. "
        "L’administrateur du portail est prévenu."
    ),
    Reason.HEALING: lambda: _("Ce texte est vérifié : vous pourrez y écrire de nouveau dans un instant."),
}
TRANSIENT = frozenset({Code.RESYNC, Code.STALE, Code.RATE_LIMITED, Code.UNAVAILABLE})


def _sentences() -> dict[Code, str]:
    return {
        Code.RESYNC: _("Il manque au serveur une partie de ce qui précède : la page se resynchronise."),
        Code.STALE: _("Vos droits ont été vérifiés à nouveau : la page renvoie votre texte."),
        Code.RATE_LIMITED: _("Trop d’envois à la fois : la page réessaie dans un instant."),
        Code.UNAVAILABLE: _("L’enregistrement ne répond pas : la page réessaie dans un instant."),
        Code.MALFORMED: _("Cette modification n’a pas été comprise."),
        Code.FORGED: _("Cette modification porte la marque de quelqu’un d’autre."),
        Code.SCHEMA: _("Cette page est d’une version trop ancienne, ou contient un élément inconnu."),
        Code.FORBIDDEN: _("Vous n’avez plus le droit d’écrire dans ce texte."),
        Code.TOO_LARGE: _("Cette modification est trop volumineuse pour être envoyée en une fois."),
        Code.NOT_FOUND: _("Ce brouillon n’existe pas, ou vous n’y avez pas accès."),
        Code.UNAUTHENTICATED: _("Votre session est terminée : connectez-vous de nouveau."),
    }


class WireRefusal(Exception):
    """A refusal on its way to the client."""

    def __init__(self, code: Code | str, retry_after: float | None = None) -> None:
        super().__init__(str(code))
        self.code = Code(code)
        self.retry_after = retry_after


def error(code: Code, retry_after: float | None = None) -> dict[str, Any]:
    """The `error` part of a refusal: code, a French sentence, and for transient ones when to try again."""
    found: dict[str, Any] = {"code": str(code), "message": _sentences()[code]}
    if code in TRANSIENT:
        found["retry_after"] = retry_after if retry_after is not None else 0.5
    return found


def closed(reason: Reason) -> dict[str, Any]:
    """The `error` part of a refusal because nobody can write in this text: in truth, for a moment or for longer."""
    found = error(Code.UNAVAILABLE if reason is Reason.HEALING else Code.FORBIDDEN, 2.0)
    return {**found, "message": READ_ONLY[reason]()}


@dataclass(frozen=True)
class Join:
    draft_id: int
    state_vector: bytes
    schema: int | None
    client_id: int | None
    history: str | None


class Update(NamedTuple):
    draft_id: int
    update: bytes
    n: int | None
    bulk: bool


def draft_of(payload: object) -> int:
    """The draft a payload names. Raises WireRefusal when there is none."""
    if not isinstance(payload, dict):
        raise WireRefusal(Code.MALFORMED)
    value = payload.get("draft")
    if isinstance(value, str) and value.isdecimal() and len(value) <= 18:
        return int(value)
    return _whole(value)


def _whole(value: object, limit: int = 2**53) -> int:
    # Numbers come from JSON: a JavaScript client may send 3.0, nobody sends True.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < limit:
        raise WireRefusal(Code.MALFORMED)
    return value


def _bytes(payload: dict[str, Any], name: str, limit: int) -> bytes:
    value = payload.get(name)
    if not isinstance(value, (bytes, bytearray)):
        raise WireRefusal(Code.MALFORMED)
    if len(value) > limit:
        raise WireRefusal(Code.TOO_LARGE)
    return bytes(value)


def read_join(payload: object) -> Join:
    draft_id = draft_of(payload)
    assert isinstance(payload, dict)
    vector = payload.get("state_vector")
    history = payload.get("history")
    if history is not None and (not isinstance(history, str) or len(history) > 64):
        raise WireRefusal(Code.MALFORMED)
    return Join(
        draft_id,
        b"\x00" if vector is None or vector == b"" else _bytes(payload, "state_vector", MAX_STATE_VECTOR),
        None if payload.get("schema") is None else _whole(payload["schema"]),
        None if payload.get("client_id") is None else _whole(payload["client_id"]),
        history,
    )


def read_update(payload: object) -> Update:
    draft_id = draft_of(payload)
    assert isinstance(payload, dict)
    bulk = payload.get("bulk") is True
    n = payload.get("n")
    return Update(
        draft_id,
        _bytes(payload, "update", (BULK if bulk else STROKE).size),
        None if n is None else _whole(n),
        bulk,
    )


def read_awareness(payload: object) -> tuple[int, bytes]:
    draft_id = draft_of(payload)
    assert isinstance(payload, dict)
    return draft_id, _bytes(payload, "update", MAX_AWARENESS)
