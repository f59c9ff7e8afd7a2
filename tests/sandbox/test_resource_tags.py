"""Tags are told as they were given, to whom IAM allows it for the resource."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.account import Account, allow


def repository(account: Account) -> tuple[str, Any]:
    made = account.client("ecr").create_repository(
        repositoryName="team/app", tags=[{"Key": "team", "Value": "payments"}]
    )
    return "ecr", made["repository"]["repositoryArn"]


def task_definition(account: Account) -> tuple[str, Any]:
    made = account.client("ecs").register_task_definition(
        family="app",
        containerDefinitions=[{"name": "app", "image": "app"}],
        tags=[{"key": "team", "value": "payments"}],
    )
    return "ecs", made["taskDefinition"]["taskDefinitionArn"]


def service(account: Account) -> tuple[str, Any]:
    _, arn = task_definition(account)
    ecs = account.client("ecs")
    ecs.create_cluster(clusterName="prod")
    tags = [{"key": "team", "value": "payments"}]
    made = ecs.create_service(
        cluster="prod", serviceName="app", taskDefinition=arn, desiredCount=0, tags=tags
    )
    return "ecs", made["service"]["serviceArn"]


@pytest.mark.parametrize("make", [repository, task_definition, service])
@pytest.mark.parametrize("may", [True, False])
def test_tags_are_told_to_whom_may_ask(account: Account, make: Any, may: bool) -> None:
    of, arn = make(account)
    policy = allow(f"{of}:ListTagsForResource", resource=arn if may else f"{arn}-other")
    client = account.client(of, account.aws.create_user("reader", policy, account.id))
    if may:
        (tag,) = client.list_tags_for_resource(resourceArn=arn)["tags"]
        assert sorted(tag.values()) == ["payments", "team"]
    else:
        with pytest.raises(ClientError, match=f"{of}:ListTagsForResource"):
            client.list_tags_for_resource(resourceArn=arn)
