"""Container images as package-extract found them: packages, files and symbols."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ..models_base import Base, BaseExtension, digest, intpk, natural_key, text, texts, timestamp
from .artifacts import PythonFileDigest, VersionedSymbol
from .environments import SoftwareEnvironment
from .packages import PythonRelease


class PackageExtractRun(Base, BaseExtension):
    """One run of package-extract over an image: one document."""

    __tablename__ = "package_extract_run"
    NATURAL_KEY = ("document_id",)
    __table_args__ = (
        natural_key(*NATURAL_KEY),
        Index(None, "software_environment_id", "datetime"),  # analyses of an environment, newest first
    )

    id: Mapped[intpk]
    document_id: Mapped[text]
    datetime: Mapped[timestamp]
    duration: Mapped[int | None]
    """Seconds."""
    package_extract_name: Mapped[text | None]
    package_extract_version: Mapped[text | None]
    debug: Mapped[bool]
    origin: Mapped[text | None]
    software_environment_id: Mapped[int] = mapped_column(ForeignKey(SoftwareEnvironment.id))
    image_name: Mapped[text]
    """Reference of the image without its tag."""
    image_tag: Mapped[text]
    """``latest`` when none is given; the digest when the image was pulled by that alone."""
    layers: Mapped[texts]
    """SHA-256 digests, hexadecimal, the lowest layer first; the last one stands for the image."""
    image_size: Mapped[int | None] = mapped_column(BigInteger)
    """Bytes."""
    os_id: Mapped[text | None]
    """``ID`` of ``/etc/os-release``, as it stands there."""
    os_version_id: Mapped[text | None]
    thoth_image_name: Mapped[text | None]
    thoth_image_version: Mapped[text | None]
    env_image_name: Mapped[text | None]
    env_image_tag: Mapped[text | None]


class RPMPackageVersion(Base, BaseExtension):
    """An RPM package with what it requires."""

    __tablename__ = "rpm_package_version"
    NATURAL_KEY = ("digest",)
    REMOVED_WHEN_UNUSED = True
    __table_args__ = (
        natural_key(*NATURAL_KEY),
        Index(None, "package_name", "package_version"),  # get_images_with_rpm_package
    )

    id: Mapped[intpk]
    digest: Mapped[digest]
    """SHA-256 of the columns below, written as JSON."""
    package_name: Mapped[text]
    package_version: Mapped[text]
    release: Mapped[text | None]
    epoch: Mapped[text | None]
    arch: Mapped[text | None]
    src: Mapped[bool]
    package_identifier: Mapped[text]
    """Name, epoch, version, release and architecture in the form of RPM."""
    rpm_requirements: Mapped[texts]
    """Capabilities that it requires, distinct, sorted, for example ``libc.so.6()(64bit)``."""


class FoundRPM(Base, BaseExtension):
    """An RPM package is installed in an image."""

    __tablename__ = "found_rpm"
    NATURAL_KEY = ("package_extract_run_id", "rpm_package_version_id")
    __table_args__ = (
        Index(None, "rpm_package_version_id"),  # get_images_with_rpm_package; removals
    )

    package_extract_run_id: Mapped[int] = mapped_column(
        ForeignKey(PackageExtractRun.id, ondelete="CASCADE"), primary_key=True
    )
    rpm_package_version_id: Mapped[int] = mapped_column(ForeignKey(RPMPackageVersion.id), primary_key=True)


class DebPackageVersion(Base, BaseExtension):
    """A Debian package with its relations to others.

    Relations: https://www.debian.org/doc/debian-policy/ch-relationships.html
    """

    __tablename__ = "deb_package_version"
    NATURAL_KEY = ("digest",)
    REMOVED_WHEN_UNUSED = True
    __table_args__ = (
        natural_key(*NATURAL_KEY),
        Index(None, "package_name", "package_version"),  # which images have the package
    )

    id: Mapped[intpk]
    digest: Mapped[digest]
    """SHA-256 of the columns below, written as JSON."""
    package_name: Mapped[text]
    package_version: Mapped[text]
    epoch: Mapped[text | None]
    arch: Mapped[text | None]
    depends: Mapped[list[dict[str, str | None]]] = mapped_column(JSONB)
    """``name`` and ``version_range`` of each package, sorted; the range is null when any version will do."""
    pre_depends: Mapped[list[dict[str, str | None]]] = mapped_column(JSONB)
    replaces: Mapped[list[dict[str, str | None]]] = mapped_column(JSONB)


class FoundDeb(Base, BaseExtension):
    """A Debian package is installed in an image."""

    __tablename__ = "found_deb"
    NATURAL_KEY = ("package_extract_run_id", "deb_package_version_id")
    __table_args__ = (
        Index(None, "deb_package_version_id"),  # which images have the package; removals
    )

    package_extract_run_id: Mapped[int] = mapped_column(
        ForeignKey(PackageExtractRun.id, ondelete="CASCADE"), primary_key=True
    )
    deb_package_version_id: Mapped[int] = mapped_column(ForeignKey(DebPackageVersion.id), primary_key=True)


class IdentifiedPythonPackage(Base, BaseExtension):
    """A Python package is installed in an image."""

    __tablename__ = "identified_python_package"
    NATURAL_KEY = ("package_extract_run_id", "python_release_id")
    __table_args__ = (
        Index(None, "python_release_id"),  # get_images_with_python_package; removals
    )

    package_extract_run_id: Mapped[int] = mapped_column(
        ForeignKey(PackageExtractRun.id, ondelete="CASCADE"), primary_key=True
    )
    python_release_id: Mapped[int] = mapped_column(ForeignKey(PythonRelease.id), primary_key=True)
    locations: Mapped[texts]
    """Folders that it is installed in, distinct, sorted."""


class FoundPythonFile(Base, BaseExtension):
    """The content of a Python source file is in an image.

    Paths are an array and no key: they may be longer than an index takes.
    """

    __tablename__ = "found_python_file"
    NATURAL_KEY = ("package_extract_run_id", "python_file_digest_id")
    __table_args__ = (
        Index(None, "python_file_digest_id"),  # removals: is the content somewhere else, too
    )

    package_extract_run_id: Mapped[int] = mapped_column(
        ForeignKey(PackageExtractRun.id, ondelete="CASCADE"), primary_key=True
    )
    python_file_digest_id: Mapped[int] = mapped_column(ForeignKey(PythonFileDigest.id), primary_key=True)
    files: Mapped[texts]
    """Paths of the files that have the content, distinct, sorted."""


class FoundPythonInterpreter(Base, BaseExtension):
    """A Python interpreter in an image."""

    __tablename__ = "found_python_interpreter"
    NATURAL_KEY = ("package_extract_run_id", "path")

    package_extract_run_id: Mapped[int] = mapped_column(
        ForeignKey(PackageExtractRun.id, ondelete="CASCADE"), primary_key=True
    )
    path: Mapped[text] = mapped_column(primary_key=True)
    link: Mapped[text | None]
    """The file that the path leads to."""
    version: Mapped[text | None]
    """What it prints when it is asked for its version."""


class DetectedSymbol(Base, BaseExtension):
    """A library in an image offers a versioned symbol."""

    __tablename__ = "detected_symbol"
    NATURAL_KEY = ("package_extract_run_id", "versioned_symbol_id")
    __table_args__ = (
        Index(None, "versioned_symbol_id"),  # removals: does somebody else name the symbol
    )

    package_extract_run_id: Mapped[int] = mapped_column(
        ForeignKey(PackageExtractRun.id, ondelete="CASCADE"), primary_key=True
    )
    versioned_symbol_id: Mapped[int] = mapped_column(ForeignKey(VersionedSymbol.id), primary_key=True)
