"""A solver document says first what nobody waits for: its core metadata and its artifacts.

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-28 01:40:00.000000
"""

from textwrap import dedent

from alembic import context, op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_MOVED = ("INSERT INTO python_package_metadata", "INSERT INTO python_artifact")
_ENVIRONMENTS = "        INSERT INTO solved_software_environment"
_COMMENT = "is seen by the next.\n"
_NEW_COMMENT = (
    "is seen by the next. What is\n"
    "        -- large, and what documents about other package versions do not have, comes first: nobody waits for it.\n"
)


def upgrade() -> None:
    """Change the schema."""
    # The statements are as they were, and separated by empty lines; two of them move.
    statements = _body_before().replace(_COMMENT, _NEW_COMMENT).split("\n\n")
    moved = [statement for statement in statements if statement.lstrip().startswith(_MOVED)]
    body = "\n\n".join(statement for statement in statements if statement not in moved)
    _replace(body.replace(_ENVIRONMENTS, "\n\n".join([*moved, _ENVIRONMENTS])))


def downgrade() -> None:
    """Change it back."""
    _replace(_body_before())


def _body_before() -> str:
    """Return the body of the function as the migration before made it."""
    body: str = context.script.get_revision(down_revision).module._BODY
    return body


def _replace(body: str) -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '15min'")
    op.execute(
        "CREATE OR REPLACE FUNCTION sync_solver_documents(documents jsonb, version_sets jsonb, metadata json) "
        "RETURNS text[] LANGUAGE plpgsql\n"
        "SET enable_seqscan TO off SET plan_cache_mode TO force_generic_plan SET jit TO off\n"
        f"AS $${dedent(body)}$$"
    )
