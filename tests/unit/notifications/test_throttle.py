"""What concerns the whole installation is notified once in a while, and is not lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from image_scan.errors import AwsUnavailable

if TYPE_CHECKING:
    from image_scan.notifications.throttle import Throttle
    from tests.support.doubles import Clock

ERROR = "QualysUnauthorized"


def fail() -> None:
    raise AwsUnavailable("sns:Publish: Throttled")


def test_it_is_notified_once_an_hour_whoever_notifies(notices: Throttle, clock: Clock) -> None:
    sent: list[int] = []
    for claimant in ("scan-1", "scan-1", "scan-2", ""):
        notices.once(ERROR, lambda: sent.append(1), claimant=claimant)
    assert sent == [1]
    clock.now += 3600
    assert notices.once(ERROR, lambda: sent.append(2), claimant="scan-2")
    assert sent == [1, 2]


def test_who_failed_to_notify_tries_again_at_once_and_others_after_a_minute(
    notices: Throttle, clock: Clock
) -> None:
    sent: list[str] = []
    for _ in range(2):
        with pytest.raises(AwsUnavailable):
            notices.once(ERROR, fail, claimant="scan-1")
    assert not notices.once(ERROR, lambda: sent.append("scan-2"), claimant="scan-2")
    assert notices.once(ERROR, lambda: sent.append("scan-1"), claimant="scan-1")
    assert sent == ["scan-1"]
    with pytest.raises(AwsUnavailable):
        notices.once("NotExamined", fail, claimant="scan-3")
    clock.now += 60
    assert notices.once("NotExamined", lambda: sent.append("scan-4"), claimant="scan-4")


def test_two_without_a_name_are_not_taken_for_each_other(notices: Throttle) -> None:
    with pytest.raises(AwsUnavailable):
        notices.once(ERROR, fail)
    assert not notices.once(ERROR, lambda: None)
