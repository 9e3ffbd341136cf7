"""Who is known to which provider, attempts that are under way, and what a sign-in needs to be ended there."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, BigId


class ExternalIdentity(Base):
    """A person as a provider knows them: by issuer and subject, the only pair that is theirs for ever (OpenID Connect
    Core 1.0, 5.7). Never by an address."""

    __tablename__ = "external_identity"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    issuer: Mapped[str] = mapped_column(sa.String(255))
    subject: Mapped[str] = mapped_column(sa.String(255))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="CASCADE"))
    linked_at: Mapped[datetime]
    used_at: Mapped[datetime]
    __table_args__ = (
        sa.UniqueConstraint("issuer", "subject"),
        sa.UniqueConstraint("person_id", "issuer"),
    )


class OidcAttempt(Base):
    """A sign-in that was begun here and is waited for: good once, for ten minutes, in the browser that began it."""

    __tablename__ = "oidc_attempt"
    state_digest: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    browser_digest: Mapped[str] = mapped_column(sa.String(64), index=True)
    provider: Mapped[str] = mapped_column(sa.String(40))
    nonce_digest: Mapped[str] = mapped_column(sa.String(64))
    # Sent to the provider with the code (PKCE, RFC 7636), so it is kept as it is.
    verifier: Mapped[str] = mapped_column(sa.String(64))
    next_path: Mapped[str | None] = mapped_column(sa.String(500))
    shared_computer: Mapped[bool]
    # The sign-in that wants to be linked; None: somebody wants to sign in.
    sign_in_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("sign_in.id", ondelete="CASCADE"), index=True
    )
    expires_at: Mapped[datetime] = mapped_column(index=True)


class OidcSignIn(Base):
    """The ID token of a sign-in, which the provider asks for when the session there is to be ended."""

    __tablename__ = "oidc_sign_in"
    sign_in_id: Mapped[int] = mapped_column(
        sa.ForeignKey("sign_in.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    provider: Mapped[str] = mapped_column(sa.String(40))
    id_token: Mapped[str] = mapped_column(sa.Text)
