"""Registries and connectors that are made twice, or seen late."""

from typing import Any

import pytest

from tests.sandbox.qualys.caller import HOST, REGISTRY, ROLE, Caller, single

CONNECTOR = {"arn": ROLE, "externalId": "4711004711", "name": "ecr", "description": ""}
GOV_HOST = "123456789012.dkr.ecr.us-gov-west-1.amazonaws.com"
GOV_ROLE = "arn:aws-us-gov:iam::123456789012:role/qualys-sensor"
GOV: dict[str, Any] = {
    **REGISTRY,
    "registryUri": f"https://{GOV_HOST}",
    "aws": {
        "accountId": "123456789012",
        "arn": GOV_ROLE,
        "region": "us-gov-west-1",
        "accountType": "US_Gov",
    },
}


def test_a_new_registry_is_listed_late_and_known_by_its_uuid_before(caller: Caller) -> None:
    caller.control.scenario(registry_lag_seconds=90, registry_reply="object")
    uuid = caller.post("/registry", REGISTRY).json()["registryUuid"]
    assert caller.get("/registry").status_code == 204
    assert caller.get("/registry", filter=f'registryUri:"{HOST}"').status_code == 204
    assert caller.get(f"/registry/{uuid}").status_code == 200
    caller.push("team/app", "1.0", single())
    schedule = caller.schedule(uuid)
    caller.control.advance(91)
    assert caller.get("/registry").json()["data"][0]["registryUuid"] == uuid
    caller.finish()
    assert caller.job(uuid, schedule)["status"] == "Finished"


def test_a_registry_that_is_not_listed_yet_is_a_duplicate_all_the_same(caller: Caller) -> None:
    caller.control.scenario(registry_lag_seconds=90)
    caller.post("/registry", REGISTRY)
    assert caller.post("/registry", REGISTRY).status_code == 400
    caller.control.scenario(duplicate_registry_status=0)
    assert caller.post("/registry", REGISTRY).status_code == 201
    caller.control.advance(91)
    assert caller.get("/registry").json()["count"] == 2


@pytest.mark.parametrize("status", [400, 409])
def test_a_duplicate_connector_is_refused_as_set(caller: Caller, status: int) -> None:
    caller.control.scenario(duplicate_connector_status=status)
    assert caller.post("/registry/aws/connector", CONNECTOR).status_code == 201
    answer = caller.post("/registry/aws/connector", CONNECTOR)
    assert answer.status_code == status
    assert "exists" in answer.json()["message"]


def test_a_duplicate_connector_may_be_the_one_that_exists(caller: Caller) -> None:
    caller.control.scenario(duplicate_connector_status=0)
    caller.post("/registry/aws/connector", CONNECTOR)
    again = caller.post("/registry/aws/connector", {**CONNECTOR, "name": "another"})
    assert again.status_code == 201
    assert [one["name"] for one in caller.get("/registry/aws/connectors").json()] == ["ecr"]


def test_a_registry_can_be_validated_before_it_is_made(caller: Caller) -> None:
    assert caller.post("/registry/validate", REGISTRY).json() is True
    assert caller.post("/registry/validate", {**REGISTRY, "aws": None}).json() is False
    assert caller.get("/registry").status_code == 204
    caller.post("/registry", REGISTRY)
    assert caller.post("/registry/validate", REGISTRY).json() is False


def test_the_repositories_of_a_registry(caller: Caller) -> None:
    for repository, letter in (("team/app", "a"), ("team/other", "b")):
        caller.push(repository, "1.0", single(letter))
        caller.scan(repo=repository)
    caller.control.set_findings("team/app", [{"qid": 1, "title": "one", "severity": 5}])
    caller.scan()
    registry = caller.get("/registry").json()["data"][0]["registryUuid"]
    answer = caller.get(f"/registry/{registry}/repository").json()
    totals = ("repoName", "totalImages", "totalScannedImages", "totalVulnerableImages")
    assert answer["count"] == 2
    assert [[row[name] for name in totals] for row in answer["data"]] == [
        ["team/app", 1, 1, 1],
        ["team/other", 1, 1, 0],
    ]
    second = caller.get(f"/registry/{registry}/repository", pageSize=1, pageNumber=2).json()
    assert [row["repoName"] for row in second["data"]] == ["team/other"]
    assert caller.get("/registry/nothing/repository").status_code == 404


def test_the_gov_partition_may_have_an_external_id_that_aws_base_does_not_say(
    caller: Caller,
) -> None:
    caller.control.scenario(gov_external_id=42)
    gov = {**CONNECTOR, "arn": GOV_ROLE, "accountType": "US_Gov"}
    assert caller.post("/registry/aws/connector", gov).status_code == 400
    assert caller.post("/registry/aws/connector", {**gov, "externalId": "42"}).status_code == 201
    assert caller.post("/registry/aws/connector", CONNECTOR).status_code == 201
    assert caller.get("/registry/aws-base").json()["externalId"] == 4711004711


@pytest.mark.parametrize(
    ("stated", "presented"), [({}, "4711004711"), ({"gov_external_id": 42}, "42")]
)
def test_the_sensor_presents_the_id_of_the_partition(
    caller: Caller, stated: dict[str, int], presented: str
) -> None:
    caller.control.scenario(**stated)
    caller.post("/registry", GOV)
    registry = caller.get("/registry").json()["data"][0]["registryUuid"]
    caller.schedule(registry)
    caller.finish()
    assert [access.external_id for access, _, _ in caller.held.pulls] == [presented]
