# Everything that people and CI run. `make help` lists it.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
LAUNCHER := $(BIN)/python docker/launcher.py
UV := .uv/bin/uv
UV_VERSION := $(shell sed -n 's/^uv = "\([^"]*\)".*/\1/p' docker/versions.toml)
TESTS = $(wildcard tests/unit tests/architecture tests/integration tests/end_to_end)

.PHONY: help setup demo up down status logs night test lint unit bench data format prerequisites

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.compiled .venv-airflow/.synced .venv-superset/.synced  ## Python environments from the lock, jars checked by sha256, the fold compiled
	@$(LAUNCHER) jars

demo: setup  ## Start what watches, play patients, show alarms as they happen, have a night; Ctrl-C ends it
	@$(LAUNCHER) up live
	@trap '$(LAUNCHER) down' INT; $(BIN)/python -m streaming demo --night "$(LAUNCHER) night --approve"

up: setup  ## Start the stack and wait until it is ready (SERVICES="kafka cassandra" starts some of it)
	@$(LAUNCHER) up $(SERVICES)

down: .venv/.synced  ## End what `make up` started; data stay
	@$(LAUNCHER) down

status: .venv/.synced  ## Each process: state, port, memory, last heartbeat
	@$(LAUNCHER) status

logs: .venv/.synced  ## Ends of the logs (NAME=alarms for one, FOLLOW=1 to go on)
	@$(LAUNCHER) logs $(NAME) $(if $(FOLLOW),--follow)

night: .venv/.synced  ## Run the night of today now (DATE=2026-03-01 for another day): check, prove, recalibrate, report
	@$(LAUNCHER) night $(if $(DATE),--date $(DATE))

test: lint setup  ## All checks: lint, then unit, architecture, integration and end-to-end tests
	$(BIN)/pytest $(TESTS)

lint: .venv/.synced  ## Style, types and import directions
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: .venv/.synced  ## Only the tests that need no service
	$(BIN)/pytest tests/unit

bench: .venv/.synced  ## One benchmark: make bench NAME=latency
	@$(BIN)/python -m bench $(NAME)

data: .venv/.synced  ## Fetch public recordings into WARDWATCH_DATA: make data NAMES="bidmc"
	@$(BIN)/python -m lakehouse download $(NAMES)

format: .venv/.synced  ## Let ruff format and fix what it can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

prerequisites:
	@command -v git >/dev/null || { echo "git is not installed: apt install git" >&2; exit 1; }
	@command -v python3 >/dev/null || { echo "Python 3.11 or newer is not installed: apt install python3 python3-venv" >&2; exit 1; }
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed, found $$(python3 -V): apt install python3.11 python3.11-venv" >&2; exit 1; }
	@python3 -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "Python's venv module is not installed: apt install python3-venv" >&2; exit 1; }

# uv itself, at a pinned version, for this clone only.
.uv/$(UV_VERSION):
	@$(MAKE) prerequisites
	@rm -rf .uv
	@python3 -m venv .uv
	@.uv/bin/pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"
	@touch $@

# uv takes a Python 3.11 that is there, else it brings one.
.venv/.synced: uv.lock .uv/$(UV_VERSION)
	@$(UV) sync --frozen
	@touch $@

# The dependencies of Airflow, of Superset and of the platform cannot live together: one lock, three environments.
.venv-airflow/.synced: uv.lock .uv/$(UV_VERSION)
	@UV_PROJECT_ENVIRONMENT=.venv-airflow $(UV) sync --frozen --no-default-groups --group airflow
	@touch $@

.venv-superset/.synced: uv.lock .uv/$(UV_VERSION)
	@UV_PROJECT_ENVIRONMENT=.venv-superset $(UV) sync --frozen --no-default-groups --group superset
	@touch $@

# Compiled once here (half a minute), the fold is loaded in a second by every process that folds.
.venv/.compiled: .venv/.synced $(wildcard clinical/*.py)
	@rm -rf clinical/__pycache__/numba-*
	@$(BIN)/python -c 'from lakehouse.folding import warm_up; warm_up()'
	@touch $@
