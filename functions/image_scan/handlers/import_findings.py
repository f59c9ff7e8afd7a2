"""ImportFindings: sends the findings of a scan to the Security Hub of the image's owner."""

from typing import Any

from image_scan import config, log
from image_scan.aws import cross_account
from image_scan.security_hub.importer import SecurityHub
from image_scan.security_hub.state import SecurityHubState
from image_scan.state.table import StateTable


def handler(event: dict[str, Any], _context: object) -> None:
    log.bind({"event_id": event["id"], "image": event["detail"]["image"]})
    state = SecurityHubState(StateTable.connect())
    hub = SecurityHub(
        cross_account.accounts(), state, config.product_arn, config.installation_name()
    )
    hub.take(event)
