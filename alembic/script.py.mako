"""${message}

Rules for a migration that is rolled out while older code still runs:

* add, then fill, then use: new columns are nullable or have a server default; dropping comes a release later;
* a statement that waits for a lock blocks those that come after it, so it gives up soon, and the migration is tried
  again;
* an index on a large table is made with CREATE INDEX CONCURRENTLY, in `op.get_context().autocommit_block()`, in a
  revision of its own;
* a view that names a column which changes is dropped before, and made again after;
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
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '15min'")
    ${upgrades if upgrades else ""}


def downgrade() -> None:
    """Change it back."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '15min'")
    ${downgrades if downgrades else ""}
