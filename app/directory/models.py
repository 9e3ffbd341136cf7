"""Administrations, counters and online services, as the portal knows them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base, BigId, Word, one_of


class Kind(StrEnum):
    GOVERNMENT = "government"
    PROVINCE = "province"
    COMMUNE = "commune"
    STATE = "state"
    PUBLIC_BODY = "public_body"
    CHAMBER = "chamber"
    OPERATOR = "operator"


class ServiceKind(StrEnum):
    ONLINE_PROCEDURE = "online_procedure"
    FORM = "form"
    LETTER_TEMPLATE = "letter_template"
    SIMULATOR = "simulator"
    APPOINTMENT = "appointment"


class Login(StrEnum):
    NONE = "none"
    NC_CONNECT = "nc_connect"
    OTHER = "other"


class Administration(Base):
    __tablename__ = "administration"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    slug: Mapped[str] = mapped_column(sa.String(80), unique=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    acronym: Mapped[str | None] = mapped_column(sa.String(40))
    kind: Mapped[Kind] = mapped_column(Word(Kind))
    territory: Mapped[str] = mapped_column(sa.String(80), default="")
    site: Mapped[str | None] = mapped_column(sa.String(300))
    link_domains: Mapped[list[str]] = mapped_column(default=list)
    may_publish_own: Mapped[bool] = mapped_column(default=False)
    # Counts the changes: a form carries the number it was made from.
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    # It is no more. Its page and what names it stay; who takes over is named there.
    closed_at: Mapped[datetime | None]
    successor_id: Mapped[int | None] = mapped_column(sa.ForeignKey("administration.id"))
    counters: Mapped[list[Counter]] = relationship(order_by="Counter.id", cascade="all, delete-orphan")
    successor: Mapped[Administration | None] = relationship(remote_side=[id])
    __table_args__ = (
        one_of("kind", Kind),
        sa.CheckConstraint(
            "successor_id IS NULL OR (closed_at IS NOT NULL AND successor_id <> id)",
            name="successor_of_a_closed_one",
        ),
    )

    @property
    def short_name(self) -> str:
        return self.acronym or self.name


class Counter(Base):
    """A contact point: a place, a telephone, opening hours."""

    __tablename__ = "counter"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    administration_id: Mapped[int] = mapped_column(
        sa.ForeignKey("administration.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column(sa.String(200))
    address: Mapped[str] = mapped_column(sa.String(300), default="")
    commune: Mapped[str] = mapped_column(sa.String(80), default="")
    phone: Mapped[str] = mapped_column(sa.String(40), default="")
    email: Mapped[str] = mapped_column(sa.String(320), default="")
    hours: Mapped[str] = mapped_column(sa.String(300), default="")


service_owner = sa.Table(
    "service_owner",
    Base.metadata,
    sa.Column("service_id", sa.ForeignKey("online_service.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("administration_id", sa.ForeignKey("administration.id", ondelete="CASCADE"), primary_key=True),
)


class OnlineService(Base):
    __tablename__ = "online_service"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    slug: Mapped[str] = mapped_column(sa.String(120), unique=True)
    title: Mapped[str] = mapped_column(sa.String(200))
    kind: Mapped[ServiceKind] = mapped_column(Word(ServiceKind))
    url: Mapped[str] = mapped_column(sa.String(500))
    login: Mapped[Login] = mapped_column(Word(Login), default=Login.NONE)
    summary: Mapped[str] = mapped_column(sa.Text, default="")
    outage: Mapped[str] = mapped_column(sa.String(300), default="")
    # When the outage is announced for; without a beginning it is now, without an end until somebody says otherwise.
    outage_from: Mapped[datetime | None]
    outage_until: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    withdrawn_at: Mapped[datetime | None]
    owners: Mapped[list[Administration]] = relationship(secondary=service_owner, order_by=Administration.name)
    __table_args__ = (
        one_of("kind", ServiceKind),
        one_of("login", Login),
        sa.CheckConstraint("outage_until > outage_from", name="outage_lasts"),
    )


class ConnectedSpace(Base):
    """An espace connecté: computers for everybody, and a mediator who helps with procedures."""

    __tablename__ = "connected_space"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    slug: Mapped[str] = mapped_column(sa.String(80), unique=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    commune: Mapped[str] = mapped_column(sa.String(80))
    address: Mapped[str] = mapped_column(sa.String(300), default="")
    phone: Mapped[str] = mapped_column(sa.String(40), default="")
    hours: Mapped[str] = mapped_column(sa.String(300), default="")
    computers: Mapped[int] = mapped_column(default=0)
    # What to bring along.
    bring: Mapped[str] = mapped_column(sa.String(500), default="")
    # When a mediator is there, and how one gets to see them.
    mediation: Mapped[str] = mapped_column(sa.String(300), default="")
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    closed_at: Mapped[datetime | None]
    __table_args__ = (sa.CheckConstraint("computers >= 0", name="computers_counted"),)
