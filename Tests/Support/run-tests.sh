#!/usr/bin/env bash
# Runs the tests that are built, and at the end names those that failed: the lines between them and the end
# of a log are many, and a CI may keep the end only. The whole output: .build/tests.log
#
#   [JOB=reindex] run-tests.sh [OPTION OF swift test]…
#
# With JOB only the tests of that job, Tests/Jobs/ReindexTests.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ -n "${JOB:-}" ]; then
  target=$(sed -E 's/(^|-)(.)/\U\2/g' <<<"$JOB")Tests
  [ -d "Tests/Jobs/$target" ] || { echo "run-tests: there is no Tests/Jobs/$target" >&2; exit 64; }
  set -- --filter "^$target\\." "$@"
fi

log=.build/tests.log
# Each test starts processes, and some servers of their own: all at once would be hundreds. A third of the time a test waits
# (for a lease, a timeout, a server), so more run at once than there are cores.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=${SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH:-16}
status=0
swift test --skip-build --disable-xctest "$@" 2>&1 | tee "$log" || status=$?
[ "$status" = 0 ] && exit

echo
echo "What failed (the whole output: $log):"
# Each issue, with what it says below it, cut: a result that was compared may be pages long.
awk '/^✘ .* recorded an issue/ { said = 3; print; next } /^↳/ && said { said--; print "    " $0; next } { said = 0 }' "$log" |
  cut -c 1-600 | head -60
exit "$status"
