# Two verbs need nothing but Python 3.10+, pip and make: `make demo` and `make test`. Each creates what it needs.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
WORKERS ?= 2

.PHONY: demo test lint bench clean

demo: $(VENV)/.ready
	$(BIN)/imagenet-s demo --output demo

test: $(VENV)/.test
	$(BIN)/python -m pytest -n $(WORKERS) -m "not torch and not dask and not slow"

lint: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(VENV)/types/imagenet_s

clean:
	rm -rf .venv* build dist demo

# A stamp a purpose: an environment is made once and renewed when pyproject.toml changes.
$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/.test: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --editable ".[test]"
	touch $@

# mypy does not follow a module that makes itself a package: it is shown the folders as an installed copy has them.
$(VENV)/.lint: $(VENV)/.test
	$(BIN)/python -m pip install --quiet --editable ".[test,lint]"
	mkdir -p $(VENV)/types/imagenet_s
	ln -sfn $(CURDIR)/imagenet_s.py $(VENV)/types/imagenet_s/__init__.py
	for part in conversion metrics cli; do ln -sfn $(CURDIR)/$$part $(VENV)/types/imagenet_s/$$part; done
	touch $@
