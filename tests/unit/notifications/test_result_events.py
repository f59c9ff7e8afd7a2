"""The event of a scan that ended: complete, small enough, and no hindrance to an alert."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.stub import Stubber

from image_scan import log
from image_scan.aws import clients
from image_scan.errors import AwsUnavailable
from image_scan.events.workloads import workload_of
from image_scan.findings import encoding
from image_scan.findings.encoding import Finding
from image_scan.inventory.notified import days_of
from image_scan.notifications import result_events
from image_scan.notifications.result_events import ResultEvents
from tests.support.builders import CRITICAL, DIGEST, image, scan_input, to_complete
from tests.support.stored_items import ROW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_events import EventBridgeClient

BUS = "arn:aws:events:us-east-1:123456789012:event-bus/hub"
WORKLOADS = dict([workload_of(scan_input())])


@pytest.fixture
def events() -> Iterator[Stubber]:
    log.configure()
    with Stubber(clients.client("events")) as stub:
        yield stub


@pytest.fixture
def put(events: Stubber) -> ResultEvents:
    client = cast("EventBridgeClient", events.client)
    return ResultEvents(client, BUS, "qualys-image-scan", "https://qualys.example.com")


def answer(code: str) -> dict[str, Any]:
    return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": code, "ErrorMessage": "no"}]}


def test_it_is_put_on_the_bus_as_documented(
    put: ResultEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries: list[Any] = []

    def put_events(Entries: list[Any]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        entries.extend(Entries)
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}

    monkeypatch.setattr(put._events, "put_events", put_events)
    put.put(to_complete(CRITICAL, image(role_account_id="222222222222")), CRITICAL, WORKLOADS)
    (entry,) = entries
    detail = json.loads(entry.pop("Detail"))
    assert entry == {
        "EventBusName": BUS,
        "Source": "image-scan",
        "DetailType": "Container Image Scan Completed",
    }
    assert detail["installation"] == "qualys-image-scan"
    assert detail["schema"] == "image-scan/result/1"
    assert (detail["verdict"], detail["counts"]) == ("FINDINGS", CRITICAL["counts"])
    assert detail["image"]["digest"] == DIGEST
    assert detail["image"]["role_account_id"] == "222222222222"
    assert [workload["service"] for workload in detail["workloads"]] == ["web"]
    assert detail["workloads_total"] == 1
    assert detail["findings"] == CRITICAL["top"]
    sha = CRITICAL["config_digest"].removeprefix("sha256:")
    assert detail["links"]["qualys"] == f"https://qualys.example.com/cs/#/assets/images/{sha}"


def test_a_finding_is_as_old_as_at_the_first_workload_that_runs_the_image() -> None:
    def row(day: int, **changes: Any) -> dict[str, Any]:
        found = [
            Finding(each["qid"], 5, False, True, (), since=day) for each in CRITICAL["top"][:1]
        ]
        return {**ROW, "notified": encoding.pack(found), **changes}

    first, second = (date(2026, 1, day).toordinal() for day in (1, 2))
    stopped, left_out = row(first, state="stopped"), row(first, out_of_scope="agents")
    rows = [row(second + 1), row(second), stopped, left_out, {**ROW, "notified": ""}]
    content = result_events.detail(to_complete(CRITICAL), CRITICAL, WORKLOADS, since=days_of(rows))
    found = content["findings"]
    assert [each.get("since") for each in found] == ["2026-01-02", *[None] * (len(found) - 1)]


def test_it_fits_an_entry_however_many_workloads_there_are() -> None:
    workload, facts = workload_of(scan_input())
    long = {**facts, "service": "s" * 255, "containers": ["c" * 255] * 10}
    workloads: Any = {f"{workload}{number}": long for number in range(500)}
    detail = result_events.detail(to_complete(CRITICAL), CRITICAL, workloads)
    assert len(json.dumps(detail).encode()) < 200_000
    assert 0 < len(detail["workloads"]) < detail["workloads_total"] == 500


@pytest.mark.parametrize("code", ["InternalFailure", "ThrottlingException"])
def test_one_that_could_not_be_put_is_put_again(
    put: ResultEvents, events: Stubber, code: str
) -> None:
    events.add_response("put_events", answer(code))
    with pytest.raises(AwsUnavailable, match=code):
        put.put(to_complete(CRITICAL), CRITICAL, WORKLOADS)


@pytest.mark.parametrize("by", ["entry", "call"])
def test_a_bus_that_refuses_holds_nobody_up_and_is_counted(
    put: ResultEvents, events: Stubber, capsys: pytest.CaptureFixture[str], by: str
) -> None:
    if by == "entry":
        events.add_response("put_events", answer("NotAuthorizedForSourceException"))
    else:
        events.add_client_error("put_events", "AccessDeniedException", http_status_code=400)
    put.put(to_complete(CRITICAL), CRITICAL, WORKLOADS)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert any(line.get("level") == "error" for line in lines)
    assert any(line.get("RefusedResultEvents") == 1 for line in lines)


def test_only_those_that_were_refused_are_returned(
    put: ResultEvents, events: Stubber, capsys: pytest.CaptureFixture[str]
) -> None:
    fine, bad = {"EventId": "1"}, {"ErrorCode": "MalformedDetail", "ErrorMessage": "no"}
    first = [fine, bad, *[fine] * 7, bad]
    events.add_response("put_events", {"FailedEntryCount": 2, "Entries": first})
    events.add_client_error("put_events", "AccessDeniedException", http_status_code=400)
    events.add_response("put_events", {"FailedEntryCount": 0, "Entries": [fine]})
    assert put.send_all("a type", [{}] * 21) == [1, *range(9, 20)]
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each for line in lines if (each := line.get("RefusedResultEvents"))] == [2, 10]
