"""stage-table against psql's \\copy into an unlogged table and the bare statements that merge it."""
import json
import subprocess
import time

from stand import ROUNDS, SCALE, alternate

CASE = "stage-table"
ROWS = max(int(2_000_000 * SCALE), 100_000)
MOMENT = "2025-11-08T00:00:00Z"
COLUMNS = "post_id, kind, day, seen"

MERGE = f"""
    begin;
    delete from tallies t where not exists (
      select from staged s where (t.post_id, t.kind, t.day) = (s.post_id, s.kind, s.day));
    update tallies t set seen = s.seen from staged s
      where (t.post_id, t.kind, t.day) = (s.post_id, s.kind, s.day) and t.seen is distinct from s.seen;
    insert into tallies select * from staged s where not exists (
      select from tallies t where (t.post_id, t.kind, t.day) = (s.post_id, s.kind, s.day))
      order by post_id, kind, day on conflict (post_id, kind, day) do update set seen = excluded.seen;
    commit;"""


def measure(stand, table):
    rows = stand.scratch / "rows.txt"
    fill(stand, rows)
    for state, what in (("staging", "into an empty table"), ("staged", "all of them equal")):
        a, b = alternate(ROUNDS, lambda: ours(stand, rows, state), lambda: bare(stand, rows, state))
        table.compare(f"{CASE}, {ROWS:,} rows {what}", [t.seconds for t in a], b,
                      "psql's \\copy into an unlogged table, analyze, and the bare merge", 1.15)
        table.saw(CASE, a)


def fill(stand, rows):
    """A stream, and a database without its rows and one with them."""
    stand.empty_redis()
    stand.start_from("empty")
    with stand.connection() as connection:
        stand.sql(connection, """
            create table tallies (
              post_id bigint, kind text, day date, seen bigint, primary key (post_id, kind, day))""")
    stand.keep_as("staging")
    with open(rows, "w", encoding="utf8") as stream:
        for number in range(ROWS):
            stream.write(f"{number // 4}\tkind {number % 4}\t2025-11-07\t{number % 1000}\n")
    bare(stand, rows, "staging")
    with stand.connection() as connection:
        stand.sql(connection, "drop table staged", "vacuum analyze tallies")
    stand.keep_as("staged")


def ours(stand, rows, state):
    stand.start_from(state)
    took = stand.job("stage-table", JOB_SCHEDULED_AT=MOMENT, JOB_FORCE="true", STAGE_TABLE="tallies",
                     STAGE_COMMAND=json.dumps(["cat", str(rows)]))
    assert took.counts["rows"] == ROWS, took.output
    assert took.counts["inserted"] == (ROWS if state == "staging" else 0), took.output
    return took


def bare(stand, rows, state):
    """Seconds of what somebody would write by hand."""
    stand.start_from(state)
    script = f"""
create unlogged table staged (post_id bigint not null, kind text not null, day date not null, seen bigint);
\\copy staged ({COLUMNS}) from '{rows}'
analyze staged;
{MERGE}"""
    start = time.monotonic()
    subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", stand.database_url], input=script, text=True, check=True,
                   stdout=subprocess.DEVNULL)
    return time.monotonic() - start
