#!/usr/bin/env bash
# PostgreSQL 16.2 (PyPI's pgserver 0.1.4); the project has seen the same with 15.18.
#
# to_regclass is there to ask whether a relation exists: its documentation says that it returns null rather than
# an error where the name is not found, unlike a cast to regclass.
#
# Seen: for a schema that the role may not use, to_regclass raises "permission denied for schema" (42501), whether the table
# exists or not; so does to_regtype. For a schema that does not exist both return null. A query that asks for a hundred names
# ends at the first one in a closed schema. to_regnamespace returns the schema.
#
# Depends on it: Sources/JobRuntime/Ledger/Missing.swift and statements of `--check` ask for has_schema_privilege first.
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

found=$("$bin/psql" -h "$work/server" -U p -d postgres -AtX -q 2>&1 <<'SQL'
create role reader;
create schema closed;
create table closed.orders (id int);
set role reader;
select 'no such schema: ' || coalesce(to_regclass('nowhere.orders')::text, 'null');
select 'no such table: ' || coalesce(to_regclass('public.orders')::text, 'null');
select 'closed schema: ' || coalesce(to_regclass('closed.orders')::text, 'null');
select 'closed schema, no such table: ' || coalesce(to_regclass('closed.nothing')::text, 'null');
select 'closed schema, type: ' || coalesce(to_regtype('closed.orders')::text, 'null');
select 'the schema itself: ' || coalesce(to_regnamespace('closed')::text, 'null');
SQL
)
expected='no such schema: null
no such table: null
ERROR:  permission denied for schema closed
ERROR:  permission denied for schema closed
ERROR:  permission denied for schema closed
the schema itself: closed'
echo "$found"
[ "$found" = "$expected" ] || { printf 'this has changed; it was:\n%s\n' "$expected" >&2; exit 1; }
