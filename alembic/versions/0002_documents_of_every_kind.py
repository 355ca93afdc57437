"""Documents of every kind: images, artifacts, stacks, advisers, provenance, Dependency Monkey, inspections.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-24 11:30:45.030160
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "deb_package_version",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("package_name", sa.Text(collation="C"), nullable=False),
        sa.Column("package_version", sa.Text(collation="C"), nullable=False),
        sa.Column("epoch", sa.Text(collation="C"), nullable=True),
        sa.Column("arch", sa.Text(collation="C"), nullable=True),
        sa.Column("depends", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("pre_depends", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("replaces", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deb_package_version")),
        sa.UniqueConstraint("digest", name=op.f("uq_deb_package_version_digest"), postgresql_nulls_not_distinct=True),
    )
    op.create_index(
        op.f("ix_deb_package_version_package_name_package_version"),
        "deb_package_version",
        ["package_name", "package_version"],
        unique=False,
    )
    op.create_table(
        "hardware_information",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("cpu_vendor", sa.Text(collation="C"), nullable=True),
        sa.Column("cpu_model", sa.Integer(), nullable=True),
        sa.Column("cpu_cores", sa.Integer(), nullable=True),
        sa.Column("cpu_model_name", sa.Text(collation="C"), nullable=True),
        sa.Column("cpu_family", sa.Integer(), nullable=True),
        sa.Column("cpu_physical_cpus", sa.Integer(), nullable=True),
        sa.Column("gpu_model_name", sa.Text(collation="C"), nullable=True),
        sa.Column("gpu_vendor", sa.Text(collation="C"), nullable=True),
        sa.Column("gpu_cores", sa.Integer(), nullable=True),
        sa.Column("gpu_memory_size", sa.BigInteger(), nullable=True),
        sa.Column("ram_size", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hardware_information")),
        sa.UniqueConstraint("digest", name=op.f("uq_hardware_information_digest"), postgresql_nulls_not_distinct=True),
    )
    op.create_table(
        "python_file_digest",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_python_file_digest")),
        sa.UniqueConstraint("sha256", name=op.f("uq_python_file_digest_sha256"), postgresql_nulls_not_distinct=True),
    )
    op.create_table(
        "python_requirements",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("python_version", sa.Text(collation="C"), nullable=True),
        sa.Column("index_urls", sa.ARRAY(sa.Text(collation="C"), dimensions=1), nullable=False),
        sa.Column("other_fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_python_requirements")),
        sa.UniqueConstraint("digest", name=op.f("uq_python_requirements_digest"), postgresql_nulls_not_distinct=True),
    )
    op.create_table(
        "python_requirements_lock",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_python_requirements_lock")),
        sa.UniqueConstraint(
            "digest", name=op.f("uq_python_requirements_lock_digest"), postgresql_nulls_not_distinct=True
        ),
    )
    op.create_table(
        "rpm_package_version",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("package_name", sa.Text(collation="C"), nullable=False),
        sa.Column("package_version", sa.Text(collation="C"), nullable=False),
        sa.Column("release", sa.Text(collation="C"), nullable=True),
        sa.Column("epoch", sa.Text(collation="C"), nullable=True),
        sa.Column("arch", sa.Text(collation="C"), nullable=True),
        sa.Column("src", sa.Boolean(), nullable=False),
        sa.Column("package_identifier", sa.Text(collation="C"), nullable=False),
        sa.Column("rpm_requirements", sa.ARRAY(sa.Text(collation="C"), dimensions=1), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rpm_package_version")),
        sa.UniqueConstraint("digest", name=op.f("uq_rpm_package_version_digest"), postgresql_nulls_not_distinct=True),
    )
    op.create_index(
        op.f("ix_rpm_package_version_package_name_package_version"),
        "rpm_package_version",
        ["package_name", "package_version"],
        unique=False,
    )
    op.create_table(
        "software_environment",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("environment_name", sa.Text(collation="C"), nullable=True),
        sa.Column("environment_type", sa.Text(collation="C"), nullable=False),
        sa.Column("is_external", sa.Boolean(), nullable=False),
        sa.Column("os_name", sa.Text(collation="C"), nullable=True),
        sa.Column("os_version", sa.Text(collation="C"), nullable=True),
        sa.Column("python_version", sa.Text(collation="C"), nullable=True),
        sa.Column("cuda_version", sa.Text(collation="C"), nullable=True),
        sa.Column("cudnn_version", sa.Text(collation="C"), nullable=True),
        sa.Column("mkl_version", sa.Text(collation="C"), nullable=True),
        sa.Column("openblas_version", sa.Text(collation="C"), nullable=True),
        sa.Column("openmpi_version", sa.Text(collation="C"), nullable=True),
        sa.Column("base_image", sa.Text(collation="C"), nullable=True),
        sa.Column("platform", sa.Text(collation="C"), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_software_environment")),
        sa.UniqueConstraint("digest", name=op.f("uq_software_environment_digest"), postgresql_nulls_not_distinct=True),
    )
    op.create_index(
        op.f("ix_software_environment_environment_name"), "software_environment", ["environment_name"], unique=False
    )
    op.create_table(
        "versioned_symbol",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("library_name", sa.Text(collation="C"), nullable=False),
        sa.Column("symbol", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_versioned_symbol")),
        sa.UniqueConstraint(
            "library_name", "symbol", name=op.f("uq_versioned_symbol_library_name"), postgresql_nulls_not_distinct=True
        ),
    )
    op.create_table(
        "dependency_monkey_run",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("document_id", sa.Text(collation="C"), nullable=False),
        sa.Column("datetime", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration", sa.Integer(), nullable=True),
        sa.Column("dependency_monkey_name", sa.Text(collation="C"), nullable=True),
        sa.Column("dependency_monkey_version", sa.Text(collation="C"), nullable=True),
        sa.Column("debug", sa.Boolean(), nullable=False),
        sa.Column("dependency_monkey_error", sa.Boolean(), nullable=False),
        sa.Column("error_message", sa.Text(collation="C"), nullable=True),
        sa.Column("seed", sa.BigInteger(), nullable=True),
        sa.Column("decision", sa.Text(collation="C"), nullable=True),
        sa.Column("count", sa.Integer(), nullable=True),
        sa.Column("limit_latest_versions", sa.Integer(), nullable=True),
        sa.Column("skipped", sa.Integer(), nullable=True),
        sa.Column("python_requirements_id", sa.Integer(), nullable=True),
        sa.Column("run_software_environment_id", sa.Integer(), nullable=True),
        sa.Column("build_software_environment_id", sa.Integer(), nullable=True),
        sa.Column("hardware_information_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["build_software_environment_id"],
            ["software_environment.id"],
            name=op.f("fk_dependency_monkey_run_build_software_environment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["hardware_information_id"],
            ["hardware_information.id"],
            name=op.f("fk_dependency_monkey_run_hardware_information_id"),
        ),
        sa.ForeignKeyConstraint(
            ["python_requirements_id"],
            ["python_requirements.id"],
            name=op.f("fk_dependency_monkey_run_python_requirements_id"),
        ),
        sa.ForeignKeyConstraint(
            ["run_software_environment_id"],
            ["software_environment.id"],
            name=op.f("fk_dependency_monkey_run_run_software_environment_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dependency_monkey_run")),
        sa.UniqueConstraint(
            "document_id", name=op.f("uq_dependency_monkey_run_document_id"), postgresql_nulls_not_distinct=True
        ),
    )
    op.create_index(
        op.f("ix_dependency_monkey_run_build_software_environment_id"),
        "dependency_monkey_run",
        ["build_software_environment_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_dependency_monkey_run_hardware_information_id"),
        "dependency_monkey_run",
        ["hardware_information_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_dependency_monkey_run_python_requirements_id"),
        "dependency_monkey_run",
        ["python_requirements_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_dependency_monkey_run_run_software_environment_id"),
        "dependency_monkey_run",
        ["run_software_environment_id"],
        unique=False,
    )
    op.create_table(
        "locked_python_package",
        sa.Column("python_requirements_lock_id", sa.Integer(), nullable=False),
        sa.Column("package_number", sa.Integer(), nullable=False),
        sa.Column("python_release_id", sa.Integer(), nullable=False),
        sa.Column("python_package_index_id", sa.Integer(), nullable=True),
        sa.Column("develop", sa.Boolean(), nullable=False),
        sa.Column("extras", sa.ARRAY(sa.Text(collation="C"), dimensions=1), nullable=False),
        sa.Column("marker", sa.Text(collation="C"), nullable=True),
        sa.Column("hashes", sa.ARRAY(sa.Text(collation="C"), dimensions=1), nullable=False),
        sa.Column("other_fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["python_package_index_id"],
            ["python_package_index.id"],
            name=op.f("fk_locked_python_package_python_package_index_id"),
        ),
        sa.ForeignKeyConstraint(
            ["python_release_id"], ["python_release.id"], name=op.f("fk_locked_python_package_python_release_id")
        ),
        sa.ForeignKeyConstraint(
            ["python_requirements_lock_id"],
            ["python_requirements_lock.id"],
            name=op.f("fk_locked_python_package_python_requirements_lock_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("python_requirements_lock_id", "package_number", name=op.f("pk_locked_python_package")),
    )
    op.create_index(
        op.f("ix_locked_python_package_python_package_index_id"),
        "locked_python_package",
        ["python_package_index_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_locked_python_package_python_release_id"), "locked_python_package", ["python_release_id"], unique=False
    )
    op.create_table(
        "package_analyzer_run",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("document_id", sa.Text(collation="C"), nullable=False),
        sa.Column("datetime", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration", sa.Integer(), nullable=True),
        sa.Column("package_analyzer_name", sa.Text(collation="C"), nullable=True),
        sa.Column("package_analyzer_version", sa.Text(collation="C"), nullable=True),
        sa.Column("debug", sa.Boolean(), nullable=False),
        sa.Column("package_analyzer_error", sa.Boolean(), nullable=False),
        sa.Column("error_message", sa.Text(collation="C"), nullable=True),
        sa.Column("python_release_id", sa.Integer(), nullable=False),
        sa.Column("python_package_index_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["python_package_index_id"],
            ["python_package_index.id"],
            name=op.f("fk_package_analyzer_run_python_package_index_id"),
        ),
        sa.ForeignKeyConstraint(
            ["python_release_id"], ["python_release.id"], name=op.f("fk_package_analyzer_run_python_release_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_package_analyzer_run")),
        sa.UniqueConstraint(
            "document_id", name=op.f("uq_package_analyzer_run_document_id"), postgresql_nulls_not_distinct=True
        ),
    )
    op.create_index(
        op.f("ix_package_analyzer_run_python_release_id"), "package_analyzer_run", ["python_release_id"], unique=False
    )
    op.create_table(
        "package_extract_run",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("document_id", sa.Text(collation="C"), nullable=False),
        sa.Column("datetime", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration", sa.Integer(), nullable=True),
        sa.Column("package_extract_name", sa.Text(collation="C"), nullable=True),
        sa.Column("package_extract_version", sa.Text(collation="C"), nullable=True),
        sa.Column("debug", sa.Boolean(), nullable=False),
        sa.Column("origin", sa.Text(collation="C"), nullable=True),
        sa.Column("software_environment_id", sa.Integer(), nullable=False),
        sa.Column("image_name", sa.Text(collation="C"), nullable=False),
        sa.Column("image_tag", sa.Text(collation="C"), nullable=False),
        sa.Column("layers", sa.ARRAY(sa.Text(collation="C"), dimensions=1), nullable=False),
        sa.Column("image_size", sa.BigInteger(), nullable=True),
        sa.Column("os_id", sa.Text(collation="C"), nullable=True),
        sa.Column("os_version_id", sa.Text(collation="C"), nullable=True),
        sa.Column("thoth_image_name", sa.Text(collation="C"), nullable=True),
        sa.Column("thoth_image_version", sa.Text(collation="C"), nullable=True),
        sa.Column("env_image_name", sa.Text(collation="C"), nullable=True),
        sa.Column("env_image_tag", sa.Text(collation="C"), nullable=True),
        sa.ForeignKeyConstraint(
            ["software_environment_id"],
            ["software_environment.id"],
            name=op.f("fk_package_extract_run_software_environment_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_package_extract_run")),
        sa.UniqueConstraint(
            "document_id", name=op.f("uq_package_extract_run_document_id"), postgresql_nulls_not_distinct=True
        ),
    )
    op.create_index(
        op.f("ix_package_extract_run_software_environment_id_datetime"),
        "package_extract_run",
        ["software_environment_id", "datetime"],
        unique=False,
    )
    op.create_table(
        "python_requirement",
        sa.Column("python_requirements_id", sa.Integer(), nullable=False),
        sa.Column("requirement_number", sa.Integer(), nullable=False),
        sa.Column("package_name", sa.Text(collation="C"), nullable=False),
        sa.Column("specifier", sa.Text(collation="C"), nullable=False),
        sa.Column("extras", sa.ARRAY(sa.Text(collation="C"), dimensions=1), nullable=False),
        sa.Column("marker", sa.Text(collation="C"), nullable=True),
        sa.Column("develop", sa.Boolean(), nullable=False),
        sa.Column("python_package_index_id", sa.Integer(), nullable=True),
        sa.Column("other_fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["python_package_index_id"],
            ["python_package_index.id"],
            name=op.f("fk_python_requirement_python_package_index_id"),
        ),
        sa.ForeignKeyConstraint(
            ["python_requirements_id"],
            ["python_requirements.id"],
            name=op.f("fk_python_requirement_python_requirements_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("python_requirements_id", "requirement_number", name=op.f("pk_python_requirement")),
    )
    op.create_index(op.f("ix_python_requirement_package_name"), "python_requirement", ["package_name"], unique=False)
    op.create_index(
        op.f("ix_python_requirement_python_package_index_id"),
        "python_requirement",
        ["python_package_index_id"],
        unique=False,
    )
    op.create_table(
        "python_software_stack",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("software_stack_type", sa.Text(collation="C"), nullable=False),
        sa.Column("python_requirements_id", sa.Integer(), nullable=True),
        sa.Column("python_requirements_lock_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["python_requirements_id"],
            ["python_requirements.id"],
            name=op.f("fk_python_software_stack_python_requirements_id"),
        ),
        sa.ForeignKeyConstraint(
            ["python_requirements_lock_id"],
            ["python_requirements_lock.id"],
            name=op.f("fk_python_software_stack_python_requirements_lock_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_python_software_stack")),
        sa.UniqueConstraint(
            "software_stack_type",
            "python_requirements_id",
            "python_requirements_lock_id",
            name=op.f("uq_python_software_stack_software_stack_type"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        op.f("ix_python_software_stack_python_requirements_id"),
        "python_software_stack",
        ["python_requirements_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_python_software_stack_python_requirements_lock_id"),
        "python_software_stack",
        ["python_requirements_lock_id"],
        unique=False,
    )
    op.create_table(
        "adviser_run",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("document_id", sa.Text(collation="C"), nullable=False),
        sa.Column("datetime", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration", sa.Integer(), nullable=True),
        sa.Column("adviser_name", sa.Text(collation="C"), nullable=True),
        sa.Column("adviser_version", sa.Text(collation="C"), nullable=True),
        sa.Column("debug", sa.Boolean(), nullable=False),
        sa.Column("origin", sa.Text(collation="C"), nullable=True),
        sa.Column("source_type", sa.Text(collation="C"), nullable=True),
        sa.Column("is_s2i", sa.Boolean(), nullable=True),
        sa.Column("re_run_adviser_document_id", sa.Text(collation="C"), nullable=True),
        sa.Column("adviser_error", sa.Boolean(), nullable=False),
        sa.Column("error_message", sa.Text(collation="C"), nullable=True),
        sa.Column("additional_stack_info", sa.Boolean(), nullable=False),
        sa.Column("advised_configuration_changes", sa.Boolean(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=True),
        sa.Column("stack_limit", sa.Integer(), nullable=True),
        sa.Column("limit_latest_versions", sa.Integer(), nullable=True),
        sa.Column("recommendation_type", sa.Text(collation="C"), nullable=True),
        sa.Column("requirements_format", sa.Text(collation="C"), nullable=True),
        sa.Column("unresolved", sa.ARRAY(sa.Text(collation="C"), dimensions=1), nullable=False),
        sa.Column("python_software_stack_id", sa.Integer(), nullable=True),
        sa.Column("software_environment_id", sa.Integer(), nullable=True),
        sa.Column("hardware_information_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["hardware_information_id"],
            ["hardware_information.id"],
            name=op.f("fk_adviser_run_hardware_information_id"),
        ),
        sa.ForeignKeyConstraint(
            ["python_software_stack_id"],
            ["python_software_stack.id"],
            name=op.f("fk_adviser_run_python_software_stack_id"),
        ),
        sa.ForeignKeyConstraint(
            ["software_environment_id"],
            ["software_environment.id"],
            name=op.f("fk_adviser_run_software_environment_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adviser_run")),
        sa.UniqueConstraint("document_id", name=op.f("uq_adviser_run_document_id"), postgresql_nulls_not_distinct=True),
    )
    op.create_index(
        op.f("ix_adviser_run_hardware_information_id"), "adviser_run", ["hardware_information_id"], unique=False
    )
    op.create_index(
        op.f("ix_adviser_run_python_software_stack_id"), "adviser_run", ["python_software_stack_id"], unique=False
    )
    op.create_index(
        op.f("ix_adviser_run_re_run_adviser_document_id"), "adviser_run", ["re_run_adviser_document_id"], unique=False
    )
    op.create_index(
        op.f("ix_adviser_run_software_environment_id"), "adviser_run", ["software_environment_id"], unique=False
    )
    op.create_table(
        "detected_symbol",
        sa.Column("package_extract_run_id", sa.Integer(), nullable=False),
        sa.Column("versioned_symbol_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["package_extract_run_id"],
            ["package_extract_run.id"],
            name=op.f("fk_detected_symbol_package_extract_run_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["versioned_symbol_id"], ["versioned_symbol.id"], name=op.f("fk_detected_symbol_versioned_symbol_id")
        ),
        sa.PrimaryKeyConstraint("package_extract_run_id", "versioned_symbol_id", name=op.f("pk_detected_symbol")),
    )
    op.create_index(
        op.f("ix_detected_symbol_versioned_symbol_id"), "detected_symbol", ["versioned_symbol_id"], unique=False
    )
    op.create_table(
        "found_deb",
        sa.Column("package_extract_run_id", sa.Integer(), nullable=False),
        sa.Column("deb_package_version_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deb_package_version_id"], ["deb_package_version.id"], name=op.f("fk_found_deb_deb_package_version_id")
        ),
        sa.ForeignKeyConstraint(
            ["package_extract_run_id"],
            ["package_extract_run.id"],
            name=op.f("fk_found_deb_package_extract_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("package_extract_run_id", "deb_package_version_id", name=op.f("pk_found_deb")),
    )
    op.create_index(op.f("ix_found_deb_deb_package_version_id"), "found_deb", ["deb_package_version_id"], unique=False)
    op.create_table(
        "found_python_file",
        sa.Column("package_extract_run_id", sa.Integer(), nullable=False),
        sa.Column("python_file_digest_id", sa.Integer(), nullable=False),
        sa.Column("files", sa.ARRAY(sa.Text(collation="C"), dimensions=1), nullable=False),
        sa.ForeignKeyConstraint(
            ["package_extract_run_id"],
            ["package_extract_run.id"],
            name=op.f("fk_found_python_file_package_extract_run_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["python_file_digest_id"],
            ["python_file_digest.id"],
            name=op.f("fk_found_python_file_python_file_digest_id"),
        ),
        sa.PrimaryKeyConstraint("package_extract_run_id", "python_file_digest_id", name=op.f("pk_found_python_file")),
    )
    op.create_index(
        op.f("ix_found_python_file_python_file_digest_id"), "found_python_file", ["python_file_digest_id"], unique=False
    )
    op.create_table(
        "found_python_interpreter",
        sa.Column("package_extract_run_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.Column("link", sa.Text(collation="C"), nullable=True),
        sa.Column("version", sa.Text(collation="C"), nullable=True),
        sa.ForeignKeyConstraint(
            ["package_extract_run_id"],
            ["package_extract_run.id"],
            name=op.f("fk_found_python_interpreter_package_extract_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("package_extract_run_id", "path", name=op.f("pk_found_python_interpreter")),
    )
    op.create_table(
        "found_rpm",
        sa.Column("package_extract_run_id", sa.Integer(), nullable=False),
        sa.Column("rpm_package_version_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["package_extract_run_id"],
            ["package_extract_run.id"],
            name=op.f("fk_found_rpm_package_extract_run_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["rpm_package_version_id"], ["rpm_package_version.id"], name=op.f("fk_found_rpm_rpm_package_version_id")
        ),
        sa.PrimaryKeyConstraint("package_extract_run_id", "rpm_package_version_id", name=op.f("pk_found_rpm")),
    )
    op.create_index(op.f("ix_found_rpm_rpm_package_version_id"), "found_rpm", ["rpm_package_version_id"], unique=False)
    op.create_table(
        "identified_python_package",
        sa.Column("package_extract_run_id", sa.Integer(), nullable=False),
        sa.Column("python_release_id", sa.Integer(), nullable=False),
        sa.Column("locations", sa.ARRAY(sa.Text(collation="C"), dimensions=1), nullable=False),
        sa.ForeignKeyConstraint(
            ["package_extract_run_id"],
            ["package_extract_run.id"],
            name=op.f("fk_identified_python_package_package_extract_run_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["python_release_id"], ["python_release.id"], name=op.f("fk_identified_python_package_python_release_id")
        ),
        sa.PrimaryKeyConstraint(
            "package_extract_run_id", "python_release_id", name=op.f("pk_identified_python_package")
        ),
    )
    op.create_index(
        op.f("ix_identified_python_package_python_release_id"),
        "identified_python_package",
        ["python_release_id"],
        unique=False,
    )
    op.create_table(
        "included_file",
        sa.Column("package_analyzer_run_id", sa.Integer(), nullable=False),
        sa.Column("python_artifact_id", sa.Integer(), nullable=False),
        sa.Column("python_file_digest_id", sa.Integer(), nullable=False),
        sa.Column("files", sa.ARRAY(sa.Text(collation="C"), dimensions=1), nullable=False),
        sa.ForeignKeyConstraint(
            ["package_analyzer_run_id"],
            ["package_analyzer_run.id"],
            name=op.f("fk_included_file_package_analyzer_run_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["python_artifact_id"], ["python_artifact.id"], name=op.f("fk_included_file_python_artifact_id")
        ),
        sa.ForeignKeyConstraint(
            ["python_file_digest_id"], ["python_file_digest.id"], name=op.f("fk_included_file_python_file_digest_id")
        ),
        sa.PrimaryKeyConstraint(
            "package_analyzer_run_id", "python_artifact_id", "python_file_digest_id", name=op.f("pk_included_file")
        ),
    )
    op.create_index(op.f("ix_included_file_python_artifact_id"), "included_file", ["python_artifact_id"], unique=False)
    op.create_index(
        op.f("ix_included_file_python_file_digest_id"), "included_file", ["python_file_digest_id"], unique=False
    )
    op.create_table(
        "investigated_artifact",
        sa.Column("package_analyzer_run_id", sa.Integer(), nullable=False),
        sa.Column("python_artifact_id", sa.Integer(), nullable=False),
        sa.Column("artifact_name", sa.Text(collation="C"), nullable=True),
        sa.ForeignKeyConstraint(
            ["package_analyzer_run_id"],
            ["package_analyzer_run.id"],
            name=op.f("fk_investigated_artifact_package_analyzer_run_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["python_artifact_id"], ["python_artifact.id"], name=op.f("fk_investigated_artifact_python_artifact_id")
        ),
        sa.PrimaryKeyConstraint("package_analyzer_run_id", "python_artifact_id", name=op.f("pk_investigated_artifact")),
    )
    op.create_index(
        op.f("ix_investigated_artifact_python_artifact_id"),
        "investigated_artifact",
        ["python_artifact_id"],
        unique=False,
    )
    op.create_table(
        "provenance_checker_run",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("document_id", sa.Text(collation="C"), nullable=False),
        sa.Column("datetime", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration", sa.Integer(), nullable=True),
        sa.Column("provenance_checker_name", sa.Text(collation="C"), nullable=True),
        sa.Column("provenance_checker_version", sa.Text(collation="C"), nullable=True),
        sa.Column("debug", sa.Boolean(), nullable=False),
        sa.Column("origin", sa.Text(collation="C"), nullable=True),
        sa.Column("provenance_checker_error", sa.Boolean(), nullable=False),
        sa.Column("error_message", sa.Text(collation="C"), nullable=True),
        sa.Column("python_software_stack_id", sa.Integer(), nullable=True),
        sa.Column("software_environment_id", sa.Integer(), nullable=True),
        sa.Column("hardware_information_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["hardware_information_id"],
            ["hardware_information.id"],
            name=op.f("fk_provenance_checker_run_hardware_information_id"),
        ),
        sa.ForeignKeyConstraint(
            ["python_software_stack_id"],
            ["python_software_stack.id"],
            name=op.f("fk_provenance_checker_run_python_software_stack_id"),
        ),
        sa.ForeignKeyConstraint(
            ["software_environment_id"],
            ["software_environment.id"],
            name=op.f("fk_provenance_checker_run_software_environment_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provenance_checker_run")),
        sa.UniqueConstraint(
            "document_id", name=op.f("uq_provenance_checker_run_document_id"), postgresql_nulls_not_distinct=True
        ),
    )
    op.create_index(
        op.f("ix_provenance_checker_run_hardware_information_id"),
        "provenance_checker_run",
        ["hardware_information_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_provenance_checker_run_python_software_stack_id"),
        "provenance_checker_run",
        ["python_software_stack_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_provenance_checker_run_software_environment_id"),
        "provenance_checker_run",
        ["software_environment_id"],
        unique=False,
    )
    op.create_table(
        "requested_inspection",
        sa.Column("dependency_monkey_run_id", sa.Integer(), nullable=False),
        sa.Column("inspection_document_id", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["dependency_monkey_run_id"],
            ["dependency_monkey_run.id"],
            name=op.f("fk_requested_inspection_dependency_monkey_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "dependency_monkey_run_id", "inspection_document_id", name=op.f("pk_requested_inspection")
        ),
    )
    op.create_index(
        op.f("ix_requested_inspection_inspection_document_id"),
        "requested_inspection",
        ["inspection_document_id"],
        unique=False,
    )
    op.create_table(
        "requires_symbol",
        sa.Column("package_analyzer_run_id", sa.Integer(), nullable=False),
        sa.Column("python_artifact_id", sa.Integer(), nullable=False),
        sa.Column("versioned_symbol_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["package_analyzer_run_id"],
            ["package_analyzer_run.id"],
            name=op.f("fk_requires_symbol_package_analyzer_run_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["python_artifact_id"], ["python_artifact.id"], name=op.f("fk_requires_symbol_python_artifact_id")
        ),
        sa.ForeignKeyConstraint(
            ["versioned_symbol_id"], ["versioned_symbol.id"], name=op.f("fk_requires_symbol_versioned_symbol_id")
        ),
        sa.PrimaryKeyConstraint(
            "package_analyzer_run_id", "python_artifact_id", "versioned_symbol_id", name=op.f("pk_requires_symbol")
        ),
    )
    op.create_index(
        op.f("ix_requires_symbol_python_artifact_id"), "requires_symbol", ["python_artifact_id"], unique=False
    )
    op.create_index(
        op.f("ix_requires_symbol_versioned_symbol_id"), "requires_symbol", ["versioned_symbol_id"], unique=False
    )
    op.create_table(
        "advised",
        sa.Column("adviser_run_id", sa.Integer(), nullable=False),
        sa.Column("product_number", sa.Integer(), nullable=False),
        sa.Column("python_software_stack_id", sa.Integer(), nullable=False),
        sa.Column("overall_score", sa.Double(), nullable=True),
        sa.Column("performance_score", sa.Double(), nullable=True),
        sa.Column("justification", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["adviser_run_id"], ["adviser_run.id"], name=op.f("fk_advised_adviser_run_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["python_software_stack_id"], ["python_software_stack.id"], name=op.f("fk_advised_python_software_stack_id")
        ),
        sa.PrimaryKeyConstraint("adviser_run_id", "product_number", name=op.f("pk_advised")),
    )
    op.create_index(op.f("ix_advised_python_software_stack_id"), "advised", ["python_software_stack_id"], unique=False)
    op.create_table(
        "pi_conv1d",
        sa.Column("device", sa.Text(collation="C"), nullable=False),
        sa.Column("dtype", sa.Text(collation="C"), nullable=False),
        sa.Column("data_format", sa.Text(collation="C"), nullable=False),
        sa.Column("reps", sa.Integer(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("input_width", sa.Integer(), nullable=False),
        sa.Column("input_channels", sa.Integer(), nullable=False),
        sa.Column("filter_width", sa.Integer(), nullable=False),
        sa.Column("output_channels", sa.Integer(), nullable=False),
        sa.Column("strides", sa.Integer(), nullable=False),
        sa.Column("padding", sa.Text(collation="C"), nullable=False),
        sa.Column("rate", sa.Double(), nullable=False),
        sa.Column("elapsed", sa.Double(), nullable=False),
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("framework", sa.Text(collation="C"), nullable=True),
        sa.Column("origin", sa.Text(collation="C"), nullable=True),
        sa.Column("version", sa.Text(collation="C"), nullable=True),
        sa.Column("overall_score", sa.Double(), nullable=True),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        sa.Column("ru_utime", sa.Double(), nullable=True),
        sa.Column("ru_stime", sa.Double(), nullable=True),
        sa.Column("ru_maxrss", sa.BigInteger(), nullable=True),
        sa.Column("ru_ixrss", sa.BigInteger(), nullable=True),
        sa.Column("ru_idrss", sa.BigInteger(), nullable=True),
        sa.Column("ru_isrss", sa.BigInteger(), nullable=True),
        sa.Column("ru_minflt", sa.BigInteger(), nullable=True),
        sa.Column("ru_majflt", sa.BigInteger(), nullable=True),
        sa.Column("ru_nswap", sa.BigInteger(), nullable=True),
        sa.Column("ru_inblock", sa.BigInteger(), nullable=True),
        sa.Column("ru_oublock", sa.BigInteger(), nullable=True),
        sa.Column("ru_msgsnd", sa.BigInteger(), nullable=True),
        sa.Column("ru_msgrcv", sa.BigInteger(), nullable=True),
        sa.Column("ru_nsignals", sa.BigInteger(), nullable=True),
        sa.Column("ru_nvcsw", sa.BigInteger(), nullable=True),
        sa.Column("ru_nivcsw", sa.BigInteger(), nullable=True),
        sa.Column("other_parameters", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("other_results", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("inspection_run_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["inspection_run_id"],
            ["inspection_run.id"],
            name=op.f("fk_pi_conv1d_inspection_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pi_conv1d")),
        sa.UniqueConstraint("inspection_run_id", name=op.f("uq_pi_conv1d_inspection_run_id")),
    )
    op.create_table(
        "pi_conv2d",
        sa.Column("device", sa.Text(collation="C"), nullable=False),
        sa.Column("dtype", sa.Text(collation="C"), nullable=False),
        sa.Column("data_format", sa.Text(collation="C"), nullable=False),
        sa.Column("reps", sa.Integer(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("input_height", sa.Integer(), nullable=False),
        sa.Column("input_width", sa.Integer(), nullable=False),
        sa.Column("input_channels", sa.Integer(), nullable=False),
        sa.Column("filter_height", sa.Integer(), nullable=False),
        sa.Column("filter_width", sa.Integer(), nullable=False),
        sa.Column("output_channels", sa.Integer(), nullable=False),
        sa.Column("strides", sa.Integer(), nullable=False),
        sa.Column("padding", sa.Text(collation="C"), nullable=False),
        sa.Column("rate", sa.Double(), nullable=False),
        sa.Column("elapsed", sa.Double(), nullable=False),
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("framework", sa.Text(collation="C"), nullable=True),
        sa.Column("origin", sa.Text(collation="C"), nullable=True),
        sa.Column("version", sa.Text(collation="C"), nullable=True),
        sa.Column("overall_score", sa.Double(), nullable=True),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        sa.Column("ru_utime", sa.Double(), nullable=True),
        sa.Column("ru_stime", sa.Double(), nullable=True),
        sa.Column("ru_maxrss", sa.BigInteger(), nullable=True),
        sa.Column("ru_ixrss", sa.BigInteger(), nullable=True),
        sa.Column("ru_idrss", sa.BigInteger(), nullable=True),
        sa.Column("ru_isrss", sa.BigInteger(), nullable=True),
        sa.Column("ru_minflt", sa.BigInteger(), nullable=True),
        sa.Column("ru_majflt", sa.BigInteger(), nullable=True),
        sa.Column("ru_nswap", sa.BigInteger(), nullable=True),
        sa.Column("ru_inblock", sa.BigInteger(), nullable=True),
        sa.Column("ru_oublock", sa.BigInteger(), nullable=True),
        sa.Column("ru_msgsnd", sa.BigInteger(), nullable=True),
        sa.Column("ru_msgrcv", sa.BigInteger(), nullable=True),
        sa.Column("ru_nsignals", sa.BigInteger(), nullable=True),
        sa.Column("ru_nvcsw", sa.BigInteger(), nullable=True),
        sa.Column("ru_nivcsw", sa.BigInteger(), nullable=True),
        sa.Column("other_parameters", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("other_results", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("inspection_run_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["inspection_run_id"],
            ["inspection_run.id"],
            name=op.f("fk_pi_conv2d_inspection_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pi_conv2d")),
        sa.UniqueConstraint("inspection_run_id", name=op.f("uq_pi_conv2d_inspection_run_id")),
    )
    op.create_table(
        "pi_pybench",
        sa.Column("rounds", sa.Integer(), nullable=False),
        sa.Column("built_in_function_calls_average", sa.Double(), nullable=False),
        sa.Column("built_in_method_lookup_average", sa.Double(), nullable=False),
        sa.Column("compare_floats_average", sa.Double(), nullable=False),
        sa.Column("compare_floats_integers_average", sa.Double(), nullable=False),
        sa.Column("compare_integers_average", sa.Double(), nullable=False),
        sa.Column("compare_interned_strings_average", sa.Double(), nullable=False),
        sa.Column("compare_longs_average", sa.Double(), nullable=False),
        sa.Column("compare_strings_average", sa.Double(), nullable=False),
        sa.Column("compare_unicode_average", sa.Double(), nullable=False),
        sa.Column("concat_strings_average", sa.Double(), nullable=False),
        sa.Column("concat_unicode_average", sa.Double(), nullable=False),
        sa.Column("create_instances_average", sa.Double(), nullable=False),
        sa.Column("create_new_instances_average", sa.Double(), nullable=False),
        sa.Column("create_strings_with_concat_average", sa.Double(), nullable=False),
        sa.Column("create_unicode_with_concat_average", sa.Double(), nullable=False),
        sa.Column("dict_creation_average", sa.Double(), nullable=False),
        sa.Column("dict_with_float_keys_average", sa.Double(), nullable=False),
        sa.Column("dict_with_integer_keys_average", sa.Double(), nullable=False),
        sa.Column("dict_with_string_keys_average", sa.Double(), nullable=False),
        sa.Column("for_loops_average", sa.Double(), nullable=False),
        sa.Column("if_then_else_average", sa.Double(), nullable=False),
        sa.Column("list_slicing_average", sa.Double(), nullable=False),
        sa.Column("nested_for_loops_average", sa.Double(), nullable=False),
        sa.Column("normal_class_attribute_average", sa.Double(), nullable=False),
        sa.Column("normal_instance_attribute_average", sa.Double(), nullable=False),
        sa.Column("python_function_calls_average", sa.Double(), nullable=False),
        sa.Column("python_method_calls_average", sa.Double(), nullable=False),
        sa.Column("recursion_average", sa.Double(), nullable=False),
        sa.Column("second_import_average", sa.Double(), nullable=False),
        sa.Column("second_package_import_average", sa.Double(), nullable=False),
        sa.Column("second_submodule_import_average", sa.Double(), nullable=False),
        sa.Column("simple_complex_arithmetic_average", sa.Double(), nullable=False),
        sa.Column("simple_dict_manipulation_average", sa.Double(), nullable=False),
        sa.Column("simple_float_arithmetic_average", sa.Double(), nullable=False),
        sa.Column("simple_int_float_arithmetic_average", sa.Double(), nullable=False),
        sa.Column("simple_integer_arithmetic_average", sa.Double(), nullable=False),
        sa.Column("simple_list_manipulation_average", sa.Double(), nullable=False),
        sa.Column("simple_long_arithmetic_average", sa.Double(), nullable=False),
        sa.Column("small_lists_average", sa.Double(), nullable=False),
        sa.Column("small_tuples_average", sa.Double(), nullable=False),
        sa.Column("special_class_attribute_average", sa.Double(), nullable=False),
        sa.Column("special_instance_attribute_average", sa.Double(), nullable=False),
        sa.Column("string_mappings_average", sa.Double(), nullable=False),
        sa.Column("string_predicates_average", sa.Double(), nullable=False),
        sa.Column("string_slicing_average", sa.Double(), nullable=False),
        sa.Column("try_except_average", sa.Double(), nullable=False),
        sa.Column("try_raise_except_average", sa.Double(), nullable=False),
        sa.Column("tuple_slicing_average", sa.Double(), nullable=False),
        sa.Column("unicode_mappings_average", sa.Double(), nullable=False),
        sa.Column("unicode_predicates_average", sa.Double(), nullable=False),
        sa.Column("unicode_properties_average", sa.Double(), nullable=False),
        sa.Column("unicode_slicing_average", sa.Double(), nullable=False),
        sa.Column("totals_average", sa.Double(), nullable=False),
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("framework", sa.Text(collation="C"), nullable=True),
        sa.Column("origin", sa.Text(collation="C"), nullable=True),
        sa.Column("version", sa.Text(collation="C"), nullable=True),
        sa.Column("overall_score", sa.Double(), nullable=True),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        sa.Column("ru_utime", sa.Double(), nullable=True),
        sa.Column("ru_stime", sa.Double(), nullable=True),
        sa.Column("ru_maxrss", sa.BigInteger(), nullable=True),
        sa.Column("ru_ixrss", sa.BigInteger(), nullable=True),
        sa.Column("ru_idrss", sa.BigInteger(), nullable=True),
        sa.Column("ru_isrss", sa.BigInteger(), nullable=True),
        sa.Column("ru_minflt", sa.BigInteger(), nullable=True),
        sa.Column("ru_majflt", sa.BigInteger(), nullable=True),
        sa.Column("ru_nswap", sa.BigInteger(), nullable=True),
        sa.Column("ru_inblock", sa.BigInteger(), nullable=True),
        sa.Column("ru_oublock", sa.BigInteger(), nullable=True),
        sa.Column("ru_msgsnd", sa.BigInteger(), nullable=True),
        sa.Column("ru_msgrcv", sa.BigInteger(), nullable=True),
        sa.Column("ru_nsignals", sa.BigInteger(), nullable=True),
        sa.Column("ru_nvcsw", sa.BigInteger(), nullable=True),
        sa.Column("ru_nivcsw", sa.BigInteger(), nullable=True),
        sa.Column("other_parameters", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("other_results", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("inspection_run_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["inspection_run_id"],
            ["inspection_run.id"],
            name=op.f("fk_pi_pybench_inspection_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pi_pybench")),
        sa.UniqueConstraint("inspection_run_id", name=op.f("uq_pi_pybench_inspection_run_id")),
    )
    op.create_table(
        "provenance_report_entry",
        sa.Column("provenance_checker_run_id", sa.Integer(), nullable=False),
        sa.Column("entry_number", sa.Integer(), nullable=False),
        sa.Column("entry_type", sa.Text(collation="C"), nullable=True),
        sa.Column("entry_id", sa.Text(collation="C"), nullable=True),
        sa.Column("justification", sa.Text(collation="C"), nullable=True),
        sa.Column("python_release_id", sa.Integer(), nullable=True),
        sa.Column("python_package_index_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["provenance_checker_run_id"],
            ["provenance_checker_run.id"],
            name=op.f("fk_provenance_report_entry_provenance_checker_run_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["python_package_index_id"],
            ["python_package_index.id"],
            name=op.f("fk_provenance_report_entry_python_package_index_id"),
        ),
        sa.ForeignKeyConstraint(
            ["python_release_id"], ["python_release.id"], name=op.f("fk_provenance_report_entry_python_release_id")
        ),
        sa.PrimaryKeyConstraint("provenance_checker_run_id", "entry_number", name=op.f("pk_provenance_report_entry")),
    )
    op.create_index(
        op.f("ix_provenance_report_entry_python_release_id"),
        "provenance_report_entry",
        ["python_release_id"],
        unique=False,
    )
    op.add_column("inspection_run", sa.Column("datetime", sa.DateTime(timezone=True), nullable=True))
    op.add_column("inspection_run", sa.Column("amun_version", sa.Text(collation="C"), nullable=True))
    op.add_column("inspection_run", sa.Column("base_image", sa.Text(collation="C"), nullable=True))
    op.add_column("inspection_run", sa.Column("exit_code", sa.Integer(), nullable=True))
    op.add_column("inspection_run", sa.Column("build_requests_cpu", sa.Double(), nullable=True))
    op.add_column("inspection_run", sa.Column("build_requests_memory", sa.Double(), nullable=True))
    op.add_column("inspection_run", sa.Column("run_requests_cpu", sa.Double(), nullable=True))
    op.add_column("inspection_run", sa.Column("run_requests_memory", sa.Double(), nullable=True))
    op.add_column("inspection_run", sa.Column("python_software_stack_id", sa.Integer(), nullable=True))
    op.add_column("inspection_run", sa.Column("build_software_environment_id", sa.Integer(), nullable=True))
    op.add_column("inspection_run", sa.Column("run_software_environment_id", sa.Integer(), nullable=True))
    op.add_column("inspection_run", sa.Column("build_hardware_information_id", sa.Integer(), nullable=True))
    op.add_column("inspection_run", sa.Column("run_hardware_information_id", sa.Integer(), nullable=True))
    op.create_index(
        op.f("ix_inspection_run_build_hardware_information_id"),
        "inspection_run",
        ["build_hardware_information_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_inspection_run_build_software_environment_id"),
        "inspection_run",
        ["build_software_environment_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_inspection_run_python_software_stack_id"), "inspection_run", ["python_software_stack_id"], unique=False
    )
    op.create_index(
        op.f("ix_inspection_run_run_hardware_information_id"),
        "inspection_run",
        ["run_hardware_information_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_inspection_run_run_software_environment_id"),
        "inspection_run",
        ["run_software_environment_id"],
        unique=False,
    )
    op.create_foreign_key(
        op.f("fk_inspection_run_run_software_environment_id"),
        "inspection_run",
        "software_environment",
        ["run_software_environment_id"],
        ["id"],
    )
    op.create_foreign_key(
        op.f("fk_inspection_run_build_hardware_information_id"),
        "inspection_run",
        "hardware_information",
        ["build_hardware_information_id"],
        ["id"],
    )
    op.create_foreign_key(
        op.f("fk_inspection_run_run_hardware_information_id"),
        "inspection_run",
        "hardware_information",
        ["run_hardware_information_id"],
        ["id"],
    )
    op.create_foreign_key(
        op.f("fk_inspection_run_python_software_stack_id"),
        "inspection_run",
        "python_software_stack",
        ["python_software_stack_id"],
        ["id"],
    )
    op.create_foreign_key(
        op.f("fk_inspection_run_build_software_environment_id"),
        "inspection_run",
        "software_environment",
        ["build_software_environment_id"],
        ["id"],
    )
    op.add_column(
        "pi_matmul",
        sa.Column("other_parameters", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
    )
    op.add_column(
        "pi_matmul",
        sa.Column("other_results", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
    )
    op.alter_column("pi_matmul", "exit_code", existing_type=sa.INTEGER(), nullable=True)
    op.alter_column("pi_matmul", "ru_utime", existing_type=sa.DOUBLE_PRECISION(precision=53), nullable=True)
    op.alter_column("pi_matmul", "ru_stime", existing_type=sa.DOUBLE_PRECISION(precision=53), nullable=True)
    op.alter_column("pi_matmul", "ru_maxrss", existing_type=sa.INTEGER(), type_=sa.BigInteger(), nullable=True)
    op.alter_column("pi_matmul", "ru_ixrss", existing_type=sa.INTEGER(), type_=sa.BigInteger(), nullable=True)
    op.alter_column("pi_matmul", "ru_idrss", existing_type=sa.INTEGER(), type_=sa.BigInteger(), nullable=True)
    op.alter_column("pi_matmul", "ru_isrss", existing_type=sa.INTEGER(), type_=sa.BigInteger(), nullable=True)
    op.alter_column("pi_matmul", "ru_minflt", existing_type=sa.INTEGER(), type_=sa.BigInteger(), nullable=True)
    op.alter_column("pi_matmul", "ru_majflt", existing_type=sa.INTEGER(), type_=sa.BigInteger(), nullable=True)
    op.alter_column("pi_matmul", "ru_nswap", existing_type=sa.INTEGER(), type_=sa.BigInteger(), nullable=True)
    op.alter_column("pi_matmul", "ru_inblock", existing_type=sa.INTEGER(), type_=sa.BigInteger(), nullable=True)
    op.alter_column("pi_matmul", "ru_oublock", existing_type=sa.INTEGER(), type_=sa.BigInteger(), nullable=True)
    op.alter_column("pi_matmul", "ru_msgsnd", existing_type=sa.INTEGER(), type_=sa.BigInteger(), nullable=True)
    op.alter_column("pi_matmul", "ru_msgrcv", existing_type=sa.INTEGER(), type_=sa.BigInteger(), nullable=True)
    op.alter_column("pi_matmul", "ru_nsignals", existing_type=sa.INTEGER(), type_=sa.BigInteger(), nullable=True)
    op.alter_column("pi_matmul", "ru_nvcsw", existing_type=sa.INTEGER(), type_=sa.BigInteger(), nullable=True)
    op.alter_column("pi_matmul", "ru_nivcsw", existing_type=sa.INTEGER(), type_=sa.BigInteger(), nullable=True)


def downgrade() -> None:
    """Change it back."""
    op.alter_column("pi_matmul", "ru_nivcsw", existing_type=sa.BigInteger(), type_=sa.INTEGER(), nullable=False)
    op.alter_column("pi_matmul", "ru_nvcsw", existing_type=sa.BigInteger(), type_=sa.INTEGER(), nullable=False)
    op.alter_column("pi_matmul", "ru_nsignals", existing_type=sa.BigInteger(), type_=sa.INTEGER(), nullable=False)
    op.alter_column("pi_matmul", "ru_msgrcv", existing_type=sa.BigInteger(), type_=sa.INTEGER(), nullable=False)
    op.alter_column("pi_matmul", "ru_msgsnd", existing_type=sa.BigInteger(), type_=sa.INTEGER(), nullable=False)
    op.alter_column("pi_matmul", "ru_oublock", existing_type=sa.BigInteger(), type_=sa.INTEGER(), nullable=False)
    op.alter_column("pi_matmul", "ru_inblock", existing_type=sa.BigInteger(), type_=sa.INTEGER(), nullable=False)
    op.alter_column("pi_matmul", "ru_nswap", existing_type=sa.BigInteger(), type_=sa.INTEGER(), nullable=False)
    op.alter_column("pi_matmul", "ru_majflt", existing_type=sa.BigInteger(), type_=sa.INTEGER(), nullable=False)
    op.alter_column("pi_matmul", "ru_minflt", existing_type=sa.BigInteger(), type_=sa.INTEGER(), nullable=False)
    op.alter_column("pi_matmul", "ru_isrss", existing_type=sa.BigInteger(), type_=sa.INTEGER(), nullable=False)
    op.alter_column("pi_matmul", "ru_idrss", existing_type=sa.BigInteger(), type_=sa.INTEGER(), nullable=False)
    op.alter_column("pi_matmul", "ru_ixrss", existing_type=sa.BigInteger(), type_=sa.INTEGER(), nullable=False)
    op.alter_column("pi_matmul", "ru_maxrss", existing_type=sa.BigInteger(), type_=sa.INTEGER(), nullable=False)
    op.alter_column("pi_matmul", "ru_stime", existing_type=sa.DOUBLE_PRECISION(precision=53), nullable=False)
    op.alter_column("pi_matmul", "ru_utime", existing_type=sa.DOUBLE_PRECISION(precision=53), nullable=False)
    op.alter_column("pi_matmul", "exit_code", existing_type=sa.INTEGER(), nullable=False)
    op.drop_column("pi_matmul", "other_results")
    op.drop_column("pi_matmul", "other_parameters")
    op.drop_constraint(op.f("fk_inspection_run_build_software_environment_id"), "inspection_run", type_="foreignkey")
    op.drop_constraint(op.f("fk_inspection_run_python_software_stack_id"), "inspection_run", type_="foreignkey")
    op.drop_constraint(op.f("fk_inspection_run_run_hardware_information_id"), "inspection_run", type_="foreignkey")
    op.drop_constraint(op.f("fk_inspection_run_build_hardware_information_id"), "inspection_run", type_="foreignkey")
    op.drop_constraint(op.f("fk_inspection_run_run_software_environment_id"), "inspection_run", type_="foreignkey")
    op.drop_index(op.f("ix_inspection_run_run_software_environment_id"), table_name="inspection_run")
    op.drop_index(op.f("ix_inspection_run_run_hardware_information_id"), table_name="inspection_run")
    op.drop_index(op.f("ix_inspection_run_python_software_stack_id"), table_name="inspection_run")
    op.drop_index(op.f("ix_inspection_run_build_software_environment_id"), table_name="inspection_run")
    op.drop_index(op.f("ix_inspection_run_build_hardware_information_id"), table_name="inspection_run")
    op.drop_column("inspection_run", "run_hardware_information_id")
    op.drop_column("inspection_run", "build_hardware_information_id")
    op.drop_column("inspection_run", "run_software_environment_id")
    op.drop_column("inspection_run", "build_software_environment_id")
    op.drop_column("inspection_run", "python_software_stack_id")
    op.drop_column("inspection_run", "run_requests_memory")
    op.drop_column("inspection_run", "run_requests_cpu")
    op.drop_column("inspection_run", "build_requests_memory")
    op.drop_column("inspection_run", "build_requests_cpu")
    op.drop_column("inspection_run", "exit_code")
    op.drop_column("inspection_run", "base_image")
    op.drop_column("inspection_run", "amun_version")
    op.drop_column("inspection_run", "datetime")
    op.drop_index(op.f("ix_provenance_report_entry_python_release_id"), table_name="provenance_report_entry")
    op.drop_table("provenance_report_entry")
    op.drop_table("pi_pybench")
    op.drop_table("pi_conv2d")
    op.drop_table("pi_conv1d")
    op.drop_index(op.f("ix_advised_python_software_stack_id"), table_name="advised")
    op.drop_table("advised")
    op.drop_index(op.f("ix_requires_symbol_versioned_symbol_id"), table_name="requires_symbol")
    op.drop_index(op.f("ix_requires_symbol_python_artifact_id"), table_name="requires_symbol")
    op.drop_table("requires_symbol")
    op.drop_index(op.f("ix_requested_inspection_inspection_document_id"), table_name="requested_inspection")
    op.drop_table("requested_inspection")
    op.drop_index(op.f("ix_provenance_checker_run_software_environment_id"), table_name="provenance_checker_run")
    op.drop_index(op.f("ix_provenance_checker_run_python_software_stack_id"), table_name="provenance_checker_run")
    op.drop_index(op.f("ix_provenance_checker_run_hardware_information_id"), table_name="provenance_checker_run")
    op.drop_table("provenance_checker_run")
    op.drop_index(op.f("ix_investigated_artifact_python_artifact_id"), table_name="investigated_artifact")
    op.drop_table("investigated_artifact")
    op.drop_index(op.f("ix_included_file_python_file_digest_id"), table_name="included_file")
    op.drop_index(op.f("ix_included_file_python_artifact_id"), table_name="included_file")
    op.drop_table("included_file")
    op.drop_index(op.f("ix_identified_python_package_python_release_id"), table_name="identified_python_package")
    op.drop_table("identified_python_package")
    op.drop_index(op.f("ix_found_rpm_rpm_package_version_id"), table_name="found_rpm")
    op.drop_table("found_rpm")
    op.drop_table("found_python_interpreter")
    op.drop_index(op.f("ix_found_python_file_python_file_digest_id"), table_name="found_python_file")
    op.drop_table("found_python_file")
    op.drop_index(op.f("ix_found_deb_deb_package_version_id"), table_name="found_deb")
    op.drop_table("found_deb")
    op.drop_index(op.f("ix_detected_symbol_versioned_symbol_id"), table_name="detected_symbol")
    op.drop_table("detected_symbol")
    op.drop_index(op.f("ix_adviser_run_software_environment_id"), table_name="adviser_run")
    op.drop_index(op.f("ix_adviser_run_re_run_adviser_document_id"), table_name="adviser_run")
    op.drop_index(op.f("ix_adviser_run_python_software_stack_id"), table_name="adviser_run")
    op.drop_index(op.f("ix_adviser_run_hardware_information_id"), table_name="adviser_run")
    op.drop_table("adviser_run")
    op.drop_index(op.f("ix_python_software_stack_python_requirements_lock_id"), table_name="python_software_stack")
    op.drop_index(op.f("ix_python_software_stack_python_requirements_id"), table_name="python_software_stack")
    op.drop_table("python_software_stack")
    op.drop_index(op.f("ix_python_requirement_python_package_index_id"), table_name="python_requirement")
    op.drop_index(op.f("ix_python_requirement_package_name"), table_name="python_requirement")
    op.drop_table("python_requirement")
    op.drop_index(op.f("ix_package_extract_run_software_environment_id_datetime"), table_name="package_extract_run")
    op.drop_table("package_extract_run")
    op.drop_index(op.f("ix_package_analyzer_run_python_release_id"), table_name="package_analyzer_run")
    op.drop_table("package_analyzer_run")
    op.drop_index(op.f("ix_locked_python_package_python_release_id"), table_name="locked_python_package")
    op.drop_index(op.f("ix_locked_python_package_python_package_index_id"), table_name="locked_python_package")
    op.drop_table("locked_python_package")
    op.drop_index(op.f("ix_dependency_monkey_run_run_software_environment_id"), table_name="dependency_monkey_run")
    op.drop_index(op.f("ix_dependency_monkey_run_python_requirements_id"), table_name="dependency_monkey_run")
    op.drop_index(op.f("ix_dependency_monkey_run_hardware_information_id"), table_name="dependency_monkey_run")
    op.drop_index(op.f("ix_dependency_monkey_run_build_software_environment_id"), table_name="dependency_monkey_run")
    op.drop_table("dependency_monkey_run")
    op.drop_table("versioned_symbol")
    op.drop_index(op.f("ix_software_environment_environment_name"), table_name="software_environment")
    op.drop_table("software_environment")
    op.drop_index(op.f("ix_rpm_package_version_package_name_package_version"), table_name="rpm_package_version")
    op.drop_table("rpm_package_version")
    op.drop_table("python_requirements_lock")
    op.drop_table("python_requirements")
    op.drop_table("python_file_digest")
    op.drop_table("hardware_information")
    op.drop_index(op.f("ix_deb_package_version_package_name_package_version"), table_name="deb_package_version")
    op.drop_table("deb_package_version")
