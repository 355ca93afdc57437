"""Commands and environment variables as reStructuredText, made of the code: these pages cannot lag behind it."""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from thoth.storages.cli import cli
from thoth.storages.config import VARIABLES
from thoth.storages.variables import (
    MAX_INTEGER,
    Variable,
    WholeNumber,
    as_port,
    as_seconds,
    as_switch,
    as_text,
)

PROGRAM = "thoth-storages"
_TAKES: dict[object, str] = {
    as_port: "a port",
    as_seconds: "seconds, also with a fraction",
    as_switch: "``0``, ``1``, ``true``, ``false``, ``yes`` or ``no``",
    as_text: "text",
    Path: "a path",
}
_NAMES = frozenset(variable.name for variable in VARIABLES)
# Options, and words in capitals with an underscore: variables, and what stands for a value.
_WORD = re.compile(r"(?<![\w-])--[a-z][a-z-]*|(?<![\w-])_?[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b|(?<!\w)_[A-Z]+\b")


def commands(group: click.Group = cli, words: tuple[str, ...] = (PROGRAM,)) -> Iterator[tuple[str, click.Command]]:
    """Yield a group and all that is below it, with the words that they are called by; but for what is hidden."""
    yield " ".join(words), group
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from commands(command, (*words, name))
        elif not command.hidden:
            yield " ".join((*words, name)), command


def commands_text() -> str:
    """Return the sections of all commands."""
    return "\n".join(line for name, command in commands() for line in (*_command(name, command), ""))


def variables_text(prefix: str) -> str:
    """Return the descriptions of the variables whose names begin with a prefix.

    Raises:
        ValueError: there are none.

    """
    found = [variable for variable in VARIABLES if variable.name.startswith(prefix)]
    if not found:
        raise ValueError(f"no variable begins with {prefix}")
    return "\n".join(line for variable in found for line in (*_variable(variable), ""))


def _command(name: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=name)
    yield from (name, "-" * len(name), "", f".. program:: {name}", "")
    yield from _code(" ".join([name, *command.collect_usage_pieces(context)]))
    yield from _help(command.help or "")
    for option in _options(command):
        names, meaning = option.get_help_record(context) or ("", "")
        yield from (f".. option:: {names.replace(' / ', ', ')}", "", f"   {_prose(meaning)}", "")


def _help(text: str) -> Iterator[str]:
    """Yield the paragraphs of a help text; click leaves one as it is that begins with a backspace."""
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if paragraph.startswith("\b"):
            title, _, lines = paragraph.removeprefix("\b").strip("\n").partition("\n")
            yield from (_prose(title), "")
            yield from _code(textwrap.dedent(lines))
        else:
            yield from (_prose(paragraph.replace("\n", " ")), "")


def _code(text: str) -> Iterator[str]:
    yield from (".. code-block:: text", "", textwrap.indent(text, "   "), "")


def _prose(text: str) -> str:
    """Return text in which names are literals, and those of variables lead to them."""
    escaped = re.sub(r"([\\*`|])", r"\\\1", text)
    return _WORD.sub(lambda match: f":envvar:`{match[0]}`" if match[0] in _NAMES else f"``{match[0]}``", escaped)


def _variable(variable: Variable[object]) -> Iterator[str]:
    takes = _takes(variable)
    yield from (f".. envvar:: {variable.name}", "", f"   {_sentence(variable.meaning)}", "")
    yield f"   Takes {takes}{', which is never shown' if variable.is_secret else ''}. {_default(variable)}"
    if variable.fallback is not None:
        yield f"   When it is unset, ``{variable.fallback}`` is read."


def _takes(variable: Variable[object]) -> str:
    if not isinstance(variable.parse, WholeNumber):
        return _TAKES[variable.parse]
    least, most = variable.parse.least, variable.parse.most
    return f"a whole number, {least:,} at least" if most == MAX_INTEGER else f"a whole number, {least:,} to {most:,}"


def _default(variable: Variable[object]) -> str:
    if variable.default is None:
        return "There is no default."
    default = int(variable.default) if isinstance(variable.default, bool) else variable.default
    return f"Default: ``{default}``."


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def names_of_options(command: click.Command) -> Iterable[str]:
    """Return the names of all options of a command, but for those of its help."""
    return [name for option in _options(command) for name in (*option.opts, *option.secondary_opts)]


def _options(command: click.Command) -> list[click.Option]:
    return [parameter for parameter in command.params if isinstance(parameter, click.Option) and not parameter.hidden]
