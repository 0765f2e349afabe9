#!/usr/bin/env bash
# What dist-check.sh runs beside servers of its own, in the Debian of DIST_CHECK_ROOT: a migration, and a job as its unit has it.
set -euo pipefail
root=$DIST_CHECK_ROOT
fail() { echo "dist-check: $*" >&2; exit 1; }
mount --bind "$ONESHOT_SERVERS" "$root/servers"
trap 'umount "$root/servers"' EXIT
# They are their owner's alone, and the user oneshot has to reach them.
chmod 755 "$ONESHOT_SERVERS" && chmod 777 "$ONESHOT_SERVERS/redis.sock"
inside() { unshare --net chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"; }

printf '%s\n' "${DATABASE_URL/$ONESHOT_SERVERS//servers}" >"$root/etc/oneshot/credentials/DATABASE_URL"
printf '%s\n' "${REDIS_URL/$ONESHOT_SERVERS//servers}" >"$root/etc/oneshot/credentials/REDIS_URL"
inside DATABASE_URL_FILE=/etc/oneshot/credentials/DATABASE_URL oneshot migrate | tail -1

day=$(date -u -d yesterday +%F)
redis-cli -s "${REDIS_URL#unix://}" set "usage:m:$day:queries" 5 >/dev/null
# As systemd would: credentials that the user may read, the settings of the unit, then those of the files.
unit=$root/lib/systemd/system/oneshot-usage-aggregation.service
inside install -d -o oneshot -m 0500 /run/credentials
for name in $(sed -n 's/^LoadCredential=\(.*\):.*/\1/p' "$unit"); do
  inside install -o oneshot -m 0400 "/etc/oneshot/credentials/$name" /run/credentials/
done
echo 'JOB_EXECUTION_ID=of-a-package' >"$root/etc/oneshot/usage-aggregation.env"
mapfile -t settings < <(sed -n 's/^Environment=//p' "$unit" | xargs -n1 | sed 's#%d#/run/credentials#')
for file in $(sed -n 's/^EnvironmentFile=-//p' "$unit"); do
  if [ -f "$root$file" ]; then mapfile -t -O ${#settings[@]} settings < <(grep -v '^#' "$root$file"); fi
done
command=$(sed -n 's/^ExecStart=//p' "$unit")
start() { inside setpriv --reuid oneshot --regid oneshot --clear-groups --no-new-privs env "${settings[@]}" "$command" "$@"; }
start --check | grep -q '"status":"succeeded"' || fail "--check"
result=$(start 2>/dev/null)
grep -q '"inserted":1' <<<"$result" || fail "$result"
[ "$(psql "$DATABASE_URL" -Atc 'select sum(value) from merchant_usage')" = 5 ] || fail "the counter is not in Postgres"
echo "ok  usage-aggregation wrote the counter, as the user oneshot, by the settings of its unit"
code=0
inside setpriv --reuid oneshot --regid oneshot --clear-groups cat /etc/oneshot/credentials/DATABASE_URL 2>/dev/null || code=$?
[ "$code" != 0 ] || fail "the user oneshot reads the secrets of root"
