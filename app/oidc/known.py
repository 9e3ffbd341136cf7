"""What is known of a provider: its addresses (OpenID Connect Discovery 1.0) and its keys, kept in memory for a while."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from joserfc import jwk
from joserfc.errors import JoseError

from app import clock
from app.oidc import wire
from app.oidc.refusing import Reason, TurnedAway
from config import Provider, may_be_called

# Providers change addresses once in years and announce new keys some hours ahead.
KEPT_FOR = timedelta(hours=1)
# A key that is not known is looked for at once, but not more often than this: anybody may name keys that are not.
BETWEEN_LOOKS = timedelta(minutes=1)
# The curve or type of the keys that an algorithm goes with; no other algorithm is understood here.
ALGORITHMS = {"ES256": "EC", "RS256": "RSA"}
# NIST SP 800-131A: no shorter RSA key signs anything.
SHORTEST_RSA = 2048
MOST_KEYS = 50

Key = jwk.ECKey | jwk.RSAKey


@dataclass(frozen=True)
class Addresses:
    """What the discovery document says, as far as it is used."""

    authorization: str
    token: str
    keys: str
    userinfo: str | None
    end_session: str | None
    # Whether the answer must name its issuer (RFC 9207).
    names_issuer: bool
    # The secret goes into the form and not into a header, because the provider knows only that.
    secret_in_form: bool


class Known:
    """One provider, as this process knows it."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self._addresses: tuple[datetime, Addresses] | None = None
        self._keys: tuple[datetime, tuple[Key, ...]] | None = None

    def addresses(self) -> Addresses:
        """Raises TurnedAway (DOWN, METADATA)."""
        now = clock.now()
        if self._addresses is None or now - self._addresses[0] > KEPT_FOR:
            document = _fetched(self.provider.issuer.rstrip("/") + "/.well-known/openid-configuration")
            self._addresses = (now, _understood(self.provider, document))
        return self._addresses[1]

    def keys(self, algorithm: str, name: str | None) -> list[Key]:
        """The keys that may have signed with this algorithm under this name (`kid`). Empty: there is none.

        Raises TurnedAway (DOWN, METADATA).
        """
        address = self.addresses().keys
        now = clock.now()
        if self._keys is None or now - self._keys[0] > KEPT_FOR:
            self._keys = (now, _keys_of(_fetched(address)))
        found = _matching(self._keys[1], algorithm, name)
        if not found and now - self._keys[0] > BETWEEN_LOOKS:
            self._keys = (now, _keys_of(_fetched(address)))
            found = _matching(self._keys[1], algorithm, name)
        return found


def _fetched(address: str) -> dict[str, Any]:
    try:
        answer = wire.call(address)
    except wire.Unreachable as error:
        raise TurnedAway(Reason.DOWN, str(error)) from None
    if answer.status != 200:
        raise TurnedAway(Reason.DOWN, f"status {answer.status}")
    try:
        return answer.json()
    except ValueError:
        raise TurnedAway(Reason.METADATA, "no JSON") from None


def _understood(provider: Provider, document: dict[str, Any]) -> Addresses:
    if document.get("issuer") != provider.issuer:
        raise TurnedAway(Reason.METADATA, "issuer")

    def address(name: str, *, needed: bool) -> str | None:
        found = document.get(name)
        if found is None and not needed:
            return None
        if not isinstance(found, str) or not may_be_called(found.split("?", 1)[0]) or "#" in found:
            raise TurnedAway(Reason.METADATA, name)
        if found.startswith("http://") and not provider.issuer.startswith("http://"):
            raise TurnedAway(Reason.METADATA, name)
        return found

    methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    authorization = address("authorization_endpoint", needed=True)
    token, keys = address("token_endpoint", needed=True), address("jwks_uri", needed=True)
    assert authorization and token and keys
    return Addresses(
        authorization=authorization,
        token=token,
        keys=keys,
        userinfo=address("userinfo_endpoint", needed=False),
        end_session=address("end_session_endpoint", needed=False),
        names_issuer=document.get("authorization_response_iss_parameter_supported") is True,
        secret_in_form=isinstance(methods, list)
        and "client_secret_basic" not in methods
        and "client_secret_post" in methods,
    )


def _keys_of(document: dict[str, Any]) -> tuple[Key, ...]:
    """The public keys that are for signatures. What is not understood is left out: others may be good."""
    given = document.get("keys")
    if not isinstance(given, list):
        raise TurnedAway(Reason.METADATA, "keys")
    found: list[Key] = []
    for each in given[:MOST_KEYS]:
        if not isinstance(each, dict) or each.get("use", "sig") != "sig":
            continue
        try:
            if each.get("kty") == "EC" and each.get("crv") == "P-256":
                found.append(jwk.ECKey.import_key(each))
            elif each.get("kty") == "RSA":
                key = jwk.RSAKey.import_key(each)
                if key.public_key.key_size >= SHORTEST_RSA:
                    found.append(key)
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return tuple(found)


def _matching(keys: tuple[Key, ...], algorithm: str, name: str | None) -> list[Key]:
    return [
        key
        for key in keys
        if key.key_type == ALGORITHMS.get(algorithm)
        and (key.get("alg") in (None, algorithm))
        and (name is None or key.get("kid") == name)
    ]
