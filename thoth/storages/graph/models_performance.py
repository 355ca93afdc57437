"""Performance indicators: what scripts of inspections measure. Add one by writing a class here, and nowhere else.

A class names in its columns what the script prints in ``@parameters`` and ``@result``; ``alembic revision
--autogenerate`` then makes the migration, and everything else follows from the class.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from sqlalchemy import BigInteger, Column, Double, ForeignKey, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from ..exceptions import PerformanceIndicatorNotRegistered
from .models.inspections import InspectionRun
from .models_base import Base, BaseExtension, intpk, text

text_or_number = Annotated[str, mapped_column(Text(collation="C"), info={"numbers": True})]
"""Text, of which scripts print some values as numbers."""

PERFORMANCE_MODEL_BY_NAME: dict[str, type[PerformanceIndicatorBase]] = {}


class PerformanceIndicatorBase(BaseExtension):
    """What every performance indicator has: the run that reported it, how the process ended, what it used.

    The ``ru_`` columns are those of `getrusage(2)`, as ``resource.struct_rusage`` names them; times are seconds.
    """

    NATURAL_KEY: ClassVar[tuple[str, ...]] = ("inspection_run_id",)

    def __init_subclass__(cls, **kwargs: object) -> None:
        """Register the indicator under the name of its class."""
        super().__init_subclass__(**kwargs)
        PERFORMANCE_MODEL_BY_NAME[cls.__name__] = cls

    id: Mapped[intpk]

    @declared_attr
    @classmethod
    def inspection_run_id(cls) -> Mapped[int]:
        """The run that reported it; one run reports an indicator once."""
        return mapped_column(ForeignKey(InspectionRun.id, ondelete="CASCADE"), unique=True)

    framework: Mapped[text | None]
    """What was measured, for example ``tensorflow``; scripts also call it component, or library."""
    origin: Mapped[text | None]
    """Where the script came from."""
    version: Mapped[text | None]
    """Version of the script, its SHA-256 when it does not say."""
    overall_score: Mapped[float | None] = mapped_column(Double)
    exit_code: Mapped[int | None]
    ru_utime: Mapped[float | None] = mapped_column(Double)
    ru_stime: Mapped[float | None] = mapped_column(Double)
    ru_maxrss: Mapped[int | None] = mapped_column(BigInteger)
    ru_ixrss: Mapped[int | None] = mapped_column(BigInteger)
    ru_idrss: Mapped[int | None] = mapped_column(BigInteger)
    ru_isrss: Mapped[int | None] = mapped_column(BigInteger)
    ru_minflt: Mapped[int | None] = mapped_column(BigInteger)
    ru_majflt: Mapped[int | None] = mapped_column(BigInteger)
    ru_nswap: Mapped[int | None] = mapped_column(BigInteger)
    ru_inblock: Mapped[int | None] = mapped_column(BigInteger)
    ru_oublock: Mapped[int | None] = mapped_column(BigInteger)
    ru_msgsnd: Mapped[int | None] = mapped_column(BigInteger)
    ru_msgrcv: Mapped[int | None] = mapped_column(BigInteger)
    ru_nsignals: Mapped[int | None] = mapped_column(BigInteger)
    ru_nvcsw: Mapped[int | None] = mapped_column(BigInteger)
    ru_nivcsw: Mapped[int | None] = mapped_column(BigInteger)
    other_parameters: Mapped[dict[str, object]] = mapped_column(JSONB, server_default="{}")
    """What the script printed in ``@parameters`` and the indicator has no column for."""
    other_results: Mapped[dict[str, object]] = mapped_column(JSONB, server_default="{}")
    """What the script printed in ``@result`` and the indicator has no column for."""


def reported_columns(model: type[PerformanceIndicatorBase]) -> dict[str, Column[Any]]:
    """Return the columns of an indicator that its script reports, in ``@parameters`` or in ``@result``, by name."""
    table = model.__table__  # type: ignore[attr-defined]
    of_every_indicator = {*vars(PerformanceIndicatorBase), *PerformanceIndicatorBase.__annotations__}
    return {column.name: column for column in table.columns if column.name not in of_every_indicator}


def performance_model(name: str) -> type[PerformanceIndicatorBase]:
    """Return the class of an indicator.

    Args:
        name: its name, as scripts print it.

    Raises:
        PerformanceIndicatorNotRegistered: there is none of that name; the message lists those that exist.

    """
    try:
        return PERFORMANCE_MODEL_BY_NAME[name]
    except KeyError:
        existing = ", ".join(sorted(PERFORMANCE_MODEL_BY_NAME))
        raise PerformanceIndicatorNotRegistered(
            f"no performance indicator is called {name!r}; there are: {existing}"
        ) from None


class PiMatmul(PerformanceIndicatorBase, Base):
    """Multiplication of two square matrices."""

    __tablename__ = "pi_matmul"

    # @parameters
    device: Mapped[text]
    dtype: Mapped[text]
    matrix_size: Mapped[int]
    reps: Mapped[int]
    # @result
    rate: Mapped[float] = mapped_column(Double)
    """Billions of floating-point operations a second."""
    elapsed: Mapped[float] = mapped_column(Double)
    """Milliseconds."""


class PiConv1D(PerformanceIndicatorBase, Base):
    """Convolution over one dimension."""

    __tablename__ = "pi_conv1d"

    # @parameters
    device: Mapped[text]
    dtype: Mapped[text]
    data_format: Mapped[text]
    """Order of the dimensions of the input, for example ``NWC``."""
    reps: Mapped[int]
    batch: Mapped[int]
    input_width: Mapped[int]
    input_channels: Mapped[int]
    filter_width: Mapped[int]
    output_channels: Mapped[int]
    strides: Mapped[int]
    padding: Mapped[text_or_number]
    """``SAME``, ``VALID``, or a number."""
    # @result
    rate: Mapped[float] = mapped_column(Double)
    """Billions of floating-point operations a second."""
    elapsed: Mapped[float] = mapped_column(Double)
    """Milliseconds."""


class PiConv2D(PerformanceIndicatorBase, Base):
    """Convolution over two dimensions."""

    __tablename__ = "pi_conv2d"

    # @parameters
    device: Mapped[text]
    dtype: Mapped[text]
    data_format: Mapped[text]
    """Order of the dimensions of the input, for example ``NHWC``."""
    reps: Mapped[int]
    batch: Mapped[int]
    input_height: Mapped[int]
    input_width: Mapped[int]
    input_channels: Mapped[int]
    filter_height: Mapped[int]
    filter_width: Mapped[int]
    output_channels: Mapped[int]
    strides: Mapped[int]
    padding: Mapped[text_or_number]
    """``SAME``, ``VALID``, or a number."""
    # @result
    rate: Mapped[float] = mapped_column(Double)
    """Billions of floating-point operations a second."""
    elapsed: Mapped[float] = mapped_column(Double)
    """Milliseconds."""


class PiPyBench(PerformanceIndicatorBase, Base):
    """The benchmark suite pybench: how long each of its tests took in the mean of all rounds, in milliseconds."""

    __tablename__ = "pi_pybench"

    # @parameters
    rounds: Mapped[int]
    # @result
    built_in_function_calls_average: Mapped[float] = mapped_column(Double)
    built_in_method_lookup_average: Mapped[float] = mapped_column(Double)
    compare_floats_average: Mapped[float] = mapped_column(Double)
    compare_floats_integers_average: Mapped[float] = mapped_column(Double)
    compare_integers_average: Mapped[float] = mapped_column(Double)
    compare_interned_strings_average: Mapped[float] = mapped_column(Double)
    compare_longs_average: Mapped[float] = mapped_column(Double)
    compare_strings_average: Mapped[float] = mapped_column(Double)
    compare_unicode_average: Mapped[float] = mapped_column(Double)
    concat_strings_average: Mapped[float] = mapped_column(Double)
    concat_unicode_average: Mapped[float] = mapped_column(Double)
    create_instances_average: Mapped[float] = mapped_column(Double)
    create_new_instances_average: Mapped[float] = mapped_column(Double)
    create_strings_with_concat_average: Mapped[float] = mapped_column(Double)
    create_unicode_with_concat_average: Mapped[float] = mapped_column(Double)
    dict_creation_average: Mapped[float] = mapped_column(Double)
    dict_with_float_keys_average: Mapped[float] = mapped_column(Double)
    dict_with_integer_keys_average: Mapped[float] = mapped_column(Double)
    dict_with_string_keys_average: Mapped[float] = mapped_column(Double)
    for_loops_average: Mapped[float] = mapped_column(Double)
    if_then_else_average: Mapped[float] = mapped_column(Double)
    list_slicing_average: Mapped[float] = mapped_column(Double)
    nested_for_loops_average: Mapped[float] = mapped_column(Double)
    normal_class_attribute_average: Mapped[float] = mapped_column(Double)
    normal_instance_attribute_average: Mapped[float] = mapped_column(Double)
    python_function_calls_average: Mapped[float] = mapped_column(Double)
    python_method_calls_average: Mapped[float] = mapped_column(Double)
    recursion_average: Mapped[float] = mapped_column(Double)
    second_import_average: Mapped[float] = mapped_column(Double)
    second_package_import_average: Mapped[float] = mapped_column(Double)
    second_submodule_import_average: Mapped[float] = mapped_column(Double)
    simple_complex_arithmetic_average: Mapped[float] = mapped_column(Double)
    simple_dict_manipulation_average: Mapped[float] = mapped_column(Double)
    simple_float_arithmetic_average: Mapped[float] = mapped_column(Double)
    simple_int_float_arithmetic_average: Mapped[float] = mapped_column(Double)
    simple_integer_arithmetic_average: Mapped[float] = mapped_column(Double)
    simple_list_manipulation_average: Mapped[float] = mapped_column(Double)
    simple_long_arithmetic_average: Mapped[float] = mapped_column(Double)
    small_lists_average: Mapped[float] = mapped_column(Double)
    small_tuples_average: Mapped[float] = mapped_column(Double)
    special_class_attribute_average: Mapped[float] = mapped_column(Double)
    special_instance_attribute_average: Mapped[float] = mapped_column(Double)
    string_mappings_average: Mapped[float] = mapped_column(Double)
    string_predicates_average: Mapped[float] = mapped_column(Double)
    string_slicing_average: Mapped[float] = mapped_column(Double)
    try_except_average: Mapped[float] = mapped_column(Double)
    try_raise_except_average: Mapped[float] = mapped_column(Double)
    tuple_slicing_average: Mapped[float] = mapped_column(Double)
    unicode_mappings_average: Mapped[float] = mapped_column(Double)
    unicode_predicates_average: Mapped[float] = mapped_column(Double)
    unicode_properties_average: Mapped[float] = mapped_column(Double)
    unicode_slicing_average: Mapped[float] = mapped_column(Double)
    totals_average: Mapped[float] = mapped_column(Double)


ALL_PERFORMANCE_MODELS: tuple[type[PerformanceIndicatorBase], ...] = tuple(PERFORMANCE_MODEL_BY_NAME.values())
