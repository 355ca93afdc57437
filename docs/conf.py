"""Configuration of Sphinx: https://www.sphinx-doc.org/en/master/usage/configuration.html."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

project = "thoth-storages"
author = "The thoth-storages authors"
release = re.search(r'__version__ = "(.+)"', (ROOT / "thoth/storages/__init__.py").read_text(encoding="utf-8"))[1]  # type: ignore[index]
extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon"]
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
exclude_patterns = ["_build"]
html_theme = "furo"
