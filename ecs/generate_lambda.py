#!/usr/bin/env python3
"""Writes ecs/lambda.yaml, a CloudFormation template of Lambda functions, from the binaries and k8s/schedules.py.

  ecs/generate_lambda.py FOLDER_OF_THE_BINARIES            writes it
  ecs/generate_lambda.py --check FOLDER_OF_THE_BINARIES    fails when it is not what would be written
"""
import json

from generate import HOUR, SCHEDULES, by_job, camel, check, facts, late_alarms, main, of_schedules, settings_of, template, value

# What may take hours (a rebuild) is not for Lambda, which gives an event 15 minutes. Nor is what needs a volume.
FUNCTIONS = [schedule for schedule in SCHEDULES if schedule.timeout_seconds <= HOUR and schedule.folder == "base"]
LONGEST = 900
# What Lambda is given more than the run: its time to end (LambdaLoop.reserve), and a second to start.
MORE = 12

# The event, as Scheduler hands it over once it has filled in the words in brackets.
INPUT = {"scheduled_at": "<aws.scheduler.scheduled-time>", "execution_id": "<aws.scheduler.execution-id>",
         "attempt": "<aws.scheduler.attempt-number>"}


def stack(binaries):
    described = {job: facts(binaries, job) for job in by_job(FUNCTIONS)}
    functions = ""
    for schedule in FUNCTIONS:
        check(schedule, described[schedule.job], FUNCTIONS)
        settings = settings_of(schedule, FUNCTIONS)
        if schedule.job == "job-doctor":
            # It says by 65 that it found something: every five minutes until that is fixed.
            settings = settings | {"LAMBDA_FAILURES": "response"}
        functions += template("lambda-function.yaml").substitute(
            id=camel(schedule.name), name=schedule.name, job=schedule.job, summary=described[schedule.job]["summary"],
            timeout=schedule.timeout, seconds=min(LONGEST, schedule.timeout_seconds + MORE),
            settings="".join(f"\n          {name}: {value(name, text)}" for name, text in settings.items()), retries=schedule.retries, input=json.dumps(INPUT, separators=(",", ":")),
            start_within=max(60, schedule.start_within))
    functions += late_alarms(FUNCTIONS)
    return template("lambda-stack.yaml").substitute(functions=functions.rstrip(), **of_schedules(FUNCTIONS, "-lambda"), function_arns="".join(
        f"\n                  - !GetAtt {camel(schedule.name)}Function.Arn" for schedule in FUNCTIONS))


if __name__ == "__main__":
    main(__doc__, "ecs/lambda.yaml", stack)
