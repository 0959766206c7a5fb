# Two commands for a fresh machine: `make demo` and `make test`. `make dev` opens the Dagster UI.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test dev bench-extract clean

demo: $(VENV)/.installed
	$(BIN)/fortstripe demo

test: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n 3 --dist worksteal

dev: $(VENV)/.installed
	$(BIN)/python -m fortstripe_dagster.operations.dev

bench-extract: $(VENV)/.installed
	$(BIN)/python -m benchmarks.extract

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	touch $@

clean:
	rm -rf $(VENV) .fortstripe .bench build *.egg-info
