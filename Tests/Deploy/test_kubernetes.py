"""The manifests: that they build, are valid, keep to the restricted standard, and agree with themselves and the binaries."""
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import yaml

from manifests import FOLDERS, ROOT, documents, jobs, kustomize, tool
from moments import longest_gap, moments, unix
from schedules import DAY, SCHEDULES, facts, is_watched, ledger_name, seconds
from validity import VERSIONS, complaints

BINARIES = Path(os.environ["ONESHOT_BINARIES"])
NOT_FOLLOWED = {
    "CKV_K8S_11": "a limit for the processor only makes a run longer",
    "CKV_K8S_43": "the digest is known where the image was pushed: the overlay names it (docs/deploy.md)",
    "CKV_K8S_15": "an image that is named by its digest need not be pulled again",
}
WITH_JOBS = ("k8s/base", "k8s/overlays/events", "k8s/overlays/report", "k8s/overlays/sharded")


def run(*words, **options):
    return subprocess.run(words, capture_output=True, text=True, **options)


class Manifests(unittest.TestCase):
    def test_every_folder_is_valid_in_every_version(self):
        for folder in FOLDERS:
            text = kustomize(folder)
            for version in VERSIONS:
                with self.subTest(folder=folder, version=version):
                    self.assertEqual(complaints(text, version), [])

    def test_a_misspelt_field_and_a_wrong_value_would_be_found(self):
        text = kustomize("k8s/base")
        for right, wrong in [("concurrencyPolicy", "concurencyPolicy"), ("backoffLimit: 2", "backoffLimit: two")]:
            self.assertIn(right, text)
            self.assertNotEqual(complaints(text.replace(right, wrong), VERSIONS[-1]), [])

    def test_checkov_has_nothing_to_say_but_what_is_known(self):
        with tempfile.TemporaryDirectory() as folder:
            for source in FOLDERS:
                Path(folder, source.replace("/", "-") + ".yaml").write_text(kustomize(source))
            # Not --quiet: it ends with 0 when it looked at nothing, too.
            checked = run(tool("checkov"), "--framework", "kubernetes", "-d", folder, "--compact", "--skip-download",
                          "--skip-check", ",".join(NOT_FOLLOWED))
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        self.assertRegex(checked.stdout, "Passed checks: [1-9]")

    def test_pods_keep_to_the_restricted_standard_and_beyond(self):
        for folder in FOLDERS:
            for name, job in jobs(folder):
                pod = job["template"]["spec"]
                with self.subTest(folder=folder, name=name):
                    self.assertIs(pod["automountServiceAccountToken"], False)
                    self.assertIs(pod["enableServiceLinks"], False)
                    self.assertFalse({"hostNetwork", "hostPID", "hostIPC"} & set(pod))
                    # A producer of the user's; test_staging.py looks at it.
                    self.assertEqual("initContainers" in pod, name == "stage-table")
                    security = pod["securityContext"]
                    self.assertIs(security["runAsNonRoot"], True)
                    self.assertEqual([security[key] for key in ("runAsUser", "runAsGroup", "fsGroup")], [65532] * 3)
                    self.assertEqual(security["seccompProfile"], {"type": "RuntimeDefault"})
                    kinds = {"name", "secret", "configMap"} | {
                        "job-report": {"persistentVolumeClaim"}, "media-previews": {"persistentVolumeClaim"},
                        "stage-table": {"emptyDir"}}.get(name, set())
                    self.assertTrue(all(set(volume) <= kinds for volume in pod["volumes"]))
                    # A Secret of the job's own, so that its role and its user may do no more than it needs.
                    secrets = [volume["secret"] for volume in pod["volumes"] if "secret" in volume]
                    binary = job["template"]["metadata"]["labels"].get("app.kubernetes.io/component", "owner")
                    self.assertEqual(secrets, [{"secretName": f"oneshot-{binary}", "defaultMode": 0o440}])
                    (container,) = pod["containers"]
                    self.assertEqual(container["securityContext"], {
                        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}})
                    self.assertNotIn("cpu", container["resources"]["limits"])
        labels = next(d for d in documents("k8s/base") if d["kind"] == "Namespace")["metadata"]["labels"]
        self.assertEqual(labels["pod-security.kubernetes.io/enforce"], "restricted")

    def test_an_operator_has_rights_of_its_own_and_runs_what_the_page_puts_in(self):
        page = (ROOT / "docs/operate.md").read_text()
        function = re.search(r"<!-- in the cluster -->\n```bash\n(.*?)```", page, re.DOTALL)[1]
        # What kubectl would send, instead of sending it.
        script = function.replace("kubectl create -f -", "cat").replace("my-cluster/operator", str(ROOT / "k8s/operator"))
        words = ["dead-letters", "show", "reindex", "it's \"one\" $item \\\\"]
        made = run("bash", "-c", script + '\noneshot "$@"', "bash", *words, env={**os.environ, "PATH": f"{tool('kubectl').parent}:{os.environ['PATH']}"})
        self.assertEqual(made.returncode, 0, made.stderr)
        for version in VERSIONS:
            self.assertEqual(complaints(made.stdout, version), [])
        (job,) = [document for document in yaml.safe_load_all(made.stdout) if document]
        (container,) = job["spec"]["template"]["spec"]["containers"]
        self.assertEqual(container["command"], ["/usr/local/bin/oneshot", *words])
        self.assertEqual(job["metadata"]["namespace"], "oneshot")
        self.assertNotIn("name", job["metadata"])

    def test_selectors_select_the_pods(self):
        (policy,) = [d for d in documents("k8s/base") if d["kind"] == "NetworkPolicy"]
        wanted = policy["spec"]["podSelector"]["matchLabels"].items()
        for folder in FOLDERS:
            for name, job in jobs(folder):
                self.assertLessEqual(wanted, job["template"]["metadata"]["labels"].items(), name)

    def test_only_outbox_delivery_has_a_way_out_and_its_secret_is_a_file(self):
        """Policies add up: of each pod, the ports of all that select it."""
        usual, outside = {53, 5432, 6379}, {443, 465, 587}
        policies = [d["spec"] for d in documents("k8s/overlays/delivery") if d["kind"] == "NetworkPolicy"]
        seen = set()
        for name, job in jobs("k8s/overlays/delivery"):
            labels = job["template"]["metadata"]["labels"].items()
            selecting = [p for p in policies if p["podSelector"]["matchLabels"].items() <= labels]
            self.assertTrue(any("Ingress" in p["policyTypes"] and not p["ingress"] for p in selecting), name)
            ports = {port["port"] for p in selecting for rule in p["egress"] for port in rule["ports"]}
            self.assertEqual(ports, usual | outside if name == "outbox-delivery" else usual, name)
            (container,) = job["template"]["spec"]["containers"]
            secret = {e["name"]: e.get("value") for e in container["env"] if e["name"].startswith("MAIL_URL")}
            self.assertEqual(secret, {"MAIL_URL_FILE": "/run/secrets/oneshot/MAIL_URL"} if name == "outbox-delivery" else {})
            seen.add(name)
        self.assertIn("outbox-delivery", seen)
        self.assertGreater(len(seen), 10)

    def test_previews_are_made_by_their_own_image_of_sources_that_are_only_read(self):
        found = {(d["kind"], d["metadata"]["name"]) for d in documents("k8s/overlays/previews")}
        (job,) = [job for name, job in jobs("k8s/overlays/previews") if name == "media-previews"]
        pod = job["template"]["spec"]
        (container,) = pod["containers"]
        self.assertTrue(container["image"].startswith("media-previews:"))
        claims = {v["name"]: v["persistentVolumeClaim"] for v in pod["volumes"] if "persistentVolumeClaim" in v}
        settings = {v["name"]: v["value"] for v in container["env"] if "value" in v}
        mounts = {m["mountPath"]: m for m in container["volumeMounts"]}
        for setting, is_read_only in (("PREVIEWS_SOURCE_DIR", True), ("PREVIEWS_TARGET_DIR", False)):
            mount = mounts[settings[setting]]
            self.assertEqual(mount.get("readOnly", False), is_read_only)
            self.assertEqual(claims[mount["name"]].get("readOnly", False), is_read_only)
            self.assertIn(("PersistentVolumeClaim", claims[mount["name"]]["claimName"]), found)

    def test_a_run_of_previews_has_time_for_one_between_two_presigned_addresses(self):
        defaults = {s["name"]: s["default"] for s in facts(BINARIES, "media-previews")["settings"]}
        item, transfer = (seconds(defaults[f"PREVIEWS_{name}_TIMEOUT"]) for name in ("ITEM", "TRANSFER"))
        (job,) = [job for name, job in jobs("k8s/overlays/previews") if name == "media-previews"]
        (container,) = job["template"]["spec"]["containers"]
        (timeout,) = [v["value"] for v in container["env"] if v["name"] == "JOB_TIMEOUT"]
        # As Sources/Jobs/MediaPreviews/Settings.swift adds it up: ffmpeg, two of ffprobe, two transfers, and the rest.
        self.assertGreater(seconds(timeout), item + 2 * max(10, item // 4) + 2 * transfer + 10)

    def test_the_report_is_written_where_the_web_server_reads_it_and_nowhere_else(self):
        found = {(d["kind"], d["metadata"]["name"]): d for d in documents("k8s/overlays/report")}
        claim, server = found["PersistentVolumeClaim", "oneshot-report"], found["Deployment", "oneshot-report"]
        (job,) = [job for name, job in jobs("k8s/overlays/report") if name == "job-report"]
        writing, reading = job["template"], server["spec"]["template"]
        for pod, is_read_only in ((writing["spec"], False), (reading["spec"], True)):
            (volume,) = [v for v in pod["volumes"] if "persistentVolumeClaim" in v]
            self.assertEqual(volume["persistentVolumeClaim"]["claimName"], claim["metadata"]["name"])
            (container,) = pod["containers"]
            (mount,) = [m for m in container["volumeMounts"] if m["name"] == volume["name"]]
            self.assertEqual(mount.get("readOnly", False), is_read_only)
            if not is_read_only:
                (file,) = [v["value"] for v in container["env"] if v["name"] == "REPORT_FILE"]
                self.assertEqual(Path(file).parent.as_posix(), mount["mountPath"])
        # One node mounts the volume: the run goes where the server is.
        self.assertEqual(claim["spec"]["accessModes"], ["ReadWriteOnce"])
        (term,) = writing["spec"]["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        self.assertLessEqual(term["labelSelector"]["matchLabels"].items(), reading["metadata"]["labels"].items())
        # Whoever is let in comes to the server and to no job.
        policy, service = found["NetworkPolicy", "oneshot-report"], found["Service", "oneshot-report"]
        for selector in (policy["spec"]["podSelector"]["matchLabels"], service["spec"]["selector"], server["spec"]["selector"]["matchLabels"]):
            self.assertLessEqual(selector.items(), reading["metadata"]["labels"].items())
            self.assertFalse(selector.items() <= writing["metadata"]["labels"].items())
        self.assertEqual(reading["spec"]["securityContext"]["fsGroup"], writing["spec"]["securityContext"]["fsGroup"])

    def test_keda_starts_the_pod_of_the_cron_job_for_the_stream_that_it_reads(self):
        found = {(d["kind"], d["metadata"]["name"]): d for d in documents("k8s/overlays/events")}
        scaled = found["ScaledJob", "event-drain"]["spec"]
        of_cron = found["CronJob", "event-drain"]["spec"]["jobTemplate"]["spec"]
        (container,) = scaled["jobTargetRef"]["template"]["spec"]["containers"]
        (plain,) = of_cron["template"]["spec"]["containers"]
        # The slot of a run is in the name of a CronJob's Job, and in none that KEDA gives.
        self.assertEqual([v for v in plain["env"] if v["name"] != "JOB_KUBERNETES_NAME"], container["env"])
        self.assertEqual({k: v for k, v in plain.items() if k != "env"}, {k: v for k, v in container.items() if k != "env"})
        self.assertEqual(of_cron["podFailurePolicy"], scaled["jobTargetRef"]["podFailurePolicy"])
        (trigger,) = scaled["triggers"]
        self.assertEqual(trigger["type"], "redis-streams")
        defaults = {s["name"]: s["default"] for s in facts(BINARIES, "event-drain")["settings"]}
        self.assertEqual([trigger["metadata"]["stream"], trigger["metadata"]["consumerGroup"]],
                         [defaults["EVENTS_STREAM"], defaults["EVENTS_GROUP"]])
        # The only one of KEDA's three measures that is 0 once all is read.
        self.assertIn("lagCount", trigger["metadata"])
        self.assertIn(("TriggerAuthentication", trigger["authenticationRef"]["name"]), found)

    def test_keda_looks_at_the_group_of_the_topic_that_the_job_reads(self):
        found = {(d["kind"], d["metadata"]["name"]): d for d in documents("k8s/overlays/events-kafka")}
        scaled = found["ScaledJob", "event-drain"]["spec"]
        (trigger,) = scaled["triggers"]
        self.assertEqual(trigger["type"], "apache-kafka")
        defaults = {s["name"]: s["default"] for s in facts(BINARIES, "event-drain")["settings"]}
        self.assertEqual([trigger["metadata"]["topic"], trigger["metadata"]["consumerGroup"]],
                         [defaults["KAFKA_JOB_TOPIC"], defaults["KAFKA_JOB_CONSUMER_GROUP"]])
        self.assertNotIn(("TriggerAuthentication", "oneshot-events"), found)
        brokers = trigger["metadata"]["bootstrapServers"]
        for spec in (scaled["jobTargetRef"], found["CronJob", "event-drain"]["spec"]["jobTemplate"]["spec"]):
            (container,) = spec["template"]["spec"]["containers"]
            self.assertLessEqual({("EVENTS_SOURCE", "kafka"), ("KAFKA_BROKERS", brokers)},
                                 {(v["name"], v.get("value")) for v in container["env"]})
        ports = [port["port"] for rule in found["NetworkPolicy", "oneshot"]["spec"]["egress"] for port in rule["ports"]]
        self.assertIn(int(brokers.rpartition(":")[2]), ports)

    def test_shards_agree(self):
        (job,) = [job for name, job in jobs("k8s/overlays/sharded") if name == "usage-aggregation"]
        counts = [v["value"] for v in job["template"]["spec"]["containers"][0]["env"] if v["name"] == "JOB_SHARD_COUNT"]
        self.assertEqual(counts, [str(job["completions"])])
        self.assertEqual(job["parallelism"], job["completions"])
        # With a limit for all together, one bad shard would take the others' tries; with FailJob, their lives.
        self.assertIsNone(job.get("backoffLimit"))
        (plain,) = [job for name, job in jobs("k8s/base") if name == "usage-aggregation"]
        codes = [rule["onExitCodes"]["values"] for rule in plain["podFailurePolicy"]["rules"] if "onExitCodes" in rule]
        rules = [(rule["action"], rule["onExitCodes"]["values"]) for rule in job["podFailurePolicy"]["rules"]
                 if "onExitCodes" in rule]
        self.assertEqual(rules, [("FailIndex", codes[0])])


class Settings(unittest.TestCase):
    def setUp(self):
        self.described = {schedule.job: facts(BINARIES, schedule.job) for schedule in SCHEDULES}
        (self.shared,) = [d["data"] for d in documents("k8s/base") if d["kind"] == "ConfigMap"]

    def test_every_name_is_one_that_a_binary_reads(self):
        known = {s["name"] for d in self.described.values() for s in d["settings"]}
        self.assertLessEqual(set(self.shared), known)
        for folder in WITH_JOBS:
            for name, job in jobs(folder):
                (container,) = job["template"]["spec"]["containers"]
                binary = container["command"][0].rpartition("/")[2]
                declared = {s["name"]: s for s in self.described[binary]["settings"]}
                for variable in container["env"]:
                    if variable["name"].endswith("_FILE") and variable["name"][:-5] in declared:
                        self.assertTrue(declared[variable["name"][:-5]]["secret"], variable["name"])
                    else:
                        self.assertIn(variable["name"], declared, name)
                        self.assertFalse(declared[variable["name"]]["secret"], f"{variable['name']} in plain sight")

    def test_the_binary_takes_every_value(self):
        """78 would be a bad setting; 69 says that all were read and a server was looked for."""
        nowhere = {"DATABASE_URL": "postgresql://127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1", "JOB_ATTEMPTS": "1"}
        for folder in WITH_JOBS:
            for name, job in jobs(folder):
                (container,) = job["template"]["spec"]["containers"]
                given = {v["name"]: v["value"] for v in container["env"] if "value" in v and v["name"].removesuffix("_FILE") not in nowhere}
                binary = BINARIES / container["command"][0].rpartition("/")[2]
                ended = run(binary, env={**self.shared, **given, **nowhere})
                self.assertEqual(ended.returncode, 69, f"{folder} {name}: {ended.stdout}")

    def test_a_wrong_value_would_be_found(self):
        ended = run(BINARIES / "usage-aggregation", env={"DATABASE_URL": "postgresql://127.0.0.1:1/x",
                    "REDIS_URL": "redis://127.0.0.1:1", "JOB_TIMEOUT": "soon"})
        self.assertEqual(ended.returncode, 78)


class Schedules(unittest.TestCase):
    def test_names_are_unique_and_short_enough_for_the_minutes_behind_them(self):
        names = [schedule.name for schedule in SCHEDULES]
        self.assertEqual(len(set(names)), len(names))
        for name in names:
            self.assertRegex(name, r"^[a-z]([-a-z0-9]*[a-z0-9])?$")
            self.assertLessEqual(len(name), 52)

    def test_every_is_the_longest_time_between_two_slots(self):
        for schedule in SCHEDULES:
            self.assertEqual(longest_gap(moments(unix(schedule.cron))), schedule.every, schedule.name)

    def test_a_wrong_expression_would_be_found(self):
        for wrong in ("0 2 * *", "60 2 * * *", "0 2 1 * MON", "0 4 * * 1", "5-1 * * * *", "x * * * *"):
            with self.assertRaises(ValueError, msg=wrong):
                unix(wrong)

    def test_the_doctor_expects_what_is_scheduled(self):
        (job,) = [job for name, job in jobs("k8s/base") if name == "job-doctor"]
        told = {v["name"]: v.get("value") for v in job["template"]["spec"]["containers"][0]["env"]}
        units = {"m": 60, "h": 3600, "d": DAY}
        expected = dict(piece.split("=") for piece in told["HEALTH_EXPECT"].split(","))
        periods = {name: int(text[:-1]) * units[text[-1]] for name, text in expected.items()}
        cronjobs = {d["metadata"]["name"]: d["spec"]["schedule"] for d in documents("k8s/base") if d["kind"] == "CronJob"}
        watched = [s for s in SCHEDULES if is_watched(s)]
        self.assertEqual(len(periods), len(watched))
        for schedule in watched:
            name = ledger_name(schedule)
            self.assertEqual(periods[name], longest_gap(moments(unix(cronjobs[schedule.name]))), name)

    def test_schedules_of_one_binary_differ_in_their_settings(self):
        told = [(schedule.job, tuple(sorted(schedule.settings.items()))) for schedule in SCHEDULES]
        self.assertEqual(len(set(told)), len(told))


unittest.main()
