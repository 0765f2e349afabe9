"""The files of k8s/chart that follow from the binaries and schedules.py: the same pods as in k8s/base, by the same templates."""
import json
from string import Template

import yaml

from schedules import DAY, HOUR, MINUTE, ROOT, SCHEDULES, WATCHING, duration, ledger_name, lines, not_worth_a_retry

# What needs more than a pod: its page has a web server, which shares a volume.
LEFT_OUT = {"job-report"}
# What a pod needs besides, as the patch of the job's overlay has it.
PATCHES = {"media-previews": "media-previews-volumes.yaml", "stage-table": "stage-table-producer.yaml"}
INCLUDED = [schedule for schedule in SCHEDULES if schedule.job not in LEFT_OUT]
WRITTEN = "Written by k8s/generate.py from the binaries and k8s/schedules.py. Change those, then `make manifests`."

# Only what is the chart's alone; the rest of a pod is the text of k8s/templates.
CRONJOB = {
    "header": "# {{ $key }}: {{ $fact.summary }}", "summary": "Written by Helm from the chart's templates/cronjobs.yaml.",
    "name": "{{ $name }}", "job": "{{ $fact.job }}", "version": "{{ $.Chart.AppVersion }}", "cron": "{{ $job.schedule }}",
    "suspend": "\n  suspend: {{ $job.suspend }}",
    "start_within": "{{ min 14400 (max 30 (div (include \"oneshot.seconds\" $job.every) 2)) }}",
    "retries": "{{ $job.retries }}", "timeout": "{{ $job.timeout }}",
    "deadline": "{{ add (include \"oneshot.seconds\" $job.timeout) $fact.stops 300 }}", "grace": "{{ mul 2 $fact.stops }}",
    "final": "{{ join \", \" $fact.final }}", "account": "{{ $.Values.prefix }}oneshot",
    "placement": "{{ include \"oneshot.placement\" $ | nindent 10 }}{{ include \"oneshot.before\" $job | nindent 10 }}", "image": "{{ $job.image | default (include \"oneshot.image\" $) }}",
    "pull_policy": "{{ $.Values.image.pullPolicy }}", "shared_settings": "{{ $.Values.prefix }}oneshot-settings",
    "settings": "{{ include \"oneshot.settings\" (dict \"root\" $ \"fact\" $fact \"job\" $job) | nindent 16 }}",
    "request": "{{ $job.memory.request }}", "limit": "{{ $job.memory.limit }}",
    "mounts": "{{ include \"oneshot.mounts\" (dict \"root\" $ \"fact\" $fact \"job\" $job) | nindent 16 }}",
    "secret": "{{ $job.secretName | default $.Values.secretName | default (printf \"oneshot-%s\" $fact.job) }}",
    "volumes": "{{ include \"oneshot.volumes\" (dict \"root\" $ \"fact\" $fact \"job\" $job) | nindent 12 }}",
}
HOOK = """helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-delete-policy: before-hook-creation"""


def facts_of(schedule, described):
    """What of a schedule no value changes."""
    return {
        "job": schedule.job, "summary": described["summary"], "stops": described["stops_within_seconds"],
        "final": not_worth_a_retry(described), "ledger": ledger_name(schedule), "lines": lines(schedule.job), "mayIdle": schedule.may_idle,
        "watches": schedule.job in WATCHING,
        # Settings that take a file or a folder of the user's, unless a volume has it.
        "files": [s["name"] for s in described["settings"]
                  if s["form"] == "path" and s["of"] == "job" and s["name"] not in schedule.settings]}


def values_of(schedule):
    return {
        "enabled": schedule.folder == "base", "suspend": False, "schedule": schedule.cron, "every": duration(schedule.every),
        "timeout": schedule.timeout, "retries": schedule.retries,
        "memory": {"request": f"{schedule.memory[0]}Mi", "limit": f"{schedule.memory[1]}Mi"},
        "settings": schedule.settings, "image": "", "secretName": "", **added_to(schedule)}


def added_to(schedule):
    """Values for an image of its own, volumes, and containers that run before the job."""
    if schedule.job not in PATCHES:
        return {}
    patch = yaml.safe_load((ROOT / "k8s" / schedule.folder / PATCHES[schedule.job]).read_text())
    pod = patch["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    added = {name: container[name] for name in ("image", "volumeMounts") if name in container}
    return added | {name: pod[name] for name in ("initContainers", "volumes") if name in pod}


def values(template, described):
    jobs = ""
    for schedule in INCLUDED:
        jobs += f"  # {described[schedule.job]['summary']}\n  {schedule.name}:\n"
        jobs += "".join(f"    {name}: {json.dumps(value)}\n" for name, value in values_of(schedule).items())
    return template.substitute(written=WRITTEN, jobs=jobs.rstrip())


def schema():
    """Refuses what no job and no template knows: a misspelt value would do nothing, without a word."""
    duration_text = {"type": "string", "pattern": "^[1-9][0-9]*[smhd]$"}
    scalar = {"type": ["string", "number", "boolean", "null"]}
    settings = {"type": "object", "propertyNames": {"pattern": "^[A-Z][A-Z0-9_]*$"}, "additionalProperties": scalar}
    closed = lambda properties: {"type": "object", "additionalProperties": False, "properties": properties}
    text, flag = {"type": "string"}, {"type": "boolean"}
    listed, mapped = {"type": "array"}, {"type": "object"}
    job = closed({
        "enabled": flag, "suspend": flag, "schedule": {"type": "string", "pattern": r"^\S+( \S+){4}$"},
        "every": duration_text, "timeout": duration_text, "retries": {"type": "integer", "minimum": 0},
        "memory": closed({"request": text, "limit": text}), "settings": settings, "image": text, "secretName": text,
        "initContainers": listed, "volumes": listed, "volumeMounts": listed})
    return {
        "$schema": "http://json-schema.org/draft-07/schema#", "$comment": WRITTEN,
        **closed({
            "global": mapped, "prefix": text, "secretName": text, "settings": settings,
            "image": closed({"repository": text, "tag": text, "digest": {"type": "string", "pattern": "^(sha256:[0-9a-f]{64})?$"},
                             "pullPolicy": {"enum": ["Always", "IfNotPresent", "Never"]}}),
            "imagePullSecrets": listed, "nodeSelector": mapped, "tolerations": listed, "affinity": mapped,
            "priorityClassName": text,
            "sql": {"type": "object", "additionalProperties": False, "properties": {
                name: {"type": "object", "additionalProperties": text} for name in PATHS}},
            "migrate": closed({"enabled": flag, "secretName": text}),
            "networkPolicy": closed({"enabled": flag, "dns": listed, "egress": listed, "delivery": listed}),
            "jobs": closed({schedule.name: job for schedule in INCLUDED})})}


PATHS = []


def files(template, described):
    """:param template: reads a file of k8s/templates."""
    facts = {schedule.name: facts_of(schedule, described[schedule.job]) for schedule in INCLUDED}
    PATHS[:] = sorted({name for fact in facts.values() for name in fact["files"]})
    version = next(iter(described.values()))["version"]
    yield "k8s/chart/Chart.yaml", template("chart.yaml").substitute(written=WRITTEN, version=version)
    yield "k8s/chart/values.yaml", values(template("values.yaml"), described)
    yield "k8s/chart/values.schema.json", json.dumps(schema(), indent=2) + "\n"
    yield "k8s/chart/templates/_facts.tpl", (
        f"{{{{/* {WRITTEN} */}}}}\n{{{{- define \"oneshot.facts\" }}}}\n{json.dumps(facts, indent=1)}\n{{{{- end }}}}\n")
    yield "k8s/chart/templates/cronjobs.yaml", f"""{{{{- /* {WRITTEN} */ -}}}}
{{{{- $facts := include "oneshot.facts" . | fromJson }}}}
{{{{- range $key, $job := .Values.jobs }}}}
{{{{- if $job.enabled }}}}
{{{{- $fact := get $facts $key }}}}
{{{{- $name := printf "%s%s" $.Values.prefix $key }}}}
---
{template("cronjob.yaml").substitute(CRONJOB)}
{{{{- end }}}}
{{{{- end }}}}
"""
    any_job = next(iter(described.values()))
    migrate = template("migrate.yaml").substitute(
        name="{{ .Values.prefix }}oneshot-migrate", version="{{ .Chart.AppVersion }}", hook=HOOK,
        final=", ".join(str(code) for code in not_worth_a_retry(any_job) if code != 65),
        # Before the first installation there is no account of the chart's; the pod gets no token of this one.
        account="default", placement="{{ include \"oneshot.placement\" . | nindent 6 }}",
        image="{{ include \"oneshot.image\" . }}", pull_policy="{{ .Values.image.pullPolicy }}",
        secret="{{ .Values.migrate.secretName }}")
    yield "k8s/chart/templates/migrate.yaml", f"{{{{- if .Values.migrate.enabled }}}}\n{migrate.rstrip()}\n{{{{- end }}}}\n"
