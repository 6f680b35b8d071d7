# One command each; `make help` lists them.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?=
LAWS := $(wildcard ../shared/data/laws)
export ZHANQUN_LAWS ?= $(if $(LAWS),$(abspath $(LAWS)),)

.PHONY: help setup setup-dev up test bench bench-publish faults soak check format axe lighthouse bench-theme screenshots catalogues qr lock clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /make \1\t/' | expand -t 20

setup: $(BIN)/.inside ## the environment alone: .venv/bin/zhanqun

up: setup ## set up everything, build the demo cluster, serve it; Ctrl-C stops (PORT=8080 chooses the port)
	@ZHANQUN_LANG=$${ZHANQUN_LANG:-zh} $(if $(PORT),ZHANQUN_PORT=$(PORT)) $(BIN)/zhanqun up

test: setup-dev ## set up what the tests need and run all of them
	@sh tests/tools/test.sh

bench: setup-dev ## measure beside Hugo and stock Pelican into docs/benchmarks/engine.md (SIZES=10000,100000,300000 WORK=/tmp/zhanqun-bench)
	$(BIN)/python -m bench.engine --sizes $(or $(SIZES),10000,100000) --work $(or $(WORK),/tmp/zhanqun-bench) --report docs/benchmarks

bench-publish: setup-dev ## measure publishing and the guard: WORK=../bench-work SIZE=300000
	$(BIN)/python -m bench.publish --work $(or $(WORK),../bench-work) --size $(or $(SIZE),10000) --report docs/benchmarks
	$(BIN)/python -m bench.guard --work $(or $(WORK),../bench-work)/guard --files $(or $(SIZE),10000) --report docs/benchmarks

faults: setup-dev ## kill, cut the power, fill the disk: hundreds of points, into docs/reliability.md
	$(BIN)/python -m tests.faults --points $(or $(POINTS),800) --report docs/reliability.md

soak: setup-dev ## random edits for hours: an incremental build equals a clean one (MINUTES=60 SEED=0)
	$(BIN)/python -m tests.tools.soak --minutes $(or $(MINUTES),60) --seed $(or $(SEED),0)

check: setup-dev ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: setup-dev ## put the code into form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

axe: setup-dev ## axe-core over every kind of page, site and look, into docs/benchmarks/theme.md
	@sh tests/tools/packages.sh
	$(BIN)/python -m tests.tools.run_axe

lighthouse: setup-dev ## Lighthouse over every site behind nginx, into docs/benchmarks/theme.md (RUNS=3)
	@sh tests/tools/packages.sh
	cd bench/lighthouse && npm ci --ignore-scripts --silent
	$(BIN)/python -m tests.tools.run_lighthouse --runs $(or $(RUNS),3)

bench-theme: setup-dev ## weights and waiting on a throttled line, into docs/benchmarks/theme.md
	@sh tests/tools/packages.sh
	$(BIN)/python -m tests.tools.weigh_pages

screenshots: setup-dev ## every kind of page in every look into var/screenshots, a dozen of them into docs/images
	@sh tests/tools/packages.sh
	$(BIN)/python -m tests.tools.take_screenshots

catalogues: setup-dev ## bring the translation files up to the words in code and templates
	mkdir -p var
	$(BIN)/pybabel -q extract -F themes/gov/babel.cfg --omit-header -o var/theme.pot themes/gov plugins
	for locale in zh_Hans en; do $(BIN)/pybabel -q update -N -i var/theme.pot -l $$locale -o themes/gov/translations/$$locale/LC_MESSAGES/messages.po; done
	$(BIN)/python -m tests.tools.cli_words

qr: ## bundle the QR encoder of the page tools anew (themes/gov/static/qr.js, from npm's qrcode-generator)
	@sh tests/tools/packages.sh
	node_modules/.bin/esbuild tests/tools/qr.js $(shell sed -n 's|^// options: ||p' tests/tools/qr.js) --outfile=themes/gov/static/qr.js

lock: ## pin the dependencies anew, with hashes (needs uv)
	uv pip compile -q pyproject.toml --extra inside --extra s3 --extra build --extra dev --generate-hashes --no-header --no-annotate --python-version 3.11 --universal -o requirements-dev.lock
	uv pip compile -q pyproject.toml --extra inside --extra build -c requirements-dev.lock --generate-hashes --no-header --no-annotate --python-version 3.11 --universal -o requirements.lock

clean: ## remove what can be made again: var, dmz, output (data stays)
	rm -rf var dmz output

setup-dev: $(BIN)/.dev

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed / 需要 Python 3.11 或更新版本" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { test "$$(id -u)" -eq 0 && apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null; } || { echo "Install python3-venv first / 请先安装 python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

# --no-deps: the locks are whole. Resolved anew, an extra (coverage[toml]) asks for its newest release, which no hash knows.
$(BIN)/.inside: $(BIN)/python requirements.lock pyproject.toml
	@echo "Installing into $(VENV) / 正在安装到 $(VENV) …" >&2
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

$(BIN)/.dev: $(BIN)/.inside requirements-dev.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	@touch $@
