"""What the doctor asks over the network: a real mail server, real providers of identities, and what stands in their place
when something is wrong."""

from __future__ import annotations

import dataclasses
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app import clock, mail
from app.doctor import outside
from app.doctor.findings import State
from config import Provider, Settings
from tests.app.oidc_providers import RealProvider
from tests.app.test_doctor import is_named, is_well, look
from tests.live_server import free_port

# With what an address has to write in another way.
USER, PASSWORD = "portail", "un mot : 100 % @"
ENCODED = "un%20mot%20%3A%20100%20%25%20%40"


class Letters:
    """Keeps what arrives: nothing may."""

    def __init__(self) -> None:
        self.arrived: list[Any] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.arrived.append(envelope)
        return "250 OK"


def _certificate(folder: Path) -> ssl.SSLContext:
    """Made by itself and signed by nobody: what an unbelieved server shows."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = folder / "both.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + made.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@contextmanager
def mail_server(letters: Letters, **options: Any) -> Iterator[str]:
    """host:port of a real one, which knows one user."""

    def knows(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        good = isinstance(given, LoginPassword) and given.login == USER.encode()
        return AuthResult(success=good and given.password == PASSWORD.encode(), handled=False)

    controller = Controller(
        letters,
        hostname="localhost",
        port=free_port(),
        authenticator=knows,
        auth_require_tls=False,
        **options,
    )
    controller.start()
    try:
        yield f"localhost:{controller.port}"
    finally:
        controller.stop()


def told(settings: Settings, url: str) -> dict[str, Any]:
    return look(dataclasses.replace(settings, smtp_url=url, mail_from="portail@gouv.example"), "mail")


def test_a_mail_server_is_asked_up_to_the_sign_in(settings: Settings) -> None:
    letters = Letters()
    with mail_server(letters) as place:
        is_well(told(settings, f"smtp://{place}"))
        said = is_named(told(settings, f"smtp://{USER}:un%20autre@{place}"), "mail").says
        assert "refuses the user or the password" in said and "autre" not in said
        found = told(settings, f"smtp://{USER}:{ENCODED}@{place}")
        is_well(found)
        assert "signed in; no mail was sent" in found["mail"].says
    assert not letters.arrived


def test_a_mail_server_that_is_away_unknown_or_none(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "MAIL_SECONDS", 0.5)
    assert "port" in is_named(told(settings, f"smtp://127.0.0.1:{free_port()}"), "mail").remedy
    assert "not known" in is_named(told(settings, "smtp://nulle-part.invalid"), "mail").says
    with socket.create_server(("127.0.0.1", 0)) as silent:
        is_named(told(settings, f"smtp://127.0.0.1:{silent.getsockname()[1]}"), "mail")
    with web_server({}) as address:
        is_named(told(settings, address.replace("http:", "smtp:")), "mail")


def test_a_password_goes_over_tls_only(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if the server stood on another machine.
    monkeypatch.setattr(mail, "of_loopback", lambda _host: False)
    letters = Letters()
    with mail_server(letters) as place:
        assert "STARTTLS" in is_named(told(settings, f"smtp://{USER}:mot@{place}"), "mail").says
        is_well(told(settings, f"smtp://{place}"))
    context = _certificate(tmp_path)
    with mail_server(letters, tls_context=context) as place:
        assert "certificate" in is_named(told(settings, f"smtp://{USER}:mot@{place}"), "mail").says
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "both.pem"))
        found = told(settings, f"smtp://{USER}:{ENCODED}@{place}")
        is_well(found)
        assert "over TLS, signed in" in found["mail"].says
        # Another protocol than the port speaks.
        is_named(told(settings, f"smtps://{place}"), "mail")


def test_no_mail_server_is_for_a_demonstration(settings: Settings) -> None:
    is_well(look(settings, "mail"))
    others = dataclasses.replace(settings, public_url="https://portail.example")
    assert "SMTP_URL" in is_named(look(others, "mail"), "mail").remedy


def test_the_clock_of_a_mail_server_that_says_it(settings: Settings) -> None:
    for seconds, good in ((0, True), (60, False)):
        date = format_datetime(clock.now() + timedelta(seconds=seconds))
        with mail_server(Letters(), ident=f"Sendmail 8.18; {date}") as place:
            found = told(settings, f"smtp://{place}")
        assert (found["clock.mail"].state is State.OK) is good, found


# --- providers of identities ---------------------------------------------------------------------------------------


@contextmanager
def web_server(answers: dict[str, Any], seconds_ahead: float = 0.0) -> Iterator[str]:
    """Answers JSON by its path, with the date of its own clock."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = answers.get(self.path)
            body = json.dumps(found).encode()
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string(clock.now().timestamp() + seconds_ahead)

        def log_message(self, *_given: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def with_provider(settings: Settings, issuer: str) -> Settings:
    return dataclasses.replace(
        settings, oidc=(Provider(name="nc-connect", issuer=issuer, client_id="open-lab"),)
    )


def test_a_real_provider_is_well_and_is_told_where_to_come_back(settings: Settings, tmp_path: Path) -> None:
    provider = RealProvider("bare", settings.public_url, tmp_path / "provider.log").start()
    told_of = with_provider(settings, provider.issuer)
    try:
        found = look(told_of, "identity")
        is_well(found)
        assert found["identity.nc-connect"].says.endswith(
            f"{settings.public_url}/connexion/oidc/nc-connect/retour"
        )
        assert "agrees" in found["clock.nc-connect"].says
        with clock.shifted(timedelta(seconds=30)):
            assert "ahead" in is_named(look(told_of, "identity"), "clock.nc-connect").says
        # A letter more, and it is another issuer.
        other = with_provider(settings, provider.issuer.replace("127.0.0.1", "localhost"))
        assert "another name" in is_named(look(other, "identity"), "identity.nc-connect").says
    finally:
        provider.stop()
    assert "does not answer" in is_named(look(told_of, "identity"), "identity.nc-connect").says


def test_a_provider_whose_clock_or_words_are_wrong(settings: Settings) -> None:
    answers: dict[str, Any] = {}
    for ahead, words in ((-45.0, "ahead of"), (45.0, "behind")):
        with web_server(answers, ahead) as issuer:
            found = look(with_provider(settings, issuer), "identity")
            assert words in is_named(found, "clock.nc-connect").says
            is_named(found, "identity.nc-connect")
    with web_server(answers) as issuer:
        document = {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/a",
            "token_endpoint": f"{issuer}/t",
        }
        answers["/.well-known/openid-configuration"] = document
        found = look(with_provider(settings, issuer), "identity")
        assert "jwks_uri" in is_named(found, "identity.nc-connect").says
        document["jwks_uri"] = f"{issuer}/keys"
        answers["/keys"] = {"keys": []}
        found = look(with_provider(settings, issuer), "identity")
        assert "no key" in is_named(found, "identity.nc-connect").says


def test_a_provider_that_says_nothing_holds_up_nobody(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside.wire, "PATIENCE", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        issuer = f"http://127.0.0.1:{silent.getsockname()[1]}"
        said = is_named(look(with_provider(settings, issuer), "identity"), "identity.nc-connect")
    assert "(slow)" in said.says
