"""A CronJob's pod as `podman kube play` takes it: what the CronJob's controller and the kubelet would make of k8s/base.

  play.py CRONJOB IMAGE JOB_NAME SECRET_FOLDER SERVERS

Only what has no place outside of a cluster is changed: the image's name; the Secret, which Debian's podman hands over undecoded,
is a folder; and a folder with the servers' sockets is mounted.
"""
import sys

import yaml

from manifests import documents

name, image, job_name, secrets, servers = sys.argv[1:]
built = documents("k8s/base")
(template,) = [d["spec"]["jobTemplate"]["spec"]["template"] for d in built if d["kind"] == "CronJob" and d["metadata"]["name"] == name]
settings = [d for d in built if d["kind"] == "ConfigMap"]
for document in settings:
    document["metadata"].pop("namespace")
pod = {"apiVersion": "v1", "kind": "Pod", "spec": template["spec"], "metadata": {
    "name": job_name, "labels": {**template["metadata"]["labels"], "batch.kubernetes.io/job-name": job_name}}}
(container,) = pod["spec"]["containers"]
container["image"] = image
(volume,) = pod["spec"]["volumes"]
volume.pop("secret")
volume["hostPath"] = {"path": secrets, "type": "Directory"}
container["volumeMounts"].append({"name": "servers", "mountPath": "/servers"})
pod["spec"]["volumes"].append({"name": "servers", "hostPath": {"path": servers, "type": "Directory"}})
print(yaml.safe_dump_all(settings + [pod]))
