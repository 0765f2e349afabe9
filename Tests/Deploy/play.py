"""A CronJob's pod as `podman kube play` takes it: what the CronJob's controller and the kubelet would make of k8s/base.

  play.py CRONJOB IMAGE JOB_NAME SECRET_FOLDER SERVERS

Only what has no place outside of a cluster is changed: the image's name, and a folder with the servers' sockets is mounted.
"""
import base64
import sys
from pathlib import Path

import yaml

from manifests import documents

name, image, job_name, secrets, servers = sys.argv[1:]
built = documents("k8s/base")
(template,) = [d["spec"]["jobTemplate"]["spec"]["template"] for d in built if d["kind"] == "CronJob" and d["metadata"]["name"] == name]
settings = [d for d in built if d["kind"] == "ConfigMap"]
for document in settings:
    document["metadata"].pop("namespace")
secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "oneshot-jobs"}, "data": {
    path.name: base64.b64encode(path.read_bytes()).decode() for path in Path(secrets).iterdir()}}
pod = {"apiVersion": "v1", "kind": "Pod", "spec": template["spec"], "metadata": {
    "name": job_name, "labels": {**template["metadata"]["labels"], "batch.kubernetes.io/job-name": job_name}}}
(container,) = pod["spec"]["containers"]
container["image"] = image
container["volumeMounts"].append({"name": "servers", "mountPath": "/servers"})
pod["spec"]["volumes"].append({"name": "servers", "hostPath": {"path": servers, "type": "Directory"}})
print(yaml.safe_dump_all(settings + [secret, pod]))
