"""Finding or creating the registry of an image."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
import requests
import responses

from image_scan.contracts import Registry
from image_scan.errors import (
    ImageNotScannable,
    QualysRejected,
    QualysUnavailable,
    QualysUnreadable,
    RegistryNotReady,
)
from image_scan.qualys.client import QualysClient
from image_scan.scans import registries
from image_scan.scans.registries import RegistryRole
from image_scan.state.registries import RegistryCache
from tests.support.builders import ACCOUNT, API, HOST, JOB, REGION, ROLE, image, listed
from tests.support.doubles import Clock

URI = f"https://{HOST}"
ROW = {"registryUuid": "reg-1", "registryUri": URI}
REGISTRIES = f"{API}/registry"
CONNECTORS = f"{API}/registry/aws/connectors/{ACCOUNT}"


@dataclass
class Find:
    registry_cache: RegistryCache
    qualys: QualysClient

    def __call__(self, role: str = ROLE, external_id: str = "", **of: Any) -> Registry:
        given = RegistryRole(role, external_id)
        return registries.find_or_create(
            image(**of), given, self.qualys, self.registry_cache, lambda _: None
        )


@pytest.fixture
def find(registry_cache: RegistryCache, qualys: QualysClient) -> Find:
    return Find(registry_cache, qualys)


def bodies(answers: responses.RequestsMock) -> list[dict[str, Any]]:
    posts = [call.request for call in answers.calls if call.request.method == "POST"]
    return [json.loads(request.body or "") for request in posts]


def test_a_known_registry_is_remembered(find: Find, answers: responses.RequestsMock) -> None:
    answers.get(REGISTRIES, json=listed(ROW))
    assert find() == {"uuid": "reg-1", "cached": False, "first_wait": 60}
    asked = len(answers.calls)
    assert find() == {"uuid": "reg-1", "cached": True, "first_wait": 60}
    assert len(answers.calls) == asked


def test_what_the_table_has_chooses_no_path_at_qualys(
    find: Find, answers: responses.RequestsMock
) -> None:
    """Calls are made with the credential, and an item of the table is no answer of Qualys."""
    find.registry_cache.remember(ACCOUNT, REGION, "../../../admin/v1/users?x=")
    answers.get(REGISTRIES, json=listed(ROW))
    assert find() == {"uuid": "reg-1", "cached": False, "first_wait": 60}
    assert find() == {"uuid": "reg-1", "cached": True, "first_wait": 60}


def test_the_filter_is_encoded_once_and_its_answer_compared(
    find: Find, answers: responses.RequestsMock
) -> None:
    other = {"registryUuid": "reg-0", "registryUri": "https://999999999999.dkr.ecr.x.amazonaws.com"}
    answers.get(REGISTRIES, json=listed(other, ROW))
    assert find()["uuid"] == "reg-1"
    url = str(answers.calls[0].request.url)
    assert "%22https%3A%2F%2F" in url
    assert "%25" not in url


def connected(answers: responses.RequestsMock, role: str = ROLE) -> None:
    answers.get(CONNECTORS, json=[{"arn": role, "name": "x"}])


def unlisted(answers: responses.RequestsMock, times: int = 1) -> None:
    """So many look-ups, each by filter and then through all, find nothing."""
    for _ in range(2 * times):
        answers.get(REGISTRIES, status=204)


@pytest.mark.parametrize(
    "created", [{"status": 201}, {"json": "created"}, {"json": {"registryUuid": JOB}}]
)
def test_a_missing_registry_is_created_with_a_connector_for_the_role(
    find: Find, answers: responses.RequestsMock, created: dict[str, Any]
) -> None:
    unlisted(answers)
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
    find: Find, answers: responses.RequestsMock, shape: Any
) -> None:
    unlisted(answers)
    answers.get(CONNECTORS, json=shape({"arn": ROLE, "name": "x"}))
    answers.post(REGISTRIES, status=201)
    answers.get(REGISTRIES, json=listed(ROW))
    find()
    assert len(bodies(answers)) == 1


def test_govcloud_follows_from_the_roles_partition(
    find: Find, answers: responses.RequestsMock
) -> None:
    role = ROLE.replace("arn:aws:", "arn:aws-us-gov:")
    unlisted(answers)
    connected(answers, role)
    answers.post(REGISTRIES, status=201)
    answers.get(REGISTRIES, json=listed(ROW))
    find(role)
    assert bodies(answers)[0]["aws"]["accountType"] == "US_Gov"


def test_a_partition_that_qualys_does_not_know_is_unscannable(
    find: Find, answers: responses.RequestsMock, registry_cache: RegistryCache
) -> None:
    role = ROLE.replace("arn:aws:", "arn:aws-cn:")
    unlisted(answers)
    connected(answers, role)
    with pytest.raises(ImageNotScannable, match="aws-cn"):
        find(role)
    assert bodies(answers) == []
    assert registry_cache.lock(ACCOUNT, REGION)


@pytest.mark.parametrize("given", ["0815", ""])
def test_a_connector_gets_the_external_id_that_the_role_trusts(
    find: Find,
    answers: responses.RequestsMock,
    given: str,
) -> None:
    unlisted(answers)
    answers.get(CONNECTORS, status=204)
    answers.get(f"{API}/registry/aws-base", json={"accountId": "9", "externalId": 4711})
    answers.post(f"{API}/registry/aws/connector", status=201)
    answers.post(REGISTRIES, status=201)
    answers.get(REGISTRIES, json=listed(ROW))
    find(external_id=given)
    assert bodies(answers)[0]["externalId"] == (given or "4711")


@pytest.mark.parametrize("made", [True, False])
def test_a_connector_whose_creation_cannot_be_read_is_looked_for(
    find: Find, answers: responses.RequestsMock, registry_cache: RegistryCache, made: bool
) -> None:
    unlisted(answers)
    answers.get(CONNECTORS, status=204)
    answers.get(f"{API}/registry/aws-base", json={"accountId": "9", "externalId": 4711})
    answers.post(f"{API}/registry/aws/connector", body='{"data": [{"arn')
    if made:
        connected(answers)
        answers.post(REGISTRIES, status=201)
        answers.get(REGISTRIES, json=listed(ROW))
        assert find()["uuid"] == "reg-1"
    else:
        with pytest.raises(QualysUnreadable):
            find()
        assert registry_cache.lock(ACCOUNT, REGION)


def test_a_connector_that_another_made_meanwhile_is_used(
    find: Find, answers: responses.RequestsMock
) -> None:
    unlisted(answers)
    answers.get(CONNECTORS, status=204)
    answers.get(f"{API}/registry/aws-base", json={"accountId": "9", "externalId": 4711})
    answers.post(f"{API}/registry/aws/connector", status=400)
    connected(answers)
    answers.post(REGISTRIES, status=201)
    answers.get(REGISTRIES, json=listed(ROW))
    assert find()["uuid"] == "reg-1"


@pytest.mark.parametrize(
    "refused", [{"status": 400}, {"status": 409}, {"status": 503}, {"body": requests.ReadTimeout()}]
)
def test_a_registry_that_another_made_meanwhile_is_used(
    find: Find, answers: responses.RequestsMock, refused: dict[str, Any]
) -> None:
    unlisted(answers)
    connected(answers)
    answers.post(REGISTRIES, **refused)
    answers.get(REGISTRIES, json=listed(ROW))
    assert find()["uuid"] == "reg-1"


def test_a_refused_creation_is_an_error_and_leaves_no_lock(
    find: Find, answers: responses.RequestsMock, registry_cache: RegistryCache
) -> None:
    answers.get(REGISTRIES, status=204)
    connected(answers)
    answers.post(REGISTRIES, status=400)
    with pytest.raises(QualysRejected):
        find()
    assert registry_cache.lock(ACCOUNT, REGION)


def test_only_one_execution_creates(
    find: Find, answers: responses.RequestsMock, registry_cache: RegistryCache, clock: Clock
) -> None:
    answers.get(REGISTRIES, status=204)
    assert registry_cache.lock(ACCOUNT, REGION)
    with pytest.raises(RegistryNotReady, match="is being created"):
        find()
    assert bodies(answers) == []
    clock.now += 66  # the other one died
    connected(answers)
    answers.post(REGISTRIES, json={"registryUuid": JOB})
    assert find()["uuid"] == JOB


def test_a_filter_that_knows_the_uri_in_another_form_makes_no_second_registry(
    find: Find, answers: responses.RequestsMock
) -> None:
    answers.get(REGISTRIES, status=204)
    answers.get(REGISTRIES, json=listed({**ROW, "registryUri": f"{HOST.upper()}/"}))
    assert find()["uuid"] == "reg-1"
    assert bodies(answers) == []


def test_a_registry_that_does_not_appear_is_not_created_twice(
    find: Find, answers: responses.RequestsMock, registry_cache: RegistryCache
) -> None:
    answers.get(REGISTRIES, status=204)
    connected(answers)
    answers.post(REGISTRIES, status=201)
    for _ in range(2):
        with pytest.raises(RegistryNotReady):
            find()
    assert len(bodies(answers)) == 1
    assert registry_cache.recall(ACCOUNT, REGION).uuid == ""


@pytest.mark.parametrize("late", [1, 2])
def test_a_registry_that_is_listed_late_is_used(
    find: Find, answers: responses.RequestsMock, late: int
) -> None:
    unlisted(answers, 1 + late)
    connected(answers)
    answers.post(REGISTRIES, status=201)
    answers.get(REGISTRIES, json=listed(ROW))
    assert find()["uuid"] == "reg-1"


def test_the_id_in_the_answer_serves_while_the_list_lags(
    find: Find, answers: responses.RequestsMock
) -> None:
    answers.get(REGISTRIES, status=204)
    connected(answers)
    answers.post(REGISTRIES, json={"registryUuid": JOB})
    assert find() == {"uuid": JOB, "cached": False, "first_wait": 60}
    assert find() == {"uuid": JOB, "cached": True, "first_wait": 60}


def test_a_listed_registry_without_an_id_is_refused(
    find: Find, answers: responses.RequestsMock
) -> None:
    answers.get(REGISTRIES, json=listed({"registryUri": URI}))
    with pytest.raises(QualysUnreadable):
        find()


def test_trouble_at_qualys_creates_nothing(find: Find, answers: responses.RequestsMock) -> None:
    answers.get(REGISTRIES, status=500)
    with pytest.raises(QualysUnavailable):
        find()
    assert bodies(answers) == []


@pytest.mark.parametrize(
    "stated", [{"json": {"registryUuid": JOB}}, {"status": 201}, {"status": 503}]
)
def test_a_failing_look_up_after_the_creation_gives_the_lock_to_nobody(
    find: Find,
    answers: responses.RequestsMock,
    registry_cache: RegistryCache,
    stated: dict[str, Any],
) -> None:
    unlisted(answers)
    connected(answers)
    answers.post(REGISTRIES, **stated)
    answers.get(REGISTRIES, status=503)
    if "json" in stated:
        assert find() == {"uuid": JOB, "cached": False, "first_wait": 60}
    else:
        with pytest.raises(RegistryNotReady):
            find()
    assert not registry_cache.lock(ACCOUNT, REGION)
