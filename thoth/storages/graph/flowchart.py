"""Flowcharts in the language of Mermaid, which shows them in Markdown: https://mermaid.js.org/syntax/flowchart.html."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..exceptions import ConfigurationError

ENDING = ".mmd"

# Within quotes, Mermaid reads HTML and its own entities, which are written with "#": `#35;` is a "#".
_SPECIAL = re.compile(r"[^\w .,:/()=+*!'~-]")
_CLASSES = {
    "asked": "fill:#ffe08a,stroke:#b08900,stroke-width:3px,color:#202020",
    "plain": "fill:#e6f0fa,stroke:#4a78a8,color:#202020",
    "unsolved": "fill:#eeeeee,stroke:#909090,stroke-dasharray:4 3,color:#606060",
}


@dataclass(frozen=True)
class Box:
    """A box of a flowchart."""

    lines: tuple[str, ...]
    """What stands in it."""
    look: str = "plain"
    """``asked``, ``plain`` or ``unsolved``."""


@dataclass(frozen=True)
class Arrow:
    """An arrow of a flowchart."""

    source: int
    """Number of a box."""
    target: int
    label: str = ""


def flowchart(boxes: Iterable[Box], arrows: Iterable[Arrow], title: str) -> str:
    """Return the text of a flowchart from left to right; equal arguments make equal texts."""
    lines = ["---", f"title: {json.dumps(title)}", "---", "flowchart LR"]
    lines += [
        f'    p{number}["{"<br/>".join(map(_quoted, box.lines))}"]:::{box.look}' for number, box in enumerate(boxes)
    ]
    for arrow in arrows:
        label = f'|"{_quoted(arrow.label)}"|' if arrow.label else ""
        lines.append(f"    p{arrow.source} -->{label} p{arrow.target}")
    lines += [f"    classDef {name} {look}" for name, look in _CLASSES.items()]
    return "\n".join(lines) + "\n"


def write_flowchart(content: str, path: str | Path) -> Path:
    """Write the text of a flowchart; the file is there as a whole or not at all.

    Raises:
        ConfigurationError: the file cannot be written.

    """
    path = Path(path)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(content, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be written: {error.strerror}") from None
    finally:
        temporary.unlink(missing_ok=True)
    return path


def is_flowchart(path: str | Path) -> bool:
    """Tell whether the ending of a name is that of a flowchart."""
    return Path(path).suffix.lower() == ENDING


def _quoted(text: str) -> str:
    return _SPECIAL.sub(lambda match: f"#{ord(match[0])};", text)
