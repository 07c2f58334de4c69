ifeq ($(OS),Windows_NT)
$(error On Windows, work in WSL: https://learn.microsoft.com/windows/wsl/install)
endif

PYTHON ?= python3
PATIENCE ?= 30
BIN := .venv/bin
export NO_MKDOCS_2_WARNING := 1
# What Python compiles it keeps: pip compiles nothing here, and to collect the tests takes twice as long without.
unexport PYTHONDONTWRITEBYTECODE
export REPO_BRANCH ?= main
export EDIT_URI := $(if $(REPO_URL),edit/$(REPO_BRANCH)/docs/)

# Who reads a branch reads none of these, and they would run before anything could look at them. On some disks `.VENV` is
# `.venv`; git may think that the checkout is somebody else's. It runs nothing that a repository's settings name, neither
# a monitor nor what fetches, and takes no folder for a repository that a branch can hold; where an archive's holds a FIFO,
# it waits for PATIENCE seconds and not for ever.
GIT := GIT_ALLOW_PROTOCOL= GIT_NO_LAZY_FETCH=1 $(PYTHON) -I \
  -c 'import os, signal, sys; signal.alarm($(PATIENCE)); os.execvp("git", ["git", *sys.argv[1:]])' \
  -c safe.directory='*' -c safe.bareRepository=explicit -c core.fsmonitor=false
UNREAD := $(shell $(GIT) ls-files -- ':(icase).venv*' ':(icase)*.pyc' ':(icase)*.so' ':(icase).gitmodules' 2>/dev/null \
  || echo '?')
ifeq ($(UNREAD),?)
UNREAD :=
UNTOLD := $(shell find . \( -iname '.venv*' -o -iname '*.pyc' -o -iname '*.so' \) -prune 2>/dev/null | head -n 1)
$(if $(UNTOLD),$(warning without git nothing tells whether $(UNTOLD) came with these files: clone a stranger's, or remove it))
endif
$(if $(UNREAD),$(error committed, though nobody can read it or make builds it: $(UNREAD)))

# What is said of these goes to programs as it stands: a file's name is a stranger's, and could be a command.
override FILE := $(value FILE)
override NAME := $(value NAME)
override NUMBER := $(value NUMBER)
export FILE NAME NUMBER

# The language in which the checker speaks, after the terminal's.
SAY ?= $(if $(filter zh%,$(LC_ALL) $(LANG)),zh,en)

.DEFAULT_GOAL := help
.PHONY: help lock site serve new-note new-question new-concept new-snippet fix show test lint check bench outputs pictures oracles mutants fuzz permalinks records fetch clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Every version comes from the lock, that of the build backend too (its variable is newer than some pips).
PIP := -m pip --quiet --disable-pip-version-check
LOCKED = PIP_CONSTRAINT=$(1) PIP_BUILD_CONSTRAINT=$(1)
# Python compiles what it imports: to compile all of torch's and transformers' files takes pip a minute.
INSTALL := $(call LOCKED,constraints.txt) $(BIN)/python $(PIP) install --no-compile

# One stamp per extra: a virtual environment is made once and brought up to date when the dependencies change.
.venv/.site: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(INSTALL) --editable ".[site]"
	touch $@

.venv/.check: .venv/.site
	$(INSTALL) --editable ".[site,check]"
	touch $@

.venv/.test: .venv/.site
	$(INSTALL) --editable ".[site,test]"
	touch .venv/.check $@

ORACLES := tools/oracles

# For every Python from 3.11 on and every platform. What is locked stays, unless UPGRADE=1 asks for the newest. trl asks
# for another numpy on Windows alone, which its requirements override.
COMPILE := .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --no-annotate \
  --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)
lock: ## write constraints.txt anew; UPGRADE=1 takes the newest versions
	test -x .venv-lock/bin/python || $(PYTHON) -m venv .venv-lock
	$(call LOCKED,constraints.txt) .venv-lock/bin/python $(PIP) install uv
	$(COMPILE) --all-extras --output-file constraints.txt constraints.in pyproject.toml
	$(COMPILE) --override $(ORACLES)/requirements.txt \
	  --output-file $(ORACLES)/constraints.txt $(ORACLES)/requirements.txt

# A note with errors never keeps the rest from being built; the exit code still says so.
site: .venv/.site ## build the site into site/: what changed since the last build
	@$(BIN)/python -m publish build

PORT ?= 8000
serve: .venv/.site ## serve the site on 127.0.0.1:8000 (or PORT) and rebuild on change
	@$(BIN)/python -m publish serve --port $(PORT)

new-note: need-NUMBER .venv/.site ## begin the note of a talk: make new-note NUMBER=005
	@$(BIN)/python -m ingest new "$$NUMBER"

new-question: need-NAME .venv/.site ## begin a question: make new-question NAME=why-scale-attention
	@$(BIN)/python -m ingest new question "$$NAME"

new-concept: need-NAME .venv/.site ## begin a concept page without code: make new-concept NAME=instructgpt
	@$(BIN)/python -m ingest new concept "$$NAME"

new-snippet: need-NAME .venv/.site ## begin a snippet, its test and its page: make new-snippet NAME=rms_norm
	@$(BIN)/python -m snippets new "$$NAME"

fix: need-FILE .venv/.site ## mend what can only mean one thing in a note or question: make fix FILE=talks/notes/005.md
	@$(BIN)/python -m ingest check --fix --lang $(SAY) "$$FILE"

show: need-FILE .venv/.site ## say what was understood of a note or question: make show FILE=talks/notes/005.md
	@$(BIN)/python -m ingest check --show --lang $(SAY) "$$FILE"; test $$? -le 1

need-%: # before anything is installed
	@test -n "$$$*" || { echo "say which: make TARGET $*=...; make help shows an example" >&2; exit 2; }

# The order of the tests, and what chance they draw: one for every branch, so that none fails for what another left. The
# weekly run with the newest versions draws a new one each time.
SEED ?= 1

test: .venv/.test ## set up and run everything
	@$(MAKE) --no-print-directory --jobs 2 site lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --durations 40 \
	  --randomly-seed $(SEED)

lint: .venv/.check ## check style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# What breaks most easily; the tests of snippets, browser, scripts, feeds, documents and workflows take minutes.
check: .venv/.check ## say what is wrong in the texts, then run the fast tests: about a minute
	$(BIN)/python -m ingest check --lang $(SAY)
	@$(MAKE) --no-print-directory lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --randomly-seed $(SEED) -m "not slow and not browser" \
	  --ignore tests/ingest/feeds --ignore tests/ingest/importing tests/test_*.py tests/ingest \
	  tests/site/test_pages.py tests/browser/test_run_cell.py

bench: .venv/.test site ## measure, and write docs/benchmarks.md
	$(BIN)/python -m tools.bench

outputs: .venv/.test ## rewrite the outputs shown on the pages of the snippets (NAMES; without: on all pages)
	$(BIN)/python -m tools.outputs --write $(NAMES:%=docs/topics/%.md)
	$(BIN)/python -m snippets site docs
	$(if $(NAMES),,$(BIN)/python -m widgets._outputs)

pictures: .venv/.test ## draw the pictures of the concept pages anew, and the cards by which they are shared
	$(BIN)/python -m pictures
	$(BIN)/python -m tools.cards

oracles: ## check that the reference values from trl are fresh (its own environment)
	test -x .venv-oracles/bin/python || $(PYTHON) -m venv .venv-oracles
	$(call LOCKED,$(ORACLES)/constraints.txt) .venv-oracles/bin/python $(PIP) install -r $(ORACLES)/requirements.txt
	.venv-oracles/bin/python -m tools.oracles.make_trl --check

mutants: .venv/.test ## break the snippets (NAMES) in every place, and report what their tests let pass
	OMP_NUM_THREADS=1 $(BIN)/python -m tools.mutants $(NAMES)

records: .venv/.test site ## run the tests of the snippets (NAMES), and record with what, for the gallery
	OMP_NUM_THREADS=1 $(BIN)/python -m tools.records $(NAMES)

permalinks: site ## add the site's new addresses to those that must never vanish
	$(BIN)/python -m tools.permalinks

# tools/fuzz/NAME.py starts from tests/fuzz/corpus/NAME; what it finds goes to .cache/fuzz/NAME, and what is worth keeping
# is copied from there, a crash always: `make test` runs the corpus.
FUZZ_SECONDS ?= 300
fuzz: .venv/.test ## fuzz the parsers and what lets pages pass, and read feedparser's own test files
	$(INSTALL) --editable ".[fuzz]"
	ls .cache/feedparser-*.tar.gz 2>/dev/null || $(call LOCKED,constraints.txt) $(BIN)/python $(PIP) download \
	  --no-deps --no-binary feedparser --dest .cache feedparser
	for name in documents feeds notes; do mkdir -p .cache/fuzz/$$name; \
	  $(BIN)/python -m tools.fuzz.$$name .cache/fuzz/$$name tests/fuzz/corpus/$$name -max_total_time=$(FUZZ_SECONDS) \
	  -timeout=10 -max_len=4096 -print_final_stats=1 -artifact_prefix=.cache/fuzz/ || exit 1; done
	$(BIN)/python -m tools.fuzz.pages --seconds $(FUZZ_SECONDS)
	$(BIN)/python -m pytest tests/ingest/feeds/test_feedparser_files.py

fetch: .venv/.site ## bring the feeds of talks/feeds.opml into talks/papers/ (FETCH="--since 2026-11-01")
	$(BIN)/python -m ingest fetch $(FETCH)

clean: ## remove everything generated
	@test ! -L docs || { echo "docs: a link" >&2; exit 2; }
	rm -rf .venv .venv-lock .venv-oracles site docs/talks docs/qa docs/papers docs/people docs/changes docs/reference docs/generated docs/records docs/snippets docs/widgets docs/runtime docs/service_worker.js
