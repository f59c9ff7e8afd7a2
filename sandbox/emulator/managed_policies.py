"""The AWS-managed policy that the registry role carries, which ministack does not know.

Its actions are those of the AWS Managed Policy Reference:
https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonEC2ContainerRegistryReadOnly.html
"""

import json
from typing import Any

from ministack.services import iam

NAME = "AmazonEC2ContainerRegistryReadOnly"
ACTIONS = (
    "BatchCheckLayerAvailability",
    "BatchGetImage",
    "DescribeImages",
    "DescribeImageScanFindings",
    "DescribeRepositories",
    "GetAuthorizationToken",
    "GetDownloadUrlForLayer",
    "GetLifecyclePolicy",
    "GetLifecyclePolicyPreview",
    "GetRepositoryPolicy",
    "ListImages",
    "ListTagsForResource",
)

_document = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": [f"ecr:{action}" for action in ACTIONS], "Resource": "*"}
    ],
}


def with_registry_reader(original: dict[str, Any]) -> dict[str, Any]:
    """Adds the policy to those that AWS manages; ministack knows a few others."""
    record = iam._make_aws_managed_record(NAME, json.dumps(_document))
    return original | {record["Arn"]: record}
