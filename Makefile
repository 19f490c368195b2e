# `make` lists the commands. They need a POSIX system, make, and Python 3.11 or later. Everything else is installed into
# .venv, from constraints.txt, with the user's own settings of pip and uv (PIP_* and UV_* variables, and their files).

SHELL = /bin/sh
BIN = .venv/bin
ARGS =

# The day of which the oldest packages are, soon after the release of their Airflow; and what the project needs newer.
OLDEST = 2026-04-01
NEWER = sqlglot httpx-aiohttp apache-airflow-providers-duckdb

.DEFAULT_GOAL = help
.PHONY: help demo up picture quick-start package test oldest browser celery snowflake docs lint bench fuzz sbom matrix constraints clean

help:
	@echo 'make demo         sync a messy sample warehouse to a local Leadway with a real Airflow, twice; takes a minute'
	@echo 'make up           run a local Airflow, the example DAGs, the warehouse and a local Leadway until Ctrl-C'
	@echo 'make picture      make the picture of the page in README, from a run over the sample warehouse'
	@echo 'make quick-start  follow docs/quick-start.md word by word, with a local Leadway; takes a minute'
	@echo 'make package      build the wheel and the sdist, check them, and try the wheel in an environment of its own'
	@echo 'make test         run the tests; ARGS="-k store -x" is passed to pytest'
	@echo 'make oldest       run the tests with the oldest Airflow and SQLAlchemy that work, in .venv-oldest;'
	@echo '                  it needs Python 3.11 and the C client of MariaDB (libmariadb)'
	@echo 'make browser      run the tests of the page in a real browser (chromium), over a real Airflow; takes two minutes'
	@echo 'make celery       run the tests over workers of Celery (redis-server, PostgreSQL); takes two minutes'
	@echo 'make snowflake    run the tests of Snowflake as a source, with packages of their own in .venv-snowflake'
	@echo 'make docs         build the site of the documentation into build/docs; a warning is an error'
	@echo 'make lint         run ruff, mypy and the import contracts'
	@echo 'make bench        measure speed and memory, and compare them with their limits'
	@echo 'make fuzz         read hostile answers and rows; ARGS="--inputs 1000000 --seed 2" for more of them, and others'
	@echo 'make sbom         write dist/sbom.json, a software bill of materials of the pinned packages (CycloneDX)'
	@echo 'make matrix       run the tests with sets of old and new versions of Python, Airflow and SQLAlchemy,'
	@echo '                  and the sandbox with the vendor’s own clients;'
	@echo '                  ONLY="3.11 3.1" selects one Python and one Airflow'
	@echo 'make constraints  pin the packages that pyproject.toml requires; ARGS=--upgrade takes the newest versions'
	@echo 'make clean        delete what these commands made'

demo: .venv/ready
	@$(BIN)/python -m demo.run

up: .venv/ready
	@$(BIN)/python -m demo.up

picture: .venv/ready
	@$(BIN)/python -m demo.picture

quick-start: .venv/ready
	@$(BIN)/python -m tests.quick_start.run

package: .venv/ready
	@$(BIN)/python -m tests.package.run

# The hash seed is fixed because the workers of pytest-xdist must collect the same tests in the same order. The tests of
# one file run on one worker, so they share the servers that they start. The order of the files is that of tests/order.py.
test: .venv/ready
	@PYTHONHASHSEED=0 $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

# The same with the oldest Python, Airflow and SQLAlchemy, and packages of their time.
oldest: .venv-oldest/ready
	@PYTHONHASHSEED=0 .venv-oldest/bin/python -m pytest -q -p no:cacheprovider -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

# `make test` leaves these tests out: they start a whole Airflow, and need a browser (Debian: chromium).
browser: .venv/ready
	@PYTHONHASHSEED=0 $(BIN)/python -m pytest -o addopts=-ra tests/browser $(ARGS)

# The same for Redis (Debian: redis-server) and PostgreSQL.
celery: .venv/ready
	@PYTHONHASHSEED=0 $(BIN)/python -m pytest -o addopts=-ra tests/celery $(ARGS)

# Airflow's hook for Snowflake holds back packages that everything else has newer.
snowflake: .venv-snowflake/ready
	@PYTHONHASHSEED=0 PYTHONPATH=. .venv-snowflake/bin/python -m pytest -q -p no:cacheprovider tests/snowflake $(ARGS)

docs: .venv/ready
	@$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going --fresh-env -d build/docs/.doctrees -b html docs build/docs
	@echo 'docs: open build/docs/index.html'

lint: .venv/ready
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports > .venv/lint-imports.txt || { cat .venv/lint-imports.txt; exit 1; }
	@echo 'lint: ruff, mypy and the import contracts found nothing.'

bench: .venv/ready
	@$(BIN)/python tests/benchmarks/run.py $(ARGS)

fuzz: .venv/ready
	@$(BIN)/python -m tests.fuzz.run $(ARGS)

sbom: .venv/ready
	@$(BIN)/python .ci/sbom.py dist/sbom.json

matrix: .venv/ready
	@bash .ci/matrix $(ONLY)

constraints: .venv/bin/uv
	@echo 'Pinning the packages that pyproject.toml requires …'
	@UV_CUSTOM_COMPILE_COMMAND='make constraints' $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
		--group dev --all-extras --generate-hashes --no-emit-index-url --no-emit-find-links $(ARGS) --output-file constraints.txt pyproject.toml
	@UV_CUSTOM_COMPILE_COMMAND='make constraints' $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
		--group snowflake --extra sandbox --generate-hashes --no-emit-index-url --no-emit-find-links $(ARGS) \
		--output-file constraints-snowflake.txt pyproject.toml
	@UV_CUSTOM_COMPILE_COMMAND='make constraints' $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
		--exclude-newer $(OLDEST) $(foreach name,$(NEWER),--exclude-newer-package $(name)=$$(date -u +%F)) \
		--group oldest --all-extras --generate-hashes --no-emit-index-url --no-emit-find-links $(ARGS) \
		--output-file constraints-oldest.txt pyproject.toml
	@! grep -nE '://|--(extra-)?index-url|--find-links' constraints*.txt || { echo 'Constraints must contain no address.' >&2; exit 1; }

clean:
	rm -rf .venv .venv-oldest .venv-snowflake .venv-matrix-* .demo .up build dist .coverage .hypothesis \
		.import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find leadway_provider tests dags demo -type d -name __pycache__ -prune -exec rm -rf {} +

# This runs once, and again after a change of constraints.txt or pyproject.toml. With hashes, no editable install is
# possible, so the pinned packages are installed first, and then the project without its dependencies. mysqlclient is
# built with the C client of MariaDB or MySQL (Debian: gcc, pkg-config, libmariadb-dev); without that it is left out, and
# the tests reach MariaDB with pymysql.
.venv/ready: constraints.txt pyproject.toml | .venv/bin/uv
	@echo 'Installing the pinned packages into .venv …'
	@if pkg-config --exists libmariadb || pkg-config --exists mysqlclient; then cp constraints.txt .venv/constraints.txt; else \
		echo 'mysqlclient is left out, because pkg-config finds no libmariadb.'; \
		awk '/^[^ ]/ { skip = /^mysqlclient==/ } !skip' constraints.txt > .venv/constraints.txt; fi 2>/dev/null
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --compile-bytecode --require-hashes .venv/constraints.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

.venv-snowflake/ready: constraints-snowflake.txt pyproject.toml | .venv/bin/uv
	@echo 'Installing the pinned packages into .venv-snowflake …'
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-snowflake
	@$(BIN)/uv pip sync --quiet --python .venv-snowflake/bin/python --require-hashes constraints-snowflake.txt
	@touch $@

.venv-oldest/ready: constraints-oldest.txt pyproject.toml | .venv/bin/uv
	@echo 'Installing the oldest packages into .venv-oldest …'
	@$(BIN)/uv venv --quiet --clear --python 3.11 .venv-oldest
	@$(BIN)/uv pip sync --quiet --python .venv-oldest/bin/python --compile-bytecode --require-hashes constraints-oldest.txt
	@$(BIN)/uv pip install --quiet --python .venv-oldest/bin/python --no-deps --no-build-isolation --editable .
	@touch $@

.venv/bin/uv: | .venv/bin/pip
	@awk '/^uv==/ { found = 1 } found { print } found && !/\\$$/ { exit }' constraints.txt > .venv/uv.txt
	@$(BIN)/python -m pip install -qq --no-deps --require-hashes --requirement .venv/uv.txt

# A version manager's shim can be on PATH and fail when it is run, and Debian's python3 can lack ensurepip. So each
# Python is tried.
.venv/bin/pip:
	@for python in $(PYTHON) python3.13 python3.12 python3.11 python3.14 python3 python; do \
		"$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue; \
		echo "Making .venv with $$("$$python" --version 2>&1) …"; \
		"$$python" -m venv --clear .venv && exit 0; \
	done; \
	echo 'No Python 3.11 or later with the venv module was found. Install one (Debian: python3-venv), or name one: make PYTHON=/path/to/python3' >&2; \
	exit 1
