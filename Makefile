# Comma: every target has its help in the comment above it; `make` alone prints them.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The versions of Python to work with, the first found is the main one: make test PYTHONS="3.12"
PYTHONS ?= 3.11 3.12
# Where `make run` answers: make run PORTA=8080
PORTA ?= 8000
# The folder with regolamento/, rules/ and forms/: make check DATI=../prova
DATI ?= .
# What to try: make decide SERVIZIO=tirocinio RISPOSTE=famiglia.json AL=22/11/2026 (without AL, today)
SERVIZIO ?=
RISPOSTE ?=
# What has happened to a file: make procedura SERVIZIO=tirocinio EVENTI=eventi.json AL=22/11/2026
EVENTI ?=
AL ?= $(shell date +%d/%m/%Y)
# The tests in a browser say nothing of the version of Python: with two of them they run once, without coverage.
BROWSER = $(if $(PYTEST),,$(addprefix --ignore=,$(shell grep -l playwright tests/test_*.py)))
# Nor do rules and families made at random: there one in ten is enough (tests/chance.py).
FEWER = $(if $(PYTEST),,COMMA_TENTHS=1)
# What `make test` hands to pytest: make test PYTEST="tests/test_tipo.py -k euro"
PYTEST ?=

# $(call python,3.11): a command of that version that can make environments, or nothing.
python = $(shell for command in python$(1) python3 "$$(pyenv root 2>/dev/null)"/versions/$(1).*/bin/python; do \
	"$$command" -c 'import sys, ensurepip, venv; sys.exit("%d.%d" % sys.version_info[:2] != "$(1)")' 2>/dev/null \
	&& { echo "$$command"; break; }; done)
FOUND := $(strip $(foreach version,$(PYTHONS),$(if $(call python,$(version)),$(version))))
ABSENT := $(filter-out $(FOUND),$(PYTHONS))
MAIN := $(firstword $(FOUND))

# $(call environment,test,3.11): a folder with the packages of a lock file, made again only when that file changes.
environment = stamp=".venv/$(1)-$(2)/$$(sha256sum < requirements/$(1).txt | cut -c1-16).stamp"; \
	[ -e "$$stamp" ] || { echo "Preparo .venv/$(1)-$(2) da requirements/$(1).txt"; \
	rm -rf ".venv/$(1)-$(2)"; "$(call python,$(2))" -m venv ".venv/$(1)-$(2)"; \
	".venv/$(1)-$(2)/bin/python" -m pip install --quiet --require-hashes -r requirements/$(1).txt; touch "$$stamp"; }
main = .venv/$(1)-$(MAIN)/bin/python
# $(call durable,test,3.11): durable-rules, which has to be compiled; where it cannot be, a fixpoint of ours decides the steps.
durable = stamp=".venv/$(1)-$(2)/durable.stamp"; [ -e "$$stamp" ] || { \
	".venv/$(1)-$(2)/bin/python" -m pip install --quiet --require-hashes -r requirements/durable.txt 2>/dev/null \
	|| echo "durable-rules non si è potuto compilare (serve un compilatore C): i passi delle procedure li decide il programma da sé"; \
	touch "$$stamp"; }
# $(web): bootstrap-italia and axe-core in node_modules, made again only when package-lock.json changes.
web = stamp="node_modules/.$$(sha256sum < package-lock.json | cut -c1-16).stamp"; [ -e "$$stamp" ] || { \
	echo "Preparo node_modules da package-lock.json"; npm="$$(command -v npm || true)"; \
	[ -n "$$npm" ] || { $(call environment,web,$(MAIN)); npm=.venv/web-$(MAIN)/bin/npm; }; \
	"$$npm" ci --ignore-scripts --no-audit --no-fund --loglevel=error; touch "$$stamp"; }

.PHONY: help
# prints this help
help:
	@awk '/^# /{text = substr($$0, 3)} /^[a-z]+:/{printf "  make %-9s %s\n", substr($$1, 1, length($$1) - 1), text}' Makefile

.PHONY: run
# starts the program on this computer and prints its address
run: need-python
	@$(call environment,run,$(MAIN))
	@$(call durable,run,$(MAIN))
	@{ $(web); } || echo "L'aspetto delle pagine non si è potuto installare: saranno più semplici, ma funzionano lo stesso"
	@echo "Comma risponde su http://127.0.0.1:$(PORTA) (per fermarlo: Ctrl+C)"
	@exec $(call main,run) -m api --dimostrazione --porta $(PORTA) --dati "$(DATI)"

.PHONY: check
# reads the staff files in regolamento/, rules/ and forms/ and prints every mistake in them
check: need-python
	@$(call environment,run,$(MAIN))
	@$(call main,run) -m engine check --dati "$(DATI)"

.PHONY: esempi
# says whether the worked cases of the rules come out as they are written
esempi: need-python
	@$(call environment,run,$(MAIN))
	@$(call main,run) -m engine esempi $(SERVIZIO) --dati "$(DATI)"

.PHONY: decide
# decides for a family and says why: SERVIZIO=… RISPOSTE=… AL=…
decide: need-python
	@$(call environment,run,$(MAIN))
	@$(call main,run) -m engine decide "$(SERVIZIO)" --risposte "$(RISPOSTE)" --al "$(AL)" --dati "$(DATI)"

.PHONY: sportello
# says to which desk a family goes: RISPOSTE=… AL=…
sportello: need-python
	@$(call environment,run,$(MAIN))
	@$(call main,run) -m engine sportello --risposte "$(RISPOSTE)" --al "$(AL)" --dati "$(DATI)"

.PHONY: procedura
# says where a file stands: SERVIZIO=… EVENTI=… AL=…
procedura: need-python
	@$(call environment,run,$(MAIN))
	@$(call main,run) -m engine procedura "$(SERVIZIO)" $(if $(EVENTI),--eventi "$(EVENTI)") --al "$(AL)" --dati "$(DATI)"

.PHONY: test
# runs everything that must pass: lint, then the tests with coverage, then the tests on the other Python
test: lint need-chromium
	@$(call durable,test,$(MAIN))
	@$(web)
	@rm -f .coverage .coverage.*
	$(if $(word 2,$(FOUND)),$(FEWER)) $(call main,test) -m coverage run -m pytest -n auto $(if $(word 2,$(FOUND)),$(BROWSER)) $(PYTEST)
	$(if $(PYTEST),,@$(call main,test) -m coverage combine --quiet && $(call main,test) -m coverage report)
	@$(foreach version,$(wordlist 2,9,$(FOUND)),$(call environment,test,$(version)); $(call durable,test,$(version)); \
		echo "Ancora i test, con Python $(version)"; .venv/test-$(version)/bin/python -m pytest -n auto $(PYTEST);)
	$(foreach version,$(ABSENT),@echo "NON ESEGUITO: i test con Python $(version), che qui non c'è"$(newline))

.PHONY: lint
# checks style, types and licences without running the tests
lint: need-python
	@$(call environment,test,$(MAIN))
	$(call main,test) -m ruff check
	$(call main,test) -m ruff format --check
	$(call main,test) -m mypy
	$(call main,test) -m reuse lint --quiet || $(call main,test) -m reuse lint

.PHONY: format
# rewrites the Python files in the one agreed layout
format: need-python
	@$(call environment,test,$(MAIN))
	$(call main,test) -m ruff check --fix-only --select I
	$(call main,test) -m ruff format

.PHONY: words
# prints the words in names that neither regolamento/glossario.nt nor tests/english.txt has
words: need-python
	@$(call environment,test,$(MAIN))
	@$(call main,test) -m tests.test_glossary

.PHONY: bench
# measures the speed of the engine beside its peers
bench: need-python
	@$(call environment,bench,$(MAIN))
	@$(call durable,bench,$(MAIN))
	@$(web)
	$(call main,bench) -m bench

.PHONY: lock
# writes requirements/*.txt again from requirements/*.in, with the newest versions that agree
lock: need-python
	@$(call environment,lock,$(MAIN))
	@cd requirements; for name in lock run durable web test bench; do \
		../$(call main,lock) -m uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --no-emit-find-links --no-header "$$name.in" -o "$$name.txt"; done
	@$(call environment,web,$(MAIN))
	@.venv/web-$(MAIN)/bin/npm update --package-lock-only --omit-lockfile-registry-resolved --ignore-scripts --loglevel=error

.PHONY: clean
# removes the environments and everything else that these targets made
clean:
	rm -rf .venv node_modules .coverage .coverage.* htmlcov build dist *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: need-python
need-python:
	@[ -n "$(MAIN)" ] || { echo "Serve Python ($(PYTHONS)) con venv: su Debian, apt-get install python3 python3-venv" >&2; exit 1; }

.PHONY: need-chromium
need-chromium:
	@command -v chromium >/dev/null || { \
		if ! command -v apt-get >/dev/null; then run=; \
		elif [ "$$(id -u)" = 0 ]; then run="env"; \
		elif sudo -n true 2>/dev/null; then run="sudo env"; else run=; fi; \
		[ -n "$$run" ] || { echo "Le prove delle pagine usano Chromium: installate i pacchetti chromium e fonts-liberation" >&2; exit 1; }; \
		echo "Installo Chromium"; \
		$$run apt-get -qq update && $$run DEBIAN_FRONTEND=noninteractive \
			apt-get -qq install --yes --no-install-recommends chromium fonts-liberation >/dev/null; }

define newline


endef
