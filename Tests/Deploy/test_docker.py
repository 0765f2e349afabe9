"""docker/: files that can be read, and compose's steps done by hand against real servers."""
import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import yaml

from manifests import ROOT, tool
from schedules import SCHEDULES

BINARIES = Path(os.environ["ONESHOT_BINARIES"])
COMPOSE = ROOT / "docker/compose.yaml"
NOT_FOLLOWED = {
    "CKV_DOCKER_2": "a job that runs once has no health to ask for",
    "CKV_DOCKER_7": "the tag is in the ARG that FROM takes; the test below looks at it",
}
VERSION = json.loads(subprocess.check_output([BINARIES / "top-stats", "--describe"]))["version"]


def run(*words, **options):
    return subprocess.run(words, capture_output=True, text=True, **options)


class Files(unittest.TestCase):
    def test_checkov_has_nothing_to_say_but_what_is_known(self):
        checked = run(tool("checkov"), "--framework", "dockerfile", "-f", ROOT / "docker/Dockerfile", "--compact", "--quiet",
                      "--skip-download", "--skip-check", ",".join(NOT_FOLLOWED))
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_base_images_have_a_tag_and_at_most_a_true_digest_behind_it(self):
        found = re.findall(r"^ARG SWIFT_IMAGE=(\S+)$", (ROOT / "docker/Dockerfile").read_text(), re.MULTILINE)
        found += [s["image"] for s in self.services().values() if not s["image"].startswith("oneshot:")]
        self.assertGreater(len(found), 2)
        for image in found:
            self.assertRegex(image, r"^docker\.io/library/[a-z]+:[0-9]+(\.[0-9]+)*-bookworm(@sha256:[0-9a-f]{64})?$")
            self.assertNotRegex(image, r"sha256:(.)\1{63}$")

    def test_every_image_that_is_not_ours_is_pinned_by_the_script(self):
        named = set()
        for folder in ("docker", "k8s", "ecs", ".github"):
            for file in (ROOT / folder).rglob("*"):
                if file.is_file() and (file.suffix in (".yaml", ".yml") or file.name.startswith("Dockerfile")):
                    named |= set(re.findall(r"(?:image:|^ARG SWIFT_IMAGE=|^FROM )\s*([^\s$@:]+/[^\s$@]+)", file.read_text(),
                                            re.MULTILINE))
        self.assertGreater(len(named), 4)
        listed = run(ROOT / "docker/pin.sh", "--list")
        self.assertEqual((listed.returncode, set(listed.stdout.split())), (0, named), listed.stderr)

    def test_what_comes_from_pypi_is_pinned_by_the_hashes_of_its_files(self):
        lines = (ROOT / "Tests/Support/python-tools.txt").read_text().splitlines()
        wanted = [line for line in lines if line and not line.startswith("#")]
        self.assertGreater(len(wanted), 100)
        for line in wanted:
            self.assertRegex(line, r"^[A-Za-z0-9._-]+==[^\s]+( --hash=sha256:[0-9a-f]{64})+$")
        self.assertIn("--require-hashes", (ROOT / "Tests/Support/python-tools.sh").read_text())

    def services(self):
        return yaml.safe_load(COMPOSE.read_text())["services"]

    def test_compose_takes_its_file(self):
        # Debian's compose is older than the member `name`.
        text = re.sub(r"^name: .*\n", "", COMPOSE.read_text(), flags=re.MULTILINE)
        read = run("docker-compose", "-f", "-", "config", input=text, cwd=ROOT / "docker")
        self.assertEqual(read.returncode, 0, read.stderr)
        services = yaml.safe_load(read.stdout)["services"]
        for name, service in services.items():
            for volume in service.get("volumes", []):
                source = volume["source"] if isinstance(volume, dict) else volume.split(":")[0]
                self.assertTrue(source in self.named() or Path(source).exists(), source)
        self.assertEqual(services["top-stats"]["read_only"], True)

    def named(self):
        return yaml.safe_load(COMPOSE.read_text())["volumes"]

    def test_what_the_report_writes_the_web_server_shows(self):
        services = self.services()
        (volume,) = services["job-report"]["volumes"]
        name, folder = volume.split(":")
        self.assertIn(name, self.named())
        self.assertEqual(services["job-report"]["environment"]["REPORT_FILE"], folder + "/index.html")
        self.assertTrue(services["report"]["volumes"][0].startswith(name + ":/usr/share/nginx/html"))

    def test_every_job_is_a_service_and_the_version_is_the_binaries(self):
        services = self.services()
        for schedule in SCHEDULES:
            # They need an image with the trait Delivery, and a relay; the image with ffmpeg, and two volumes; a producer.
            if schedule.job in ("outbox-delivery", "media-previews", "stage-table"):
                continue
            self.assertEqual(services[schedule.job]["entrypoint"], [f"/usr/local/bin/{schedule.job}"])
            self.assertEqual(services[schedule.job]["image"], f"oneshot:{VERSION}")


class Steps(unittest.TestCase):
    """A real Postgres, not migrated, and Redis stand behind DATABASE_URL and REDIS_URL; ROLE is a name for the jobs' role."""

    def services(self):
        return yaml.safe_load(COMPOSE.read_text())["services"]

    def test_sample_data_serves_every_job_under_the_role_that_is_made(self):
        url, role = os.environ["DATABASE_URL"], os.environ["ROLE"]
        services = self.services()
        self.job(services["migrate"], {"DATABASE_URL": url})
        mounted = {inner: ROOT / "docker" / outer for name in ("sample-tables", "sample-counters")
                   for outer, inner, _ in (volume.split(":") for volume in services[name]["volumes"])}
        command = services["sample-tables"]["command"]
        self.assertEqual(command[:4], ["psql", "-v", "ON_ERROR_STOP=1", "-q"])
        for path in command[5::2]:
            sql = mounted[path].read_text()
            if path.endswith("roles.sql"):
                database = re.search(r"postgresql:///([^?]+)", url)[1]
                sql = sql.replace("role jobs", f"role {role}").replace("to jobs", f"to {role}").replace("database app", f"database {database}")
            made = run(*command[:4], "-X", "-d", url, "-f", "-", input=sql)
            self.assertEqual(made.returncode, 0, f"{path}: {made.stderr}")
        socket, number = re.fullmatch(r"unix://(.*)\?db=(\d+)", os.environ["REDIS_URL"]).groups()
        script = services["sample-counters"]["command"][2].replace("-h redis", f"-s {socket} -n {number}")
        for inner, outer in mounted.items():
            script = script.replace(inner, str(outer))
        counted = run("bash", "-c", script)
        self.assertIn("errors: 0", counted.stdout, counted.stderr)

        restricted = {"DATABASE_URL": re.sub("user=[a-z]+", f"user={role}", url), "REDIS_URL": os.environ["REDIS_URL"]}
        for name, service in services.items():
            if "JOB_LOG_FORMAT" in service.get("environment", {}):
                check = self.job(service, restricted, "--check")
                self.assertEqual(json.loads(check.stdout)["status"], "succeeded", name)
                ended = json.loads(self.job(service, restricted).stdout)
                self.assertEqual(ended["status"], "succeeded", name)
                if name == "usage-aggregation":
                    self.assertGreater(ended["counts"]["inserted"], 2000)

    def job(self, service, environment, *arguments):
        path, *rest = service["entrypoint"]
        with tempfile.TemporaryDirectory() as folder:
            # What is a volume there is a folder here.
            inner = [volume.split(":")[1] for volume in service.get("volumes", [])]
            settings = {name: value.replace(inner[0], folder) if inner else value for name, value in service["environment"].items()}
            ended = run(BINARIES / path.rpartition("/")[2], *rest, *arguments, env={**settings, **environment})
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)
        return ended


unittest.main()
