"""Second factors, new passwords by mail, and what a person is told of their sessions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0025_second_factor"
down_revision = "0024_providers"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)


def _person(table: str, **options: bool) -> sa.Column[int]:
    key = sa.ForeignKey("person.id", name=op.f(f"fk_{table}_person_id"), ondelete="CASCADE")
    return sa.Column("person_id", _ID, key, nullable=False, **options)


def upgrade() -> None:
    op.add_column(
        "sign_in", sa.Column("second_factor", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("sign_in", sa.Column("device", sa.String(40), nullable=False, server_default=""))
    # Sessions that were open for as long as their person was at work get their end now.
    rows = sa.table("sign_in", sa.column("ends_at", _AT), sa.column("shared_computer", sa.Boolean()))
    now = datetime.now(UTC)
    for shared, longest in ((False, timedelta(days=30)), (True, timedelta(hours=4))):
        op.execute(
            sa.update(rows)
            .where(rows.c.ends_at.is_(None), rows.c.shared_computer.is_(shared))
            .values(ends_at=now + longest)
        )
    op.create_table(
        "reset_request",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("email", sa.String(320), nullable=False),
        sa.Column("asked_at", _AT, nullable=False),
    )
    op.create_table(
        "password_reset",
        sa.Column("token_digest", sa.String(64), primary_key=True),
        _person("password_reset"),
        sa.Column("made_at", _AT, nullable=False),
        sa.Column("expires_at", _AT, nullable=False),
        sa.Column("used_at", _AT),
        sa.CheckConstraint("expires_at > made_at", name=op.f("ck_password_reset_lasts")),
    )
    op.create_table(
        "second_factor",
        _person("second_factor", primary_key=True, autoincrement=False),
        sa.Column("sealed", sa.String(200), nullable=False),
        sa.Column("begun_at", _AT, nullable=False),
        sa.Column("confirmed_at", _AT),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "recovery_code",
        sa.Column("digest", sa.String(64), primary_key=True),
        _person("recovery_code"),
    )
    op.create_table(
        "half_open",
        sa.Column("token_digest", sa.String(64), primary_key=True),
        _person("half_open"),
        sa.Column("expires_at", _AT, nullable=False),
        sa.Column("shared_computer", sa.Boolean(), nullable=False),
        sa.Column("target", sa.String(500), nullable=False),
        sa.Column("came_by", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.CheckConstraint("tries BETWEEN 0 AND 5", name=op.f("ck_half_open_tries_bounded")),
    )
    for table in ("password_reset", "recovery_code", "half_open"):
        op.create_index(op.f(f"ix_{table}_person_id"), table, ["person_id"])


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
