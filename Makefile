# make demo   see Newsroom work          make check   run every check
# make test   run the tests              make help    list the rest
#
# Needs Python 3.11 or later and GNU make. Everything else goes into .venv.

VENV ?= .venv
PORT ?= 8000
DEMO_COUNT ?= 300
# For example LOCK_FLAGS=--upgrade, or LOCK_FLAGS="--upgrade-package django".
LOCK_FLAGS ?=
PYTEST_FLAGS ?=
# Processes for each part of the tests: auto starts one for each core, 0 runs the tests in pytest's
# own process.
JOBS ?= auto
# Each checkout has its own database name, so two of them can be tested at the same time.
TEST_POSTGRES_URL ?= postgres://postgres@127.0.0.1:5432/newsroom_$(shell printf %s "$(CURDIR)" | cksum | cut -d' ' -f1)

BIN := $(VENV)/bin
# The lock files are complete. Without --no-deps an old pip would look for newer versions.
# pip pins no build tools of packages without a wheel. Old versions read one of these variables, new
# ones the other.
PIP_INSTALL := PIP_CONSTRAINT=requirements-build.txt PIP_BUILD_CONSTRAINT=requirements-build.txt \
	$(BIN)/python -m pip install --disable-pip-version-check --no-deps --require-hashes
# The tests choose their own settings and ignore a developer's .env.
TEST_ENV := ENV_FILE=
TEST = $(TEST_ENV) $(BIN)/python -m tests.suites --jobs $(JOBS) \
	--postgres "$(TEST_POSTGRES_URL)" --flags="$(PYTEST_FLAGS)"
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock" \
	$(LOCK_FLAGS) pyproject.toml --extra postgres --extra redis --extra server --extra s3 --extra otel --extra sentry --extra sso

# The first Python that is new enough and can create a virtual environment.
FIND_PYTHON = \
	for python in python3.13 python3.12 python3.11 python3.14 python3 python ""; do \
		[ "$$python" ] || break; \
		$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		found=$$python; \
		$$python -c 'import ensurepip, venv' 2>/dev/null && break; \
	done; \
	if [ "$$python" ]; then :; elif [ "$$found" ]; then \
		echo "$$found has no venv module. On Debian: apt-get install python3-venv" >&2; exit 1; \
	else \
		echo "Newsroom needs Python 3.11 or later; none was found on the PATH." >&2; exit 1; \
	fi

.PHONY: help demo demo-ready test test-sqlite test-browser test-postgres test-thorough check lint lint-types lint-rest lock messages format clean
.DELETE_ON_ERROR:

help:
	@echo "make demo          install, import sample documents, serve on port $(PORT)"
	@echo "make test          run the tests on SQLite, in a browser, and on PostgreSQL"
	@echo "make test-thorough the same, with all examples of the property tests"
	@echo "make check         check format, types, layers, templates and migrations; run the tests"
	@echo "make format        format the code and fix what the tools can fix"
	@echo "make lock          update the lock files after a change in pyproject.toml"
	@echo "make messages      update the translation catalogs"
	@echo "make clean         remove what these created, except the database and the media"

# BSD make runs this target first. GNU make ignores it.
.BEGIN:
	@echo "This Makefile needs GNU make. Install it and run: gmake demo" >&2; exit 1

# Installation. A stamp that is newer than its lock file means: nothing to install.

$(VENV)/.created:
	@$(FIND_PYTHON); \
	echo "Creating $(VENV) with $$($$python --version)"; \
	$$python -m venv $(VENV) && touch $@

$(VENV)/.runtime: requirements.txt | $(VENV)/.created
	@echo "Installing from requirements.txt: one or two minutes the first time"
	$(PIP_INSTALL) -r requirements.txt
	$(BIN)/python -m pip check
	@touch $@

$(VENV)/.dev: requirements-dev.txt | $(VENV)/.created
	@echo "Installing from requirements-dev.txt: a few minutes the first time"
	$(PIP_INSTALL) -r requirements-dev.txt
	$(BIN)/python -m pip check
	@touch $@

# Demo

demo:
	@$(FIND_PYTHON); exec $$python -m newsroom.demo --make $(MAKE_COMMAND) --python $(BIN)/python --port $(PORT)

# Run by newsroom/demo.py.
demo-ready: $(VENV)/.runtime | demo-seeds
	$(BIN)/python manage.py migrate --verbosity 0
	@# Exit status 1: some documents were rejected. The others are worth seeing.
	$(BIN)/python manage.py import_seeds seeds demo-seeds || [ $$? -eq 1 ]
	@$(BIN)/python manage.py ensure_demo_admin
	@echo "Newsroom: http://127.0.0.1:$(PORT)/   Admin: http://127.0.0.1:$(PORT)/admin/   Stop: Ctrl-C"

# Write under another name, then rename: an interrupted run leaves no half-written folder. The
# folder stays, so a demo that starts again keeps its articles. Remove it to get articles of today.
demo-seeds: | $(VENV)/.runtime
	rm -rf $@.part
	$(BIN)/python manage.py generate_seeds $@.part --count $(DEMO_COUNT) --seed 1 --until $$(date -u +%Y-%m-%dT%H:%M:%SZ)
	mv $@.part $@

# Tests

test test-sqlite test-browser test-postgres: $(VENV)/.dev

test:
	$(TEST)

test-sqlite:
	$(TEST) --part SQLite

test-browser:
	$(TEST) --part browser

test-postgres:
	$(TEST) --part PostgreSQL

# Run all examples of the property tests; other targets run a quarter of them.
test-thorough: export HYPOTHESIS_PROFILE = thorough
test-thorough: test

# mypy takes as long as the others together.
lint: $(VENV)/.dev
	@$(MAKE) --no-print-directory --jobs 2 lint-types lint-rest

lint-types lint-rest: $(VENV)/.dev

lint-types:
	$(BIN)/mypy

lint-rest:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(if $(wildcard templates),$(BIN)/djlint --quiet --check --lint templates)
	$(TEST_ENV) $(BIN)/python manage.py makemigrations --check --dry-run

check: lint test
test: | $(if $(filter check,$(MAKECMDGOALS)),lint)

format: $(VENV)/.dev
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
	$(if $(wildcard templates),-$(BIN)/djlint --quiet --reformat templates)

# Maintenance

# Needs GNU gettext. Translate the new entries of the catalog; `make test` lists those without a
# translation.
messages: $(VENV)/.dev
	$(BIN)/python manage.py makemessages --locale es --no-location --no-obsolete --ignore '.venv/*' --ignore 'tests/*'
	$(BIN)/python manage.py compilemessages --verbosity 0

lock: $(VENV)/.dev
	$(COMPILE) --output-file requirements.txt >/dev/null
	$(COMPILE) --group dev --constraint requirements.txt --output-file requirements-dev.txt >/dev/null

clean:
	rm -rf $(VENV) demo-seeds demo-seeds.part staticfiles htmlcov .coverage .coverage.* \
		.mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
