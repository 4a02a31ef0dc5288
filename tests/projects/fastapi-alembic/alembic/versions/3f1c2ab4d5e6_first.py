"""first

Revision ID: 3f1c2ab4d5e6
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "3f1c2ab4d5e6"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "grades",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("student_id", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
    )


def downgrade():
    op.drop_table("grades")
