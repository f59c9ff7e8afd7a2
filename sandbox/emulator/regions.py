"""Regions that exist, and those that are enabled.

What is signed for a region that does not exist meets no endpoint on AWS: its host has no address.
Here the host is always the same, so the connection ends without an answer. A region that is not
enabled for the account, or belongs to another partition, answers, and knows no credentials.

https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
"""

from collections.abc import Awaitable, Callable
from typing import Any

from botocore.loaders import Loader

_PARTITIONS = Loader().load_data("partitions")["partitions"]
KNOWN = frozenset(region for partition in _PARTITIONS for region in partition["regions"])
_OF_PARTITION = {each["id"]: frozenset(each["regions"]) for each in _PARTITIONS}
# No account has these until it opts in; nobody does here.
_OPT_IN = frozenset(
    {
        "af-south-1",
        "ap-east-1",
        "ap-east-2",
        "ap-south-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "ap-southeast-5",
        "ap-southeast-6",
        "ap-southeast-7",
        "ca-west-1",
        "eu-central-2",
        "eu-south-1",
        "eu-south-2",
        "il-central-1",
        "me-central-1",
        "me-south-1",
        "mx-central-1",
    }
)
# What ECR answers there: code and message.
NOT_ENABLED = (
    "UnrecognizedClientException",
    "The security token included in the request is invalid.",
)


def exists(region: str) -> bool:
    return not region or region in KNOWN


def is_enabled(region: str, partition: str = "aws") -> bool:
    return not region or region in _OF_PARTITION[partition] - _OPT_IN


async def hang_up(receive: Callable[[], Awaitable[Any]]) -> None:
    """Ends the connection of a request: `receive` is a method of uvicorn's cycle, which has it."""
    receive.__self__.transport.abort()  # type: ignore[attr-defined]  # it is bound
    while (await receive())["type"] != "http.disconnect":
        pass
