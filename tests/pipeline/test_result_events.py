"""The event of a result says since when a finding is there, where that is at hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from image_scan.notifications.result_events import ResultEvents
from tests.pipeline.test_backfill import account  # noqa: F401
from tests.pipeline.test_reassessment import NEW, OLD, Web

if TYPE_CHECKING:
    import pytest

    from tests.pipeline.test_backfill import Account


def test_a_finding_that_was_notified_before_has_its_day(
    account: Account,  # noqa: F811
    environment: pytest.MonkeyPatch,
) -> None:
    sent: list[dict[str, Any]] = []
    environment.setattr(ResultEvents, "send_all", lambda _, __, contents: sent.extend(contents))
    began = datetime.fromtimestamp(account.pipeline.time.time(), UTC).date().isoformat()
    web = Web(account)
    web.runs(OLD)
    assert web.assessed(OLD, NEW)
    first, second = ({each["qid"]: each for each in event["findings"]} for event in sent)
    assert "since" not in first[OLD["qid"]], "nobody was notified yet"
    assert second[OLD["qid"]]["since"] == began
    assert "since" not in second[NEW["qid"]]
