"""k8s/overlays/staging: its producer fetches from a real ClickHouse (CLICKHOUSE_URL), and its job loads what that has written."""
import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from manifests import documents, jobs

BINARIES = Path(os.environ["ONESHOT_BINARIES"])


def pod():
    (job,) = [job for name, job in jobs("k8s/overlays/staging") if name == "stage-table"]
    return job["template"]["spec"]


def variables(container):
    return {entry["name"]: entry["value"] for entry in container["env"] if "value" in entry}


class Staging(unittest.TestCase):
    def start(self, **changes):
        """Does what the kubelet does: the producer, and if that ended well the job; a folder stands for the volume."""
        (producer,), (job,) = pod()["initContainers"], pod()["containers"]
        with tempfile.TemporaryDirectory() as folder:
            script = producer["command"][2].replace("/stream", folder)
            given = variables(producer) | {"CLICKHOUSE_URL": os.environ["CLICKHOUSE_URL"].rstrip("/"), "PATH": os.environ["PATH"]}
            ended = subprocess.run(["sh", "-ec", script], env=given | changes, capture_output=True, text=True)
            if ended.returncode != 0:
                return ended.returncode, None
            settings = variables(job) | {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")}
            for name in ("DATABASE_URL_FILE", "REDIS_URL_FILE"):
                del settings[name]
            settings["STAGE_FILE"] = settings["STAGE_FILE"].replace("/stream", folder)
            ran = subprocess.run([BINARIES / "stage-table"], env=settings, capture_output=True, text=True)
            return ran.returncode, json.loads(ran.stdout)

    def test_what_the_producer_has_written_is_in_the_table_and_what_fails_starts_nothing(self):
        code, result = self.start()
        # Of one there is an older number, from the job's page.
        self.assertEqual((code, result["counts"]["inserted"], result["counts"]["updated"]), (0, 1, 1), result)
        code, result = self.start()
        self.assertEqual((code, result["counts"]["unchanged"]), (0, 2), result)
        self.assertEqual(self.start(QUERY="select throwIf(number = 3) from numbers(5) format TabSeparated"), (22, None))
        self.assertEqual(self.start(CLICKHOUSE_URL="http://127.0.0.1:1"), (7, None))

    def test_the_producer_is_locked_up_as_the_job_is_and_has_none_of_its_secrets(self):
        (producer,), (job,) = pod()["initContainers"], pod()["containers"]
        self.assertEqual(producer["securityContext"], job["securityContext"])
        self.assertEqual([mount["name"] for mount in producer["volumeMounts"]], ["stream"])
        self.assertNotIn("envFrom", producer)
        (mount,) = [mount for mount in job["volumeMounts"] if mount["name"] == "stream"]
        self.assertIs(mount["readOnly"], True)
        self.assertEqual(Path(variables(job)["STAGE_FILE"]).parent.as_posix(), mount["mountPath"])

    def test_the_pod_is_let_out_to_clickhouse(self):
        (producer,) = pod()["initContainers"]
        (policy,) = [d["spec"] for d in documents("k8s/overlays/staging")
                     if d["kind"] == "NetworkPolicy" and d["metadata"]["name"] == "oneshot-staging"]
        ports = [port["port"] for rule in policy["egress"] for port in rule["ports"]]
        self.assertEqual(ports, [int(variables(producer)["CLICKHOUSE_URL"].rpartition(":")[2])])


unittest.main()
