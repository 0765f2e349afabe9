#!/usr/bin/env bash
# mysql_fdw 2.8.0 (Debian's postgresql-15-mysql-fdw 2.8.0-4), PostgreSQL 15.18, MariaDB 10.11.19.
#
# A condition with a cast on a foreign column is sent to MySQL, and the cast is left out on the way: of
# `seen_at::date = '2025-07-01'` the remote query has `seen_at = '2025-07-01'`, which is midnight alone; of
# `(points / 2) = 1` with whole numbers MySQL's decimal division. One would expect the wrapper to send only what means the same
# there, and Postgres to check the rest itself.
#
# Seen: of 1,440 rows, one a minute of one day, `seen_at::date = '2025-07-01'` counts 1 instead of 1,440; of points 2 and 3
# `points / 2 = 1` finds one row instead of both. With `offset 0` between table and condition both are right. No warning.
#
# Depends on it: Sources/JobRuntime/SQL/ForeignMeaning.swift. `--check` names such conditions in files of the user's own.
#
# Needs: apt-get, dpkg-deb, and the libraries that these packages want; as root also setpriv and a user nobody.
set -euo pipefail
for tool in apt-get dpkg-deb psql python3; do
  command -v "$tool" >/dev/null || { echo "cannot run here: $tool is missing" >&2; exit 69; }
done
work=$(mktemp -d)
as=()
if [ "$(id -u)" = 0 ]; then
  command -v setpriv >/dev/null || { echo "cannot run here: setpriv is missing" >&2; exit 69; }
  as=(setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups)
fi
mariadb=
stop() {
  [ ! -e "$work/run/pg/postmaster.pid" ] || "${as[@]}" "$pg/bin/pg_ctl" -D "$work/run/pg" -m immediate stop >/dev/null
  [ -z "$mariadb" ] || { kill "$mariadb" 2>/dev/null && wait "$mariadb" 2>/dev/null; } || true
}
pg=$work/x/usr/lib/postgresql/15
trap 'stop; rm -rf "$work"' EXIT
(cd "$work" && apt-get download -qq postgresql-15=15.18-0+deb12u1 postgresql-15-mysql-fdw=2.8.0-4 \
  mariadb-server-core=1:10.11.19-0+deb12u1 libmariadb3=1:10.11.19-0+deb12u1 liburing2=2.3-3 2>/dev/null) ||
  { echo "cannot run here: these versions are not to be had" >&2; exit 69; }
for package in "$work"/*.deb; do dpkg-deb -x "$package" "$work/x"; done
mkdir "$work/run"
chmod 755 "$work"
[ "$(id -u)" != 0 ] || chown nobody "$work/run"
cd "$work/run"
export LD_LIBRARY_PATH=$work/x/usr/lib/x86_64-linux-gnu

maria=("$work/x/usr/sbin/mariadbd" --no-defaults "--datadir=$work/run/maria" "--lc-messages-dir=$work/x/usr/share/mysql")
"${as[@]}" mkdir maria
{
  printf 'create database mysql;\nuse mysql;\n'
  cat "$work"/x/usr/share/mysql/{mysql_system_tables,mysql_performance_tables,mysql_system_tables_data,fill_help_tables}.sql
} | "${as[@]}" "${maria[@]}" --bootstrap >bootstrap.log 2>&1 || { tail -5 bootstrap.log >&2; exit 69; }
cat >init.sql <<'SQL'
create database shop;
use shop;
create table shop.views (seen_at datetime, points int);
insert into shop.views select '2025-07-01' + interval seq minute, if(seq < 2, seq + 2, 0) from seq_0_to_1439;
create user reader@'127.0.0.1' identified by 'reader';
grant select on shop.* to reader@'127.0.0.1';
SQL
chmod 644 init.sql
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"${as[@]}" "${maria[@]}" --bind-address=127.0.0.1 --port="$port" --skip-name-resolve --socket="$work/run/m.sock" \
  --pid-file="$work/run/m.pid" --init-file="$work/run/init.sql" >maria.log 2>&1 &
mariadb=$!
for _ in $(seq 100); do [ ! -e m.pid ] || break; sleep 0.2; done

"${as[@]}" "$pg/bin/initdb" -D pg -U p -A trust -E UTF8 --locale=C >/dev/null
"${as[@]}" "$pg/bin/pg_ctl" -D pg -l pg.log -w -o "-k $work/run -c listen_addresses=" start >/dev/null
grep ERROR maria.log >&2 || true
found=$(psql -h "$work/run" -U p -d postgres -AtX -q -v ON_ERROR_STOP=1 -v port="$port" <<'SQL'
create extension mysql_fdw;
create server shop foreign data wrapper mysql_fdw options (host '127.0.0.1', port :'port');
create user mapping for p server shop options (username 'reader', password 'reader');
create foreign table views (seen_at timestamp, points int) server shop options (dbname 'shop', table_name 'views');
select 'rows of the day: ' || count(*) from views where seen_at::date = '2025-07-01';
select 'rows of the day, decided by Postgres: ' || count(*) from (select * from views offset 0) v where seen_at::date = '2025-07-01';
select 'points / 2 = 1: ' || count(*) from views where points / 2 = 1;
select 'points / 2 = 1, decided by Postgres: ' || count(*) from (select * from views offset 0) v where points / 2 = 1;
SQL
)
expected='rows of the day: 1
rows of the day, decided by Postgres: 1440
points / 2 = 1: 1
points / 2 = 1, decided by Postgres: 2'
echo "$found"
[ "$found" = "$expected" ] || { printf 'this has changed; it was:\n%s\n' "$expected" >&2; exit 1; }
