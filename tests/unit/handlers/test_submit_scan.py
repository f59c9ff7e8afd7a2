"""SubmitScan's permit, where several accounts wait for one scan."""

from typing import Any

import boto3
import pytest
import responses

from image_scan.errors import ScansAtLimit
from image_scan.handlers import check_cache, submit_scan
from image_scan.state.permits import ScanPermits
from image_scan.state.table import StateTable
from tests.support.builders import ACCOUNT, API, JOB, REGION, REGISTRY, listed, scan_input

BUSY, THIRD = "999999999999", "333333333333"


@pytest.fixture
def full(dynamodb: Any, environment: pytest.MonkeyPatch) -> None:
    """One account has its share of the two permits, and another one waits."""
    environment.setenv("MAX_CONCURRENT_SCANS", "2")
    secrets = boto3.client("secretsmanager", region_name=REGION)
    secrets.create_secret(Name="qualys", SecretString='{"token": "the-token"}')
    permits = ScanPermits(StateTable.connect())
    for number in range(2):
        permits.take(f"busy-{number}", BUSY, 2, 600)
    with pytest.raises(ScansAtLimit):
        permits.take("waits", THIRD, 2, 600)
    permits.give_back("busy-0")


def test_the_permit_is_of_an_account_that_has_deployed_the_image_since(
    full: None, answers: responses.RequestsMock
) -> None:
    event: Any = {**scan_input(), "registry": REGISTRY, "execution_name": "execution-1"}
    event |= {"account": BUSY, "attempt": 1}
    with pytest.raises(ScansAtLimit, match=BUSY):
        submit_scan.handler(event, None)
    check_cache.handler(scan_input(), None)
    answers.get(f"{API}/registry/reg-1/schedule", json=listed())
    answers.post(f"{API}/registry/reg-1/schedule", json={"scheduleUuid": JOB})
    assert submit_scan.handler(event, None)["schedule_uuid"] == JOB
    item = StateTable.connect().get("permit#scans") or {}
    assert item["held"]["execution-1"]["account"] == ACCOUNT
