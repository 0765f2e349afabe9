#!/usr/bin/env bash
# A new user's hour, command by command: clone, `make demo`, docs/your-schema-in-an-hour.md, a restore from an older dump, and
# three incidents. Prints each command with its number, and ends with how many there were.
#
#   hour.sh             all of it: clones this repository into a temporary folder, and builds there
#   hour.sh BINARIES    from the tutorial on, with binaries that are built (a folder); wants the environment of
#                       private-servers.sh
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

if [ $# = 0 ]; then
  clone=$(mktemp -d)
  trap 'rm -rf "$clone"' EXIT
  git clone --quiet "$root" "$clone/oneshot"
  cd "$clone/oneshot"
  make demo
  export ONESHOT_COMMANDS=2
  # Not exec: the clone is removed afterwards.
  Tests/Support/private-servers.sh Tests/Newcomer/hour.sh "$PWD/.build/release"
  exit
fi

binaries=$1
commands=${ONESHOT_COMMANDS:-0}
cd "$root"

# Shows and counts a command of a part: not what is inside a function or a subshell of it.
count() {
  if [ "$BASH_SUBSHELL" = 0 ] && [ "${FUNCNAME[*]:1}" = "source part main" ]; then
    commands=$((commands + 1))
    printf '\n[%d] $ %s\n' "$commands" "$BASH_COMMAND"
  fi
}
# The part of the hour in a file.
part() {
  printf '\n== %s\n' "$2"
  set -T
  trap count DEBUG
  source "$1"
  trap - DEBUG
  set +T
}

# What a person does by looking until it is so.
until_so() {
  local what=$1
  for _ in $(seq 600); do
    [ "$(psql -X "$DATABASE_URL" -Atc "$what")" = t ] && return
    sleep 0.1
  done
  echo "hour.sh: never true: $what" >&2
  return 1
}
# A command that has to end with an exit code.
ends_with() {
  local wanted=$1 code=0
  shift
  "$@" || code=$?
  [ "$code" = "$wanted" ] || { echo "hour.sh: ended with $code, not $wanted: $*" >&2; return 1; }
}

# The page's commands without its first block, which builds and starts the servers.
tutorial=$ONESHOT_SERVERS/tutorial.sh
awk '/^```sh$/ { inside = 1; blocks++; next } /^```$/ { inside = 0 } inside && blocks > 1' \
  docs/your-schema-in-an-hour.md | sed "s|\$PWD/.build/debug|$binaries|" >"$tutorial"

part "$tutorial" "docs/your-schema-in-an-hour.md"
part "$here/restore.sh" "a restore from an older dump"
part "$here/database-away.sh" "an incident: the database is away"
part "$here/paused-run.sh" "an incident: a run stood still, and a newer one has done its work"
part "$here/poisoned-row.sh" "an incident: one row cannot be processed"
printf '\nA new user'"'"'s hour: %d commands.\n' "$commands"
