# Two commands for a fresh machine: `make demo` and `make test`. `make dev` opens the Dagster UI.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Tests commit thousands of small files: in memory where there is room for them, else on disk.
MEMORY := $(shell df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 6000000 {print "TMPDIR=/dev/shm"}')
# What is imported is compiled once, not by every process that a test starts.
export PYTHONDONTWRITEBYTECODE =

.PHONY: demo test checks suite test-kills test-deploy audit dev bench-extract bench-ledger bench-delivery clean

demo: $(VENV)/.installed
	$(BIN)/fortstripe demo

# mypy has one process only: the suite makes use of the other cores meanwhile.
test: $(VENV)/.installed
	$(MAKE) --jobs 2 checks suite

checks: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

suite: $(VENV)/.installed
	$(MEMORY) $(BIN)/pytest -n 3 --dist worksteal

test-deploy: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test,deploy]'
	$(BIN)/pytest fortstripe_dagster_tests/deployment

test-kills: $(VENV)/.installed
	$(MEMORY) $(BIN)/pytest -n 3 --dist worksteal fortstripe_dagster_tests/kills

# Asks the public database of vulnerabilities about every pinned version: the one check that needs the network.
audit:
	$(PYTHON) -m venv .audit
	.audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	.audit/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip --strict

dev: $(VENV)/.installed
	$(BIN)/python -m fortstripe_dagster.operations.dev

bench-extract: $(VENV)/.installed
	$(BIN)/python -m benchmarks.extract

bench-ledger: $(VENV)/.installed
	$(BIN)/python -m benchmarks.ledger

bench-delivery: $(VENV)/.installed
	$(BIN)/python -m benchmarks.delivery

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	touch $@

clean:
	rm -rf $(VENV) .audit .fortstripe .bench build *.egg-info
