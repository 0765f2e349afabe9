# Somebody keeps a table locked, and the machine of the run that waits for it is suspended.
mkfifo "$ONESHOT_SERVERS/holder"
psql -qX "$DATABASE_URL" <"$ONESHOT_SERVERS/holder" &
exec 9>"$ONESHOT_SERVERS/holder"
echo 'begin; lock table follow_edges in access exclusive mode;' >&9
until_so "select exists (select from pg_locks where relation = 'follow_edges'::regclass and mode = 'AccessExclusiveLock' and granted)"
JOB_LOCK_TTL=2s top-stats >"$ONESHOT_SERVERS/old-run.json" 9>&- &
old_run=$!
until_so "select exists (select from pg_locks where relation = 'follow_edges'::regclass and not granted)"
oneshot locks
kill -STOP $old_run
exec 9>&-
until_so "select not exists (select from pg_locks where relation = 'follow_edges'::regclass and mode = 'AccessExclusiveLock')"

# The next run finds the lock lapsed, and does the work.
sleep 3
top-stats
oneshot runs --job top-stats --limit 3
oneshot explain abandoned
kill -CONT $old_run
ends_with 75 wait $old_run
cat "$ONESHOT_SERVERS/old-run.json"
oneshot explain lock_lost
oneshot health
