"""AWS errors in our own terms."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError

from image_scan import aws
from image_scan.errors import AwsRejected, AwsUnavailable


def client_error(code: str, status: int = 400, message: str = "words") -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status},
        },  # type: ignore[typeddict-item]
        "Operation",
    )


@pytest.mark.parametrize(
    "error",
    [
        client_error("ThrottlingException"),
        client_error("ProvisionedThroughputExceededException"),
        client_error("Whatever", 503),
        client_error("Whatever", 429),
        client_error("Throttled"),  # SNS
        client_error("KMSThrottling"),  # SNS, for an encrypted topic
        EndpointConnectionError(endpoint_url="https://x"),
    ],
)
def test_what_may_pass_is_unavailable(error: Exception) -> None:
    with pytest.raises(AwsUnavailable, match="ecr:BatchGetImage"), aws.calls("ecr:BatchGetImage"):
        raise error


@pytest.mark.parametrize(
    "error", [client_error("AccessDeniedException"), ParamValidationError(report="x")]
)
def test_what_will_not_pass_is_rejected(error: Exception) -> None:
    with pytest.raises(AwsRejected, match="sns:Publish"), aws.calls("sns:Publish"):
        raise error


def test_a_refusal_says_why_and_not_at_length() -> None:
    with pytest.raises(AwsRejected) as caught, aws.calls("sns:Publish"):
        raise client_error("AccessDenied", message="not authorized " * 100)
    assert "not authorized" in str(caught.value)
    assert len(str(caught.value)) < 400


def test_other_errors_pass_through() -> None:
    with pytest.raises(ZeroDivisionError), aws.calls("sns:Publish"):
        raise ZeroDivisionError


def test_a_region_that_cannot_be_one_is_told_in_our_terms(environment: pytest.MonkeyPatch) -> None:
    """Events and image references name regions."""
    with pytest.raises(AwsUnavailable, match="InvalidRegionError"):
        aws.client("ecr", "x" * 64)


def test_a_client_is_made_once(environment: pytest.MonkeyPatch) -> None:
    assert aws.client("sns") is aws.client("sns")
    assert aws.client("sns", "eu-west-1") is not aws.client("sns")
