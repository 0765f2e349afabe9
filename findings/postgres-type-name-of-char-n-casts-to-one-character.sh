#!/usr/bin/env bash
# PostgreSQL 16.2 (PyPI's pgserver 0.1.4); the project has seen the same with 15.18.
#
# A program that does not know the type of a column reads its name, pg_typeof(id) or id's atttypid::regtype, and casts
# what it looks for to that: where id = '…'::NAME. For uuid, bigint, text, varchar(8) and numeric(10,2) that finds the row.
#
# Seen: for char(8) the name is «character», and as a cast that is char(1): an explicit cast cuts, without an error, so
# 'a1b2c3d4'::character is 'a', and nothing is found. format_type(type, null) gives the same name; format_type(type, -1)
# gives «bpchar», which finds the row. So does bpchar itself.
#
# Depends on it: standing.sql of reward-delivery, notification-delivery, notification-digest, suggested-users, cache-warmer.
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
create table orders (short varchar(8), number numeric(10,2), fixed char(8));
insert into orders values ('a1b2c3d4', 12.34, 'a1b2c3d4');
create function finds(name name, type text, value text) returns text language plpgsql as $$
declare
  rows bigint;
begin
  execute format('select count(*) from orders where %I = %L::%s', name, value, type) into rows;
  return format('%s as %s: %s', name, type, rows);
end $$;
select finds('short', pg_typeof(short)::text, 'a1b2c3d4'), finds('number', pg_typeof(number)::text, '12.34'),
  finds('fixed', pg_typeof(fixed)::text, 'a1b2c3d4'), finds('fixed', format_type('char(8)'::regtype, null), 'a1b2c3d4'),
  finds('fixed', format_type('char(8)'::regtype, -1), 'a1b2c3d4'), 'a1b2c3d4'::character
from orders;
SQL
)
echo "$found"
[ "$found" = "short as character varying: 1|number as numeric: 1|fixed as character: 0|fixed as character: 0|fixed as bpchar: 1|a" ] || {
  echo "this has changed: a cast to the name of a char(8) column's type cut the value to one character" >&2
  exit 1
}
