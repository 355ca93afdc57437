"""The build step that pyproject.toml cannot say: the migrations go into the wheel, below the package that runs them."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithMigrations(build_py):
    """Put ``alembic/`` at ``thoth/storages/alembic/``.

    A ``package_dir`` entry would do the same for a wheel, but it turns an editable install from a path into an import
    hook, which type checkers and linters cannot follow.
    """

    def run(self) -> None:
        """Build the package, then copy the migrations; an editable install reads them where they are."""
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib, "thoth", "storages", "alembic")
            # A migration that an earlier build left behind would be a second head.
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree("alembic", target, ignore=shutil.ignore_patterns("__pycache__", "*.py[cod]"))


setup(cmdclass={"build_py": BuildWithMigrations})
