"""Tags are answered as they were given, to whom IAM allows it for the resource."""

import json
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
def test_tags_are_given_to_whom_may_ask(account: Account, make: Any, may: bool) -> None:
    of, arn = make(account)
    policy = allow(f"{of}:ListTagsForResource", resource=arn if may else f"{arn}-other")
    client = account.client(of, account.aws.create_user("reader", policy, account.id))
    if may:
        (tag,) = client.list_tags_for_resource(resourceArn=arn)["tags"]
        assert sorted(tag.values()) == ["payments", "team"]
    else:
        with pytest.raises(ClientError, match=f"{of}:ListTagsForResource"):
            client.list_tags_for_resource(resourceArn=arn)


@pytest.mark.parametrize("team", ["payments", "shop"])
def test_a_policy_may_ask_for_the_tag_of_a_resource(account: Account, team: str) -> None:
    url, arn = account.queue("tagged")
    account.client("sqs").tag_queue(QueueUrl=url, Tags={"team": "payments"})
    policy = allow("sqs:GetQueueAttributes", resource=arn)
    policy["Statement"][0]["Condition"] = {"StringEquals": {"aws:ResourceTag/team": team}}
    client = account.client("sqs", account.aws.create_user("reader", policy, account.id))
    if team == "payments":
        assert client.get_queue_attributes(QueueUrl=url)
    else:
        with pytest.raises(ClientError, match="sqs:GetQueueAttributes"):
            client.get_queue_attributes(QueueUrl=url)


def test_a_policy_that_was_changed_is_the_one_that_counts(account: Account) -> None:
    of, arn = repository(account)
    user = account.aws.create_user("reader", allow(f"{of}:ListTagsForResource"), account.id)
    client, iam = account.client(of, user), account.client("iam")
    assert client.list_tags_for_resource(resourceArn=arn)["tags"]
    (name,) = iam.list_user_policies(UserName="reader")["PolicyNames"]
    other = json.dumps(allow(f"{of}:DescribeRepositories"))
    iam.put_user_policy(UserName="reader", PolicyName=name, PolicyDocument=other)
    with pytest.raises(ClientError, match=f"{of}:ListTagsForResource"):
        client.list_tags_for_resource(resourceArn=arn)
