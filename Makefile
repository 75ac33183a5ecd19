# Everything runs from the project's own .venv, made from the lock file on first use. The lock names
# all there is: left to resolve, pip stops at the day's newer release of what an extra asks for.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
SEEDS ?= 1-20

.DEFAULT_GOAL := help
.PHONY: help demo dev test check fmt bench bench-reconciliation proof soak replay contract-test record-histories lock vulnerabilities

help: ## Show what can be made.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/.ready: requirements-dev.lock
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock
	$(BIN)/pip --disable-pip-version-check check
	@touch $@

demo: $(BIN)/.ready ## One order from checkout to invoice; stays up until Ctrl-C (ARGS=--exit ends by itself).
	$(BIN)/python -m starter demo $(ARGS)

dev: $(BIN)/.ready ## Start everything on this machine.
	$(BIN)/python -m starter dev $(ARGS)

test: $(BIN)/.ready ## Run every test.
	$(BIN)/python -m pytest --numprocesses 2 --dist loadscope $(ARGS)

check: $(BIN)/.ready ## Lint, types, architecture, workflow rules, full coverage of the rules of money.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/temporalint workflows activities worker.py
	$(BIN)/python -m pytest tests/payments --quiet --cov --cov-report=term:skip-covered

fmt: $(BIN)/.ready ## Format and fix what can be fixed.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(BIN)/.ready ## Measure against the engine's own limit, one JSON line a figure (NAME=… keeps them).
	$(BIN)/python -m benchmarks $(if $(NAME),--name $(NAME)) $(ARGS)

bench-reconciliation: $(BIN)/.ready ## Measure the pace and the memory of reconciliation (minutes).
	$(BIN)/python -m benchmarks.reconciliation $(ARGS)

proof: $(BIN)/.ready ## Run the slow proofs (half an hour): crashes at every boundary, kills under load, and more.
	$(BIN)/python -m pytest -m proof $(ARGS)

soak: $(BIN)/.ready ## Play fault schedules drawn from seeds, one JSON line a seed (SEEDS=1-200, or SEEDS=1234).
	$(BIN)/python -m tests.soak --seeds $(SEEDS) $(ARGS)

replay: $(BIN)/.ready ## Replay every recorded history with today's code; print what no history comes to.
	$(BIN)/python -m pytest tests/replay --cov=workflows --cov-branch --cov-fail-under=94 --cov-report=term-missing:skip-covered $(ARGS)

contract-test: $(BIN)/.ready ## Hold Midtrans' sandbox to the contract (needs MIDTRANS_SANDBOX_* keys).
	$(BIN)/python -m pytest tests/contract -m contract $(ARGS)

record-histories: $(BIN)/.ready ## Record what tests compare with: histories, names, the reference page.
	$(BIN)/python -m tests.replay.record
	$(BIN)/python -m tests.replay.record_reconciliation
	$(BIN)/python -m tests.replay.fingerprint
	$(BIN)/python -m tests.wire.names
	$(BIN)/python -m tests.docs.reference

# Strict: what the advisories' index does not know (a mirror that has none) is no clean bill.
vulnerabilities: $(BIN)/.ready ## Look up known vulnerabilities of what both lock files pin (needs the advisories online).
	@$(BIN)/pip-audit --strict --require-hashes --disable-pip --progress-spinner off \
	  -r requirements.lock -r requirements-dev.lock $(ARGS) \
	  || { echo "vulnerabilities: NOT shown to be clean: something is vulnerable, or could not be looked up (see above)" >&2; exit 1; }

lock: $(BIN)/.ready ## Resolve the dependencies anew (needs uv).
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --quiet --python-version 3.11 pyproject.toml -o requirements.lock
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --quiet --python-version 3.11 --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
