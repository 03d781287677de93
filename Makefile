# `make run` is the whole product on this machine; `make check` is what has to pass before a change.
.PHONY: help run test test-faults lint types check bench bench-quick

PYTHON_BIN = .venv/bin/python

help:
	@echo "make run     install what is missing and start everything (PORT, DATA_DIR, SANDBOX=off, …)"
	@echo "make test    run the tests on SQLite (ARGS='tests/alerts -x')"
	@echo "make test-faults"
	@echo "             kill processes, break servers and Telegram, and look for what is lost"
	@echo "             (4 minutes; FAULTS_SCALE=10 sends ten times as much and kills ten times as often)"
	@echo "make languages"
	@echo "             bring the catalogues of translations up to date with the texts in the code"
	@echo "make lint    ruff: rules and formatting"
	@echo "make types   mypy, strict"
	@echo "make check   all of these, and that no migration is missing"
	@echo "make bench   measure against the budgets, 15 minutes on a quiet machine (make bench-quick: 3)"

run:
	@bin/install && exec $(PYTHON_BIN) manage.py up

test: install-dev
	@$(PYTHON_BIN) -m pytest $(ARGS)

test-faults: install-dev
	@$(PYTHON_BIN) -m pytest -m faults -n $(or $(JOBS),2) --dist loadscope tests/faults $(ARGS)

lint: install-dev
	@$(PYTHON_BIN) -m ruff check .
	@$(PYTHON_BIN) -m ruff format --check .

types: install-dev
	@$(PYTHON_BIN) -m mypy .

check: lint types test
	@$(PYTHON_BIN) manage.py makemigrations --check --dry-run

bench:
	@bin/install requirements-bench.txt && exec $(PYTHON_BIN) -m bench $(ARGS)

bench-quick:
	@bin/install requirements-bench.txt && exec $(PYTHON_BIN) -m bench --quick $(ARGS)

.PHONY: install-dev
install-dev:
	@bin/install requirements-dev.txt

.PHONY: languages
languages: install-dev
	@bin/languages
