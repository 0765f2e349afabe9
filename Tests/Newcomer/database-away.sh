$ONESHOT_PG_CTL -m fast -w stop >/dev/null
ends_with 69 env JOB_ATTEMPTS=1 top-stats
oneshot explain 69
ends_with 69 oneshot health
$ONESHOT_PG_CTL -l "$ONESHOT_SERVERS/postgres.log" -o "$(cat "$ONESHOT_SERVERS/postgres.options")" -w start >/dev/null
top-stats
oneshot health
