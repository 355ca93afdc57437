"""Performance indicators: what scripts of inspections measure. Add one by writing a class here, and nowhere else.

A class names in its columns what the script prints in ``@parameters`` and ``@result``; ``alembic revision
--autogenerate`` then makes the migration, and everything else follows from the class.
"""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import Double, ForeignKey
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from .models.inspections import InspectionRun
from .models_base import Base, BaseExtension, intpk, text

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
    origin: Mapped[text | None]
    """Where the script came from."""
    version: Mapped[text | None]
    overall_score: Mapped[float | None] = mapped_column(Double)
    exit_code: Mapped[int]
    ru_utime: Mapped[float] = mapped_column(Double)
    ru_stime: Mapped[float] = mapped_column(Double)
    ru_maxrss: Mapped[int]
    ru_ixrss: Mapped[int]
    ru_idrss: Mapped[int]
    ru_isrss: Mapped[int]
    ru_minflt: Mapped[int]
    ru_majflt: Mapped[int]
    ru_nswap: Mapped[int]
    ru_inblock: Mapped[int]
    ru_oublock: Mapped[int]
    ru_msgsnd: Mapped[int]
    ru_msgrcv: Mapped[int]
    ru_nsignals: Mapped[int]
    ru_nvcsw: Mapped[int]
    ru_nivcsw: Mapped[int]


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
    """Gigaflops a second."""
    elapsed: Mapped[float] = mapped_column(Double)
    """Milliseconds."""


ALL_PERFORMANCE_MODELS: tuple[type[PerformanceIndicatorBase], ...] = tuple(PERFORMANCE_MODEL_BY_NAME.values())
