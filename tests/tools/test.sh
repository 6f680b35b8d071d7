#!/bin/sh
# `make test`: everything there is to test, with what it needs; the same command is CI's.
set -eu
cd "$(dirname "$0")/../.."

sh tests/tools/packages.sh

# A missing Chromium or Java fails the run here instead of being skipped.
export ZHANQUN_REQUIRE_TOOLS=1
exec .venv/bin/python -m pytest tests -n 2 --dist loadgroup --durations=10 \
    --cov --cov-report=term --cov-fail-under=90 "$@"
