"""What kustomize makes of the folders below k8s/.

  manifests.py FOLDER      prints it as a JSON array
"""
import functools
import json
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
# Components change what somebody else has, and are nothing by themselves.
FOLDERS = [path.parent.relative_to(ROOT).as_posix() for path in sorted((ROOT / "k8s").rglob("kustomization.yaml"))
           if "kind: Component" not in path.read_text()]
sys.path.insert(0, str(ROOT / "k8s"))


def tool(name):
    """A program of the virtual environment that runs this."""
    return Path(sys.executable).parent / name


@functools.cache
def kustomize(folder):
    built = subprocess.run([tool("kubectl"), "kustomize", ROOT / folder], capture_output=True, text=True)
    if built.returncode != 0:
        raise AssertionError(f"kubectl kustomize {folder}: {built.stderr}")
    return built.stdout


@functools.cache
def documents(folder):
    return [document for document in yaml.safe_load_all(kustomize(folder)) if document]


def jobs(folder):
    """Name and Job specification of everything that makes pods."""
    for document in documents(folder):
        name = document["metadata"]["name"]
        if document["kind"] == "CronJob":
            yield name, document["spec"]["jobTemplate"]["spec"]
        elif document["kind"] == "Job":
            yield name, document["spec"]
        elif document["kind"] == "ScaledJob":
            yield name, document["spec"]["jobTargetRef"]


if __name__ == "__main__":
    print(json.dumps(documents(sys.argv[1])))
