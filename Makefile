# Everything runs in .venv, which is made on first use: nothing but python3 (3.11 or later) and make is needed.
# Another Python: make PYTHON=python3.12 demo

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Warnings of pip say nothing about a fresh environment; its errors are still shown.
PIP := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check

.PHONY: help demo test check lint types imports docs bench study-checkpoints study-known-differences clean
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

help:
	@echo 'make demo    compare two small networks and write a report to demo-run/'
	@echo 'make test    run the tests'
	@echo 'make check   ruff, mypy, import-linter and the tests: what a change has to pass'
	@echo 'make docs    the documentation as a site, in build/site/'
	@echo 'make bench   measure speed, memory and quality'
	@echo 'make study-checkpoints        what networks learn while they train, and the claims of the paper (10 minutes)'
	@echo 'make study-known-differences  every method where the difference is known (10 minutes)'
	@echo 'make clean   remove what these commands made, .venv included'

demo: $(VENV)/.with-package
	$(BIN)/repdiff demo -o demo-run --overwrite

# A file is the smallest piece, since its tests share what is slow to make; tests/conftest.py says which come first.
# Libraries (BLAS, scikit-learn, torch) get one thread in each process: those of several processes would wait for each other
# on the same cores. Tests about threads ask for more, which sleep while they wait and do not spin.
test: $(VENV)/.with-test
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 OMP_WAIT_POLICY=passive $(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

check: lint types imports test

lint: $(VENV)/.with-check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.with-check
	$(BIN)/mypy

imports: $(VENV)/.with-check
	$(BIN)/lint-imports

# A warning is an error: a link that leads nowhere, or a public name without its docstring.
docs: $(VENV)/.with-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo 'open build/site/index.html; for its search: $(BIN)/mkdocs serve'

bench: $(VENV)/.with-package
	$(BIN)/python benchmarks/run.py

study-checkpoints: $(VENV)/.with-study
	$(BIN)/python studies/checkpoints/run.py

study-known-differences: $(VENV)/.with-study
	$(BIN)/python studies/known_differences/run.py

clean:
	rm -rf $(VENV) demo-run studies/*/results build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests benchmarks studies -name __pycache__ -type d -prune -exec rm -rf {} +

# Each stamp waits for the one before it, so that under `make -j` no two pips work on one environment.
$(VENV)/.with-check: $(VENV)/.with-test
	@echo 'installing the tools of make check'
	@$(PIP) install --editable '.[check]'
	@touch $@

$(VENV)/.with-test: $(VENV)/.with-package
	@echo 'installing what the tests need'
	@$(PIP) install --editable '.[test]'
	@touch $@

$(VENV)/.with-docs: $(VENV)/.with-check
	@echo 'installing what builds the documentation'
	@$(PIP) install --editable '.[docs]'
	@touch $@

$(VENV)/.with-study: $(VENV)/.with-check
	@echo 'installing what the studies need, torch among it (minutes, once)'
	@$(PIP) install --editable '.[study]'
	@touch $@

$(VENV)/.with-package: $(VENV)/.made pyproject.toml
	@echo 'installing repdiff into $(VENV) (a minute or two, once)'
	@$(PIP) install --editable .
	@touch $@

$(VENV)/.made:
	@command -v '$(PYTHON)' > /dev/null || { echo 'repdiff needs Python 3.11 or later, but there is no $(PYTHON); try: make PYTHON=/path/to/python' >&2; exit 1; }
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "repdiff needs Python 3.11 or later, but $(PYTHON) is $$('$(PYTHON)' -c 'import platform; print(platform.python_version())'); try: make PYTHON=python3.12" >&2; exit 1; }
	@'$(PYTHON)' -c 'import ensurepip, venv' 2> /dev/null || { echo '$(PYTHON) cannot make virtual environments; on Debian and Ubuntu: apt-get install python3-venv' >&2; exit 1; }
	@'$(PYTHON)' -m venv --clear $(VENV)
	@touch $@
