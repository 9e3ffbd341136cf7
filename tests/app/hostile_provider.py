"""A provider that signs whatever it is told: what a certified one cannot be made to say.

It is the other side of the wire. By itself it answers as a good one does; a test changes one thing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwk, jwt

Claims = dict[str, Any]


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class HostileProvider:
    def __init__(self) -> None:
        self.key: Any = jwk.ECKey.generate_key("P-256", {"kid": "k1", "use": "sig"})
        self.alg = "ES256"
        self.published: list[Any] = [self.key]
        self.document: Claims = {}
        self.access_token = "an access token"
        # What each claim is replaced by; None takes it away.
        self.changes: Claims = {}
        self.userinfo: Claims | Callable[[Claims], bytes] = {}
        self.sign: Callable[[Claims], str] = self.signed
        self.nonce = ""
        self.subject = "sujet-1"
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        self.redirect: str | None = None
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def signed(self, claims: Claims, **header: Any) -> str:
        return jwt.encode({"alg": self.alg, "kid": "k1", **header}, claims, self.key, algorithms=[self.alg])

    def unsigned(self, claims: Claims) -> str:
        return f"{_b64(json.dumps({'alg': 'none'}).encode())}.{_b64(json.dumps(claims).encode())}."

    def with_public_key_as_secret(self, claims: Claims) -> str:
        """HS256, keyed with what everybody can read."""
        secret = self.key.as_pem(private=False)
        header = json.dumps({"alg": "HS256", "kid": "k1"}).encode()
        body = f"{_b64(header)}.{_b64(json.dumps(claims).encode())}"
        return f"{body}.{_b64(hmac.new(secret, body.encode(), hashlib.sha256).digest())}"

    def with_algorithm(self, name: str) -> Callable[[Claims], str]:
        """A good signature under the name of an algorithm that nobody has to know."""

        def sign(claims: Claims) -> str:
            _header, body, signature = self.signed(claims).split(".")
            return f"{_b64(json.dumps({'alg': name, 'kid': 'k1'}).encode())}.{body}.{signature}"

        return sign

    def claims(self) -> Claims:
        now = int(time.time())
        half = hashlib.sha256(self.access_token.encode()).digest()[:16]
        claims = {
            "iss": self.issuer, "aud": "open-lab", "sub": self.subject, "exp": now + 300, "iat": now,
            "nonce": self.nonce, "at_hash": _b64(half), **self.changes,
        }  # fmt: skip
        return {name: value for name, value in claims.items() if value is not None}

    def _answer(self, path: str) -> tuple[str, bytes]:
        if path.endswith("/.well-known/openid-configuration"):
            document = {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                **self.document,
            }
            return "application/json", json.dumps(document).encode()
        if path == "/keys":
            keys = [key.as_dict(private=False) for key in self.published]
            return "application/json", json.dumps({"keys": keys}).encode()
        if path == "/token":
            token = {
                "access_token": self.access_token,
                "token_type": "Bearer",
                "id_token": self.sign(self.claims()),
            }
            return "application/json", json.dumps(token).encode()
        if callable(self.userinfo):
            return "application/jwt", self.userinfo({"sub": self.subject})
        return "application/json", json.dumps({"sub": self.subject, **self.userinfo}).encode()

    def _handler(provider) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                form = parse_qs(self.rfile.read(length).decode())
                path = urlsplit(self.path).path
                provider.asked.append((path, form))
                if provider.redirect == path:
                    self.send_response(302)
                    self.send_header("Location", f"{provider.issuer}/elsewhere")
                    self.end_headers()
                    return
                kind, body = provider._answer(path)
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_args: Any) -> None:
                pass

        return Handler


@contextmanager
def hostile_provider() -> Iterator[HostileProvider]:
    provider = HostileProvider()
    try:
        yield provider
    finally:
        provider.close()
