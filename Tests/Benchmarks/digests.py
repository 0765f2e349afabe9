"""notification-digest against the bare statements that it is made of, and against a query and an insert for each user."""
import re
import subprocess
import time
from pathlib import Path

import usage
from stand import ROUNDS, alternate

CASE = "notification-digest"
# As in the golden files, which have the statements.
MOMENT = "2025-11-08T09:00:00Z"
USERS = 10_000
ITEMS = 10
BATCH = 50
GOLDEN = Path(__file__).resolve().parent.parent / "Golden" / "notification-digest"


def measure(stand, table):
    fill(stand, 0)
    usage.finish_week(stand)
    a, b = alternate(max(30, ROUNDS), lambda: run(stand, 0), lambda: usage.idle(stand))
    table.compare(f"{CASE}, nothing waits", [t.seconds for t in a], [t.seconds for t in b],
                  "the cold start of another job", 1.1)
    fill(stand, USERS)
    a, b = alternate(ROUNDS, lambda: ours(stand), lambda: bare(stand))
    case, seconds = f"{CASE}, {USERS:,} digests of {ITEMS} items", [t.seconds for t in a]
    table.compare(case, seconds, b, f"the same statements in psql, {BATCH} users a transaction", 1.5)
    table.compare(case, seconds, [one_by_one(stand) for _ in range(3)], "queries, inserts and a commit for each user", 0.04)
    table.saw(CASE, a)


def fill(stand, waiting):
    """Users with items that wait for nine o'clock."""
    stand.empty_redis()
    stand.start_from("empty")
    with stand.connection() as connection:
        stand.sql(connection,
            "create table users (id bigint primary key, email text, locale text, timezone text)", """
            create table notifications (
              id bigint primary key, user_id bigint not null, type text not null, category text not null, title text, body text,
              data jsonb, created_at timestamptz not null)""", """
            create table digest_preferences (
              user_id bigint, frequency text, hour integer, minute integer, weekday text, timezone text, enabled boolean,
              primary key (user_id, frequency))""", f"""
            insert into users select g, 'u' || g || '@example.org', 'en', 'UTC' from generate_series(1, {USERS}) g""", f"""
            insert into notifications
            select g, 1 + g % {USERS}, 'comment', 'social', 'A comment', 'Somebody has written to you', '{{"post": 17}}',
              '2025-11-08T01:00:00Z' from generate_series(1, {USERS * ITEMS}) g""", f"""
            insert into oneshot.digest_items
            select user_id::text, 'daily', id::text, created_at from notifications where user_id <= {waiting}""",
            "vacuum analyze", "checkpoint")
    stand.keep_as("digests")


def run(stand, made):
    took = stand.job("notification-digest", JOB_SCHEDULED_AT=MOMENT, JOB_FORCE="true")
    assert took.counts["made"] == made, took.output
    return took


def ours(stand):
    stand.start_from("digests")
    return run(stand, USERS)


def prepared(name, as_name):
    """A golden file's statement, prepared under a name, and what carries it out."""
    text = (GOLDEN / f"{name}.sql").read_text()
    text = text.replace("golden", as_name)
    return re.fullmatch(rf"(.*)(execute {as_name} .*?;\n)deallocate {as_name};\n", text, re.DOTALL).groups()


def bare(stand):
    """Seconds of the job's own statements in psql, page by page as the job has them."""
    stand.start_from("digests")
    begin, execute_begin = prepared("begin", "beginning")
    make, execute_make = prepared("make", "making")
    due = {"users": ":'ids'", "dues": ":'dues'", "are_missed": ":'missed'"}

    def filled(text):
        return re.sub(r":(users|dues|are_missed)\b", lambda match: due[match[1]], text).strip()

    page = f"""
        select user_id from oneshot.digest_items where digest_id is null and frequency = 'daily' and user_id > :'last'
        group by user_id order by user_id limit {BATCH}"""
    once = f"""begin;
        select array_agg(user_id order by user_id) as ids, max(user_id) as last, array_agg('{MOMENT}'::timestamptz) as dues,
          array_agg(false) as missed from ({page}) page \\gset
        {filled(execute_begin)}
        {filled(execute_make)}
        commit;
        """
    once = "\n".join(" ".join(line.split()) for line in once.replace(",\n", ", ").replace("user_id > :'last'\n", "user_id > :'last' ").splitlines())
    once = re.sub(r"\(\s*select user_id", "(select user_id", once)
    script = begin + make + "\\set last ''\n" + (once + "\n") * (USERS // BATCH)
    start = time.monotonic()
    subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", stand.database_url], input=script, text=True, check=True,
                   stdout=subprocess.DEVNULL)
    took = time.monotonic() - start
    made(stand)
    return took


def one_by_one(stand):
    """Seconds of queries and inserts for each user, from one client."""
    stand.start_from("digests")
    with stand.connection() as connection:
        start = time.monotonic()
        for user in range(1, USERS + 1):
            stand.sql(connection, "begin", f"select email, locale, timezone from users where id = {user}",
                      f"select hour from digest_preferences where user_id = {user} and frequency = 'daily'",
                      f"select last_due_at from oneshot.digest_state where user_id = '{user}' and frequency = 'daily' for update")
            items = stand.sql(connection, f"""
                select notification_id, title, body from oneshot.digest_items join notifications on id = notification_id::bigint
                where digest_items.user_id = '{user}' and frequency = 'daily' and digest_id is null order by created_at desc""")
            stand.sql(connection, f"select from oneshot.suppressions where address = 'u{user}@example.org'", f"""
                insert into oneshot.deliveries (dedup_key, channel, category, recipient, user_id, template, data, on_doubt)
                select 'digest:daily:{user}:{MOMENT}', 'email', 'digest', 'u{user}@example.org', '{user}', 'digest',
                  jsonb_agg(jsonb_build_object('title', title, 'body', body)), 'hold'
                from notifications where id in ({", ".join(item[0] for item in items)})""", f"""
                insert into oneshot.digests (digest_id, user_id, frequency, due_at, items, delivery_id, made_at)
                select oneshot.delivery_id('digest:daily:{user}:{MOMENT}'), '{user}', 'daily', '{MOMENT}', {len(items)},
                  oneshot.delivery_id('digest:daily:{user}:{MOMENT}'), now()""", f"""
                update oneshot.digest_items set digest_id = oneshot.delivery_id('digest:daily:{user}:{MOMENT}')
                where user_id = '{user}' and frequency = 'daily' and digest_id is null""", f"""
                insert into oneshot.digest_state values ('{user}', 'daily', '{MOMENT}', now())""", "commit")
        took = time.monotonic() - start
    made(stand)
    return took


def made(stand):
    with stand.connection() as connection:
        assert stand.sql(connection, "select count(*), sum(items) from oneshot.digests") == [(USERS, USERS * ITEMS)]
