# Each target is a step of dev.py, which makes the environment that it runs in (.venv).
PYTHON ?= python3
STEPS := demo test torture oldest pythons lint format types pictures docs links package bench

.DEFAULT_GOAL := help
.PHONY: help clean test-ceph $(STEPS)
# Two steps at once would both make the environment.
.NOTPARALLEL:

help: ## show the targets
	@echo "make demo     a knowledge graph from made-up documents, from start to answer"
	@echo "make test     the tests (ARGS='-k name' for some of them)"
	@echo "make torture  the tests that break things for minutes; they print their seeds"
	@echo "make oldest   the tests, with the oldest dependencies that are allowed"
	@echo "make pythons  a part of the tests, with each other Python that is found, and with SQLAlchemy 2.0"
	@echo "make lint     formatting, lint rules, import contracts"
	@echo "make format   format the code and apply the safe fixes"
	@echo "make types    mypy, strict"
	@echo "make pictures the pictures of the tables in docs/, from the models"
	@echo "make docs     the documentation, into docs/_build/html, and whether its links lead somewhere"
	@echo "make links    the links that leave the documentation; it takes a network"
	@echo "make package  the source distribution and the wheel, into dist/, checked"
	@echo "make bench    benchmarks beside 0.74.1 and the bare drivers, into docs/benchmarks.rst (ARGS='--help' for options)"
	@echo "make test-ceph   the tests of the stores, on a real Ceph for as long as they run (Debian; installs it, as root)"
	@echo "make clean    remove what these made, environments too"

$(STEPS):
	@$(PYTHON) dev.py $@ $(ARGS)

clean:
	rm -rf .venv .venv-* .benchmarks build dist docs/_build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

test-ceph:
	@$(PYTHON) tests/stores/ceph_cluster.py $(PYTHON) dev.py test tests/stores $(ARGS)
