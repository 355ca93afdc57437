"""Image analyses of every year are read alike; one that does not fit is refused with the path to the field."""

from __future__ import annotations

import copy
import datetime as dt
import logging
from typing import Any

import pytest

from tests.factories import Json
from tests.factories_images import UBI8, analysis, deb, digest, examples, installed, of_mercator, rpm
from thoth.storages.documents.analysis import AnalysisFacts, InterpreterFact, read_analysis_document
from thoth.storages.documents.environments import SoftwareEnvironmentFact
from thoth.storages.documents.system_packages import DebFact, RelationFact, RPMFact
from thoth.storages.exceptions import SchemaError

ARGUMENTS = ["metadata", "arguments"]


def facts(**result: Any) -> AnalysisFacts:
    return read_analysis_document(analysis(**result))


def interpreter(version: str | None, path: str = "/usr/bin/python3") -> Json:
    return {"path": path, "link": None, "version": version}


def changed(path: list[Any], value: Any) -> Json:
    """Return an analysis with a value put at a path; `...` removes what is there."""
    document = analysis(
        rpm_dependencies=[rpm("acl", "2.2.53", "libc.so.6()(64bit)")],
        deb_dependencies=[deb("libc6", "2.28-10", depends=[("libgcc1", "")])],
        python_files=[{"filepath": "/six.py", "sha256": digest("six")}],
        system_symbols={"/lib64/libc.so.6": ["GLIBC_2.17"]},
        python_packages=[installed("six")],
        mercator=[of_mercator("six")],
        python_interpreters=[interpreter("Python 3.8.10")],
        skopeo_inspect={"Env": ["IMAGE_NAME=a"]},
        image_size=1,
    )
    *parents, last = path
    place: Any = document
    for parent in parents:
        place = place[parent]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return document


BAD_DOCUMENTS: list[tuple[list[Any], Any, str]] = [
    (["metadata"], ..., "$: Object missing required field `metadata`"),
    (["result"], ..., "$: Object missing required field `result`"),
    (["result"], None, "$.result: "),
    (["result"], [{"handler": "pip3", "result": []}], "$.result: a list: this is the analysis of a build log"),
    (["metadata", "document_id"], ..., "$.metadata.document_id: "),
    (["metadata", "document_id"], None, "$.metadata.document_id: "),
    (["metadata", "datetime"], ..., "$.metadata.datetime: "),
    (["metadata", "datetime"], "today", "$.metadata.datetime: "),
    (["metadata", "duration"], 2**31, "$.metadata.duration: "),
    (ARGUMENTS, ..., "$.metadata.arguments.extract-image: absent"),
    (ARGUMENTS, None, "$.metadata.arguments.extract-image: absent"),
    (
        ARGUMENTS,
        {"extract-buildlog": {}},
        "$.metadata.arguments.extract-image: absent: this is the analysis of a build",
    ),
    ([*ARGUMENTS, "extract-image"], ..., "$.metadata.arguments.extract-image: "),
    ([*ARGUMENTS, "extract-image", "image"], ..., "$.metadata.arguments.extract-image: "),
    ([*ARGUMENTS, "extract-image", "image"], None, "$.metadata.arguments.extract-image.image: "),
    ([*ARGUMENTS, "extract-image", "image"], "", "$.metadata.arguments.extract-image.image: "),
    ([*ARGUMENTS, "extract-image", "image"], "quay.io/:v1", "$.metadata.arguments.extract-image.image: "),
    ([*ARGUMENTS, "thoth-package-extract"], [], "$.metadata.arguments.thoth-package-extract: "),
    ([*ARGUMENTS, "thoth-package-extract", "verbose"], "yes", "$.metadata.arguments.thoth-package-extract.verbose: "),
    (
        [*ARGUMENTS, "thoth-package-extract", "metadata", "environment_type"],
        "spacetime",
        "$.metadata.arguments.thoth-package-extract.metadata.environment_type: expected 'runtime' or 'buildtime'",
    ),
    (
        [*ARGUMENTS, "thoth-package-extract", "metadata", "is_external"],
        "no",
        "$.metadata.arguments.thoth-package-extract.metadata.is_external: ",
    ),
    (["result", "layers"], "abc", "$.result.layers: "),
    (["result", "layers", 0], None, "$.result.layers[0]: "),
    (["result", "image_size"], -1, "$.result.image_size: "),
    (["result", "image_size"], 2**63, "$.result.image_size: "),
    (["result", "image_size"], "large", "$.result.image_size: "),
    (["result", "operating-system", "id"], 8, "$.result.operating-system.id: "),
    (["result", "rpm-dependencies"], "none", "$.result.rpm-dependencies: "),
    (["result", "rpm-dependencies"], {"acl": []}, "$.result.rpm-dependencies: not the identifier of an RPM package"),
    (["result", "rpm-dependencies", 0, "name"], ..., "$.result.rpm-dependencies[0]: "),
    (["result", "rpm-dependencies", 0, "name"], "", "$.result.rpm-dependencies[0].name: "),
    (["result", "rpm-dependencies", 0, "version"], None, "$.result.rpm-dependencies[0].version: "),
    (["result", "rpm-dependencies", 0, "dependencies"], [1], "$.result.rpm-dependencies[0].dependencies[0]: "),
    (["result", "deb-dependencies", 0, "name"], ..., "$.result.deb-dependencies[0]: "),
    (["result", "deb-dependencies", 0, "version"], "", "$.result.deb-dependencies[0].version: "),
    (["result", "deb-dependencies", 0, "depends", 0, "name"], "", "$.result.deb-dependencies[0].depends[0].name: "),
    (["result", "deb-dependencies", 0, "replaces"], {}, "$.result.deb-dependencies[0].replaces: "),
    (["result", "python-files", 0, "filepath"], ..., "$.result.python-files[0]: "),
    (["result", "python-files", 0, "filepath"], "", "$.result.python-files[0].filepath: "),
    (["result", "python-files", 0, "filepath"], "/\ud800", "$.result.python-files[0].filepath: "),
    (["result", "python-files", 0, "sha256"], None, "$.result.python-files[0].sha256: "),
    (["result", "python-files", 0, "sha256"], "abc", "$.result.python-files[0].sha256: "),
    (["result", "system-symbols"], [], "$.result.system-symbols: "),
    (["result", "system-symbols"], {"": ["a"]}, "$.result.system-symbols.: "),
    (["result", "system-symbols"], {"/a": [""]}, "$.result.system-symbols./a: "),
    (["result", "system-symbols"], {"/a": ["b\0"]}, "$.result.system-symbols./a[0]: "),
    (["result", "python-packages", 0, "package_name"], ..., "$.result.python-packages[0]: "),
    (["result", "python-packages", 0, "package_name"], " ", "$.result.python-packages[0].package_name: "),
    (["result", "python-packages", 0, "package_version"], None, "$.result.python-packages[0].package_version: "),
    (["result", "python-packages", 0, "package_version"], "", "$.result.python-packages[0].package_version: "),
    (["result", "mercator"], {}, "$.result.mercator: "),
    (["result", "python-interpreters", 0, "path"], ..., "$.result.python-interpreters[0]: "),
    (["result", "python-interpreters", 0, "path"], "", "$.result.python-interpreters[0].path: "),
    (["result", "cuda-version"], "10.1", "$.result.cuda-version: "),
    (["result", "skopeo-inspect", "Env"], [1], "$.result.skopeo-inspect.Env[0]: "),
]


@pytest.mark.parametrize(("path", "value", "message"), BAD_DOCUMENTS)
def test_what_does_not_fit_is_refused(path: list[Any], value: Any, message: str) -> None:
    with pytest.raises(SchemaError) as error:
        read_analysis_document(changed(path, value))
    assert str(error.value).startswith(message)


def optional_keys() -> list[list[Any]]:
    call = [*ARGUMENTS, "thoth-package-extract"]
    keys: list[list[Any]] = [["metadata", key] for key in ("analyzer", "analyzer_version", "duration")]
    keys += [call, [*call, "verbose"], [*call, "metadata"]]
    keys += [[*call, "metadata", key] for key in ("environment_type", "origin", "is_external")]
    document = changed(["result", "image_size"], 1)
    keys += [["result", key] for key in document["result"]]
    required = {"name", "version", "package_name", "package_version", "path"}
    for key in ("rpm-dependencies", "deb-dependencies", "python-packages"):
        keys += [["result", key, 0, inner] for inner in document["result"][key][0] if inner not in required]
    keys += [["result", "python-interpreters", 0, "link"], ["result", "python-interpreters", 0, "version"]]
    keys += [["result", "mercator", 0, key] for key in ("ecosystem", "path", "result")]
    keys += [["result", "mercator", 0, "result", key] for key in ("name", "version")]
    keys += [["result", "operating-system", key] for key in ("id", "name", "version_id")]
    return [*keys, ["result", "deb-dependencies", 0, "depends", 0, "version"], ["result", "skopeo-inspect", "Env"]]


@pytest.mark.parametrize("path", optional_keys(), ids=lambda path: ".".join(map(str, path)))
def test_null_is_as_good_as_absent(path: list[Any]) -> None:
    assert read_analysis_document(changed(path, None)) == read_analysis_document(changed(path, ...))


def test_document_is_not_changed() -> None:
    for document in examples("analysis-documents"):
        before = copy.deepcopy(document)
        read_analysis_document(document)
        assert document == before


def test_whole_document_of_2021() -> None:
    document = analysis(
        rpm_dependencies=[rpm("acl", "2.2.53", "b", "a", "b", epoch=1)],
        python_files=[
            {"filepath": "/b/six.py", "sha256": digest("six").upper()},
            {"filepath": "/a/six.py", "sha256": digest("six")},
        ],
        system_symbols={"/lib64/libc.so.6": ["GLIBC_2.17", "GLIBC_2.17"], "/lib64/libm.so.6": None},
        python_packages=[installed("Foo_Bar", "1.0.0-beta", "/b"), installed("foo.bar", "1.0.0b0", "/a")],
        python_interpreters=[interpreter(None, "/usr/bin/python3-config"), interpreter("Python 3.6.8")],
        cuda_version={"nvcc_version": "11.0", "/usr/local/cuda/version.txt": "11.0"},
        skopeo_inspect={"Env": ["THOTH_S2I_NAME=a=b", "THOTH_S2I_VERSION=1", "IMAGE_NAME=", "IMAGE_TAG=v1", "X"]},
        image_size=2**40,
        verbose=True,
    )
    document["metadata"]["arguments"]["thoth-package-extract"]["metadata"]["origin"] = "https://example.com"
    document["result"]["layers"] = [f"sha256:{digest(1).upper()}", digest(2)]
    assert read_analysis_document(document) == AnalysisFacts(
        document_id="package-extract-210701000000-0a",
        datetime=dt.datetime(2021, 7, 1, tzinfo=dt.UTC),
        duration=62,
        package_extract_name="thoth-package-extract",
        package_extract_version="1.3.0",
        debug=True,
        origin="https://example.com",
        environment=SoftwareEnvironmentFact(
            environment_name=UBI8,
            environment_type="RUNTIME",
            is_external=False,
            os_name="rhel",
            os_version="8",
            python_version="3.8",
            cuda_version="11.0",
        ),
        image_name="quay.io/thoth-station/s2i-thoth-ubi8-py38",
        image_tag="v1.0.0",
        layers=[digest(1), digest(2)],
        image_size=2**40,
        os_id="rhel",
        os_version_id="8.5",
        thoth_image_name="a=b",
        thoth_image_version="1",
        env_image_name=None,
        env_image_tag="v1",
        rpm_packages=[
            RPMFact(
                package_name="acl",
                package_version="2.2.53",
                release="1.el8",
                epoch="1",
                arch="x86_64",
                src=False,
                package_identifier="acl-2.2.53-1.el8.x86_64",
                rpm_requirements=["a", "b"],
            )
        ],
        deb_packages=[],
        python_packages={("foo-bar", "1.0.0b0"): ["/a", "/b"]},
        python_files={bytes.fromhex(digest("six")): ["/a/six.py", "/b/six.py"]},
        interpreters=[
            InterpreterFact("/usr/bin/python3-config", None, None),
            InterpreterFact("/usr/bin/python3", None, "Python 3.6.8"),
        ],
        symbols={("/lib64/libc.so.6", "GLIBC_2.17")},
    )


OF_SPRING_2018: Json = {
    "metadata": {
        "analyzer": "thoth-package-extract",
        "analyzer_version": "1.0.0",
        "arguments": {
            "extract-image": {"image": "fedora", "timeout": 0},
            "thoth-package-extract": {"no_color": False, "verbose": True},
        },
        "datetime": "2018-03-02T12:44:26.547204",
        "distribution": {"id": "fedora", "version": "27"},
        "hostname": "someone-thoth-package-extract-fedora-d2gsr",
        "python": {"major": 3, "minor": 6},
    },
    "result": {
        "mercator": [
            of_mercator("six", "1.11.0"),
            {"ecosystem": "Python", "path": "/opt/gyp/setup.py", "result": {"name": "gyp", "version": None}},
            {"ecosystem": "Python-Dist", "path": "/opt/x.egg-info", "result": {"name": "X", "version": 2}},
            {"ecosystem": "Python-RequirementsTXT", "path": "/requirements.txt", "result": {"name": "no"}},
            {"ecosystem": "NPM", "path": "/package.json", "result": {"name": "no", "version": "1"}},
            {"ecosystem": "Python", "path": "/opt/a/setup.py", "result": {"error": "cannot be parsed", "name": "no"}},
            {"ecosystem": "Python", "path": "/opt/b/setup.py"},
            {"ecosystem": "Python", "path": "/opt/c/setup.py", "result": {"name": None, "version": "1"}},
            {"ecosystem": "Python", "path": "/opt/d/setup.py", "result": {"name": ["x"], "version": "1"}},
            {"ecosystem": "Python", "path": None, "result": {"name": "gyp", "version": {}}},
        ],
        "rpm": ["bash-4.4.12-12.fc27.x86_64"],
        "rpm-dependencies": {
            "bash-4.4.12-12.fc27.x86_64": ["/bin/sh", "/bin/sh"],
            "compat-openssl10-1:1.0.2j-9.fc27.x86_64": None,
            "2:vim-minimal-8.0-1.fc27.noarch": [],
            "centos-release-7-3.1611.el7.centos.x86_64": [],
            "tool-1.0-1.src": [],
            "gpg-pubkey-fd431d51-4ae0493b.(none)": [],
        },
    },
}


def test_document_of_spring_2018(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        read = read_analysis_document(OF_SPRING_2018)
    assert read.document_id == "someone-thoth-package-extract-fedora"
    assert read.duration is None
    assert read.debug
    assert read.environment == SoftwareEnvironmentFact(
        environment_name="fedora",
        environment_type="RUNTIME",
        is_external=True,
        os_name=None,
        os_version=None,
        python_version=None,
        cuda_version=None,
    )
    assert (read.image_name, read.image_tag, read.layers, read.image_size) == ("fedora", "latest", [], None)
    assert read.python_packages == {
        ("six", "1.11.0"): ["/usr/lib/python3.8/site-packages"],
        ("gyp", None): ["/opt/gyp"],
        ("x", "2"): ["/opt"],
    }
    assert [message for message in caplog.messages if "without a name" in message] == [
        "mercator found a Python package without a name at '/opt/c/setup.py': left out",
        "mercator found a Python package without a name at '/opt/d/setup.py': left out",
    ]
    assert [
        (fact.package_name, fact.epoch, fact.package_version, fact.release, fact.arch, fact.src, fact.rpm_requirements)
        for fact in read.rpm_packages
    ] == [
        ("bash", None, "4.4.12", "12.fc27", "x86_64", False, ["/bin/sh"]),
        ("compat-openssl10", "1", "1.0.2j", "9.fc27", "x86_64", False, []),
        ("vim-minimal", "2", "8.0", "1.fc27", "noarch", False, []),
        ("centos-release", None, "7", "3.1611.el7.centos", "x86_64", False, []),
        ("tool", None, "1.0", "1", "src", True, []),
        ("gpg-pubkey", None, "fd431d51", "4ae0493b", None, False, []),
    ]
    assert read.rpm_packages[1].package_identifier == "compat-openssl10-1:1.0.2j-9.fc27.x86_64"


def test_both_ways_to_find_python_packages_count() -> None:
    read = facts(mercator=[of_mercator("six"), of_mercator("gyp")], python_packages=[installed("six", location="/a")])
    assert read.python_packages == {
        ("six", "1.0"): ["/a", "/usr/lib/python3.8/site-packages"],
        ("gyp", "1.0"): ["/usr/lib/python3.8/site-packages"],
    }


@pytest.mark.parametrize(
    ("image", "name", "tag"),
    [
        ("fedora", "fedora", "latest"),
        ("fedora:30", "fedora", "30"),
        ("registry.example.com:5000/fedora", "registry.example.com:5000/fedora", "latest"),
        ("registry.example.com:5000/a/fedora:30", "registry.example.com:5000/a/fedora", "30"),
        (" fedora:30\n", "fedora", "30"),
        (f"fedora@sha256:{digest(1)}", "fedora", f"sha256:{digest(1)}"),
        (f"quay.io/fedora:30@sha256:{digest(1)}", "quay.io/fedora", "30"),
    ],
)
def test_references_of_images(image: str, name: str, tag: str) -> None:
    read = facts(image=image)
    assert (read.image_name, read.image_tag) == (name, tag)
    assert read.environment.environment_name == image.strip()


@pytest.mark.parametrize(
    ("image", "is_external", "versions", "expected"),
    [
        ("a-py38:v1", False, [], "3.8"),
        ("a-py310", False, ["Python 3.6.8"], "3.10"),
        ("a-py38", True, [], None),
        ("a-py38", None, ["Python 3.6.8"], "3.6"),
        ("a-py", False, ["Python 3.6.8", None, "Python 3.6.10"], "3.6"),
        ("py38", False, [], None),
        ("py38/a", False, [], None),
        ("a", True, ["Python 3.6.8", "Python 3.8.10"], None),
        ("a", True, ["Python 3.10.0rc1\n"], "3.10"),
        ("a", True, ["nonsense", "", None], None),
    ],
)
def test_version_of_python(
    image: str, is_external: bool | None, versions: list[str | None], expected: str | None
) -> None:
    interpreters = [interpreter(version, f"/{number}") for number, version in enumerate(versions)]
    read = facts(image=image, of_caller={"is_external": is_external}, python_interpreters=interpreters)
    assert read.environment.python_version == expected
    assert read.environment.is_external is (is_external is not False)


@pytest.mark.parametrize(
    ("given", "expected"), [("buildtime", "BUILDTIME"), ("RunTime", "RUNTIME"), (None, "RUNTIME"), ("", "RUNTIME")]
)
def test_type_of_environment(given: str | None, expected: str) -> None:
    assert facts(of_caller={"environment_type": given}).environment.environment_type == expected


@pytest.mark.parametrize(
    ("os_release", "expected"),
    [
        (None, (None, None, None, None)),
        ({}, (None, None, None, None)),
        ({"id": "ubi", "version_id": "8.5"}, ("ubi", "8.5", "rhel", "8")),
        ({"id": "debian", "version_id": 11}, ("debian", "11", "debian", "11")),
        ({"name": "Alpine Linux", "version_id": "3.15"}, (None, "3.15", None, "3.15")),
    ],
)
def test_operating_system(os_release: Json | None, expected: tuple[str | None, ...]) -> None:
    read = facts(operating_system=os_release)
    environment = read.environment
    assert (read.os_id, read.os_version_id, environment.os_name, environment.os_version) == expected


@pytest.mark.parametrize(
    ("given", "expected", "warnings"),
    [
        ({}, None, 0),
        ({"nvcc_version": "9.0"}, "9.0", 0),
        ({"/usr/local/cuda/version.txt": "9.0.176"}, "9.0.176", 0),
        ({"nvcc_version": None, "/usr/local/cuda/version.txt": "9.0.176"}, "9.0.176", 0),
        ({"nvcc_version": "9.0", "/usr/local/cuda/version.txt": "9.0.176"}, "9.0", 1),
    ],
)
def test_version_of_cuda(given: Json, expected: str | None, warnings: int, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert facts(cuda_version=given).environment.cuda_version == expected
    assert len(caplog.messages) == warnings


def test_debian_packages() -> None:
    read = facts(
        deb_dependencies=[
            {
                **deb(
                    "zlib1g",
                    "1.2.11.dfsg-2",
                    depends=[("libc6", ">= 2.14"), ("a", ""), ("libc6", ">= 2.14")],
                    pre_depends=[("dpkg", ">= 1")],
                    replaces=[("zlib1", "<= 1:1.0.4-7")],
                ),
                "epoch": 1,
            },
            {"name": "tar", "version": "1.34", "arch": None, "depends": None},
        ]
    )
    assert read.deb_packages == [
        DebFact(
            package_name="zlib1g",
            package_version="1.2.11.dfsg-2",
            epoch="1",
            arch="amd64",
            depends=[RelationFact("a", None), RelationFact("libc6", ">= 2.14")],
            pre_depends=[RelationFact("dpkg", ">= 1")],
            replaces=[RelationFact("zlib1", "<= 1:1.0.4-7")],
        ),
        DebFact(
            package_name="tar",
            package_version="1.34",
            epoch=None,
            arch=None,
            depends=[],
            pre_depends=[],
            replaces=[],
        ),
    ]


@pytest.mark.parametrize("empty", [None, []])
def test_packages_whose_dependencies_were_not_asked_for(empty: Any) -> None:
    read = facts(
        rpm=["acl-2.2.53-1.el8.x86_64"],
        rpm_dependencies=empty,
        deb=[{"name": "tar", "version": "1.34", "arch": "amd64"}],
        deb_dependencies=empty,
    )
    assert [(fact.package_name, fact.package_version) for fact in read.rpm_packages] == [("acl", "2.2.53")]
    assert [(fact.package_name, fact.package_version) for fact in read.deb_packages] == [("tar", "1.34")]
    with pytest.raises(SchemaError, match=r"^\$\.result\.rpm\[1\]: "):
        facts(rpm=["acl-2.2.53-1.el8.x86_64", "acl"], rpm_dependencies=empty)
    with pytest.raises(SchemaError, match=r"^\$\.result\.deb\[0\]\.name: empty"):
        facts(deb=[{"name": "", "version": "1.34"}], deb_dependencies=empty)


def test_one_package_twice_is_one() -> None:
    read = facts(rpm_dependencies=[rpm("a", "1", "x", "y"), rpm("a", "1", "y", "x"), rpm("a", "1")])
    assert [fact.rpm_requirements for fact in read.rpm_packages] == [["x", "y"], []]


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/usr/lib/site-packages/a-1.dist-info/METADATA", "/usr/lib/site-packages"),
        ("/usr/lib/site-packages/a-1.egg-info", "/usr/lib/site-packages"),
        ("/a-1.egg-info/PKG-INFO", "/"),
        ("/opt/a/setup.py", "/opt/a"),
        ("/setup.py", "/"),
    ],
)
def test_location_of_what_mercator_found(path: str, location: str) -> None:
    read = facts(mercator=[{**of_mercator("a"), "path": path}])
    assert read.python_packages == {("a", "1.0"): [location]}


def test_examples() -> None:
    ubi, debian = map(read_analysis_document, examples("analysis-documents"))
    assert ubi.environment.environment_name == "quay.io/thoth-station/s2i-thoth-ubi8-py38:v0.28.0"
    assert (ubi.environment.os_name, ubi.environment.os_version, ubi.environment.python_version) == ("rhel", "8", "3.8")
    assert (ubi.env_image_name, ubi.thoth_image_version) == ("s2i-thoth-ubi8-py38", "0.28.0")
    assert len(ubi.rpm_packages) == 15
    assert ubi.python_packages["setuptools", "41.6.0"] == [
        "/opt/app-root/lib/python3.8/site-packages",
        "/usr/lib/python3.8/site-packages",
    ]
    assert (debian.image_name, debian.image_tag) == ("registry.example.com:5000/library/python", "latest")
    assert debian.environment.is_external
    assert any(fact.replaces for fact in debian.deb_packages)
    assert set(ubi.python_files) & set(debian.python_files)
