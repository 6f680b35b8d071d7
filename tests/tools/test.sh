#!/bin/sh
# `make test`: everything there is to test, with what it needs; the same command is CI's.
set -eu
cd "$(dirname "$0")/../.."

sh tests/tools/packages.sh

# A missing Chromium or Java fails the run here instead of being skipped.
export ZHANQUN_REQUIRE_TOOLS=1
# By file and not by group: pytest-xdist 3.8 forgets groups under pytest 9.2 (its issue 1386).
exec .venv/bin/python -m pytest tests -n 2 --dist loadfile --no-loadscope-reorder --durations=10 \
    --cov --cov-report=term --cov-fail-under=90 "$@"
