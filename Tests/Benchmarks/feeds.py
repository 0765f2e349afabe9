"""cache-warmer against one query for each user: the same ranking, and the same feeds."""
import datetime
import json
import time

import usage
from stand import ROUNDS, SCALE, alternate

CASE = "cache-warmer"
POSTS = max(int(100_000 * SCALE), 20_000)
WARMED = 1000
USERS = 2 * WARMED
FOLLOWS = 24
LIMIT, AUTHOR_MOST = 50, 5
MOMENT = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
NOW = f"timestamptz '{MOMENT.isoformat()}'"


def measure(stand, table):
    fill(stand)
    case = f"{CASE}, {WARMED:,} feeds of {FOLLOWS} follows, {POSTS:,} posts"
    a = table.beside(stand, case, ours, one_by_one, "a query for each user, on one connection", 0.2)
    table.saw(CASE, a)
    a, b = alternate(max(30, ROUNDS), lambda: all_fresh(stand), lambda: usage.idle(stand))
    table.compare(f"{CASE}, all {WARMED:,} fresh", [t.seconds for t in a], [t.seconds for t in b],
                  "the cold start of another job", 1.5)


def fill(stand):
    stand.empty_redis()
    stand.start_from("empty")
    usage.finish_week(stand)
    user, post = f"1 + floor(random() * {USERS})", f"1 + floor(power(random(), 2) * {POSTS})"
    when = f"{NOW} - random() * interval '7 days'"
    with stand.connection() as connection:
        stand.sql(connection, f"""
            create table users (id bigint primary key, deleted_at timestamptz);
            create table feeds (id bigint primary key, user_id bigint, created_at timestamptz, deleted_at timestamptz);
            create table feed_likes (feed_id bigint, user_id bigint, created_at timestamptz);
            create table feed_comments (feed_id bigint, user_id bigint, created_at timestamptz);
            create table feed_views (feed_id bigint, user_id bigint, viewed_at timestamptz);
            create table follows (follower_id bigint, followee_id bigint, created_at timestamptz);
            create table blocks (user_id bigint, target_id bigint);
            create table mutes (user_id bigint, target_id bigint);
            insert into users select g from generate_series(1, {USERS}) g;
            insert into feeds select g, {user}, {when} from generate_series(1, {POSTS}) g;
            insert into feed_likes select {post}, {user}, {when} from generate_series(1, {POSTS} * 5) g;
            insert into feed_comments select {post}, {user}, {when} from generate_series(1, {POSTS} / 2) g;
            insert into feed_views select {post}, {user}, {when} from generate_series(1, {POSTS} * 3) g;
            insert into follows select u, {user}, {when} from generate_series(1, {USERS}) u, generate_series(1, {FOLLOWS});
            insert into blocks select {user}, {user} from generate_series(1, {USERS});
            insert into mutes select {user}, {user} from generate_series(1, {USERS});
            create index on feeds (user_id, created_at);
            create index on feed_likes (feed_id);
            create index on feed_comments (feed_id);
            create index on feed_views (user_id, feed_id);
            create index on follows (follower_id, followee_id);
            create index on blocks (user_id, target_id);
            create index on blocks (target_id, user_id);
            create index on mutes (user_id, target_id)""", "vacuum analyze", "checkpoint")
    stand.redis.zadd("seen", {str(user): MOMENT.timestamp() - user for user in range(1, WARMED + 1)})


def run(stand):
    return stand.job(CASE, JOB_SCHEDULED_AT=MOMENT.isoformat(), JOB_FORCE="true", WARM_ACTIVITY="redis:seen", WARM_TTL="1d",
                     WARM_AHEAD="1h", WARM_LIMIT=str(LIMIT), WARM_AUTHOR_MAX=str(AUTHOR_MOST))


def ours(stand):
    stand.redis.delete(*(f"feed:{user}" for user in range(1, WARMED + 1)))
    took = run(stand)
    assert took.counts["warmed"] == WARMED, took.output
    return took


def all_fresh(stand):
    took = run(stand)
    assert took.counts["fresh"] == WARMED, took.output
    return took


def one_by_one(stand):
    """Seconds of the queries alone; what they answer is compared with what was published."""
    within = {column: f"{column} >= {NOW} - interval '7 days' and {column} < {NOW}"
              for column in ("p.created_at", "e.created_at", "v.viewed_at")}
    query = f"""
        select id::text from (
          select p.id, score,
            row_number() over (partition by p.user_id order by score desc, p.id::text collate "C" desc) as of_author
          from feeds as p
          cross join lateral (
            select (1 + (select count(distinct e.user_id) from feed_likes as e where e.feed_id = p.id and {within['e.created_at']})
                + 2 * (select count(*) from feed_comments as e where e.feed_id = p.id and {within['e.created_at']}))
              * round(1e9::float8 * power(0.95::float8, extract(epoch from {NOW} - p.created_at)::float8 / 3600))::bigint
              as score) as scored
          where p.user_id in (select followee_id from follows where follower_id = %(user)s) and p.user_id <> %(user)s
            and {within['p.created_at']} and p.deleted_at is null
            and exists (select from users as u where u.id = p.user_id and u.deleted_at is null)
            and not exists (select from blocks as b where b.user_id = %(user)s and b.target_id = p.user_id)
            and not exists (select from blocks as b where b.target_id = %(user)s and b.user_id = p.user_id)
            and not exists (select from mutes as m where m.user_id = %(user)s and m.target_id = p.user_id)
            and not exists (
              select from feed_views as v where v.user_id = %(user)s and v.feed_id = p.id and {within['v.viewed_at']})) as q
        where of_author <= {AUTHOR_MOST}
        order by score desc, id::text collate "C" desc
        limit {LIMIT}"""
    feeds, start = {}, time.monotonic()
    with stand.connection() as connection, connection.cursor() as cursor:
        cursor.execute("set jit = off")
        for user in range(1, WARMED + 1):
            cursor.execute(query, {"user": user})
            feeds[user] = [row[0] for row in cursor]
    took = time.monotonic() - start
    for user, ids in feeds.items():
        assert json.loads(stand.redis.get(f"feed:{user}"))["ids"] == ids, f"feed:{user} is not what it should be"
    return took
