"""The intake is an Express machine: it must have queued a failing event before AWS ends it."""

import math
from typing import Any

from tests.support import definitions
from tests.support.definitions import State

EXPRESS_LIMIT_SECONDS = 300
# Room for what the transitions and the Choice and Pass states themselves take.
MARGIN_SECONDS = 10
MOST_CONTAINERS = 10  # in one task definition, an ECS quota
# The call was refused before it ran, so a try takes no time of its own.
REFUSED_AT_ONCE = {
    "Lambda.TooManyRequestsException",
    "Lambda.ResourceNotReadyException",
    "Lambda.ENINotReadyException",
    "Lambda.EC2ThrottledException",
    "Lambda.ResourceConflictException",
}


def delays(retry: dict[str, Any]) -> float:
    """The longest that the waits between the tries can take; full jitter only shortens them."""
    each = (
        retry["IntervalSeconds"] * retry["BackoffRate"] ** number
        for number in range(retry["MaxAttempts"])
    )
    return float(sum(min(delay, retry["MaxDelaySeconds"]) for delay in each))


def longest(state: State) -> float:
    if state["Type"] == "Map":
        batches = math.ceil(MOST_CONTAINERS / int(state["MaxConcurrency"]))
        return batches * longest_path(state["ItemProcessor"])
    if state["Type"] != "Task":
        return 0
    slow = [each for each in state["Retry"] if not set(each["ErrorEquals"]) <= REFUSED_AT_ONCE]
    tries = 1 + sum(each["MaxAttempts"] for each in slow)
    return float(tries * state["TimeoutSeconds"] + sum(delays(each) for each in state["Retry"]))


def longest_path(scope: dict[str, Any]) -> float:
    """Through a machine without a loop, whichever way its states go."""

    def beyond(name: str) -> float:
        state = scope["States"][name]
        onward = (beyond(target) for target in definitions.targets(state))
        return longest(state) + max(onward, default=0)

    return beyond(scope["StartAt"])


def test_the_slowest_way_to_a_queued_event_fits_an_express_execution() -> None:
    seconds = longest_path(definitions.definition("intake"))
    assert seconds <= EXPRESS_LIMIT_SECONDS - MARGIN_SECONDS
