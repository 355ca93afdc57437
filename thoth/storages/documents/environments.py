"""Environments as documents describe them: nested as thoth-common writes them, or flat as its users did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ..exceptions import SchemaError, shown
from ..normalize import normalize_os_name, normalize_os_version
from .base import Interned, read

Number = int | float | str | None


class OperatingSystem(msgspec.Struct, frozen=True):
    """``operating_system`` of a runtime environment."""

    name: str | None = None
    version: Number = None


class Hardware(msgspec.Struct, frozen=True):
    """``hardware`` of a runtime environment, or of what an Amun inspection requests."""

    cpu_vendor: str | None = None
    cpu_model: Number = None
    cpu_cores: Number = None
    cpu_model_name: str | None = None
    cpu_family: Number = None
    cpu_physical_cpus: Number = None
    physical_cpus: Number = None
    processor: str | None = None
    gpu_model: str | None = None
    gpu_model_name: str | None = None
    gpu_vendor: str | None = None
    gpu_cores: Number = None
    gpu_memory_size: Number = None
    ram_size: Number = None


class RuntimeEnvironment(msgspec.Struct, frozen=True):
    """A runtime environment as documents of all years write it."""

    name: str | None = None
    environment_name: str | None = None
    operating_system: OperatingSystem | None = None
    os_name: str | None = None
    os_version: Number = None
    python_version: Number = None
    cuda_version: Number = None
    cudnn_version: Number = None
    mkl_version: Number = None
    openblas_version: Number = None
    openmpi_version: Number = None
    base_image: str | None = None
    platform: str | None = None
    hardware: Hardware | None = None


class SoftwareEnvironmentFact(Interned, frozen=True, kw_only=True):
    """An environment that somebody runs or builds software in; the fields are the columns of its table."""

    environment_name: str | None
    environment_type: str
    is_external: bool
    os_name: str | None
    os_version: str | None
    python_version: str | None
    cuda_version: str | None
    cudnn_version: str | None = None
    mkl_version: str | None = None
    openblas_version: str | None = None
    openmpi_version: str | None = None
    base_image: str | None = None
    platform: str | None = None


class HardwareFact(Interned, frozen=True, kw_only=True):
    """Hardware; the fields are the columns of its table."""

    cpu_vendor: str | None
    cpu_model: int | None
    cpu_cores: int | None
    cpu_model_name: str | None
    cpu_family: int | None
    cpu_physical_cpus: int | None
    gpu_model_name: str | None
    gpu_vendor: str | None
    gpu_cores: int | None
    gpu_memory_size: int | None
    ram_size: int | None


def read_runtime_environment(value: object, path: str) -> RuntimeEnvironment | None:
    """Return a runtime environment, or None when the document holds none.

    Args:
        value: an object, such an object as JSON text, or null. Text of another kind, such as the name of a file that
            a tool was called with, describes nothing.
        path: where in the document it is, for the error.

    Raises:
        SchemaError: a field has another type than it should; the message holds the path to it.

    """
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError):
            return None
        if not isinstance(value, Mapping):
            return None
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise SchemaError(f"{path}: expected an object, got {type(value).__name__}")
    try:
        return read(value, RuntimeEnvironment)  # and not convert: text within JSON text was not looked at before
    except SchemaError as error:
        raise SchemaError(path + str(error).removeprefix("$")) from None


def software_environment(
    environment: RuntimeEnvironment, environment_type: str, *, is_external: bool
) -> SoftwareEnvironmentFact:
    """Return what a runtime environment says of software, normalised.

    Args:
        environment: a runtime environment.
        environment_type: ``RUNTIME`` or ``BUILDTIME``.
        is_external: whether it is that of a user, and not one that Thoth offers.

    """
    nested = environment.operating_system or OperatingSystem()
    os_name, os_version = operating_system(nested.name or environment.os_name, nested.version or environment.os_version)
    return SoftwareEnvironmentFact(
        environment_name=environment.name or environment.environment_name or None,
        environment_type=environment_type,
        is_external=is_external,
        os_name=os_name,
        os_version=os_version,
        python_version=text_of(environment.python_version),
        cuda_version=text_of(environment.cuda_version),
        cudnn_version=text_of(environment.cudnn_version),
        mkl_version=text_of(environment.mkl_version),
        openblas_version=text_of(environment.openblas_version),
        openmpi_version=text_of(environment.openmpi_version),
        base_image=environment.base_image or None,
        platform=environment.platform or None,
    )


def operating_system(name: str | None, version: Number) -> tuple[str | None, str | None]:
    """Return name and version of an operating system as they are stored."""
    os_name = normalize_os_name(name) or None if name else None
    text = text_of(version)
    return os_name, None if text is None else normalize_os_version(os_name, text)


def text_of(value: Number) -> str | None:
    """Return text, or a number that a tool wrote in its place, as text; None when it is empty."""
    return None if value is None else str(value).strip() or None


def hardware_fact(hardware: Hardware | None, path: str) -> HardwareFact | None:
    """Return what is said of hardware, or None when nothing is.

    Args:
        hardware: hardware of a runtime environment, or of what an inspection requests.
        path: where in the document it is, for the error.

    Raises:
        SchemaError: a number cannot be one; the message holds the path to it.

    """
    if hardware is None:
        return None
    physical_cpus = hardware.physical_cpus if hardware.cpu_physical_cpus is None else hardware.cpu_physical_cpus
    fact = HardwareFact(
        cpu_vendor=hardware.cpu_vendor or None,
        cpu_model=_integer(hardware.cpu_model, f"{path}.cpu_model"),
        cpu_cores=_integer(hardware.cpu_cores, f"{path}.cpu_cores"),
        cpu_model_name=hardware.cpu_model_name or hardware.processor or None,
        cpu_family=_integer(hardware.cpu_family, f"{path}.cpu_family"),
        cpu_physical_cpus=_integer(physical_cpus, f"{path}.cpu_physical_cpus"),
        gpu_model_name=hardware.gpu_model_name or hardware.gpu_model or None,
        gpu_vendor=hardware.gpu_vendor or None,
        gpu_cores=_integer(hardware.gpu_cores, f"{path}.gpu_cores"),
        gpu_memory_size=_integer(hardware.gpu_memory_size, f"{path}.gpu_memory_size", bits=64),
        ram_size=_integer(hardware.ram_size, f"{path}.ram_size", bits=64),
    )
    return fact if any(getattr(fact, name) is not None for name in fact.__struct_fields__) else None


def _integer(value: Number, path: str, *, bits: int = 32) -> int | None:
    if value is None or value == "":
        return None
    try:
        number = int(value)
    except (ValueError, OverflowError):
        raise SchemaError(f"{path}: not a number: {shown(value)}") from None
    if isinstance(value, float) and number != value:
        raise SchemaError(f"{path}: not a whole number: {shown(value)}")
    if not -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
        raise SchemaError(f"{path}: too large a number: {shown(value)}")
    return number


_UNDESCRIBED = software_environment(RuntimeEnvironment(), "RUNTIME", is_external=True)


def environment_of_user(
    value: Mapping[str, Any] | str | None, path: str
) -> tuple[SoftwareEnvironmentFact | None, HardwareFact | None]:
    """Return what a user's runtime environment says of software and of hardware, see `read_runtime_environment`.

    None stands for a part of which nothing is said.
    """
    environment = read_runtime_environment(value, path)
    if environment is None:
        return None, None
    software = software_environment(environment, "RUNTIME", is_external=True)
    hardware = hardware_fact(environment.hardware, f"{path}.hardware")
    return None if software == _UNDESCRIBED else software, hardware
