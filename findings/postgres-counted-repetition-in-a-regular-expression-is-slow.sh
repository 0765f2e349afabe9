#!/usr/bin/env bash
# PostgreSQL 16.2 (PyPI's pgserver 0.1.4); the project has seen the same with 15.18.
#
# A regular expression that counts, `[a-z]{1,64}@[a-z.]{1,255}`, reads as a stricter and therefore cheaper `[a-z]+@[a-z.]+`.
#
# Seen: on ordinary, short addresses, none of which comes near a bound, the counted expression takes many times as long
# (30 to 80 times here). Postgres makes a state for each repetition that is allowed, and works through them as it reads.
# `+` with length() beside it gives the same answers.
#
# Depends on it: oneshot.is_mail_address (migration notifications 3) uses `+` and octet_length.
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

# The shortest of five times each, in turn, so that what else the machine does counts for little.
found=$("$bin/psql" -h "$work/server" -U p -d postgres -AtX -q 2>&1 <<'SQL'
create table addresses as
  select 'user' || chr(97 + n % 26) || repeat('x', n % 20) || '@mail.example.org' as address from generate_series(1, 20000) as n;
create function shortest(expression text, out ms numeric, out matching bigint) language plpgsql as $$
declare
  started timestamptz;
begin
  for round in 1..5 loop
    started := clock_timestamp();
    execute format('select count(*) from addresses where address ~ %L', expression) into matching;
    ms := least(ms, extract(epoch from clock_timestamp() - started) * 1000);
  end loop;
end $$;
select format('counted: %s ms, plain: %s ms, %s times as long', round(counted.ms), round(plain.ms), round(counted.ms / plain.ms)),
  format('both find %s and %s', counted.matching, plain.matching), counted.ms > 3 * plain.ms
from shortest('^[a-z]{1,64}@[a-z.]{1,255}$') as counted, shortest('^[a-z]+@[a-z.]+$') as plain;
SQL
)
echo "$found"
case $found in
  *"both find 20000 and 20000|t") ;;
  *) echo "this has changed: the counted expression took more than three times as long, and found the same" >&2; exit 1 ;;
esac
