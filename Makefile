PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Files of tests, each by one process from its first test to its last; three on two cores, for much of the time is waiting.
# In the order of their names: by their number of tests the longest, which are few, would come last and alone.
AT_A_TIME := -n 3 --dist loadfile --no-loadscope-reorder
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes
# Each listing names what is chosen and why; its lock beside it names all that comes with it, with hashes.
LISTINGS := requirements tests/requirements tests/page/requirements tests/packaged/requirements tests/bench/requirements
COMPILE := --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --no-annotate --no-emit-index-url \
	--no-emit-trusted-host --no-emit-find-links --resolver backtracking
NODE := tests/node_modules/.bin
# The page, and the tests' own scripts.
SCRIPTS := 'static/**/*.{js,css}' 'tests/**/*.{js,mjs}' '!**/node_modules'
NOBODY := $(shell [ "$$(id -u)" != 0 ] || id -u nobody)

.PHONY: run sandbox lint format test test-month test-nginx test-cells binary binary-changed test-binary bench-binary bench bench-reminders bench-ladders bench-lists bench-replies bench-hooks bench-files bench-cells bench-tokens endurance torture fuzz siege docs lock clean

# Starts the server on http://127.0.0.1:8000, with careline.db in this folder.
run: $(VENV)/run
	@$(BIN)/python main.py

# Starts a sandbox on http://127.0.0.1:8000: sample data, gone at the end, a clock to move (docs/sandbox.md).
sandbox: $(VENV)/run
	@$(BIN)/python main.py serve --sandbox

# Reads all of the source and runs none of it. Installs Node packages where they are missing.
lint: $(VENV)/test $(VENV)/binary
	@tests/prepare
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy main.py consult reminders store tests
	$(NODE)/eslint --config tests/eslint.config.js static tests
	$(NODE)/tsc --project tests/tsconfig.json
	$(NODE)/prettier --check --log-level warn $(SCRIPTS)

# Writes the source as `make lint` wants it, as far as a program can.
format: $(VENV)/test
	@tests/prepare
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(NODE)/eslint --config tests/eslint.config.js --fix static tests
	$(NODE)/prettier --write --log-level warn $(SCRIPTS)

# All checks and tests. Installs Node packages and a browser where they are missing.
test: lint
	$(BIN)/pytest $(AT_A_TIME) --ignore=tests/page
	# By itself: the browser's driver keeps an event loop running, in the way of the asynchronous tests.
	$(BIN)/pytest $(AT_A_TIME) tests/page

# The example front end's tests in a sandbox, through all of March, and how long that takes.
test-month: $(VENV)/test
	@tests/prepare
	TEST_MONTH=1 $(BIN)/pytest -q -s tests/sandbox/test_example.py

# The protocol's tests once more, with nginx before each server as docs/reverse-proxy.md has it.
test-nginx: $(VENV)/test
	@tests/prepare
	TEST_NGINX=1 $(BIN)/pytest $(AT_A_TIME) tests/protocol -m "not direct"

# The same with the nginx of docs/growing.md: each server is a cell, and a second one is killed and started again meanwhile.
test-cells: $(VENV)/test
	@tests/prepare
	TEST_CELLS=1 $(BIN)/pytest $(AT_A_TIME) tests/protocol -m "not direct and not by_port"

# dist/careline: all of it in one file, which needs no Python where it runs. Needs binutils.
binary: $(VENV)/binary
	@$(BIN)/python -m PyInstaller --noconfirm --log-level WARN careline.spec

# dist/careline-changed beside it, for tests of what a server does that is changed on purpose.
binary-changed: $(VENV)/binary
	@$(BIN)/python -m PyInstaller --noconfirm --log-level WARN --workpath build/changed careline.spec -- --changed

# The protocol's tests once more, against that file: in an empty environment, and as nobody where root runs them.
test-binary: $(VENV)/test binary binary-changed
	@tests/prepare
	CARELINE_COMMAND=$(CURDIR)/dist/careline TEST_USER=$(NOBODY) $(BIN)/pytest $(AT_A_TIME) tests/protocol --basetemp="$$(mktemp -d)"

# That file beside the source: its size, its start, its memory, the C library that it asks for.
bench-binary: binary
	$(BIN)/python tests/bench/binary.py $(BENCH)

# Careline beside its peers, and the table and plot in docs/. Without npm it measures Careline alone.
bench: $(VENV)/bench
	$(BIN)/python tests/bench/bench.py $(BENCH)

# Reminders due in the same second beside a timer loop on Node and APScheduler, and a file of a million tasks.
bench-reminders: $(VENV)/bench
	$(BIN)/python tests/bench/reminders.py $(BENCH)

# A minute of reminders with ladders beside the same without them, and a million rungs that wait, into docs/.
bench-ladders: $(VENV)/bench
	$(BIN)/python tests/bench/ladders.py $(BENCH)

# A participant's list of questions with a million messages, in a hundred questions and in ten thousand.
bench-lists: $(VENV)/test
	$(BIN)/python -m tests.bench.lists

# What it costs to notify participants who are away of replies: pairs of runs with and without.
bench-replies: $(VENV)/bench
	$(BIN)/python tests/bench/replies.py $(BENCH)

# What two hooks cost whose receivers never answer, pairs of runs with and without, and how fast a good one is told.
bench-hooks: $(VENV)/bench
	$(BIN)/python tests/bench/hooks.py $(BENCH)

# 20 uploads of 20 MB at a time beside a ward that talks, and a download beside nginx.
bench-files: $(VENV)/bench
	$(BIN)/python tests/bench/files.py $(BENCH)

# 20 idle cells at once: the memory and processor time of each. Ends with status 1 where one takes more than 65 MB.
bench-cells: $(VENV)/run
	$(BIN)/python -m tests.bench.cells $(BENCH)

# What it costs to ask everybody for a token: ten pairs of runs with and without, into docs/.
bench-tokens: $(VENV)/bench
	$(BIN)/python tests/bench/tokens.py $(BENCH)

# An hour's worth of messages in minutes, and what becomes of WAL, memory and query times meanwhile, into docs/.
endurance: $(VENV)/bench
	$(BIN)/python tests/bench/endurance.py $(ENDURANCE)

# Kills the server at random moments, TORTURE_KILLS times, and holds what is left to the promises.
torture: $(VENV)/test
	@tests/prepare
	$(BIN)/python -m tests.torture

# Throws FUZZ_EVENTS (a million) events, raw packets, websocket frames and HTTP requests at a server.
fuzz: $(VENV)/test
	$(BIN)/python -m tests.fuzz

# Attacks a server in every way there is for SIEGE_SECONDS (600), and measures what honest people notice.
siege: $(VENV)/test
	$(BIN)/python -m tests.siege

# The documents in docs/ that are made from consult/contract/ and consult/documents/.
docs: $(VENV)/run
	$(BIN)/python -m consult.documents

# Writes each requirements.lock anew from the requirements.txt beside it. `make lock UPGRADE=--upgrade` takes newer
# versions of what the listings do not pin.
lock:
	@$(PYTHON) -m venv build/lock
	@build/lock/bin/pip install --quiet --disable-pip-version-check pip-tools==7.6.2
	@for listing in $(LISTINGS); do \
		build/lock/bin/pip-compile $(COMPILE) $(UPGRADE) --constraint requirements.lock \
			--output-file $$listing.lock $$listing.txt || exit 1; \
	done

clean:
	rm -rf $(VENV) build dist tests/node_modules tests/bench/peers/node_modules

$(VENV)/run: requirements.lock
	@echo "Installing the libraries of requirements.lock into $(VENV), which takes a minute ..." >&2
	@$(PYTHON) -m venv $(VENV)
	@$(INSTALL) -r requirements.lock
	@touch $@

$(VENV)/test: $(VENV)/run tests/requirements.lock tests/page/requirements.lock
	@$(INSTALL) -r tests/requirements.lock
	@$(INSTALL) -r tests/page/requirements.lock --upgrade --target $(VENV)/samples
	@touch $@

$(VENV)/binary: $(VENV)/run tests/packaged/requirements.lock
	@$(INSTALL) -r tests/packaged/requirements.lock
	@touch $@

$(VENV)/bench: $(VENV)/run tests/bench/requirements.lock
	@$(INSTALL) -r tests/bench/requirements.lock
	@touch $@
