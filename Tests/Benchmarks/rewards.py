"""reward-delivery against the bare statement that it is made of, and against a transaction for each reward."""
import re
import subprocess
import time
from pathlib import Path

import usage
from stand import ROUNDS, alternate

CASE = "reward-delivery"
# As in the golden file, which has the statement.
MOMENT = "2025-11-08T02:00:00Z"
REWARDS = 10_000
BATCH = 500
GOLDEN = Path(__file__).resolve().parent.parent / "Golden" / "reward-delivery" / "decide.sql"


def measure(stand, table):
    fill(stand, 0)
    usage.finish_week(stand)
    a, b = alternate(max(30, ROUNDS), lambda: run(stand, 0), lambda: usage.idle(stand))
    table.compare(f"{CASE}, nothing due", [t.seconds for t in a], [t.seconds for t in b],
                  "the cold start of another job", 1.1)
    fill(stand, REWARDS)
    a, b = alternate(ROUNDS, lambda: ours(stand), lambda: bare(stand))
    case, seconds = f"{CASE}, {REWARDS:,} rewards with codes", [t.seconds for t in a]
    table.compare(case, seconds, b, f"the same statement in psql, {BATCH} a transaction", 1.3)
    table.compare(case, seconds, [one_by_one(stand) for _ in range(3)], "a transaction for each reward", 0.05)
    table.saw(CASE, a)


def fill(stand, due):
    """Rewards, and twice as many codes."""
    stand.empty_redis()
    stand.start_from("empty")
    with stand.connection() as connection:
        stand.sql(connection,
            "create table users (id bigint primary key, email text, locale text, name text)", """
            create table rewards (
              id bigint primary key, user_id bigint not null, campaign_id bigint, type text not null, method text not null,
              status text not null, earned_at timestamptz not null, expires_at timestamptz)""",
            "create index on rewards (earned_at, id) where status = 'due'", f"""
            insert into users select g, 'u' || g || '@example.org', 'en', 'User ' || g from generate_series(1, {REWARDS}) g""", f"""
            insert into rewards
            select g, g, 1, 'coffee', 'email', case when g <= {due} then 'due' else 'pending' end,
              timestamptz '{MOMENT}' - interval '1 day' + g * interval '1 second'
            from generate_series(1, {REWARDS}) g""",
            "insert into oneshot.reward_types (reward_type, needs_code) values ('coffee', true)", f"""
            insert into oneshot.reward_codes (reward_type, code)
            select 'coffee', upper(substr(md5(g::text), 1, 12)) from generate_series(1, {2 * REWARDS}) g""",
            "vacuum analyze", "checkpoint")
    stand.keep_as("rewards")


def run(stand, due):
    took = stand.job("reward-delivery", JOB_SCHEDULED_AT=MOMENT, JOB_FORCE="true", REWARD_BATCH=str(BATCH))
    assert took.counts["codes_given"] == due, took.output
    return took


def ours(stand):
    stand.start_from("rewards")
    return run(stand, REWARDS)


def bare(stand):
    """Seconds of the job's own statement in psql, batch by batch as the job has it, planned for its values as there."""
    stand.start_from("rewards")
    prepared, executed = re.fullmatch(r"(.*)(execute golden .*?;\n)deallocate golden;\n", GOLDEN.read_text(), re.DOTALL).groups()
    once = f"""begin;
        select array_agg(id) as ids from (select id from rewards where status = 'due' order by earned_at, id limit {BATCH}) page \\gset
        {re.sub(r":ids", ":'ids'", executed).strip()}
        commit;
        """
    once = "\n".join(" ".join(line.split()) for line in once.splitlines()) + "\n"
    start = time.monotonic()
    subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", stand.database_url],
                   input="set plan_cache_mode = force_custom_plan;\n" + prepared + once * (REWARDS // BATCH), text=True,
                   check=True, stdout=subprocess.DEVNULL)
    took = time.monotonic() - start
    given(stand)
    return took


def one_by_one(stand):
    """Seconds of a transaction for each reward, from one client that asks what it needs to know."""
    stand.start_from("rewards")
    with stand.connection() as connection:
        start = time.monotonic()
        for _ in range(REWARDS):
            stand.sql(connection, "begin")
            [(id, user)] = stand.sql(connection, """
                select id, user_id from rewards where status = 'due' order by earned_at, id limit 1 for update skip locked""")
            [(address, name)] = stand.sql(connection, f"select email, name from users where id = {user}")
            stand.sql(connection, "select needs_code, template, title from oneshot.reward_types where reward_type = 'coffee'")
            [(code,)] = stand.sql(connection, f"""
                select code from oneshot.reward_codes
                where reward_type = 'coffee' and reward_id is null and void_at is null and coalesce(valid_until, 'infinity') > '{MOMENT}'
                order by coalesce(valid_until, 'infinity'), code limit 1 for update skip locked""")
            stand.sql(connection, f"""
                update oneshot.reward_codes set reward_id = '{id}', given_at = '{MOMENT}' where reward_type = 'coffee' and code = '{code}'""", f"""
                insert into oneshot.deliveries (dedup_key, channel, recipient, user_id, template, data)
                values ('reward:{id}', 'email', '{address}', '{user}', 'reward_earned',
                  jsonb_build_object('reward_id', '{id}', 'type', 'coffee', 'code', '{code}', 'name', '{name}'))""", f"""
                insert into oneshot.reward_deliveries (reward_id, reward_type, method, state, delivery_id, requests, decided_at)
                values ('{id}', 'coffee', 'email', 'queued', oneshot.delivery_id('reward:{id}'), 1, '{MOMENT}')""", f"""
                update rewards set status = 'queued' where id = {id}""", "commit")
        took = time.monotonic() - start
    given(stand)
    return took


def given(stand):
    with stand.connection() as connection:
        assert stand.sql(connection, "select count(*) from oneshot.reward_codes where reward_id is not null") == [(REWARDS,)]
