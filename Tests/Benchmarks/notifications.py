"""notification-delivery against the bare statement that it is made of, and against a transaction for each notification."""
import re
import subprocess
import time
from pathlib import Path

import usage
from stand import ROUNDS, alternate

CASE = "notification-delivery"
# As in the golden file, which has the statement.
MOMENT = "2025-11-08T02:00:00Z"
QUIET = "22:00-07:00"
NOTIFICATIONS = 10_000
USERS = 2_000
BATCH = 500
GOLDEN = Path(__file__).resolve().parent.parent / "Golden" / "notification-delivery" / "decide.sql"


def measure(stand, table):
    fill(stand, 0)
    usage.finish_week(stand)
    a, b = alternate(max(30, ROUNDS), lambda: nothing(stand), lambda: usage.idle(stand))
    table.compare(f"{CASE}, nothing pending", [t.seconds for t in a], [t.seconds for t in b],
                  "the cold start of another job", 1.1)
    fill(stand, NOTIFICATIONS)
    a, b = alternate(ROUNDS, lambda: ours(stand), lambda: bare(stand))
    case, seconds = f"{CASE}, {NOTIFICATIONS:,} for {USERS:,} users", [t.seconds for t in a]
    table.compare(case, seconds, b, f"the same statement in psql, {BATCH} a transaction", 1.3)
    table.compare(case, seconds, [one_by_one(stand) for _ in range(3)], "a transaction for each, a query for each thing", 0.05)
    table.saw(CASE, a)


def fill(stand, pending):
    """Users, of whom every fourth wants a daily digest, and notifications that wait."""
    stand.empty_redis()
    stand.start_from("empty")
    with stand.connection() as connection:
        stand.sql(connection,
            "create table users (id bigint primary key, email text, locale text, timezone text)", """
            create table notifications (
              id bigint primary key, user_id bigint not null, type text not null, category text not null, title text, body text,
              data jsonb, created_at timestamptz not null, collapse_key text, expires_at timestamptz)""", """
            create table notification_preferences (
              user_id bigint, category text, channel text, mode text, primary key (user_id, category, channel))""", f"""
            insert into users select g, 'u' || g || '@example.org', 'en', 'Europe/Berlin' from generate_series(1, {USERS}) g""", f"""
            insert into notification_preferences
            select g, 'social', 'email', 'daily' from generate_series(1, {USERS}, 4) g""", f"""
            insert into notifications
            select g, 1 + g % {USERS}, 'comment', 'social', 'A comment', 'Somebody has written to you', '{{"post": 17}}', '{MOMENT}'
            from generate_series(1, {NOTIFICATIONS}) g""",
            "insert into oneshot.notification_categories (category) values ('social')", f"""
            insert into oneshot.notification_pending select id::text from notifications where id <= {pending}""",
            "vacuum analyze", "checkpoint")
    stand.keep_as("notifications")


def run(stand, taken):
    took = stand.job("notification-delivery", JOB_SCHEDULED_AT=MOMENT, JOB_FORCE="true", NOTIFY_QUIET=QUIET)
    assert took.counts["taken"] == taken, took.output
    return took


def nothing(stand):
    """A run that finds nothing pending, in a database that stays as it is."""
    return run(stand, 0)


def ours(stand):
    stand.start_from("notifications")
    return run(stand, NOTIFICATIONS)


def bare(stand):
    """Seconds of the job's own statement in psql, batch by batch as the job has it."""
    stand.start_from("notifications")
    golden = GOLDEN.read_text()
    prepared, executed = re.fullmatch(r"(.*)(execute golden .*?;\n)deallocate golden;\n", golden, re.DOTALL).groups()
    once = f"""begin;
        select array_agg(notification_id) as ids from (select notification_id from oneshot.notification_pending
          order by queued_at, notification_id limit {BATCH}) page \\gset
        {re.sub(r":(pending_)?ids", ":'ids'", executed).strip()}
        commit;
        """
    once = "\n".join(" ".join(line.split()) for line in once.splitlines()) + "\n"
    start = time.monotonic()
    subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", stand.database_url],
                   input=prepared + once * (NOTIFICATIONS // BATCH), text=True, check=True, stdout=subprocess.DEVNULL)
    took = time.monotonic() - start
    decided(stand)
    return took


def one_by_one(stand):
    """Seconds of a transaction for each notification, from one client that asks what it needs to know."""
    stand.start_from("notifications")
    with stand.connection() as connection:
        start = time.monotonic()
        for _ in range(NOTIFICATIONS):
            stand.sql(connection, "begin")
            [(id, user)] = stand.sql(connection, """
                select n.id, n.user_id from oneshot.notification_pending p join notifications n on n.id = p.notification_id::bigint
                order by queued_at, notification_id limit 1 for update of p""")
            stand.sql(connection, f"select email, locale, timezone from users where id = {user}")
            stand.sql(connection, "select * from oneshot.notification_categories where category = 'social'")
            modes = stand.sql(connection, f"""
                select mode from notification_preferences where (user_id, category, channel) = ({user}, 'social', 'email')""")
            stand.sql(connection, f"""
                select count(*) from oneshot.notification_outcomes
                where user_id = '{user}' and due_at > timestamptz '{MOMENT}' - interval '1 hour'""")
            mail = f"""
                insert into oneshot.deliveries (dedup_key, channel, category, recipient, user_id, template, data, on_doubt)
                select 'notification:{id}:email', 'email', 'social', 'u{user}@example.org', '{user}', 'notification',
                  jsonb_build_object('title', title, 'body', body, 'data', data), 'hold' from notifications where id = {id}"""
            item = f"insert into oneshot.digest_items values ('{user}', 'daily', '{id}', '{MOMENT}')"
            stand.sql(connection, f"insert into oneshot.notification_inbox values ('{user}', '{id}', 'social', '{MOMENT}')",
                      item if modes else mail, f"""
                insert into oneshot.notification_outcomes (notification_id, channel, outcome, decided_at, user_id, due_at) values
                  ('{id}', 'in_app', 'immediate', '{MOMENT}', '{user}', null),
                  ('{id}', 'email', 'immediate', '{MOMENT}', '{user}', '{MOMENT}')""",
                      f"delete from oneshot.notification_pending where notification_id = '{id}'", "commit")
        took = time.monotonic() - start
    decided(stand)
    return took


def decided(stand):
    with stand.connection() as connection:
        assert stand.sql(connection, "select count(*) from oneshot.notification_inbox") == [(NOTIFICATIONS,)]
