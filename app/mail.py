"""Mail: noted in the transaction that causes it, sent by the worker; files in DATA_DIR/mail without SMTP_URL.

Every mail goes out as plain text and as HTML, in one layout that is made of the plain text (`app.letter`): the two can
say nothing different.
"""

from __future__ import annotations

import hashlib
import re
import smtplib
import ssl
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app import clock, letter
from app.db import Base, BigId, session
from config import of_loopback

# The fault of one mail and not of the server: an address it does not know, a header that cannot be.
REFUSALS = (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError, ValueError)


_home = ""


def configure(public_url: str) -> None:
    """Say under which address people see the portal, for the links of the mails. Called once by the factory."""
    global _home
    _home = public_url.rstrip("/")


def address(path: str) -> str:
    """A page of the portal as people reach it."""
    return f"{_home}{path}"


class Mail(Base):
    __tablename__ = "mail"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    recipient: Mapped[str] = mapped_column(sa.String(320))
    subject: Mapped[str] = mapped_column(sa.String(300))
    body: Mapped[str] = mapped_column(sa.Text)
    # Holds what opens a door (a link, a code): the words are forgotten once it is sent.
    secret: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    # What calendars take of it (RFC 5545), with the method that says whether it is an invitation or a cancellation.
    calendar: Mapped[str | None] = mapped_column(sa.Text)
    # Where one click leaves what sent it; None: it was sent for another reason. Emptied with the words of a secret one.
    leave: Mapped[str | None] = mapped_column(sa.String(300))
    noted_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


def write(
    recipient: str,
    subject: str,
    body: str,
    *,
    secret: bool = False,
    calendar: str | None = None,
    leave: str | None = None,
) -> None:
    """Note a mail in the open unit of work. A line break in a header is refused by `EmailMessage` at sending.

    `body`: paragraphs with an empty line between them; an address that stands alone on its line becomes a link of its
    own. The words of a `secret` one, which open a door, are forgotten once it is sent. `calendar`: the same as a calendar
    file, which mail programs offer to take in. `leave`: the address that leaves what sent it by a bare POST (RFC 8058).
    """
    if recipient.lower().endswith(".invalid"):
        return  # an account without an address (RFC 2606): no server takes it, and the letter would wait for ever
    # Not split(): it would take the no-break spaces of French for ordinary ones.
    one_line = re.sub(r"[^\S\u00a0\u202f]+", " ", subject).strip()[:300]
    session().add(
        Mail(
            recipient=recipient,
            subject=one_line,
            body=body,
            secret=secret,
            calendar=calendar,
            leave=leave,
            noted_at=clock.now(),
        )
    )


def waiting(but: Collection[int] = (), limit: int = 50) -> list[Mail]:
    """What is to be sent, oldest first, without those that are put off."""
    query = sa.select(Mail).where(Mail.sent_at.is_(None), Mail.id.not_in(but)).order_by(Mail.id).limit(limit)
    return list(session().scalars(query))


def send(mail: Mail, smtp_url: str, sender: str, folder: Path) -> None:
    """Send one mail. Call it outside a transaction: a mail server that takes its time must not lock the database.

    Who dies before `mark_sent` sends it a second time, under the same Message-ID.
    """
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, mail.recipient, mail.subject
    message["Date"] = format_datetime(mail.noted_at)
    message["Message-ID"] = f"<{mail.id}.{mail.noted_at:%Y%m%d%H%M%S%f}@openlab.invalid>"
    if mail.leave:
        message["List-Unsubscribe"] = f"<{mail.leave}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(mail.body)
    message.add_alternative(letter.html(mail.subject, mail.body), subtype="html")
    if mail.calendar:
        found = re.search(r"^METHOD:([A-Z]+)", mail.calendar, re.MULTILINE)
        message.add_alternative(
            mail.calendar, subtype="calendar", params={"method": found[1] if found else "PUBLISH"}
        )
    # Not a random one: a mail that is sent twice is the same mail. A digest of the words does not stand in them.
    message.set_boundary(f"=_{hashlib.sha256(mail.body.encode()).hexdigest()[:40]}")
    if smtp_url:
        _send(smtp_url, message)
    else:
        folder.mkdir(parents=True, exist_ok=True)
        file_of(mail.id, folder).write_bytes(bytes(message))


def file_of(mail_id: int, folder: Path) -> Path:
    """Where a mail is put when there is no mail server."""
    return folder / f"{mail_id:08d}.eml"


def mark_sent(mail_id: int) -> None:
    session().execute(
        sa.update(Mail)
        .where(Mail.id == mail_id)
        .values(
            sent_at=clock.now(),
            body=sa.case((Mail.secret, ""), else_=Mail.body),
            leave=sa.case((sa.and_(Mail.secret, Mail.leave.is_not(None)), ""), else_=Mail.leave),
        )
    )


def _send(smtp_url: str, message: EmailMessage) -> None:
    with opened(smtp_url, 20) as server:
        server.send_message(message)


@contextmanager
def opened(smtp_url: str, seconds: float) -> Iterator[smtplib.SMTP]:
    """The mail server, ready to take a mail; signed in where the address names a user, whose password leaves this machine
    over TLS only.

    Raises OSError, SMTPException; SMTPNotSupportedError when a password would have to be sent in the clear.
    """
    parts = urlsplit(smtp_url)
    host = parts.hostname or "localhost"
    with _connected(parts.scheme, host, parts.port, seconds) as server:
        if parts.username:
            if parts.scheme != "smtps" and not of_loopback(host):
                if not server.has_extn("starttls"):
                    raise smtplib.SMTPNotSupportedError(
                        "it offers no STARTTLS, and a password would be readable"
                    )
                server.starttls(context=ssl.create_default_context())
            server.login(unquote(parts.username), unquote(parts.password or ""))
        yield server


def _connected(scheme: str, host: str, port: int | None, seconds: float) -> smtplib.SMTP:
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port or 465, timeout=seconds, context=ssl.create_default_context())
    server = smtplib.SMTP(host, port or 25, timeout=seconds)
    try:
        server.ehlo_or_helo_if_needed()
    except BaseException:
        server.close()
        raise
    return server
