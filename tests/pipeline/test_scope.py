"""What is out of scope is neither scanned nor notified, and is stated; what is in scope is both."""

from __future__ import annotations

import json
from typing import Any

import pytest

from image_scan.inventory.table import InventoryTable
from ops import scan
from tests.pipeline.test_backfill import Account
from tests.support import tables
from tests.support.builders import ACCOUNT, REGION, client_error
from tests.support.environments import aws_client
from tests.support.pipeline import URI, Pipeline, verdict

Json = dict[str, Any]
OPTED_OUT: Json = {"name": "opted out", "tags": {"image-scan": "skip"}}


def scoped(pipeline: Pipeline, *exclude: Json, include: Any = ()) -> None:
    pipeline.configure(SCOPE=json.dumps({"include": list(include), "exclude": list(exclude)}))


def rows() -> dict[str, str]:
    """The rule of each workload's row, by the service or family."""
    table = InventoryTable(aws_client("dynamodb"), tables.INVENTORY)
    return {
        row["workload"].rsplit("#")[-1].removeprefix("family:"): row.get("out_of_scope", "")
        for row in table.index()
    }


def notified(pipeline: Pipeline) -> list[list[str]]:
    """Families that each notification of findings names."""
    return [
        sorted(each["task_definition"].rsplit("/")[-1][:-2] for each in message["workloads"])
        for message in pipeline.notifications()
    ]


def opt_out(family: str, value: str = "skip") -> None:
    containers = [{"name": "app", "image": URI, "memory": 512}]
    aws_client("ecs").register_task_definition(
        family=family,
        containerDefinitions=containers,
        tags=[{"key": "image-scan", "value": value}],
    )


def ask(pipeline: Pipeline) -> None:
    request = scan.request(URI, ACCOUNT, REGION, "arn:aws:iam::1:user/op", force=False)
    assert pipeline.intake(request).status == "SUCCEEDED"


def test_what_is_out_of_scope_is_recorded_and_not_scanned(connected: Pipeline) -> None:
    scoped(connected, {"name": "agents", "services": ["agent-*"]})
    connected.announce(service="agent-1")
    assert connected.scans() == []
    assert connected.items() == []
    assert (rows(), notified(connected)) == ({"agent-1": "agents"}, [])


@pytest.mark.parametrize("first", ["attacker", "victim"])
def test_a_tenant_that_opts_out_silences_nobody_else(connected: Pipeline, first: str) -> None:
    """The same image, in whatever order the two come."""
    scoped(connected, OPTED_OUT)
    opt_out("attacker")
    connected.find(5)
    order = [first, *({"attacker", "victim"} - {first})]
    for family in order:
        connected.announce(service=family)
    assert [verdict(run) for run in connected.scans()] == ["FINDINGS"]
    connected.announce(service="attacker")
    connected.announce(service="victim-2")
    assert rows() == {"attacker": "opted out", "victim": "", "victim-2": ""}
    assert notified(connected) == [["victim"], ["victim-2"]]


def test_a_tenant_that_opts_out_during_its_scan_silences_nobody_else(connected: Pipeline) -> None:
    """Its event comes again, as after an error or from a queue; the lease is its own."""
    scoped(connected, OPTED_OUT)
    connected.find(5)
    event = connected.event(service="attacker")
    connected.intake(event)
    connected.announce(service="victim")
    opt_out("attacker")
    connected.intake(event)
    connected.announce(service="attacker")
    assert [verdict(run) for run in connected.scans()] == ["FINDINGS"]
    assert notified(connected) == [["victim"]]


def test_a_task_without_a_service_takes_no_service_of_its_family_out(connected: Pipeline) -> None:
    """Both have the same name, in the same cluster."""
    scoped(connected, OPTED_OUT)
    opt_out("web")
    connected.find(5)
    deployed = connected.event()
    definition = deployed["detail"]["requestParameters"]["taskDefinition"].replace("web", "own")
    service = {"serviceName": "web", "clusterArn": "cluster/prod", "taskDefinition": definition}
    aws_client("ecs").register_task_definition(
        family="own", containerDefinitions=[{"name": "app", "image": URI, "memory": 512}]
    )
    updated = {"eventName": "UpdateService", "responseElements": {"service": service}}
    request = {"service": "web", "cluster": "prod", "taskDefinition": definition}
    deployed["detail"] |= {**updated, "requestParameters": request}
    assert connected.intake(deployed).status == "SUCCEEDED"
    connected.announce(service="web")
    assert [verdict(run) for run in connected.scans()] == ["FINDINGS"]
    assert notified(connected) == [["own"]]


@pytest.mark.attack(12)
def test_a_task_that_names_a_service_as_its_own_takes_nothing_out(connected: Pipeline) -> None:
    """Group and starter of a task may be any text."""
    scoped(connected, OPTED_OUT)
    opt_out("evil")
    opt_out("web", "scan")
    ecs = aws_client("ecs")
    ecs.create_cluster(clusterName="prod")
    ecs.create_service(cluster="prod", serviceName="web", taskDefinition="web", desiredCount=1)
    connected.find(5)
    for family in ("web", "evil"):
        event = json.loads(json.dumps(connected.event(service=family)))
        definition = event["detail"]["requestParameters"]["taskDefinition"]
        detail = {
            "taskArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/prod/{family}",
            "clusterArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/prod",
            "taskDefinitionArn": definition,
            "group": "service:web",
            "startedBy": "ecs-svc/1",
            "lastStatus": "RUNNING",
            "desiredStatus": "RUNNING",
            "containers": [{"name": "app", "image": URI}],
        }
        event |= {"detail-type": "ECS Task State Change", "detail": detail}
        assert connected.intake(event).status == "SUCCEEDED"
    assert [verdict(run) for run in connected.scans()] == ["FINDINGS"]
    assert rows() == {"web": ""}
    assert len(notified(connected)) == 1


@pytest.mark.parametrize("value", ["scan", "SKIP"])
def test_another_value_of_the_tag_takes_nothing_out(connected: Pipeline, value: str) -> None:
    scoped(connected, OPTED_OUT)
    opt_out("web", value)
    assert verdict(connected.scan()) == "CLEAN"


def test_tags_that_cannot_be_read_take_nothing_out(connected: Pipeline) -> None:
    """The task definition does not exist, as far as ECS lets us see."""
    scoped(connected, OPTED_OUT)
    assert verdict(connected.scan()) == "CLEAN"


def test_a_scan_by_hand_is_explicit(connected: Pipeline) -> None:
    scoped(connected, {"name": "apps", "repositories": ["shop/*"]})
    connected.announce()
    assert connected.scans() == []
    ask(connected)
    assert [verdict(run) for run in connected.scans()] == ["CLEAN"]
    assert rows() == {"web": "apps"}


def test_a_request_for_a_workload_out_of_scope_scans_and_notifies_nobody(
    connected: Pipeline,
) -> None:
    """As a deployment gate asks, or a redrive: somebody waits for the verdict."""
    scoped(connected, {"name": "apps", "repositories": ["shop/*"]})
    connected.find(5)
    request = scan.request(URI, ACCOUNT, REGION, "", force=False)
    request["detail"]["deployment"] |= {"event_name": "UpdateService", "service": "web"}
    for _ in range(2):
        assert connected.intake(request).status == "SUCCEEDED"
    assert [verdict(run) for run in connected.scans()] == ["FINDINGS"]
    assert connected.intake({**request, "id": "another"}).status == "SUCCEEDED"
    assert (rows(), notified(connected)) == ({"web": "apps"}, [])


@pytest.mark.parametrize("rule", ["apps", ""])
def test_an_unanswered_ecr_queues_no_event_of_what_is_out_of_scope(
    connected: Pipeline, environment: pytest.MonkeyPatch, rule: str
) -> None:
    def down(**_: Any) -> Any:
        raise client_error("ServerException", 500)

    environment.setattr(connected.ecr, "batch_get_image", down)
    scoped(connected, {"name": "apps", "repositories": ["shop/*" if rule else "other/*"]})
    connected.intake(connected.event())
    assert [each["error"] for each in connected.failed_events()] == (
        [] if rule else ["ImageUnread"]
    )
    assert [*rows().values()] == ([rule] if rule else [])


@pytest.fixture
def account(connected: Pipeline, environment: pytest.MonkeyPatch) -> Account:
    return Account(connected, environment)


def test_a_reconciliation_counts_what_is_out_of_scope_once(
    account: Account,
) -> None:
    pipeline, digest = account.pipeline, account.pipeline.push()
    scoped(pipeline, {"name": "agents", "services": ["agent-*"]})
    account.runs(1, digest=digest, service="agent-1")
    account.runs(2, digest=digest, service="agent-2")
    found, scans = account.reconciles()
    assert (found["running_images"], found["out_of_scope"], found["sent"], scans) == (0, 1, 2, [])
    assert found["coverage_percent"] == 100
    found, _ = account.reconciles()
    assert (found["out_of_scope"], found["sent"], found["closed"]) == (1, 0, 0)
    account.runs(3, digest=digest, service="web")
    found, scans = account.reconciles()
    assert (found["running_images"], found["out_of_scope"], scans) == (1, 0, [("CLEAN", "")])


def test_a_rule_that_comes_or_goes_takes_effect_at_the_reconciliation(
    account: Account,
) -> None:
    pipeline, digest = account.pipeline, account.pipeline.push()
    pipeline.find(5)
    scoped(pipeline, {"name": "web", "services": ["web"]})
    account.runs(1, digest=digest)
    account.reconciles()
    assert rows() == {"web": "web"}
    scoped(pipeline)
    found, scans = account.reconciles()
    assert (found["sent"], scans) == (1, [("FINDINGS", "")])
    assert (rows(), notified(pipeline)) == ({"web": ""}, [["web"]])
    scoped(pipeline, include=[{"name": "production", "clusters": ["production"]}])
    found, scans = account.reconciles()
    assert (found["sent"], found["out_of_scope"], scans) == (1, 1, [])
    assert rows() == {"web": "not included"}
