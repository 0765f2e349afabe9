"""Whether documents are valid for Kubernetes."""
import functools
import json

import kubernetes_validate
import kubernetes_validate.utils
import yaml

# From the oldest that knows all that is used to the newest that there is a schema for.
VERSIONS = ("1.29", "1.33", "1.37")
# Not Kubernetes' own kinds; promtool looks at the rules.
UNKNOWN_TO_SCHEMAS = {"PrometheusRule", "TriggerAuthentication"}

# A schema has megabytes, and is read again for each document.
kubernetes_validate.utils.schema_contents = functools.cache(kubernetes_validate.utils.schema_contents)


@functools.cache
def complaint(text, version):
    """What is wrong with a document, as JSON; nothing when it is valid. Most are in several folders."""
    document = json.loads(text)
    if document["kind"] == "ScaledJob":
        # What KEDA makes of it.
        document = {"apiVersion": "batch/v1", "kind": "Job", "metadata": document["metadata"],
                    "spec": document["spec"]["jobTargetRef"]}
    if document["kind"] in UNKNOWN_TO_SCHEMAS:
        return None
    try:
        kubernetes_validate.validate(document, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return f"{document['kind']} {document['metadata']['name']}: {list(error.path)}: {error.message}"


def complaints(text, version):
    found = [complaint(json.dumps(document, sort_keys=True), version) for document in yaml.safe_load_all(text) if document]
    return [said for said in found if said]
