"""What an instance asks over the network: the mail server and the providers of identities. Nothing is sent or changed."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from app import clock, mail
from app.doctor.findings import Finding, note, ok, wrong
from app.doctor.stores import compared
from app.oidc import wire
from app.oidc.known import ALGORITHMS, Known
from app.oidc.refusing import TurnedAway
from config import Provider, Settings

MAIL_SECONDS = 8.0
# "Mon, 30 Nov 2026 13:41:23 +1100", as some mail servers say in their greeting (RFC 5321 leaves the text to them).
_DATE = re.compile(rb"[A-Z][a-z]{2}, {1,2}\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}")


def mails(settings: Settings) -> Iterator[Finding]:
    """As far as the sign-in, and not one letter further."""
    if not settings.smtp_url:
        told = "SMTP_URL is not set: mails become files in DATA_DIR/mail"
        if settings.is_loopback:
            yield ok("mail", told)
        else:
            yield wrong(
                "mail", told, "Set SMTP_URL: nobody receives an invitation or a new password otherwise."
            )
        return
    host = urlsplit(settings.smtp_url).hostname or "localhost"
    try:
        socket.getaddrinfo(host, None)
    except OSError:
        yield wrong(
            "mail",
            f"the name {host} is not known",
            "Look at SMTP_URL and at the name servers of this machine.",
        )
        return
    try:
        with mail.opened(settings.smtp_url, MAIL_SECONDS) as server:
            server.noop()
            secure = isinstance(server.sock, ssl.SSLSocket)
    except smtplib.SMTPAuthenticationError:
        yield wrong(
            "mail",
            f"{host} refuses the user or the password",
            "Look at both in SMTP_URL; write % signs as %25, @ as %40.",
        )
    except smtplib.SMTPNotSupportedError as error:
        yield wrong(
            "mail",
            f"{host}: {error}",
            "Use smtps:// or a server with STARTTLS, or an SMTP_URL without a password.",
        )
    except ssl.SSLError:
        yield wrong(
            "mail",
            f"the certificate of {host} is not believed, or it speaks no TLS there",
            "Look at the port and at the certificate; port 465 is smtps://, 587 smtp://.",
        )
    except (OSError, smtplib.SMTPException, ValueError) as error:
        yield wrong(
            "mail",
            f"{host} does not answer as a mail server does ({type(error).__name__})",
            "Look at host and port in SMTP_URL, and at the firewall between.",
        )
    else:
        signed_in = "signed in" if "@" in urlsplit(settings.smtp_url).netloc else "no sign-in asked for"
        yield ok(
            "mail",
            f"{host} answers, {'over TLS' if secure else 'without TLS'}, {signed_in}; no mail was sent",
        )
        yield from _clock_of_mail(settings, host)
    if settings.mail_from.endswith("@localhost"):
        yield note(
            "mail.sender",
            f"the sender is {settings.mail_from}",
            "Set MAIL_FROM to an address of your domain.",
        )


def _clock_of_mail(settings: Settings, host: str) -> Iterator[Finding]:
    """Where the greeting says a time, which few do."""
    parts = urlsplit(settings.smtp_url)
    if parts.scheme != "smtp":
        return
    try:
        with socket.create_connection((host, parts.port or 25), timeout=MAIL_SECONDS) as line:
            greeting = line.recv(512)
    except OSError:
        return
    if found := _DATE.search(greeting):
        yield from _told_by("clock.mail", host, found[0].decode("ascii"))


def _told_by(check: str, whose: str, date: str) -> Iterator[Finding]:
    try:
        theirs = parsedate_to_datetime(date).astimezone(UTC)
    except (ValueError, OverflowError):
        return
    # The second that was told began up to a second ago; the way here took a part of another.
    yield compared(check, whose, (theirs - clock.now()).total_seconds() + 0.5, 1.0)


def providers(settings: Settings) -> Iterator[Finding]:
    if not settings.oidc:
        yield ok("identity", "no provider of identities is set: people sign in by password")
    for provider in settings.oidc:
        yield from _provider(provider, settings)


def _provider(provider: Provider, settings: Settings) -> Iterator[Finding]:
    name = f"identity.{provider.name}"
    back = f"{settings.public_url}/connexion/oidc/{provider.name}/retour"
    variable = "OIDC_" + provider.name.upper().replace("-", "_")
    document = provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
    try:
        date = wire.call(document).date
    except wire.Unreachable as error:
        yield wrong(
            name,
            f"{document} does not answer ({error})",
            f"Look at {variable}_ISSUER, the firewall, and the provider.",
        )
        return
    yield from _told_by(f"clock.{provider.name}", urlsplit(provider.issuer).hostname or "", date)
    known = Known(provider)
    try:
        known.addresses()
        keys = {key.thumbprint() for algorithm in ALGORITHMS for key in known.keys(algorithm, None)}
    except TurnedAway as turned:
        told = f"what it says of itself cannot be used ({turned.why})"
        if turned.why == "issuer":
            told = f"it calls itself by another name than {variable}_ISSUER"
        yield wrong(name, told, f"Write {variable}_ISSUER letter by letter as `issuer` in {document}.")
        return
    if not keys:
        yield wrong(name, "it has no key of ES256 or RS256", "Ask the provider to sign with one of these.")
        return
    yield ok(name, f"it answers, {len(keys)} keys. It must know this address to come back to: {back}")
