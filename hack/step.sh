#!/usr/bin/env bash
# Run one step of `make test` and note how long it took; without arguments, print what was noted.
set -euo pipefail
notes=build/steps.txt
mkdir -p build
if [ $# -eq 0 ]; then
  echo
  echo "wall time by step:"
  awk '{printf "  %-12s %5d s\n", $1, $2; sum += $2} END {printf "  %-12s %5d s\n", "total", sum}' "$notes"
  exit 0
fi
name=$1
shift
echo
echo "== $name"
start=$(date +%s)
"$@"
echo "$name $(($(date +%s) - start))" >>"$notes"
