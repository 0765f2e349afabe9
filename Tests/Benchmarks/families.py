"""Ten thousand sorted sets of twenty, at every scale, written by the same client; the time of the writing alone."""
from stand import ROUNDS

CASE = "publishing"
FAMILY = 10_000


def measure(stand, table):
    stand.start_from("empty")
    took, spent = {}, {}

    def write(way):
        stand.empty_redis()
        before = stand.redis_seconds()
        done = stand.job("PublishingBench", BENCH_WAY=way, BENCH_KEYS=str(FAMILY))
        spent.setdefault(way, []).append(stand.redis_seconds() - before + done.user + done.system)
        assert stand.redis.zcard("bench:0") == 20 and stand.redis.ttl(f"bench:{FAMILY - 1}") > 0, done.output
        return done.counts["microseconds"] / 1e6

    for _ in range(ROUNDS):
        for way in ("bare", "family", "replacements"):
            took.setdefault(way, []).append(write(way))
    against = "the commands alone, pipelined and not fenced"
    for way, name, most in (
        ("family", f"run.publish, a family of {FAMILY:,} keys", 1.15),
        ("replacements", "run.publish, the same by hundreds of replacements", 2),
    ):
        table.compare(name, took[way], took["bare"], against, most)
        table.compare(f"{name}, CPU of Redis and of the whole job", spent[way], spent["bare"], against)
