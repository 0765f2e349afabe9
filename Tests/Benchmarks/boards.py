"""top-stats against a join-then-group query for each board and window, with the same members and scores."""
import time

MOMENT = "2025-11-08T00:00:00Z"
BOARDS = ("users_liked", "comments", "feeds_viewed", "feeds_liked", "users_followed", "users_active")


def fill(stand, likes):
    """The shape the goal speaks of: for 8,000,000 likes in 28 days 500,000 feeds and 100,000 users."""
    feeds, users = max(likes // 16, 100), max(likes // 80, 50)
    feed, user = f"1 + floor(power(random(), 2) * {feeds})", f"1 + floor(power(random(), 1.5) * {users})"
    when = f"timestamptz '{MOMENT}' - random() * interval '28 days'"
    stand.start_from("empty")
    with stand.connection() as connection:
        stand.sql(connection, f"""
            create table users (id bigint primary key, username text, deleted_at timestamptz);
            create table feeds (id bigint primary key, user_id bigint, content text, created_at timestamptz, deleted_at timestamptz);
            create table feed_likes (id bigint, feed_id bigint, user_id bigint, created_at timestamptz);
            create table feed_comments (id bigint, feed_id bigint, user_id bigint, created_at timestamptz);
            create table feed_views (feed_id bigint, viewed_at timestamptz);
            create table follows (follower_id bigint, followee_id bigint, created_at timestamptz);
            insert into users select g, 'user', case when g % 100 = 0 then now() end from generate_series(1, {users}) g;
            insert into feeds select g, {user}, repeat('x', 100), {when}, case when g % 50 = 0 then now() end
              from generate_series(1, {feeds}) g;
            insert into feed_likes select g, {feed}, {user}, {when} from generate_series(1, {likes}) g;
            insert into feed_comments select g, {feed}, {user}, {when} from generate_series(1, {likes // 10}) g;
            insert into feed_views select {feed}, {when} from generate_series(1, {likes // 4}) g;
            insert into follows select {user}, {user}, {when} from generate_series(1, {likes // 20}) g""",
                  "vacuum analyze", "checkpoint")


def plain(board, days):
    def window(column):
        return f"{column} >= timestamptz '{MOMENT}' - interval '{days} days' and {column} < timestamptz '{MOMENT}'"

    event = "feed_comments" if board == "comments" else "feed_likes"
    return {
        "users_liked": f"""select a.id as member, count(*) as score from feed_likes e join users u on u.id = e.user_id
            join feeds f on f.id = e.feed_id join users a on a.id = f.user_id where {window('e.created_at')}
            and u.deleted_at is null and f.deleted_at is null and a.deleted_at is null group by 1""",
        "feeds_viewed": f"""select f.id as member, count(*) as score from feed_views v join feeds f on f.id = v.feed_id
            where {window('v.viewed_at')} and f.deleted_at is null group by 1""",
        "users_followed": f"""select e.id as member, count(*) as score from follows f join users u on u.id = f.follower_id
            join users e on e.id = f.followee_id where {window('f.created_at')}
            and u.deleted_at is null and e.deleted_at is null group by 1""",
        "users_active": f"""select u.id as member, count(*) as score from (
            select e.user_id, e.created_at from feed_likes e join feeds f on f.id = e.feed_id where f.deleted_at is null
            union all
            select e.user_id, e.created_at from feed_comments e join feeds f on f.id = e.feed_id where f.deleted_at is null
            union all select user_id, created_at from feeds where deleted_at is null) d
            join users u on u.id = d.user_id where {window('d.created_at')} and u.deleted_at is null group by 1""",
    }.get(board, f"""select f.id as member, count(*) as score from {event} e join users u on u.id = e.user_id
            join feeds f on f.id = e.feed_id where {window('e.created_at')}
            and u.deleted_at is null and f.deleted_at is null group by 1""")


def ours(stand, windows):
    return stand.job("top-stats", JOB_SCHEDULED_AT=MOMENT, JOB_FORCE="true",
                     TOP_STATS_WINDOWS=",".join(f"{days}d" for days in windows))


def theirs(stand, windows):
    """Seconds of the queries alone; what they answer is compared with what was published."""
    seconds = 0
    with stand.connection() as connection:
        for days in windows:
            for board in BOARDS:
                start = time.monotonic()
                rows = stand.sql(connection, f"""select member::text, score::float from ({plain(board, days)}) b
                    order by score desc, member::text collate "C" desc limit 1000""")
                seconds += time.monotonic() - start
                key = f"top:{board}" + ("" if days == 7 else f":{days}d")
                read = stand.redis.zrevrange(key, 0, -1, withscores=True)
                assert [(member.decode(), score) for member, score in read] == rows, f"{key} is not what it should be"
    return seconds
