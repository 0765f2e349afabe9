"""suggested-users against a query for each user on one connection, on a graph with a power law and ten hubs; and its
memory where a million people follow ten million."""
import json
import time

from stand import SCALE

CASE = "suggested-users"
PEOPLE = max(int(50_000 * SCALE), 5_000)
USERS = 1_000
HUBS = 10
NOW = "2025-11-08T00:00:00Z"
MANY = max(int(1_000_000 * SCALE), 50_000)
MOST_MIB = 48
LISTS = 5_000  # As many as a run makes with the usual budget.

TABLES = """
    create table users (id bigint primary key, deleted_at timestamptz, discoverable boolean, last_seen_at timestamptz);
    create table follows (
      follower_id bigint, followee_id bigint, created_at timestamptz not null, primary key (follower_id, followee_id));
    create table blocks (user_id bigint, target_id bigint, primary key (user_id, target_id));
    create table mutes (like blocks including all)"""

INDEXES = (
    "create index on follows (follower_id, created_at desc, followee_id)",
    "create index on follows (followee_id, created_at desc, follower_id)",
    "create index on blocks (target_id)", "vacuum analyze", "checkpoint")

# The same list, as anybody would write it: what users follow is joined with itself, and what they may not see is left out.
ONE_USER = """
    with near as (
      select f, created_at
      from (
        select followee_id as f, created_at from follows where follower_id = $1
        order by created_at desc, followee_id limit 200) as newest
      where exists (select from users where users.id = f and deleted_at is null)
        and not exists (select from blocks as b where (b.user_id, b.target_id) = ($1, f))
        and not exists (select from blocks as b where (b.user_id, b.target_id) = (f, $1))
        and not exists (select from mutes as m where (m.user_id, m.target_id) = ($1, f))
    ), weighed as materialized (
      select f, created_at,
        round(1000000 / ln(2 + (select count(*) from follows where follower_id = f)::double precision)) as weight
      from near
    ), found as (
      select h.followee_id as c, sum(weight) as score, (array_agg(f order by created_at desc, f))[1:3] as via
      from weighed
      cross join lateral (
        select followee_id from follows where follower_id = f order by created_at desc, followee_id limit 100) as h
      where h.followee_id <> $1
        and not exists (select from follows as x where (x.follower_id, x.followee_id) = ($1, h.followee_id))
        and not exists (select from blocks as b where (b.user_id, b.target_id) = ($1, h.followee_id))
        and not exists (select from blocks as b where (b.user_id, b.target_id) = (h.followee_id, $1))
        and not exists (select from mutes as m where (m.user_id, m.target_id) = ($1, h.followee_id))
      group by 1
      having count(*) >= 2
      order by 2 desc, 1 limit 60
    )
    select c::text, round(score / power((select count(*) from follows where followee_id = c), 0.5))::bigint as score, via
    from found join users on users.id = c and discoverable and deleted_at is null
    order by 2 desc, c::text collate "C" limit 20"""


def measure(stand, table):
    fill(stand)
    ours(stand)  # Counts hubs, which is done once an hour.
    a = table.beside(stand, f"{CASE}, {USERS:,} users, hubs included", ours, one_by_one,
                     "a query for each user, prepared, on one connection", 0.35)
    table.saw(CASE, a)
    many(stand, table)


def fill(stand):
    stand.empty_redis()
    stand.start_from("empty")
    with stand.connection() as connection:
        stand.sql(connection, TABLES, f"""
            select setseed(0.5);
            insert into users select g, null, true, timestamptz '{NOW}' from generate_series(1, {PEOPLE}) g;
            insert into follows
            select a, b, timestamptz '{NOW}' - random() * interval '300 days'
            from (select 1 + (random() * ({PEOPLE} - 1))::int as a, 1 + ({PEOPLE} * power(random(), 3))::int % {PEOPLE} as b
              from generate_series(1, {PEOPLE} * 20) g) as pairs
            where a <> b on conflict do nothing;
            insert into follows
            select distinct h, p, timestamptz '{NOW}' - random() * interval '300 days'
            from generate_series(1, {HUBS}) h, generate_series(20, {PEOPLE}, 2) p on conflict do nothing;
            insert into follows
            select p, h, timestamptz '{NOW}' - random() * interval '300 days'
            from generate_series(1, {HUBS}) h, generate_series(21, {PEOPLE}, 3) p on conflict do nothing;
            insert into blocks select 1 + (random() * {PEOPLE})::int, 1 + (random() * {PEOPLE})::int
            from generate_series(1, {PEOPLE}) g on conflict do nothing;
            insert into mutes select 1 + (random() * {PEOPLE})::int, 1 + (random() * {PEOPLE})::int
            from generate_series(1, {PEOPLE}) g on conflict do nothing""",
            *INDEXES)


def users():
    """Every so many of all, and the hubs themselves."""
    return [user * (PEOPLE // USERS) + 1 for user in range(USERS - HUBS)] + list(range(1, HUBS + 1))


def ours(stand):
    took = stand.job(CASE, JOB_SCHEDULED_AT=NOW, JOB_FORCE="true", SUGGEST_MODE="users",
                     SUGGEST_USERS=",".join(map(str, users())), SUGGEST_COLD_START="none")
    assert took.counts["users"] >= USERS - HUBS, took.output
    return took


def one_by_one(stand):
    """Seconds of a query for each user on one connection; what they answer is compared with what was published."""
    with stand.connection() as connection, connection.cursor() as cursor:
        cursor.execute("set jit = off")
        cursor.execute(f"prepare one_user (bigint) as {ONE_USER}")
        lists, start = {}, time.monotonic()
        for user in users():
            cursor.execute(f"execute one_user ({user})")
            lists[user] = cursor.fetchall()
        took = time.monotonic() - start
    for user, rows in lists.items():
        list_ = json.loads(stand.redis.get(f"suggested_users:{user}") or "[]")
        read = [(entry["id"], entry["score"], list(map(int, entry["via"]))) for entry in list_]
        assert read == rows, f"suggested_users:{user} is not what it should be"
    return took


def many(stand, table):
    """The memory of a run that finds everybody queued. Two people who follow different ones meet at the same third, so
    that lists are full."""
    stand.empty_redis()
    stand.start_from("empty")
    with stand.connection() as connection:
        stand.sql(connection, TABLES, f"""
            insert into users select g, null, true, timestamptz '{NOW}' from generate_series(1, {MANY}) g;
            insert into follows
            select a, 1 + (a + n * n * 7919) % {MANY}, timestamptz '{NOW}' - n * interval '1 day'
            from generate_series(1, {MANY}) a, generate_series(1, 10) n on conflict do nothing;
            insert into oneshot.suggestion_pending (user_id, urgency) select g::text, 1 from generate_series(1, {MANY}) g""",
            *INDEXES)
        follows = stand.sql(connection, "select count(*) from follows")[0][0]
    took = stand.job(CASE, JOB_SCHEDULED_AT=NOW, JOB_FORCE="true", SUGGEST_BUDGET=str(LISTS))
    assert took.counts["users"] == LISTS and took.counts["behind"] > 0, took.output
    table.row(f"{CASE}, {LISTS:,} lists of {MANY:,} people with {follows:,} follows, all queued", f"{took.seconds:.1f} s",
              ratio=f"{took.peak_mib:.1f} MiB", goal=f"≤ {MOST_MIB} MiB", is_met=took.peak_mib <= MOST_MIB)
    table.saw(f"{CASE}, {MANY:,} people", [took])
