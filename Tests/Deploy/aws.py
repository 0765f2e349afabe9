"""A server that stands for AWS (moto), and ecs/oneshot.yaml deployed in it.

moto's CloudFormation makes everything but schedules and alarms; the schedules are made through Scheduler's own interface, from what
the template says, with its references resolved by the stack. functions.py deploys ecs/lambda.yaml in it.
"""
import functools
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import boto3
import cfnlint.decode.cfn_yaml

ROOT = Path(__file__).resolve().parent.parent.parent
TEMPLATE = ROOT / "ecs" / "oneshot.yaml"
DIGEST = "sha256:" + "0" * 64
SCHEDULE = "AWS::Scheduler::Schedule"


@functools.cache
def template_text():
    return json.dumps(cfnlint.decode.cfn_yaml.load(str(TEMPLATE)), default=str)


def template():
    """A copy that a caller may change."""
    return json.loads(template_text())


def mapped(value, function):
    """The value with everything in it that the function knows put in the place of it."""
    known = function(value)
    if known is not None:
        return known
    if isinstance(value, dict):
        return {key: mapped(part, function) for key, part in value.items()}
    return [mapped(part, function) for part in value] if isinstance(value, list) else value


class Cloud:
    def __init__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.server = subprocess.Popen(
            [Path(sys.executable).parent / "moto_server", "-H", "127.0.0.1", "-p", str(self.port)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.environ.update(AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_DEFAULT_REGION="eu-central-1")
        limit = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                break
            except OSError:
                if time.monotonic() > limit or self.server.poll() is not None:
                    raise
                time.sleep(0.05)

    def close(self):
        self.server.kill()
        self.server.wait()

    def client(self, name):
        return boto3.client(name, endpoint_url=f"http://127.0.0.1:{self.port}")

    def create(self, name, wanted, parameters, left_out, known):
        """Creates a stack of a template.

        :param left_out: the types of resources that moto's CloudFormation does not make, or not as they are.
        :param known: what references to these come to, by the reference as JSON.
        :return: of what was left out, by type: its properties, with their references resolved by the stack.
        """
        wanted = mapped(wanted, lambda value: known.get(json.dumps(value)))
        resources, found = wanted["Resources"], {kind: [] for kind in left_out}
        for resource in list(resources):
            if resources[resource]["Type"] in left_out:
                removed = resources.pop(resource)
                # A schedule without a time is left out, by its condition.
                if parameters.get(removed.get("Condition", "").removeprefix("Has")) != "":
                    found[removed["Type"]].append(removed["Properties"])

        def ask(value):
            """Has the stack say what a reference comes to."""
            if not isinstance(value, dict) or len(value) != 1 or not ({"Ref", "Fn::GetAtt", "Fn::Sub"} & set(value)):
                return None
            if value == {"Ref": "Subnets"}:
                return parameters["Subnets"].split(",")
            output = f"Asked{len(wanted['Outputs'])}"
            wanted["Outputs"][output] = {"Value": value}
            return f"«{output}»"
        found = {kind: [mapped(one, ask) for one in all_of_kind] for kind, all_of_kind in found.items()}
        formation = self.client("cloudformation")
        formation.create_stack(
            StackName=name, TemplateBody=json.dumps(wanted), Capabilities=["CAPABILITY_IAM"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()])
        (stack,) = formation.describe_stacks(StackName=name)["Stacks"]
        if stack["StackStatus"] != "CREATE_COMPLETE":
            raise AssertionError(stack)
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        answers = {f"«{output}»": value for output, value in self.outputs.items()}
        return {kind: [mapped(one, lambda value: answers.get(value) if isinstance(value, str) else None) for one in all_of_kind]
                for kind, all_of_kind in found.items()}

    def parameters(self, secrets, prefix):
        """Those of both templates."""
        ec2, manager = self.client("ec2"), self.client("secretsmanager")
        return {
            "Image": f"123456789012.dkr.ecr.eu-central-1.amazonaws.com/oneshot@{DIGEST}",
            "Vpc": ec2.describe_vpcs()["Vpcs"][0]["VpcId"],
            "Subnets": ",".join(subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"][:2]),
            "JobsSecretArn": manager.create_secret(Name=f"{prefix}-jobs", SecretString=json.dumps(secrets))["ARN"],
            "State": "ENABLED"}

    def group(self, name):
        """A group of schedules, and what references to it come to."""
        arn = self.client("scheduler").create_schedule_group(Name=name)["ScheduleGroupArn"]
        return {'{"Ref": "Schedules"}': name, '{"Fn::GetAtt": ["Schedules", "Arn"]}': arn}

    def deploy(self, secrets, own, **more):
        """Deploys the template.

        :param secrets: what the secret of the jobs holds.
        :param own: parameters of jobs with a secret of their own, and what it holds.
        :param more: other parameters.
        """
        prefix = more.get("Prefix", "oneshot")
        manager = self.client("secretsmanager")
        self.cluster = self.client("ecs").create_cluster(clusterName="main")["cluster"]["clusterArn"]
        parameters = self.parameters(secrets, prefix) | {
            "RepositoryArn": "arn:aws:ecr:eu-central-1:123456789012:repository/oneshot", "ClusterArn": self.cluster,
            "OwnerSecretArn": manager.create_secret(Name=f"{prefix}-owner", SecretString='{"DATABASE_URL": "x"}')["ARN"],
            **more}
        for name, secret in own.items():
            parameters[name] = manager.create_secret(Name=f"{prefix}-{name}", SecretString=json.dumps(secret))["ARN"]
        left_out = ("AWS::Scheduler::ScheduleGroup", SCHEDULE)
        for schedule in self.create(prefix, template(), parameters, left_out, self.group(prefix))[SCHEDULE]:
            ecs = schedule["Target"]["EcsParameters"]
            # The one name that CloudFormation spells otherwise than the interface.
            network = ecs.pop("NetworkConfiguration")
            ecs["NetworkConfiguration"] = {"awsvpcConfiguration": network["AwsvpcConfiguration"]}
            self.client("scheduler").create_schedule(**schedule)

    def fire(self, name, at, group="oneshot"):
        """What Scheduler does at a moment: fills in the time, and calls RunTask.

        :return: the environment of the container that ECS would start, its command, and its task definition.
        """
        schedule = self.client("scheduler").get_schedule(Name=name, GroupName=group)
        target, parameters = schedule["Target"], schedule["Target"]["EcsParameters"]
        network = parameters["NetworkConfiguration"]["awsvpcConfiguration"]
        ecs = self.client("ecs")
        (task,) = ecs.run_task(
            cluster=target["Arn"], taskDefinition=parameters["TaskDefinitionArn"], launchType=parameters["LaunchType"],
            group=parameters["Group"],
            overrides=json.loads(target["Input"].replace("<aws.scheduler.scheduled-time>", at)),
            networkConfiguration={"awsvpcConfiguration": {
                "subnets": network["Subnets"], "securityGroups": network["SecurityGroups"],
                "assignPublicIp": network["AssignPublicIp"]}})["tasks"]
        definition = ecs.describe_task_definition(taskDefinition=task["taskDefinitionArn"])["taskDefinition"]
        (container,) = definition["containerDefinitions"]
        # moto keeps an empty place in a list for AWS::NoValue; CloudFormation leaves it out.
        environment = {entry["name"]: entry["value"] for entry in container["environment"] if entry}
        for secret in container["secrets"]:
            # arn:…:secret:jobs-AbCdEf:DATABASE_URL::
            arn, key = secret["valueFrom"].removesuffix("::").rsplit(":", 1)
            value = self.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
            environment[secret["name"]] = json.loads(value)[key]
        environment["group"] = task["group"]
        for override in task["overrides"]["containerOverrides"]:
            if override["name"] != container["name"]:
                raise AssertionError(f"{override['name']} is no container of the task: ECS refuses that")
            environment.update({entry["name"]: entry["value"] for entry in override["environment"]})
        return environment, container, definition
