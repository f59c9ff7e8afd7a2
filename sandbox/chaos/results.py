"""Makes sure that a run has results to judge: a run in which every scan fails has nothing wrong."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from image_scan.cache.entries import RESULTS
from image_scan.state.keys import REGISTRIES
from sandbox.aws import ACCOUNT, REGION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.chaos.seen import Seen
    from sandbox.installation import Installation


def wait_for_registry(installation: Installation) -> None:
    """Waits until nobody holds the registry. An execution that dies while it creates the registry
    holds it for a minute. In a run waits are shorter, so all tries of other scans are over by then.
    """
    table = installation.outputs["state_table"]["name"]
    key = {"key": {"S": f"{REGISTRIES}{ACCOUNT}#{REGION}"}}
    found = installation.client("dynamodb").get_item(TableName=table, Key=key).get("Item", {})
    if found.get("registry_uuid") == {"S": ""}:
        time.sleep(max(0.0, int(found["until"]["N"]) + 1 - time.time()))


def few(seen: Seen) -> Iterator[str]:
    """Names the lack of results after the redrive: few images fail on purpose."""
    results = sum(each["status"] in RESULTS for each in seen.verdicts.values())
    if results < len(seen.verdicts) / 3:
        yield f"few results: {results} of {len(seen.verdicts)} images"
