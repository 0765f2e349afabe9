"""What Helm makes of k8s/chart: its templates by gotpl, an implementation of Go's templates and Helm's functions, as there is
no helm to be had here; values are merged and checked as Helm does it.

  chart.py [VALUES.yaml]      prints it
"""
import copy
import json
import sys

import jsonschema
import yaml
from gotpl.exts.helm import HelmTemplateEngine

from manifests import ROOT

CHART = ROOT / "k8s" / "chart"


def read(name):
    return yaml.safe_load((CHART / name).read_text())


def merged(below, above):
    """Maps are merged, and a null removes what stands below it."""
    if not isinstance(below, dict) or not isinstance(above, dict):
        return copy.deepcopy(above)
    result = copy.deepcopy(below)
    for key, value in above.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(below.get(key), value)
    return result


def text(values={}, only=".yaml"):
    values = merged(read("values.yaml"), values)
    jsonschema.validate(values, json.loads((CHART / "values.schema.json").read_text()))
    chart = read("Chart.yaml")
    context = {
        "Values": values, "Chart": {"Name": chart["name"], "Version": chart["version"], "AppVersion": chart["appVersion"]},
        "Release": {"Name": "oneshot", "Namespace": "oneshot", "Service": "Helm", "IsInstall": True, "IsUpgrade": False}}
    sources = {path.name: path.read_text() for path in sorted((CHART / "templates").iterdir())}
    engine = HelmTemplateEngine(sources)
    return "\n---\n".join(engine.render({name: context for name in sources if name.endswith(only)}).values())


def documents(values={}):
    return [document for document in yaml.safe_load_all(text(values)) if document]


if __name__ == "__main__":
    print(text(yaml.safe_load(open(sys.argv[1])) if sys.argv[1:] else {}))
