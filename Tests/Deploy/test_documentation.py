"""What docs/deploy.md has its readers copy: it is taken from the page and tried as far as a machine without a cluster can."""
import grp
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import yaml

from aws import DIGEST
from manifests import ROOT, tool
from schedules import SCHEDULES
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
    """Overlays of the page, in a folder beside k8s/, as the page has them."""

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        shutil.copytree(ROOT / "k8s", self.folder / "k8s")

    def build(self, text, place="my-cluster"):
        path = self.folder / place / "kustomization.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        built = run(tool("kubectl"), "kustomize", path.parent)
        self.assertEqual(built.returncode, 0, built.stderr)
        self.assertEqual(set(re.findall(r"image: (.*)", built.stdout)), {f"registry.example.com/oneshot@{DIGEST}"})
        for version in VERSIONS:
            self.assertEqual(complaints(built.stdout, version), [])
        return {(d["kind"], d["metadata"]["name"]): d for d in yaml.safe_load_all(built.stdout)}

    def test_an_overlay_names_the_image_everywhere_and_patches_the_settings(self):
        settings = self.build(block("overlay"))["ConfigMap", "oneshot-settings"]["data"]
        self.assertEqual(settings["USAGE_TIMEZONE"], "Europe/Berlin")
        self.assertEqual(settings["JOB_LOG_FORMAT"], "json")

    def test_the_migration_has_an_overlay_that_resolves_from_where_the_page_puts_it(self):
        self.build(block("overlay"))
        found = self.build(block("overlay of the migration"), "my-cluster/migrate")
        self.assertEqual({kind for kind, _ in found}, {"Namespace", "ServiceAccount", "ConfigMap", "NetworkPolicy", "Job"})

    def test_argo_cd_makes_what_the_migration_needs_first_and_the_jobs_last(self):
        argo = yaml.safe_load(block("argo"))
        found = self.build(block("overlay").replace("../k8s/base", "../k8s/overlays/gitops"), argo["spec"]["source"]["path"])

        def wave(document):
            return int(document["metadata"].get("annotations", {}).get("argocd.argoproj.io/sync-wave", "0"))
        migration = found["Job", "oneshot-migrate"]
        self.assertEqual(migration["metadata"]["annotations"]["argocd.argoproj.io/hook"], "Sync")
        account = found["ServiceAccount", migration["spec"]["template"]["spec"]["serviceAccountName"]]
        before = [account, found["Namespace", "oneshot"], found["NetworkPolicy", "oneshot"], found["ConfigMap", "oneshot-settings"]]
        jobs = [document for (kind, _), document in found.items() if kind == "CronJob"]
        self.assertEqual(len(jobs), sum(s.folder == "base" for s in SCHEDULES))
        self.assertLess(max(map(wave, before)), wave(migration))
        self.assertLess(wave(migration), min(map(wave, jobs)))
        self.assertEqual(len(found), len(before) + 1 + len(jobs))

    def test_flux_migrates_first_and_no_object_belongs_to_two(self):
        migrate, jobs = yaml.safe_load_all(block("flux"))
        self.assertEqual(jobs["spec"]["dependsOn"], [{"name": migrate["metadata"]["name"]}])
        self.assertIs(migrate["spec"]["wait"], True)
        first = self.build(block("overlay of the migration"), migrate["spec"]["path"])
        second = self.build(block("flux jobs"), jobs["spec"]["path"])
        self.assertEqual(set(first) & set(second), set())
        whole = self.build(block("overlay").replace("../k8s/base", "../k8s/overlays/gitops"))
        self.assertEqual(set(first) | set(second), set(whole))
        # A Job cannot be changed, and Flux replaces what says so; a CronJob that is replaced would lose its runs.
        self.assertEqual([name for name, document in {**first, **second}.items()
                          if "kustomize.toolkit.fluxcd.io/force" in document["metadata"].get("annotations", {})],
                         [("Job", "oneshot-migrate")])

    def test_the_doctor_is_handed_its_address_and_let_out(self):
        found = self.build(block("overlay") + block("doctor"))
        job = found["CronJob", "job-doctor"]
        (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
        (told,) = [e for e in container["env"] if e["name"] == "DOCTOR_SLACK_URL_FILE"]
        (secrets,) = container["volumeMounts"]
        self.assertEqual(told["value"], f"{secrets['mountPath']}/DOCTOR_SLACK_URL")
        self.assertIn({"ports": [{"protocol": "TCP", "port": 443}]}, found["NetworkPolicy", "oneshot"]["spec"]["egress"])


class PlainRule(unittest.TestCase):
    def test_the_transformer_makes_the_same_of_an_event_as_scheduler_does(self):
        rule = json.loads(block("rule"))
        self.assertEqual(rule["InputPathsMap"], {"time": "$.time"})
        made = json.loads(rule["InputTemplate"].replace("<time>", "2027-03-01T02:00:00Z"))
        self.assertEqual(made, {"containerOverrides": [{"name": "job", "environment": [
            {"name": "JOB_SCHEDULED_AT", "value": "2027-03-01T02:00:00Z"}]}]})


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


class PlainMachine(unittest.TestCase):
    def test_units_and_files_of_the_page_are_those_of_the_packages(self):
        section = PAGE[PAGE.index("## A plain machine"):PAGE.index("## Anything else")]
        sys.path.insert(0, str(ROOT / "docker/debian"))
        import units
        known = {name for s in SCHEDULES for name in units.units(BINARIES, s.job, "/usr/bin")}
        named = set(re.findall(r"oneshot-[a-z-]+\.(?:service|timer)", section))
        self.assertGreater(len(named), 3)
        self.assertLessEqual(named, known)
        texts = "".join(units.units(BINARIES, "usage-aggregation", "/usr/bin").values())
        for path in re.findall(r"(?:LoadCredential=|/dev/stdin )\S*?(/etc/oneshot/credentials/(?:DATABASE|REDIS)_URL)", section):
            self.assertIn(f":{path}\n", texts)
        self.assertIn("EnvironmentFile=-/etc/oneshot/usage-aggregation.env\n", texts)

    def test_its_scripts_can_be_read(self):
        for name in ("packages", "tarball"):
            read = run("bash", "-n", "-c", block(name))
            self.assertEqual((read.returncode, read.stderr), (0, ""), name)


class Commands(unittest.TestCase):
    def test_what_the_page_speaks_of_is_there(self):
        for path in set(re.findall(r"\b((?:k8s|ecs|docker)/[A-Za-z0-9_./-]*[A-Za-z0-9])", PAGE)) - {"k8s/base?ref"}:
            if not path.startswith("k8s/base?"):
                self.assertTrue((ROOT / path).exists(), path)
        for target in re.findall(r"`make ([a-z-]+)`", PAGE):
            self.assertRegex((ROOT / "Makefile").read_text(), rf"(?m)^{target}:")


unittest.main()
