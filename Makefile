# What can be done here. `make` alone lists it. Needs Python 3.11 or newer, nothing else.

PYTHON3 ?= python3
VENV := .venv
PYTHON := $(VENV)/bin/python
INSTALL := $(PYTHON) -m pip install --disable-pip-version-check --require-hashes --only-binary :all: -r
EXAMPLE := examples/external_portal
DJLINT := $(PYTHON) -m djlint templates --profile jinja --lint --quiet
# H030, H031: pages behind a log-in want no description for search engines. H043: a button in a form sends it, and that
# is meant. J018: addresses are made in the views, where a visit's prefix is known.
DJLINT_IGNORE := H030,H031,H043,J018
# Without header and places the catalog changes only when what is said changes.
CATALOG := $(VENV)/bin/pybabel -q extract -F translations/babel.cfg --no-location --sort-output --omit-header

.DEFAULT_GOAL := help
.PHONY: help demo demo-external test check serve bench pictures catalog lock clean

help:  ## list what can be done
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/make \1\t\2/' | expand -t 20

demo: $(VENV)/.runtime  ## start the gateway with a company to try it on: http://127.0.0.1:8000, or PORT=
	@$(PYTHON) -m gateway.demo

demo-external: $(VENV)/.runtime $(EXAMPLE)/.venv/.installed  ## start, beside a running demo, a portal that lives elsewhere: http://127.0.0.1:8100
	@$(PYTHON) -m examples.external_portal.start

test: $(VENV)/.test $(VENV)/.browser  ## run every test
	$(PYTHON) -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(VENV)/.test  ## look through code, types, templates, translations and migrations
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy gateway portals wsgi.py
	$(DJLINT) --ignore $(DJLINT_IGNORE)
	@$(CATALOG) -o $(VENV)/messages.pot .
	@diff -u translations/messages.pot $(VENV)/messages.pot || { echo 'The catalog is out of date: run make catalog.'; exit 1; }
	$(PYTHON) -m tests.lint_formats
	$(PYTHON) -m tests.lint_translations
	$(PYTHON) -m pytest tests/test_migrations.py -q

serve: $(VENV)/.scale  ## serve with the GATEWAY_* settings of the environment (docs/operating.md)
	@$(PYTHON) -m gateway.serve

bench: $(VENV)/.test  ## measure, and show tables of ratios
	$(PYTHON) -m tests.bench $(ARGS)

pictures: $(VENV)/.test  ## take the pictures of the documentation anew
	$(PYTHON) -m tests.pictures

catalog: $(VENV)/.test  ## gather what can be translated into translations/messages.pot, and bring every catalogue up to it
	$(CATALOG) -o translations/messages.pot .
	@for po in translations/*/LC_MESSAGES/messages.po; do test ! -e $$po || $(VENV)/bin/pybabel -q update \
		-i translations/messages.pot -o $$po -l $$(basename $${po%%/LC_MESSAGES*}) --no-fuzzy-matching --ignore-obsolete; done

# The project itself has to be built to read its requirements, so only what is installed is held to wheels.
LOCK := $(VENV)/bin/uv pip compile setup.cfg -q --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-strip-extras --no-emit-index-url --custom-compile-command 'make lock'
lock: $(VENV)/.runtime  ## lock the newest releases that setup.cfg allows, with their hashes
	$(PYTHON) -m pip install -q --disable-pip-version-check uv
	$(LOCK) --upgrade -o requirements/runtime.txt
	$(LOCK) --upgrade --extra scale -c requirements/runtime.txt -o requirements/scale.txt
	$(LOCK) --upgrade --extra scale --extra test -c requirements/scale.txt -o requirements/test.txt
	$(LOCK:setup.cfg=$(EXAMPLE)/requirements.in) --upgrade -c requirements/test.txt -o $(EXAMPLE)/requirements.txt

clean:  ## take away what was installed and built; var/ with the demo's data stays
	rm -rf $(VENV) $(EXAMPLE)/.venv build dist *.egg-info tests/browser/node_modules

# Each stamp says that a lock is installed as it stands now.

$(VENV)/.runtime: requirements/runtime.txt setup.cfg pyproject.toml
	@$(PYTHON3) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: PYTHON3=/path/to/python3 make …")'
	@echo 'Installing what the gateway needs into $(VENV) (once, about 20 seconds) …'
	@test -x $(PYTHON) || $(PYTHON3) -m venv $(VENV)
	@$(INSTALL) requirements/runtime.txt
	@$(PYTHON) -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(EXAMPLE)/.venv/.installed: $(EXAMPLE)/requirements.txt
	@echo 'Installing what the example needs into $(EXAMPLE)/.venv (once) …'
	@test -x $(EXAMPLE)/.venv/bin/python || $(PYTHON3) -m venv $(EXAMPLE)/.venv
	@$(EXAMPLE)/.venv/bin/python -m pip install --disable-pip-version-check -q --require-hashes --only-binary :all: -r $<
	@touch $@

$(VENV)/.scale: requirements/scale.txt $(VENV)/.runtime
	@$(INSTALL) requirements/scale.txt
	@touch $@

$(VENV)/.test: requirements/test.txt $(VENV)/.runtime
	@$(INSTALL) requirements/test.txt
	@touch $@

$(VENV)/.browser: tests/browser/package-lock.json $(VENV)/.runtime
	@if command -v npm >/dev/null; then npm ci --prefix tests/browser --no-audit --no-fund && touch $@; \
	else echo 'npm is not here: tests that need axe-core are skipped.'; fi
