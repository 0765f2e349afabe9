"""`make bench`: measures the jobs against the bare parts they are made of, and prints a table.

    bench.py FOLDER_OF_RELEASE_BINARIES

Needs DATABASE_URL and REDIS_URL of private servers; BENCH_SCALE sizes the data (1.0 is a million keys),
BENCH_ROUNDS how often each pair runs in turn (5; the median counts), BENCH_ONLY picks one case by name,
BENCH_GROWTH=1 adds ten times the scale.
"""
import datetime
import functools
import importlib
import os
import platform
import sys
import uuid

import boards
import documents
import operations
import rollups
import usage
from stand import HERE, ROUNDS, SCALE, Stand, alternate, median

KEYS = int(1_000_000 * SCALE)
DOCUMENTS = int(200_000 * SCALE)
MOST_MIB = 48
LARGEST_BINARY = 15 * 1000 * 1000


class Table:
    """Prints rows as they come, so that a run that is stopped has still said something."""

    def __init__(self):
        self.peaks = {}

    def begin(self, stand):
        cpu = next((line.split(": ")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
        postgres = stand.sql(stand.admin, "show server_version")[0][0].split()[0]
        print(f"{datetime.date.today()}, {cpu} × {os.cpu_count()}, Linux {platform.release()}, "
              f"Postgres {postgres}, Redis {stand.redis.info('server')['redis_version']}; "
              f"{KEYS:,} keys, median of {ROUNDS}\n")
        print("| case | ours | against | ratio | goal | met? |\n|---|---|---|---|---|---|", flush=True)

    def row(self, case, ours, against="", ratio="", goal="", is_met=None):
        met = {True: "yes", False: "**no**", None: ""}[is_met]
        print(f"| {case} | {ours} | {against} | {ratio} | {goal} | {met} |", flush=True)

    def compare(self, case, ours, other, against, most=None):
        """The ratio is that of the medians; other machines' times differ, the ratio hardly does."""
        ratio = median(ours) / median(other)
        goal = () if most is None else (f"≤ {most:g}", ratio <= most)
        self.row(case, duration(median(ours)), f"{duration(median(other))} {against}", f"{ratio:.2f}", *goal)

    def beside(self, stand, case, ours, theirs, against, most, most_cpu=None):
        """Runs both in turn, and compares by the clock and by the server's CPU.

        The first returns what a job took, the second seconds. Returns what the first has returned."""
        mine, other = [], []

        def counted(work, spent):
            with stand.server_seconds(spent):
                return work(stand)

        a, b = alternate(ROUNDS, lambda: counted(ours, mine), lambda: counted(theirs, other))
        self.compare(case, [t.seconds for t in a], b, against, most)
        self.compare(f"{case}, CPU of the server", mine, other, against, most_cpu)
        return a

    def saw(self, case, runs):
        self.peaks[case] = max([self.peaks.get(case, 0)] + [run.peak_mib for run in runs])


def duration(seconds):
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def is_ours(path):
    """Whether it is one of the binaries that ship: what can be executed beside the build's own files, and is no bench."""
    return path.is_file() and os.access(path, os.X_OK) and not path.suffix and path.name.islower()


def sizes(stand, table):
    for name in sorted(path.name for path in stand.binaries.iterdir() if is_ours(path)):
        size = (stand.binaries / name).stat().st_size
        table.row(f"binary `{name}`", f"{size / 1e6:.1f} MB", goal="≤ 15 MB", is_met=size <= LARGEST_BINARY)


def cold_start(stand, table):
    """A job that finds nothing to do."""
    stand.empty_redis()
    stand.start_from("empty")
    usage.finish_week(stand)
    statements = (HERE / "parts/cold_start.sql").read_text()

    def bare(*command):
        text = statements.replace(":run_id", str(uuid.uuid4()))
        parts = [part.strip() for part in text.split(";\n") if part.strip()]
        return stand.measure(*command, stand.redis_socket, stand.database_url, *parts)

    rounds = max(30, ROUNDS)
    for against, command, most in (
        ("C", [stand.scratch / "cold_start"], 1.25),
        ("Python", ["/usr/bin/python3", HERE / "parts/cold_start.py"], 1 / 8),
    ):
        a, b = alternate(rounds, lambda: usage.idle(stand), lambda: bare(*command))
        table.compare("cold start, nothing to do", [t.seconds for t in a], [t.seconds for t in b], against, most)
        table.saw("cold start", a)


def aggregation(stand, table):
    counters = usage.Counters(stand, KEYS)
    tenth = len(range(3, KEYS, 10))
    pace = {}
    for case, state, file, merge, affected, expected, most in (
        ("new", "empty", "base", usage.NEW, KEYS, {"inserted": KEYS}, 0.7),
        ("unchanged", "filled", "base", usage.UNCHANGED, [(0,)], {"unchanged": KEYS, "updated": 0}, 0.75),
        ("10 % changed", "filled", "changed", usage.UPDATE, tenth, {"updated": tenth, "unchanged": KEYS - tenth}, 0.9),
    ):
        if file == "changed":
            counters.change_a_tenth()
        a, b = alternate(
            ROUNDS, lambda: counters.ours(state, matched=KEYS, **expected),
            lambda: counters.parts(state, file, merge, affected))
        scan, copy, merged = (median(parts[i] for parts in b) for i in range(3))
        table.compare(f"usage-aggregation, {case}", [t.seconds for t in a], [sum(parts) for parts in b],
                      f"bare parts ({scan:.2f} scan + {copy:.2f} copy + {merged:.2f} merge)", most)
        table.saw(f"usage-aggregation, {case}", a)
        pace[case] = median(t.seconds for t in a)
    one, sixteen = alternate(ROUNDS, lambda: counters.shards(1), lambda: counters.shards(16))
    table.compare("usage-aggregation, 16 shards, CPU of Redis", sixteen, one, "one run", 1.3)
    for case, state in (("new", "empty"), ("unchanged", "filled")):
        naive = median(counters.naive(state) for _ in range(3))
        table.row(f"usage-aggregation, {case}", duration(pace[case]), f"{naive:.0f} s a GET and an upsert per key",
                  f"{naive / pace[case]:.0f} × faster", "≥ 100 ×", naive / pace[case] >= 100)


def leaderboards(stand, table):
    stand.empty_redis()
    boards.fill(stand, KEYS * 8)
    for case, windows, most in (("1d, 7d and 30d", (30, 7, 1), 0.5), ("7d alone", (7,), 0.45)):
        a = table.beside(stand, f"top-stats, {case}, {KEYS * 8:,} likes", functools.partial(boards.ours, windows=windows),
                         functools.partial(boards.theirs, windows=windows), "a join-then-group query a board", most, 0.5)
        table.saw("top-stats", a)


def indexing(stand, table):
    stand.empty_redis()
    smallest = None
    for factor in (0.1, 1) + ((10,) if os.environ.get("BENCH_GROWTH") == "1" else ()):
        count = int(DOCUMENTS * factor)
        letters = documents.fill(stand, count)
        name = f"reindex, {count:,} documents of {letters} letters"
        rounds = ROUNDS if factor <= 1 else 1
        for case, ours, most, most_cpu in (
            ("nothing changed", documents.unchanged, 0.03, 0.03), ("rebuild", documents.rebuild, 0.5, 0.45),
        ):
            mine, theirs = [], []

            def counted(work, spent, *arguments):
                with stand.server_seconds(spent):
                    return work(stand, *arguments)

            a, b = alternate(
                rounds, lambda: counted(ours, mine, count), lambda: counted(documents.touch_all, theirs))
            if factor == 1:
                against = "touching every row"
                table.compare(f"{name}, {case}", [t.seconds for t in a], b, against, most)
                table.compare(f"{name}, {case}, CPU of the server", mine, theirs, against, most_cpu)
            seconds, peak = median(t.seconds for t in a), max(t.peak_mib for t in a)
            smallest = smallest or peak
            table.row(f"growth, {name}, {case}", f"{duration(seconds)}, {peak:.1f} MiB",
                      f"{smallest:.1f} MiB of the smallest", f"{seconds / count * 1e6:.2f} µs a document",
                      "memory flat", peak <= smallest + 4)
            table.saw(f"reindex, {count:,} documents, {case}", a)
        if factor == 1:
            stand.start_from("documents")
            a, b = alternate(rounds, lambda: documents.search_all(stand), lambda: documents.match_all(stand))
            table.compare(f"search(), {count:,} documents, six queries", a, b, "@@ and ts_rank", 1.5)


def aggregates(stand, table):
    events, few = KEYS * 10, max(KEYS // 100, 100)
    rollups.fill(stand, events)
    ours, theirs = [], []

    def counted(work, spent, *arguments):
        with stand.server_seconds(spent):
            return work(stand, *arguments)

    # The job last, so that what it leaves can be looked at.
    b, a = alternate(ROUNDS, lambda: counted(rollups.theirs, theirs), lambda: counted(rollups.ours, ours, events))
    rollups.check(stand)
    against = "the bare INSERT … SELECT … GROUP BY of the hours"
    table.compare(f"metrics-rollups, rebuild of {events:,} events, four levels", [t.seconds for t in a], b, against, 0.7)
    table.compare("metrics-rollups, rebuild, CPU of the server", ours, theirs, against, 1.1)
    more = [rollups.some_more(stand, few, events) for _ in range(ROUNDS)]
    table.compare(f"metrics-rollups, {few:,} new of 3 hours", [t.seconds for t in more], [t.seconds for t in a],
                  "its own rebuild", 0.02)
    table.saw("metrics-rollups", a + more)
    spread(stand, table)


def spread(stand, table):
    """The cost follows the days that are touched, not how the same events lie in them."""
    events, days = 3000, 1000
    rollups.fill_spread(stand, events)
    b, a = alternate(ROUNDS, lambda: rollups.theirs(stand), lambda: rollups.ours(stand, events))
    rollups.check(stand)
    lately = [rollups.late(stand, days, days) for _ in range(ROUNDS)]
    for case, runs in ((f"{events:,} events on {rollups.SPREAD_DAYS:,} days", a), (f"{days:,} late events on {days:,} days", lately)):
        seconds, bare = median(t.seconds for t in runs), median(b)
        table.row(f"metrics-rollups, {case}", duration(seconds), f"{duration(bare)} the bare GROUP BY of the hours of {events:,}",
                  f"{(seconds - 0.2) / bare:.2f} + 0.2 s", "≤ 4 + 0.2 s", seconds <= 4 * bare + 0.2)
    table.saw("metrics-rollups, few events a day", a + lately)


def operating(stand, table):
    stand.empty_redis()
    run = operations.fill(stand)
    for words in operations.commands(stand):
        took = [operations.ask(stand, words, run) for _ in range(max(5, ROUNDS))]
        seconds, slowest = median(t.seconds for t in took), max(t.seconds for t in took)
        case = f"oneshot {' '.join(words)}".format(run="ID")
        table.row(f"{case}, {operations.RUNS:,} runs", duration(seconds), f"{duration(slowest)} the slowest", "", "< 1 s",
                  slowest < 1)
        table.saw("oneshot", took)
    took = [operations.page(stand) for _ in range(max(5, ROUNDS))]
    table.row(f"job-report, 90 days, {operations.RUNS:,} runs", duration(median(t.seconds for t in took)),
              f"{duration(max(t.seconds for t in took))} the slowest", f"{took[-1].counts['bytes'] / 1000:.0f} kB")
    table.saw("job-report", took)


def growth(stand, table):
    """Time should grow as the keys do, and memory not at all."""
    smallest = None
    for factor in (0.1, 1) + ((10,) if os.environ.get("BENCH_GROWTH") == "1" else ()):
        count = int(KEYS * factor)
        counters = usage.Counters(stand, count)
        for case, state, counted in (("new", "empty", "inserted"), ("unchanged", "filled", "unchanged")):
            runs = [counters.ours(state, **{counted: count}) for _ in range(ROUNDS if factor <= 1 else 1)]
            seconds, peak = median(t.seconds for t in runs), max(t.peak_mib for t in runs)
            smallest = smallest or peak
            # A few MiB come and go with how far Redis runs ahead of Postgres.
            table.row(f"growth, {case}, {count:,} keys", f"{duration(seconds)}, {peak:.1f} MiB",
                      f"{smallest:.1f} MiB of the smallest", f"{seconds / count * 1e6:.2f} µs a key",
                      "memory flat", peak <= smallest + 4)
            table.saw(f"growth, {case}, {count:,} keys", runs)


def memory(table):
    for case, peak in table.peaks.items():
        table.row(f"peak memory, {case}", f"{peak:.1f} MiB", goal=f"≤ {MOST_MIB} MiB", is_met=peak <= MOST_MIB)


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    cases = {"sizes": sizes, "cold-start": cold_start, "usage-aggregation": aggregation, "top-stats": leaderboards,
             "metrics-rollups": aggregates, "reindex": indexing, "operate": operating, "growth": growth}
    # A job's case may be a file beside this one, which nothing else names.
    modules = [importlib.import_module(path.stem) for path in sorted(HERE.glob("*.py")) if path.stem != "bench"]
    cases |= {module.CASE: module.measure for module in modules if hasattr(module, "CASE")}
    only = os.environ.get("BENCH_ONLY")
    if only and only not in cases:
        raise SystemExit(f"BENCH_ONLY is one of {', '.join(cases)}")
    stand, table = Stand(sys.argv[1]), Table()
    try:
        table.begin(stand)
        for name, case in cases.items():
            if only in (None, name):
                case(stand, table)
        memory(table)
    finally:
        stand.remove()
    # A goal that is missed stands in the table and fails nothing: machines are shared, and this is no test.


if __name__ == "__main__":
    main()
