"""Results that come after the end of their job, in one piece or in parts."""

from typing import Any

import pytest

from tests.sandbox.qualys.caller import Caller, single

FOUND = {"qid": 1, "title": "one", "severity": 5}


@pytest.fixture
def late(caller: Caller) -> Caller:
    caller.push("team/app", "1.0", single())
    caller.push("team/quick", "1.0", single("b"))
    caller.control.set_findings("team/app", [FOUND])
    caller.control.behave("team/app", results_lag_seconds=600)
    return caller


def shown(caller: Caller) -> tuple[Any, bool, bool]:
    """Scan status, whether there is a scan time, and whether there are findings."""
    image = caller.image()
    scanned, found = image["lastVmScanDate"], image["vulnerabilities"]
    return image["scanStatus"], scanned is not None, found is not None


def test_a_finished_job_shows_its_result_after_the_lag(late: Caller) -> None:
    job = late.scan()
    assert job["status"] == "Finished"
    assert shown(late) == (None, False, False)
    assert late.get(f"/images/{'a' * 64}/vuln").status_code == 204
    late.control.advance(601)
    assert shown(late) == ("SUCCESS", True, True)
    scanned = int(str(late.image()["lastVmScanDate"]))
    assert scanned == int(job["jobScanningCompletionDate"])


def test_other_images_are_not_late(late: Caller) -> None:
    late.scan(repo="team/quick")
    assert late.image("b")["scanStatus"] == "SUCCESS"


def test_an_image_may_be_unknown_until_then(late: Caller) -> None:
    late.control.scenario(visible_from="scanned")
    assert late.scan()["status"] == "Finished"
    assert late.get(f"/images/{'a' * 64}").status_code == 404
    late.control.advance(601)
    assert shown(late) == ("SUCCESS", True, True)


def test_an_older_result_stands_until_then(late: Caller) -> None:
    late.control.know_image("a" * 64, scanned_seconds_ago=86_400)
    old = late.image()
    late.scan()
    assert late.image()["lastVmScanDate"] == old["lastVmScanDate"]
    assert late.image()["vulnerabilities"] == []
    late.control.advance(601)
    assert late.image()["lastVmScanDate"] != old["lastVmScanDate"]
    assert len(late.image()["vulnerabilities"]) == 1


@pytest.mark.parametrize(
    ("early", "expected"),
    [
        (["status"], ("SUCCESS", False, False)),
        (["time"], (None, True, False)),
        (["findings"], (None, False, True)),
        (["status", "time"], ("SUCCESS", True, False)),
    ],
)
def test_parts_of_a_result_may_be_early(
    late: Caller, early: list[str], expected: tuple[Any, bool, bool]
) -> None:
    late.control.behave("team/app", results_lag_seconds=600, early_results=early)
    late.scan()
    assert shown(late) == expected
    late.control.advance(601)
    assert shown(late) == ("SUCCESS", True, True)


def test_a_failure_may_be_late_too(late: Caller) -> None:
    late.control.behave("team/app", results_lag_seconds=600, scan_error_code="UNSUPPORTED_OS")
    assert late.scan()["status"] == "Finished"
    assert late.image()["scanErrorCode"] is None
    late.control.advance(601)
    assert late.image()["scanErrorCode"] == "UNSUPPORTED_OS"


def test_findings_can_be_known_without_the_time_of_a_scan(caller: Caller) -> None:
    caller.control.know_image("a" * 64, scanned_seconds_ago=None, findings=[FOUND])
    assert shown(caller) == (None, False, True)
    caller.control.know_image("a" * 64, scan_status="SUCCESS")
    assert shown(caller) == ("SUCCESS", False, False)


def test_reset_forgets_what_is_late(late: Caller) -> None:
    late.scan()
    late.control.reset()
    late.control.advance(601)
    assert late.control.state()["images"] == []
