"""The environments that the sample documents were solved in, as a solver's container reports them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

# The same in every container: of the interpreter, and of the host that all of them ran on.
RELEASE_LEVEL = {"api_version": 1013, "implementation_name": "cpython", "releaselevel": "final", "serial": 0}
KERNEL = ("4.18.0-193.el8.x86_64", "#1 SMP Fri Mar 27 14:35:58 UTC 2020")


@dataclass(frozen=True)
class Solver:
    """A solver: its name, the system and the Python that it runs on, the release of the tool.

    ``unset_variables`` are variables of environment markers that this solver does not know: a marker that names one
    of them cannot be evaluated.
    """

    name: str
    os_id: str
    os_version: str
    codename: str
    python: str
    analyzer_version: str
    unset_variables: frozenset[str] = field(default_factory=frozenset)

    @property
    def python_version(self) -> str:
        """The version of Python without its micro part, as ``python_version`` in a marker."""
        return self.python.rpartition(".")[0]

    def distribution(self) -> dict[str, Any]:
        """Return ``metadata.distribution``."""
        major, _, minor = self.os_version.partition(".")
        return {
            "codename": self.codename,
            "id": self.os_id,
            "like": "fedora" if self.os_id == "rhel" else "",
            "version": self.os_version,
            "version_parts": {"build_number": "", "major": major, "minor": minor},
        }

    def os_release(self) -> dict[str, str]:
        """Return ``metadata.os_release``."""
        if self.os_id == "fedora":
            return {
                "id": "fedora",
                "name": "Fedora",
                "platform_id": f"platform:f{self.os_version}",
                "redhat_bugzilla_product": "Fedora",
                "redhat_bugzilla_product_version": self.os_version,
                "redhat_support_product": "Fedora",
                "redhat_support_product_version": self.os_version,
                "variant_id": "container",
                "version": f"{self.os_version} (Container Image)",
                "version_id": self.os_version,
            }
        major = self.os_version.partition(".")[0]
        return {
            "id": "rhel",
            "name": "Red Hat Enterprise Linux",
            "platform_id": f"platform:el{major}",
            "redhat_bugzilla_product": f"Red Hat Enterprise Linux {major}",
            "redhat_bugzilla_product_version": self.os_version,
            "redhat_support_product": "Red Hat Enterprise Linux",
            "redhat_support_product_version": self.os_version,
            "version": f"{self.os_version} ({self.codename})",
            "version_id": self.os_version,
        }

    def python_info(self) -> dict[str, Any]:
        """Return ``metadata.python``."""
        major, minor, micro = (int(part) for part in self.python.split("."))
        return {**RELEASE_LEVEL, "major": major, "minor": minor, "micro": micro}

    def markers(self) -> dict[str, str]:
        """Return the values of the variables of environment markers (PEP 508)."""
        values = {
            "implementation_name": "cpython",
            "implementation_version": self.python,
            "os_name": "posix",
            "platform_machine": "x86_64",
            "platform_python_implementation": "CPython",
            "platform_release": KERNEL[0],
            "platform_system": "Linux",
            "platform_version": KERNEL[1],
            "python_full_version": self.python,
            "python_version": self.python_version,
            "sys_platform": "linux",
        }
        return {name: value for name, value in values.items() if name not in self.unset_variables}


LAPTOP = Solver("thinkpad", "fedora", "28", "Twenty Eight", "3.6.6", "1.1.0")
FEDORA_30 = Solver("solver-fedora-30-py37", "fedora", "30", "", "3.7.4", "1.2.2")
FEDORA_31 = Solver("solver-fedora-31-py37", "fedora", "31", "", "3.7.6", "1.5.1")
FEDORA_35 = Solver("solver-fedora-35-py310", "fedora", "35", "", "3.10.8", "1.13.0")
RHEL_8_OF_2021 = Solver("solver-rhel-8-py38", "rhel", "8.4", "Ootpa", "3.8.6", "1.10.1")
RHEL_8 = Solver("solver-rhel-8-py38", "rhel", "8.6", "Ootpa", "3.8.13", "1.12.0")
RHEL_9 = Solver("solver-rhel-9-py311", "rhel", "9.2", "Plow", "3.11.2", "1.15.0")
UBI_8 = Solver(
    "solver-ubi-8-py38", "rhel", "8.5", "Ootpa", "3.8.12", "1.11.0", unset_variables=frozenset({"platform_machine"})
)


def utc(text: str) -> datetime:
    """Return a time in UTC from ISO 8601 text without a zone."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
