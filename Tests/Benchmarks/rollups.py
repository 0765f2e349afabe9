"""metrics-rollups against the bare INSERT … SELECT … GROUP BY of its lowest level, with the same rows in the end."""
import time

MOMENT = "2025-11-08T00:00:00Z"
DAYS = 30
HOURLY = """
    select 'hourly', date_trunc('hour', occurred_at), 'metric_events', metric, entity_type, entity_id, count(*), sum(value),
      min(value), max(value)
    from metric_events group by 2, 4, 5, 6"""
STORED = """
    select granularity, bucket_start, source, metric, entity_type, entity_id, count, sum, min, max
    from metric_rollups where granularity = 'hourly'"""


def fill(stand, events):
    """Twenty metrics, of fifty entities where there are ten million events, in thirty days, in the order of their times but for one in fifty that is up to a day late.
    Values are whole, so that sums are exact."""
    stand.start_from("empty")
    with stand.connection() as connection:
        stand.sql(connection, f"""
            insert into metric_events (metric, entity_type, entity_id, value, occurred_at)
            select 'metric_' || floor(power(random(), 2) * 20), 'article', floor(random() * {max(events // 200_000, 5)})::text, floor(random() * 1000),
              timestamptz '{MOMENT}' - interval '{DAYS} days' * (1 - g / {events + 1}.0)
                - case when g % 50 = 0 then random() * interval '1 day' else interval '0' end
            from generate_series(1, {events}) g""", "vacuum analyze", "checkpoint")


def forget(stand):
    with stand.connection() as connection:
        stand.sql(connection, "truncate metric_rollups, oneshot.rollup_queue, oneshot.rollup_positions", "checkpoint")


def ours(stand, events):
    forget(stand)
    took = stand.job("metrics-rollups", JOB_SCHEDULED_AT=MOMENT, JOB_FORCE="true", ROLLUPS_MODE="rebuild")
    assert took.counts["events"] == events
    return took


def theirs(stand):
    """Seconds of the bare statement, into the same table."""
    forget(stand)
    with stand.connection() as connection:
        start = time.monotonic()
        stand.sql(connection, f"insert into metric_rollups {HOURLY}")
        return time.monotonic() - start


def check(stand):
    """What a rebuild has left is what the bare statement says."""
    with stand.connection() as connection:
        assert stand.sql(connection, f"select count(*) from (({HOURLY}) except ({STORED})) s")[0][0] == 0
        assert stand.sql(connection, f"select count(*) from (({STORED}) except ({HOURLY})) s")[0][0] == 0


def some_more(stand, events, stored):
    """A run after new events of three hours."""
    with stand.connection() as connection:
        stand.sql(connection, f"""
            insert into metric_events (metric, entity_type, entity_id, value, occurred_at)
            select 'metric_' || floor(power(random(), 2) * 20), 'article', floor(random() * {max(stored // 200_000, 5)})::text, floor(random() * 1000),
              timestamptz '{MOMENT}' - random() * interval '3 hours'
            from generate_series(1, {events}) g""")
    took = stand.job("metrics-rollups", JOB_SCHEDULED_AT=MOMENT, JOB_FORCE="true")
    assert took.counts["noticed"] == events and took.counts["hours"] == 3, took.output
    return took


SPREAD_DAYS = 1750


def fill_spread(stand, events):
    """Few events on each of many days."""
    stand.start_from("empty")
    with stand.connection() as connection:
        stand.sql(connection, f"""
            insert into metric_events (metric, entity_type, entity_id, value, occurred_at)
            select 'metric_' || g % 20, 'article', (g % 5)::text, g % 1000,
              timestamptz '{MOMENT}' - g % {SPREAD_DAYS} * interval '1 day' - random() * interval '1 day'
            from generate_series(1, {events}) g""", "vacuum analyze", "checkpoint")


def late(stand, events, days):
    """A run after late events of many days."""
    with stand.connection() as connection:
        stand.sql(connection, f"""
            insert into metric_events (metric, entity_type, entity_id, value, occurred_at)
            select 'metric_' || g % 20, 'article', (g % 5)::text, g % 1000,
              timestamptz '{MOMENT}' - g % {days} * interval '1 day' - random() * interval '1 day'
            from generate_series(1, {events}) g""")
    took = stand.job("metrics-rollups", JOB_SCHEDULED_AT=MOMENT, JOB_FORCE="true")
    assert took.counts["noticed"] == events, took.output
    return took
