# What to run, and the environment it runs in. `make` alone says what there is.
# Needs Python 3.11 or newer with venv, and make; everything else is installed into .venv.

PYTHON ?= python3
DOCS ?= data/library
export AGAINST ?=
SECONDS ?= 300
export STACKROOM_DATA ?= data
# Compiled modules are kept: without them each of the suite's processes compiles all tests anew (5 CPU-s).
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
READY := .venv/.ready
READY_DEV := .venv/.ready-dev

.DEFAULT_GOAL := help
.PHONY: help index watch serve up test clients check audit package bundle format bench fuzz clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  DOCS=/path/to/folder   the PDFs (default: data/library)"
	@echo "  STACKROOM_DATA=/path   where the index lives (default: data)"
	@echo "  AGAINST=/path          for bench: an older checkout (default: made from git)"

index: $(READY)  ## read the PDFs of DOCS into the index
	$(BIN)/stackroom index "$(DOCS)"

watch: $(READY)  ## index, then follow DOCS as it changes
	$(BIN)/stackroom watch "$(DOCS)"

serve: $(READY)  ## answer search and fetch to MCP clients
	$(BIN)/stackroom serve

up: $(READY)  ## watch DOCS and serve, together
	$(BIN)/stackroom up "$(DOCS)"

# Threads that wait for work must not spin: there are several processes for each core.
test: export OMP_WAIT_POLICY = passive
test: export OPENBLAS_NUM_THREADS = 1
test: $(READY_DEV)  ## run the whole test suite
	$(BIN)/python -m pytest -n auto --dist worksteal

clients: $(READY_DEV)  ## run real MCP clients against a server; installs them once, from the network
	PYTHON=$(BIN)/python tests/clients/run.sh

check: $(READY_DEV)  ## ruff, mypy and import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

audit: $(READY)  ## ask OSV for known vulnerabilities of what is installed; needs a network
	@test -x .venv/audit/bin/pip-audit || { $(PYTHON) -m venv .venv/audit \
		&& .venv/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit; }
	.venv/audit/bin/pip-audit --vulnerability-service osv --skip-editable \
		--path "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"

package:  ## build the wheel and try it where nothing else is installed
	PYTHON=$(PYTHON) bash tests/packages/try.sh

bundle: $(READY_DEV)  ## make dist/stackroom-….mcpb, which Claude Desktop installs
	$(BIN)/python packages/mcpb/bundle.py

format: $(READY_DEV)  ## let ruff format and repair what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY_DEV)  ## measure everything on DOCS, for docs/benchmarks.md
	$(BIN)/python -m bench "$(DOCS)"

fuzz: $(READY_DEV)  ## SECONDS of damaged PDFs (also those of DOCS), then as many of odd queries
	PYTHONPATH=src:.:tests $(BIN)/python tests/fuzz_pdfs.py $(SECONDS) "$(DOCS)"
	PYTHONPATH=src:.:tests $(BIN)/python tests/fuzz_queries.py $(SECONDS)

clean:  ## remove the environment and caches, never PDFs or the index
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src indexer tests bench docs packages -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml constraints.txt hatch_build.py
	@$(PYTHON) install.py models
	@touch $@

$(READY_DEV): pyproject.toml constraints.txt hatch_build.py
	@$(PYTHON) install.py models dev
	@touch $(READY) $@
