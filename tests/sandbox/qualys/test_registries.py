"""Registry entries and connectors."""

import copy
from typing import Any

import pytest

from tests.sandbox.qualys.caller import HOST, REGISTRY, ROLE, Caller


def connector(**values: Any) -> dict[str, Any]:
    return {"arn": ROLE, "externalId": "4711004711", "name": "ecr", "description": "", **values}


def test_the_account_of_the_subscription(caller: Caller) -> None:
    body = caller.get("/registry/aws-base").json()
    assert body == {"accountId": "900000000009", "externalId": 4711004711}


def test_empty_lists_are_204_without_a_body(caller: Caller) -> None:
    for path in ("/registry", "/registry/aws/connectors", "/images", "/images/list"):
        answer = caller.get(path)
        assert (answer.status_code, answer.content) == (204, b""), path


def test_a_registry_is_made_with_an_empty_201_and_listed(caller: Caller) -> None:
    answer = caller.post("/registry", REGISTRY)
    assert (answer.status_code, answer.content) == (201, b"")
    body = caller.get("/registry", filter=f'registryUri:"https://{HOST}"').json()
    row = body["data"][0]
    assert body["count"] == 1
    assert row["registryUri"] == f"https://{HOST}"
    assert (row["awsAccountId"], row["awsRegion"]) == ("123456789012", "eu-west-1")
    assert row["created"].isdigit()
    assert row["lastScanned"] is None
    details = caller.get(f"/registry/{row['registryUuid']}").json()
    assert details["aws"]["arn"] == ROLE
    assert "awsAccountId" not in details
    assert details["connectors"][0]["arn"] == ROLE


@pytest.mark.parametrize(("reply", "kind"), [("string", str), ("object", dict)])
def test_other_replies_to_a_new_registry(caller: Caller, reply: str, kind: type) -> None:
    caller.control.scenario(registry_reply=reply)
    answer = caller.post("/registry", REGISTRY)
    assert answer.status_code == 200
    assert isinstance(answer.json(), kind)


def test_a_filter_may_find_registries_whose_uri_only_contains_it(caller: Caller) -> None:
    caller.post("/registry", REGISTRY)
    assert caller.get("/registry", filter='registryUri:"dkr.ecr"').status_code == 200
    assert caller.get("/registry", filter="registryUri:`dkr.ecr`").status_code == 204


def test_an_encoded_filter_is_not_understood(caller: Caller) -> None:
    answer = caller.get("/registry", filter="registryUri%3A%22https%22")
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"registryType": "V2"},
        {"registryUri": HOST},
        {"registryUri": f"https://{HOST}/"},
        {"aws": None},
        {"aws": {"arn": "role"}},
        {"aws": {**REGISTRY["aws"], "accountType": "China"}},
        {"aws": {**REGISTRY["aws"], "region": "us-east-1"}},
    ],
)
def test_an_incomplete_registry_is_refused(caller: Caller, change: dict[str, Any]) -> None:
    answer = caller.post("/registry", {**REGISTRY, **change})
    assert answer.status_code == 400
    assert answer.json()["errorCode"] == "400 BAD_REQUEST"


def test_a_duplicate_registry_is_refused_as_set(caller: Caller) -> None:
    caller.post("/registry", REGISTRY)
    assert caller.post("/registry", REGISTRY).status_code == 400
    caller.control.scenario(duplicate_registry_status=409)
    assert caller.post("/registry", REGISTRY).status_code == 409
    caller.control.scenario(duplicate_registry_status=0)
    assert caller.post("/registry", REGISTRY).status_code == 201
    assert caller.get("/registry").json()["count"] == 2


def test_pages_count_from_one_and_the_older_name_is_not_read(caller: Caller) -> None:
    for region in ("eu-west-1", "us-east-1", "us-west-2"):
        body = copy.deepcopy(REGISTRY)
        body["registryUri"] = f"https://123456789012.dkr.ecr.{region}.amazonaws.com"
        body["aws"]["region"] = region
        assert caller.post("/registry", body).status_code == 201
    first = caller.get("/registry", pageSize=2, pageNumber=1).json()
    second = caller.get("/registry", pageSize=2, pageNumber=2).json()
    assert (first["count"], len(first["data"]), len(second["data"])) == (3, 2, 1)
    assert caller.get("/registry", pageSize=2, pageNo=2).json() == first
    assert caller.get("/registry", pageSize=2, pageNumber=3).status_code == 204
    assert caller.get("/registry", pageNumber=0).status_code == 400


def test_a_connector_is_made_and_listed(caller: Caller) -> None:
    answer = caller.post("/registry/aws/connector", connector())
    assert (answer.status_code, answer.content) == (201, b"")
    rows = caller.get("/registry/aws/connectors").json()
    assert rows == [{"name": "ecr", "arn": ROLE, "description": ""}]
    assert caller.get("/registry/aws/connectors/123456789012").json() == rows
    assert caller.get("/registry/aws/connectors/999999999999").status_code == 204


@pytest.mark.parametrize("shape", ["object", "data", "connectors"])
def test_other_shapes_of_the_connector_list(caller: Caller, shape: str) -> None:
    caller.post("/registry/aws/connector", connector())
    caller.control.scenario(connectors_shape=shape)
    body = caller.get("/registry/aws/connectors").json()
    assert (body if shape == "object" else body[shape][0])["arn"] == ROLE


@pytest.mark.parametrize("reply", ["string", "object"])
def test_other_replies_to_a_new_connector(caller: Caller, reply: str) -> None:
    caller.control.scenario(connector_reply=reply)
    assert caller.post("/registry/aws/connector", connector()).status_code == 200


@pytest.mark.parametrize(
    "change",
    [{"externalId": 4711004711}, {"externalId": "other"}, {"arn": "x"}, {"name": ""}],
)
def test_a_wrong_connector_is_refused(caller: Caller, change: dict[str, Any]) -> None:
    assert caller.post("/registry/aws/connector", connector(**change)).status_code == 400


def test_a_registry_uses_the_connector_of_its_role_or_makes_one(caller: Caller) -> None:
    caller.post("/registry/aws/connector", connector())
    caller.post("/registry", REGISTRY)
    assert [one["name"] for one in caller.get("/registry/aws/connectors").json()] == ["ecr"]
    caller.control.reset()
    caller.post("/registry", REGISTRY)
    assert len(caller.get("/registry/aws/connectors").json()) == 1


def test_a_registry_is_deleted_by_a_job_of_its_own(caller: Caller) -> None:
    registry = caller.registry()
    answer = caller.delete("/registry", registryIds=registry)
    assert set(answer.json()) == {"deletionJobId"}
    assert caller.get(f"/registry/{registry}").status_code == 200
    caller.control.advance(1.1)
    gone = caller.get(f"/registry/{registry}")
    assert (gone.status_code, gone.json()["errorCode"]) == (404, "404 NOT_FOUND")
    assert caller.ask("DELETE", "/registry", json={"registryIds": [registry]}).status_code == 404
    assert caller.delete("/registry").status_code == 400


def test_a_registry_with_a_running_job_is_not_deleted(caller: Caller) -> None:
    registry = caller.registry()
    caller.schedule(registry)
    caller.control.advance(0.03)
    assert caller.delete("/registry", registryIds=registry).status_code == 400


def test_unknown_routes_and_methods_have_the_envelope(caller: Caller) -> None:
    assert caller.get("/nothing").json()["errorCode"] == "404 NOT_FOUND"
    assert caller.ask("PUT", "/registry").json()["errorCode"] == "405 METHOD_NOT_ALLOWED"


def test_headers_are_the_vendors(caller: Caller) -> None:
    headers = caller.get("/registry/aws-base").headers
    assert headers["Content-Type"] == "application/json;charset=UTF-8"
    assert headers["Server"] == "Qualys"
    assert headers["X-Content-Type-Options"] == "nosniff"
