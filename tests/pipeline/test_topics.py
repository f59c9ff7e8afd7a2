"""A topic that takes no notification, for a while or for good: the others get it, none loses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from image_scan.contracts import READERS
from tests.support.pipeline import verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from image_scan.contracts import Reader
    from tests.support.pipeline import Pipeline

    Refuse = Callable[[Reader, str, int], None]


@pytest.fixture
def refuse(pipeline: Pipeline, environment: pytest.MonkeyPatch) -> Refuse:
    """Has a topic answer an error code so many times, whatever is published to it."""
    left: dict[str, tuple[str, int]] = {}
    call = vars(BaseClient)["_make_api_call"]

    def answered(client: Any, operation: str, arguments: Any) -> Any:
        code, times = left.get(arguments.get("TopicArn", ""), ("", 0))
        if operation == "Publish" and times:
            left[arguments["TopicArn"]] = (code, times - 1)
            raise ClientError({"Error": {"Code": code}}, operation)
        return call(client, operation, arguments)

    environment.setattr(BaseClient, "_make_api_call", answered)

    def refused(reader: Reader, code: str, times: int) -> None:
        left[pipeline.topics[reader]] = (code, times)

    return refused


def counts(pipeline: Pipeline) -> dict[str, int]:
    return {reader: len(pipeline.published(reader)) for reader in READERS}


@pytest.mark.parametrize("reader", READERS)
def test_a_topic_that_is_throttled_gets_the_next_try(
    pipeline: Pipeline, refuse: Refuse, reader: Reader
) -> None:
    pipeline.find(5)
    refuse(reader, "Throttled", 1)
    run = pipeline.scan()
    assert verdict(run) == "FINDINGS"
    assert counts(pipeline) == {**dict.fromkeys(READERS, 2), reader: 1}
    assert pipeline.failed_events() == []


@pytest.mark.parametrize("reader", READERS)
def test_a_topic_that_is_gone_holds_no_other_up_and_the_redrive_reaches_it(
    pipeline: Pipeline, refuse: Refuse, reader: Reader
) -> None:
    pipeline.find(5)
    refuse(reader, "NotFound", 1)
    assert pipeline.scan().status == "FAILED"
    assert counts(pipeline) == {**dict.fromkeys(READERS, 1), reader: 0}
    queued = dict(pipeline.failed_events()[-1])
    assert queued.pop("error") == "AwsRejected"
    assert pipeline.intake(queued).status == "SUCCEEDED"
    assert pipeline.scans() == [], "the verdict is known; what is left is to notify"
    assert counts(pipeline)[reader] == 1


@pytest.mark.parametrize("reader", READERS)
def test_what_is_notified_once_an_hour_reaches_a_topic_that_was_throttled(
    pipeline: Pipeline, refuse: Refuse, reader: Reader
) -> None:
    pipeline.sign_in_with(token="revoked")
    refuse(reader, "Throttled", 1)
    run = pipeline.scan()
    assert run.retries
    assert counts(pipeline) == {**dict.fromkeys(READERS, 2), reader: 1}
    pipeline.scan(service="worker")
    assert counts(pipeline)[reader] == 1, "the hour has begun"
