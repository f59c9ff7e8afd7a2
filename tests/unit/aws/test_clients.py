"""AWS errors in our own terms, and clients in other accounts."""

import time
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, ParamValidationError

from image_scan.aws import clients
from image_scan.errors import AwsRejected, AwsUnavailable
from tests.support.builders import client_error


@pytest.mark.parametrize(
    "error",
    [
        client_error("ThrottlingException"),
        client_error("ProvisionedThroughputExceededException"),
        client_error("Whatever", 500),
        client_error("Whatever", 503),
        client_error("Whatever", 429),
        client_error("Throttled"),  # SNS
        client_error("KMSThrottling"),  # SNS, for an encrypted topic
        EndpointConnectionError(endpoint_url="https://x"),
    ],
)
def test_what_may_pass_is_unavailable(error: Exception) -> None:
    with (
        pytest.raises(AwsUnavailable, match="ecr:BatchGetImage"),
        clients.calls("ecr:BatchGetImage"),
    ):
        raise error


@pytest.mark.parametrize(
    "error", [client_error("AccessDeniedException"), ParamValidationError(report="x")]
)
def test_what_will_not_pass_is_rejected(error: Exception) -> None:
    with pytest.raises(AwsRejected, match="sns:Publish"), clients.calls("sns:Publish"):
        raise error


def test_a_refusal_says_why_and_not_at_length() -> None:
    with pytest.raises(AwsRejected) as caught, clients.calls("sns:Publish"):
        raise client_error("AccessDenied", message="not authorized " * 100)
    assert "not authorized" in str(caught.value)
    assert len(str(caught.value)) < 400


def test_other_errors_pass_through() -> None:
    with pytest.raises(ZeroDivisionError), clients.calls("sns:Publish"):
        raise ZeroDivisionError


def test_a_region_that_cannot_be_one_is_notified_in_our_terms() -> None:
    """Events and image references name regions."""
    with pytest.raises(AwsUnavailable, match="InvalidRegionError"):
        clients.client("ecr", "x" * 64)


def test_a_client_is_made_once() -> None:
    assert clients.client("sns") is clients.client("sns")
    assert clients.client("sns", "eu-west-1") is not clients.client("sns")


ROLE_THERE = "arn:aws:iam::222222222222:role/describe"


@pytest.fixture
def sts(cloud: None, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """What STS is asked for."""
    asked: list[dict[str, str]] = []
    client = clients.client("sts")
    stock = client.assume_role

    def assume(**of: str) -> Any:
        asked.append(of)
        return stock(**of)

    monkeypatch.setattr(client, "assume_role", assume)
    return asked


def test_a_session_in_another_account_is_reused_until_shortly_before_its_end(
    sts: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = clients.client_as(ROLE_THERE, "installation-1", "ecr", "eu-west-1")
    assert first is clients.client_as(ROLE_THERE, "installation-1", "ecr", "eu-west-1")
    clients.client_as(ROLE_THERE, "installation-1", "ecs", "us-east-1")
    assert sts == [
        {"RoleArn": ROLE_THERE, "ExternalId": "installation-1", "RoleSessionName": "image-scan"}
    ]
    later = time.time() + 3600 - 299
    monkeypatch.setattr(time, "time", lambda: later)
    assert clients.client_as(ROLE_THERE, "installation-1", "ecr", "eu-west-1") is not first
    assert len(sts) == 2


def test_it_acts_in_the_other_account(sts: list[dict[str, str]]) -> None:
    there = clients.client_as(ROLE_THERE, "installation-1", "sts", "eu-west-1")
    assert there.get_caller_identity()["Account"] == "222222222222"


def test_a_role_that_does_not_let_us_in_is_rejected(
    sts: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: str) -> None:
        raise client_error("AccessDenied", 403)

    monkeypatch.setattr(clients.client("sts"), "assume_role", refuse)
    with pytest.raises(AwsRejected, match="sts:AssumeRole: AccessDenied"):
        clients.client_as(ROLE_THERE, "installation-1", "ecr", "eu-west-1")


@pytest.mark.attack(12)
def test_no_more_clients_are_cached_than_are_used(sts: list[dict[str, str]]) -> None:
    """Whoever deploys an image names its region, and may invent one for each."""
    for number in range(clients._MOST_CLIENTS + 1):
        clients.client("sts", f"us-east-{number + 10}")
        clients.client_as(ROLE_THERE, "installation-1", "sts", f"us-east-{number + 10}")
    assert clients.client.cache_info().currsize == clients._MOST_CLIENTS
    assert len(clients._clients) == clients._MOST_CLIENTS
    assert len(sts) == 1


def test_the_regions_of_every_partition_are_known_and_no_others() -> None:
    assert {"us-east-1", "cn-north-1", "us-gov-west-1", "eusc-de-east-1"} <= clients.regions()
    assert "us-east-9" not in clients.regions()


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("us-gov-west-1", "aws-us-gov"),
        ("eusc-de-east-1", "aws-eusc"),
        ("us-east-9", "aws"),
        ("nowhere", "aws"),
    ],
)
def test_the_partition_of_a_region(region: str, partition: str) -> None:
    assert clients.partition_of(region) == partition


@pytest.mark.parametrize(
    ("error", "silent"),
    [
        (EndpointConnectionError(endpoint_url="x"), True),
        (client_error("ServerException", 500), False),
    ],
)
def test_whether_anybody_has_answered(error: Exception, silent: bool) -> None:
    with pytest.raises(AwsUnavailable) as caught, clients.calls("ecr:BatchGetImage"):
        raise error
    assert clients.is_silent(caught.value) == silent
