# Every command of the project. `make help` lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin

# Passed on by run, test and bench: make test ARGS='tests/unit -k chain'
ARGS ?=

.PHONY: all help run test bench check fix clean
all: check test ## Check and test; what a bare make does

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# With the tools of development, because the lines that it prints to be pasted use the OpenAI SDK and grpcurl.
run: $(VENV)/dev.stamp ## Start the gateway with a demonstration, from nothing
	@$(BIN)/tollway demo $(ARGS)

# With the real Envoy that the benchmark measures beside: the REST door is held to it.
test: $(VENV)/bench.stamp ## Run the tests
	@$(BIN)/pytest $(ARGS)

# Their Python is that of the checkout, whatever else is on the path.
BENCH = PYTHONPATH=server:gen/python:. $(BIN)/python -m

bench: $(VENV)/bench.stamp ## Measure the gateway beside others, in 45 minutes; ARGS names cells
	@$(BENCH) tests.bench $(ARGS)

.PHONY: bench-report
bench-report: $(VENV)/dev.stamp ## Bring docs/performance.md up to the newest of docs/benchmarks
	@$(BENCH) tests.bench.results.recorded

PEERS := .venv-peers

.PHONY: bench-peers
bench-peers: $(VENV)/build.stamp ## Install other gateways for make bench: LiteLLM, and Portkey's where npm is
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/bench/peers/requirements.lock
	cp tests/bench/peers/package.json tests/bench/peers/package-lock.json $(PEERS)
	@if command -v npm >/dev/null; then set -x; npm ci --prefix $(PEERS) --ignore-scripts --no-audit --no-fund; \
	  else echo 'npm is not installed: Portkey is left out' >&2; fi

.PHONY: bench-smoke
bench-smoke: $(VENV)/bench.stamp ## Within a minute: has a ratio fallen well below the recorded one?
	@$(BENCH) tests.bench.smoke $(ARGS)

.PHONY: test-faults
test-faults: $(VENV)/bench.stamp ## The proofs at full length: kills, races, failovers, 5,000 steps against the model
	@TESTS_FAULTS=1 $(BIN)/pytest -s tests/faults tests/contract/metering $(ARGS)

.PHONY: test-grpc-gateway
test-grpc-gateway: $(VENV)/dev.stamp ## Aim grpc-gateway's own tests at the translator; with Go and Debian's packages
	@test -d /usr/share/gocode/src/github.com/grpc-ecosystem/grpc-gateway && command -v go >/dev/null || \
	  { apt-get update -qq; apt-get install -y -qq --no-install-recommends golang-go golang-github-grpc-ecosystem-grpc-gateway-dev; }
	@$(BIN)/pytest tests/conformance/grpc_gateway $(ARGS)

.PHONY: schemathesis
schemathesis: $(VENV)/dev.stamp ## Try both REST ports for three minutes with requests made up from their OpenAPI documents
	@TESTS_SCHEMATHESIS_SECONDS=90 $(BIN)/pytest tests/conformance/openapi $(ARGS)

clean: ## Remove what was installed and cached; data in .tollway/ stays
	rm -rf $(VENV) $(PEERS) build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
	find server gen tests -name __pycache__ -type d -prune -exec rm -rf {} +

## Installing: from locks alone, each file proven by its hash. Nothing is built in an environment of pip's own making,
## which would be filled without hashes; what building needs has a lock of its own and comes first.

PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --use-pep517

.PHONY: install install-dev
install: $(VENV)/runtime.stamp ## Install the gateway into .venv
install-dev: $(VENV)/dev.stamp ## Install what tests and checks need, too

$(BIN)/python:
	@$(PYTHON) -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo 'Python 3.11 or later with its venv module is needed; on Debian: apt-get install python3-venv' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/build.stamp: requirements-build.lock | $(BIN)/python
	$(PIP_INSTALL) --require-hashes -r $<
	@touch $@

$(VENV)/runtime.stamp: requirements.lock pyproject.toml $(VENV)/build.stamp
	$(PIP_INSTALL) --require-hashes -r $<
	$(PIP_INSTALL) --no-deps --editable .
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/runtime.stamp
	$(PIP_INSTALL) --require-hashes -r $<
	@touch $@

$(VENV)/bench.stamp: requirements-bench.lock $(VENV)/dev.stamp
	$(PIP_INSTALL) --require-hashes -r $<
	@touch $@

## Checks, and what mends them.

.PHONY: check-lint check-types check-layers check-house check-proto check-api check-breaking check-gen check-lock
.PHONY: fix-lint fix-proto fix-gen fix-lock gen lock
check: check-lint check-types check-layers check-house check-proto check-api check-breaking check-gen check-lock ## Run every check
fix: fix-proto fix-gen fix-lint fix-lock ## Mend what can be mended by machine

check-lint: $(VENV)/dev.stamp ## ruff: rules and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

fix-lint: $(VENV)/dev.stamp ## Apply ruff's fixes and format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

check-types: $(VENV)/dev.stamp ## mypy, strict
	$(BIN)/mypy

check-layers: $(VENV)/dev.stamp ## import-linter: who may import whom
	$(BIN)/lint-imports

check-house: $(VENV)/dev.stamp ## Sizes of functions and files; words that a package must not know
	$(BIN)/pytest tests/unit/test_house_rules.py

check-proto: $(VENV)/dev.stamp ## buf: lint and format
	$(BIN)/buf lint
	$(BIN)/buf format --diff --exit-code --path proto/tollway

check-api: $(VENV)/dev.stamp ## Design of the API: Google's AIPs and rules of the house
	$(BIN)/pytest tests/unit/api

fix-proto: $(VENV)/dev.stamp ## Format the protos
	$(BIN)/buf format --write --path proto/tollway

check-breaking: $(VENV)/dev.stamp ## buf: nothing breaks callers of the last release
	@tag=$$(git describe --tags --abbrev=0 2>/dev/null || true); \
	if [ -n "$$tag" ]; then set -x; $(BIN)/buf breaking --against ".git#tag=$$tag"; else echo 'no release yet to break'; fi

PROTOC = $(BIN)/python -m grpc_tools.protoc -I proto -I proto/third_party
PROTOS = $(shell find proto/tollway -name '*.proto' | sort)

# Makes what belongs into gen/ in the folder $(1).
define generate
	mkdir -p "$(1)/python" "$(1)/openapi"; \
	$(PROTOC) --python_out="$(1)/python" --pyi_out="$(1)/python" --grpc_python_out="$(1)/python" $(PROTOS); \
	$(PROTOC) --python_out="$(1)/python" --pyi_out="$(1)/python" buf/validate/validate.proto; \
	grep -L 'class .*Servicer' $$(find "$(1)/python" -name '*_pb2_grpc.py') | xargs -r rm; \
	$(PROTOC) --include_imports --include_source_info --descriptor_set_out="$(1)/tollway.binpb" $(PROTOS); \
	openapi=("$(BIN)/python" -m tollwayd.openapi --descriptors "$(1)/tollway.binpb" --errors tollway.error.v1.Reason \
	  --domain tollway.dev --unseen CANCELLED --unseen MESSAGE_MISSING --unseen METHOD_NOT_FOUND); \
	export PYTHONPATH="$(1)/python" PYTHONDONTWRITEBYTECODE=1; \
	"$${openapi[@]}" --package tollway.admin.v1 --title 'Tollway Admin API' \
	  --unseen 'MODEL_*' --unseen 'UPSTREAM_*' --unseen FEATURE_UNSUPPORTED >"$(1)/openapi/tollway-admin.json"; \
	"$${openapi[@]}" --package tollway.proxy.v1 --title 'Tollway Proxy API' \
	  --unseen 'RESOURCE_*' --unseen 'ETAG_*' --unseen 'REFERENCE_*' --unseen 'PAGE_*' --unseen 'FILTER_*' \
	  >"$(1)/openapi/tollway-proxy.json"; \
	rm "$(1)/tollway.binpb"
endef

check-gen: $(VENV)/dev.stamp ## gen/ is what proto/ says
	@tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; $(call generate,$$tmp/gen); \
	diff -ru -x __pycache__ gen "$$tmp/gen" || { echo 'gen/ is stale: make gen' >&2; exit 1; }

gen: fix-gen ## Generate gen/ from proto/
fix-gen: $(VENV)/dev.stamp
	@tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; $(call generate,$$tmp/gen); \
	rm -rf gen; cp -r "$$tmp/gen" gen

.PHONY: prices
prices: $(VENV)/dev.stamp ## Make the price list from the installed genai-prices
	$(BIN)/python -m tollwayd.prices

# One resolution for every Python from 3.11 on and every platform. What is pinned stays; UPGRADE=1 takes the newest.
COMPILE = $(BIN)/uv pip compile --no-config --system-certs --quiet --universal --python-version 3.11 --generate-hashes \
  --no-strip-extras --no-annotate --custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade)

# Pins what pyproject.toml names in the locks of the folder $(1); each lock holds the pins of those before it.
define pin
	$(COMPILE) --group build -o "$(1)/requirements-build.lock"; \
	$(COMPILE) pyproject.toml -c "$(1)/requirements-build.lock" -o "$(1)/requirements.lock"; \
	$(COMPILE) pyproject.toml --group dev -c "$(1)/requirements-build.lock" -c "$(1)/requirements.lock" \
	  -o "$(1)/requirements-dev.lock"; \
	$(COMPILE) --group bench -c "$(1)/requirements-dev.lock" -o "$(1)/requirements-bench.lock"
endef

check-lock: $(VENV)/dev.stamp ## The locks are what pyproject.toml says
	@tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; cp requirements*.lock "$$tmp"; $(call pin,$$tmp); \
	for lock in requirements*.lock; do \
	  diff -u "$$lock" "$$tmp/$$lock" || { echo "$$lock is stale: make lock" >&2; exit 1; }; \
	done

lock: fix-lock ## Pin what pyproject.toml names; UPGRADE=1 takes the newest releases
fix-lock: $(VENV)/dev.stamp
	@$(call pin,.)
