"""Deploys template.yaml through CloudFormation, as `sam deploy` would, and tells what stands there.

The emulator falls short of AWS in four places. Each is made up for in one function here, and nowhere else.
"""

import json
import re
import string
from functools import cached_property
from pathlib import Path

from harness.build import ROOT, package
from harness.emulator import Emulator

NAME = "switchboard"
# Who works on a queue.
WORKERS = ("Automation", "Collect", "Send")
PACKAGES = "packages"

# What CloudFormation must say about the roles that the template makes, and about the transform.
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]


class Stack:
    """The deployed stack."""

    def __init__(self, emulator: Emulator):
        self.emulator = emulator
        self._formation = emulator.client("cloudformation")

    @cached_property
    def resources(self) -> dict[str, str]:
        """Physical ids by the names in the template."""
        pages = self._formation.get_paginator("list_stack_resources").paginate(StackName=NAME)
        return {
            row["LogicalResourceId"]: row["PhysicalResourceId"] for page in pages for row in page["StackResourceSummaries"]
        }

    @cached_property
    def outputs(self) -> dict[str, str]:
        """The outputs of the template."""
        described = self._formation.describe_stacks(StackName=NAME)["Stacks"][0]
        return {row["OutputKey"]: row["OutputValue"] for row in described["Outputs"]}

    def deploy(self, binaries: dict[str, Path], parameters: dict[str, str]) -> None:
        """Uploads the packages, creates the stack and waits until it stands."""
        storage = self.emulator.client("s3")
        storage.create_bucket(Bucket=PACKAGES)
        text = _spell_out_punctuation((ROOT / "template.yaml").read_text())
        for name, binary in binaries.items():
            storage.put_object(Bucket=PACKAGES, Key=f"{name}.zip", Body=package(binary))
            text, count = re.subn(rf"(CodeUri: )target/lambda/{name}/$", rf"\1s3://{PACKAGES}/{name}.zip", text, flags=re.M)
            assert count == 1, f"template.yaml should name target/lambda/{name}/ once and does {count} times"
        storage.put_object(Bucket=PACKAGES, Key="template.yaml", Body=text.encode())
        self._formation.create_stack(
            StackName=NAME,
            TemplateURL=f"{self.emulator.url}/{PACKAGES}/template.yaml",
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=CAPABILITIES,
        )
        self._formation.get_waiter("stack_create_complete").wait(
            StackName=NAME, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
        )
        self._connect_routes()
        self._count_in_numbers()
        self._allow_any_identity()
        self._allow_batches()

    def _count_in_numbers(self) -> None:
        """The emulator keeps a number that came as a parameter as text, and then cannot compare it."""
        functions = self.emulator.client("lambda")
        for mapping in (self.resources[f"{worker}FunctionJobs"] for worker in WORKERS):
            limit = functions.get_event_source_mapping(UUID=mapping)["ScalingConfig"]["MaximumConcurrency"]
            functions.update_event_source_mapping(UUID=mapping, ScalingConfig={"MaximumConcurrency": int(limit)})

    def _allow_any_identity(self) -> None:
        """The emulator asks whether send may send mail at all, and not with which identity."""
        statement = {"Effect": "Allow", "Action": ["ses:SendEmail", "ses:SendRawEmail"], "Resource": "*"}
        self.emulator.client("iam").put_role_policy(
            RoleName=self.resources["SendRole"],
            PolicyName="any-identity",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )

    def _allow_batches(self) -> None:
        """AWS lets whoever may send a message send a batch; the emulator asks for the batch by its own name."""
        client, urls = self.emulator.client("sqs"), [self.resources[f"{worker}Queue"] for worker in WORKERS]
        found = [client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"] for url in urls]
        statement = {"Effect": "Allow", "Action": "sqs:SendMessageBatch", "Resource": [one["QueueArn"] for one in found]}
        self.emulator.client("iam").put_role_policy(
            RoleName=self.resources["RelayRole"],
            PolicyName="batches",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )

    def _connect_routes(self) -> None:
        """Makes the routes that AWS reads out of the API's body and the emulator leaves out."""
        template = self._formation.get_template(StackName=NAME, TemplateStage="Processed")["TemplateBody"]
        gateway, functions = self.emulator.client("apigatewayv2"), self.emulator.client("lambda")
        integrations: dict[str, str] = {}
        for path, methods in template["Resources"]["HttpApi"]["Properties"]["Body"]["paths"].items():
            for method, operation in methods.items():
                uri = operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
                function = re.search(r"\$\{(\w+)\.Arn\}", uri)[1]
                if function not in integrations:
                    arn = functions.get_function(FunctionName=self.resources[function])["Configuration"]["FunctionArn"]
                    integrations[function] = gateway.create_integration(
                        ApiId=self.resources["HttpApi"],
                        IntegrationType="AWS_PROXY",
                        IntegrationUri=arn,
                        PayloadFormatVersion=operation["x-amazon-apigateway-integration"]["payloadFormatVersion"],
                    )["IntegrationId"]
                verb = "ANY" if method == "x-amazon-apigateway-any-method" else method.upper()
                gateway.create_route(
                    ApiId=self.resources["HttpApi"],
                    RouteKey=f"{verb} {path}",
                    Target=f"integrations/{integrations[function]}",
                )


def _spell_out_punctuation(template: str) -> str:
    """The emulator's CloudFormation heeds ExcludeCharacters and not ExcludePunctuation, which means the same."""
    characters = json.dumps(string.punctuation)
    text, count = re.subn(r"ExcludePunctuation: true", lambda _: f"ExcludeCharacters: {characters}", template)
    assert count == 2, f"template.yaml should make two secrets without punctuation and makes {count}"
    return text
