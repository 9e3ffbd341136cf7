"""Mail: noted in the transaction that causes it, sent by the worker; files in DATA_DIR/mail without SMTP_URL."""

from __future__ import annotations

import smtplib
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from urllib.parse import unquote, urlsplit

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.db import Base, BigId, session


class Mail(Base):
    __tablename__ = "mail"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    recipient: Mapped[str] = mapped_column(sa.String(320))
    subject: Mapped[str] = mapped_column(sa.String(300))
    body: Mapped[str] = mapped_column(sa.Text)
    noted_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


def write(recipient: str, subject: str, body: str) -> None:
    """Note a mail in the open unit of work. A line break in a header is refused by `EmailMessage` at sending."""
    one_line = " ".join(subject.split())[:300]
    session().add(Mail(recipient=recipient, subject=one_line, body=body, noted_at=clock.now()))


def send_waiting(smtp_url: str, sender: str, folder: Path, limit: int = 50) -> int:
    """Send what waits, oldest first; each is marked in the caller's transaction. Returns how many."""
    waiting = (
        session().scalars(sa.select(Mail).where(Mail.sent_at.is_(None)).order_by(Mail.id).limit(limit)).all()
    )
    for mail in waiting:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, mail.recipient, mail.subject
        message["Date"], message["Message-ID"] = (
            format_datetime(mail.noted_at),
            make_msgid(domain="openlab.invalid"),
        )
        message.set_content(mail.body)
        if smtp_url:
            _send(smtp_url, message)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{mail.id:08d}.eml").write_bytes(bytes(message))
        mail.sent_at = clock.now()
    return len(waiting)


def _send(smtp_url: str, message: EmailMessage) -> None:
    parts = urlsplit(smtp_url)
    kind = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
    with kind(parts.hostname or "localhost", parts.port or 25, timeout=20) as server:
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)
