"""What docs/deploy.md has its readers copy: it is taken from the page and tried as far as a machine without a cluster can."""
import json
import os
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

PAGE = (ROOT / "docs/deploy.md").read_text()
BINARIES = Path(os.environ["ONESHOT_BINARIES"])


def block(name):
    found = re.search(rf"<!-- {re.escape(name)} -->\n```[a-z]+\n(.*?)```", PAGE, re.DOTALL)
    if not found:
        raise AssertionError(f"docs/deploy.md has no {name}")
    return found[1]


def run(*words, **options):
    return subprocess.run(words, capture_output=True, text=True, **options)


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

    def test_the_timer_means_what_it_says(self):
        (calendar,) = re.findall(r"^OnCalendar=(.*)$", self.timer.read_text(), re.MULTILINE)
        read = run("systemd-analyze", "calendar", "--iterations=2", calendar)
        self.assertEqual(read.returncode, 0, read.stderr)
        self.assertEqual(len(re.findall("02:00:00 UTC", read.stdout.split("Next elapse")[1])), 2, read.stdout)


class Commands(unittest.TestCase):
    def test_what_the_page_speaks_of_is_there(self):
        for path in set(re.findall(r"\b((?:k8s|ecs|docker)/[A-Za-z0-9_./-]*[A-Za-z0-9])", PAGE)) - {"k8s/base?ref"}:
            if not path.startswith("k8s/base?"):
                self.assertTrue((ROOT / path).exists(), path)
        for target in re.findall(r"`make ([a-z-]+)`", PAGE):
            self.assertRegex((ROOT / "Makefile").read_text(), rf"(?m)^{target}:")


unittest.main()
