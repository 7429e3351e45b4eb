# Every target makes the project's own environment on first use: Python 3.11 or newer with venv, and make, are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SEED ?= 1
SEEDS ?= 300
KILLS ?= 20
STATES ?= 1000
JOBS ?= 2
export PYTHONHASHSEED := 0
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: demo test check units browser sim mutants kills powerloss bench ngaji pages petunjuk catalogue lock clean tools

demo: $(VENV)/ready ## the story in about a minute; ONCE=1 ends after it
	$(BIN)/python -m deploy.demo $(if $(ONCE),--once)

test: check units browser sim powerloss kills ## everything that must hold before a change is taken
	@echo "make test: everything passed"

check: $(VENV)/ready ## style, types, import directions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

units: $(VENV)/ready ## all tests but those in a browser
	$(BIN)/pytest -q -n $(JOBS) -m "not browser and not processes"
	$(BIN)/pytest -q -n $(JOBS) -m "processes and not browser"

browser: $(VENV)/ready tools ## pages in a real Chromium
	$(BIN)/pytest -q -n $(JOBS) --dist loadfile -m browser

sim: $(VENV)/ready ## the simulator: SEEDS=n SEED=k
	$(BIN)/python -m tests.simulation --seeds $(SEEDS) --seed $(SEED) --jobs $(JOBS)

mutants: $(VENV)/ready ## deliberate faults that the simulator and the power-loss states must catch
	$(BIN)/python -m tests.simulation.mutants
	$(BIN)/python -m tests.powerloss --states 2000 --synchronous normal --expect-loss

powerloss: $(VENV)/ready ## crash states of a recorded disk: STATES=n
	$(BIN)/python -m tests.powerloss --states $(STATES) --seed $(SEED)

kills: $(VENV)/ready ## kill -9 of real processes under load: KILLS=n
	$(BIN)/python -m tests.acceptance.kills --kills $(KILLS) --seed $(SEED)

bench: $(VENV)/ready ## figures as ratios, in one run; the last ones stand in build/bench*.json
	$(BIN)/python -m tests.benchmarks
	$(BIN)/python -m tests.benchmarks.matching
	$(BIN)/python -m tests.benchmarks.decisions

ngaji: $(VENV)/ready ## Quran teachers 2021 at true size: from files to the payment list, every row's fate against what was planted
	$(BIN)/python -m tests.acceptance.guru_ngaji

pages: $(VENV)/ready ## a full office's pages: time, size, the program's memory
	$(BIN)/python -m tests.benchmarks.pages

petunjuk: $(VENV)/ready tools ## the pictures of the clerk's guide, of the real pages as they are now
	$(BIN)/python -m deploy.petunjuk

catalogue: $(VENV)/ready ## what pages say, into the second language's catalogue; names what lacks a translation
	$(BIN)/python -m language

lock: ## pin every dependency with its hashes
	uv pip compile -q --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 \
	  --extra central --extra dev pyproject.toml -o requirements.lock

tools: ## Debian's Chromium and PDF tools for the browser tests: installed when root, named when not
	@sh tests/browser/tools.sh

$(VENV)/ready: requirements.lock pyproject.toml
	@echo "Setting up $(VENV) (once, about a minute) ..."
	@$(PYTHON) -c "import ensurepip" || { echo "python3-venv is missing: apt-get install python3-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch $@

clean:
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
