"""metrics-rollups of a source with visitors against a bare count of different ones on the same four levels."""
import time

import rollups
from stand import ROUNDS, SCALE, alternate

CASE = "unique-visitors"
EVENTS = max(int(1_000_000 * SCALE), 100_000)
LEVELS = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month"}


def measure(stand, table):
    fill(stand)
    a, b = alternate(ROUNDS, lambda: rollups.ours(stand, EVENTS), lambda: bare(stand))
    check(stand)
    table.compare(f"metrics-rollups, visitors of {EVENTS:,} events, four levels", [t.seconds for t in a], b,
                  "INSERT … SELECT count(DISTINCT visitor) … GROUP BY, four times", 1.5)
    table.saw("metrics-rollups, visitors", a)


def fill(stand):
    """Twenty metrics of five entities in thirty days; a visitor comes some twenty times."""
    stand.start_from("empty")
    with stand.connection() as connection:
        stand.sql(connection, "alter table metric_events add column visitor text", f"""
            insert into metric_events (metric, entity_type, entity_id, value, occurred_at, visitor)
            select 'metric_' || floor(power(random(), 2) * 20), 'article', floor(random() * 5)::text, floor(random() * 1000),
              timestamptz '{rollups.MOMENT}' - interval '{rollups.DAYS} days' * (1 - g / {EVENTS + 1}.0),
              'visitor-' || floor(random() * {EVENTS // 20})
            from generate_series(1, {EVENTS}) g""", "vacuum analyze", "checkpoint")


def expected():
    return " union all ".join(f"""
        select '{level}', date_trunc('{unit}', occurred_at), 'metric_events', metric, entity_type, entity_id, count(*),
          sum(value), min(value), max(value), count(distinct visitor)
        from metric_events group by 2, 4, 5, 6""" for level, unit in LEVELS.items())


def bare(stand):
    """Seconds of it, into the same table."""
    rollups.forget(stand)
    with stand.connection() as connection:
        start = time.monotonic()
        stand.sql(connection, f"""
            insert into metric_rollups (
              granularity, bucket_start, source, metric, entity_type, entity_id, count, sum, min, max, visitors)
            {expected()}""")
        return time.monotonic() - start


def check(stand):
    """What a rebuild has left is what the bare statement says: this database has no sketches."""
    rollups.ours(stand, EVENTS)
    with stand.connection() as connection:
        wrong = stand.sql(connection, f"""
            select count(*) from (
              ({expected()})
              except
              select granularity, bucket_start, source, metric, entity_type, entity_id, count, sum, min, max, visitors
              from metric_rollups) as missing""")
        assert wrong[0][0] == 0, wrong
