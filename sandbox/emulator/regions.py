"""Regions that exist. What is signed for another one meets no endpoint on AWS: its host has no
address. Here the host is always the same, so the connection ends without an answer."""

from collections.abc import Awaitable, Callable
from typing import Any

from botocore.loaders import Loader

_PARTITIONS = Loader().load_data("partitions")["partitions"]
KNOWN = frozenset(region for partition in _PARTITIONS for region in partition["regions"])


def exists(region: str) -> bool:
    return not region or region in KNOWN


async def hang_up(receive: Callable[[], Awaitable[Any]]) -> None:
    """Ends the connection of a request: `receive` is a method of uvicorn's cycle, which has it."""
    receive.__self__.transport.abort()  # type: ignore[attr-defined]  # it is bound
    while (await receive())["type"] != "http.disconnect":
        pass
