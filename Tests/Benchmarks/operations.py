"""The operator's command on a ledger with a hundred thousand runs: each answer has to come in under a second."""
import json
import subprocess
import sys

RUNS = 100_000
LETTERS = 10_000
JOBS = ("usage-aggregation", "top-stats", "metrics-rollups", "reindex", "prune-sessions")
EXPECTED = ",".join(f"{job}=1h" for job in JOBS)

# What only looks, and how it is called; {run} is the id of a run that has dead letters.
COMMANDS = (
    ("runs", ["runs"]),
    ("runs", ["runs", "--job", "reindex", "--status", "failed"]),
    ("runs", ["runs", "--job", "nothing"]),
    ("runs", ["runs", "--status", "interrupted", "--since", "90d"]),
    ("runs", ["runs", "--since", "7d", "--limit", "1000", "--json"]),
    ("run", ["run", "{run}"]),
    ("locks", ["locks"]),
    ("health", ["health"]),
    ("health", ["health", "--json"]),
    ("dead-letters list", ["dead-letters", "list"]),
    ("dead-letters list", ["dead-letters", "list", "--job", "reindex", "--limit", "1000"]),
)


def fill(stand):
    """Ninety days of five jobs: two with three variants, two with four shards. One run in 39 ends badly, and a few are at work now."""
    stand.start_from("empty")
    with stand.connection() as connection:
        stand.sql(connection, f"""
            select setseed(0.5);
            insert into oneshot.job_runs (
              run_id, job, variant, shard, shard_count, scheduled_at, scheduled_by, forced, window_start, window_end,
              status, attempt, fence, started_at, finished_at, deadline_at, duration_ms, counts, details,
              items_processed, behind, errors_total, error_kind, error_message, host, version)
            select gen_random_uuid(), job, variant, shard, shard_count, slot, 'kubernetes', false, slot - interval '1 hour',
              slot, status, 1, g, slot, case when status <> 'running' then slot + took end,
              slot + interval '50 minutes', case when status <> 'running' then extract(epoch from took) * 1000 end,
              case when status <> 'running' then jsonb_build_object('scanned', g, 'inserted', g / 2, 'failed', 0) end,
              case when status <> 'running' then jsonb_build_object('by_day', (
                select jsonb_agg(jsonb_build_object('day', d, 'keys', g)) from generate_series(1, 7) d)) end,
              g, 0, case when status = 'partial' then 5 end, case when status = 'failed' then 'unavailable' end,
              case when status = 'failed' then 'Postgres: the connection was lost while it was being used' end,
              'node-' || g % 9, '0.1.0'
            from (
              select g, job, case when g % 5 in (2, 3) then (array['', 'pending', 'weekly'])[1 + g / 5 % 3] else '' end as variant,
                case when g % 5 < 2 then g / 5 % 4 else 0 end as shard, case when g % 5 < 2 then 4 else 1 end as shard_count,
                now() - interval '90 days' * (1 - g::float8 / {RUNS}) as slot, random() * interval '60 seconds' as took,
                case when g > {RUNS} - 20 then 'running' when g % 39 > 0 then 'succeeded'
                  else (array['failed', 'partial', 'interrupted', 'failed'])[1 + g / 39 % 4] end as status
              from (select g, (array{list(JOBS)})[1 + g % 5] as job from generate_series(1, {RUNS}) g) numbered) made;
            insert into oneshot.job_totals (job, shard, succeeded, partial, failed, interrupted, dead_letters, consecutive_failures)
            select job, shard, count(*), 0, 0, 0, 0, 0 from oneshot.job_runs group by job, shard;
            insert into oneshot.dead_letters (job, item_digest, item, payload, error_kind, error_message, attempts,
              first_failed_at, last_failed_at, last_run_id, state)
            select job, sha256(('item' || g)::bytea), 'usage:merchant_' || g || ':2025-11-07:queries', '{{"value": "x"}}',
              (array['not_integer', 'wrong_type', 'unindexable'])[1 + g % 3], 'the value is not a whole number', 1 + g % 9,
              now() - random() * interval '90 days', now() - random() * interval '30 days', run_id,
              (array['pending', 'pending', 'resolved', 'discarded'])[1 + g % 4]
            from generate_series(1, {LETTERS}) g
            join (
              select job, run_id, row_number() over () - 1 as number from oneshot.job_runs where status = 'partial' limit 50
            ) as partial on partial.number = g % 50""", "vacuum analyze", "checkpoint")
        [(run,)] = stand.sql(connection, "select last_run_id::text from oneshot.dead_letters limit 1")
        for job, shard, run_id in stand.sql(
                connection, "select job, shard, run_id::text from oneshot.job_runs where status = 'running'"):
            holder = {"run_id": run_id, "host": "node-1", "pid": 7, "since": "2025-11-08T02:00:00Z"}
            stand.redis.set(f"oneshot:lock:{job}/{shard}", json.dumps(holder, separators=(",", ":")), px=3_600_000)
    return run


def present(stand):
    """The commands that this build has, as its help lists them."""
    said = subprocess.run([stand.binaries / "oneshot", "--help"], check=True, capture_output=True, text=True).stdout
    return {line[2:].split("  ")[0] for line in said.splitlines() if line.startswith("  ")}


def page(stand):
    """What job-report takes for the whole page of it."""
    return stand.job("job-report", REPORT_FILE=stand.scratch / "report.html", REPORT_DAYS="90", HEALTH_EXPECT=EXPECTED)


def ask(stand, words, run):
    # 1 is an answer, too: what is looked at here is not well.
    return stand.measure(stand.binaries / "oneshot", *[word.format(run=run) for word in words], codes=(0, 1),
                         errors=subprocess.DEVNULL, HEALTH_EXPECT=EXPECTED)


def commands(stand):
    there = present(stand)
    for name, words in COMMANDS:
        if name in there:
            yield words
        else:
            print(f"SKIPPED: oneshot {' '.join(words)}, because this build has no such command", file=sys.stderr)
