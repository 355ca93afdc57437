"""The models of the knowledge graph, one module a topic."""

from ..models_base import Base
from .artifacts import HasArtifact, PythonArtifact
from .dependencies import DependsOn, VersionSet
from .environments import SolvedSoftwareEnvironment
from .indexes import PythonPackageIndex
from .inspections import InspectionRun
from .packages import (
    PythonPackageLicense,
    PythonPackageMetadata,
    PythonPackageVersion,
    PythonPackageVersionEntity,
    PythonRelease,
)
from .solvers import EcosystemSolver, Solved, SolverRun
from .vulnerabilities import CVE, HasVulnerability

ALL_MODELS: tuple[type[Base], ...] = (
    CVE,
    DependsOn,
    EcosystemSolver,
    HasArtifact,
    HasVulnerability,
    InspectionRun,
    PythonArtifact,
    PythonPackageIndex,
    PythonPackageLicense,
    PythonPackageMetadata,
    PythonPackageVersion,
    PythonPackageVersionEntity,
    PythonRelease,
    Solved,
    SolvedSoftwareEnvironment,
    SolverRun,
    VersionSet,
)

__all__ = [
    "ALL_MODELS",
    "CVE",
    "DependsOn",
    "EcosystemSolver",
    "HasArtifact",
    "HasVulnerability",
    "InspectionRun",
    "PythonArtifact",
    "PythonPackageIndex",
    "PythonPackageLicense",
    "PythonPackageMetadata",
    "PythonPackageVersion",
    "PythonPackageVersionEntity",
    "PythonRelease",
    "Solved",
    "SolvedSoftwareEnvironment",
    "SolverRun",
    "VersionSet",
]
