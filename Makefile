# Two commands: `make run` and `make test`. The rest: `make help`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := gateway immigration menus workers

# Python keeps what it has compiled. Told not to, each of the tests' many processes would compile everything anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help run test lint format bench soak clean
.DEFAULT_GOAL := help

help: ## Say what there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

run: $(VENV)/.run ## Start the product here: Redis, database, web, worker, clock, phone simulator
	@exec $(BIN)/python -m gateway up

test: $(VENV)/.test ## Run every test, on real servers brought up by themselves
	$(BIN)/python -m pytest -n 3 --dist loadgroup $(ARGS)

lint: $(VENV)/.test ## Format, lint, types, menus, SMS texts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m gateway menus check
	$(BIN)/python -m gateway texts check

format: $(VENV)/.test ## Format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.test ## Measure against baselines of the same run
	@for bench in benchmarks/bench_*.py; do $(BIN)/python -m benchmarks.$$(basename $$bench .py) || exit 1; done

soak: $(VENV)/.test ## Long storms: workers killed, Redis wiped, aggregator and clock at fault, weeks of callers; all adds up
	$(BIN)/python -m benchmarks.soak $(ARGS)
	$(BIN)/python -m benchmarks.soak_visits
	$(BIN)/python -m benchmarks.soak_reminders

clean: ## Remove what was built (the data under var/ stays)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "Python's venv is missing: on Debian apt-get install python3-venv"; exit 1; }
	@touch $@

$(VENV)/.run: requirements.txt | $(VENV)/.made
	@echo "Installing what the product needs..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.test: requirements.txt tests/requirements.txt | $(VENV)/.made
	@echo "Installing what the tests need..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $@ $(VENV)/.run
