# make demo   see Newsroom work          make check   everything that must pass
# make test   run the tests              make help    the rest
#
# Needs Python 3.11 or later and make; all else goes into .venv.

VENV ?= .venv
PORT ?= 8000
DEMO_COUNT ?= 300
# For example LOCK_FLAGS=--upgrade, or LOCK_FLAGS="--upgrade-package django".
LOCK_FLAGS ?=
PYTEST_FLAGS ?=
# Processes that share the tests: as many as there are cores, or a number; 0 for none.
JOBS ?= auto
# A database name of its own for each checkout: two of them can be tested at once.
TEST_POSTGRES_URL ?= postgres://postgres@127.0.0.1:5432/newsroom_$(shell printf %s "$(CURDIR)" | cksum | cut -d' ' -f1)

BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
# The tests choose their own settings, whatever a developer's .env says.
TEST_ENV := ENV_FILE= PYTHONDONTWRITEBYTECODE=1
# Whoever has done their share takes over tests of the others.
PYTEST := pytest --numprocesses $(JOBS) --dist worksteal
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock" \
	$(LOCK_FLAGS) pyproject.toml --extra postgres --extra redis --extra server --extra s3

.PHONY: help demo test test-sqlite test-browser test-postgres check lint lock messages format clean
.DELETE_ON_ERROR:

help:
	@echo "make demo     install, import sample documents, serve on port $(PORT)"
	@echo "make test     run the tests, on SQLite and on PostgreSQL where one answers"
	@echo "make check    format, lint, types, layers, templates, migrations, tests"
	@echo "make format   let the tools rewrite what they can"
	@echo "make lock     resolve the dependencies of pyproject.toml anew"
	@echo "make messages renew the catalogs of readers' words"
	@echo "make clean    remove what these made, but not the database and the media"

# Installation. A stamp is newer than the requirements it stands for, so a second run is instant.

$(VENV)/.created:
	@for python in python3.13 python3.12 python3.11 python3.14 python3 python; do \
		$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		found=$$python; \
		$$python -c 'import ensurepip, venv' 2>/dev/null || continue; \
		echo "Creating $(VENV) with $$($$python --version)"; \
		$$python -m venv $(VENV) && touch $@; \
		exit; \
	done; \
	if [ "$$found" ]; then \
		echo "$$found has no venv module. On Debian: apt-get install python3-venv" >&2; \
	else \
		echo "Newsroom needs Python 3.11 or later; none was found on the PATH." >&2; \
	fi; exit 1

$(VENV)/.runtime: requirements.txt | $(VENV)/.created
	$(PIP_INSTALL) -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt | $(VENV)/.created
	$(PIP_INSTALL) -r requirements-dev.txt
	@touch $@

# Demo

demo: $(VENV)/.runtime | demo-seeds
	$(BIN)/python manage.py migrate --verbosity 0
	@# 1 says that documents were rejected, and which: the others are worth looking at.
	$(BIN)/python manage.py import_seeds seeds demo-seeds || [ $$? -eq 1 ]
	@$(BIN)/python manage.py ensure_demo_admin
	@echo "Newsroom: http://127.0.0.1:$(PORT)/   Admin: http://127.0.0.1:$(PORT)/admin/   Stop: Ctrl-C"
	@# Both in one shell, so that Ctrl-C, or the end of the server, ends both.
	@sh -c '$(BIN)/python manage.py draw_demo_pictures >/dev/null; exec $(BIN)/python manage.py work' & worker=$$!; trap 'kill -TERM $$worker; wait $$worker' EXIT; trap : INT TERM; \
		$(BIN)/python manage.py runserver --noreload 127.0.0.1:$(PORT)

# Written beside and renamed, so that an interrupted run is not taken for a whole one.
demo-seeds: | $(VENV)/.runtime
	rm -rf $@.part
	$(BIN)/python manage.py generate_seeds $@.part --count $(DEMO_COUNT) --seed 1
	mv $@.part $@

# Tests

test: test-sqlite test-browser test-postgres

test-sqlite: $(VENV)/.dev
	$(TEST_ENV) DATABASE_URL=sqlite://:memory: $(BIN)/python -m $(PYTEST) --cov -m "not browser" $(PYTEST_FLAGS)

# By itself: a browser asks for several things at once, which takes a database in a file.
test-browser: test-sqlite
	$(TEST_ENV) DATABASE_URL=sqlite://:memory: $(BIN)/python -m $(PYTEST) -m browser $(PYTEST_FLAGS)

# Last, so that the closing lines of a whole run are pytest's.
test-postgres: test-browser
	@if reason=$$($(BIN)/python tests/postgres_answers.py "$(TEST_POSTGRES_URL)" 2>&1); then \
		echo "Running the tests on PostgreSQL"; \
		$(TEST_ENV) DATABASE_URL="$(TEST_POSTGRES_URL)" $(BIN)/python -m $(PYTEST) -m "not browser" $(PYTEST_FLAGS); \
	else \
		echo "Skipped the tests on PostgreSQL: $$reason"; \
		echo "Set TEST_POSTGRES_URL to a server on which databases may be created."; \
		[ "$(NEWSROOM_FORBID_SKIPS)" != 1 ]; \
	fi

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(if $(wildcard templates),$(BIN)/djlint --quiet --check --lint templates)
	$(TEST_ENV) $(BIN)/python manage.py makemigrations --check --dry-run

check: lint test
test-sqlite: | $(if $(filter check,$(MAKECMDGOALS)),lint)

format: $(VENV)/.dev
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
	$(if $(wildcard templates),-$(BIN)/djlint --quiet --reformat templates)

# Maintenance

# Needs GNU gettext. What is new in the catalog waits for its words; `make test` says what misses.
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
