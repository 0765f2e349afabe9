"""ecs/oneshot.yaml: valid, right where no schema looks, and what it starts works against real servers."""
import copy
import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from aws import TEMPLATE, Cloud, template
from manifests import tool
from moments import eventbridge, moments, unix
from schedules import MINUTE, SCHEDULES, facts

BINARIES = Path(os.environ["ONESHOT_BINARIES"])
# A Fargate task takes most of a minute to start, and has no volume.
WANTED = [schedule for schedule in SCHEDULES if schedule.every > MINUTE and schedule.folder == "base"]
NOT_FOLLOWED = {
    "CKV_AWS_158": "logs hold no secrets, and are encrypted by CloudWatch's own key",
    "CKV_AWS_27": "the queue is encrypted by SQS' own key",
    "CKV_AWS_26": "alerts hold no secrets, and alarms could not publish with SNS' own key",
}


def run(*words, **options):
    return subprocess.run(words, capture_output=True, text=True, **options)


def resources(kind):
    return {name: found["Properties"] for name, found in template()["Resources"].items() if found["Type"] == kind}


class Template(unittest.TestCase):
    def test_cfn_lint_has_nothing_to_say_but_would_find_a_wrong_property(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            text = TEMPLATE.read_text()
            self.assertIn("RetryPolicy", text)
            file.write(text.replace("RetryPolicy", "RetryPolicies"))
            file.flush()
            checked = run(tool("cfn-lint"), "--format", "json", "-t", TEMPLATE, file.name)
            found = [(match["Filename"], match["Message"]) for match in json.loads(checked.stdout)]
            self.assertEqual([message for path, message in found if path != file.name], [])
            self.assertTrue([message for path, message in found if "RetryPolicies" in message], found)

    def test_checkov_has_nothing_to_say_but_what_is_known(self):
        checked = run(tool("checkov"), "--framework", "cloudformation", "-f", TEMPLATE, "--compact", "--quiet",
                      "--skip-download", "--skip-check", ",".join(NOT_FOLLOWED))
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_schedules_are_those_of_the_cronjobs(self):
        found = {schedule["Name"]: schedule for schedule in resources("AWS::Scheduler::Schedule").values()}
        self.assertEqual(set(found), {schedule.name for schedule in WANTED})
        for schedule in WANTED:
            ours = found[schedule.name]
            self.assertEqual(ours["ScheduleExpressionTimezone"], "UTC")
            parameter = template()["Parameters"][ours["ScheduleExpression"]["Ref"]]
            self.assertEqual(moments(eventbridge(parameter["Default"])), moments(unix(schedule.cron)))

    def test_a_wrong_expression_would_be_found(self):
        for wrong in ("cron(0 2 * * *)", "cron(0 2 * * * *)", "cron(0 2 ? * ? *)", "rate(1 day)", "cron(0 24 * * ? *)",
                      "cron(0 2 1 * MON *)"):
            with self.assertRaises(ValueError, msg=wrong):
                eventbridge(wrong)

    def test_what_is_handed_over_is_json_with_the_time(self):
        for schedule in resources("AWS::Scheduler::Schedule").values():
            given = json.loads(schedule["Target"]["Input"])
            (container,) = given["containerOverrides"]
            self.assertEqual(container["environment"], [
                {"name": "JOB_SCHEDULED_AT", "value": "<aws.scheduler.scheduled-time>"}])

    def test_containers_are_locked_up_and_told_only_what_their_binary_reads(self):
        for name, task in resources("AWS::ECS::TaskDefinition").items():
            (container,) = task["ContainerDefinitions"]
            self.assertIs(container["ReadonlyRootFilesystem"], True)
            self.assertEqual(container["User"], "65532:65532")
            self.assertEqual(container["LinuxParameters"]["Capabilities"], {"Drop": ["ALL"]})
            self.assertNotIn("TaskRoleArn", task)
            binary = container["EntryPoint"][0].rpartition("/")[2]
            self.assertTrue((BINARIES / binary).exists(), binary)
            if binary == "oneshot":
                continue
            described = facts(BINARIES, binary)
            declared = {setting["name"]: setting["secret"] for setting in described["settings"]}
            self.assertGreater(container["StopTimeout"], described["stops_within_seconds"])
            # A setting that only some stacks have is an Fn::If with its entry.
            given = [entry["Fn::If"][1] if "Fn::If" in entry else entry for entry in container["Environment"]]
            self.assertEqual({declared[entry["Name"]] for entry in given}, {False}, name)
            self.assertEqual({declared[entry["Name"]] for entry in container["Secrets"]}, {True}, name)

    def test_tasks_are_let_out_to_where_the_parameters_say_and_nowhere_else(self):
        (group,) = resources("AWS::EC2::SecurityGroup").values()
        let_out = {rule["FromPort"]: rule["CidrIp"]["Ref"] for rule in group["SecurityGroupEgress"]}
        self.assertEqual(let_out, {5432: "PostgresCidr", 6379: "RedisCidr", 443: "AwsCidr"})
        (more,) = [found for found in template()["Resources"].values() if found["Type"] == "AWS::EC2::SecurityGroupEgress"]
        rule = more["Properties"]
        self.assertEqual((more["Condition"], rule["FromPort"], rule["CidrIp"]["Ref"]), ("HasSql", 2049, "SqlCidr"))
        self.assertTrue(set(let_out.values()) <= set(template()["Parameters"]))

    def test_permissions_name_their_resources(self):
        for kind in ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"):
            for name, found in resources(kind).items():
                policies = [p["PolicyDocument"] for p in found.get("Policies", [])] + [
                    found[key] for key in ("PolicyDocument",) if key in found]
                for statement in (s for policy in policies for s in policy["Statement"]):
                    if statement["Action"] != "ecr:GetAuthorizationToken":
                        self.assertNotEqual(statement["Resource"], "*", name)
                    self.assertNotIn("*", json.dumps(statement["Action"]), name)

    def test_sql_of_yours_is_read_from_the_file_system_that_the_parameter_names(self):
        # moto does not make volumes of a file system, so the template is looked at.
        for name, task in resources("AWS::ECS::TaskDefinition").items():
            if name not in ("MigrationTask", "OperatorTask"):
                condition, ((volume,), _) = task["Volumes"]["Fn::If"][0], task["Volumes"]["Fn::If"][1:]
                self.assertEqual((condition, volume["EFSVolumeConfiguration"]), (
                    "HasSql", {"FilesystemId": {"Ref": "SqlFileSystemId"}, "TransitEncryption": "ENABLED"}))

    def test_a_late_alarm_lasts_as_long_as_cloudwatch_can_look_back(self):
        alarms = [a for a in resources("AWS::CloudWatch::Alarm").values() if a["Namespace"] == "oneshot"]
        self.assertEqual({a["Dimensions"][0]["Value"] for a in alarms}, {schedule.job for schedule in WANTED})
        for alarm in alarms:
            hours = template()["Parameters"][alarm["EvaluationPeriods"]["Ref"]]
            self.assertLessEqual(int(hours["Default"]), int(hours["MaxValue"]))
            self.assertLessEqual(int(hours["MaxValue"]) * alarm["Period"], 7 * 86400)
            self.assertEqual(alarm["TreatMissingData"], "breaching")


    def test_what_the_doctor_finds_is_no_failed_task(self):
        pattern = resources("AWS::Events::Rule")["Failed"]["EventPattern"]["detail"]
        self.assertNotIn("taskDefinitionArn", pattern)

        group = {schedule["Name"]: schedule["Target"]["EcsParameters"]["Group"]["Fn::Sub"]
                 for schedule in resources("AWS::Scheduler::Schedule").values()}

        def rings(group, code):
            def names(groups):
                return group in [wanted["Fn::Sub"] if "Fn::Sub" in wanted else "${%s}" % wanted["Ref"] for wanted in groups]

            def matches(codes):
                return any(code not in c["anything-but"] if isinstance(c, dict) else code == c for c in codes)
            return any("containers" in way and matches(way["containers"]["exitCode"]) and names(way["group"])
                       for way in pattern["$or"])
        self.assertIn("job-doctor", group)
        for name in group:
            for code in (0, 1, 65, 69, 78, 137):
                self.assertEqual(rings(group[name], code), code != 0 and (name, code) != ("job-doctor", 65), (name, code))
        self.assertFalse(rings("another", 65) or rings("another", 1))
        # The migration is started by hand, in the group that its command names.
        self.assertIn("--group ${Prefix} ", json.dumps(template()["Outputs"]["Migration"]))
        # An operator's command is in none: whoever started it sees how it ended.
        self.assertNotIn("--group", json.dumps(template()["Outputs"]["Operator"]))
        # EventBridge takes 2,048 characters.
        self.assertLess(len(json.dumps(resources("AWS::Events::Rule")["Failed"]["EventPattern"])), 2048)

    def test_only_a_key_of_yours_is_used_to_decrypt_and_only_for_secrets(self):
        policy = template()["Resources"]["KeyPolicy"]
        (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
        self.assertEqual((policy["Condition"], statement["Action"], statement["Resource"]), ("HasKey", "kms:Decrypt", {"Ref": "SecretsKeyArn"}))
        self.assertIn("secretsmanager", json.dumps(statement["Condition"]))
        self.assertEqual(policy["Properties"]["Roles"], [{"Ref": "ExecutionRole"}, {"Ref": "MigrationExecutionRole"}])


class Deployed(unittest.TestCase):
    """A real Postgres and Redis stand behind DATABASE_URL and REDIS_URL."""

    @classmethod
    def setUpClass(cls):
        cls.cloud = Cloud()
        cls.addClassCleanup(cls.cloud.close)
        cls.cloud.deploy({name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")},
                         {"TopStatsSecretArn": {"DATABASE_URL": "top-stats' own", "REDIS_URL": "its user"},
                          "OperatorSecretArn": {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")}})

    def start(self, name, at, group="oneshot"):
        environment, container, _ = self.cloud.fire(name, at, group)
        del environment["group"]
        binary = BINARIES / container["entryPoint"][0].rpartition("/")[2]
        ended = run(binary, *container["entryPoint"][1:], env=environment)
        return json.loads(ended.stdout), ended

    def test_a_slot_reaches_the_job_and_a_second_delivery_does_nothing(self):
        first, ended = self.start("usage-aggregation", "2025-03-01T02:00:00Z")
        self.assertEqual((first["status"], first["exit_code"]), ("succeeded", 0))
        self.assertEqual((first["scheduled_at"], first["scheduled_by"]), ("2025-03-01T02:00:00Z", "setting"))
        # What CloudWatch makes metrics of; the late alarm waits for job_health.
        (line,) = [json.loads(line) for line in ended.stderr.splitlines() if '"_aws"' in line]
        (described,) = [d for d in line["_aws"]["CloudWatchMetrics"] if ["job_name"] in d["Dimensions"]]
        self.assertEqual((described["Namespace"], line["job_name"], line["job_health"]), ("oneshot", "usage-aggregation", 1))
        self.assertIn("job_health", [metric["Name"] for metric in described["Metrics"]])
        second, _ = self.start("usage-aggregation", "2025-03-01T02:00:00Z")
        self.assertEqual((second["status"], second["reason"]), ("skipped", "already_done"))

    def test_a_job_with_a_secret_of_its_own_has_that_and_no_other_job_has_it(self):
        for schedule in WANTED:
            environment, _, _ = self.cloud.fire(schedule.name, "2025-03-01T02:00:00Z")
            wanted = ("top-stats' own", "its user") if schedule.job == "top-stats" else (
                os.environ["DATABASE_URL"], os.environ["REDIS_URL"])
            self.assertEqual((environment["DATABASE_URL"], environment["REDIS_URL"]), wanted, schedule.name)

    def test_an_operator_starts_a_command_with_the_line_of_the_page(self):
        page = (Path(__file__).parent.parent.parent / "docs/operate.md").read_text()
        overrides = re.search(r"<!-- on ecs -->\n```sh\n.*?--overrides '(.*?)'", page, re.DOTALL)[1]
        words = self.cloud.outputs["Operator"].split()
        self.assertEqual(words[:3], ["aws", "ecs", "run-task"])
        given = dict(zip(words[3::2], words[4::2]))
        network = re.fullmatch(r"awsvpcConfiguration=\{subnets=\[(.*)\],securityGroups=\[(.*)\],assignPublicIp=(.*)\}", given["--network-configuration"])
        ecs = self.cloud.client("ecs")
        ran = ecs.run_task(
            cluster=given["--cluster"], launchType=given["--launch-type"], taskDefinition=given["--task-definition"],
            overrides=json.loads(overrides), networkConfiguration={"awsvpcConfiguration": {
                "subnets": network[1].split(","), "securityGroups": [network[2]], "assignPublicIp": network[3]}})
        self.assertEqual(ran["failures"], [])
        definition = ecs.describe_task_definition(taskDefinition=given["--task-definition"])["taskDefinition"]
        (container,) = definition["containerDefinitions"]
        (override,) = json.loads(overrides)["containerOverrides"]
        self.assertEqual(override["name"], container["name"])
        environment = {}
        for secret in container["secrets"]:
            arn, _, key = secret["valueFrom"].removesuffix("::").rpartition(":")
            value = self.cloud.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
            environment[secret["name"]] = json.loads(value)[key]
        self.assertEqual(environment["DATABASE_URL"], os.environ["DATABASE_URL"])
        ended = run(BINARIES / container["entryPoint"][0].rpartition("/")[2], *override["command"], env=environment)
        self.assertEqual(ended.returncode, 0, ended.stderr)

    def test_every_schedule_starts_a_task_that_reads_all_its_settings(self):
        for schedule in WANTED:
            environment, container, definition = self.cloud.fire(schedule.name, "2025-03-01T02:00:00Z")
            nowhere = {"DATABASE_URL": "postgresql://127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1", "JOB_ATTEMPTS": "1"}
            ended = run(BINARIES / container["entryPoint"][0].rpartition("/")[2], env={**environment, **nowhere})
            self.assertEqual(ended.returncode, 69, ended.stdout)
            self.assertEqual(definition["family"], f"oneshot-{schedule.name}")

    def test_two_stacks_of_one_account_share_no_name_and_each_has_its_parameters(self):
        self.cloud.deploy({name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")}, {}, **{
            "Prefix": "staging", "Instance": "staging", "WaitlistPositionsCron": "", "TopStatsCron": "rate(2 hours)",
            "HealthExpect": "top-stats=2h", "SettingsFileArn": "arn:aws:s3:::settings/staging/jobs.env",
            "SqlFileSystemId": "fs-0123456789abcdef0", "SecretsKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/x"})
        scheduler = self.cloud.client("scheduler")
        found = {s["Name"]: scheduler.get_schedule(Name=s["Name"], GroupName="staging")
                 for s in scheduler.list_schedules(GroupName="staging")["Schedules"]}
        self.assertEqual(set(found), {s.name for s in WANTED} - {"waitlist-positions"})
        self.assertEqual(found["top-stats"]["ScheduleExpression"], "rate(2 hours)")
        for name in ("usage-aggregation", "job-doctor"):
            ours, container, definition = self.cloud.fire(name, "2025-03-02T02:00:00Z", group="staging")
            theirs, plain, other = self.cloud.fire(name, "2025-03-02T02:00:00Z")
            self.assertEqual((definition["family"], other["family"]), (f"staging-{name}", f"oneshot-{name}"))
            self.assertEqual((ours["JOB_INSTANCE"], theirs.get("JOB_INSTANCE")), ("staging", None))
            self.assertEqual((ours["group"].partition("-")[0], theirs["group"].partition("-")[0]), ("staging", "oneshot"))
            self.assertEqual(container["environmentFiles"], [{"type": "s3", "value": "arn:aws:s3:::settings/staging/jobs.env"}])
            self.assertEqual([(m["containerPath"], m["readOnly"]) for m in container["mountPoints"]], [("/sql", True)])
            self.assertEqual([volume["name"] for volume in definition["volumes"]], ["sql"])
            self.assertFalse(plain.get("environmentFiles") or plain.get("mountPoints") or other.get("volumes"))
        self.assertEqual(ours["HEALTH_EXPECT"], "top-stats=2h")
        # Neither skips what the other has done.
        first, ended = self.start("usage-aggregation", "2025-03-02T02:00:00Z", "staging")
        second, _ = self.start("usage-aggregation", "2025-03-02T02:00:00Z")
        self.assertEqual([first["status"], second["status"]], ["succeeded", "succeeded"], ended.stderr)

    def test_an_input_that_names_no_container_would_be_found(self):
        scheduler = self.cloud.client("scheduler")
        schedule = scheduler.get_schedule(Name="top-stats", GroupName="oneshot")
        wanted = {key: schedule[key] for key in ("Name", "GroupName", "ScheduleExpression", "FlexibleTimeWindow", "Target")}
        self.addCleanup(scheduler.update_schedule, **copy.deepcopy(wanted))
        wanted["Target"]["Input"] = wanted["Target"]["Input"].replace('"name":"job"', '"name":"jobs"')
        scheduler.update_schedule(**wanted)
        with self.assertRaises(AssertionError):
            self.cloud.fire("top-stats", "2025-03-01T02:00:00Z")


unittest.main()
