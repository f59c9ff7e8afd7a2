"""AWS clients, and AWS errors in this package's terms. Only this module calls boto3."""

from __future__ import annotations

import time
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ParamValidationError,
    UnknownRegionError,
)
from botocore.loaders import Loader

from image_scan.errors import AwsRejected, AwsUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

# Functions run 10 to 60 s: fail early enough that the state machine can try again.
_CONFIG = Config(
    connect_timeout=3, read_timeout=8, retries={"mode": "standard", "total_max_attempts": 3}
)
# An image names its registry's region. A region that does not answer must not use all the time.
# An account is entered for it by STS.
_BRIEF = Config(
    connect_timeout=2, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2}
)
_CONFIGS = {"ecr": _BRIEF, "sts": _BRIEF}
_MOST_CLIENTS = 64  # regions times accounts; a removed client is made again when needed
_MARGIN = 300  # seconds; a session that ends sooner than this is not used any more
_THROTTLED = frozenset(
    {
        "LimitExceededException",
        "RequestLimitExceeded",
        "Throttling",
        "Throttled",  # as SNS says it
        "ThrottledException",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_TRANSIENT = _THROTTLED | frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServiceError",
        "KMSThrottling",
        "KMSThrottlingException",
        "ProvisionedThroughputExceededException",
        "RequestTimeout",
        "ServerException",
        "ServiceUnavailable",
        "TransactionInProgressException",
    }
)


@lru_cache(maxsize=_MOST_CLIENTS)
def client(service: str, region: str | None = None) -> Any:
    """Returns a service's client, made once per execution environment; `region` None is our own."""
    return _made(service, region)


_assumed: dict[str, tuple[float, dict[str, str]]] = {}
_clients: dict[tuple[str, str, str], tuple[float, Any]] = {}


def client_as(role_arn: str, external_id: str, service: str, region: str) -> Any:
    """Returns a client of the role; its session is reused until shortly before its end.

    Raises AwsRejected if the role does not exist or does not trust us.
    """
    ends, keys = _assumed.get(role_arn, (0.0, {}))
    if time.time() > ends - _MARGIN:
        with calls("sts:AssumeRole"):
            answer = client("sts").assume_role(
                RoleArn=role_arn, ExternalId=external_id, RoleSessionName="image-scan"
            )["Credentials"]
        ends = answer["Expiration"].timestamp()
        keys = {
            "aws_access_key_id": answer["AccessKeyId"],
            "aws_secret_access_key": answer["SecretAccessKey"],
            "aws_session_token": answer["SessionToken"],
        }
        _remember(_assumed, role_arn, (ends, keys))
    known = _clients.get((role_arn, service, region))
    if known is None or known[0] != ends:
        known = (ends, _made(service, region, **keys))
        _remember(_clients, (role_arn, service, region), known)
    return known[1]


def _made(service: str, region: str | None, **keys: str) -> Any:
    with calls(f"{service} in {region}"):  # may be invalid: an event names the region
        config = _CONFIGS.get(service, _CONFIG)
        return boto3.client(service, region_name=region, config=config, **keys)  # type: ignore[call-overload]


def _remember(known: dict[Any, Any], key: Any, value: Any) -> None:
    """Stores a value, and removes the oldest one if there are too many."""
    known.pop(key, None)
    known[key] = value
    if len(known) > _MOST_CLIENTS:
        del known[next(iter(known))]


@cache
def regions() -> frozenset[str]:
    """Returns all regions that the SDK knows. A newer one may exist."""
    partitions = Loader().load_data("partitions")["partitions"]
    return frozenset(region for partition in partitions for region in partition["regions"])


def home_region() -> str:
    """Returns the region of the functions."""
    return boto3.Session().region_name or ""


@cache
def partition_of(region: str) -> str:
    """Returns the partition of a region; `aws` if the SDK does not know the region."""
    try:
        return boto3.Session().get_partition_for_region(region)
    except UnknownRegionError:
        return "aws"


def is_silent(error: Exception) -> bool:
    """Checks whether there was no answer at all: unknown host, no connection, or a timeout."""
    return isinstance(error.__cause__, BotoCoreError)


def is_throttled(error: Exception) -> bool:
    """Checks whether an account has used up its own quota of calls."""
    cause = error.__cause__
    if not isinstance(cause, ClientError):
        return False
    status = cause.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return error_code(cause) in _THROTTLED or status == 429


def error_code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _message(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Message", ""))


@contextmanager
def calls(operation: str) -> Iterator[None]:
    """Converts errors of AWS calls in the block to AwsUnavailable or AwsRejected. `operation` is
    named like an IAM action."""
    try:
        yield
    except ClientError as error:
        code = error_code(error)
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in _TRANSIENT or status == 429 or status >= 500:
            raise AwsUnavailable(f"{operation}: {code}") from error
        raise AwsRejected(f"{operation}: {code}: {_message(error):.300}") from error
    except ParamValidationError as error:
        raise AwsRejected(f"{operation}: invalid parameter") from error
    except BotoCoreError as error:
        raise AwsUnavailable(f"{operation}: {type(error).__name__}") from error
