"""What is not known, or no question, is one line."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.factories import RHEL
from tests.query.questions import RHEL_8
from tests.test_cli import refused, run
from thoth.storages import GraphDatabase
from thoth.storages.config import DATABASE
from thoth.storages.graph.cache_builder import build_cache
from thoth.storages.identifiers import Environment


class TestErrors:
    @pytest.mark.parametrize(
        ("words", "reason"),
        [
            (["depends-on", "absent==1.0"], "package absent is not known"),
            (["depends-on", "flask==99"], "flask is known, but not version 99"),
            (["depends-on", "flask==1.0.2", "--os-name", "plan9"], "no solver ran in environment plan9 any any"),
            (["depends-on", "flask==1.0.2", "--index-url", "https://x.y/"], "flask==1.0.2 from https://x.y was never"),
            (["closure", "flask==1.0.2", "absent==1.0"], "package absent is not known"),
            (["closure", "flask==1.0.2", "--python-version", "2.7"], "no solver ran in environment any any 2.7"),
            (["why", "absent==1.0", "flask"], "package absent is not known"),
            (["versions", "absent"], "package absent is not known"),
            (["versions", "flask", "--os-name", "plan9"], "no solver ran in environment plan9 any any"),
            (["records", "flask==99"], "flask is known, but not version 99"),
            (["solver-error", "absent==1.0"], "package absent is not known"),
            (["cve", "absent==1.0"], "package absent is not known"),
            (["hashes", "flask==99"], "flask is known, but not version 99"),
            (["dependents", "absent"], "package absent is not known"),
            (["dependents", "flask==99", "--transitive", "--count"], "flask is known, but not version 99"),
            (["dependents", "flask", "--transitive", "--os-name", "plan9"], "no solver ran in environment plan9"),
            (["dependents", "click", "--os-name", "rhel"], "go with --transitive"),
            (["stats", "--solver", "no-solver"], "no-solver"),
            (["versions", "flask", "--json", "--csv"], "give one of them"),
            (["depends-on", "flask"], "'flask' has no version"),
            (["depends-on", "flask>=1.0"], "'flask>=1.0' is no package"),
            (["depends-on", "flask==1.*"], "'flask==1.*' is no package"),
            (["depends-on", "requests[socks]==2.27.1"], "--extra"),
            (["versions", "fla sk"], "'fla sk' is no package"),
            (["versions", ""], "'' is no package"),
        ],
        ids=" ".join,
    )
    def test_one_line(self, refused_here: Callable[..., str], words: list[str], reason: str) -> None:
        assert reason in refused_here(*words)

    @pytest.mark.parametrize(
        ("words", "reason"),
        [
            (["records", "absent==1.0"], "not complete for absent==1.0 in any environment, but for boto3, flask"),
            (["records", "flask==99"], "flask==99 was not solved in any environment when the file was made"),
            (
                ["depends-on", "flask==1.0.2", "--os-name", "plan9"],
                "not complete for flask==1.0.2 in environment plan9",
            ),
            (["versions", "click"], "not complete for all versions of click"),
            (["versions", "flask", "--index-url", "https://x.y"], "flask from https://x.y was not solved"),
            (["closure", "flask==99", *RHEL_8], "flask==99 was not solved in environment rhel 8 3.8"),
            (["closure", "absent==1", *RHEL_8], "not complete for everything that absent==1 depends on"),
            (["why", "absent==1", "flask"], "not complete for everything that absent==1 depends on"),
            (["cve", "flask==1.0.2"], "holds no vulnerabilities"),
            (["stats", "--solver", "solver-rhel-8-py38"], "--solver goes without --cache"),
        ],
        ids=" ".join,
    )
    def test_what_a_file_is_not_complete_for(
        self, refused_here: Callable[..., str], cache_file: Path, words: list[str], reason: str
    ) -> None:
        message = refused_here(*words, "--cache", cache_file)
        assert reason in message
        if reason.startswith("not complete"):
            assert re.search(r"and 1 more in fedora 30 3\.7, .* and 3 more, as of \d{4}-\d\d-\d\dT", message)

    def test_a_file_for_one_environment(
        self, tmp_path: Path, database: GraphDatabase, refused_here: Callable[..., str], asked: Callable[..., str]
    ) -> None:
        path = tmp_path / "rhel.sqlite3"
        with database.session() as session:
            build_cache(session, str(path), ["flask"], environment=Environment(**RHEL))
        words = ["depends-on", "flask==1.0.2", "--cache", path]
        assert "in any environment, but for flask in rhel 8 3.8" in refused_here(*words)
        assert asked(*words, *RHEL_8).startswith("package_name")

    def test_files(self, tmp_path: Path, refused_here: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "damaged").write_text("no database")
        for name, reason in (("missing", "no such file"), (".", "not a file"), ("damaged", "not a SQLite file")):
            assert f"{name}: {reason}" in refused_here("versions", "flask", "--cache", name)
        assert [path.name for path in tmp_path.iterdir()] == ["damaged"]

    def test_no_database(
        self, tmp_path: Path, refused_here: Callable[..., str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        where = {"KNOWLEDGE_GRAPH_HOST": "127.0.0.1", "KNOWLEDGE_GRAPH_PORT": "1", "KNOWLEDGE_GRAPH_PASSWORD": "s3cret"}
        message = refused(tmp_path, "query", "versions", "flask", **where)
        assert "127.0.0.1:1/" in message
        assert "s3cret" not in message
        monkeypatch.setenv(DATABASE.name, "no_such_database")
        assert "initialize_schema" in refused_here("stats")

    def test_traceback_when_asked_for(self, tmp_path: Path) -> None:
        finished = run(tmp_path, "--verbose", "query", "versions", "absent")
        assert (finished.returncode, finished.stdout) == (1, "")
        assert "Traceback" in finished.stderr
