"""usage-aggregation: its data, its own runs, and the bare parts and the naive way it is held against."""
import datetime
import random
import time

METRICS = 20
DAY = (datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=1)).isoformat()
# The best of 200 … 10,000 for bare_scan: larger pages no longer fit the caches.
SCAN_COUNT = 1000
NAIVE_SAMPLE = 3000


def key(number):
    return f"usage:merchant_{number // METRICS:06d}_2024:{DAY}:metric_{number % METRICS}"


def finish_week(stand):
    """Leaves usage-aggregation nothing to do: an empty Redis, and every day of the last week completed."""
    today = datetime.datetime.now(datetime.timezone.utc).date()
    stand.fill_redis(("SET", f"usage:m:{today - datetime.timedelta(days=back)}:x", "1") for back in range(1, 9))
    # Without it yesterday would not be completed in the first hour of a day.
    stand.job("usage-aggregation", USAGE_SETTLE="0s")
    stand.empty_redis()


def idle(stand):
    took = stand.job("usage-aggregation")
    assert took.counts["days"] == 0, "the job found something to do"
    return took


class Counters:
    """A number of counters of one day: in Redis, as a COPY file in the order of a hash, as SCAN gives
    them, and as a kept database `filled`, in which all of them are stored."""

    def __init__(self, stand, count):
        self.stand, self.count = stand, count
        stand.empty_redis()
        stand.fill_redis(("SET", key(i), str(i * 7919 % 100_000 + 1)) for i in range(count))
        stand.start_from("empty")
        with stand.connection() as connection:
            self.write_file(connection, "base", changed=0)
            self.stage(connection, "base")
            stand.sql(connection, NEW, "vacuum analyze merchant_usage")
        stand.keep_as("filled")

    def change_a_tenth(self):
        """The counters whose number ends in 3 grow by one, in Redis and in the file `changed`."""
        self.stand.fill_redis(("INCRBY", key(i), "1") for i in range(3, self.count, 10))
        with self.stand.connection() as connection:
            self.write_file(connection, "changed", changed=1)

    def write_file(self, connection, name, changed):
        self.stand.sql(connection, f"""
            copy (
              select format('merchant_%s_2024', lpad((i / {METRICS})::text, 6, '0')), date '{DAY}',
                'metric_' || i % {METRICS}, i * 7919 % 100000 + 1 + case when i % 10 = 3 then {changed} else 0 end
              from generate_series(0, {self.count - 1}::bigint) i order by hashint8(i)
            ) to '{self.stand.scratch}/{name}' (format binary)""")

    def stage(self, connection, name):
        self.stand.sql(connection, """
            create temporary table staged (
              merchant_id text collate "C", usage_date date, metric_type text collate "C", value bigint)""")
        seconds = self.timed(connection, f"copy staged from '{self.stand.scratch}/{name}' (format binary)")
        self.stand.sql(connection, "analyze staged")
        return seconds

    def timed(self, connection, statement, expecting=None):
        start = time.perf_counter()
        rows = self.stand.sql(connection, statement)
        seconds = time.perf_counter() - start
        assert expecting is None or rows == expecting, f"{rows} rows instead of {expecting}: {statement}"
        return seconds

    # Ours

    def ours(self, state, **expected):
        self.stand.start_from(state)
        took = self.stand.job("usage-aggregation", USAGE_DAYS=DAY)
        found = {name: took.counts[name] for name in expected}
        assert found == expected, f"usage-aggregation counted {found} instead of {expected}"
        return took

    def shards(self, count):
        """Seconds of Redis' CPU that all shards take together."""
        self.stand.start_from("empty")
        before = self.stand.redis_seconds()
        took = [self.stand.job("usage-aggregation", USAGE_DAYS=DAY, JOB_SHARD_COUNT=str(count), JOB_SHARD_INDEX=str(i))
                for i in range(count)]
        assert sum(t.counts["inserted"] for t in took) == self.count, "shards have not written every counter once"
        return self.stand.redis_seconds() - before

    # The bare parts

    def parts(self, state, file, merge, expecting):
        """Seconds of reading Redis, of COPY, and of the merge, each on its own."""
        scan = self.stand.program("bare_scan", self.stand.redis_socket, str(SCAN_COUNT))
        assert int(scan.output.split()[0]) == self.count, "bare_scan did not see every key"
        self.stand.start_from(state)
        with self.stand.connection() as connection:
            copy = self.stage(connection, file)
            self.stand.sql(connection, "checkpoint")
            merged = self.timed(connection, merge, expecting)
        return scan.seconds, copy, merged

    # The naive way

    def naive(self, state):
        """Seconds for all counters, at the pace of a sample: a GET and an upsert, committed, for each."""
        self.stand.start_from(state)
        sample = random.Random(1).sample(range(self.count), min(NAIVE_SAMPLE, self.count))
        with self.stand.connection() as connection, connection.cursor() as cursor:
            start = time.perf_counter()
            for number in sample:
                name = key(number)
                value = int(self.stand.redis.get(name))
                _, merchant, day, metric = name.split(":")
                cursor.execute(UPSERT, (merchant, day, metric, value))
            seconds = time.perf_counter() - start
        return seconds / len(sample) * self.count


# Sorted as the primary key is: three times faster than in the order of Redis.
NEW = """
    insert into merchant_usage (merchant_id, usage_date, metric_type, value)
    select merchant_id, usage_date, metric_type, value from staged order by merchant_id, usage_date, metric_type
    """

# An index lookup for each row would take four times as long; a hash of either side finds them in one pass.
CHANGED = f"""
    select s.merchant_id, s.metric_type, s.value
    from staged s left join merchant_usage t
      on t.usage_date = '{DAY}' and t.merchant_id = s.merchant_id and t.metric_type = s.metric_type
    where t.value is distinct from s.value
    """

UNCHANGED = f"select count(*) from ({CHANGED}) changed"

UPDATE = f"""
    with changed as materialized ({CHANGED})
    update merchant_usage t set value = c.value, updated_at = now()
    from changed c
    where t.usage_date = '{DAY}' and t.merchant_id = c.merchant_id and t.metric_type = c.metric_type
    """

UPSERT = """
    insert into merchant_usage (merchant_id, usage_date, metric_type, value) values (%s, %s, %s, %s)
    on conflict (merchant_id, usage_date, metric_type) do update set value = excluded.value, updated_at = now()
    """
