# An hour ago, with what the tutorial has made.
pg_dump --dbname="$DATABASE_URL" --file="$ONESHOT_SERVERS/dump.sql"

# The hour goes on: the jobs run, and publish.
psql -qX "$DATABASE_URL" -c "insert into follow_edges select 9000 + g, 9, now() - interval '1 minute' from generate_series(1, 300) as g"
top-stats
reindex
redis-cli -s "$ONESHOT_SERVERS/redis.sock" zrevrange top:authors_followed 0 0 withscores

# Then the database is lost, and the dump is restored into another one.
psql -qX "$DATABASE_URL" -c "create database restored"
export DATABASE_URL="${DATABASE_URL/\/postgres\?//restored?}"
psql -qX -v ON_ERROR_STOP=1 "$DATABASE_URL" -f "$ONESHOT_SERVERS/dump.sql" >/dev/null
oneshot explain fenced
oneshot after-restore --plan
oneshot after-restore --yes
oneshot after-restore --plan
usage-aggregation
top-stats
metrics-rollups
reindex
ROLLUPS_MODE=verify metrics-rollups
redis-cli -s "$ONESHOT_SERVERS/redis.sock" zrevrange top:authors_followed 0 0 withscores
oneshot health
