"""The policies of an installation, as the embedded AWS and Terraform's state have them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.aws import Aws
from sandbox.organization import PREFIX

Json = dict[str, Any]
Scope = tuple[str, str]  # account and region


@dataclass(frozen=True)
class Policy:
    """A document of one kind (identity, trust, resource), and the ARN of what it belongs to."""

    kind: str
    of: str
    document: Json


def of_account(aws: Aws, account: str, region: str) -> Iterator[Policy]:
    """The policies of what the installation has made in one region of an account."""
    yield from _of_roles(aws.client("iam", account, region))
    yield from _of_queues(aws.client("sqs", account, region))
    yield from _of_functions(aws.client("lambda", account, region))
    sns = aws.client("sns", account, region)
    for topic in sns.list_topics()["Topics"]:
        attributes = sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
        yield _of_resource(topic["TopicArn"], attributes["Policy"])
    kms = aws.client("kms", account, region)
    for alias in kms.list_aliases()["Aliases"]:
        if alias["AliasName"].startswith(f"alias/{PREFIX}"):
            key = kms.describe_key(KeyId=alias["AliasName"])["KeyMetadata"]["Arn"]
            policy = kms.get_key_policy(KeyId=key, PolicyName="default")
            yield _of_resource(key, policy["Policy"])
    for bus in aws.client("events", account, region).list_event_buses()["EventBuses"]:
        if "Policy" in bus:
            yield _of_resource(bus["Arn"], bus["Policy"])
    s3 = aws.client("s3", account, region)
    for bucket in s3.list_buckets(Prefix=PREFIX)["Buckets"]:
        policy = s3.get_bucket_policy(Bucket=bucket["Name"])
        yield _of_resource(f"arn:aws:s3:::{bucket['Name']}", policy["Policy"])


def _of_roles(iam: Any) -> Iterator[Policy]:
    for page in iam.get_paginator("list_roles").paginate():
        for role in page["Roles"]:
            name, arn = role["RoleName"], role["Arn"]
            if name.startswith(PREFIX):
                yield Policy("trust", arn, role["AssumeRolePolicyDocument"])
                for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
                    answer = iam.get_role_policy(RoleName=name, PolicyName=policy)
                    yield Policy("identity", arn, answer["PolicyDocument"])


def _of_queues(sqs: Any) -> Iterator[Policy]:
    for url in sqs.list_queues(QueueNamePrefix=PREFIX).get("QueueUrls", []):
        wanted = ["QueueArn", "Policy"]
        stated = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"]
        yield _of_resource(stated["QueueArn"], stated["Policy"])


def _of_functions(functions: Any) -> Iterator[Policy]:
    for page in functions.get_paginator("list_functions").paginate():
        for each in page["Functions"]:
            try:
                policy = functions.get_policy(FunctionName=each["FunctionName"])["Policy"]
            except functions.exceptions.ResourceNotFoundException:
                continue
            if json.loads(policy)["Statement"]:  # without one, AWS has no policy
                yield _of_resource(each["FunctionArn"], policy)


def _of_resource(arn: str, text: str) -> Policy:
    return Policy("resource", arn, json.loads(text))


def in_state(state: Path) -> dict[str, Json]:
    """Every policy document of a resource in Terraform's state, by address and attribute."""
    found = {}
    for resource in json.loads(state.read_text())["resources"]:
        if resource["mode"] != "managed":
            continue
        address = ".".join(resource.get(part, "") for part in ("module", "type", "name"))
        for each in resource["instances"]:
            for name, value in each["attributes"].items():
                if isinstance(value, str) and '"Statement"' in value:
                    found[f"{address}[{each.get('index_key', 0)}].{name}"] = json.loads(value)
    return found
