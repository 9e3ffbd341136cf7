"""The way to a provider and back: authorization code with PKCE (RFC 6749, RFC 7636; OpenID Connect Core 1.0, 3.1)."""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from app.accounts.mailed_links import address_of
from app.accounts.models import NAME_LENGTH
from app.errors import Invalid
from app.oidc import tokens, wire
from app.oidc.attempts import Attempt, Begun
from app.oidc.known import Known
from app.oidc.refusing import Reason, TurnedAway
from app.typed_words import readable

LONGEST_CODE = 2048
# Categories of Unicode; what is white space among them becomes a space.
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn")
LONGEST_ACCESS_TOKEN = 16 * 1024


@dataclass(frozen=True)
class Proof:
    """Whom a provider vouches for. `name` and `email` are its words, cleaned; they open nothing."""

    issuer: str
    subject: str
    id_token: str
    name: str
    email: str | None
    email_is_verified: bool


def way_there(known: Known, begun: Begun, callback: str) -> str:
    """The address at the provider where the person goes on. Raises TurnedAway."""
    provider = known.provider
    challenge = hashlib.sha256(begun.verifier.encode()).digest()
    asked = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": callback,
        "scope": " ".join(provider.scopes),
        "state": begun.state,
        "nonce": begun.nonce,
        "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    if provider.acr:
        asked["acr_values"] = provider.acr
    return with_query(known.addresses().authorization, asked)


def with_query(address: str, asked: Mapping[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}"


def look_at_answer(known: Known, answer: Mapping[str, list[str]]) -> str:
    """The code of an answer that is for this provider. Raises TurnedAway."""
    if any(len(values) > 1 for values in answer.values()):
        raise TurnedAway(Reason.PROVIDER_ERROR, "twice")  # RFC 6749, 3.1: no parameter comes twice
    issuer = answer.get("iss", [None])[0]
    if issuer is not None and issuer != known.provider.issuer:
        raise TurnedAway(Reason.MIX_UP, "iss")
    if "error" in answer:
        denied = answer["error"][0] in ("access_denied", "login_required", "consent_required")
        raise TurnedAway(Reason.DENIED if denied else Reason.PROVIDER_ERROR)
    if issuer is None and known.addresses().names_issuer:
        raise TurnedAway(Reason.MIX_UP, "no iss")
    code = answer.get("code", [""])[0]
    if not 0 < len(code) <= LONGEST_CODE:
        raise TurnedAway(Reason.PROVIDER_ERROR, "no code")
    return code


def redeem(known: Known, attempt: Attempt, code: str, callback: str) -> Proof:
    """What a code is worth, looked at on every side. Raises TurnedAway."""
    provider = known.provider
    given = _tokens(known, attempt, code, callback)
    id_token, access_token = given.get("id_token"), given.get("access_token")
    if not isinstance(id_token, str) or not isinstance(access_token, str):
        raise TurnedAway(Reason.TOKEN, "missing")
    if (
        str(given.get("token_type", "")).lower() != "bearer"
        or not 0 < len(access_token) <= LONGEST_ACCESS_TOKEN
    ):
        raise TurnedAway(Reason.TOKEN, "access token")
    claims = tokens.read_id_token(known, id_token, attempt.nonce_digest, access_token)
    subject = tokens.subject_of(claims, Reason.TOKEN)
    told = {**claims, **_userinfo(known, access_token, subject)}
    return Proof(
        provider.issuer, subject, id_token, name_in(told), email_in(told), told.get("email_verified") is True
    )


def _tokens(known: Known, attempt: Attempt, code: str, callback: str) -> dict[str, Any]:
    provider, addresses = known.provider, known.addresses()
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": callback,
        "code_verifier": attempt.verifier,
    }
    headers: dict[str, str] = {}
    if provider.client_secret and not addresses.secret_in_form:
        # RFC 6749, 2.3.1: each of the two is encoded before they are joined.
        pair = f"{quote(provider.client_id, safe='')}:{quote(provider.client_secret, safe='')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    else:
        form["client_id"] = provider.client_id
        if provider.client_secret:
            form["client_secret"] = provider.client_secret
    try:
        answer = wire.call(addresses.token, form=form, headers=headers)
    except wire.Unreachable as error:
        raise TurnedAway(Reason.DOWN, str(error)) from None
    if answer.status != 200:
        reason = Reason.DOWN if answer.status >= 500 else Reason.CODE
        raise TurnedAway(reason, f"status {answer.status}")
    try:
        return answer.json()
    except ValueError:
        raise TurnedAway(Reason.CODE, "no JSON") from None


def _userinfo(known: Known, access_token: str, subject: str) -> dict[str, Any]:
    """What userinfo says of the same person; nothing where there is none."""
    address = known.addresses().userinfo
    if address is None:
        return {}
    if not access_token.isascii() or not access_token.isprintable():
        raise TurnedAway(Reason.TOKEN, "access token")
    try:
        answer = wire.call(address, headers={"Authorization": f"Bearer {access_token}"})
    except wire.Unreachable as error:
        raise TurnedAway(Reason.DOWN, str(error)) from None
    if answer.status != 200:
        raise TurnedAway(Reason.USERINFO, f"status {answer.status}")
    if answer.kind == "application/jwt":
        return tokens.read_userinfo(known, answer.body.decode("ascii", "replace").strip(), subject)
    try:
        return tokens.same_subject(answer.json(), subject)
    except ValueError:
        raise TurnedAway(Reason.USERINFO, "no JSON") from None


def name_in(claims: Mapping[str, Any]) -> str:
    """The name a provider says, as one line of what people read; empty when it says none."""
    for names in (("name",), ("given_name", "family_name")):
        parts = [claims.get(name) for name in names]
        found = _line(" ".join(part[:1000] for part in parts if isinstance(part, str)))
        if found:
            return found[:NAME_LENGTH].strip()
    return ""


def _line(words: str) -> str:
    """One line without what is not seen, turns the line around, or is no character at all (half of a surrogate pair)."""
    seen = "".join(
        character
        for character in words
        if unicodedata.category(character) not in _UNSEEN or character.isspace()
    )
    return " ".join(readable(seen).split())


def email_in(claims: Mapping[str, Any]) -> str | None:
    """The address a provider says, when it can be one."""
    email = claims.get("email")
    if not isinstance(email, str) or len(email) > 320 or not email.isprintable():
        return None
    try:
        return address_of(email)
    except Invalid:
        return None
