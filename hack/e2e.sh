#!/usr/bin/env bash
# The suite on the real cluster. Tests that share two cores can starve each other, so a few that failed get a
# second try with the machine to themselves; what is broken fails twice, and what needed it is named at the end.
# Usage: hack/e2e.sh WORKERS PYTEST...
set -euo pipefail
workers=$1
shift
most=5
mkdir -p build
: >build/second-tries.txt

run() {
  local marks=$1 status=0
  shift
  "${pytest[@]}" -m "$marks" "$@" tests/e2e || status=$?
  [ "$status" -eq 0 ] && return 0
  # 1 is "some failed"; anything else (a crash, nothing collected, a stop by hand) is not a matter of load.
  [ "$status" -eq 1 ] || return "$status"
  local failed
  failed=$("${pytest[@]}" -m "$marks" --last-failed --last-failed-no-failures none --collect-only -q tests/e2e | grep '::' || true)
  if [ -z "$failed" ] || [ "$(wc -l <<<"$failed")" -gt "$most" ]; then
    return 1
  fi
  echo "== a second try, alone:"
  tee -a build/second-tries.txt <<<"$failed"
  "${pytest[@]}" -m "$marks" --last-failed --last-failed-no-failures none tests/e2e
}

pytest=("$@")
run "e2e and not alone" -n "$workers" --dist loadfile
run "e2e and alone"
if [ -s build/second-tries.txt ]; then
  echo "passed only at a second try, alone (build/second-tries.txt):"
  cat build/second-tries.txt
fi
