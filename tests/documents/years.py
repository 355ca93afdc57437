"""Solver documents as the tools of each time wrote them: every field once, in its oddest form."""

from __future__ import annotations

import hashlib
from typing import Any

from tests.factories import PYPI

Json = dict[str, Any]

OTHER_INDEX = "https://index.example.com/simple"
DIGEST = hashlib.sha256(b"").hexdigest()

OF_FEBRUARY_2018: Json = {
    "metadata": {
        "analyzer": "thoth_solver",
        "analyzer_version": "1.0.0rc1",
        "arguments": {"pypi": {"requirements": "flask", "index": None}, "thoth_solver": {"verbose": True}},
        "datetime": "2018-02-27T10:42:12.183046",
        "distribution": {"codename": "Twenty Seven", "id": "fedora", "like": "", "version": "27"},
        "hostname": "fedora-27-3fa1c2d4",
        "python": {"major": 3, "minor": 6, "micro": 4, "implementation_name": "cpython"},
    },
    "result": {
        "environment": [{"package_name": "pip", "package_version": "9.0.1", "dependencies": []}],
        "tree": [
            {
                "package_name": "Flask",
                "package_version": "0.12.2",
                "hash_type": "sha256",
                "hashes": {
                    "package": "Flask",
                    "version": "0.12.2",
                    "hashes": [{"hash": DIGEST, "url": "https://files.example.com/Flask-0.12.2.tar.gz"}],
                },
                "dependencies": [
                    {"package_name": "Werkzeug", "required_version": ">=0.7", "resolved_versions": ["0.7", "0.14.1"]},
                    {"package_name": "click", "required_version": None, "resolved_versions": []},
                ],
            }
        ],
        "errors": [
            {"package_name": "Bad_One", "version": "1.0", "type": "command_error", "details": {"message": "no"}}
        ],
        "unresolved": [{"package_name": "gone", "version_spec": "==3.0"}],
    },
}
OF_2019: Json = {
    "metadata": {
        "analyzer": "thoth-solver",
        "analyzer_version": "1.2.2.dev0+g1234567",
        "arguments": {"python": {"requirements": "flask==1.0.2", "index": PYPI, "no_transitive": True}},
        "datetime": "2019-09-19T12:00:00.500000",
        "distribution": {"codename": "", "id": "rhel", "like": "fedora", "version": "8.0"},
        "hostname": "solver-fedora-30-py36-2f5e0b9a4c1d7788-xk2vb",
        "python": {"major": 3, "minor": 7, "micro": 3},
        "timestamp": 1568894400,
    },
    "result": {
        "environment": [],
        "tree": [
            {
                "package_name": "Flask",
                "package_version": "1.0.2",
                "index_url": f"{PYPI}/",
                "sha256": [DIGEST, DIGEST.upper()],
                "dependencies": [
                    {
                        "package_name": "Jinja2",
                        "required_version": ">=2.10",
                        "resolved_versions": [
                            {"index": PYPI, "versions": ["2.10", "2.10.1"]},
                            {"index": OTHER_INDEX, "versions": ["2.10.1", "2.11.0-rc1"]},
                        ],
                    },
                    {"package_name": "click", "required_version": "", "resolved_versions": []},
                ],
            }
        ],
        "errors": [
            {
                "package": "numpy",
                "version": "0.9.6",
                "index": PYPI,
                "is_provided": False,
                "type": "not_site_package",
                "details": {"message": "no"},
            }
        ],
        "unresolved": [
            {"package_name": "gone", "version_spec": "==9.9", "index": PYPI},
            {"package_name": "any", "version_spec": ">=1.0", "index": PYPI},
        ],
        "unparsed": [{"requirement": "foo bar==1.0", "details": "invalid"}, {"requirement": "nothing", "details": ""}],
    },
}
OF_2021: Json = {
    "metadata": {
        "analyzer": "thoth-solver",
        "analyzer_version": "1.12.0",
        "arguments": {"python": {"requirements": "flask===2.0.2"}},
        "datetime": "2021-11-20T08:30:00.000001",
        "distribution": {"codename": "Ootpa", "id": "rhel", "like": "fedora", "version": "8.4"},
        "document_id": "solver-ubi-8.4-py310-211120083000-9c0b1d2e3f405162",
        "duration": 17,
        "hostname": "pod",
        "os_release": {"id": "rhel", "name": "Red Hat Enterprise Linux", "version": "8.4"},
        "python": {"major": 3, "minor": 8, "micro": 8},
        "thoth_deployment_name": "test",
        "timestamp": 1637397000,
    },
    "result": {
        "platform": "linux-x86_64",
        "environment": {"python_version": "3.10"},
        "environment_packages": [],
        "tree": [
            {
                "package_name": "Flask",
                "package_version": "2.0.2",
                "package_version_requested": "2.0.2.0",
                "index_url": "https://pypi.python.org/simple",
                "sha256": [f"sha256:{DIGEST}"],
                "packages": ["flask.json", "flask", "flask"],
                "package_license": {
                    "license": {"full_name": "BSD 3-Clause", "identifier_spdx": "BSD-3-Clause"},
                    "license_version": "UNDETECTED",
                    "warning": True,
                },
                "importlib_metadata": {
                    "metadata": {
                        "Metadata-Version": "2.1",
                        "Name": "Flask",
                        "Classifier": ["Framework :: Flask"],
                        "Project-URL": ["https://flask.example.com", "Docs, https://docs.example.com/a,b"],
                        "Obsoletes-Dist": "OldFlask",
                        "Keywords": None,
                        "License-File": ["LICENSE.rst"],
                    },
                    "requires": None,
                    "files": [],
                },
                "dependencies": [
                    {
                        "package_name": "asgiref",
                        "normalized_package_name": "asgiref",
                        "specifier": ">=3.2",
                        "extra": ["async", "All_Of-it", "async"],
                        "extras": [],
                        "marker": 'extra == "async"',
                        "marker_evaluated": None,
                        "marker_evaluation_result": None,
                        "marker_evaluation_error": "undefined",
                        "resolved_versions": [{"index": PYPI, "versions": ["3.4.1"]}],
                    },
                    {
                        "package_name": "importlib_metadata",
                        "specifier": None,
                        "extra": [],
                        "marker": 'python_version < "3.8"',
                        "marker_evaluation_result": False,
                        "resolved_versions": [],
                    },
                ],
            }
        ],
        "errors": [
            {
                "package_name": "numpy",
                "package_version": "0.9.6",
                "index_url": PYPI,
                "is_provided_package": True,
                "is_provided_package_version": False,
            }
        ],
        "unresolved": [{"package_name": "gone", "version_spec": "===9.9", "index_url": PYPI}],
        "unparsed": [{"requirement": "b ad===2004d"}, {"requirement": "b ad>2004d"}],
    },
}
