# Every target but help, constraints and down first makes .venv with everything in it: Python 3.11 or newer and make are all a machine needs.

PYTHON := $(shell for python in python3.11 python3 python; do "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
COMPOSE := docker compose

.DEFAULT_GOAL := help
.PHONY: help install demo test check up down bench chaos constraints

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

install: $(INSTALLED) ## Make .venv with everything, in the versions of constraints.txt

$(INSTALLED): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Gedrag needs Python 3.11 or newer, and none of python3.11, python3 and python is." >&2; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); echo "No virtual environment: on Debian and Ubuntu, apt install python3-venv" >&2; exit 1; }
	@echo "Installing into $(VENV) …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt setuptools
	@PYTHONWARNINGS=ignore $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --no-build-isolation --editable '.[demo,dev]'
	@touch $@

demo: install ## Watch a simulated shop turn into segment changes and mails, all on this machine, without Docker
	@$(BIN)/gedrag demo $(ARGS)

test: install ## Run all tests; with Docker against Apache Kafka, Redis and MailDev, else against embedded parts
	$(BIN)/python -m pytest --numprocesses 3 --dist loadfile $(ARGS)

check: install ## Lint, types, direction of imports
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

up: ## Build and start Kafka, Redis, MailDev and the worker in containers; returns when all are healthy
	@$(COMPOSE) up --build --detach --wait --wait-timeout 180 \
		|| { echo "Not up. If a port is taken: GEDRAG_KAFKA_PORT, GEDRAG_MAIL_PORT, GEDRAG_WEB_PORT or GEDRAG_SERVE_PORT=… make up. Else: $(COMPOSE) logs" >&2; exit 1; }
	@echo
	@echo "Mails      http://localhost:$${GEDRAG_MAIL_PORT:-1080}"
	@echo "Health     http://localhost:$${GEDRAG_WEB_PORT:-6066}/health"
	@echo "API        http://localhost:$${GEDRAG_SERVE_PORT:-8080}/openapi.json"
	@echo "Kafka      localhost:$${GEDRAG_KAFKA_PORT:-9092}"
	@echo "Try it     make install && .venv/bin/gedrag simulate --customers 300 --days 1 | .venv/bin/gedrag produce --now -"
	@echo "Segments   $(COMPOSE) exec worker gedrag segments"
	@echo "Log        $(COMPOSE) logs --follow worker"

down: ## Stop the containers; their data stays (with its data: docker compose down --volumes)
	$(COMPOSE) down

bench: install ## Measure on Apache Kafka: speed, memory, latency, recovery; QUICK=1: under 50 s; BROKER=host:port: on yours
	@QUICK=$(QUICK) BROKER=$(BROKER) $(BIN)/python -m bench $(ARGS)

chaos: install ## Kill, stop, cut off and rebalance workers some hundreds of times, and check what came of it (KILLS=20 SEED=7; needs Docker)
	$(BIN)/python -m tests.integration.chaos --kills $(or $(KILLS),200) --seed $(or $(SEED),1) $(ARGS)

constraints: ## Renew constraints.txt: the newest versions that fit together, each exact
	rm -rf $(VENV)-constraints
	$(PYTHON) -m venv $(VENV)-constraints
	$(VENV)-constraints/bin/pip install --quiet --upgrade pip setuptools
	$(VENV)-constraints/bin/pip install --quiet '.[demo,dev]'
	$(VENV)-constraints/bin/pip freeze --all --exclude pip --exclude gedrag > constraints.txt
	rm -rf $(VENV)-constraints build
