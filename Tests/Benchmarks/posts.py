"""publish-scheduled against the bare statements that it is made of, and against a transaction for each post."""
import subprocess
import time

import usage
from stand import ROUNDS, SCALE, alternate

CASE = "publish-scheduled"
POSTS = max(int(300_000 * SCALE), 30_000)
MOMENT = "2025-11-08T00:00:00Z"
DUE = 10_000
BATCH = 100

PAGE = f"""
    select id, publish_at from posts where status = 'scheduled' and publish_at <= '{MOMENT}' order by publish_at, id
    limit {{limit}} for update"""
EVENT = """
    insert into oneshot.events (dedup, event)
    select 'posts/' || id || '/' || publish_at, jsonb_build_object('id', 'posts/' || id || '/' || publish_at,
      'type', 'post.published', 'timestamp', publish_at, 'data', jsonb_build_object('table', 'posts', 'id', id,
      'scheduled_for', publish_at, 'published_at', published_at, 'late_ms', 0, 'run', null))
    from posts where id = any ({ids}) order by publish_at, id"""


def measure(stand, table):
    fill(stand, 0)
    usage.finish_week(stand)
    a, b = alternate(max(30, ROUNDS), lambda: nothing(stand), lambda: usage.idle(stand))
    table.compare(f"{CASE}, nothing due of {POSTS:,}", [t.seconds for t in a], [t.seconds for t in b],
                  "the cold start of another job", 1.1)
    fill(stand, DUE)
    a, b = alternate(ROUNDS, lambda: ours(stand), lambda: bare(stand))
    case, seconds = f"{CASE}, {DUE:,} due of {POSTS:,}", [t.seconds for t in a]
    table.compare(case, seconds, b, f"the three statements in psql, {BATCH} posts a transaction", 1.3)
    table.compare(case, seconds, [one_by_one(stand) for _ in range(3)], "a transaction for each post", 0.08)
    table.saw(CASE, a)


def fill(stand, due):
    """Posts in the next year, and some that are due."""
    stand.empty_redis()
    stand.start_from("empty")
    with stand.connection() as connection:
        stand.sql(connection, f"""
            create table posts (id bigint primary key, status text not null, publish_at timestamptz, published_at timestamptz);
            insert into posts select g, 'scheduled', timestamptz '{MOMENT}' + (g - {due}) * interval '100 seconds'
            from generate_series(1, {POSTS}) g""",
            "create index on posts (publish_at, id) where status = 'scheduled'", "vacuum analyze", "checkpoint")
    stand.keep_as("posts")


def ours(stand):
    stand.start_from("posts")
    took = stand.job("publish-scheduled", JOB_SCHEDULED_AT=MOMENT, JOB_FORCE="true")
    assert took.counts["published"] == DUE, took.output
    return took


def nothing(stand):
    """A run that finds nothing due, in a database that stays as it is."""
    took = stand.job("publish-scheduled", JOB_SCHEDULED_AT=MOMENT, JOB_FORCE="true")
    assert took.counts["due"] == 0, took.output
    return took


def bare(stand):
    """Seconds of the three statements in psql, batch by batch as the job has them."""
    stand.start_from("posts")
    once = f"""begin;
        select array_agg(id order by publish_at, id) as ids from ({PAGE.format(limit=BATCH)}) page \\gset
        update posts set status = 'published', published_at = publish_at where id = any (:'ids');
        {EVENT.format(ids=":'ids'")};
        commit;
        """.replace("\n        ", "\n")
    once = "\n".join(" ".join(line.split()) for line in once.splitlines())
    start = time.monotonic()
    subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", stand.database_url], input=once * (DUE // BATCH), text=True,
                   check=True, stdout=subprocess.DEVNULL)
    took = time.monotonic() - start
    published(stand)
    return took


def one_by_one(stand):
    """Seconds of a transaction for each post, from one client."""
    stand.start_from("posts")
    with stand.connection() as connection:
        start = time.monotonic()
        for _ in range(DUE):
            stand.sql(connection, "begin")
            [(post, _)] = stand.sql(connection, PAGE.format(limit=1))
            stand.sql(connection, f"update posts set status = 'published', published_at = publish_at where id = {post}",
                      EVENT.format(ids=f"array[{post}]"), "commit")
        took = time.monotonic() - start
    published(stand)
    return took


def published(stand):
    with stand.connection() as connection:
        assert stand.sql(connection, "select count(*) from oneshot.events") == [(DUE,)]
