#!/usr/bin/env python3
"""Writes ecs/oneshot.yaml, a CloudFormation template, from the binaries and k8s/schedules.py.

  ecs/generate.py FOLDER_OF_THE_BINARIES            writes it
  ecs/generate.py --check FOLDER_OF_THE_BINARIES    fails when it is not what would be written
"""
import json
import os
import sys
from pathlib import Path
from string import Template

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "k8s"))
from schedules import HOUR, MINUTE, SCHEDULES, by_job, check, facts, late_after, settings_of, usual, write  # noqa: E402

# A Fargate task takes most of a minute to start: what comes every minute is not for it. Nor is what needs a volume.
FARGATE = [schedule for schedule in SCHEDULES if schedule.every >= 5 * MINUTE and schedule.folder == "base"]

# RunTask's overrides, as Scheduler hands them over once it has filled in the time.
INPUT = {"containerOverrides": [{"name": "job", "environment": [
    {"name": "JOB_SCHEDULED_AT", "value": "<aws.scheduler.scheduled-time>"}]}]}


def template(name):
    return Template((ROOT / "ecs" / "templates" / name).read_text())


def eventbridge(cron):
    """Scheduler's cron: a year more, and one of the two days has to be left open."""
    minute, hour, day, month, weekday = cron.split()
    return f"cron({minute} {hour} ? {month} {weekday} *)" if weekday != "*" else f"cron({minute} {hour} {day} {month} ? *)"


def camel(name):
    return "".join(word.capitalize() for word in name.split("-"))


def late_alarms(deployed):
    alarms = ""
    for job, schedules in by_job(deployed).items():
        # The usual one's: CloudWatch looks back no further than a week.
        variant = usual(schedules).variant
        alarms += template("late.yaml").substitute(
            id=camel(job), job=job, usual=camel(usual(schedules).name),
            variant=f"\n        - {{Name: variant, Value: {json.dumps(variant)}}}" if variant else "")
    return alarms


def expected(deployed):
    """Whom job-doctor expects, unless the parameter says otherwise."""
    (doctor,) = [schedule for schedule in deployed if schedule.job == "job-doctor"]
    return settings_of(doctor, deployed)["HEALTH_EXPECT"]


def value(name, text):
    """A setting as YAML; what a parameter says in the place of it."""
    return "!Ref HealthExpect" if name == "HEALTH_EXPECT" else json.dumps(text)


def of_schedules(deployed, suffix=""):
    """Parameters and conditions of names and schedules: what two stacks of one account have to differ in, and when jobs run."""
    parameters = "".join(template("schedule-parameters.yaml").substitute(
        id=camel(schedule.name), name=schedule.name, cron=eventbridge(schedule.cron)).rstrip() for schedule in deployed)
    parameters += "".join(template("late-parameters.yaml").substitute(
        id=camel(job), job=job, hours=-(-late_after(schedules) // HOUR)).rstrip() for job, schedules in by_job(deployed).items())
    return {
        "names": template("names.yaml").substitute(suffix=suffix, expect=expected(deployed), schedule_parameters=parameters),
        "schedule_conditions": "".join(
            f'\n  Has{id}Cron: !Not [!Equals [!Ref {id}Cron, ""]]' for id in (camel(schedule.name) for schedule in deployed))}


def stack(binaries):
    described = {job: facts(binaries, job) for job in by_job(FARGATE)}
    jobs, arns = "", ""
    for schedule in FARGATE:
        check(schedule, described[schedule.job], FARGATE)
        settings = "".join(f"\n            - {{Name: {name}, Value: {value(name, text)}}}"
                           for name, text in settings_of(schedule, FARGATE).items())
        jobs += template("job.yaml").substitute(
            id=camel(schedule.name), owner=camel(schedule.job), name=schedule.name, job=schedule.job, summary=described[schedule.job]["summary"],
            timeout=schedule.timeout, settings=settings, group="-doctor" if schedule.job == "job-doctor" else "",
            input=json.dumps(INPUT, separators=(",", ":")), start_within=max(60, schedule.start_within))
        arns += ("\n                  - !Sub arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}"
                 f":task-definition/${{Prefix}}-{schedule.name}:*")
    jobs += late_alarms(FARGATE)
    secrets = [(job, camel(job)) for job in described]
    return template("stack.yaml").substitute(
        jobs=jobs.rstrip(), task_arns=arns, **of_schedules(FARGATE),
        secret_parameters="".join(template("secret.yaml").substitute(id=id, job=job).rstrip() for job, id in secrets),
        secret_conditions="".join(f'\n  Has{id}Secret: !Not [!Equals [!Ref {id}SecretArn, ""]]' for _, id in secrets),
        secret_arns="".join(f"\n                  - !If [Has{id}Secret, !Ref {id}SecretArn, !Ref AWS::NoValue]" for _, id in secrets))


def main(usage, path, stack):
    arguments = sys.argv[1:]
    is_check = arguments[:1] == ["--check"]
    if len(arguments) != 1 + is_check:
        sys.exit(usage)
    os.environ["ONESHOT_BINARIES"] = arguments[-1]
    sys.exit(0 if write(path, stack(arguments[-1]), is_check) else 1)


if __name__ == "__main__":
    main(__doc__, "ecs/oneshot.yaml", stack)
