# demo: build both reviews in demo/    test: the whole suite    lint: style, types, the three rules
# bench: how quick it is               docs: the reference pages, from the code
# browser: the site in Chromium        pictures: the site's pages for the docs
# Each makes .venv when it is not there and reuses it; a second run needs no network.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEERS := .venv-bench
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.PHONY: demo test browser lint bench docs pictures clean
.DEFAULT_GOAL := test

demo: $(VENV)/.installed
	@rm -rf demo
	$(BIN)/review demo demo

test: $(VENV)/.installed-dev
	REVIEW_THREADS=1 $(BIN)/python -m pytest -n 4

# what a reviewer sees: in Debian's Chromium, and the API against its own description
browser: $(VENV)/.installed-browser
	REVIEW_THREADS=1 $(BIN)/python -m pytest -n 4 --dist loadfile -m 'not guards and not thorough' tests/browser tests/web/test_api_schemathesis.py

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.architecture.rules

bench: $(PEERS)/.installed
	$(PEERS)/bin/python benchmarks/startup.py
	$(PEERS)/bin/python benchmarks/pooling.py
	$(PEERS)/bin/python benchmarks/pubmed_parsing.py --records 3000 --rounds 5
	$(PEERS)/bin/python benchmarks/pubmed_loading.py
	$(PEERS)/bin/python benchmarks/ris_reading.py
	$(PEERS)/bin/python benchmarks/dedupe.py --rounds 5
	$(PEERS)/bin/python benchmarks/dedupe_hard.py
	$(PEERS)/bin/python benchmarks/dedupe_growth.py
	$(PEERS)/bin/python benchmarks/dedupe_held_out.py
	$(PEERS)/bin/python benchmarks/serve_load.py
	$(PEERS)/bin/python benchmarks/serve_load.py --reviewers 50 --only serve
	$(PEERS)/bin/python benchmarks/serve_killed.py
	$(PEERS)/bin/python benchmarks/screen_keys.py

docs: $(VENV)/.installed-dev
	$(BIN)/python docs/generate.py

# needs Chromium
pictures: $(VENV)/.installed-browser
	$(BIN)/python docs/screenshots.py

clean:
	rm -rf $(VENV) $(PEERS) demo dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# an old pip does not know dependency groups, so pip comes first
$(VENV)/.pip: constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "regen-review needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1)." >&2; \
	  echo "Name a newer one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install -U -c constraints.txt pip
	@touch $@

$(VENV)/.installed: $(VENV)/.pip pyproject.toml
	$(PIP) install -c constraints.txt -e '.[paper]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) install -c constraints.txt -e '.[paper]' --group test --group lint
	@touch $@

$(VENV)/.installed-browser: $(VENV)/.installed-dev
	$(PIP) install -c constraints.txt -e '.[paper]' --group browser --group fuzz
	@touch $@

# the programs that we measure ourselves against stay out of the environment that tests run in
$(PEERS)/.installed: $(VENV)/.pip pyproject.toml
	@test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip --disable-pip-version-check -q install -U -c constraints.txt pip
	$(PEERS)/bin/python -m pip --disable-pip-version-check -q install -c constraints.txt -e '.[paper,fast]' --group bench --group browser --group test
	@touch $@
