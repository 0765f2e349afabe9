#!/usr/bin/env python3
"""Writes what of k8s/, and of docker/, follows from the binaries, from schedules.py and from the jobs' pages.

  k8s/generate.py FOLDER_OF_THE_BINARIES            writes the files
  k8s/generate.py --check FOLDER_OF_THE_BINARIES    fails when they are not what would be written
"""
import json
import os
import re
import sys
from string import Template

import helm
from schedules import AWAITED, ROOT, SCHEDULES, WATCHING, by_job, by_work, check, facts, late_after, leftovers, not_worth_a_retry, settings_of, write

HEADER = "# Written by k8s/generate.py from `$job --describe` and k8s/schedules.py. Change those, then `make manifests`."


def template(name):
    return Template((ROOT / "k8s" / "templates" / name).read_text())


def fill(template, schedule, described):
    extra = [f"- {{name: {name}, value: {json.dumps(value)}}}" for name, value in settings_of(schedule, SCHEDULES).items()]
    stops = described["stops_within_seconds"]
    return template.substitute(
        header=Template(HEADER).substitute(job=schedule.job),
        name=schedule.name, job=schedule.job, version=described["version"], summary=described["summary"],
        cron=schedule.cron, start_within=schedule.start_within, retries=schedule.retries, timeout=schedule.timeout,
        # What a run may take, its own last resort included, and what a node may take to fetch the image.
        deadline=schedule.timeout_seconds + stops + 300,
        grace=2 * stops,
        final=", ".join(str(code) for code in not_worth_a_retry(described)),
        settings="".join(f"\n                {line}" for line in extra),
        request=f"{schedule.memory[0]}Mi", limit=f"{schedule.memory[1]}Mi",
        account="oneshot", image=f"oneshot:{described['version']}", pull_policy="IfNotPresent", shared_settings="oneshot-settings",
        secret=f"oneshot-{schedule.job}", suspend="", placement="", mounts="", volumes="")


HOOK = """# To Argo CD: after the service account, before the jobs. PreSync would come before the service account, too.
    argocd.argoproj.io/hook: Sync
    argocd.argoproj.io/sync-wave: "-1"
    argocd.argoproj.io/hook-delete-policy: BeforeHookCreation
    # To Flux: a Job cannot be changed, so it is replaced.
    kustomize.toolkit.fluxcd.io/force: enabled"""

# Of a name that KEDA gives nothing can be read.
NAMED_BY_SLOT = re.compile(r" *# Ends in the minute.*?job-name'\]\n", re.DOTALL)


def scaled(schedule, described):
    """The CronJob's pod in a ScaledJob of KEDA, which starts one when the stream has entries."""
    job = fill(template("cronjob.yaml"), schedule, described).partition("  jobTemplate:\n")[2].partition("\n    spec:\n")[2]
    spec = "\n".join(line[2:] for line in NAMED_BY_SLOT.sub("", job).rstrip().split("\n"))
    default = {setting["name"]: setting["default"] for setting in described["settings"]}
    return template("scaledjob.yaml").substitute(
        header=Template(HEADER).substitute(job=schedule.job), name=schedule.name, job=schedule.job,
        version=described["version"], stream=default["EVENTS_STREAM"], group=default["EVENTS_GROUP"], spec=spec)


def late(template, name, job, schedules):
    seconds = late_after(schedules)
    return template.substitute(name=name, job=job, late_after=seconds, late_hours=round(seconds / 3600, 1))


def late_job(template, job, name, variant, seconds):
    labels = f'job_name="{job}"' + ("" if variant is None else f',variant="{variant}"')
    series = f"job_last_success_timestamp{{{labels}}}"
    return template.substitute(
        name=name, job=job, series=f"max without (variant) ({series})" if variant is None else series,
        late_after=seconds, late_hours=round(seconds / 3600, 1))


def deployed():
    """The jobs that need nothing but the two servers."""
    return list(dict.fromkeys(schedule.job for schedule in SCHEDULES if schedule.folder == "base"))


def samples():
    """The tables of an application that the jobs' pages show, each with a row or two."""
    text = "-- Written by k8s/generate.py from docs/jobs. Change those, then `make manifests`.\n"
    for job in deployed():
        shown = re.search(r"<!-- application -->\n```sql\n(.*?)```", (ROOT / f"docs/jobs/{job}.md").read_text(), re.DOTALL)
        text += f"\n-- {job}\n{shown[1]}" if shown else ""
    return text


def compose(described):
    """Compose's file with a service for each job that needs nothing but the two servers."""
    jobs = deployed()
    services = "".join(
        f"  # {described[job]['summary']}\n  {job}:\n    <<: *job\n    entrypoint: [/usr/local/bin/{job}]\n" for job in jobs)
    shown = "".join(f"      {job}: {{condition: service_completed_successfully}}\n" for job in jobs if job not in WATCHING)
    text = (ROOT / "docker/compose.yaml").read_text()
    for begin, end, lines in (
            ("  # The jobs, by `make manifests`.\n", "  # The end of the jobs.\n", services),
            ("      # Those that it shows, by `make manifests`.\n", "      # The end of those that it shows.\n", shown)):
        before, _, rest = text.partition(begin)
        text = before + begin + lines + end + rest.partition(end)[2]
    return text


def files(binaries):
    described = {job: facts(binaries, job) for job in by_job(SCHEDULES)}
    for schedule in SCHEDULES:
        check(schedule, described[schedule.job], SCHEDULES)
        yield f"k8s/{schedule.folder}/{schedule.name}.yaml", fill(template("cronjob.yaml"), schedule, described[schedule.job])
    (draining,) = [schedule for schedule in SCHEDULES if schedule.job == "event-drain"]
    yield "k8s/overlays/events/event-drain.yaml", scaled(draining, described["event-drain"])
    names = "".join(f"\n  - {schedule.name}.yaml" for schedule in SCHEDULES if schedule.folder == "base")
    yield "docker/compose.yaml", compose(described)
    yield "docker/samples.sql", samples()
    yield "k8s/base/kustomization.yaml", template("base.yaml").substitute(names=names)
    any_job = next(iter(described.values()))
    final = [code for code in not_worth_a_retry(any_job) if code != 65]
    yield "k8s/migrate/job/job.yaml", template("migrate.yaml").substitute(
        version=any_job["version"], final=", ".join(map(str, final)), name="oneshot-migrate", account="oneshot",
        image=f"oneshot:{any_job['version']}", pull_policy="IfNotPresent", secret="oneshot-owner", placement="", hook=HOOK)
    yield "k8s/operator/job.yaml", template("operator.yaml").substitute(version=any_job["version"])
    yield from helm.files(template, described)
    yield "k8s/monitoring/alerts.yaml", template("alerts.yaml").substitute(
        late_jobs="".join(
            late_job(template("late-job.yaml"), job, *work) for job, schedules in by_job(AWAITED).items()
            for work in by_work(schedules)).rstrip(),
        late_schedules="".join(
            late(template("late-schedule.yaml"), schedule.name, schedule.job, [schedule]) for schedule in AWAITED).rstrip())


def main(arguments):
    is_check = arguments[:1] == ["--check"]
    if len(arguments) != 1 + is_check:
        sys.exit(__doc__)
    os.environ["ONESHOT_BINARIES"] = arguments[-1]
    written = dict(files(arguments[-1]))
    is_good = all([write(path, text, is_check) for path, text in written.items()])
    for folder in sorted({name.rpartition("/")[0] for name in written}):
        for path in leftovers(folder, written):
            print(f"{path.relative_to(ROOT)} belongs to no schedule; please remove it")
            is_good = False
    sys.exit(0 if is_good else 1)


main(sys.argv[1:])
