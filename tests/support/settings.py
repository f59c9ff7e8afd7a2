"""The environment variables of the functions, as the modules set them."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import structlog

from image_scan.aws import clients, cross_account
from image_scan.qualys import connect
from tests.support import builders, tables
from tests.support.builders import GATEWAY, REGION, ROLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

SETTINGS = {
    "AWS_DEFAULT_REGION": REGION,
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
    "NAME_PREFIX": "unit",
    "LOG_LEVEL": "INFO",
    "CACHE_TABLE": tables.CACHE,
    "INVENTORY_TABLE": tables.INVENTORY,
    "STATE_TABLE": tables.STATE,
    "NOTIFY": json.dumps(builders.NOTIFY),
    "CACHE_TTL_DAYS": "7",
    "LEASE_SECONDS": "3900",
    "QUALYS_GATEWAY_URL": GATEWAY,
    "QUALYS_SECRET_ARN": "qualys",
    "QUALYS_ROLE_ARN": ROLE,
    "MAX_CONCURRENT_SCANS": "100",
    "REQUIRE_EXAMINED": "vulnerabilities",
    "OWNER_TAG": "team",
    "NOTIFICATION_FUNCTION": "send-notification",
    "REASSESSMENT_FUNCTION": "reassess",
    "REMEDIATION_DAYS": '{"critical": 7, "high": 30}',
    "RESULT_BUS": f"arn:aws:events:{REGION}:123456789012:event-bus/default",
}


def as_deployed(patch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The functions' environment, and none of the developer's own AWS settings.

    They log by their own settings: an earlier test of this worker may have changed structlog's.
    """
    structlog.reset_defaults()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        patch.delenv(name)
    for name, value in SETTINGS.items():
        patch.setenv(name, value)
    clear = (
        clients.client.cache_clear,
        clients._assumed.clear,
        clients._clients.clear,
        connect.client.cache_clear,
        cross_account.accounts.cache_clear,
    )
    for each in clear:
        each()
    yield patch
    for each in clear:
        each()
