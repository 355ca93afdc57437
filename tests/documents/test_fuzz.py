"""Bytes that atheris makes of the sample documents, for some minutes, through the readers of every kind."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.hostile import valid_documents
from tests.torture import new_seed, tell
from thoth.storages.sync import KINDS

SECONDS = int(os.environ.get("TORTURE_SECONDS", "240"))
_WORDS = ("null", "true", "NaN", "1e400", "-1", "{}", "[]", '"a"', ", ", ": ", "\\u0000", "\\ud800", '"document_id": ')


@pytest.mark.torture
@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed: pip install atheris")
def test_readers_under_atheris(tmp_path: Path) -> None:
    seed = new_seed()
    corpus, found, words = tmp_path / "corpus", tmp_path / "found", tmp_path / "words"
    corpus.mkdir()
    found.mkdir()
    for kind in KINDS:
        for number, document in enumerate(valid_documents(kind)):
            (corpus / f"{kind}-{number}").write_text(json.dumps(document))
    words.write_text(_dictionary())
    options = {
        "seed": seed % 2**31 or 1,
        "max_total_time": SECONDS,
        "max_len": 60_000,
        "timeout": 30,
        "rss_limit_mb": 2048,
        "dict": words,
        "artifact_prefix": f"{found}/",
        "print_final_stats": 1,
    }
    finished = subprocess.run(
        [sys.executable, "-m", "tests.documents.fuzz", str(corpus), *(f"-{name}={of}" for name, of in options.items())],
        cwd=ROOT,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    left = {file.name: file.read_bytes()[:300] for file in found.iterdir()}
    assert (finished.returncode, left) == (0, {}), finished.stderr[-5000:]
    (runs,) = re.findall(r"number_of_executed_units: (\d+)", finished.stderr)
    (*_, coverage) = re.findall(r" cov: (\d+) ", finished.stderr)
    tell(seed, inputs=runs, coverage=coverage, kept=len(list(corpus.iterdir())))
    assert int(runs) > 100 * SECONDS


def _dictionary() -> str:
    """Return words as libFuzzer reads them: in quotes, with bytes in hexadecimal."""
    return "".join('"' + "".join(f"\\x{byte:02x}" for byte in word.encode()) + '"\n' for word in _WORDS)
