#!/usr/bin/env bash
# Run two commands at the same time and fail if one of them does: the first one's output is kept, and shown if it fails.
# Usage: hack/beside.sh "COMMAND" "COMMAND"
set -euo pipefail
mkdir -p build
log=build/beside.log
bash -c "$1" >"$log" 2>&1 &
other=$!
trap 'kill "$other" 2>/dev/null || true' EXIT
bash -c "$2"
if ! wait "$other"; then
  cat "$log"
  echo "failed: $1" >&2
  exit 1
fi
