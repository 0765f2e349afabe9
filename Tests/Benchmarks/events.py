"""event-drain against the bare parts that its work is made of, and against consumers in Python."""
import collections
import json
import time
from pathlib import Path

import psycopg2.extras

from stand import ROUNDS, SCALE, alternate, median

CASE = "event-drain"
EVENTS = int(50_000 * SCALE)
CAMPAIGNS = 100
STREAM, GROUP = "events:job", "oneshot"
HANDLER = """-- handles: bench.counted
update counters set n = counters.n + e.n
from (select campaign_id, count(*) as n from events group by campaign_id) e where campaign = campaign_id
"""
COUNT = "update counters set n = counters.n + v.n from (values %s) as v (campaign, n) where counters.campaign = v.campaign"
CLAIM = """insert into oneshot.event_inbox (event_id, state, type, seen_at)
    select id, 'done', 'bench.counted', now() from unnest(%s) as id order by id on conflict do nothing"""


def fill(stand, events):
    """A stream of events of a hundred campaigns, and a database that knows none of them."""
    stand.empty_redis()
    stand.start_from("empty")
    with stand.connection() as connection:
        stand.sql(connection, "create table counters (campaign text primary key, n bigint not null)",
                  f"insert into counters select 'c' || g, 0 from generate_series(0, {CAMPAIGNS - 1}) g", "checkpoint")
    stand.redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    for start in range(0, events, 1000):
        with stand.redis.pipeline(transaction=False) as pipe:
            for n in range(start, min(start + 1000, events)):
                pipe.xadd(STREAM, {"event": json.dumps({
                    "id": f"e{n}", "type": "bench.counted", "campaign_id": f"c{n % CAMPAIGNS}", "data": {"n": n}})})
            pipe.execute()


def counted(stand):
    with stand.connection() as connection:
        return stand.sql(connection, "select sum(n) from counters")[0][0]


def handlers(stand):
    folder = Path(stand.scratch, "handlers")
    folder.mkdir(exist_ok=True)
    (folder / "bench.sql").write_text(HANDLER)
    return str(folder)


def ours(stand, events):
    fill(stand, events)
    took = stand.job("event-drain", EVENTS_HANDLERS_DIR=handlers(stand), EVENTS_TIME="1h", JOB_TIMEOUT="1h")
    assert took.counts["done"] == events == counted(stand), took.output
    return took


def pages(stand, size):
    """What a consumer is given, so many at a time, as (ids of entries, fields)."""
    while True:
        given = stand.redis.xreadgroup(GROUP, GROUP, {STREAM: ">"}, count=size)
        if not given:
            return
        entries = given[0][1]
        yield [entry for entry, _ in entries], [fields[b"event"] for _, fields in entries]


def parts(stand, events, size=500):
    """Seconds of the bare parts, each by itself: reading and acknowledging, writing ids, the effect."""
    fill(stand, events)
    start = time.monotonic()
    for ids, _ in pages(stand, size):
        stand.redis.xack(STREAM, GROUP, *ids)
    read = time.monotonic()
    with stand.connection() as connection:
        for first in range(0, events, size):
            stand.sql(connection, connection.cursor().mogrify(
                CLAIM, ([f"e{n}" for n in range(first, min(first + size, events))],)).decode())
        claimed = time.monotonic()
        with connection.cursor() as cursor:
            for first in range(0, events, size):
                tally = collections.Counter(f"c{n % CAMPAIGNS}" for n in range(first, min(first + size, events)))
                psycopg2.extras.execute_values(cursor, COUNT, sorted(tally.items()))
    assert counted(stand) == events
    return read - start, claimed - read, time.monotonic() - claimed


def python(stand, events, size):
    """Seconds of a consumer in Python: a transaction and an acknowledgement for so many events."""
    fill(stand, events)
    start = time.monotonic()
    with stand.connection() as connection:
        connection.autocommit = False
        with connection.cursor() as cursor:
            for ids, texts in pages(stand, size):
                read = [json.loads(text) for text in texts]
                cursor.execute(CLAIM, ([event["id"] for event in read],))
                tally = collections.Counter(event["campaign_id"] for event in read)
                psycopg2.extras.execute_values(cursor, COUNT, sorted(tally.items()))
                connection.commit()
                stand.redis.xack(STREAM, GROUP, *ids)
    took = time.monotonic() - start
    assert counted(stand) == events
    return took


def measure(stand, table):
    a, b = alternate(ROUNDS, lambda: ours(stand, EVENTS), lambda: parts(stand, EVENTS))
    read, claim, effect = (median(one[i] for one in b) for i in range(3))
    seconds = [took.seconds for took in a]
    table.compare(f"event-drain, {EVENTS:,} events", seconds, [sum(one) for one in b],
                  f"bare parts ({read:.2f} read and acknowledge + {claim:.2f} ids + {effect:.2f} effect)", 1.2)
    few = max(EVENTS // 25, 100)
    for case, size, count, least in (("a transaction an event", 1, few, 12), ("batches of 100", 100, EVENTS, 3)):
        theirs = median(python(stand, count, size) for _ in range(min(ROUNDS, 3))) * EVENTS / count
        table.row(f"event-drain, {EVENTS:,} events", f"{median(seconds):.2f} s", f"{theirs:.2f} s redis-py and psycopg2, {case}",
                  f"{theirs / median(seconds):.1f} × faster", f"≥ {least} ×", theirs >= least * median(seconds))
    empty = [stand.job("event-drain", EVENTS_HANDLERS_DIR=handlers(stand)) for _ in range(max(10, ROUNDS))]
    table.row("event-drain, nothing to read", f"{median(took.seconds for took in empty) * 1000:.1f} ms")
    smallest = ours(stand, 10_000)
    table.saw("event-drain", a)
    large = ours(stand, 1_000_000 if SCALE >= 1 else EVENTS * 4)
    table.row(f"event-drain, memory with {large.counts['done']:,} events", f"{large.peak_mib:.1f} MiB",
              f"{smallest.peak_mib:.1f} MiB with 10,000", "", "≤ 32 MiB", large.peak_mib <= 32)
