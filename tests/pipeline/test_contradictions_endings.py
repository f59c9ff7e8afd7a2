"""Where sources disagree on when a scan is over, and whether it went well: rows 5, 6 and 9.

An old scan, an unfinished and a failed one look much like the one that was asked for.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.builders import HOST
from tests.support.pipeline import REPOSITORY, SHA, TAG, Pipeline, ended, reason, verdict

IMAGE = "/images/[0-9a-f]{64}"
MONTHS = 90 * 86_400


def known_from_before(pipeline: Pipeline, *severities: int, seconds: int = MONTHS) -> None:
    """Qualys has scanned the image long ago."""
    digest = pipeline.push().removeprefix("sha256:")
    found = [{"qid": 1, "title": "old", "severity": severity} for severity in severities]
    pipeline.qualys.know_image(
        SHA,
        repo=[{"registry": HOST, "repository": REPOSITORY, "tag": TAG}],
        repo_digests=[{"registry": HOST, "repository": REPOSITORY, "digest": digest}],
        scanned_seconds_ago=seconds,
        findings=found,
    )


def item(pipeline: Pipeline) -> dict[str, Any]:
    return pipeline.item(pipeline.push())


def test_row_05_a_success_from_before_the_request_is_not_its_result(connected: Pipeline) -> None:
    """At the first polls Qualys shows the scan of months ago, with status SUCCESS."""
    known_from_before(connected)
    connected.find(5)
    connected.qualys.scenario(scan_seconds=150.0)
    run = connected.scan()
    assert (verdict(run), run.visited.count("CheckStatus")) == ("FINDINGS", 3)
    assert item(connected)["fresh"] is True


def test_row_05_a_scan_that_is_not_repeated_is_notified_as_the_old_one_that_it_is(
    connected: Pipeline,
) -> None:
    known_from_before(connected, 5)
    connected.qualys.scenario(force_scan_enabled=False)
    run = connected.scan()
    assert verdict(run) == "FINDINGS"
    assert run.visited.count("CheckStatus") == 5  # results may lag behind their job
    (message,) = connected.notifications()
    assert message["fresh"] is False
    assert "did not scan again" in message["reason"]
    found = item(connected)
    assert found["fresh"] is False
    assert found["scanned_at"] < (connected.time.time() - 89 * 86_400) * 1000


def test_row_05_a_result_may_come_a_poll_after_the_end_of_its_job(connected: Pipeline) -> None:
    """For a moment the finished job stands beside the image's older result."""
    known_from_before(connected)
    connected.find(5)
    old = connected.qualys.state()["images"][0]["scannedAt"]
    asked: list[int] = []

    def lagging(body: dict[str, Any]) -> dict[str, Any]:
        asked.append(1)
        late = {**body, "vulnerabilities": [], "lastVmScanDate": str(int(old * 1000))}
        return late if len(asked) == 1 else body

    connected.wire.rewrites[IMAGE] = lagging
    run = connected.scan()
    assert (verdict(run), len(asked)) == ("FINDINGS", 2)
    assert item(connected)["fresh"] is True


def test_row_05_findings_that_are_still_processed_are_waited_for(connected: Pipeline) -> None:
    """Job finished, status SUCCESS, time new: and `vulnerabilities` null."""
    asked: list[int] = []

    def processing(body: dict[str, Any]) -> dict[str, Any]:
        asked.append(1)
        return {**body, "vulnerabilities": None} if len(asked) < 4 else body

    connected.find(5)
    connected.wire.rewrites[IMAGE] = processing
    run = connected.scan()
    assert (verdict(run), len(asked)) == ("FINDINGS", 4)


@pytest.mark.parametrize("missing", ["vulnerabilities", "lastVmScanDate"])
def test_row_05_two_signs_out_of_three_are_no_result(connected: Pipeline, missing: str) -> None:
    connected.max_polls = 7
    connected.wire.rewrites[IMAGE] = lambda body: {**body, missing: None}
    assert verdict(connected.scan()) in ("TIMEOUT", "ERROR")


@pytest.mark.parametrize(("seconds", "fresh"), [(100, True), (600, False)])
def test_row_05_a_scan_may_seem_a_little_older_than_its_job(
    connected: Pipeline, seconds: int, fresh: bool
) -> None:
    """The clocks of Qualys' own services differ; by minutes they do not."""
    connected.find(5)
    time = str(int(connected.time.time() - seconds) * 1000)
    connected.wire.rewrites[IMAGE] = lambda body: {**body, "lastVmScanDate": time}
    assert verdict(connected.scan()) == "FINDINGS"
    assert item(connected)["fresh"] is fresh


@pytest.mark.parametrize("skew", [-90, 90])
def test_row_05_clocks_may_differ(connected: Pipeline, skew: int) -> None:
    connected.time.skew = skew
    assert ended(connected.scan()) == ("CLEAN", "")
    assert item(connected)["fresh"] is True


@pytest.mark.parametrize("skew", [-3600, 3600])
def test_row_05_a_wrong_clock_makes_no_old_scan_new(connected: Pipeline, skew: int) -> None:
    """Ten minutes old is old, whatever our clock says; the job's own times are Qualys' own."""
    known_from_before(connected, seconds=600)
    connected.find(5)
    connected.time.skew = skew
    assert verdict(connected.scan()) == "FINDINGS"


@pytest.mark.parametrize("status", ["ERROR", "FAILED", "UNSUPPORTED_OS", "PENDING"])
def test_row_06_any_status_but_success_is_a_failure_that_says_why(
    connected: Pipeline, status: str
) -> None:
    connected.qualys.behave(scan_error_code="SCAN-7", failed_scan_status=status)
    run = connected.scan()
    assert ended(run) == ("ERROR", "ScanFailed")
    assert f"{status} SCAN-7" in reason(run)
    assert run.visited.count("CheckStatus") <= 2


def test_row_06_a_failed_rescan_is_not_the_earlier_success(connected: Pipeline) -> None:
    known_from_before(connected)
    connected.qualys.behave(scan_error_code="SCAN-7")
    assert ended(connected.scan()) == ("ERROR", "ScanFailed")


@pytest.mark.parametrize("status", [None, ""])
def test_row_06_a_missing_status_proves_nothing_against_a_new_result(
    connected: Pipeline, status: Any
) -> None:
    connected.find(5)
    connected.wire.rewrites[IMAGE] = lambda body: {**body, "scanStatus": status}
    assert verdict(connected.scan()) == "FINDINGS"


@pytest.mark.parametrize("status", [None, "", "SUCCESS"])
def test_row_06_an_image_with_an_error_code_is_not_clean(connected: Pipeline, status: Any) -> None:
    """New, without a finding, and with an error: what of it was looked at is not known."""
    sent = {"scanStatus": status, "scanErrorCode": "SCAN-7"}
    connected.wire.rewrites[IMAGE] = lambda body: {**body, **sent}
    assert ended(connected.scan()) == ("ERROR", "ScanFailed")


@pytest.mark.parametrize("name", ["Completed", "BaselineCompleted", "FINISHED"])
def test_row_09_an_ended_job_has_several_names(connected: Pipeline, name: str) -> None:
    """Only of an ended job an older result is taken."""
    known_from_before(connected, 5)
    connected.qualys.scenario(force_scan_enabled=False, status_names={"Finished": name})
    assert verdict(connected.scan()) == "FINDINGS"


@pytest.mark.parametrize("name", ["Error", "Failed", "Canceled"])
def test_row_09_a_failed_job_has_several_names(connected: Pipeline, name: str) -> None:
    connected.qualys.scenario(status_names={"Error": name})
    connected.qualys.behave(job_error="PULL-1")
    run = connected.scan()
    assert ended(run) == ("ERROR", "ScanFailed")
    assert "PULL-1" in reason(run)
    assert run.visited.count("CheckStatus") == 1


@pytest.mark.parametrize("name", ["Unknown", "Archived", ""])
def test_row_09_a_job_of_unknown_state_is_waited_for_until_the_deadline(
    connected: Pipeline, name: str
) -> None:
    connected.max_polls = 4
    connected.qualys.scenario(status_names=dict.fromkeys(("Queued", "Running"), name))
    connected.qualys.behave(never_ends=True)
    run = connected.scan()
    assert (verdict(run), run.visited.count("CheckStatus")) == ("TIMEOUT", 4)


def test_row_09_a_new_result_counts_even_when_its_job_says_nothing_known(
    connected: Pipeline,
) -> None:
    connected.find(5)
    connected.qualys.scenario(status_names={"Finished": "Unknown"})
    assert verdict(connected.scan()) == "FINDINGS"


def test_row_09_an_old_result_needs_a_job_that_has_ended(connected: Pipeline) -> None:
    known_from_before(connected)
    connected.max_polls = 4
    connected.qualys.scenario(force_scan_enabled=False, status_names={"Finished": "Unknown"})
    assert verdict(connected.scan()) == "TIMEOUT"
