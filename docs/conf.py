"""Configuration of Sphinx: https://www.sphinx-doc.org/en/master/usage/configuration.html."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

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


def setup(app: Sphinx) -> None:
    """Connect what is below."""
    app.connect("source-read", add_changelog)
    # Before napoleon, which turns the list of arguments into fields.
    app.connect("autodoc-process-docstring", leave_out_session, priority=400)


def add_changelog(app: Sphinx, docname: str, source: list[str]) -> None:
    """Add CHANGELOG.md to its page: of Markdown, it uses headings, lists, literals and links."""
    if docname != "changelog":
        return
    _, _, text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").partition("\n")
    text = re.sub(r"`([^`]+)`", r"``\1``", text)
    text = re.sub(r"\[([^\]]+)\]\(([^)]+)\)", r"`\1 <\2>`__", text)
    for mark, line in (("## ", "-"), ("### ", "~")):
        text = "\n".join(
            f"{each.removeprefix(mark)}\n{line * len(each)}" if each.startswith(mark) else each
            for each in text.splitlines()
        )
    source[0] += text


def leave_out_session(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Leave the session out of the arguments of a method: the adapter opens one, and gives it to the function."""
    if ".GraphDatabase." in name:
        lines[:] = [line for line in lines if not line.strip().startswith("session: an open session")]
