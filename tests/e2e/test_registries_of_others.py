"""An image of an account that is neither the installation's nor a member's."""

import json

import pytest

from sandbox import images
from sandbox.aws import ACCOUNT
from sandbox.installation import Installation

OWNER = "999900009999"
PULL = ("BatchGetImage", "DescribeImages", "GetDownloadUrlForLayer", "BatchCheckLayerAvailability")


def push(
    installation: Installation, repository: str, actions: tuple[str, ...]
) -> images.PushedImage:
    """An image in a repository that lets the installation's account do these things."""
    ecr = installation.aws.client("ecr", OWNER)
    ecr.create_repository(repositoryName=repository)
    if actions:
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": [f"ecr:{action}" for action in actions],
        }
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        ecr.set_repository_policy(repositoryName=repository, policyText=json.dumps(policy))
    return images.push(ecr, repository, images.build(repository), "1")


@pytest.mark.attack(6)
@pytest.mark.parametrize(
    ("repository", "actions", "verdicts"),
    [("open/app", PULL, {"CLEAN"}), ("closed/app", (), set())],
)
def test_the_repository_decides(
    installation: Installation, repository: str, actions: tuple[str, ...], verdicts: set[str]
) -> None:
    """Of an image that may not be read, nothing is asked at Qualys and nothing is remembered."""
    image = push(installation, repository, actions)
    installation.ecs.register_task_definition(
        family=repository.replace("/", "-"),
        containerDefinitions=[{"name": "app", "image": image.by_digest}],
    )
    installation.wait_until_idle()
    found = installation.verdicts().items()
    assert {item["status"] for key, item in found if image.digest in key} == verdicts
