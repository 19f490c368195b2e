# The one entry: `make` lists what there is. Needs a POSIX system, make and any Python from 3.11 on; everything else
# goes into .venv, from constraints.txt. PIP_* and UV_* variables and the two tools' own settings are respected.

SHELL = /bin/sh
BIN = .venv/bin
ARGS =

.DEFAULT_GOAL = help
.PHONY: help demo up test lint bench matrix constraints clean

help:
	@echo 'make demo         sync a messy sample warehouse to a local Leadway, through real Airflow, twice (a minute)'
	@echo 'make up           a local Airflow with the example DAGs, the sample warehouse and a local Leadway, until Ctrl-C'
	@echo 'make test         the tests; ARGS="-k store -x" is handed to pytest'
	@echo 'make lint         ruff, mypy and the import contracts'
	@echo 'make bench        speed and memory beside their yardsticks'
	@echo 'make matrix       the tests over Airflow 3.1 to 3.3, SQLAlchemy 2.0 and 2.1, every Python found; ONLY="3.11 3.2" narrows it'
	@echo 'make constraints  pin what pyproject.toml asks for; ARGS=--upgrade takes the newest of everything'
	@echo 'make clean        remove what these commands made'

demo: .venv/ready
	@$(BIN)/python -m demo.run

up: .venv/ready
	@$(BIN)/python -m demo.up

# A fixed hash seed: the workers of pytest-xdist must all collect the same tests in the same order. Tests of one file
# share a worker, and so the servers that they start.
test: .venv/ready
	@PYTHONHASHSEED=0 $(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

lint: .venv/ready
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports > .venv/lint-imports.txt || { cat .venv/lint-imports.txt; exit 1; }
	@echo 'lint: ruff, mypy and the import contracts have nothing to say.'

bench: .venv/ready
	@$(BIN)/python tests/benchmarks/run.py $(ARGS)

matrix: .venv/ready
	@bash .ci/matrix $(ONLY)

constraints: .venv/bin/uv
	@echo 'Pinning what pyproject.toml asks for …'
	@UV_CUSTOM_COMPILE_COMMAND='make constraints' $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
		--group dev --generate-hashes --no-emit-index-url --no-emit-find-links $(ARGS) --output-file constraints.txt pyproject.toml
	@! grep -nE '://|--(extra-)?index-url|--find-links' constraints.txt || { echo 'constraints.txt must hold no address.' >&2; exit 1; }

clean:
	rm -rf .venv .venv-matrix-* .demo .up build dist .coverage .hypothesis \
		.import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find leadway_provider tests dags demo -type d -name __pycache__ -prune -exec rm -rf {} +

# Set-up happens once, and again when a pin or pyproject.toml changes. Hash mode takes no editable install, so the
# pinned packages come first and then, without any resolving, the project on top of them.
.venv/ready: constraints.txt pyproject.toml | .venv/bin/uv
	@echo 'Installing the pinned packages into .venv …'
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --compile-bytecode --require-hashes constraints.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

.venv/bin/uv: | .venv/bin/pip
	@awk '/^uv==/ { found = 1 } found { print } found && !/\\$$/ { exit }' constraints.txt > .venv/uv.txt
	@$(BIN)/python -m pip install -qq --no-deps --require-hashes --requirement .venv/uv.txt

# A version manager's shim can be on PATH and still not run, and Debian's python3 can lack ensurepip: each is tried.
.venv/bin/pip:
	@for python in $(PYTHON) python3.13 python3.12 python3.11 python3.14 python3 python; do \
		"$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue; \
		echo "Making .venv with $$("$$python" --version 2>&1) …"; \
		"$$python" -m venv --clear .venv && exit 0; \
	done; \
	echo 'No Python from 3.11 on with the venv module was found. Install one (Debian: python3-venv), or name it: make PYTHON=/path/to/python3' >&2; \
	exit 1
