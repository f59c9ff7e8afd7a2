"""Registries of other accounts, and regions that do not exist or are not enabled."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from sandbox.images import build, push
from tests.sandbox.account import EVERYTHING, allow

if TYPE_CHECKING:
    from sandbox.aws import Aws, Principal
    from tests.sandbox.account import Account

OWNER = "222222222100"
NAME = {"repositoryName": "team/app", "registryId": OWNER}


@pytest.fixture
def digest(aws: Aws) -> str:
    """An image of another account, in a repository that nobody else is let into."""
    ecr = aws.client("ecr", OWNER)
    if not ecr.describe_repositories()["repositories"]:
        ecr.create_repository(repositoryName="team/app")
    ecr.set_repository_policy(repositoryName="team/app", policyText='{"Statement": []}')
    return push(ecr, "team/app", build("a"), "1").digest


def let_in(aws: Aws, account: str, *actions: str) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": [f"ecr:{action}" for action in actions],
    }
    aws.client("ecr", OWNER).set_repository_policy(
        repositoryName="team/app", policyText=json.dumps({"Statement": [statement]})
    )


def role(account: Account, policy: Any) -> Principal:
    """Somebody in the account who may do what the policy says."""
    return account.aws.create_user("reader", policy, account.id)


@pytest.mark.parametrize("repository", ["team/app", "absent"])
def test_another_accounts_registry_lets_nobody_in(
    account: Account, digest: str, repository: str
) -> None:
    as_root, as_role = account.client("ecr"), account.client("ecr", role(account, EVERYTHING))
    asked = {"repositoryName": repository, "registryId": OWNER}
    for ecr in (as_root, as_role):
        for call in (ecr.batch_get_image, ecr.describe_images):
            with pytest.raises(ClientError, match="AccessDenied"):
                call(**asked, imageIds=[{"imageDigest": digest}])
        with pytest.raises(ClientError, match="AccessDenied"):
            ecr.list_images(**asked)


def test_a_repository_lets_others_in_by_its_policy_action_by_action(
    aws: Aws, account: Account, digest: str
) -> None:
    let_in(aws, account.id, "BatchGetImage")
    for ecr in (account.client("ecr"), account.client("ecr", role(account, EVERYTHING))):
        (image,) = ecr.batch_get_image(**NAME, imageIds=[{"imageTag": "1"}])["images"]
        assert (image["registryId"], image["imageId"]["imageDigest"]) == (OWNER, digest)
        with pytest.raises(ClientError, match="AccessDenied"):
            ecr.describe_images(**NAME)
    let_in(aws, account.id, "DescribeImages")
    (detail,) = account.client("ecr").describe_images(**NAME)["imageDetails"]
    assert detail["registryId"] == OWNER


def test_a_layer_is_pulled_where_the_repository_lets_us(
    aws: Aws, account: Account, digest: str
) -> None:
    ecr = account.client("ecr")
    layer = {**NAME, "layerDigest": digest}
    with pytest.raises(ClientError, match="AccessDenied"):
        ecr.get_download_url_for_layer(**layer)
    let_in(aws, account.id, "GetDownloadUrlForLayer")
    assert OWNER in ecr.get_download_url_for_layer(**layer)["downloadUrl"]


def test_whom_a_repository_lets_in_needs_the_right_in_its_own_account_too(
    aws: Aws, account: Account, digest: str
) -> None:
    let_in(aws, account.id, "BatchGetImage")
    own = f"arn:aws:ecr:*:{account.id}:repository/*"
    ecr = account.client("ecr", role(account, allow("ecr:BatchGetImage", resource=own)))
    with pytest.raises(ClientError, match="AccessDenied"):
        ecr.batch_get_image(**NAME, imageIds=[{"imageDigest": digest}])


def test_the_managed_policy_of_the_registry_role_lets_it_read(aws: Aws, account: Account) -> None:
    user = aws.create_user("user", EVERYTHING, account.id)
    arn = aws.create_role("registry", {"AWS": user.arn}, None, account.id)
    account.client("iam").attach_role_policy(
        RoleName="registry", PolicyArn="arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"
    )
    ecr = account.client("ecr", aws.assume(user, arn))
    assert ecr.describe_repositories()["repositories"] == []
    with pytest.raises(ClientError, match="AccessDenied"):
        ecr.create_repository(repositoryName="app")


def test_a_region_that_does_not_exist_does_not_answer(account: Account) -> None:
    account.client("ecr").describe_repositories()
    with pytest.raises(ConnectionClosedError):
        account.in_region("us-east-9").client("ecr").describe_repositories()


@pytest.mark.parametrize("region", ["me-south-1", "us-gov-west-1", "eusc-de-east-1"])
def test_a_region_that_is_not_enabled_knows_no_credentials(account: Account, region: str) -> None:
    """Nor does one of another partition."""
    with pytest.raises(ClientError) as refused:
        account.in_region(region).client("ecr").describe_repositories()
    assert refused.value.response["Error"] == {
        "Code": "UnrecognizedClientException",
        "Message": "The security token included in the request is invalid.",
    }
