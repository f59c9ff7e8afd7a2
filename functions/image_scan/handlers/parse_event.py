"""ParseEvent: reads which images an ECS event deploys."""

from typing import Any

from image_scan import config, log
from image_scan.aws import cross_account
from image_scan.contracts import ParsedEvent
from image_scan.events import deployments
from image_scan.events.scope import Scope


def handler(event: Any, _context: object) -> ParsedEvent:
    log.bind({"event_id": event.get("id")} if isinstance(event, dict) else {})
    return deployments.read(event, cross_account.accounts(), Scope.read(config.scope()))
