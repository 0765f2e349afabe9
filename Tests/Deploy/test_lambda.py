"""ecs/lambda.yaml: valid, with the schedules of the CronJobs; deployed, its events start the real binary; and the zip."""
import ast
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

from aws import mapped
from functions import EVENTS, PREFIX, TEMPLATE, Functions, template
from manifests import tool
from moments import eventbridge, moments, unix
from schedules import HOUR, SCHEDULES, facts

ROOT = Path(__file__).resolve().parent.parent.parent
BINARIES = Path(os.environ["ONESHOT_BINARIES"])
EMULATOR = ROOT / ".build" / "aws-lambda-rie"
NOT_FOLLOWED = {
    "CKV_AWS_158": "logs hold no secrets, and are encrypted by CloudWatch's own key",
    "CKV_AWS_27": "the queue is encrypted by SQS' own key",
    "CKV_AWS_26": "alerts hold no secrets, and alarms could not publish with SNS' own key",
    "CKV_AWS_116": "events come from Scheduler, and what fails goes to a queue by the EventInvokeConfig",
    "CKV_AWS_173": "variables are encrypted by Lambda's own key; whoever may read the configuration is on the page",
}
WANTED = {schedule.name: schedule for schedule in SCHEDULES if schedule.timeout_seconds <= HOUR and schedule.folder == "base"}


def resources(kind):
    """As a stack whose parameters are their defaults has them; those without a default stay references."""
    whole = template()
    defaults = {name: parameter["Default"] for name, parameter in whole["Parameters"].items() if "Default" in parameter}

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
    found = {name: mapped(found["Properties"], known) for name, found in whole["Resources"].items() if found["Type"] == kind}
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

    def test_checkov_has_nothing_to_say_but_what_is_known(self):
        checked = subprocess.run(
            [tool("checkov"), "--framework", "cloudformation", "-f", TEMPLATE, "--compact", "--skip-download", "--skip-check",
             ",".join(NOT_FOLLOWED)], capture_output=True, text=True)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        self.assertRegex(checked.stdout, "Passed checks: [1-9]")

    def test_schedules_are_those_of_the_cronjobs_but_for_what_takes_hours(self):
        found = {schedule["Name"]: schedule for schedule in resources("AWS::Scheduler::Schedule").values()}
        self.assertEqual(set(found), set(WANTED))
        self.assertNotIn("reindex-rebuild", found)
        for name, schedule in WANTED.items():
            self.assertEqual(moments(eventbridge(found[name]["ScheduleExpression"])), moments(unix(schedule.cron)))

    def test_no_event_sets_what_protects_a_connection_or_how_long_data_are_kept(self):
        for job in sorted({schedule.job for schedule in SCHEDULES}):
            names = [setting["name"] for setting in facts(BINARIES, job)["settings"] if setting["event"]]
            refused = [name for name in names if re.search(r"_KEEP(_|$)|_KEY_PREFIX$|_HTTP$|_PRIVATE$|_PLAINTEXT$|_SET_TTL$", name)]
            self.assertEqual(refused, [], job)

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


class Deployed(unittest.TestCase):
    """A real Postgres and Redis stand behind DATABASE_URL and REDIS_URL."""

    @classmethod
    def setUpClass(cls):
        cls.cloud = Functions()
        cls.addClassCleanup(cls.cloud.close)
        cls.cloud.deploy({name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")})

    def invoker(self, function):
        """Starts a function under AWS' emulator; what is returned invokes it."""
        environment = function["Environment"]["Variables"] | {"AWS_LAMBDA_FUNCTION_TIMEOUT": str(function["Timeout"])}
        (entry,) = function["ImageConfigResponse"]["ImageConfig"]["EntryPoint"]
        port, api = free_port(), free_port()
        emulator = subprocess.Popen(
            [EMULATOR, "--runtime-interface-emulator-address", f"127.0.0.1:{port}", "--runtime-api-address", f"127.0.0.1:{api}",
             BINARIES / entry.rpartition("/")[2]],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(emulator.wait)
        self.addCleanup(emulator.kill)

        def invoke(event):
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
        return invoke

    @unittest.skipUnless(EMULATOR.exists(), "Tests/Support/python-tools.sh was not run")
    def test_what_scheduler_hands_over_is_a_run_for_its_time_and_again_is_none(self):
        event, function = self.cloud.fire("usage-aggregation", "2025-03-01T02:00:00Z")
        invoke = self.invoker(function["Configuration"])
        first = invoke(event)
        self.assertEqual(first["statusCode"], 200, first)
        result = json.loads(first["body"])
        self.assertEqual((result["status"], result["scheduled_at"]), ("succeeded", "2025-03-01T02:00:00Z"))
        self.assertEqual(json.loads(invoke(event)["body"])["reason"], "already_done")

    @unittest.skipUnless(EMULATOR.exists(), "Tests/Support/python-tools.sh was not run")
    def test_what_the_doctor_finds_is_no_error_of_its_function(self):
        event, function = self.cloud.fire("job-doctor", "2025-03-01T02:05:00Z")
        answer = self.invoker(function["Configuration"])(event)
        # Of all that is expected nothing has run.
        self.assertEqual((answer["statusCode"], json.loads(answer["body"])["exit_code"]), (500, 65), answer)
        others = [self.cloud.fire(name, "2025-03-01T02:00:00Z")[1]["Configuration"] for name in WANTED if name != "job-doctor"]
        self.assertFalse([f["FunctionName"] for f in others if "LAMBDA_FAILURES" in f["Environment"]["Variables"]])

    def test_every_schedule_invokes_a_function_that_reads_all_its_settings(self):
        nowhere = {"DATABASE_URL": "postgresql://127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1", "JOB_ATTEMPTS": "1"}
        for name, schedule in WANTED.items():
            event, function = self.cloud.fire(name, "2025-03-01T02:00:00Z")
            function = function["Configuration"]
            self.assertEqual(function["Environment"]["Variables"]["DATABASE_URL"], os.environ["DATABASE_URL"])
            (entry,) = function["ImageConfigResponse"]["ImageConfig"]["EntryPoint"]
            self.assertEqual(entry.rpartition("/")[2], schedule.job)
            environment = function["Environment"]["Variables"] | nowhere | {"JOB_SCHEDULED_AT": json.loads(event)["scheduled_at"]}
            ended = subprocess.run([BINARIES / schedule.job], env=environment, capture_output=True, text=True)
            self.assertEqual(ended.returncode, 69, f"{name}: {ended.stdout}")

    def test_one_event_at_a_time_and_what_is_given_up_is_in_the_queue(self):
        functions, queues = self.cloud.client("lambda"), self.cloud.client("sqs")
        (url,) = queues.list_queues()["QueueUrls"]
        queue = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.assertEqual(len(resources(EVENTS)), len(WANTED))
        for name, schedule in WANTED.items():
            target = self.cloud.client("scheduler").get_schedule(Name=name, GroupName=PREFIX)["Target"]
            self.assertEqual(target["DeadLetterConfig"]["Arn"], queue)
            self.assertEqual(functions.get_function_concurrency(FunctionName=target["Arn"])["ReservedConcurrentExecutions"], 1)
            events = functions.get_function_event_invoke_config(FunctionName=target["Arn"])
            self.assertEqual(events["DestinationConfig"]["OnFailure"]["Destination"], queue)
            self.assertEqual(events["MaximumRetryAttempts"], schedule.retries)

    def test_roles_may_do_that_and_nothing_else(self):
        iam, allowed = self.cloud.client("iam"), {}
        for role in iam.list_roles()["Roles"]:
            for policy in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
                document = iam.get_role_policy(RoleName=role["RoleName"], PolicyName=policy)["PolicyDocument"]
                # Of a role that a stack has made moto returns it as Python writes it.
                for statement in (ast.literal_eval(document) if isinstance(document, str) else document)["Statement"]:
                    allowed.setdefault(policy, {})[statement["Action"]] = statement["Resource"]
        targets = {self.cloud.client("scheduler").get_schedule(Name=name, GroupName=PREFIX)["Target"]["Arn"] for name in WANTED}
        self.assertEqual(set(allowed["start"]["lambda:InvokeFunction"]), targets)
        self.assertEqual({policy: set(actions) for policy, actions in allowed.items()},
                         {"start": {"lambda:InvokeFunction", "sqs:SendMessage"}, "not-done": {"sqs:SendMessage"}})


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
