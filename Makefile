# The two commands of the README, and the ones for daily work. Everything is installed into .venv.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
JOBS ?= 2
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test test-slow check bench clean

demo: $(VENV)/.demo ## install, then train, evaluate, serve and monitor a model on real data
	$(BIN)/python examples/flights/demo.py

test: check ## everything a change must pass; JOBS=1 for one process
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile

test-slow: $(VENV)/.dev
	$(BIN)/python -m pytest -m slow

check: $(VENV)/.dev ## format, lint, types, import contracts
	$(BIN)/ruff format --check src tests examples benchmarks docs
	$(BIN)/ruff check src tests examples benchmarks docs
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev ## DATA=folder of data sets, see benchmarks/README.md
	$(BIN)/python benchmarks/tabular/run.py --data "$(DATA)"

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) install --constraint constraints.txt --editable ".[serve]"
	touch $@

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) install --constraint constraints.txt torch
	$(PIP) install --constraint constraints.txt --editable ".[dev]"
	touch $@ $(VENV)/.demo

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
