"""${message}

Rules for a migration that is rolled out while older code still runs:

* add, then fill, then use: new columns are nullable or have a server default; dropping comes a release later;
* an index on a large table is made with CREATE INDEX CONCURRENTLY, in `op.get_context().autocommit_block()`;
* `downgrade` undoes `upgrade`, and loses nothing that existed before it.

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
Create Date: ${create_date}
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    """Change the schema."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Change it back."""
    ${downgrades if downgrades else "pass"}
