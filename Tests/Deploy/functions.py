"""ecs/lambda.yaml deployed in moto's AWS, and what Scheduler and Lambda would make of a moment.

moto's CloudFormation makes a function without the command of its image, and neither schedules nor what becomes of an event that
failed; these are made through the services' own interfaces, which refuse properties that they do not know.
"""
import json
import re

import cfnlint.decode.cfn_yaml
from aws import ROOT, SCHEDULE, Cloud, mapped

TEMPLATE = ROOT / "ecs" / "lambda.yaml"
FUNCTION, EVENTS = "AWS::Lambda::Function", "AWS::Lambda::EventInvokeConfig"
PREFIX = "oneshot-lambda"


def template():
    return json.loads(json.dumps(cfnlint.decode.cfn_yaml.load(str(TEMPLATE)), default=str))


class Functions(Cloud):
    def deploy(self, secrets):
        """:param secrets: what the secret of the jobs holds."""
        # Of an installation without a name there is none.
        wanted = mapped(template(), lambda value: (
            {} if isinstance(value, dict) and value.get("Fn::If", [""])[0] == "HasInstance" else None))
        known = self.group(PREFIX)
        for name, resource in wanted["Resources"].items():
            if resource["Type"] == FUNCTION:
                function = resource["Properties"]["FunctionName"]["Fn::Sub"].replace("${Prefix}", PREFIX)
                known[json.dumps({"Fn::GetAtt": [name, "Arn"]})] = f"arn:aws:lambda:eu-central-1:123456789012:function:{function}"
                known[json.dumps({"Ref": name})] = function
        left_out = ("AWS::Scheduler::ScheduleGroup", SCHEDULE, FUNCTION, EVENTS)
        made = self.create(PREFIX, wanted, self.parameters(secrets, PREFIX), left_out, known)
        functions = self.client("lambda")
        for function in made[FUNCTION]:
            reserved = function.pop("ReservedConcurrentExecutions")
            variables = function["Environment"]["Variables"]
            function["Environment"] = {"Variables": {name: self.resolved(text) for name, text in variables.items() if text}}
            functions.create_function(**function)
            functions.put_function_concurrency(
                FunctionName=function["FunctionName"], ReservedConcurrentExecutions=reserved)
        for events in made[EVENTS]:
            del events["Qualifier"]
            functions.put_function_event_invoke_config(**events)
        for schedule in made[SCHEDULE]:
            self.client("scheduler").create_schedule(**schedule)

    def resolved(self, text):
        """A dynamic reference of CloudFormation to a key of a secret, as the deployment reads it."""
        found = re.fullmatch(r"\{\{resolve:secretsmanager:(.+):SecretString:(\w+)\}\}", text)
        if not found:
            return text
        secret = self.client("secretsmanager").get_secret_value(SecretId=found[1])["SecretString"]
        return json.loads(secret)[found[2]]

    def fire(self, name, at):
        """What Scheduler does at a moment.

        :return: the event, and the function that it invokes, as Lambda has it.
        """
        target = self.client("scheduler").get_schedule(Name=name, GroupName=PREFIX)["Target"]
        event = target["Input"]
        for word, value in (("scheduled-time", at), ("execution-id", "d32c5kddcf5bb8c3"), ("attempt-number", "1")):
            if f"<aws.scheduler.{word}>" not in event:
                raise AssertionError(f"{name}: {event} lacks the {word}")
            event = event.replace(f"<aws.scheduler.{word}>", value)
        return event, self.client("lambda").get_function(FunctionName=target["Arn"])
