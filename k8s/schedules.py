"""When the jobs run, and with what: all that a platform knows and a binary does not.

A job more is an entry more; then `make manifests`. A binary with several schedules has an entry for each, distinguished by
`settings`. What the code knows (exit codes, settings, seconds to stop) comes from `BINARY --describe`.
"""
import json
import os
import subprocess
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MINUTE, HOUR, DAY = 60, 3600, 86400


@dataclass
class Schedule:
    name: str                   # the CronJob's, the ECS task's
    job: str                    # the binary's
    cron: str                   # five fields, UTC
    every: int                  # seconds: the longest time between two slots
    timeout: str                # JOB_TIMEOUT; one that comes often has to end before its successors wait for it
    memory: tuple[int, int]     # request and limit, MiB: measured peaks are beside the entries
    retries: int = 2            # what comes again in a minute needs none
    settings: dict[str, str] = field(default_factory=dict)
    may_idle: bool = False      # whether finding nothing to do is nothing to report: quiet hours are ordinary
    folder: str = "base"        # below k8s/; one of the overlays where a job needs what not every cluster has
    is_example: bool = False    # whether each user has schedules of its own in its place: how often they come is not known here

    @cached_property
    def variant(self):
        """What the ledger and the metrics call runs of these settings, as the binary says: "" for its defaults."""
        variant = facts(binaries(), self.job, self.settings)["variant"]
        if variant is None:
            raise SystemExit(f"{self.name}: what it works on is not known here: a setting names a folder that is not here")
        return variant

    @property
    def timeout_seconds(self):
        return seconds(self.timeout)

    @property
    def start_within(self):
        """A start that is later than this is left to the next slot, which does its work."""
        return min(max(self.every // 2, 30), 4 * HOUR)


SCHEDULES = [
    # 19 MiB, whether for 0.1, 1 or 10 million counters. Days are settled an hour after their end.
    Schedule("usage-aggregation", "usage-aggregation", "0 2 * * *", DAY, "50m", (32, 64)),
    # 17 MiB; with TOP_STATS_LIMIT=10000 25, with 100000 93.
    Schedule("top-stats", "top-stats", "5 * * * *", HOUR, "20m", (32, 64)),
    # The next minute's run publishes what a late one leaves.
    Schedule("trending-1h", "trending", "* * * * *", MINUTE, "4m", (32, 64), retries=0,
             settings={"TRENDING_WINDOWS": "1h", "JOB_LOCK_WAIT": "30s"}),
    Schedule("trending-24h", "trending", "*/5 * * * *", 5 * MINUTE, "4m", (32, 64), retries=0,
             settings={"TRENDING_WINDOWS": "24h", "JOB_LOCK_WAIT": "30s"}),
    Schedule("trending-7d", "trending", "25 * * * *", HOUR, "20m", (32, 64),
             settings={"TRENDING_WINDOWS": "7d", "JOB_LOCK_WAIT": "30s"}),
    # 20 MiB with half a million events. All levels by one schedule.
    Schedule("metrics-rollups", "metrics-rollups", "10 * * * *", HOUR, "40m", (32, 64), may_idle=True),
    # 20 MiB with a hundred thousand documents, in every mode.
    Schedule("reindex", "reindex", "20 * * * *", HOUR, "35m", (32, 64), may_idle=True),
    # What triggers put in search_pending. While another mode holds the lock it waits for less than its own successor comes.
    Schedule("reindex-pending", "reindex", "* * * * *", MINUTE, "4m", (32, 64), retries=0,
             settings={"REINDEX_MODE": "pending", "JOB_LOCK_WAIT": "30s"}, may_idle=True),
    Schedule("reindex-rebuild", "reindex", "0 3 * * SUN", 7 * DAY, "3h", (32, 64),
             settings={"REINDEX_MODE": "rebuild"}),
    # What a stream brings. One run reads for 50 seconds at most; the next one waits for the lock until it is through.
    Schedule("event-drain", "event-drain", "* * * * *", MINUTE, "4m", (32, 64), retries=0,
             settings={"JOB_LOCK_WAIT": "30s"}, may_idle=True),
    # What is due by the minute. The next one publishes what a run that is late leaves.
    Schedule("publish-scheduled", "publish-scheduled", "* * * * *", MINUTE, "4m", (32, 64), retries=0, may_idle=True),
    # What waits for a decision. One run decides for 50 seconds at most; the next one waits for the lock until it is through.
    Schedule("notification-delivery", "notification-delivery", "* * * * *", MINUTE, "4m", (32, 64), retries=0,
             settings={"JOB_LOCK_WAIT": "30s"}, may_idle=True),
    # Mail and webhooks: needs an image of the trait Delivery, a relay, and a way out. A mail in doubt is waited for within its time.
    Schedule("outbox-delivery", "outbox-delivery", "* * * * *", MINUTE, "4m", (48, 96), retries=0, may_idle=True,
             folder="overlays/delivery"),
    # A campaign that has not changed is read once. Events may ask event-drain for one in between.
    Schedule("waitlist-positions", "waitlist-positions", "*/10 * * * *", 10 * MINUTE, "8m", (32, 64), retries=0, may_idle=True),
    # Zones are whole quarters of an hour from UTC.
    Schedule("notification-digest", "notification-digest", "*/15 * * * *", 15 * MINUTE, "10m", (32, 64), may_idle=True),
    # 20 MiB with 10,000 rewards. What is due by the minute, and what became of what was sent. The next one takes what a late run leaves.
    Schedule("reward-delivery", "reward-delivery", "* * * * *", MINUTE, "4m", (32, 64), retries=0, may_idle=True),
    # Each ffmpeg takes up to 150 MiB. It needs its own image and two volumes. A run begins no preview that it may not finish:
    # by the defaults one between two presigned addresses may take 250 seconds.
    Schedule("media-previews", "media-previews", "* * * * *", MINUTE, "270s", (192, 384), retries=0,
             settings={"PREVIEWS_SOURCE_DIR": "/media", "PREVIEWS_TARGET_DIR": "/previews", "JOB_LOCK_WAIT": "30s"}, may_idle=True,
             folder="overlays/previews"),
    # Feeds that have less than 75 seconds left. A run that is late is of no use once the next one has begun.
    Schedule("cache-warmer", "cache-warmer", "* * * * *", MINUTE, "4m", (32, 64), retries=0, may_idle=True),
    # New sign-ups by the minute. The next one checks what a run that is late leaves.
    Schedule("fraud-detection", "fraud-detection", "* * * * *", MINUTE, "4m", (32, 64), retries=0, may_idle=True),
    # Whose neighbourhood has changed, 5,000 users at most; the next one takes what is left.
    Schedule("suggested-users", "suggested-users", "*/10 * * * *", 10 * MINUTE, "8m", (32, 64), retries=0, may_idle=True),
    # 17 MiB, however long the stream. An example: the table and the producer that writes the file are yours.
    Schedule("stage-table", "stage-table", "45 * * * *", HOUR, "30m", (32, 64),
             settings={"STAGE_TABLE": "post_tallies", "STAGE_FILE": "/stream/rows"}, folder="overlays/staging", is_example=True),
    # 21 MiB; with a thousand shards that all fail 98 (a debug build). What it expects of the others follows from this table: see settings_of.
    Schedule("job-doctor", "job-doctor", "*/5 * * * *", 5 * MINUTE, "2m", (32, 128), retries=0,
             settings={"JOB_LEDGER_KEEP": "14d"}),
    # 17 MiB with 100,000 runs in the ledger. Its page needs a volume, and somebody who shows it.
    Schedule("job-report", "job-report", "*/15 * * * *", 15 * MINUTE, "5m", (32, 64), retries=0,
             settings={"REPORT_FILE": "/report/index.html"}, folder="overlays/report"),
]
# Those that are late when they do not come.
AWAITED = [schedule for schedule in SCHEDULES if not schedule.is_example]
# Those that look at the others.
WATCHING = {"job-doctor", "job-report"}


def settings_of(schedule, schedules):
    """A schedule's settings; of those that look at others also what is expected of all those that are deployed with it."""
    if schedule.job not in WATCHING:
        return schedule.settings
    watched = [s for s in schedules if is_watched(s)]
    expected = {"HEALTH_EXPECT": ",".join(f"{ledger_name(s)}={duration(s.every)}" for s in watched),
                "HEALTH_MAY_IDLE": " ".join(ledger_name(s) for s in watched if s.may_idle),
                "HEALTH_LINES": ",".join(f"{job}={line}" for job in sorted({s.job for s in watched}) for line in lines(job))}
    return schedule.settings | {name: text for name, text in expected.items() if text}


def lines(job):
    """The lines of migrations that make a job's own tables: of a database without them, it is not expected."""
    return sorted(set(facts(binaries(), job)["needed_schema"]) - {"core"})


def is_watched(schedule):
    """Whether it is expected to run wherever the base is deployed; what an overlay brings is not."""
    return schedule.job not in WATCHING and schedule.folder == "base"


def ledger_name(schedule):
    return f"{schedule.job}:{schedule.variant}" if schedule.variant else schedule.job


def seconds(duration):
    """Of a duration as settings have it: `4m`."""
    return int(duration[:-1]) * {"s": 1, "m": MINUTE, "h": HOUR, "d": DAY}[duration[-1]]


def duration(seconds):
    """As settings are written: `7d`."""
    unit, name = next((unit, name) for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (1, "s")) if seconds % unit == 0)
    return f"{seconds // unit}{name}"


def usual(schedules):
    """The schedule of a job that does its usual work, or else the one that comes most often."""
    return min(schedules, key=lambda schedule: (len(schedules) > 1 and schedule.variant != "", schedule.every))


def late_after(schedules, of=None):
    """Seconds without a success after which something is wrong: a slot was missed, and the run of the next has had its
    time. Of a job with several schedules the longest may keep it waiting.

    :param of: the schedule that is late; without it the usual one."""
    return (of or usual(schedules)).every + max(s.timeout_seconds for s in schedules) + HOUR


def by_work(schedules):
    """The series that report a job's successes: (name, what selects the series, seconds after which it is late).

    Of a job with one schedule whatever its variant is, and was before its settings changed. Of one with several each
    has its own."""
    if len(schedules) == 1:
        yield schedules[0].job, None, late_after(schedules)
        return
    for schedule in schedules:
        yield ledger_name(schedule), schedule.variant, late_after(schedules, of=schedule)


def by_job(schedules):
    return {job: [s for s in schedules if s.job == job] for job in sorted({s.job for s in schedules})}


def binaries():
    """Where the binaries are: where ONESHOT_BINARIES says, or where `swift build` puts them."""
    built = [ROOT / ".build" / kind for kind in ("debug", "release")]
    return os.environ.get("ONESHOT_BINARIES") or next((folder for folder in built if folder.exists()), built[0])


def facts(binaries, job, settings={}):
    """What a job's binary says of itself, as it is with these settings."""
    return json.loads(subprocess.run(
        [Path(binaries) / job, "--describe"], env=settings, check=True, capture_output=True).stdout)


def check(schedule, described, schedules):
    """An entry that cannot be right is refused before anything is written."""
    settings = {setting["name"]: setting for setting in described["settings"]}
    for name in settings_of(schedule, schedules):
        if name not in settings:
            raise SystemExit(f"{schedule.name}: {schedule.job} has no setting {name}")
        if settings[name]["secret"]:
            raise SystemExit(f"{schedule.name}: {name} may hold a secret; it belongs into the Secret")
    missing = [s["name"] for s in described["settings"] if s["required"] and s["name"] not in ("DATABASE_URL", "REDIS_URL", *schedule.settings)]
    if missing:
        raise SystemExit(f"{schedule.name}: {schedule.job} requires {', '.join(missing)}")
    if schedule.timeout_seconds + described["stops_within_seconds"] > max(schedule.every, 5 * MINUTE):
        raise SystemExit(f"{schedule.name}: a run may take longer than the time between two of them")


def not_worth_a_retry(described):
    return sorted(code for row in described["exit_codes"] if not row["retry"] for code in row["codes"] if code != 0)


def write(path, text, is_check):
    """Writes a file, or says that it is not what it should be.

    :return: whether it was as it should be.
    """
    path = ROOT / path
    if path.exists() and path.read_text() == text:
        return True
    if is_check:
        print(f"{path.relative_to(ROOT)} is not what the code says; `make manifests` writes it again")
        return False
    path.write_text(text)
    print(f"wrote {path.relative_to(ROOT)}")
    return True


def leftovers(folder, written):
    """Generated files of entries that are gone."""
    return [path for path in (ROOT / folder).glob("*.yaml")
            if "Written by" in path.read_text() and path.relative_to(ROOT).as_posix() not in written]
