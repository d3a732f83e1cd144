# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

PYTHON ?= python3
NPM ?= npm

BIN := .venv/bin
COLLECTIONS := .cache/collections
VERSION := $(shell sed -n 's/^version: *//p' galaxy.yml)
ARTEFACT := .cache/build/devfleet-codex-$(VERSION).tar.gz
PLUGIN_KINDS := $(sort $(patsubst plugins/%/,%,$(dir $(wildcard plugins/*/*.py))))
OFFLINE := $(BIN)/python scripts/offline.py
CLIENT_STAMP := .cache/client/.installed
EARLIER_VERSIONS := $(notdir $(wildcard tests/e2e/clients/*))
# Those of the earlier ones that "make test" runs too; tests/support/client_versions.py says why.
USUAL_VERSIONS := 0.130.0 0.131.0
E2E ?= tests/e2e
UNIT ?= tests/unit
# With FULL=NAME, a source of tests/promises.yml, what is counted is left for docs/reliability.md.
FIGURES = $(if $(FULL),--figures .cache/figures/$(FULL).json)
COUNTED = $(if $(FULL),--full $(FIGURES))
VERSION_STAMPS = $(patsubst %,.cache/clients/%/.installed,$(1))
SCENARIO ?= $(patsubst molecule/%/molecule.yml,%,$(wildcard molecule/*/molecule.yml))

export ANSIBLE_HOME := $(CURDIR)/.cache/ansible
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/$(COLLECTIONS)
export ANSIBLE_CONFIG := $(CURDIR)/tests/ansible.cfg
export HYPOTHESIS_STORAGE_DIRECTORY := $(CURDIR)/.cache/hypothesis

.DEFAULT_GOAL := help
.PHONY: help dev vendor client clients build unit fuzz mutants lint format integration e2e usual-versions e2e-versions sanity importer gates containers molecule matrix test reliability bench demo audit changelog clean

help: ## say what each target does
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

dev: ## make .venv and the collections path in .cache
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "make dev: \"$(PYTHON)\" is not a Python 3.11 or later; install one, or name one with make PYTHON=/path/to/python3." >&2; exit 1; }
	@$(PYTHON) scripts/build_environment.py

vendor: dev ## put the pinned tomlkit into plugins/module_utils/_vendor
	@$(BIN)/python scripts/vendor.py

client: $(CLIENT_STAMP) ## install the Codex client that the end-to-end tests use

$(CLIENT_STAMP): tests/e2e/client/package.json tests/e2e/client/package-lock.json
	$(call install_client,tests/e2e/client)

clients: client $(call VERSION_STAMPS,$(EARLIER_VERSIONS)) ## install the clients of all earlier generations as well

.cache/clients/%/.installed: tests/e2e/clients/%/package.json tests/e2e/clients/%/package-lock.json
	$(call install_client,tests/e2e/clients/$*)

# The target is a stamp in the folder of the client.
define install_client
@command -v $(NPM) >/dev/null 2>&1 && command -v node >/dev/null 2>&1 || { \
  echo "make client: npm and node are needed for the Codex client; install Node.js 16 or later (Debian: apt-get install npm), or name npm with make NPM=/path/to/npm." >&2; exit 1; }
@mkdir -p $(@D)
@rm -f $@
@cp $(1)/package.json $(1)/package-lock.json $(wildcard tests/e2e/client/.npmrc) $(@D)/
@$(NPM) ci --prefer-offline --prefix $(@D) --no-audit --no-fund --loglevel=error
@touch $@
endef

build: vendor ## build the artefact in .cache/build
	@mkdir -p $(dir $(ARTEFACT))
	@$(BIN)/ansible-galaxy collection build --force --output-path $(dir $(ARTEFACT))

unit: vendor ## run the unit tests, or those of UNIT=FOLDER
	@$(BIN)/python -m pytest $(UNIT) $(COUNTED)

fuzz: vendor ## fuzz for FUZZ_SECONDS=60 what reads what others have written, or TARGETS="toml-edit doctor" of it
	@$(BIN)/python scripts/fuzz.py --seconds $(or $(FUZZ_SECONDS),60) $(FIGURES) $(TARGETS)

mutants: vendor ## change the modules that decide, or those of MODULES="_recovery _diff", and see the tests notice
	@$(BIN)/python scripts/mutants.py $(if $(SAMPLE),--sample $(SAMPLE)) $(FIGURES) $(MODULES)

lint: vendor ## run every linter
	@$(BIN)/python scripts/vendor.py check
	@$(BIN)/python scripts/licences.py
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy --no-error-summary $(foreach kind,$(PLUGIN_KINDS),-p ansible_collections.devfleet.codex.plugins.$(kind))
	@$(BIN)/mypy --no-error-summary --python-version 3.11 noxfile.py scripts tests $(wildcard molecule/*/*/*.py)
	@$(BIN)/yamllint --strict .
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-actions .github/actions/*/action.yml
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/ansible-lint --offline --strict -q
	@HOME="$(CURDIR)/.cache" PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/antsibull-docs lint-collection-docs --plugin-docs .
	@HOME="$(CURDIR)/.cache" PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/antsibull-changelog lint

sanity: build ## run all of ansible-test sanity on the tracked files and on the artefact
	@$(BIN)/python scripts/sanity.py . $(ARTEFACT)

importer: build ## check the artefact as Galaxy does on import
	@$(BIN)/python scripts/importer.py $(ARTEFACT)

gates: lint ## lint, then sanity and importer side by side
	@$(MAKE) --no-print-directory -j2 sanity importer

format: dev ## lay out every Python file as lint wants it
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .

integration: vendor ## run the tests of the built artefact
	@$(OFFLINE) $(BIN)/python -m pytest tests/integration

e2e: vendor client $(call VERSION_STAMPS,$(USUAL_VERSIONS)) ## run the tests with the real Codex client, or those of E2E=FOLDER
	@$(BIN)/python scripts/e2e.py $(E2E) $(COUNTED)

usual-versions: vendor client $(call VERSION_STAMPS,$(USUAL_VERSIONS))
	@$(OFFLINE) $(BIN)/python -m pytest tests/e2e/versions

e2e-versions: vendor clients ## run the tests of every generation of the client
	@CODEX_E2E_VERSIONS=all $(OFFLINE) $(BIN)/python -m pytest tests/e2e/versions

containers: dev client ## get the engine and the images that the Molecule scenarios run on
	@$(BIN)/python scripts/containers.py start

molecule: $(addprefix molecule-,$(SCENARIO)) ## run the Molecule scenarios, or the one of SCENARIO=NAME, in containers
	@test -n "$(strip $(SCENARIO))" || { echo "make molecule: there is no scenario in molecule/." >&2; exit 1; }

molecule-%: vendor containers
	@$(BIN)/python scripts/scenario.py $*

matrix: dev ## run the tests under every ansible-core, or under those of TAGS="2.20 2.21"
	@$(BIN)/nox $(if $(TAGS),--tags $(TAGS))

# What waits beside what computes; the client's tests by themselves, for they take every processor.
test: client $(call VERSION_STAMPS,$(USUAL_VERSIONS)) ## pass the gates, run the Molecule scenarios and all tests
	@$(MAKE) --no-print-directory --output-sync=target -j2 gates containers
	@$(MAKE) --no-print-directory --output-sync=target -j2 molecule unit integration usual-versions
	@$(MAKE) --no-print-directory e2e E2E="tests/e2e --ignore=tests/e2e/versions"

reliability: dev ## write docs/reliability.md from what the runs it names have counted
	@$(BIN)/python scripts/reliability.py

bench: vendor client ## measure beside other tools and write docs/benchmarks.md, or some parts: BENCH="local edit"
	@PYTHONPATH=tests:scripts $(BIN)/python -m bench.environment
	@PYTHONPATH=tests:scripts $(OFFLINE) $(BIN)/python -m bench $(BENCH)

demo: vendor client ## show the main job on three pretend laptops
	@$(OFFLINE) $(BIN)/python scripts/demo.py

audit: vendor ## audit this machine
	@$(BIN)/ansible-playbook -i localhost, -c local \
	  -e ansible_python_interpreter=$(CURDIR)/$(BIN)/python devfleet.codex.audit

changelog: dev ## turn the fragments into the release notes of the version in galaxy.yml
	@! grep -qF '  $(VERSION):' changelogs/changelog.yaml || { \
	  echo "make changelog: $(VERSION) has its release notes already; raise the version in galaxy.yml first." >&2; exit 1; }
	@HOME="$(CURDIR)/.cache" PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/antsibull-changelog release --reload-plugins

clean: ## remove everything that make has made
	@test ! -x $(BIN)/python || $(BIN)/python scripts/containers.py remove
	@test ! -x $(BIN)/python || $(BIN)/python scripts/containers.py stop
	rm -rf .cache .venv .hypothesis plugins/module_utils/_vendor/tomlkit changelogs/.plugin-cache.yaml
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
