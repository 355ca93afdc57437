"""Solver documents: packages, environments, indexes, solvers, dependencies, artifacts, vulnerabilities.

Revision ID: 0001
Revises:
Create Date: 2026-11-24 04:01:43.970544
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "cve",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("cve_id", sa.Text(collation="C"), nullable=False),
        sa.Column("cve_name", sa.Text(collation="C"), nullable=True),
        sa.Column("version_range", sa.Text(collation="C"), nullable=False),
        sa.Column("advisory", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cve")),
        sa.UniqueConstraint("cve_id", name=op.f("uq_cve_cve_id"), postgresql_nulls_not_distinct=True),
    )
    op.create_table(
        "inspection_run",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("inspection_document_id", sa.Text(collation="C"), nullable=False),
        sa.Column("inspection_result_number", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspection_run")),
        sa.UniqueConstraint(
            "inspection_document_id",
            "inspection_result_number",
            name=op.f("uq_inspection_run_inspection_document_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "python_artifact",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("artifact_hash_sha256", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_python_artifact")),
        sa.UniqueConstraint(
            "artifact_hash_sha256",
            name=op.f("uq_python_artifact_artifact_hash_sha256"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "python_package_index",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("url", sa.Text(collation="C"), nullable=False),
        sa.Column("warehouse_api_url", sa.Text(collation="C"), nullable=True),
        sa.Column("verify_ssl", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_python_package_index")),
        sa.UniqueConstraint("url", name=op.f("uq_python_package_index_url"), postgresql_nulls_not_distinct=True),
    )
    op.create_table(
        "python_package_license",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("license_name", sa.Text(collation="C"), nullable=True),
        sa.Column("license_identifier", sa.Text(collation="C"), nullable=True),
        sa.Column("license_version", sa.Text(collation="C"), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_python_package_license")),
        sa.UniqueConstraint(
            "license_name",
            "license_identifier",
            "license_version",
            name=op.f("uq_python_package_license_license_name"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "python_package_metadata",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("metadata_version", sa.Text(collation="C"), nullable=True),
        sa.Column("name", sa.Text(collation="C"), nullable=True),
        sa.Column("version", sa.Text(collation="C"), nullable=True),
        sa.Column("summary", sa.Text(collation="C"), nullable=True),
        sa.Column("description", sa.Text(collation="C"), nullable=True),
        sa.Column("description_content_type", sa.Text(collation="C"), nullable=True),
        sa.Column("keywords", sa.Text(collation="C"), nullable=True),
        sa.Column("home_page", sa.Text(collation="C"), nullable=True),
        sa.Column("download_url", sa.Text(collation="C"), nullable=True),
        sa.Column("author", sa.Text(collation="C"), nullable=True),
        sa.Column("author_email", sa.Text(collation="C"), nullable=True),
        sa.Column("maintainer", sa.Text(collation="C"), nullable=True),
        sa.Column("maintainer_email", sa.Text(collation="C"), nullable=True),
        sa.Column("license", sa.Text(collation="C"), nullable=True),
        sa.Column("requires_python", sa.Text(collation="C"), nullable=True),
        sa.Column("classifiers", sa.ARRAY(sa.Text(collation="C"), dimensions=1), nullable=False),
        sa.Column("platforms", sa.ARRAY(sa.Text(collation="C"), dimensions=1), nullable=False),
        sa.Column("supported_platforms", sa.ARRAY(sa.Text(collation="C"), dimensions=1), nullable=False),
        sa.Column("requires_external", sa.ARRAY(sa.Text(collation="C"), dimensions=1), nullable=False),
        sa.Column("project_urls", sa.ARRAY(sa.Text(collation="C"), dimensions=1), nullable=False),
        sa.Column("provides_extra", sa.ARRAY(sa.Text(collation="C"), dimensions=1), nullable=False),
        sa.Column("requires_dist", sa.ARRAY(sa.Text(collation="C"), dimensions=1), nullable=False),
        sa.Column("provides_dist", sa.ARRAY(sa.Text(collation="C"), dimensions=1), nullable=False),
        sa.Column("obsoletes_dist", sa.ARRAY(sa.Text(collation="C"), dimensions=1), nullable=False),
        sa.Column("other_fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_python_package_metadata")),
        sa.UniqueConstraint(
            "digest", name=op.f("uq_python_package_metadata_digest"), postgresql_nulls_not_distinct=True
        ),
    )
    op.create_table(
        "python_release",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("package_name", sa.Text(collation="C"), nullable=False),
        sa.Column("package_version", sa.Text(collation="C"), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_python_release")),
        sa.UniqueConstraint(
            "package_name",
            "package_version",
            name=op.f("uq_python_release_package_name"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "solved_software_environment",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("os_name", sa.Text(collation="C"), nullable=False),
        sa.Column("os_version", sa.Text(collation="C"), nullable=False),
        sa.Column("python_version", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_solved_software_environment")),
        sa.UniqueConstraint(
            "os_name",
            "os_version",
            "python_version",
            name=op.f("uq_solved_software_environment_os_name"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "version_set",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("package_name", sa.Text(collation="C"), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("python_release_ids", sa.ARRAY(sa.Integer(), dimensions=1), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_version_set")),
        sa.UniqueConstraint("digest", name=op.f("uq_version_set_digest"), postgresql_nulls_not_distinct=True),
    )
    op.create_index(op.f("ix_version_set_package_name"), "version_set", ["package_name"], unique=False)
    op.create_index(
        op.f("ix_version_set_python_release_ids"),
        "version_set",
        ["python_release_ids"],
        unique=False,
        postgresql_using="gin",
    )
    op.create_table(
        "ecosystem_solver",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("ecosystem", sa.Text(collation="C"), nullable=False),
        sa.Column("solver_name", sa.Text(collation="C"), nullable=False),
        sa.Column("solver_version", sa.Text(collation="C"), nullable=True),
        sa.Column("solved_software_environment_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["solved_software_environment_id"],
            ["solved_software_environment.id"],
            name=op.f("fk_ecosystem_solver_solved_software_environment_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ecosystem_solver")),
        sa.UniqueConstraint(
            "ecosystem",
            "solver_name",
            "solver_version",
            "solved_software_environment_id",
            name=op.f("uq_ecosystem_solver_ecosystem"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "pi_matmul",
        sa.Column("device", sa.Text(collation="C"), nullable=False),
        sa.Column("dtype", sa.Text(collation="C"), nullable=False),
        sa.Column("matrix_size", sa.Integer(), nullable=False),
        sa.Column("reps", sa.Integer(), nullable=False),
        sa.Column("rate", sa.Double(), nullable=False),
        sa.Column("elapsed", sa.Double(), nullable=False),
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("framework", sa.Text(collation="C"), nullable=True),
        sa.Column("origin", sa.Text(collation="C"), nullable=True),
        sa.Column("version", sa.Text(collation="C"), nullable=True),
        sa.Column("overall_score", sa.Double(), nullable=True),
        sa.Column("exit_code", sa.Integer(), nullable=False),
        sa.Column("ru_utime", sa.Double(), nullable=False),
        sa.Column("ru_stime", sa.Double(), nullable=False),
        sa.Column("ru_maxrss", sa.Integer(), nullable=False),
        sa.Column("ru_ixrss", sa.Integer(), nullable=False),
        sa.Column("ru_idrss", sa.Integer(), nullable=False),
        sa.Column("ru_isrss", sa.Integer(), nullable=False),
        sa.Column("ru_minflt", sa.Integer(), nullable=False),
        sa.Column("ru_majflt", sa.Integer(), nullable=False),
        sa.Column("ru_nswap", sa.Integer(), nullable=False),
        sa.Column("ru_inblock", sa.Integer(), nullable=False),
        sa.Column("ru_oublock", sa.Integer(), nullable=False),
        sa.Column("ru_msgsnd", sa.Integer(), nullable=False),
        sa.Column("ru_msgrcv", sa.Integer(), nullable=False),
        sa.Column("ru_nsignals", sa.Integer(), nullable=False),
        sa.Column("ru_nvcsw", sa.Integer(), nullable=False),
        sa.Column("ru_nivcsw", sa.Integer(), nullable=False),
        sa.Column("inspection_run_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["inspection_run_id"],
            ["inspection_run.id"],
            name=op.f("fk_pi_matmul_inspection_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pi_matmul")),
        sa.UniqueConstraint("inspection_run_id", name=op.f("uq_pi_matmul_inspection_run_id")),
    )
    op.create_table(
        "python_package_version",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("python_release_id", sa.Integer(), nullable=False),
        sa.Column("solved_software_environment_id", sa.Integer(), nullable=False),
        sa.Column("python_package_index_id", sa.Integer(), nullable=True),
        sa.Column("solver_run_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["id", "solver_run_id"],
            ["solved.python_package_version_id", "solved.solver_run_id"],
            name=op.f("fk_python_package_version_id"),
            initially="DEFERRED",
            deferrable=True,
            use_alter=True,
        ),
        sa.ForeignKeyConstraint(
            ["python_package_index_id"],
            ["python_package_index.id"],
            name=op.f("fk_python_package_version_python_package_index_id"),
        ),
        sa.ForeignKeyConstraint(
            ["python_release_id"], ["python_release.id"], name=op.f("fk_python_package_version_python_release_id")
        ),
        sa.ForeignKeyConstraint(
            ["solved_software_environment_id"],
            ["solved_software_environment.id"],
            name=op.f("fk_python_package_version_solved_software_environment_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_python_package_version")),
        sa.UniqueConstraint(
            "python_release_id",
            "solved_software_environment_id",
            "python_package_index_id",
            name=op.f("uq_python_package_version_python_release_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "python_package_version_entity",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("python_release_id", sa.Integer(), nullable=False),
        sa.Column("python_package_index_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["python_package_index_id"],
            ["python_package_index.id"],
            name=op.f("fk_python_package_version_entity_python_package_index_id"),
        ),
        sa.ForeignKeyConstraint(
            ["python_release_id"],
            ["python_release.id"],
            name=op.f("fk_python_package_version_entity_python_release_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_python_package_version_entity")),
        sa.UniqueConstraint(
            "python_release_id",
            "python_package_index_id",
            name=op.f("uq_python_package_version_entity_python_release_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "has_vulnerability",
        sa.Column("python_package_version_entity_id", sa.Integer(), nullable=False),
        sa.Column("cve_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["cve_id"], ["cve.id"], name=op.f("fk_has_vulnerability_cve_id")),
        sa.ForeignKeyConstraint(
            ["python_package_version_entity_id"],
            ["python_package_version_entity.id"],
            name=op.f("fk_has_vulnerability_python_package_version_entity_id"),
        ),
        sa.PrimaryKeyConstraint("python_package_version_entity_id", "cve_id", name=op.f("pk_has_vulnerability")),
    )
    op.create_table(
        "solver_run",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("document_id", sa.Text(collation="C"), nullable=False),
        sa.Column("datetime", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration", sa.Integer(), nullable=True),
        sa.Column("ecosystem_solver_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ecosystem_solver_id"], ["ecosystem_solver.id"], name=op.f("fk_solver_run_ecosystem_solver_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_solver_run")),
        sa.UniqueConstraint("document_id", name=op.f("uq_solver_run_document_id"), postgresql_nulls_not_distinct=True),
    )
    op.create_index(op.f("ix_solver_run_ecosystem_solver_id"), "solver_run", ["ecosystem_solver_id"], unique=False)
    op.create_table(
        "solved",
        sa.Column("python_package_version_id", sa.Integer(), nullable=False),
        sa.Column("solver_run_id", sa.Integer(), nullable=False),
        sa.Column("error", sa.Boolean(), nullable=False),
        sa.Column("error_unsolvable", sa.Boolean(), nullable=False),
        sa.Column("error_unparseable", sa.Boolean(), nullable=False),
        sa.Column("is_provided", sa.Boolean(), nullable=True),
        sa.Column("python_package_metadata_id", sa.Integer(), nullable=True),
        sa.Column("python_package_license_id", sa.Integer(), nullable=True),
        sa.Column("package_license_warning", sa.Boolean(), nullable=True),
        sa.Column("import_packages", sa.ARRAY(sa.Text(collation="C"), dimensions=1), nullable=False),
        sa.ForeignKeyConstraint(
            ["python_package_license_id"],
            ["python_package_license.id"],
            name=op.f("fk_solved_python_package_license_id"),
        ),
        sa.ForeignKeyConstraint(
            ["python_package_metadata_id"],
            ["python_package_metadata.id"],
            name=op.f("fk_solved_python_package_metadata_id"),
        ),
        sa.ForeignKeyConstraint(
            ["python_package_version_id"],
            ["python_package_version.id"],
            name=op.f("fk_solved_python_package_version_id"),
        ),
        sa.ForeignKeyConstraint(["solver_run_id"], ["solver_run.id"], name=op.f("fk_solved_solver_run_id")),
        sa.PrimaryKeyConstraint("python_package_version_id", "solver_run_id", name=op.f("pk_solved")),
    )
    op.create_index(op.f("ix_solved_python_package_license_id"), "solved", ["python_package_license_id"], unique=False)
    op.create_index(
        op.f("ix_solved_python_package_metadata_id"), "solved", ["python_package_metadata_id"], unique=False
    )
    op.create_index(op.f("ix_solved_solver_run_id"), "solved", ["solver_run_id"], unique=False)
    op.create_table(
        "depends_on",
        sa.Column("python_package_version_id", sa.Integer(), nullable=False),
        sa.Column("solver_run_id", sa.Integer(), nullable=False),
        sa.Column("requirement_number", sa.Integer(), nullable=False),
        sa.Column("version_set_id", sa.Integer(), nullable=False),
        sa.Column("specifier", sa.Text(collation="C"), nullable=False),
        sa.Column("marker", sa.Text(collation="C"), nullable=True),
        sa.Column("extra", sa.Text(collation="C"), nullable=True),
        sa.Column("marker_evaluation_result", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["python_package_version_id", "solver_run_id"],
            ["solved.python_package_version_id", "solved.solver_run_id"],
            name=op.f("fk_depends_on_python_package_version_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["version_set_id"], ["version_set.id"], name=op.f("fk_depends_on_version_set_id")),
        sa.PrimaryKeyConstraint(
            "python_package_version_id", "solver_run_id", "requirement_number", name=op.f("pk_depends_on")
        ),
    )
    op.create_index(op.f("ix_depends_on_version_set_id"), "depends_on", ["version_set_id"], unique=False)
    op.create_table(
        "has_artifact",
        sa.Column("python_package_version_id", sa.Integer(), nullable=False),
        sa.Column("solver_run_id", sa.Integer(), nullable=False),
        sa.Column("python_artifact_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["python_artifact_id"], ["python_artifact.id"], name=op.f("fk_has_artifact_python_artifact_id")
        ),
        sa.ForeignKeyConstraint(
            ["python_package_version_id", "solver_run_id"],
            ["solved.python_package_version_id", "solved.solver_run_id"],
            name=op.f("fk_has_artifact_python_package_version_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "python_package_version_id", "solver_run_id", "python_artifact_id", name=op.f("pk_has_artifact")
        ),
    )
    op.create_index(op.f("ix_has_artifact_python_artifact_id"), "has_artifact", ["python_artifact_id"], unique=False)
    # Each of the two tables needs the other, so this constraint comes last, and is checked at commit.
    op.create_foreign_key(
        op.f("fk_python_package_version_id"),
        "python_package_version",
        "solved",
        ["id", "solver_run_id"],
        ["python_package_version_id", "solver_run_id"],
        deferrable=True,
        initially="DEFERRED",
    )
    op.execute(sa.schema.CreateSequence(sa.Sequence("removals")))
    # It begins where no earlier schema of this database got to: writers may remember ids of that one.
    op.execute("SELECT setval('removals', CAST(1000 * extract(epoch FROM clock_timestamp()) AS bigint))")


def downgrade() -> None:
    """Change it back."""
    op.execute(sa.schema.DropSequence(sa.Sequence("removals")))
    op.drop_constraint(op.f("fk_python_package_version_id"), "python_package_version", type_="foreignkey")
    op.drop_index(op.f("ix_has_artifact_python_artifact_id"), table_name="has_artifact")
    op.drop_table("has_artifact")
    op.drop_index(op.f("ix_depends_on_version_set_id"), table_name="depends_on")
    op.drop_table("depends_on")
    op.drop_index(op.f("ix_solved_solver_run_id"), table_name="solved")
    op.drop_index(op.f("ix_solved_python_package_metadata_id"), table_name="solved")
    op.drop_index(op.f("ix_solved_python_package_license_id"), table_name="solved")
    op.drop_table("solved")
    op.drop_index(op.f("ix_solver_run_ecosystem_solver_id"), table_name="solver_run")
    op.drop_table("solver_run")
    op.drop_table("has_vulnerability")
    op.drop_table("python_package_version_entity")
    op.drop_table("python_package_version")
    op.drop_table("pi_matmul")
    op.drop_table("ecosystem_solver")
    op.drop_index(op.f("ix_version_set_python_release_ids"), table_name="version_set", postgresql_using="gin")
    op.drop_index(op.f("ix_version_set_package_name"), table_name="version_set")
    op.drop_table("version_set")
    op.drop_table("solved_software_environment")
    op.drop_table("python_release")
    op.drop_table("python_package_metadata")
    op.drop_table("python_package_license")
    op.drop_table("python_package_index")
    op.drop_table("python_artifact")
    op.drop_table("inspection_run")
    op.drop_table("cve")
