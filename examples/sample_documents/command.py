"""The command: make the sample documents, check them, fetch the snapshot that they are made from."""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections import defaultdict
from pathlib import Path

from . import package_metadata
from .batches import batches, special_runs
from .forms import document
from .runs import draw

HERE = Path(__file__).resolve().parents[1]
SNAPSHOT = HERE / "package-metadata.json.gz"
DOCUMENTS = HERE / "solver-documents"


def make(snapshot: Path = SNAPSHOT) -> dict[str, bytes]:
    """Make all documents.

    Args:
        snapshot: what :func:`package_metadata.dump` wrote.

    Returns:
        File names and their contents before compression: one document a line, a file a solver.

    Raises:
        OSError: the snapshot cannot be read.

    """
    releases = package_metadata.load(snapshot)
    runs = [run for batch in batches(releases) for run in batch.runs(releases)] + special_runs(releases)
    lines = defaultdict(list)
    # Not in the order of time: whoever reads them meets some that a newer document has corrected already.
    for run in sorted(runs, key=lambda run: draw("order", *run.key)):
        lines[f"{run.solver.name}.jsonl.gz"].append(json.dumps(document(run), sort_keys=True, separators=(",", ":")))
    return {name: ("\n".join(texts) + "\n").encode() for name, texts in lines.items()}


def differing(made: dict[str, bytes], directory: Path) -> list[str]:
    """Return the names of files that are missing, too many, or hold other documents than those made.

    What is compared is what the files hold: how tightly it is packed differs between releases of zlib.
    """
    present = {path.name: gzip.decompress(path.read_bytes()) for path in directory.glob("*.gz")}
    return sorted(name for name in made.keys() | present.keys() if made.get(name) != present.get(name))


def write(made: dict[str, bytes], names: list[str], directory: Path) -> None:
    """Write the named files, or remove them when nothing was made for them."""
    directory.mkdir(exist_ok=True)
    for name in names:
        if name in made:
            # No time and no file name inside, so that the same documents are the same file.
            (directory / name).write_bytes(gzip.compress(made[name], compresslevel=9, mtime=0))
        else:
            (directory / name).unlink()


def main(arguments: list[str] | None = None, directory: Path = DOCUMENTS) -> int:
    """Run the command; return its exit code: 1 when files differ from those made and may not be replaced.

    Args:
        arguments: of the command line.
        directory: where the documents are.

    """
    parser = argparse.ArgumentParser(description="Make the sample solver documents.")
    parser.add_argument("--check", action="store_true", help="only tell whether the documents are those made here")
    parser.add_argument("--overwrite", action="store_true", help="replace documents that differ")
    parser.add_argument("--fetch", action="store_true", help="renew the snapshot of package metadata by pip first")
    options = parser.parse_args(arguments)
    if options.fetch:
        package_metadata.dump(package_metadata.fetch(), SNAPSHOT)
    made = make()
    names = differing(made, directory)
    count = sum(content.count(b"\n") for content in made.values())
    changed = [name for name in names if options.check or (directory / name).exists()]
    if changed and (options.check or not options.overwrite):
        print(f"{', '.join(changed)}: not what is made from {SNAPSHOT.name}", file=sys.stderr)
        return 1
    write(made, names, directory)
    print(f"{count} documents in {len(made)} files, {len(names)} of them written")
    return 0
