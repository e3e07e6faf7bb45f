#!/usr/bin/env bash
# The suite on the real cluster. Tests that share two cores can starve each other, so those that failed get a
# second try with the machine to themselves if they are few (or of few files: one fixture can fail for a whole
# file); what is broken fails twice, and what needed a second try is named at the end.
# Usage: hack/e2e.sh WORKERS PYTEST...
set -euo pipefail
workers=$1
shift
most=5 most_files=3
mkdir -p build
: >build/second-tries.txt

run() {
  local marks=$1 status=0
  shift
  "${pytest[@]}" -m "$marks" --durations=25 --durations-min=10 "$@" tests/e2e || status=$?
  [ "$status" -eq 0 ] && return 0
  # 1 is "some failed"; anything else (a crash, nothing collected, a stop by hand) is not a matter of load.
  [ "$status" -eq 1 ] || return "$status"
  local failed
  failed=$("${pytest[@]}" -m "$marks" --last-failed --last-failed-no-failures none --collect-only -q tests/e2e | grep '::' || true)
  [ -n "$failed" ] || return 1
  local files
  files=$(sed 's/::.*//' <<<"$failed" | sort -u | wc -l)
  [ "$(wc -l <<<"$failed")" -le "$most" ] || [ "$files" -le "$most_files" ] || return 1
  echo "== a second try, alone:"
  tee -a build/second-tries.txt <<<"$failed"
  "${pytest[@]}" -m "$marks" --last-failed --last-failed-no-failures none tests/e2e
}

pytest=("$@")
run "e2e and not alone and not timed" -n "$workers" --dist loadfile
export WARMPOOL_E2E_INSTALLED=1 # by those
run "e2e and timed" -n 2 --dist loadfile
run "e2e and alone"
if [ -s build/second-tries.txt ]; then
  echo "passed only at a second try, alone (build/second-tries.txt):"
  cat build/second-tries.txt
fi
