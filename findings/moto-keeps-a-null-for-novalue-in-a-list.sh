#!/usr/bin/env bash
# moto 5.2.5 (PyPI).
#
# A template gives a task definition an environment variable only under a condition: a list with an Fn::If whose other branch
# is AWS::NoValue. CloudFormation's documentation: AWS::NoValue removes the property; in a list the entry is left out.
#
# Seen: moto makes the entry null. describe_task_definition answers with a list that has a null in it, which no real ECS does,
# and in a policy the null is refused (MalformedPolicyDocument).
#
# Depends on it: Tests/Deploy/aws.py skips empty entries; in ecs/templates/stack.yaml a statement under a condition is a
# separate policy.
#
# Needs: python3 with pip.
set -euo pipefail
command -v python3 >/dev/null || { echo "cannot run here: python3 is missing" >&2; exit 69; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install --quiet --no-compile --disable-pip-version-check --root-user-action=ignore --target "$work/packages" \
  'moto[cloudformation,ecs]==5.2.5' boto3==1.35.49 || { echo "cannot run here: moto 5.2.5 is not to be had" >&2; exit 69; }
found=$(PYTHONPATH=$work/packages AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x AWS_DEFAULT_REGION=eu-central-1 python3 - <<'PY'
import json

import boto3
from moto import mock_aws

template = {
    "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
    "Resources": {"Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": {
        "Family": "f", "ContainerDefinitions": [{"Name": "c", "Image": "i", "Memory": 64, "Environment": [
            {"Name": "ALWAYS", "Value": "1"},
            {"Fn::If": ["Never", {"Name": "NEVER", "Value": "1"}, {"Ref": "AWS::NoValue"}]}]}]}}}}
with mock_aws():
    boto3.client("cloudformation").create_stack(StackName="s", TemplateBody=json.dumps(template))
    task = boto3.client("ecs").describe_task_definition(taskDefinition="f")["taskDefinition"]
    print(json.dumps(task["containerDefinitions"][0]["environment"]))
PY
)
expected='[{"name": "ALWAYS", "value": "1"}, null]'
echo "$found"
[ "$found" = "$expected" ] || { printf 'this has changed; it was:\n%s\n' "$expected" >&2; exit 1; }
