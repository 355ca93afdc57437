"""Configuration of Sphinx: https://www.sphinx-doc.org/en/master/usage/configuration.html."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from docs import reference  # noqa: E402

project = "thoth-storages"
author = "The thoth-storages authors"
release = re.search(r'__version__ = "(.+)"', (ROOT / "thoth/storages/__init__.py").read_text(encoding="utf-8"))[1]  # type: ignore[index]
extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon"]
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
# A name that leads nowhere is an error, but for those of types in signatures, which are those of other projects, too.
nitpicky = True
nitpick_ignore_regex = [(r"py:(class|exc|data)", r".*")]
toc_object_entries_show_parents = "hide"
linkcheck_timeout = 30
linkcheck_ignore = [r"http://localhost:\d+"]
exclude_patterns = ["_build"]
html_theme = "furo"
# Quotes and ellipses, but no dashes: two of them begin an option.
smartquotes_action = "qe"
html_show_copyright = False
html_static_path = ["_static"]
html_css_files = ["site.css"]


def setup(app: Sphinx) -> None:
    """Connect what is below."""
    app.add_directive("commands", Commands)
    app.add_directive("variables", Variables)
    app.connect("source-read", add_changelog)
    # Before napoleon, which turns the list of arguments into fields.
    app.connect("autodoc-process-docstring", leave_out_session, priority=400)
    app.connect("autodoc-process-docstring", say_what_is_returned, priority=400)


class Commands(SphinxDirective):
    """All commands, each with a section: ``.. commands::``."""

    def run(self) -> list[nodes.Node]:
        """Return the sections."""
        return self.parse_text_to_nodes(reference.commands_text(), allow_section_headings=True)


class Variables(SphinxDirective):
    """The variables whose names begin with a prefix: ``.. variables:: KNOWLEDGE_GRAPH_``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return their descriptions."""
        return self.parse_text_to_nodes(reference.variables_text(self.arguments[0]))


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


def say_what_is_returned(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Make a field of what is returned: napoleon takes the text before a colon in it for a type."""
    lines[:] = [":returns:" if line == "Returns:" else line for line in lines]
