"""Reconcile: compares all that runs with the inventory and verdicts; sends the daily digest."""

from typing import Any

from image_scan import log
from image_scan.compose import reconciliation


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`event` gives `intake_state_machine_arn`: that machine is created after this function. And
    `forget`, if an operator names accounts and regions that have left."""
    log.bind({})
    machine, leavers = event["intake_state_machine_arn"], event.get("forget", ())
    forgotten = reconciliation.forget(machine, leavers)
    seconds = context.get_remaining_time_in_millis() / 1000
    return {**forgotten, **reconciliation.run(machine, seconds)}
