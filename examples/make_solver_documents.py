#!/usr/bin/env python3
"""Make the sample solver documents, ``solver-documents/*.jsonl.gz``, from the snapshot of package metadata.

Usage::

    python examples/make_solver_documents.py --check      # are the documents here those that this script makes?
    python examples/make_solver_documents.py              # make those that are missing
    python examples/make_solver_documents.py --overwrite  # and replace those that differ
    python examples/make_solver_documents.py --fetch      # renew the snapshot by pip (26.0 or newer) first

The same snapshot gives the same documents, to the byte: durations and the random parts of ids are drawn from a seed.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    # A script's own folder is on the path, the checkout is not.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from examples.sample_documents.command import main

    sys.exit(main())
