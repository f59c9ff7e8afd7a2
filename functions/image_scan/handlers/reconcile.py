"""Reconcile: compares all that runs with the inventory and verdicts; sends the daily digest."""

from typing import Any

from image_scan import log
from image_scan.compose import reconciliation


def handler(event: dict[str, str], _context: object) -> dict[str, Any]:
    """`event` gives `intake_state_machine_arn`: that machine is created after this function."""
    log.bind({})
    return reconciliation.run(event["intake_state_machine_arn"])
