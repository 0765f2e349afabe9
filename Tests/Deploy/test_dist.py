"""What `make dist` makes: units of every schedule, packages and a tarball with the same bytes each time, and who publishes them."""
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from datetime import datetime, timezone
from pathlib import Path

import yaml

from manifests import ROOT, tool
from moments import moments, unix
import schedules
from schedules import facts, not_worth_a_retry

sys.path.insert(0, str(ROOT / "docker/debian"))
import units  # noqa: E402

BINARIES = Path(os.environ["ONESHOT_BINARIES"])
SCHEDULES = [schedule for schedule in schedules.SCHEDULES if not schedule.is_example]
JOBS = sorted({schedule.job for schedule in SCHEDULES} | {"stage-table", "job-exec"})
NOWHERE = {"DATABASE_URL": "postgresql://127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1", "JOB_ATTEMPTS": "1"}


def run(*words, **options):
    return subprocess.run(words, capture_output=True, text=True, **options)


def values(text, name):
    return re.findall(rf"(?m)^{name}=(.*)$", text)


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is missing")
class Units(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.texts = {name: text for job in JOBS for name, text in units.units(BINARIES, job, str(BINARIES)).items()}

    def verify(self, texts):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in texts.items():
                Path(folder, name).write_text(text)
            verified = run("systemd-analyze", "verify", "--man=no", *sorted(Path(folder).iterdir()),
                           env={**os.environ, "SYSTEMD_UNIT_PATH": f"{folder}:"})
        # It looks at all that they refer to; only what it says of ours counts.
        return [line for line in (verified.stdout + verified.stderr).splitlines() if "oneshot-" in line]

    def test_every_schedule_has_a_service_and_a_timer_and_systemd_takes_them(self):
        wanted = {f"oneshot-{s.name}.{kind}" for s in SCHEDULES for kind in ("service", "timer")} | {"oneshot-stage-table.service"}
        self.assertEqual(set(self.texts), wanted)
        self.assertEqual(self.verify(self.texts), [])

    def test_a_misspelt_name_would_be_found(self):
        name = "oneshot-usage-aggregation.service"
        self.assertNotEqual(self.verify({name: self.texts[name].replace("PrivateTmp", "PrivateTemp")}), [])

    def test_little_is_left_to_harden(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "oneshot-usage-aggregation.service")
            path.write_text(self.texts[path.name])
            looked = run("systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", path)
        self.assertEqual(looked.returncode, 0, looked.stdout + looked.stderr)
        self.assertRegex(looked.stdout, r"Overall exposure level .*: [01]\.[0-9]")

    def test_exit_codes_are_the_codes_of_the_binaries(self):
        for schedule in SCHEDULES:
            text, described = self.texts[f"oneshot-{schedule.name}.service"], facts(BINARIES, schedule.job)
            final = [str(code) for code in not_worth_a_retry(described)]
            self.assertEqual(values(text, "RestartPreventExitStatus"), [" ".join(final)] if schedule.retries else [], schedule.name)
            self.assertEqual(values(text, "StartLimitBurst"), [str(1 + schedule.retries)], schedule.name)
            (stopped,) = [e["codes"] for e in described["exit_codes"] if e["status"] == "interrupted"]
            self.assertEqual(values(text, "SuccessExitStatus"), [" ".join(map(str, stopped))])

    def test_timers_fire_when_the_cron_jobs_do(self):
        for schedule in {s.cron: s for s in SCHEDULES}.values():
            (calendar,) = values(self.texts[f"oneshot-{schedule.name}.timer"], "OnCalendar")
            read = run("systemd-analyze", "calendar", "--iterations=30", "--base-time=2026-12-31 23:59:59 UTC", calendar,
                       env={**os.environ, "TZ": "Europe/Berlin", "LC_ALL": "C"})
            self.assertEqual(read.returncode, 0, read.stderr)
            found = [datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)
                     for text in re.findall(r"(?:\(in UTC\)|Iter\. #\d+|Next elapse): \w+ (\S+ \S+) UTC", read.stdout)]
            expected = moments(unix(schedule.cron))[:30]
            self.assertGreater(len(expected), 9, schedule.cron)
            self.assertEqual(found[:len(expected)], expected, f"{schedule.cron}: {read.stdout}")

    def test_what_cron_says_and_systemd_cannot_is_refused(self):
        for wrong in ("@daily 0 * * *", "5/x * * * *"):
            with self.assertRaises(SystemExit, msg=wrong):
                units.calendar(wrong)
        self.assertEqual(units.calendar("1,31 2-4 1 JAN,JUL *".replace("JAN,JUL", "1,7")), "*-01,07-01 02..04:01,31:00 UTC")

    def test_binaries_take_the_settings_of_their_units(self):
        wanted = {"media-previews": {"PREVIEWS_SOURCE_DIR": "/srv", "PREVIEWS_TARGET_DIR": "/srv"},
                  "outbox-delivery": {"DELIVERY_CHANNELS": "webhook"}}
        for schedule in SCHEDULES:
            text = self.texts[f"oneshot-{schedule.name}.service"]
            given = dict(re.findall(r'(?m)^Environment="?([A-Z_]+)=(.*?)"?$', text.replace("%S", "/tmp").replace("%%", "%")))
            del given["DATABASE_URL_FILE"]
            self.assertEqual(given["JOB_TIMEOUT"], schedule.timeout)
            for name, value in schedule.settings.items():
                self.assertTrue(value.startswith("/") or given[name] == value, name)
            ended = run(BINARIES / schedule.job, env={**given, **wanted.get(schedule.job, {}), **NOWHERE})
            needs_a_trait = schedule.job == "outbox-delivery" and "the trait Delivery" in ended.stdout
            self.assertTrue(ended.returncode == 69 or needs_a_trait, f"{schedule.name}: {ended.stdout}")


@unittest.skipUnless(shutil.which("debhelper") or shutil.which("dh"), "debhelper is missing")
class Packages(unittest.TestCase):
    """One job's, from the binaries of the tests, made twice where as much as possible differs."""

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        # Swift is not linked into binaries of the tests.
        linked = run("ldd", BINARIES / "usage-aggregation").stdout
        swift = re.search(r"=> (\S+)/libswiftCore\.so", linked)
        for name, options in (("first", {}), ("second", {"TZ": "Asia/Tokyo", "LANG": "de_DE.UTF-8", "HOME": "/nowhere"})):
            made = run(ROOT / "docker/dist.sh", BINARIES, cls.folder / name, "usage-aggregation", umask=0o077 if options else 0o022, env={
                **os.environ, "DIST_IMAGES": "", "SOURCE_DATE_EPOCH": "1750000000", "DPKG_DEB_COMPRESSOR_TYPE": "gzip",
                "DPKG_DEB_COMPRESSOR_LEVEL": "1",
                "SHLIBDEPS": f"-l{swift[1]} --ignore-missing-info" if swift else "", **options})
            if made.returncode != 0:
                raise AssertionError(made.stdout + made.stderr)
            cls.said = made.stderr
        (cls.package,) = cls.folder.glob("first/oneshot-usage-aggregation_*.deb")
        (cls.common,) = cls.folder.glob("first/oneshot-common_*.deb")

    def files(self, package):
        lines = run("dpkg-deb", "--contents", package).stdout.splitlines()
        return {line.split(None, 5)[5].removeprefix("./"): line.split()[:2] for line in lines}

    def field(self, name):
        return run("dpkg-deb", "--field", self.package, name).stdout.strip()

    def test_the_same_binaries_make_the_same_bytes(self):
        first, second = ((self.folder / name / "SHA256SUMS").read_text() for name in ("first", "second"))
        self.assertEqual(first, second)
        listed = dict(line.split("  ")[::-1] for line in first.splitlines())
        there = {path.name for path in self.folder.glob("first/*")} - {"SHA256SUMS"}
        self.assertEqual(set(listed), there)
        self.assertGreater(len(there), 3)
        for name, sum in listed.items():
            self.assertEqual(hashlib.sha256((self.folder / "first" / name).read_bytes()).hexdigest(), sum)
        self.assertIn("SKIPPED: images", self.said)

    def test_a_package_has_its_binary_page_completions_and_units_and_the_version_of_the_binary(self):
        files = self.files(self.package)
        for name in ("usr/bin/usage-aggregation", "usr/share/man/man1/usage-aggregation.1.gz",
                     "usr/share/bash-completion/completions/usage-aggregation", "usr/share/zsh/vendor-completions/_usage-aggregation",
                     "lib/systemd/system/oneshot-usage-aggregation.service", "lib/systemd/system/oneshot-usage-aggregation.timer"):
            self.assertIn(name, files)
        self.assertEqual(files["usr/bin/usage-aggregation"], ["-rwxr-xr-x", "root/root"])
        self.assertEqual(self.field("Version"), facts(BINARIES, "usage-aggregation")["version"])
        for library in ("libpq5 (>=", "libhiredis", "libssl3", "libc6 (>=", f"oneshot-common (= {self.field('Version')})"):
            self.assertIn(library, self.field("Depends"))

    def test_secrets_have_a_folder_of_roots_alone_and_units_a_user(self):
        files = self.files(self.common)
        self.assertEqual(files["etc/oneshot/credentials/"], ["drwx------", "root/root"])
        with tempfile.TemporaryDirectory() as folder:
            run("dpkg-deb", "--extract", self.common, folder)
            (conf,) = Path(folder, "usr/lib/sysusers.d").iterdir()
            made = run("systemd-sysusers", "--dry-run", conf)
            self.assertEqual(made.returncode, 0, made.stderr)
            self.assertIn("u oneshot ", conf.read_text())

    def test_an_installation_enables_no_timer(self):
        with tempfile.TemporaryDirectory() as folder:
            run("dpkg-deb", "--control", self.package, folder)
            script = Path(folder, "postinst").read_text()
        # Only where somebody had enabled it before.
        self.assertEqual(len(re.findall(r"deb-systemd-helper enable", script)), 1)
        self.assertRegex(script, r"was-enabled 'oneshot-usage-aggregation.timer'; then\n[^\n]*\n\s+deb-systemd-helper enable")
        self.assertNotIn("debian-enabled", script)

    def test_the_tarball_is_one_folder_of_root_for_usr_local(self):
        (path,) = self.folder.glob("first/*.tar.gz")
        lines = run("tar", "-tvzf", path, "--numeric-owner").stdout.splitlines()
        names = [line.split(None, 5)[5] for line in lines]
        self.assertEqual({name.split("/")[0] for name in names}, {path.name.removesuffix(".tar.gz")})
        self.assertEqual({line.split()[1] for line in lines}, {"0/0"})
        self.assertEqual({line.split()[3] for line in lines}, {"2025-06-15"})
        unit = run("tar", "-xzOf", path, "--wildcards", "*/oneshot-usage-aggregation.service").stdout
        self.assertEqual(values(unit, "ExecStart"), ["/usr/local/bin/usage-aggregation"])
        self.assertIn(f"{names[0]}share/doc/oneshot/LICENSE", names)

    def test_the_sbom_is_valid_and_names_what_is_loaded(self):
        (path,) = self.folder.glob("first/*.spdx.json")
        checked = run(tool("pyspdxtools"), "--infile", path)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        sbom = json.loads(path.read_text())
        self.assertLessEqual({"oneshot", "swift", "libpq5", "libssl3", "libc6"}, {package["name"] for package in sbom["packages"]})
        sbom["packages"][0].pop("SPDXID")
        path.with_name("wrong.spdx.json").write_text(json.dumps(sbom))
        self.addCleanup(path.with_name("wrong.spdx.json").unlink)
        self.assertNotEqual(run(tool("pyspdxtools"), "--infile", path.with_name("wrong.spdx.json")).returncode, 0)

    def test_a_folder_of_somebody_is_not_emptied(self):
        mine = self.folder / "mine"
        mine.mkdir()
        (mine / "letter").write_text("")
        made = run(ROOT / "docker/dist.sh", BINARIES, mine, "usage-aggregation")
        self.assertEqual((made.returncode, [path.name for path in mine.iterdir()]), (73, ["letter"]), made.stderr)


class Workflow(unittest.TestCase):
    PATH = ROOT / ".github/workflows/release.yml"

    def check(self, path):
        return run(tool("check-jsonschema"), "--builtin-schema", "vendor.github-workflows", path)

    def test_it_is_valid_and_a_misspelt_word_would_be_found(self):
        self.assertEqual(self.check(self.PATH).returncode, 0, self.check(self.PATH).stdout)
        with tempfile.TemporaryDirectory() as folder:
            wrong = Path(folder, "release.yml")
            wrong.write_text(self.PATH.read_text().replace("runs-on:", "run-on:"))
            self.assertNotEqual(self.check(wrong).returncode, 0)

    def test_actions_are_pinned_by_commit_and_each_job_has_only_the_rights_it_needs(self):
        workflow = yaml.safe_load(self.PATH.read_text())
        self.assertEqual(workflow["permissions"], {})
        used = [step["uses"] for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]
        self.assertGreater(len(used), 3)
        for action in used:
            self.assertRegex(action, r"^[a-z0-9-]+/[a-z0-9-]+@[0-9a-f]{40}$")
        writing = {name for name, job in workflow["jobs"].items() if "write" in job["permissions"].values()}
        self.assertEqual(writing, {"publish"})
        # What runs as a shell is given nothing that a stranger names.
        for job in workflow["jobs"].values():
            for step in job["steps"]:
                self.assertNotIn("${{", step.get("run", ""))

    def test_what_it_runs_is_there(self):
        text = self.PATH.read_text()
        for target in re.findall(r"\bmake ([a-z-]+)", text):
            self.assertRegex((ROOT / "Makefile").read_text(), rf"(?m)^{target}:")
        for script in re.findall(r"\b((?:docker|Tests)/[A-Za-z/-]+\.sh)", text):
            self.assertTrue((ROOT / script).exists(), script)


unittest.main()
