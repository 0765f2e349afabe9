"""ecs/lambda.yaml: valid, with the schedules of the CronJobs, and what it hands over starts the real binary; and the zip."""
import json
import os
import re
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request
import zipfile
from pathlib import Path

import cfnlint.decode.cfn_yaml
from aws import mapped
from manifests import tool
from moments import eventbridge, moments, unix
from schedules import HOUR, SCHEDULES, facts

ROOT = Path(__file__).resolve().parent.parent.parent
TEMPLATE = ROOT / "ecs" / "lambda.yaml"
BINARIES = Path(os.environ["ONESHOT_BINARIES"])
EMULATOR = ROOT / ".build" / "aws-lambda-rie"
WANTED = {schedule.name: schedule for schedule in SCHEDULES if schedule.timeout_seconds <= HOUR and schedule.folder == "base"}


def resources(kind):
    """As a stack whose parameters are their defaults has them; those without a default stay references."""
    template = json.loads(json.dumps(cfnlint.decode.cfn_yaml.load(str(TEMPLATE)), default=str))
    defaults = {name: parameter["Default"] for name, parameter in template["Parameters"].items() if "Default" in parameter}

    def known(value):
        if not isinstance(value, dict) or len(value) != 1:
            return None
        ((function, argument),) = value.items()
        if function == "Ref":
            return defaults.get(argument)
        if function == "Fn::Sub" and isinstance(argument, str):
            return re.sub(r"\$\{(\w+)\}", lambda name: str(defaults.get(name[1], name[0])), argument)
        # Of an installation without a name there is none.
        return {} if function == "Fn::If" and argument[0] == "HasInstance" else None
    found = {name: mapped(found["Properties"], known) for name, found in template["Resources"].items() if found["Type"] == kind}
    for function in found.values():
        variables = function.get("Environment", {}).get("Variables", {})
        for name in [name for name, text in variables.items() if text == {}]:
            del variables[name]
    return found


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Template(unittest.TestCase):
    def test_cfn_lint_has_nothing_to_say_but_would_find_a_wrong_property(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(TEMPLATE.read_text().replace("MaximumRetryAttempts", "MaximumRetries"))
            file.flush()
            checked = subprocess.run([tool("cfn-lint"), "--format", "json", "-t", TEMPLATE, file.name], capture_output=True, text=True)
            found = [(match["Filename"], match["Message"]) for match in json.loads(checked.stdout)]
            self.assertEqual([message for path, message in found if path != file.name], [])
            self.assertTrue([message for _, message in found if "MaximumRetries" in message], found)

    def test_schedules_are_those_of_the_cronjobs_but_for_what_takes_hours(self):
        found = {schedule["Name"]: schedule for schedule in resources("AWS::Scheduler::Schedule").values()}
        self.assertEqual(set(found), set(WANTED))
        self.assertNotIn("reindex-rebuild", found)
        for name, schedule in WANTED.items():
            self.assertEqual(moments(eventbridge(found[name]["ScheduleExpression"])), moments(unix(schedule.cron)))

    def test_functions_have_settings_of_their_binary_and_time_for_the_end_of_a_run(self):
        for function in resources("AWS::Lambda::Function").values():
            (path,) = function["ImageConfig"]["EntryPoint"]
            job = path.rpartition("/")[2]
            declared = {setting["name"] for setting in facts(BINARIES, job)["settings"]}
            self.assertLessEqual(set(function["Environment"]["Variables"]), declared)
            schedule = WANTED[function["FunctionName"].removeprefix("oneshot-lambda-")]
            self.assertEqual(job, schedule.job)
            self.assertTrue(15 <= function["Timeout"] <= 900)
            self.assertGreaterEqual(function["Timeout"], min(900, schedule.timeout_seconds + 11))


class Invoked(unittest.TestCase):
    @unittest.skipUnless(EMULATOR.exists(), "Tests/Support/python-tools.sh was not run")
    def test_what_scheduler_hands_over_is_a_run_for_its_time_and_again_is_none(self):
        inputs = {schedule["Target"]["Input"] for schedule in resources("AWS::Scheduler::Schedule").values()}
        (event,) = inputs
        for word, value in (("scheduled-time", "2025-03-01T02:00:00Z"), ("execution-id", "d32c5kddcf5bb8c3"), ("attempt-number", "1")):
            self.assertIn(f"<aws.scheduler.{word}>", event)
            event = event.replace(f"<aws.scheduler.{word}>", value)
        (function,) = [f for f in resources("AWS::Lambda::Function").values() if f["FunctionName"] == "oneshot-lambda-usage-aggregation"]
        variables = function["Environment"]["Variables"] | {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")}
        port, api = free_port(), free_port()
        emulator = subprocess.Popen(
            [EMULATOR, "--runtime-interface-emulator-address", f"127.0.0.1:{port}", "--runtime-api-address", f"127.0.0.1:{api}",
             BINARIES / "usage-aggregation", "handler"],
            env=variables | {"AWS_LAMBDA_FUNCTION_TIMEOUT": str(function["Timeout"])}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(emulator.wait)
        self.addCleanup(emulator.kill)

        def invoke():
            limit = time.monotonic() + 60
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except OSError:
                    if time.monotonic() > limit:
                        raise
                    time.sleep(0.05)
            url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
            with urllib.request.urlopen(urllib.request.Request(url, event.encode()), timeout=300) as answer:
                return json.loads(answer.read())
        first = invoke()
        self.assertEqual(first["statusCode"], 200, first)
        result = json.loads(first["body"])
        self.assertEqual((result["status"], result["scheduled_at"]), ("succeeded", "2025-03-01T02:00:00Z"))
        self.assertEqual(json.loads(invoke()["body"])["reason"], "already_done")


class Zip(unittest.TestCase):
    @unittest.skipUnless(Path("/usr/bin/patchelf").exists(), "patchelf is not installed")
    def test_the_program_starts_where_there_is_nothing_else(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "job.zip")
            packed = subprocess.run([ROOT / "docker/lambda-zip.sh", BINARIES, "usage-aggregation", path], capture_output=True, text=True)
            self.assertEqual(packed.returncode, 0, packed.stderr)
            task = Path(folder, "root", "var", "task")
            task.mkdir(parents=True)
            with zipfile.ZipFile(path) as archive:
                for entry in archive.infolist():
                    os.chmod(archive.extract(entry, task), entry.external_attr >> 16 & 0o777)
            self.assertIn("ca-certificates.crt", os.listdir(task))
            # Swift reads the words of its command line there.
            Path(folder, "root", "proc").mkdir()
            script = 'mount --rbind /proc "$1/proc" && exec chroot "$1" /var/task/bootstrap --version'
            ran = subprocess.run(["unshare", "-rm", "sh", "-c", script, "sh", f"{folder}/root"], capture_output=True,
                                 text=True, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
            self.assertTrue(ran.stdout.startswith("usage-aggregation "), ran.stderr)


unittest.main()
