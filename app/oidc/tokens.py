"""Reading what a provider signed: the ID token (OpenID Connect Core 1.0, 3.1.3.7) and userinfo (5.3)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError

from app import clock
from app.accounts import passwords
from app.oidc.known import ALGORITHMS, Known
from app.oidc.refusing import Reason, TurnedAway

# A token of the size of a page is none. The clocks of two servers differ by so many seconds.
LONGEST = 32 * 1024
LEEWAY = 60
# OpenID Connect Core 1.0, 2: a subject has 255 ASCII characters at most.
LONGEST_SUBJECT = 255
Claims = dict[str, Any]


def read_id_token(known: Known, token: object, nonce_digest: str, access_token: str) -> Claims:
    """The claims of an ID token that is for us, now, from this very attempt. Raises TurnedAway."""
    claims = _signed(known, token, Reason.TOKEN)
    _for_us(known, claims, Reason.TOKEN, needed=True)
    header = jws.extract_compact(str(token).encode()).headers()
    now = clock.now().timestamp()
    expires, issued = _seconds(claims, "exp"), _seconds(claims, "iat")
    if expires is None or expires <= now - LEEWAY:
        raise TurnedAway(Reason.TOKEN, "exp")
    if issued is None or issued > now + LEEWAY:
        raise TurnedAway(Reason.TOKEN, "iat")
    begins = claims.get("nbf")
    if begins is not None and ((moment := _seconds(claims, "nbf")) is None or moment > now + LEEWAY):
        raise TurnedAway(Reason.TOKEN, "nbf")
    subject_of(claims, Reason.TOKEN)
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(passwords.digest(nonce), nonce_digest):
        raise TurnedAway(Reason.NONCE)
    if "at_hash" in claims and not _is_hash(claims["at_hash"], access_token, str(header["alg"])):
        raise TurnedAway(Reason.TOKEN, "at_hash")
    wanted = known.provider.acr
    if wanted and claims.get("acr") != wanted:
        raise TurnedAway(Reason.ACR)
    return claims


def read_userinfo(known: Known, token: object, subject: str) -> Claims:
    """The claims of userinfo that came as a signed JWT. Raises TurnedAway."""
    claims = _signed(known, token, Reason.USERINFO)
    _for_us(known, claims, Reason.USERINFO, needed=False)
    expires = _seconds(claims, "exp") if "exp" in claims else None
    if "exp" in claims and (expires is None or expires <= clock.now().timestamp() - LEEWAY):
        raise TurnedAway(Reason.USERINFO, "exp")
    return same_subject(claims, subject)


def same_subject(claims: Claims, subject: str) -> Claims:
    """Userinfo that speaks of the person of the ID token (5.3.2). Raises TurnedAway for another one, or none."""
    if subject_of(claims, Reason.USERINFO) != subject:
        raise TurnedAway(Reason.USERINFO, "sub")
    return claims


def subject_of(claims: Claims, reason: Reason) -> str:
    subject = claims.get("sub")
    if (
        not isinstance(subject, str)
        or not 0 < len(subject) <= LONGEST_SUBJECT
        or not subject.isascii()
        or not subject.isprintable()
    ):
        raise TurnedAway(reason, "sub")
    return subject


def _signed(known: Known, token: object, reason: Reason) -> Claims:
    """The payload under a good signature of this provider, by one of the two algorithms that are understood."""
    if not isinstance(token, str) or not token.isascii() or len(token) > LONGEST:
        raise TurnedAway(reason, "shape")
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError, TypeError, AttributeError, RecursionError):
        raise TurnedAway(reason, "shape") from None
    algorithm, name = header.get("alg"), header.get("kid")
    # Looked at before any key: no key of the provider's is ever tried as something that it is not.
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise TurnedAway(reason, "alg")
    if name is not None and not isinstance(name, str):
        raise TurnedAway(reason, "kid")
    keys = known.keys(algorithm, name)
    for key in keys:
        try:
            return jwt.decode(token, key, algorithms=[algorithm]).claims
        except (JoseError, ValueError, TypeError, KeyError, RecursionError):
            continue
    raise TurnedAway(reason, "signature" if keys else "key")


def _for_us(known: Known, claims: Claims, reason: Reason, *, needed: bool) -> None:
    """Issuer, audience and authorised party. Signed userinfo should name the first two, and need not (5.3.2)."""
    ours, issuer = known.provider.client_id, claims.get("iss")
    if (needed or "iss" in claims) and issuer != known.provider.issuer:
        raise TurnedAway(reason, "iss")
    if needed or "aud" in claims:
        audience = claims.get("aud")
        several = audience if isinstance(audience, list) else [audience]
        if not several or not all(isinstance(one, str) for one in several) or ours not in several:
            raise TurnedAway(reason, "aud")
        # A token for several is ours only when it was given to us.
        if len(set(several)) > 1 and claims.get("azp") != ours:
            raise TurnedAway(reason, "azp")
    if "azp" in claims and claims["azp"] != ours:
        raise TurnedAway(reason, "azp")


def _seconds(claims: Claims, name: str) -> float | None:
    """A moment as a JWT says it (RFC 7519, 2); None for what is no number of seconds."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 10**11:
        return None
    return float(value)


def _is_hash(given: object, access_token: str, algorithm: str) -> bool:
    """`at_hash` (3.1.3.6): the left half of the digest of the access token; both algorithms go with SHA-256."""
    assert algorithm.endswith("256")
    half = hashlib.sha256(access_token.encode()).digest()[:16]
    expected = base64.urlsafe_b64encode(half).rstrip(b"=").decode()
    return isinstance(given, str) and hmac.compare_digest(given.encode(), expected.encode())
