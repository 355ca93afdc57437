"""Benchmarks: this library beside the released thoth-storages 0.74.1 and beside the bare drivers, in one run."""
