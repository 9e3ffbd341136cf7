"""Personal tokens, by which programs read in a person's name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030_personal_tokens"
down_revision = "0029_day_one"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "personal_token",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("token_digest", sa.String(64), nullable=False),
        sa.Column(
            "person_id",
            _ID,
            sa.ForeignKey("person.id", name=op.f("fk_personal_token_person_id"), ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("prefix", sa.String(12), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("second_factor", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("made_at", _AT, nullable=False),
        sa.Column("expires_at", _AT, nullable=False),
        sa.Column("revoked_at", _AT),
        sa.Column("used_on", sa.Date()),
        sa.UniqueConstraint("token_digest", name=op.f("uq_personal_token_token_digest")),
        sa.CheckConstraint("expires_at > made_at", name=op.f("ck_personal_token_lasts")),
        sa.CheckConstraint("length(token_digest) = 64", name=op.f("ck_personal_token_digest_whole")),
        sa.CheckConstraint("length(name) > 0", name=op.f("ck_personal_token_named")),
    )
    op.create_index(op.f("ix_personal_token_person_id"), "personal_token", ["person_id"])


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
