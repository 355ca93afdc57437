"""Writing Graphviz graphs as pictures, whichever program that can lay them out is there."""

from __future__ import annotations

import hashlib
import html
import os
import shutil
import subprocess
import sys
import sysconfig
import zlib
from collections.abc import Sequence
from pathlib import Path

from graphviz import Digraph, escape  # type: ignore[import-untyped]  # the package has no annotations for others

from ..exceptions import ConfigurationError, NotFoundError, ThothStorageException
from ..files import is_special

__all__ = [
    "FONT",
    "GRAPH_FORMATS",
    "Digraph",
    "caption",
    "escape",
    "hue",
    "note",
    "picture_format",
    "render",
    "stamp",
    "write_graph",
    "write_picture",
]

FONT = "Helvetica"
"""Every Graphviz has metrics of its own for this one, so that boxes fit the text without the font being there."""

_SOURCE_FORMATS = ("dot",)
_FORMATS = ("png", "svg")
_FORMATS_OF_GRAPHVIZ = ("pdf",)  # graphviz-pure does not write it
GRAPH_FORMATS = (*_FORMATS, *_SOURCE_FORMATS, *_FORMATS_OF_GRAPHVIZ)
"""What `write_graph` writes."""
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def hue(number: int) -> float:
    """Return the hue, from 0 to 1, of one of any number of things: neighbours differ most.

    The steps are the golden ratio: https://martin.ankerl.com/2009/12/09/how-to-create-random-colors-programmatically/
    """
    return (0.58 + number * 0.618034) % 1


def caption(title: str, *lines: str) -> str:
    """Return the label of a graph: a title, and small lines below it."""
    rows = [f'<TR><TD><FONT POINT-SIZE="20"><B>{html.escape(title)}</B></FONT></TD></TR>']
    rows += [f'<TR><TD><FONT POINT-SIZE="11">{html.escape(line)}</FONT></TD></TR>' for line in lines]
    return f'<<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="2">{"".join(rows)}<TR><TD> </TD></TR></TABLE>>'


def write_graph(graph: Digraph, path: str | Path) -> Path:
    """Write a picture of a graph; the file is there as a whole or not at all.

    Args:
        graph: what to draw.
        path: the file; the ending of its name says the format: ``.png``, ``.svg``, ``.dot`` (what Graphviz reads), or
            ``.pdf`` when Graphviz itself is installed.

    Returns:
        The path of the file. A PNG and an SVG hold a note of what they were drawn from, see `note`.

    Raises:
        ConfigurationError: the ending is none of these, or the file cannot be written.
        NotFoundError: no program that lays out graphs is installed.
        ThothStorageException: that program failed.

    """
    path = Path(path)
    file_format = picture_format(path, GRAPH_FORMATS)
    source: str = graph.source
    if file_format in _SOURCE_FORMATS:
        return write_picture(path, source.encode())
    return write_picture(path, stamp(render(graph, path, file_format), source))


def picture_format(path: Path, known: Sequence[str]) -> str:
    """Return the format that the ending of a file's name says.

    Raises:
        ConfigurationError: it is not one of those that are known.

    """
    file_format = path.suffix.lower().removeprefix(".")
    if file_format not in known:
        endings = ", ".join(f".{name}" for name in known)
        raise ConfigurationError(f"{path}: no picture of that ending can be written, only {endings}")
    return file_format


def write_picture(path: Path, content: bytes) -> Path:
    """Write a file as a whole or not at all, and return its path.

    Raises:
        ConfigurationError: the file cannot be written.

    """
    if is_special(path):
        raise ConfigurationError(f"{path}: cannot be written: not a regular file")
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be written: {error.strerror}") from None
    finally:
        temporary.unlink(missing_ok=True)
    return path


def render(graph: Digraph, path: Path, file_format: str) -> bytes:
    """Return what a program that lays out graphs makes of a graph.

    Args:
        graph: what to draw.
        path: the file that it is for: errors name it.
        file_format: one of those that Graphviz knows: https://graphviz.org/docs/outputs/

    Raises:
        NotFoundError: no such program is installed.
        ThothStorageException: it failed.

    """
    return _render(graph.source, _renderer(path, file_format), path, file_format)


def stamp(picture: bytes, source: str) -> bytes:
    """Return a PNG or an SVG with a note in it of what it was drawn from; other formats come back as they are.

    The PNG gets a chunk ``tEXt``: https://www.w3.org/TR/png-3/#11tEXt
    """
    text = note(source).encode()
    if picture.startswith(_PNG_SIGNATURE):
        chunk = b"tEXt" + b"Comment\0" + text
        size, checksum = len(chunk) - 4, zlib.crc32(chunk)
        # The last chunk, IEND, is empty: its size, its name, its checksum.
        return picture[:-12] + size.to_bytes(4, "big") + chunk + checksum.to_bytes(4, "big") + picture[-12:]
    start, end_tag, end = picture.rpartition(b"</svg>")
    return start + b"<!-- " + text + b" -->\n" + end_tag + end if end_tag else picture


def note(source: str) -> str:
    """Return the note in a picture that tells from what it was drawn, whichever program drew it."""
    return f"drawn from {hashlib.sha256(source.encode()).hexdigest()}"


def _renderer(path: Path, file_format: str) -> str:
    """Return the program to run: Graphviz, else its port, which pip puts beside Python and not always on PATH."""
    renderer = shutil.which("dot")
    if renderer is None and file_format not in _FORMATS_OF_GRAPHVIZ:
        scripts = (str(Path(sys.executable).parent), sysconfig.get_path("scripts"))
        beside_python = os.pathsep.join(scripts)
        renderer = shutil.which("graphviz-pure", path=beside_python) or shutil.which("graphviz-pure")
    if renderer is None:
        pure = " or run: pip install 'thoth-storages[schema]'" if file_format not in _FORMATS_OF_GRAPHVIZ else ""
        raise NotFoundError(
            f"{path}: nothing that draws {path.suffix} is installed: install Graphviz (its command dot on PATH){pure}"
        )
    return renderer


def _render(source: str, renderer: str, path: Path, file_format: str) -> bytes:
    try:
        done = subprocess.run([renderer, f"-T{file_format}"], input=source.encode(), capture_output=True, check=False)
    except OSError as error:
        raise ThothStorageException(f"{path}: cannot be drawn: {renderer}: {error.strerror}") from None
    # A picture is written even after some errors; an incomplete one is of no use.
    if done.returncode or not done.stdout:
        reason = done.stderr.decode(errors="replace").strip() or f"exit status {done.returncode}, and no picture"
        raise ThothStorageException(f"{path}: cannot be drawn: {renderer}: {reason}")
    return done.stdout
