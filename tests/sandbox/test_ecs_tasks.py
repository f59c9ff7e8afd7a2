"""Tasks say what their containers have pulled; who may ask is checked as on AWS."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox import images
from tests.sandbox.account import Account, allow, eventually
from tests.sandbox.events import TASKS, caught


def started(account: Account) -> tuple[str, str]:
    """A task of a pushed image: its ARN, and the image's digest."""
    ecr = account.client("ecr")
    ecr.create_repository(repositoryName="app")
    pushed = images.push(ecr, "app", images.build("app"), "1")
    ecs = account.client("ecs")
    ecs.create_cluster(clusterName="prod")
    ecs.register_task_definition(
        family="app", containerDefinitions=[{"name": "app", "image": pushed.by_tag}]
    )
    (task,) = ecs.run_task(cluster="prod", taskDefinition="app")["tasks"]
    return task["taskArn"], pushed.digest


def test_a_described_task_has_its_digest(account: Account) -> None:
    arn, digest = started(account)
    (task,) = account.client("ecs").describe_tasks(cluster="prod", tasks=[arn])["tasks"]
    assert [each["imageDigest"] for each in task["containers"]] == [digest]


def test_a_task_has_the_digest_that_it_has_pulled_whatever_its_tag_names_later(
    account: Account,
) -> None:
    queue, (arn, digest) = caught(account, TASKS), started(account)
    ecr, ecs = account.client("ecr"), account.client("ecs")
    assert images.push(ecr, "app", images.build("another"), "1").digest != digest
    ecs.stop_task(cluster="prod", task=arn)
    (task,) = ecs.describe_tasks(cluster="prod", tasks=[arn])["tasks"]
    seen: dict[str, str] = {}

    def has_stopped() -> bool:
        for message in account.messages(queue):
            event = json.loads(message["Body"])["detail"]
            seen[event["lastStatus"]] = event["containers"][0]["imageDigest"]
        return "STOPPED" in seen

    eventually(has_stopped)
    assert set(seen.values()) == {digest}
    assert [each["imageDigest"] for each in task["containers"]] == [digest]


@pytest.mark.parametrize(
    ("given", "architecture"),
    [({}, "x86_64"), ({"runtimePlatform": {"cpuArchitecture": "ARM64"}}, "arm64")],
)
def test_a_task_has_the_architecture_of_its_definition(
    account: Account, given: dict[str, Any], architecture: str
) -> None:
    ecs = account.client("ecs")
    ecs.create_cluster(clusterName="prod")
    container = {"name": "app", "image": "public.ecr.aws/nginx/nginx:1"}
    ecs.register_task_definition(family="app", containerDefinitions=[container], **given)
    (run,) = ecs.run_task(cluster="prod", taskDefinition="app")["tasks"]
    (described,) = ecs.describe_tasks(cluster="prod", tasks=[run["taskArn"]])["tasks"]
    for task in (run, described):
        assert task["attributes"] == [{"name": "ecs.cpu-architecture", "value": architecture}]


@pytest.mark.parametrize(
    ("definition", "given", "version"),
    [
        ({}, {}, "1.4.0"),
        ({}, {"platformVersion": "LATEST"}, "1.4.0"),
        ({}, {"platformVersion": "1.3.0"}, "1.3.0"),
        ({"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}}, {}, "1.0.0"),
    ],
)
def test_a_task_and_its_event_have_the_platform_version(
    account: Account, definition: dict[str, Any], given: dict[str, str], version: str
) -> None:
    queue, ecs = caught(account, TASKS), account.client("ecs")
    ecs.create_cluster(clusterName="prod")
    container = {"name": "app", "image": "public.ecr.aws/nginx/nginx:1"}
    ecs.register_task_definition(family="app", containerDefinitions=[container], **definition)
    (run,) = ecs.run_task(cluster="prod", taskDefinition="app", **given)["tasks"]
    (described,) = ecs.describe_tasks(cluster="prod", tasks=[run["taskArn"]])["tasks"]
    event = json.loads(account.message(queue)["Body"])["detail"]
    stated = [each.get("platformVersion") for each in (run, described, event)]
    assert stated == [version] * 3


@pytest.mark.parametrize(
    ("given", "group"), [({}, "family:app"), ({"group": "nightly"}, "nightly")]
)
def test_the_group_of_a_task_is_its_family(
    account: Account, given: dict[str, str], group: str
) -> None:
    arn, _ = started(account)
    ecs = account.client("ecs")
    definition = ecs.describe_tasks(cluster="prod", tasks=[arn])["tasks"][0]["taskDefinitionArn"]
    (task,) = ecs.run_task(cluster="prod", taskDefinition=definition, **given)["tasks"]
    assert task["group"] == group


@pytest.mark.parametrize(("resource", "may"), [("task/prod/*", True), ("cluster/prod", False)])
def test_it_is_allowed_by_the_task(account: Account, resource: str, may: bool) -> None:
    arn, _ = started(account)
    policy = allow("ecs:DescribeTasks", resource=f"arn:aws:ecs:us-east-1:{account.id}:{resource}")
    user = account.aws.create_user("reader", policy, account.id)
    ecs = account.client("ecs", user)
    if may:
        assert ecs.describe_tasks(cluster="prod", tasks=[arn])["tasks"]
    else:
        with pytest.raises(ClientError, match="ecs:DescribeTasks"):
            ecs.describe_tasks(cluster="prod", tasks=[arn])


@pytest.mark.parametrize(("cluster", "may"), [("prod", True), ("other", False)])
def test_listing_is_allowed_by_the_cluster(account: Account, cluster: str, may: bool) -> None:
    arn, _ = started(account)
    policy = allow("ecs:ListTasks")
    named = f"arn:aws:ecs:us-east-1:{account.id}:cluster/{cluster}"
    policy["Statement"][0]["Condition"] = {"ArnLike": {"ecs:cluster": named}}
    ecs = account.client("ecs", account.aws.create_user("lister", policy, account.id))
    if may:
        assert ecs.list_tasks(cluster="prod")["taskArns"] == [arn]
    else:
        with pytest.raises(ClientError, match="ecs:ListTasks"):
            ecs.list_tasks(cluster="prod")


def test_a_task_of_a_service_names_its_deployment_and_no_other_does(account: Account) -> None:
    queue, ecs = caught(account, TASKS), account.client("ecs")
    ecs.create_cluster(clusterName="prod")
    container = {"name": "app", "image": "public.ecr.aws/nginx/nginx:1"}
    ecs.register_task_definition(family="app", containerDefinitions=[container])
    ecs.create_service(cluster="prod", serviceName="web", taskDefinition="app", desiredCount=1)
    (own,) = ecs.list_tasks(cluster="prod", serviceName="web")["taskArns"]
    (run,) = ecs.run_task(cluster="prod", taskDefinition="app", group="service:web")["tasks"]
    described = ecs.describe_tasks(cluster="prod", tasks=[own, run["taskArn"]])["tasks"]
    assert [each["group"] for each in described] == ["service:web"] * 2
    started = [each.get("startedBy", "") for each in described]
    assert (started[0].startswith("ecs-svc/"), started[1]) == (True, "")
    seen: dict[str, str] = {}

    def all_seen() -> bool:
        for message in account.messages(queue):
            event = json.loads(message["Body"])["detail"]
            seen[event["taskArn"]] = event.get("startedBy", "")
        return len(seen) == 2

    eventually(all_seen)
    assert seen == {own: started[0], run["taskArn"]: ""}
