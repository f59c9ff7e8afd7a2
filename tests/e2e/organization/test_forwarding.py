"""What is deployed anywhere is scanned in the hub, once, as what it is and where it runs."""

import json
from collections.abc import Callable

import pytest

from sandbox.aws import ACCOUNT, REGION
from sandbox.organization import ELSEWHERE, Organization
from sandbox.queues import make_queue

from .conftest import App, scans_of, workloads_of


def test_a_members_second_region(organization: Organization, make_app: Callable[..., App]) -> None:
    app = make_app(organization.shop, ELSEWHERE)
    app.register()
    assert app.wait_until_idle()["status"] == "CLEAN"
    (scan,) = scans_of(app)
    assert scan["image"]["uri"] == app.pushed.by_tag
    assert (scan["image"]["account_id"], scan["image"]["region"]) == (organization.shop, ELSEWHERE)
    deployment = scan["deployment"]
    assert (deployment["account"], deployment["region"]) == (organization.shop, ELSEWHERE)
    assert deployment["principal"] == app.spoke.deployer.arn
    assert organization.installation.failed_events() == []


def test_what_a_service_runs_is_described_in_the_members_account(
    organization: Organization, make_app: Callable[..., App]
) -> None:
    """Its event names a task definition and no image."""
    app = make_app(organization.shop)
    app.serve()
    app.wait_until_idle()
    assert len(scans_of(app)) == 1
    assert (organization.shop, REGION, app.name) in workloads_of(app)


def test_an_image_of_a_third_account(
    organization: Organization, make_app: Callable[..., App]
) -> None:
    app = make_app(organization.tools, of=organization.images)
    app.register()
    assert app.wait_until_idle()["status"] == "CLEAN"
    (scan,) = scans_of(app)
    assert scan["image"]["account_id"] == organization.images
    assert scan["deployment"]["account"] == organization.tools
    roles = {each["arn"] for each in organization.installation.qualys.control.state()["connectors"]}
    name = organization.hub["registry_role_name"]
    assert f"arn:aws:iam::{organization.images}:role/{name}" in roles


def test_another_region_of_the_hubs_own_account(make_app: Callable[..., App]) -> None:
    app = make_app(ACCOUNT, ELSEWHERE)
    app.register()
    assert app.wait_until_idle()["status"] == "CLEAN"
    (scan,) = scans_of(app)
    assert (scan["deployment"]["account"], scan["deployment"]["region"]) == (ACCOUNT, ELSEWHERE)


def test_one_image_of_four_workloads_is_scanned_once_and_all_are_notified(
    organization: Organization, make_app: Callable[..., App]
) -> None:
    app = make_app(organization.tools, of=organization.images)
    finding = {"qid": 1, "severity": 5, "title": "a critical finding"}
    organization.installation.qualys.control.set_findings(app.name, [finding])
    organization.installation.notifications()
    spokes = [
        organization.spoke(ACCOUNT),
        organization.spoke(ACCOUNT, ELSEWHERE),
        organization.spoke(organization.shop, ELSEWHERE),
        organization.spoke(organization.tools),
    ]
    for spoke in spokes:
        App(organization, app.name, app.pushed, spoke).serve()
    app.wait_until_idle()
    assert len(scans_of(app)) == 1
    workloads = {(each.account, each.region, app.name) for each in spokes}
    assert workloads_of(app) == workloads
    sent = [
        (entry["account"], entry["region"], entry["service"])
        for notice in organization.installation.notifications()
        for entry in notice["workloads"]
        if entry["service"]
    ]
    assert sorted(sent) == sorted(workloads)


@pytest.mark.attack(8)
def test_a_tag_brings_the_findings_of_others_to_no_topic_of_a_team(
    organization: Organization, make_app: Callable[..., App]
) -> None:
    """A member runs an image of the hub for a team with a topic: first, without access to it."""
    app = make_app(organization.shop, of=ACCOUNT)
    finding = {"qid": 1, "severity": 5, "title": "a critical finding"}
    organization.installation.qualys.control.set_findings(app.name, [finding])
    queue = _own_topic(organization, "attackers")
    app.serve(team="attackers")
    assert app.wait_until_idle()["status"] == "FINDINGS"
    assert organization.installation.messages(queue) == []

    statement = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{organization.shop}:root"}}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Action": "ecr:BatchGetImage"}]}
    ecr = organization.installation.client("ecr")
    ecr.set_repository_policy(repositoryName=app.name, policyText=json.dumps(policy))
    organization.installation.forget_environments()
    App(organization, f"{app.name}-2", app.pushed, app.spoke).serve(team="attackers")
    app.wait_until_idle()
    (sent,) = organization.installation.messages(queue)
    assert app.name in sent["Body"]


def _own_topic(organization: Organization, team: str) -> str:
    """Gives a team a topic, as `owners.topics` does. Returns a queue that subscribes to it."""
    installation = organization.installation
    sns, functions = installation.client("sns"), installation.client("lambda")
    topic = sns.create_topic(Name=team)["TopicArn"]
    queue = make_queue(installation.client("sqs"), team, "sns.amazonaws.com", topic)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)
    allowed = [
        {"Effect": "Allow", "Action": "sns:Publish", "Resource": topic},
        {
            "Effect": "Allow",
            "Action": "ecr:BatchGetImage",
            "Resource": "arn:aws:ecr:*:*:repository/*",
        },
    ]
    installation.client("iam").put_role_policy(
        RoleName=organization.installation.outputs["role_arns"]["send_notification"].rsplit("/")[
            -1
        ],
        PolicyName="own-topic",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": allowed}),
    )
    name = installation.outputs["function_names"]["send_notification"]
    found = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    values = {**found, "OWNER_TOPICS": json.dumps({team: {"machines": topic}})}
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": values})
    return queue.url


def test_the_hub_forwarding_to_itself_starts_nothing_twice(
    organization: Organization, make_app: Callable[..., App]
) -> None:
    hub = organization.hub
    events = organization.installation.client("events")
    role = organization.installation.aws.create_role(
        "echo",
        {"Service": "events.amazonaws.com"},
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "events:PutEvents", "Resource": hub["event_bus_arn"]}
            ],
        },
    )
    events.put_rule(Name="echo", EventPattern=hub["event_pattern"])
    target = {"Id": "hub", "Arn": hub["event_bus_arn"], "RoleArn": role}
    events.put_targets(Rule="echo", Targets=[target])
    try:
        app = make_app(ACCOUNT)
        before = len(organization.installation.intakes())
        app.register()
        app.wait_until_idle()
        assert len(organization.installation.intakes()) == before + 1
    finally:
        events.remove_targets(Rule="echo", Ids=["hub"])
        events.delete_rule(Name="echo")
