#!/usr/bin/env bash
# Runs a command with a Postgres and a Redis of its own, on Unix sockets in a temporary folder:
#
#   private-servers.sh COMMAND [ARGUMENT…]
#
# The command finds DATABASE_URL, REDIS_URL and ONESHOT_SERVERS (the folder) in its environment. When it
# ends, however it ends, both servers are stopped and the folder is removed: nothing is left behind, and
# no other server on this machine is touched. To stop and start them: ONESHOT_PG_CTL and ONESHOT_PG_BIN, and in the folder
# postgres.options and redis.conf. What it reads: ONESHOT_POSTGRES_OPTIONS; ONESHOT_CLUSTER, a folder of data
# to begin with; ONESHOT_IN_MEMORY=1, for a folder in memory where there is plenty of it.
set -euo pipefail

[ $# -gt 0 ] || { sed -n '2,11s/^# \{0,1\}//p' "$0" >&2; exit 64; }

# Debian keeps the server's programs out of PATH, in a folder for each version.
postgres_bin=$(dirname "$(command -v initdb || ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -1)")
[ -x "$postgres_bin/initdb" ] || { echo "private-servers: no Postgres server here (Debian: apt-get install postgresql)" >&2; exit 69; }
command -v redis-server >/dev/null || { echo "private-servers: no Redis server here (Debian: apt-get install redis-server)" >&2; exit 69; }

parent=${TMPDIR:-/tmp}
if [ -n "${ONESHOT_IN_MEMORY:-}" ]; then
  # A database is hundreds of small files; in memory one is made and dropped in a fifth of the time.
  free=$(df --output=avail -k /dev/shm 2>/dev/null | tail -1)
  available=$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)
  if [ "${free:-0}" -gt 4000000 ] && [ "${available:-0}" -gt 8000000 ]; then parent=/dev/shm; fi
fi
folder=$(mktemp -d "$parent/oneshot-XXXXXX")
as_postgres=()
owner=$(id -un)
if [ "$(id -u)" = 0 ]; then
  # Postgres refuses to run as root.
  owner=postgres
  chown "$owner" "$folder"
  as_postgres=(setpriv --reuid "$owner" --regid "$owner" --clear-groups)
fi

stop() {
  trap - EXIT
  # One that is paused could not stop.
  kill -CONT "$(head -1 "$folder/data/postmaster.pid" 2>/dev/null)" 2>/dev/null || true
  for data in "$folder"/data "$folder"/replica; do
    "${as_postgres[@]}" "$postgres_bin/pg_ctl" -D "$data" -m immediate stop >/dev/null 2>&1 || true
  done
  # It keeps nothing, and may be paused or want a password, so it is not asked.
  kill -9 "$(cat "$folder/redis.pid" 2>/dev/null)" 2>/dev/null || true
  rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

cd /
if [ -n "${ONESHOT_CLUSTER:-}" ]; then
  cp -a "$ONESHOT_CLUSTER" "$folder/data"
else
  "${as_postgres[@]}" "$postgres_bin/initdb" -D "$folder/data" -A trust -U "$owner" -E UTF8 --locale=C.UTF-8 --no-sync \
    --wal-segsize=4 >"$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log" >&2; exit 70; }
  # Everybody is trusted, but for the members of a role that tests may make.
  sed -i '1i local all +with_password scram-sha-256' "$folder/data/pg_hba.conf"
fi
echo "-k $folder -c listen_addresses='' -c port=5432 -c logging_collector=off ${ONESHOT_POSTGRES_OPTIONS:-}" >"$folder/postgres.options"
"${as_postgres[@]}" "$postgres_bin/pg_ctl" -D "$folder/data" -l "$folder/postgres.log" -w start \
  -o "$(cat "$folder/postgres.options")" >/dev/null || { cat "$folder/postgres.log" >&2; exit 70; }
cat >"$folder/redis.conf" <<TEXT
port 0
unixsocket $folder/redis.sock
dir $folder
save ""
databases 256
daemonize yes
logfile $folder/redis.log
pidfile $folder/redis.pid
TEXT
redis-server "$folder/redis.conf" >/dev/null
until redis-cli -s "$folder/redis.sock" ping >/dev/null 2>&1; do sleep 0.02; done
cd "$OLDPWD"

# Debian's psql would else take the port of a cluster of this machine.
export PGPORT=5432
export ONESHOT_SERVERS=$folder
# Before the name of any of the server's programs. (Its folder may hold links to some of them.)
export ONESHOT_PG_BIN="${as_postgres[*]} $(dirname "$(readlink -f "$postgres_bin/initdb")")"
export ONESHOT_PG_CTL="${as_postgres[*]} $postgres_bin/pg_ctl -D $folder/data"
export DATABASE_URL="postgresql:///postgres?host=$folder&user=$owner"
export REDIS_URL="unix://$folder/redis.sock"
# In the background, so that a signal reaches this script at once and not only when the command ends.
"$@" <&0 &
command=$!
trap 'kill -INT $command 2>/dev/null; wait $command; exit 130' INT
trap 'kill -TERM $command 2>/dev/null; wait $command; exit 143' TERM HUP
code=0
wait $command || code=$?
exit $code
