"""Finding or creating the registry of an image."""

import json
from typing import Any

import pytest
import responses

from image_scan import registries
from image_scan.errors import QualysUnavailable, RegistryNotReady
from image_scan.payloads import Registry
from image_scan.qualys.client import QualysClient
from image_scan.registry_memo import RegistryMemo
from tests.unit.builders import ACCOUNT, API, HOST, REGION, ROLE, image, listed

URI = f"https://{HOST}"
ROW = {"registryUuid": "reg-1", "registryUri": URI}
REGISTRIES = f"{API}/registry"
CONNECTORS = f"{API}/registry/aws/connectors/{ACCOUNT}"


@pytest.fixture
def find(memo: RegistryMemo, qualys: QualysClient) -> Any:
    def call(role: str = ROLE, **of: Any) -> Registry:
        return registries.find_or_create(image(**of), role, qualys, memo, lambda _: None)

    return call


def bodies(answers: responses.RequestsMock) -> list[dict[str, Any]]:
    posts = [call.request for call in answers.calls if call.request.method == "POST"]
    return [json.loads(request.body or "") for request in posts]


def test_a_known_registry_is_remembered(
    find: Any, answers: responses.RequestsMock, memo: RegistryMemo
) -> None:
    answers.get(REGISTRIES, json=listed(ROW))
    assert find() == {"uuid": "reg-1", "memoised": False}
    assert find() == {"uuid": "reg-1", "memoised": True}
    assert len(answers.calls) == 1


def test_the_filter_is_encoded_once_and_its_answer_compared(
    find: Any, answers: responses.RequestsMock
) -> None:
    other = {"registryUuid": "reg-0", "registryUri": "https://999999999999.dkr.ecr.x.amazonaws.com"}
    answers.get(REGISTRIES, json=listed(other, ROW))
    assert find()["uuid"] == "reg-1"
    url = str(answers.calls[0].request.url)
    assert "%22https%3A%2F%2F" in url
    assert "%25" not in url


@pytest.mark.parametrize(
    "created", [{"status": 201}, {"json": "reg-1"}, {"json": {"registryUuid": "reg-1"}}]
)
def test_a_missing_registry_is_created_with_a_connector_for_the_role(
    find: Any, answers: responses.RequestsMock, created: dict[str, Any]
) -> None:
    answers.get(REGISTRIES, status=204)
    answers.get(CONNECTORS, json=[{"arn": "arn:aws:iam::1:role/other", "name": "x"}])
    answers.get(f"{API}/registry/aws-base", json={"accountId": "9", "externalId": 4711})
    answers.post(f"{API}/registry/aws/connector", status=201)
    answers.post(REGISTRIES, **created)
    answers.get(REGISTRIES, json=listed(ROW))
    assert find()["uuid"] == "reg-1"
    connector, registry = bodies(answers)
    assert (connector["arn"], connector["externalId"]) == (ROLE, "4711")
    assert registry["registryUri"] == URI
    assert registry["aws"] == {
        "accountId": ACCOUNT,
        "arn": ROLE,
        "region": REGION,
        "accountType": "Global",
    }


@pytest.mark.parametrize(
    "shape",
    [
        lambda row: [row],
        lambda row: row,
        lambda row: {"data": [row]},
        lambda row: {"connectors": [row]},
    ],
)
def test_an_existing_connector_of_the_role_is_used(
    find: Any, answers: responses.RequestsMock, shape: Any
) -> None:
    answers.get(REGISTRIES, status=204)
    answers.get(CONNECTORS, json=shape({"arn": ROLE, "name": "x"}))
    answers.post(REGISTRIES, status=201)
    answers.get(REGISTRIES, json=listed(ROW))
    find()
    assert len(bodies(answers)) == 1


def test_govcloud_follows_from_the_roles_partition(
    find: Any, answers: responses.RequestsMock
) -> None:
    role = ROLE.replace("arn:aws:", "arn:aws-us-gov:")
    answers.get(REGISTRIES, status=204)
    answers.get(CONNECTORS, json=[{"arn": role}])
    answers.post(REGISTRIES, status=201)
    answers.get(REGISTRIES, json=listed(ROW))
    find(role)
    assert bodies(answers)[0]["aws"]["accountType"] == "US_Gov"


def test_a_registry_that_does_not_appear_is_an_error_and_not_remembered(
    find: Any, answers: responses.RequestsMock, memo: RegistryMemo
) -> None:
    answers.get(REGISTRIES, status=204)
    answers.get(CONNECTORS, json=[{"arn": ROLE}])
    answers.post(REGISTRIES, status=201)
    with pytest.raises(RegistryNotReady):
        find()
    assert memo.recall(ACCOUNT, REGION) == ""


def test_trouble_at_qualys_creates_nothing(find: Any, answers: responses.RequestsMock) -> None:
    answers.get(REGISTRIES, status=500)
    with pytest.raises(QualysUnavailable):
        find()
    assert bodies(answers) == []
