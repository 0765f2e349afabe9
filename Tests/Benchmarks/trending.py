"""trending against the queries that it replaces, over ten days of events on 100,000 posts."""
import math
import re
import subprocess
import time

from stand import HERE, ROUNDS, SCALE, alternate

CASE = "trending"
MOMENT = "2025-11-08T00:00:00Z"
EVENTS = max(int(1_900_000 * SCALE), 20_000)
POSTS = max(int(100_000 * SCALE), 1000)
WINDOWS = {"7d": "7 days", "24h": "1 day", "1h": "1 hour"}
SOURCES = {"feed_views": ("view", "viewed_at", 0.1, 0.68), "feed_likes": ("like", "created_at", 2, 0.21),
           "feed_comments": ("comment", "created_at", 3, 0.08), "feed_shares": ("share", "created_at", 5, 0.03)}


def measure(stand, table):
    fill(stand)
    case = f"{CASE}, three windows, {EVENTS:,} events"
    for against, way, most, most_cpu in (
        ("a query for each window with power()", former, 0.30, 0.30), ("the plain capped query of the week", capped, 0.55, 0.55),
    ):
        table.saw(CASE, table.beside(stand, case, ours, way, against, most, most_cpu))
    a, b = alternate(ROUNDS, lambda: bounds(stand), lambda: count(stand))
    table.compare(f"{CASE}, the pass over all events", a, b, "count(*) of the same, by post", 2)


def fill(stand):
    stand.empty_redis()
    stand.start_from("empty")
    post, user = f"1 + floor(power(random(), 2) * {POSTS})", f"1 + floor(power(random(), 1.5) * {POSTS // 2})"

    def when(days):
        return f"timestamptz '{MOMENT}' - random() * interval '{days} days'"

    with stand.connection() as connection:
        stand.sql(connection, f"""
            create table users (id bigint primary key, deleted_at timestamptz);
            create table feeds (id bigint primary key, user_id bigint, created_at timestamptz, deleted_at timestamptz);
            insert into users select g, case when g % 100 = 0 then now() end from generate_series(1, {POSTS // 2}) g;
            insert into feeds select g, {user}, {when(28)}, case when g % 50 = 0 then now() end
              from generate_series(1, {POSTS}) g""")
        for name, (_, column, _, share) in SOURCES.items():
            stand.sql(connection, f"create table {name} (feed_id bigint, user_id bigint, {column} timestamptz)",
                      f"insert into {name} select {post}, {user}, {when(10)} from generate_series(1, {int(EVENTS * share)})",
                      f"create index on {name} ({column})")
        stand.sql(connection, "vacuum analyze", "checkpoint")


def ours(stand):
    took = stand.job("trending", JOB_SCHEDULED_AT=MOMENT, JOB_FORCE="true")
    assert took.counts["published"] == 3, took.output
    return took


def events(length):
    return " union all ".join(
        f"select feed_id as post_id, user_id, '{kind}' as kind, {weight}::numeric as weight, {column} as at from {name} "
        f"where {column} >= timestamptz '{MOMENT}' - interval '{length}' and {column} < timestamptz '{MOMENT}'"
        for name, (kind, column, weight, _) in SOURCES.items())


def former(stand):
    """Seconds of the queries that the old system sent each minute."""
    with stand.connection() as connection:
        start = time.monotonic()
        for length in WINDOWS.values():
            stand.sql(connection, f"""
                select post_id, sum(weight * power(0.95, extract(epoch from timestamptz '{MOMENT}' - at) / 3600)) as score
                from ({events(length)}) as event group by post_id order by score desc limit 50""")
        return time.monotonic() - start


def capped(stand):
    """Seconds of one query that caps everything; what it answers is compared with what was published."""
    left = "floor(power(0.95::float8, floor(date_part('epoch', timestamptz '{m}' - at) / 60) / 60) * 1000000 + 0.5)::bigint"
    with stand.connection() as connection:
        stand.sql(connection, "set work_mem = '128MB'", "set jit = off")
        start = time.monotonic()
        rows = stand.sql(connection, f"""
            select post_id::text, score from (
              select *, row_number() over (partition by author order by score desc, post_id::text collate "C" desc) as place
              from (
                select post_id, author, (sum((weight * 1000)::bigint * {left.format(m=MOMENT)}) + 500)::bigint / 1000 as score
                from (
                  select event.*, f.user_id as author,
                    row_number() over (partition by post_id, event.user_id, kind order by at desc) as newest
                  from ({events("7 days")}) as event
                  join users u on u.id = event.user_id and u.deleted_at is null
                  join feeds f on f.id = event.post_id and f.deleted_at is null
                  join users a on a.id = f.user_id and a.deleted_at is null
                  where event.user_id <> f.user_id) as event
                where newest = 1
                group by post_id, author having count(distinct user_id) >= 3) as scored) as placed
            where place <= 3
            order by score desc, post_id::text collate "C" desc limit 50""")
        seconds = time.monotonic() - start
    read = stand.redis.zrevrange("trending:7d", 0, -1, withscores=True)
    assert [(member.decode(), round(score * 1e6)) for member, score in read] == rows, "trending:7d is not what it should be"
    return seconds


def bounds(stand):
    """Seconds of the job's own statement, as Tests/Golden has it, for these windows."""
    text = (HERE.parent / "Golden/trending/bounds.sql").read_text()
    left = [math.floor(0.95 ** (minute / 60) * 1_000_000 + 0.5) for minute in range(7 * 1440 + 1)]
    units = ",".join("{" + ",".join(str(-(-round(weight * 1000) * part // 1000)) for part in left) + "}"
                     for _, _, weight, _ in SOURCES.values())
    values = {"window_end": f"'{MOMENT}'::timestamptz", "units_of_1": f"'{{{units}}}'"}
    for place, length in enumerate(WINDOWS.values(), 1):
        values[f"start_{place}"] = f"(timestamptz '{MOMENT}' - interval '{length}')"
    for name in ("views", "likes", "comments", "shares"):
        values |= {f"{name}_start": "'2025-11-01T00:00:00Z'", f"{name}_end": f"'{MOMENT}'"}

    def assigned(line):
        name = line[1]
        return f"\\set {name} '{values[name].replace(chr(39), chr(39) * 2)}'" if name in values else line[0]

    return psql(stand, re.sub(r"^\\set (\w+) .*$", assigned, text, flags=re.M))


def count(stand):
    return psql(stand, f"select sum(n) from (select post_id, count(*) as n from ({events('7 days')}) as e group by 1) as e;")


def psql(stand, script):
    start = time.monotonic()
    subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", stand.database_url], text=True, check=True,
                   input="set jit = off; set work_mem = '128MB'; set timezone = 'UTC';\n" + script,
                   stdout=subprocess.DEVNULL)
    return time.monotonic() - start
