"""The doctor: each check finds a real fault on a real server, and nothing where there is none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateTable

from tests.conftest import ROOT
from tests.doctor.conftest import execute, fault
from tests.processes import becomes_true
from tests.stores.servers import Rclone
from thoth.storages import GraphCache, GraphDatabase
from thoth.storages.config import DATABASE
from thoth.storages.doctor import Finding, Status, examine
from thoth.storages.doctor.server import check_schema
from thoth.storages.doctor.tables import check_bloat, check_missing_indexes, check_unused_indexes
from thoth.storages.embedded import EmbeddedServer
from thoth.storages.graph.migrations import downgrade
from thoth.storages.graph.models_base import Base
from thoth.storages.graph.revisions import SchemaStatus

CHECKS = [
    "settings",
    "database",
    "server",
    "encoding",
    "extensions",
    "role",
    "connections",
    "schema",
    "bloat",
    "missing indexes",
    "unused indexes",
    "bucket",
    "cache file",
]


@pytest.fixture(scope="module")
def rclone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rclone]:
    """A server that speaks S3."""
    rclone = Rclone(tmp_path_factory.mktemp("rclone") / "buckets")
    try:
        rclone.start()
        yield rclone
    finally:
        rclone.kill()


ROWS = """
    INSERT INTO python_release (package_name, package_version) SELECT 'n' || n, '1' FROM generate_series(1, 12000) n
"""
# Without looking for rows that refer to them.
DELETE = "SET session_replication_role = replica; DELETE FROM python_release"
NO_ROWS = DELETE, "VACUUM python_release"
TOLD = "SELECT pg_stat_force_next_flush()"


def found(check: str) -> Finding:
    """Return what a check finds; those after it are not made."""
    return next(finding for finding in examine() if finding.check == check)


def asked(graph: GraphDatabase, check: Callable[[Connection], Finding]) -> Finding:
    """Return what a check of tables finds; those before it look through the whole schema."""
    with graph.snapshot() as connection:
        return check(connection)


@contextmanager
def role(name: str, options: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Let the environment name a new role."""
    execute(f"CREATE ROLE {name} LOGIN PASSWORD 'secret' {options}")
    try:
        with monkeypatch.context() as patch:
            patch.setenv("KNOWLEDGE_GRAPH_USER", name)
            patch.setenv("KNOWLEDGE_GRAPH_PASSWORD", "secret")
            yield name
    finally:
        execute(f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def test_a_deployment_that_is_well(doctored: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    extension = fault("CREATE EXTENSION pg_stat_statements", "DROP EXTENSION pg_stat_statements")
    with extension, role("service", "", monkeypatch):
        with doctored.session() as session:  # of the superuser
            session.execute(text("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO service"))
            session.execute(text("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO service"))
        findings = list(examine())
    assert [finding.check for finding in findings] == CHECKS
    assert [finding for finding in findings if finding.status is not Status.OK] == []
    assert {finding.advice for finding in findings} == {""}


class TestSettings:
    def test_all_that_cannot_be_read_are_told_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KNOWLEDGE_GRAPH_POOL_SIZE", "many")
        monkeypatch.setenv("THOTH_STORAGES_LOG_STATS", "perhaps")
        findings = {finding.check: finding for finding in examine()}
        assert findings["settings"].status is Status.ERROR
        assert "KNOWLEDGE_GRAPH_POOL_SIZE='many'" in findings["settings"].found
        assert "THOTH_STORAGES_LOG_STATS='perhaps'" in findings["settings"].found
        assert findings["database"].status is Status.ERROR
        assert findings["cache file"].status is Status.OK


class TestDatabase:
    def test_that_is_not_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(DATABASE.name, "no_such_database")
        finding = found("database")
        assert (finding.status, finding.advice) == (Status.ERROR, "thoth-storages schema upgrade"), finding.found

    def test_that_cannot_be_reached(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KNOWLEDGE_GRAPH_HOST", "127.0.0.1:1")
        monkeypatch.setenv("KNOWLEDGE_GRAPH_PASSWORD", "s3cret")
        finding = found("database")
        assert finding.status is Status.ERROR
        assert "127.0.0.1:1" in finding.found
        assert "s3cret" not in str(finding)

    def test_that_is_not_needed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KNOWLEDGE_GRAPH_HOST", "127.0.0.1:1")
        monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE_OFFLINE", "1")
        assert found("database").status is Status.OK

    def test_that_takes_no_writes(self, doctored: GraphDatabase) -> None:
        done = "ALTER DATABASE thoth SET default_transaction_read_only = on"
        undone = "SET default_transaction_read_only = off", "ALTER DATABASE thoth RESET default_transaction_read_only"
        with fault(done, *undone):
            finding = found("server")
        assert finding.status is Status.WARNING
        assert finding.found.endswith("read-only")

    def test_of_an_encoding_that_holds_few_characters(
        self, own_server: EmbeddedServer, doctored: GraphDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with (
            fault(
                "CREATE DATABASE narrow ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0",
                "DROP DATABASE narrow WITH (FORCE)",
            ),
            monkeypatch.context() as patch,
        ):
            patch.setenv(DATABASE.name, "narrow")
            finding = found("encoding")
        assert (finding.status, finding.found) == (Status.ERROR, "LATIN1, collation C")
        assert "ENCODING 'UTF8'" in finding.advice

    def test_of_a_collation_that_changed(self, doctored: GraphDatabase) -> None:
        done = "UPDATE pg_database SET datcollversion = '2.17' WHERE datname = 'thoth'"
        with fault(done, "UPDATE pg_database SET datcollversion = NULL WHERE datname = 'thoth'"):
            finding = found("encoding")
        assert finding.status is Status.WARNING
        assert "version 2.17" in finding.found

    @pytest.mark.parametrize(
        ("is_own", "missing", "advice"),
        [(True, "is not created", "CREATE EXTENSION"), (False, "is not loaded", "shared_preload_libraries")],
    )
    def test_without_the_extension(
        self, is_own: bool, missing: str, advice: str, request: pytest.FixtureRequest
    ) -> None:
        request.getfixturevalue("doctored" if is_own else "graph")
        finding = found("extensions")
        assert finding.status is Status.WARNING
        assert missing in finding.found
        assert advice in finding.advice


class TestSchema:
    def test_behind(self, doctored: GraphDatabase) -> None:
        downgrade(doctored.engine, "0001")
        try:
            findings = {finding.check: finding for finding in examine()}
        finally:
            doctored.initialize_schema()
        assert findings["schema"].status is Status.ERROR
        assert findings["schema"].advice == "thoth-storages schema upgrade"
        assert "0001" in findings["schema"].found
        assert "missing indexes" not in findings

    def test_ahead(self) -> None:
        finding = check_schema(SchemaStatus("9999", "0002", known=False), [])
        assert finding.status is Status.WARNING

    def test_changed_by_hand(self, doctored: GraphDatabase) -> None:
        change = "ALTER TABLE python_release ALTER COLUMN package_version"
        with fault(f"{change} SET NOT NULL", f"{change} DROP NOT NULL"):
            finding = found("schema")
        assert finding.status is Status.ERROR
        assert "changed by hand: modify nullable: python_release, package_version" in finding.found

    def test_a_table_that_is_missing_is_told_once(self, doctored: GraphDatabase) -> None:
        execute("CREATE SCHEMA elsewhere")
        with fault(
            "ALTER TABLE cve SET SCHEMA elsewhere",
            "ALTER TABLE elsewhere.cve SET SCHEMA public",
            "DROP SCHEMA elsewhere",
        ):
            findings = {finding.check: finding for finding in examine()}
        assert (findings["schema"].status, findings["missing indexes"].status) == (Status.ERROR, Status.OK)
        assert "add table: cve" in findings["schema"].found

    def test_with_a_table_of_others(self, doctored: GraphDatabase) -> None:
        with fault("CREATE TABLE of_others (id int)", "DROP TABLE of_others"):
            finding = found("schema")
        assert finding.status is Status.WARNING
        assert "of_others" in finding.found


class TestRole:
    def test_superuser(self, doctored: GraphDatabase) -> None:
        assert found("role").status is Status.WARNING

    def test_that_may_not_read(self, doctored: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
        with role("stranger", "", monkeypatch):
            findings = {finding.check: finding for finding in examine()}
        assert findings["role"].status is Status.ERROR
        assert "no SELECT on advised, adviser_run" in findings["role"].found
        assert findings["role"].advice.startswith("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public")
        assert findings["schema"].status is Status.ERROR
        assert "permission denied" in findings["schema"].found

    def test_that_only_reads(self, doctored: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
        with role("reader", "IN ROLE pg_read_all_data", monkeypatch):
            finding = found("role")
        assert finding.status is Status.WARNING
        assert "no INSERT on " in finding.found
        assert "no USAGE on removals" in finding.found
        assert "SELECT" not in finding.found

    def test_that_may_not_call_a_function(self, doctored: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
        function = "FUNCTION sync_solver_documents"
        taken = fault(f"REVOKE EXECUTE ON {function} FROM PUBLIC", f"GRANT EXECUTE ON {function} TO PUBLIC")
        with taken, role("caller", "IN ROLE pg_read_all_data, pg_write_all_data", monkeypatch):
            finding = found("role")
        assert finding.status is Status.WARNING
        assert "no EXECUTE on sync_solver_documents" in finding.found
        assert finding.advice.endswith("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO caller")

    def test_that_sees_no_schema(self, doctored: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
        hidden = fault("REVOKE USAGE ON SCHEMA public FROM PUBLIC", "GRANT USAGE ON SCHEMA public TO PUBLIC")
        with hidden, role("outsider", "", monkeypatch):
            finding = found("role")
        assert finding == Finding(
            "role", Status.ERROR, "outsider sees no schema", "GRANT USAGE ON SCHEMA public TO outsider"
        )


class TestConnections:
    @pytest.mark.parametrize(("overflow", "status"), [("15", Status.OK), ("16", Status.ERROR)])
    def test_of_the_server(
        self,
        doctored: GraphDatabase,
        prepared: GraphDatabase,
        overflow: str,
        status: Status,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        doctored.engine.dispose()
        prepared.engine.dispose()
        monkeypatch.setenv("KNOWLEDGE_GRAPH_POOL_OVERFLOW", overflow)
        finding = found("connections")
        assert finding.status is status
        assert "the server lets 20 in" in finding.found

    def test_that_others_hold(
        self, doctored: GraphDatabase, prepared: GraphDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("KNOWLEDGE_GRAPH_POOL_OVERFLOW", "15")
        prepared.engine.dispose()
        with doctored.engine.connect():
            finding = found("connections")
        assert finding.status is Status.WARNING
        assert "others hold 1" in finding.found

    def test_of_a_role(self, doctored: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
        with role("limited", "CONNECTION LIMIT 10", monkeypatch):
            finding = found("connections")
        assert finding.status is Status.ERROR
        assert "the server lets 10 in" in finding.found


class TestTables:
    def test_bloat(self, doctored: GraphDatabase) -> None:
        execute(ROWS, DELETE, TOLD)
        finding = asked(doctored, check_bloat)
        assert finding.status is Status.WARNING
        assert finding.found == "python_release (12000 dead rows beside 0)"
        assert finding.advice.startswith("VACUUM (ANALYZE) python_release;")
        execute(finding.advice.partition(";")[0], TOLD)
        assert asked(doctored, check_bloat).status is Status.OK

    def test_that_the_planner_knows_nothing_of(self, doctored: GraphDatabase) -> None:
        with fault(ROWS, *NO_ROWS):
            execute(TOLD)
            finding = asked(doctored, check_bloat)
            execute(finding.advice, TOLD)
            assert asked(doctored, check_bloat).status is Status.OK
        assert finding == Finding("bloat", Status.WARNING, "never analysed: python_release", "ANALYZE python_release")

    def test_that_nobody_cleans(self, doctored: GraphDatabase) -> None:
        with fault("ALTER SYSTEM SET autovacuum = off", "ALTER SYSTEM RESET autovacuum", "SELECT pg_reload_conf()"):
            execute("SELECT pg_reload_conf()")
            assert becomes_true(lambda: asked(doctored, check_bloat).found == "autovacuum is off")


class TestIndexes:
    def test_missing(self, doctored: GraphDatabase) -> None:
        name = "ix_version_set_python_release_ids"
        with doctored.session() as session:
            definition = text("SELECT indexdef FROM pg_indexes WHERE indexname = :name")
            made = session.execute(definition, {"name": name}).scalar_one()
        execute(f"DROP INDEX {name}")
        finding = asked(doctored, check_missing_indexes)
        assert (finding.status, finding.found) == (Status.ERROR, name)
        assert found("schema").status is Status.OK
        assert finding.advice.startswith(f"CREATE INDEX CONCURRENTLY {name} ON ")
        execute(finding.advice)  # what is advised is what helps
        assert asked(doctored, check_missing_indexes).status is Status.OK
        with doctored.session() as session:
            assert session.execute(definition, {"name": name}).scalar_one() == made

    def test_missing_constraint(self, doctored: GraphDatabase) -> None:
        execute("ALTER TABLE python_release DROP CONSTRAINT uq_python_release_package_name")
        finding = asked(doctored, check_missing_indexes)
        assert finding.status is Status.ERROR
        execute(finding.advice)
        assert asked(doctored, check_missing_indexes).status is Status.OK

    def test_models_stay_as_they_are(self, doctored: GraphDatabase) -> None:
        asked(doctored, check_missing_indexes)
        made = str(CreateTable(Base.metadata.tables["python_release"]))
        assert "PRIMARY KEY" in made
        assert "UNIQUE" in made

    def test_left_unfinished(self, doctored: GraphDatabase) -> None:
        rows = "INSERT INTO python_release (package_name, package_version) VALUES ('a', '1'), ('a', '2')"
        with fault(rows, "DROP INDEX of_others", *NO_ROWS):
            with pytest.raises(IntegrityError, match="could not create unique index"):
                execute("CREATE UNIQUE INDEX CONCURRENTLY of_others ON python_release (package_name)")
            finding = asked(doctored, check_missing_indexes)
        assert finding.status is Status.ERROR
        assert finding.found == "not valid, so kept up and never used: of_others"
        assert finding.advice.startswith("REINDEX INDEX CONCURRENTLY of_others")

    def test_unused(self, doctored: GraphDatabase) -> None:
        read = "DO $$ BEGIN FOR n IN 1..1000 LOOP PERFORM FROM python_release WHERE id = n; END LOOP; END $$"
        index = fault("CREATE INDEX of_others ON python_release (package_name, id)", "DROP INDEX of_others")
        with index, fault(ROWS.replace("'n'", "repeat('n', 150)"), *NO_ROWS):
            execute("SET enable_seqscan = off", read, TOLD)
            finding = asked(doctored, check_unused_indexes)
        assert finding.status is Status.WARNING
        assert finding.found.startswith("of_others (")
        assert finding.advice.endswith("DROP INDEX CONCURRENTLY of_others")


class TestBucket:
    @pytest.fixture(autouse=True)
    def settings(self, rclone: Rclone, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE_OFFLINE", "1")
        monkeypatch.setenv("THOTH_S3_ENDPOINT_URL", rclone.server.endpoint_url)
        monkeypatch.setenv("THOTH_CEPH_KEY_ID", rclone.server.key_id)
        monkeypatch.setenv("THOTH_CEPH_SECRET_KEY", rclone.server.secret_key)
        monkeypatch.setenv("THOTH_CEPH_BUCKET", "doctored")
        monkeypatch.setenv("THOTH_CEPH_BUCKET_PREFIX", "data")
        monkeypatch.setenv("THOTH_DEPLOYMENT_NAME", "test")

    def test_that_is_there(self, rclone: Rclone) -> None:
        with rclone.server.bucket("doctored"):
            assert found("bucket").status is Status.WARNING
            rclone.server.client().put_object(Bucket="doctored", Key="data/test/solver/one", Body=b"{}")
            finding = found("bucket")
        assert finding.status is Status.OK
        assert "'data/test/'" in finding.found

    def test_that_is_not_there(self) -> None:
        finding = found("bucket")
        assert finding.status is Status.ERROR
        assert "/doctored: no such bucket" in finding.found

    def test_with_a_wrong_secret(self, rclone: Rclone, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("THOTH_CEPH_SECRET_KEY", "wr0ng")
        finding = found("bucket")
        assert finding.status is Status.ERROR
        assert "access denied" in finding.found
        assert "wr0ng" not in str(finding)

    def test_that_is_half_configured(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("THOTH_CEPH_BUCKET")
        finding = found("bucket")
        assert finding.status is Status.ERROR
        assert "THOTH_CEPH_BUCKET must be set" in finding.found


class TestCacheFile:
    @pytest.fixture
    def path(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        path = tmp_path / "cache.sqlite3"
        monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE", str(path))
        monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE_OFFLINE", "1")
        return path

    def make(self, path: Path) -> None:
        with GraphCache(str(path), writable=True) as cache:
            cache.add_depends_on(
                "a",
                "1.0",
                "https://example.com/simple",
                os_name="rhel",
                os_version="8",
                python_version="3.8",
                dependency_name=None,
                dependency_version=None,
            )

    def test_whole(self, path: Path) -> None:
        self.make(path)
        finding = found("cache file")
        assert finding.status is Status.OK
        assert finding.found == f"{path}: whole, 0 packages, 1 package versions added"

    def test_missing(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert found("cache file").status is Status.ERROR
        monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE_OFFLINE", "0")
        assert found("cache file").status is Status.WARNING
        assert not path.exists()

    def test_damaged(self, path: Path) -> None:
        path.write_bytes(b"SQLite format 3\x00" + b"\x01" * 5000)
        before = path.read_bytes()
        finding = found("cache file")
        assert finding.status is Status.ERROR
        assert str(path) in finding.found
        assert "graph-cache" in finding.advice
        assert path.read_bytes() == before

    def test_switched_off(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE_DISABLED", "1")
        assert found("cache file").found == "the graph cache is switched off"


class TestCommand:
    def run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(ROOT / "thoth-storages"), "doctor", *words],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    def test_table(self, doctored: GraphDatabase) -> None:
        done = self.run()
        assert (done.returncode, done.stderr) == (0, "")
        lines = done.stdout.splitlines()
        assert [line[9:26].strip() for line in lines if not line.startswith(" ")] == CHECKS
        assert "warning  role             postgres is a superuser" in lines
        assert (
            "                          -> thoth-storages db roles makes roles that may do no more than they need"
            in lines
        )

    def test_json_and_status(self) -> None:
        done = self.run("--json", KNOWLEDGE_GRAPH_HOST="127.0.0.1:1")
        assert (done.returncode, done.stderr) == (1, "")
        findings: list[dict[str, Any]] = json.loads(done.stdout)
        assert [set(finding) for finding in findings] == [{"check", "status", "found", "advice"}] * 4
        assert [finding["status"] for finding in findings] == ["ok", "error", "ok", "ok"]
