#!/usr/bin/env python3
"""Writes the systemd units of jobs: a service and a timer for each schedule of k8s/schedules.py, a service for a job without one.

  units.py FOLDER_OF_THE_BINARIES JOB BIN OUT      BIN: the folder where the binaries are installed
"""
import re
import sys
from pathlib import Path
from string import Template

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "k8s"))
from schedules import HOUR, SCHEDULES, Schedule, duration, facts, not_worth_a_retry  # noqa: E402

# What job-report writes where another program reads it: /var/lib/oneshot-report.
FOLDERS = {"job-report": ("REPORT_FILE=%S/oneshot-report/index.html", "\nStateDirectory=oneshot-report\nUMask=0022")}


def of(job):
    """The schedules of a job that a machine can have as they are; an example is for its owner to write."""
    return [schedule for schedule in SCHEDULES if schedule.job == job and not schedule.is_example]


def field(text, first=0, names=False):
    """One field of cron as systemd writes it."""
    if text == "*":
        return "*"
    if found := re.fullmatch(r"\*/([0-9]+)", text):
        return f"{first:02}/{found[1]}"
    pieces = [piece.split("-") for piece in text.split(",")]
    if any(len(piece) > 2 or not all(word.isalpha() if names else word.isdigit() for word in piece) for piece in pieces):
        raise SystemExit(f"«{text}»: a field of a schedule that has no form for systemd here")
    return ",".join("..".join(word.capitalize() if names else f"{int(word):02}" for word in piece) for piece in pieces)


def calendar(cron):
    """Five fields of cron as OnCalendar. UTC: in a zone, a timer leaves out the hour that clocks repeat."""
    minute, hour, day, month, weekday = cron.split()
    days = "" if weekday == "*" else field(weekday, names=True) + " "
    return f"{days}*-{field(month, 1)}-{field(day, 1)} {field(hour)}:{field(minute)}:00 UTC"


def quoted(name, value):
    """A setting as Environment= takes it: a percent sign would begin a specifier."""
    text = f"{name}={value}".replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'\nEnvironment="{text}"'


def settings_of(schedule):
    """What a schedule sets, but for folders of a pod. Whom job-doctor expects is for whoever enables timers to say."""
    return {name: value for name, value in schedule.settings.items() if not value.startswith("/")}


def service(described, name, bin, schedule=None):
    job, stops = described["name"], described["stops_within_seconds"]
    is_retried = schedule is not None and schedule.retries > 0
    settings, more = FOLDERS.get(job, ("", "\nUMask=0077"))
    texts = quoted("JOB_TIMEOUT", schedule.timeout) if schedule else ""
    texts += "".join(quoted(*setting) for setting in settings_of(schedule).items()) if schedule else ""
    texts += f"\nEnvironment={settings}" if settings else ""
    (stopped,) = [row["codes"] for row in described["exit_codes"] if row["status"] == "interrupted"]
    final = " ".join(str(code) for code in not_worth_a_retry(described))
    # Its first start and the retries; a slot later they count again.
    within = f"{schedule.every * 9 // 10}s" if is_retried else "0"
    return Template((HERE / "job.service").read_text()).substitute(
        unit=f"oneshot-{name}", job=job, summary=described["summary"], bin=bin,
        within=within, starts=1 + schedule.retries if is_retried else 1,
        files="".join(f"\nEnvironmentFile=-/etc/oneshot/{file}.env" for file in dict.fromkeys((job, name))),
        settings=texts, limit=duration(schedule.timeout_seconds + 5 * 60) if schedule else "infinity", stop=f"{2 * stops}s",
        restart=f"Restart=on-failure\nRestartSec=30s\nRestartPreventExitStatus={final}" if is_retried else "Restart=no",
        stopped=" ".join(str(code) for code in stopped), memory=schedule.memory[1] if schedule else 128, more=more)


def timer(described, schedule):
    # A machine that was off runs it when it is back; what comes every few minutes comes anyway.
    more = "\nPersistent=yes" if schedule.every >= HOUR else ""
    return Template((HERE / "job.timer").read_text()).substitute(
        unit=f"oneshot-{schedule.name}", job=schedule.job, summary=described["summary"], calendar=calendar(schedule.cron), more=more)


def units(binaries, job, bin):
    """Files of a job, by name."""
    if job == "job-exec":
        return {}  # It runs a program that only its owner knows.
    described = facts(binaries, job)
    if not of(job):
        return {f"oneshot-{job}.service": service(described, job, bin)}
    found = {}
    for schedule in of(job):
        found[f"oneshot-{schedule.name}.service"] = service(described, schedule.name, bin, schedule)
        found[f"oneshot-{schedule.name}.timer"] = timer(described, schedule)
    return found


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    for name, text in units(*sys.argv[1:4]).items():
        Path(sys.argv[4], name).write_text(text)
