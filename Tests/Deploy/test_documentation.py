"""What docs/deploy.md has its readers copy: it is taken from the page and tried as far as a machine without a cluster can."""
import grp
import json
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import yaml

from aws import DIGEST
from manifests import ROOT, tool
from schedules import facts, not_worth_a_retry
from validity import VERSIONS, complaints

PAGE = (ROOT / "docs/deploy.md").read_text()
BINARIES = Path(os.environ["ONESHOT_BINARIES"])


def block(name):
    found = re.search(rf"<!-- {re.escape(name)} -->\n```[a-z]+\n(.*?)```", PAGE, re.DOTALL)
    if not found:
        raise AssertionError(f"docs/deploy.md has no {name}")
    return found[1]


def run(*words, **options):
    return subprocess.run(words, capture_output=True, text=True, **options)


class OwnProgram(unittest.TestCase):
    def test_the_cron_job_of_a_program_is_valid(self):
        page = (ROOT / "docs/job-exec.md").read_text()
        manifest = re.search(r"<!-- manifest -->\n```yaml\n(.*?)```", page, re.DOTALL)[1]
        for version in VERSIONS:
            self.assertEqual(complaints(manifest, version), [])
        self.assertTrue(complaints(manifest.replace("schedule:", "shedule:"), VERSIONS[0]))


class Overlay(unittest.TestCase):
    def test_an_overlay_names_the_image_everywhere_and_patches_the_settings(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(ROOT / "k8s", Path(folder, "k8s"))
            Path(folder, "my-cluster").mkdir()
            Path(folder, "my-cluster/kustomization.yaml").write_text(block("overlay"))
            built = run(tool("kubectl"), "kustomize", Path(folder, "my-cluster"))
        self.assertEqual(built.returncode, 0, built.stderr)
        documents = list(yaml.safe_load_all(built.stdout))
        images = set(re.findall(r"image: (.*)", built.stdout))
        self.assertEqual(images, {f"registry.example.com/oneshot@{DIGEST}"})
        (settings,) = [d["data"] for d in documents if d["kind"] == "ConfigMap"]
        self.assertEqual(settings["USAGE_TIMEZONE"], "Europe/Berlin")
        self.assertEqual(settings["JOB_LOG_FORMAT"], "json")


    def test_the_doctor_is_handed_its_address_and_let_out(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(ROOT / "k8s", Path(folder, "k8s"))
            Path(folder, "my-cluster").mkdir()
            Path(folder, "my-cluster/kustomization.yaml").write_text(block("overlay") + block("doctor"))
            built = run(tool("kubectl"), "kustomize", Path(folder, "my-cluster"))
        self.assertEqual(built.returncode, 0, built.stderr)
        documents = list(yaml.safe_load_all(built.stdout))
        (job,) = [d for d in documents if d["kind"] == "CronJob" and d["metadata"]["name"] == "job-doctor"]
        (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
        (told,) = [e for e in container["env"] if e["name"] == "DOCTOR_SLACK_URL_FILE"]
        (secrets,) = container["volumeMounts"]
        self.assertEqual(told["value"], f"{secrets['mountPath']}/DOCTOR_SLACK_URL")
        (policy,) = [d for d in documents if d["kind"] == "NetworkPolicy"]
        self.assertIn({"ports": [{"protocol": "TCP", "port": 443}]}, policy["spec"]["egress"])


class PlainRule(unittest.TestCase):
    def test_the_transformer_makes_the_same_of_an_event_as_scheduler_does(self):
        rule = json.loads(block("rule"))
        self.assertEqual(rule["InputPathsMap"], {"time": "$.time"})
        made = json.loads(rule["InputTemplate"].replace("<time>", "2027-03-01T02:00:00Z"))
        self.assertEqual(made, {"containerOverrides": [{"name": "job", "environment": [
            {"name": "JOB_SCHEDULED_AT", "value": "2027-03-01T02:00:00Z"}]}]})


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is missing")
class Units(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.service = self.folder / "oneshot@usage-aggregation.service"
        text = block("oneshot@.service")
        # The binary of this machine stands where the page has it installed.
        self.service.write_text(text.replace("/usr/local/bin/%i", str(BINARIES / "usage-aggregation")))
        self.timer = self.folder / "oneshot@usage-aggregation.timer"
        self.timer.write_text(block("oneshot@usage-aggregation.timer"))

    def verify(self):
        verified = run("systemd-analyze", "verify", "--man=no", self.service, self.timer,
                       env={**os.environ, "SYSTEMD_UNIT_PATH": f"{self.folder}:"})
        # It looks at all that they refer to; only what it says of ours counts.
        return [line for line in (verified.stdout + verified.stderr).splitlines() if "oneshot@" in line]

    def test_systemd_takes_both_units(self):
        self.assertEqual(self.verify(), [])

    def test_a_misspelt_name_would_be_found(self):
        self.service.write_text(self.service.read_text().replace("PrivateTmp", "PrivateTemp"))
        self.assertNotEqual(self.verify(), [])

    def test_little_is_left_to_harden(self):
        looked = run("systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", self.service)
        self.assertEqual(looked.returncode, 0, looked.stdout + looked.stderr)
        self.assertRegex(looked.stdout, r"Overall exposure level .*: [01]\.[0-9]")

    def test_exit_codes_are_the_codes_of_the_binary(self):
        (told,) = re.findall(r"^RestartPreventExitStatus=(.*)$", self.service.read_text(), re.MULTILINE)
        self.assertEqual([int(code) for code in told.split()], not_worth_a_retry(facts(BINARIES, "usage-aggregation")))

    def test_a_stop_is_no_failure(self):
        (told,) = re.findall(r"^SuccessExitStatus=(.*)$", self.service.read_text(), re.MULTILINE)
        (stopped,) = [e["codes"] for e in facts(BINARIES, "usage-aggregation")["exit_codes"] if e["status"] == "interrupted"]
        self.assertEqual([int(code) for code in told.split()], stopped)

    def test_the_timer_means_what_it_says(self):
        (calendar,) = re.findall(r"^OnCalendar=(.*)$", self.timer.read_text(), re.MULTILINE)
        read = run("systemd-analyze", "calendar", "--iterations=2", calendar)
        self.assertEqual(read.returncode, 0, read.stderr)
        self.assertEqual(len(re.findall("02:00:00 UTC", read.stdout.split("Next elapse")[1])), 2, read.stdout)


class Cron(unittest.TestCase):
    """The page's lines, for another folder and for a user that is there already; sh carries the command out as cron does.
    Behind DATABASE_URL and REDIS_URL are servers that any user may reach."""

    def setUp(self):
        self.user = pwd.getpwnam("nobody")
        if os.geteuid() != 0 or self.as_user(str(BINARIES / "usage-aggregation"), "--version").returncode != 0:
            self.skipTest("nobody cannot be run as, or may not run the binaries here")
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.folder.chmod(0o755)
        for place in ("etc", "var/log"):
            (self.folder / place).mkdir(parents=True)
        lines = self.here(block("cron: user and files")).replace("postgresql://jobs:…", os.environ["DATABASE_URL"])
        lines = lines.replace("rediss://jobs:…", os.environ["REDIS_URL"])
        made, lines = lines.split("\n", 1)
        self.assertRegex(made, r"^useradd --system .* oneshot$")
        group = grp.getgrgid(self.user.pw_gid).gr_name
        lines = lines.replace("-g oneshot", f"-g {group}").replace("-o oneshot", f"-o {self.user.pw_name}")
        done = run("bash", "-eu", "-c", lines)
        self.assertEqual(done.returncode, 0, done.stderr)

    def here(self, text):
        for place in ("/etc/oneshot", "/var/log/oneshot"):
            text = text.replace(place, f"{self.folder}{place}")
        return text.replace("/usr/local/bin", str(BINARIES))

    def as_user(self, *words, **options):
        return run("setpriv", f"--reuid={self.user.pw_uid}", f"--regid={self.user.pw_gid}", "--clear-groups", *words, **options)

    def start(self, **more):
        """What crontab(5) says: variables first, then five fields, the user and the command."""
        *variables, line = self.here(block("crontab")).splitlines()
        *_, user, command = line.split(None, 6)
        self.assertEqual(user, "oneshot")
        # A «%» would end the command.
        self.assertEqual(re.findall(r"(?<!\\)%", command), [])
        environment = {"SHELL": "/bin/sh", "PATH": "/usr/bin:/bin", "LOGNAME": user, "HOME": "/"}
        environment.update(variable.split("=", 1) for variable in variables)
        return self.as_user("/bin/sh", "-c", command.replace("\\%", "%"), env={**environment, **more}, cwd="/")

    def result(self):
        return json.loads((self.folder / "var/log/oneshot/usage-aggregation.log").read_text().splitlines()[-1])

    def test_a_run_that_goes_well_says_nothing_and_its_result_is_whole(self):
        for _ in range(2):
            ended = self.start()
            self.assertEqual((ended.returncode, ended.stdout, ended.stderr), (0, "", ""))
            self.assertEqual(self.result()["scheduled_by"], "setting")
            self.assertIn(self.result()["status"], ["succeeded", "skipped"])
        self.assertRegex(self.result()["scheduled_at"], r"^20[0-9-]{8}T[0-9:]{5}:00Z$")

    def test_the_exit_code_of_another_is_mailed(self):
        ended = self.start(JOB_TIMEOUT="never")
        self.assertIn("usage-aggregation ended with 78;", ended.stdout)
        self.assertEqual(self.result()["exit_code"], 78)
        self.assertIn(str(self.folder / "var/log/oneshot/usage-aggregation.log"), ended.stdout)

    def test_the_secrets_are_their_readers_alone(self):
        for place, mode in (("", 0o750), ("/database_url", 0o640), ("/redis_url", 0o640)):
            facts = os.stat(f"{self.folder}/etc/oneshot{place}")
            self.assertEqual((facts.st_mode & 0o777, facts.st_uid, facts.st_gid), (mode, 0, self.user.pw_gid), place)


class Commands(unittest.TestCase):
    def test_what_the_page_speaks_of_is_there(self):
        for path in set(re.findall(r"\b((?:k8s|ecs|docker)/[A-Za-z0-9_./-]*[A-Za-z0-9])", PAGE)) - {"k8s/base?ref"}:
            if not path.startswith("k8s/base?"):
                self.assertTrue((ROOT / path).exists(), path)
        for target in re.findall(r"`make ([a-z-]+)`", PAGE):
            self.assertRegex((ROOT / "Makefile").read_text(), rf"(?m)^{target}:")


unittest.main()
