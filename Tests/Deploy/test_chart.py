"""The Helm chart: its defaults are k8s/base, each value does what it says, and what nobody knows is refused."""
import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import jsonschema
import yaml

import helm
import manifests
from chart import CHART, documents, text
from schedules import SCHEDULES
from validity import VERSIONS, complaints

BINARIES = Path(os.environ["ONESHOT_BINARIES"])
# What a cluster's own values look like: every kind of them at once.
EVERYTHING = {
    "image": {"repository": "registry.example.com/oneshot", "digest": "sha256:" + "0" * 64},
    "imagePullSecrets": [{"name": "registry"}], "prefix": "staging-",
    "nodeSelector": {"pool": "batch"}, "tolerations": [{"key": "batch", "operator": "Exists", "effect": "NoSchedule"}],
    "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]}]}]}}},
    "priorityClassName": "low", "settings": {"JOB_INSTANCE": "staging", "JOB_LOG_LEVEL": None},
    "sql": {"TOP_STATS_BOARDS_DIR": {"busiest.sql": "select 1;\n-- \"x\": {{ no template }}\n"}, "USAGE_TARGET": {"mine.sql": "select 2"}},
    "networkPolicy": {"egress": [{"to": [{"ipBlock": {"cidr": "10.1.0.0/24"}}], "ports": [{"protocol": "TCP", "port": 5432}]}]},
    "jobs": {
        "top-stats": {"schedule": "*/15 * * * *", "every": "15m", "timeout": "10m", "retries": 0, "secretName": "stats",
                      "memory": {"limit": "128Mi"}, "settings": {"TOP_STATS_LIMIT": 100000, "TOP_STATS_WINDOWS": "1d,7d"}},
        "reindex-pending": {"settings": {"JOB_LOCK_WAIT": None}}, "waitlist-positions": {"enabled": False},
        "fraud-detection": {"suspend": True},
        "outbox-delivery": {"enabled": True, "image": "registry.example.com/oneshot:1-delivery",
                            "settings": {"MAIL_FROM": "Example <hello@example.org>"}}}}


def named(documents, kind):
    return {d["metadata"]["name"]: d for d in documents if d["kind"] == kind}


def without_namespace(document):
    document = json.loads(json.dumps(document))
    document["metadata"].pop("namespace", None)
    return document


def pod(cronjob):
    return cronjob["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def environment(cronjob):
    return {v["name"]: v.get("value") for v in pod(cronjob)["containers"][0]["env"]}


class Chart(unittest.TestCase):
    maxDiff = None

    def assert_same(self, found, expected):
        expected, found = without_namespace(expected), without_namespace(found)
        self.assertIs(found["spec"].pop("suspend"), False)
        # In the order of the names, and not of the schedules.
        for document in (expected, found):
            for variable in pod(document)["containers"][0]["env"]:
                if variable["name"].startswith("HEALTH_"):
                    variable["value"] = sorted(variable["value"].replace(",", " ").split())
            for listed in (pod(document)["containers"][0]["env"], pod(document)["volumes"], pod(document)["containers"][0]["volumeMounts"]):
                listed.sort(key=lambda one: one["name"])
        self.assertEqual(found, expected)

    def test_a_job_with_volumes_or_a_producer_is_that_of_its_overlay(self):
        for name, folder in (("media-previews", "previews"), ("stage-table", "staging")):
            with self.subTest(name):
                (expected,) = [d for d in manifests.documents(f"k8s/overlays/{folder}")
                               if (d["kind"], d["metadata"]["name"]) == ("CronJob", name)]
                self.assert_same(named(documents({"jobs": {name: {"enabled": True}}}), "CronJob")[name], expected)

    def test_its_defaults_are_the_base(self):
        chart, base = documents(), manifests.documents("k8s/base")
        jobs = named(chart, "CronJob")
        self.assertEqual(set(jobs), set(named(base, "CronJob")))
        for name, expected in named(base, "CronJob").items():
            self.assert_same(jobs[name], expected)
        for kind in ("ServiceAccount", "ConfigMap", "NetworkPolicy"):
            expected = {k: without_namespace(d) for k, d in named(base, kind).items()}
            # Argo CD orders the folders by it; Helm has hooks.
            for document in expected.values():
                del document["metadata"]["annotations"]
            self.assertEqual(named(chart, kind), expected)

    def test_the_migration_is_that_of_the_folder_as_a_hook(self):
        (expected,) = named(manifests.documents("k8s/migrate"), "Job").values()
        expected = without_namespace(expected)
        (found,) = named(documents(), "Job").values()
        self.assertEqual(found["metadata"].pop("annotations")["helm.sh/hook"], "pre-install,pre-upgrade")
        del expected["metadata"]["annotations"]
        # A hook runs before the account of the chart is there.
        self.assertEqual(found["spec"]["template"]["spec"].pop("serviceAccountName"), "default")
        self.assertIs(found["spec"]["template"]["spec"]["automountServiceAccountToken"], False)
        del expected["spec"]["template"]["spec"]["serviceAccountName"]
        self.assertEqual(found, expected)
        self.assertEqual(named(documents({"migrate": {"enabled": False}}), "Job"), {})

    def test_it_is_valid_in_every_version(self):
        for values in ({}, EVERYTHING):
            for version in VERSIONS:
                with self.subTest(version=version):
                    self.assertEqual(complaints(text(values), version), [])

    def test_every_value_arrives(self):
        made = documents(EVERYTHING)
        jobs = named(made, "CronJob")
        self.assertTrue(all(name.startswith("staging-") for kind in ("CronJob", "Job", "ConfigMap", "NetworkPolicy") for name in named(made, kind)))
        self.assertNotIn("staging-waitlist-positions", jobs)
        self.assertEqual([name for name, job in jobs.items() if job["spec"]["suspend"]], ["staging-fraud-detection"])
        for name, job in jobs.items():
            spec = pod(job)
            self.assertEqual(spec["nodeSelector"], EVERYTHING["nodeSelector"], name)
            self.assertEqual(spec["tolerations"], EVERYTHING["tolerations"])
            self.assertEqual(spec["affinity"], EVERYTHING["affinity"])
            self.assertEqual(spec["imagePullSecrets"], EVERYTHING["imagePullSecrets"])
            self.assertEqual(spec["priorityClassName"], "low")
            self.assertEqual(spec["serviceAccountName"], "staging-oneshot")
            self.assertEqual(spec["containers"][0]["envFrom"], [{"configMapRef": {"name": "staging-oneshot-settings"}}])
            image = "registry.example.com/oneshot" + (":1-delivery" if "outbox" in name else "@sha256:" + "0" * 64)
            self.assertEqual(spec["containers"][0]["image"], image)
        self.assertEqual(named(made, "ConfigMap")["staging-oneshot-settings"]["data"],
                         {"JOB_LOG_FORMAT": "json", "JOB_INSTANCE": "staging"})
        stats = jobs["staging-top-stats"]
        self.assertEqual(stats["spec"]["schedule"], "*/15 * * * *")
        self.assertEqual(stats["spec"]["startingDeadlineSeconds"], 450)
        self.assertEqual(stats["spec"]["jobTemplate"]["spec"]["activeDeadlineSeconds"], 910)
        self.assertEqual(stats["spec"]["jobTemplate"]["spec"]["backoffLimit"], 0)
        self.assertEqual(pod(stats)["containers"][0]["resources"], {
            "requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}})
        given = environment(stats)
        self.assertEqual([given[name] for name in ("JOB_TIMEOUT", "TOP_STATS_LIMIT", "TOP_STATS_WINDOWS")], ["10m", "100000", "1d,7d"])
        self.assertNotIn("JOB_LOCK_WAIT", environment(jobs["staging-reindex-pending"]))
        secrets = {name: v["secret"]["secretName"] for name, job in jobs.items() for v in pod(job)["volumes"] if "secret" in v}
        self.assertEqual(secrets["staging-top-stats"], "stats")
        self.assertEqual(secrets["staging-reindex-pending"], "oneshot-reindex")
        one = named(documents({"secretName": "shared"}), "CronJob")
        self.assertEqual({v["secret"]["secretName"] for job in one.values() for v in pod(job)["volumes"] if "secret" in v}, {"shared"})
        policies = named(made, "NetworkPolicy")
        self.assertEqual(policies["staging-oneshot"]["spec"]["egress"][1:], EVERYTHING["networkPolicy"]["egress"])
        self.assertIn(587, [p["port"] for rule in policies["staging-oneshot-delivery"]["spec"]["egress"] for p in rule["ports"]])
        selected = policies["staging-oneshot-delivery"]["spec"]["podSelector"]["matchLabels"].items()
        self.assertLessEqual(selected, jobs["staging-outbox-delivery"]["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"].items())
        self.assertEqual(named(documents({"networkPolicy": {"enabled": False}}), "NetworkPolicy"), {})

    def test_files_go_to_the_jobs_that_read_them_and_to_no_other(self):
        made = documents(EVERYTHING)
        maps, jobs = named(made, "ConfigMap"), named(made, "CronJob")
        for setting, files in EVERYTHING["sql"].items():
            name = f"staging-oneshot-{setting.lower().replace('_', '-')}"
            self.assertEqual(maps[name]["data"], files)
            readers = {job for job, d in jobs.items() if setting in environment(d)}
            self.assertEqual(readers, {"staging-" + s.name for s in SCHEDULES if s.job == {"TOP": "top-stats", "USA": "usage-aggregation"}[setting[:3]]})
            for job in readers:
                (volume,) = [v for v in pod(jobs[job])["volumes"] if v.get("configMap") == {"name": name}]
                (mount,) = [m for m in pod(jobs[job])["containers"][0]["volumeMounts"] if m["name"] == volume["name"]]
                path = environment(jobs[job])[setting]
                self.assertEqual(path, mount["mountPath"] if setting.endswith("_DIR") else mount["mountPath"] + "/mine.sql")
        shared = named(documents({"sql": {"REINDEX_ENTITIES_DIR": {"a.sql": "select"}}}), "CronJob")
        self.assertEqual({name for name, d in shared.items() if "REINDEX_ENTITIES_DIR" in environment(d)},
                         {"reindex", "reindex-pending", "reindex-rebuild"})
        with self.assertRaisesRegex(Exception, "USAGE_TARGET takes one file"):
            text({"sql": {"USAGE_TARGET": {"a.sql": "", "b.sql": ""}}})

    def test_the_doctor_expects_what_is_enabled_and_nothing_else(self):
        given = environment(named(documents(EVERYTHING), "CronJob")["staging-job-doctor"])
        expected = dict(piece.split("=") for piece in given["HEALTH_EXPECT"].split(","))
        self.assertEqual(expected["top-stats"], "15m")
        self.assertIn("outbox-delivery", expected)
        self.assertIn("reindex:pending", expected)
        self.assertFalse({"waitlist-positions", "job-doctor"} & set(expected))
        self.assertNotIn("waitlist-positions", given["HEALTH_MAY_IDLE"].split())
        own = {"jobs": {"job-doctor": {"settings": {"HEALTH_EXPECT": "mine=1h"}}}}
        self.assertEqual(environment(named(documents(own), "CronJob")["job-doctor"])["HEALTH_EXPECT"], "mine=1h")

    def test_binaries_take_what_the_values_make(self):
        nowhere = {"DATABASE_URL": "postgresql://127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1", "JOB_ATTEMPTS": "1"}
        made = documents({**EVERYTHING, "sql": {}})
        shared = named(made, "ConfigMap")["staging-oneshot-settings"]["data"]
        for name, job in named(made, "CronJob").items():
            if "outbox-delivery" in name:
                # It wants a relay, too, and a binary of the trait.
                continue
            given = {k: v for k, v in environment(job).items() if v is not None and k.removesuffix("_FILE") not in nowhere}
            binary = BINARIES / pod(job)["containers"][0]["command"][0].rpartition("/")[2]
            ended = subprocess.run(binary, env={**shared, **given, **nowhere}, capture_output=True, text=True)
            self.assertEqual(ended.returncode, 69, f"{name}: {ended.stdout}")

    def test_what_nobody_knows_is_refused(self):
        for wrong in ({"job": {}}, {"jobs": {"top-stat": {"enabled": True}}}, {"jobs": {"top-stats": {"enable": True}}},
                      {"jobs": {"top-stats": {"timeout": "soon"}}}, {"jobs": {"top-stats": {"schedule": "hourly"}}},
                      {"sql": {"TOP_STATS_BOARD_DIR": {"a.sql": ""}}}, {"settings": {"job_instance": "x"}},
                      {"image": {"digest": "latest"}}, {"networkPolicy": {"egres": []}}):
            with self.assertRaises(jsonschema.ValidationError, msg=wrong):
                text(wrong)

    def test_the_values_of_the_page_are_values_and_their_board_is_one(self):
        page = (manifests.ROOT / "docs/deploy.md").read_text()
        values = yaml.safe_load(re.search(r"<!-- values -->\n```yaml\n(.*?)```", page, re.DOTALL)[1])
        self.assertEqual(complaints(text(values), VERSIONS[-1]), [])
        stats = named(documents(values), "CronJob")["top-stats"]
        (board,) = values["sql"]["TOP_STATS_BOARDS_DIR"]
        with tempfile.TemporaryDirectory() as folder:
            # As a volume of a ConfigMap is: links into a folder that is replaced whole.
            Path(folder, "..data").mkdir()
            Path(folder, "..data", board).write_text(values["sql"]["TOP_STATS_BOARDS_DIR"][board])
            Path(folder, board).symlink_to(Path("..data", board))
            given = {name: value for name, value in environment(stats).items() if value and name.startswith("TOP_STATS")}
            subprocess.run(["psql", "-Xqd", os.environ["DATABASE_URL"], "-c", """
                create table users (id bigint primary key, deleted_at timestamptz);
                create table posts (id bigint primary key, author_id bigint, published_at timestamptz);
                insert into posts values (1, 7, now() - interval '1 hour'), (2, 7, now() - interval '2 hours');"""], check=True)
            ended = subprocess.run([BINARIES / "top-stats"], capture_output=True, text=True, env={
                "DATABASE_URL": os.environ["DATABASE_URL"], "REDIS_URL": os.environ["REDIS_URL"], **given,
                "TOP_STATS_BOARDS_DIR": folder, "TOP_STATS_BOARDS": board.removesuffix(".sql")})
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)
        self.assertGreater(json.loads(ended.stdout)["counts"]["members"], 0, ended.stdout)

    def test_the_notes_name_a_job_that_is_there(self):
        self.assertTrue((CHART / "templates" / "NOTES.txt").exists())
        values = {"jobs": {s.name: {"enabled": s.name == "top-stats"} for s in helm.INCLUDED}}
        self.assertIn("cronjob/top-stats try-1", text(values, only="NOTES.txt"))


unittest.main()
