"""GraphDatabase: the table of contents of ``queries`` and ``ingest``."""

from __future__ import annotations

import logging
from typing import Any

from ..config import LOG_STATS, KnowledgeGraphConfig
from ..exceptions import ThothStorageException
from ..normalize import (
    normalize_python_index_url,
    normalize_python_package_name,
    normalize_python_package_version,
    parse_python_solver_name,
)
from . import migrations, revisions
from .cached_dependents import CachedDependents
from .ingest import adviser as adviser_documents
from .ingest import analysis as analysis_documents
from .ingest import dependency_monkey as dependency_monkey_documents
from .ingest import indexes as index_registration
from .ingest import inspection as inspection_documents
from .ingest import package_analysis as package_analysis_documents
from .ingest import packages as announcements
from .ingest import provenance_checker as provenance_checker_documents
from .ingest import solver as solver_documents
from .ingest import solver_removal
from .ingest import vulnerabilities as advisories
from .queries import (
    advisers,
    artifacts,
    dependencies,
    dependency_monkey,
    documents,
    images,
    indexes,
    inspections,
    maintenance,
    packages,
    performance,
    provenance,
    requirements,
    solvers,
    vulnerabilities,
)
from .query_log import let_through
from .revisions import SchemaStatus
from .sql_base import exposed

_LOGGER = logging.getLogger(__name__)


class GraphDatabase(CachedDependents):
    """The knowledge graph in PostgreSQL, with a graph cache in front of it.

    Making one touches neither network nor files; `connect` does. It can be used from threads, and after a fork.
    """

    # Dependencies: cached_reads.py, cached_dependents.py, queries/dependencies.py, queries/closures.py,
    # queries/requirements.py
    get_depends_on_many = exposed(dependencies.get_depends_on_many)
    retrieve_dependent_packages = exposed(dependencies.retrieve_dependent_packages)
    get_python_environment_marker = exposed(dependencies.get_python_environment_marker, cached=True)
    get_python_requirements_many = exposed(requirements.get_python_requirements_many)

    # Packages: queries/packages.py, ingest/packages.py
    get_python_package_version_records_many = exposed(packages.get_python_package_version_records_many)
    python_package_exists = exposed(packages.python_package_exists, cached=True, keep=bool)
    python_package_version_exists = exposed(packages.python_package_version_exists, cached=True, keep=bool)
    get_all_versions_python_package = exposed(packages.get_all_versions_python_package)
    get_python_packages = exposed(packages.get_python_packages)
    get_python_packages_for_index = exposed(packages.get_python_packages_for_index)
    create_python_package_version_entity = exposed(announcements.create_python_package_version_entity, writes=True)
    create_python_package_version_entities = exposed(announcements.create_python_package_version_entities, writes=True)

    # Solvers: cached_reads.py, queries/solvers.py, ingest/solver.py, ingest/solver_removal.py
    has_python_solver_error_many = exposed(solvers.has_python_solver_error_many)
    retrieve_unsolved_python_packages = exposed(solvers.retrieve_unsolved_python_packages)
    retrieve_unsolved_python_packages_count = exposed(solvers.retrieve_unsolved_python_packages_count)
    retrieve_solved_python_packages = exposed(solvers.retrieve_solved_python_packages)
    retrieve_solved_python_packages_count = exposed(solvers.retrieve_solved_python_packages_count)
    retrieve_unsolvable_python_packages = exposed(solvers.retrieve_unsolvable_python_packages)
    retrieve_unparseable_python_packages = exposed(solvers.retrieve_unparseable_python_packages)
    retrieve_unsolvable_python_packages_per_run_software_environment = exposed(
        solvers.retrieve_unsolvable_python_packages_per_run_software_environment
    )
    get_all_python_packages_count = exposed(solvers.get_all_python_packages_count)
    get_error_python_packages_count = exposed(solvers.get_error_python_packages_count)
    get_solver_documents_count = exposed(solvers.get_solver_documents_count)
    solved_software_environment_exists = exposed(solvers.solved_software_environment_exists)
    sync_solver_result = exposed(
        solver_documents.sync_solver_result, writes=True, alone=solver_documents.is_one_statement
    )
    sync_solver_results = exposed(solver_documents.sync_solver_results, writes=True)
    delete_solver_result = exposed(solver_removal.delete_solver_result, writes=True)

    # Indexes: queries/indexes.py, ingest/indexes.py
    python_package_index_listing = exposed(indexes.python_package_index_listing)
    get_python_package_index_urls = exposed(indexes.get_python_package_index_urls)
    is_python_package_index_enabled = exposed(indexes.is_python_package_index_enabled)
    register_python_package_index = exposed(index_registration.register_python_package_index, writes=True)
    set_python_package_index_state = exposed(index_registration.set_python_package_index_state, writes=True)

    # Artifacts: queries/artifacts.py, ingest/package_analysis.py
    get_python_package_version_hashes_sha256 = exposed(artifacts.get_python_package_version_hashes_sha256)
    get_all_python_package_version_hashes_sha256 = exposed(artifacts.get_all_python_package_version_hashes_sha256)
    get_python_package_required_symbols = exposed(artifacts.get_python_package_required_symbols)
    retrieve_unanalyzed_python_package_versions = exposed(artifacts.retrieve_unanalyzed_python_package_versions)
    package_analysis_document_id_exist = exposed(artifacts.package_analysis_document_id_exist)
    package_analysis_document_ids_in = exposed(artifacts.package_analysis_document_ids_in)
    sync_package_analysis_result = exposed(package_analysis_documents.sync_package_analysis_result, writes=True)
    sync_package_analysis_facts = exposed(package_analysis_documents.sync_package_analysis_facts, writes=True)

    # Images: queries/images.py, ingest/analysis.py
    run_software_environment_listing = exposed(images.run_software_environment_listing)
    build_software_environment_listing = exposed(images.build_software_environment_listing)
    run_software_environment_analyses_listing = exposed(images.run_software_environment_analyses_listing)
    build_software_environment_analyses_listing = exposed(images.build_software_environment_analyses_listing)
    get_analysis_metadata = exposed(images.get_analysis_metadata)
    get_analyzer_documents_count = exposed(images.get_analyzer_documents_count)
    get_analyzed_image_symbols = exposed(images.get_analyzed_image_symbols)
    get_missing_symbols = exposed(images.get_missing_symbols)
    get_images_with_python_package = exposed(images.get_images_with_python_package)
    get_images_with_rpm_package = exposed(images.get_images_with_rpm_package)
    analysis_document_id_exist = exposed(images.analysis_document_id_exist)
    analysis_document_ids_in = exposed(images.analysis_document_ids_in)
    analysis_records_exist = exposed(images.analysis_records_exist)
    sync_analysis_result = exposed(analysis_documents.sync_analysis_result, writes=True)
    sync_analysis_facts = exposed(analysis_documents.sync_analysis_facts, writes=True)

    # Vulnerabilities: queries/vulnerabilities.py, ingest/vulnerabilities.py
    get_python_cve_records = exposed(vulnerabilities.get_python_cve_records, cached=True, keep=bool)
    get_python_cve_records_many = exposed(vulnerabilities.get_python_cve_records_many)
    create_python_cve_record = exposed(advisories.create_python_cve_record, writes=True)

    # Advisers: queries/advisers.py, ingest/adviser.py
    adviser_document_id_exist = exposed(advisers.adviser_document_id_exist)
    adviser_document_ids_in = exposed(advisers.adviser_document_ids_in)
    get_advised_stacks = exposed(advisers.get_advised_stacks)
    sync_adviser_result = exposed(adviser_documents.sync_adviser_result, writes=True)
    sync_adviser_facts = exposed(adviser_documents.sync_adviser_facts, writes=True)

    # Provenance: queries/provenance.py, ingest/provenance_checker.py
    provenance_checker_document_id_exist = exposed(provenance.provenance_checker_document_id_exist)
    provenance_checker_document_ids_in = exposed(provenance.provenance_checker_document_ids_in)
    sync_provenance_checker_result = exposed(provenance_checker_documents.sync_provenance_checker_result, writes=True)
    sync_provenance_checker_facts = exposed(provenance_checker_documents.sync_provenance_checker_facts, writes=True)

    # Dependency Monkey: queries/dependency_monkey.py, ingest/dependency_monkey.py
    dependency_monkey_document_id_exist = exposed(dependency_monkey.dependency_monkey_document_id_exist)
    dependency_monkey_document_ids_in = exposed(dependency_monkey.dependency_monkey_document_ids_in)
    requested_inspection_ids = exposed(dependency_monkey.requested_inspection_ids)
    sync_dependency_monkey_result = exposed(dependency_monkey_documents.sync_dependency_monkey_result, writes=True)
    sync_dependency_monkey_facts = exposed(dependency_monkey_documents.sync_dependency_monkey_facts, writes=True)

    # Inspections: queries/inspections.py, ingest/inspection.py
    inspection_document_id_exist = exposed(inspections.inspection_document_id_exist)
    inspection_document_ids_in = exposed(inspections.inspection_document_ids_in)
    inspection_results_in = exposed(inspections.inspection_results_in)
    sync_inspection_result = exposed(inspection_documents.sync_inspection_result, writes=True)
    sync_inspection_facts = exposed(inspection_documents.sync_inspection_facts, writes=True)

    # Performance indicators: queries/performance.py
    get_number_of_pi_records = exposed(performance.get_number_of_pi_records)
    get_all_pi_per_framework_count = exposed(performance.get_all_pi_per_framework_count)
    get_all_pi_count = exposed(performance.get_all_pi_count)
    get_performance_indicators = exposed(performance.get_performance_indicators)

    # Documents: queries/documents.py
    solver_document_id_exist = exposed(documents.solver_document_id_exist)
    solver_document_ids_in = exposed(documents.solver_document_ids_in)
    solver_records_exist = exposed(documents.solver_records_exist)

    # Maintenance: queries/maintenance.py
    get_table_sizes = exposed(maintenance.get_table_sizes)
    slow_queries = exposed(maintenance.slow_queries)

    normalize_python_package_name = staticmethod(normalize_python_package_name)
    normalize_python_package_version = staticmethod(normalize_python_package_version)
    normalize_python_index_url = staticmethod(normalize_python_index_url)
    parse_python_solver_name = staticmethod(parse_python_solver_name)

    def initialize_schema(self) -> None:
        """Make the database when it is missing, and bring its schema to that of this release.

        Several processes may do so at once. An adapter that is not connected is connected then.

        Raises:
            NotConnected: the server cannot be reached, or refuses the user.

        """
        migrations.create_database(KnowledgeGraphConfig())
        if not self.is_connected():
            self.connect()
        migrations.upgrade(self.engine)
        self._forget()

    def drop_all(self) -> None:
        """Remove the schema with everything in it, so that nothing is left behind."""
        migrations.drop(self.engine)
        self._forget()

    def is_schema_up2date(self) -> bool:
        """Tell whether the database has the schema of this release.

        Raises:
            DatabaseNotInitialized: the database is empty.

        """
        return self.get_table_alembic_version_head() == self.get_script_alembic_version_head()

    def get_schema_status(self) -> SchemaStatus:
        """Return how the schema of the database stands to that of this release: which side is older.

        A service is ready to start when ``ready`` is true: the database has the schema of this release, or that of a
        newer one, as while a roll-out goes on. It costs one statement, and files are read.

        Returns:
            The revision of the ``database``, that of this ``release``, the ``pending`` ones, the ``state``.

        Raises:
            NotConnected: the server cannot be reached, or `connect` was not called.

        """
        return revisions.schema_status(self.engine)

    def get_script_alembic_version_head(self) -> str:
        """Return the revision of the schema that this release knows."""
        return revisions.head_revision()

    def get_table_alembic_version_head(self) -> str:
        """Return the revision of the schema that the database has.

        Raises:
            DatabaseNotInitialized: the database is empty.

        """
        return revisions.database_revision(self.engine)

    def stats(self) -> dict[str, Any]:
        """Return how much there is, and how often the caches had the answer.

        Returns:
            What `cache_stats` returns; ``tables`` (rows and bytes by table; empty when not connected); and, where calls
            are counted (see `count_calls`), ``calls`` (calls that asked the database, errors, retries, seconds,
            statements and rows by method).

        """
        stats = {**self.cache_stats(), "tables": self.get_table_sizes() if self.is_connected() else {}}
        return stats if self._counts is None else {**stats, "calls": self._counts.stats()}

    def cache_stats(self) -> dict[str, Any]:
        """Return how often the caches had the answer; the database is not asked.

        Returns:
            ``memory_cache`` (hits, misses and size by method) and ``graph_cache`` (see `GraphCache.stats`; empty when
            it was not opened).

        """
        return {
            "memory_cache": self._memory.stats(),
            "graph_cache": self._cache.stats() if self._cache is not None else {},
        }

    def disconnect(self) -> None:
        """Close all connections; nothing happens when there are none."""
        if (self.is_connected() or self._cache is not None) and LOG_STATS.read():
            self._log_stats()
        super().disconnect()

    def _log_stats(self) -> None:
        """Log statistics; without the tables when the database does not tell, as the adapter goes away all the same."""
        let_through(_LOGGER)
        try:
            stats = self.stats()
            _LOGGER.info("statistics: %s", stats, extra={"statistics": stats})
        except ThothStorageException as error:
            stats = self.cache_stats()
            _LOGGER.info("statistics: %s; the tables are not known: %s", stats, error, extra={"statistics": stats})

    def _forget(self) -> None:
        self._known_ids.clear()
        self.cache_clear()
        if self._standbys is not None:
            self._standbys.wrote()
