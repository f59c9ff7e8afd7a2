"""Composes how SubmitScan takes a permit, by the environment of its function."""

import time

from image_scan import config
from image_scan.contracts import SubmitInput
from image_scan.inventory.claims import Claims
from image_scan.inventory.table import InventoryTable
from image_scan.state.permits import ScanPermits
from image_scan.state.table import StateTable


def take(event: SubmitInput) -> None:
    """Raises ScansAtLimit, AwsUnavailable or AwsRejected."""
    seconds = config.lease_seconds()
    since = int((time.time() - seconds) * 1000)
    claims = Claims(InventoryTable.connect())
    ScanPermits(StateTable.connect()).take(
        event["execution_name"],
        event["account"],
        config.most_scans(),
        seconds,
        lambda: claims.accounts(event["image"]["key"], since),
    )
