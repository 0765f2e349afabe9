#!/usr/bin/env bash
# PostgreSQL 16.2 (PyPI's pgserver 0.1.4); the project has seen the same with 15.18.
#
# pg_timezone_names lists CET (and EET, MET, WET): zones of the tz database with daylight saving time. One would expect
# a zone to mean the same wherever its name stands in a statement.
#
# Seen: it does as the value of the setting TimeZone: noon UTC in July is 14:00. In `… at time zone 'CET'` the same
# letters are an abbreviation, which is looked up first and has no daylight saving time: noon UTC in July is 13:00. Days
# that a program cuts by `at time zone` begin an hour late all summer, and nothing says so.
#
# Depends on it: Sources/JobRuntime/Time/ZoneSetting.swift. Settings that name a zone refuse what is an abbreviation, though
# the view lists it.
#
# Needs: python3 with pip; as root also setpriv and a user nobody, as Postgres does not run as root.
set -euo pipefail
command -v python3 >/dev/null || { echo "cannot run here: python3 is missing" >&2; exit 69; }
work=$(mktemp -d)
as=()
if [ "$(id -u)" = 0 ]; then
  command -v setpriv >/dev/null || { echo "cannot run here: setpriv is missing" >&2; exit 69; }
  as=(setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups)
fi
bin=$work/packages/pgserver/pginstall/bin
stop() { [ ! -e "$work/server/data/postmaster.pid" ] || "${as[@]}" "$bin/pg_ctl" -D "$work/server/data" -m immediate stop >/dev/null; }
trap 'stop; rm -rf "$work"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-deps --root-user-action=ignore --target "$work/packages" \
  pgserver==0.1.4 || { echo "cannot run here: pgserver 0.1.4 is not to be had" >&2; exit 69; }

mkdir "$work/server"
chmod 755 "$work"
[ "$(id -u)" != 0 ] || chown nobody "$work/server"
cd "$work/server"
"${as[@]}" "$bin/initdb" -D data -U p -A trust -E UTF8 --locale=C >/dev/null
"${as[@]}" "$bin/pg_ctl" -D data -l log -w -o "-k $work/server -c listen_addresses=" start >/dev/null

found=$("$bin/psql" -h "$work/server" -U p -d postgres -AtX -q <<'SQL'
select 'is a name: ' || exists (select from pg_timezone_names where name = 'CET');
select 'at time zone CET: ' || (timestamptz '2025-07-01 12:00Z' at time zone 'CET')::time;
select 'at time zone Europe/Paris: ' || (timestamptz '2025-07-01 12:00Z' at time zone 'Europe/Paris')::time;
set timezone = 'CET';
select 'TimeZone = CET: ' || (timestamptz '2025-07-01 12:00Z')::timestamp::time;
SQL
)
expected='is a name: true
at time zone CET: 13:00:00
at time zone Europe/Paris: 14:00:00
TimeZone = CET: 14:00:00'
echo "$found"
[ "$found" = "$expected" ] || { printf 'this has changed; it was:\n%s\n' "$expected" >&2; exit 1; }
