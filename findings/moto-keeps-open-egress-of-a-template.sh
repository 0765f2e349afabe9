#!/usr/bin/env bash
# moto 5.2.5 (PyPI).
#
# A CloudFormation template has a security group with SecurityGroupEgress. AWS replaces the rule of a new group that lets
# everything out by the rules of the template (its documentation of AWS::EC2::SecurityGroup). One would expect the same of
# moto, which keeps SecurityGroupIngress.
#
# Seen: after create_stack the group has the template's ingress, and as egress only what every new group has: all protocols to
# 0.0.0.0/0. A test that deploys a template and looks at the group takes narrow egress for open, and open for narrow.
#
# Depends on it: Tests/Deploy/test_ecs.py looks at the template itself for what tasks are let out to.
#
# Needs: python3 with pip.
set -euo pipefail
command -v python3 >/dev/null || { echo "cannot run here: python3 is missing" >&2; exit 69; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install --quiet --no-compile --disable-pip-version-check --root-user-action=ignore --target "$work/packages" \
  'moto[cloudformation,ec2]==5.2.5' boto3==1.35.49 || { echo "cannot run here: moto 5.2.5 is not to be had" >&2; exit 69; }
found=$(PYTHONPATH=$work/packages AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x AWS_DEFAULT_REGION=eu-central-1 python3 - <<'PY'
import json

import boto3
from moto import mock_aws

rule = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "CidrIp": "10.0.0.0/16"}
template = {"Resources": {"Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {
    "GroupDescription": "narrow", "VpcId": {"Ref": "Network"},
    "SecurityGroupIngress": [rule], "SecurityGroupEgress": [rule]}},
    "Network": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}}}
with mock_aws():
    boto3.client("cloudformation").create_stack(StackName="s", TemplateBody=json.dumps(template))
    groups = boto3.client("ec2").describe_security_groups()["SecurityGroups"]
    group = next(group for group in groups if group["Description"] == "narrow")
    for name, rules in (("ingress", group["IpPermissions"]), ("egress", group["IpPermissionsEgress"])):
        for rule in rules:
            print(name, rule["IpProtocol"], rule.get("FromPort", "all"), *[r["CidrIp"] for r in rule["IpRanges"]])
PY
)
expected='ingress tcp 5432 10.0.0.0/16
egress -1 all 0.0.0.0/0'
echo "$found"
[ "$found" = "$expected" ] || { printf 'this has changed; it was:\n%s\n' "$expected" >&2; exit 1; }
