"""Whether a scan is over, and whose result it is."""

from dataclasses import dataclass
from typing import Any

import pytest
import responses

from image_scan.contracts import Image, Status
from image_scan.errors import ImageNotScannable, QualysUnreadable, ScanFailed, UnexpectedAnswer
from image_scan.qualys.client import QualysClient
from image_scan.qualys.models import ScannedImage
from image_scan.scans import status as scan_status
from tests.support.builders import (
    API,
    HOST,
    JOB,
    NOW_MS,
    REGISTRY,
    SHA,
    SUBMISSION,
    image,
    listed,
    qualys_image,
    schedule,
    tag_only,
)

JOB_URL = f"{API}/registry/reg-1/schedule/{JOB}"
MONTHS_AGO = str(NOW_MS - 90 * 86_400_000)
OTHER = {"sha": "a" * 64, "repoDigests": []}


@dataclass
class Check:
    """Asks with one job, one image by sha (None: unknown) and the rows of its repository."""

    qualys: QualysClient
    answers: responses.RequestsMock

    def __call__(
        self,
        job: dict[str, Any] | None,
        details: dict[str, Any] | None = None,
        *rows: dict[str, Any],
        of: Image | None = None,
        earlier: int = 0,
        last: bool = False,
    ) -> Status:
        stated = self.answers
        jobs = listed(job) if job else None
        stated.get(f"{API}/registry/reg-1/schedule", json=jobs, status=200 if jobs else 204)
        stated.get(f"{API}/images/{SHA}", **({"json": details} if details else {"status": 404}))
        stated.get(f"{API}/images", **({"json": listed(*rows)} if rows else {"status": 204}))
        stated.delete(JOB_URL, status=204)
        return scan_status.check(of or image(), REGISTRY, SUBMISSION, earlier, last, self.qualys)


@pytest.fixture
def check(qualys: QualysClient, answers: responses.RequestsMock) -> Check:
    return Check(qualys, answers)


def details(**changes: Any) -> dict[str, Any]:
    return qualys_image(vulnerabilities=[], **changes)


@pytest.mark.parametrize("status", ["Created", "Queued", "Running", "Paused", "RUNNING"])
def test_a_running_job_is_not_complete_whatever_is_known(
    check: Check, answers: responses.RequestsMock, status: str
) -> None:
    assert check(schedule(status), details())["complete"] is False
    assert len(answers.calls) == 1


def test_a_digest_that_ecr_did_not_show_has_no_result_from_another_registry(check: Check) -> None:
    other = [{"registry": HOST.replace("1", "9"), "repository": "shop/app", "tag": "1.4.2"}]
    elsewhere = qualys_image(repo=other)
    unread = image(manifests=[], configs=[], certain=False)
    with pytest.raises(ImageNotScannable, match="ECR did not show what ECS has pulled"):
        check(schedule(), None, elsewhere, of=unread, earlier=9)
    assert check(schedule(), None, qualys_image(), of=unread)["doubt"]
    assert check(schedule(), None, elsewhere)["complete"]


@pytest.mark.parametrize("status", ["Finished", "Completed", "BaselineCompleted"])
def test_a_finished_job_with_a_new_scan_of_our_image_is_complete(check: Check, status: str) -> None:
    found = check(schedule(status), details())
    assert (found["complete"], found["sha"], found["fresh"]) == (True, SHA, True)


@pytest.mark.parametrize("status", ["Error", "Failed", "Canceled"])
def test_a_failed_job_ends_the_wait_with_its_reason(check: Check, status: str) -> None:
    errors = [{"errorCode": "E7", "errorMessage": "pull refused"}]
    with pytest.raises(ScanFailed, match=f"{status}: E7 pull refused"):
        check(schedule(status, errors=errors), details())


def test_an_older_scan_of_the_same_bytes_is_notified_as_old(check: Check) -> None:
    found = check(schedule(), details(lastVmScanDate=MONTHS_AGO), earlier=4)
    assert found["complete"] is True
    assert found["fresh"] is False
    assert found["scanned_at"] == int(MONTHS_AGO)


def test_an_older_scan_is_nothing_while_the_job_is_unknown(check: Check) -> None:
    stale = details(lastVmScanDate=MONTHS_AGO)
    assert check(None, stale)["complete"] is False
    assert check(schedule("Unknown"), stale)["complete"] is False


def test_a_new_scan_counts_even_when_its_job_is_gone(check: Check) -> None:
    assert check(None, details())["complete"] is True


def test_known_but_not_yet_assessed_is_not_complete(check: Check) -> None:
    assert check(schedule(), qualys_image(vulnerabilities=None))["complete"] is False
    assert check(schedule(), details(lastVmScanDate=None))["complete"] is False


def test_a_failed_scan_of_the_image_is_a_failure(check: Check) -> None:
    with pytest.raises(ScanFailed, match="ERROR 1234"):
        check(schedule(), details(scanStatus="ERROR", scanErrorCode="1234"))
    with pytest.raises(ScanFailed, match="1234"):
        check(schedule(), qualys_image(vulnerabilities=None, scanErrorCode="1234"), earlier=1)


def test_results_may_come_after_the_end_of_their_job(check: Check) -> None:
    """What is old is not believed at the first checks that see the job ended."""
    for earlier in range(4):
        found = check(schedule(), details(lastVmScanDate=MONTHS_AGO), earlier=earlier)
        assert (found["complete"], found["ended_checks"]) == (False, earlier + 1)


def test_an_earlier_failure_is_not_taken_for_this_scans(check: Check) -> None:
    found = check(schedule(), qualys_image(vulnerabilities=None, scanErrorCode="1234"))
    assert (found["complete"], found["ended_checks"]) == (False, 1)


def test_an_ended_job_whose_schedule_is_gone_stays_ended(check: Check) -> None:
    found = check(None, details(lastVmScanDate=MONTHS_AGO), earlier=4)
    assert (found["complete"], found["fresh"]) == (True, False)


def test_an_image_that_is_never_listed_is_a_failure_and_not_a_loop(check: Check) -> None:
    assert check(schedule(), None, earlier=3)["ended_checks"] == 4
    with pytest.raises(ScanFailed, match="does not list the image"):
        check(schedule(), None, earlier=4)


def test_the_vendors_own_clock_says_what_is_fresh(check: Check) -> None:
    """One that is an hour behind ours stamps both the job and the scan."""
    behind = NOW_MS - 3_600_000
    found = check(schedule(created=str(behind)), details(lastVmScanDate=str(behind + 60_000)))
    assert (found["complete"], found["fresh"]) == (True, True)


@pytest.mark.parametrize("status", ["Error", "Finished"])
def test_a_failed_scan_leaves_no_schedule(
    check: Check, answers: responses.RequestsMock, status: str
) -> None:
    with pytest.raises(ScanFailed):
        check(schedule(status), details(scanStatus="ERROR"))
    assert (answers.calls[-1].request.method, answers.calls[-1].request.url) == ("DELETE", JOB_URL)


def test_the_last_check_leaves_no_job_behind(check: Check, answers: responses.RequestsMock) -> None:
    answers.post(f"{API}/registry/reg-1/schedule/cancel", json={})
    assert check(schedule("Running"), last=True)["complete"] is False
    assert [call.request.method for call in answers.calls] == ["GET", "POST", "DELETE"]


def test_the_last_check_of_a_complete_scan_leaves_its_schedule_to_the_result(
    check: Check, answers: responses.RequestsMock
) -> None:
    assert check(schedule(), details(), last=True)["complete"] is True
    assert {call.request.method for call in answers.calls} == {"GET"}


def test_an_unknown_image_is_waited_for(check: Check) -> None:
    assert check(schedule(), None)["complete"] is False


def test_a_row_of_the_repository_is_ours_by_its_repository_digest(check: Check) -> None:
    """As with an index, or a sensor whose sha is not the config digest."""
    found = check(schedule(), None, qualys_image(sha="e" * 64))
    assert (found["complete"], found["sha"]) == (True, "e" * 64)


@pytest.mark.held("the verdict of another image")
def test_another_image_of_the_same_tag_is_not_ours(check: Check) -> None:
    with pytest.raises(ImageNotScannable, match="tag was moved"):
        check(schedule(), None, qualys_image(**OTHER))
    stale = qualys_image(**OTHER, lastVmScanDate=MONTHS_AGO)
    assert check(schedule(), None, stale)["complete"] is False


@pytest.mark.parametrize(("late", "counts"), [(0, True), (-1, False)])
def test_a_scan_counts_from_two_minutes_before_its_request(
    check: Check, late: int, counts: bool
) -> None:
    """So far the clocks may be apart."""
    requested = NOW_MS + 500
    other = qualys_image(**OTHER, lastVmScanDate=str(requested - 120_000 + late))
    if counts:
        with pytest.raises(ImageNotScannable, match="tag was moved"):
            check(schedule(), None, other)
    else:
        assert check(schedule(), None, other)["complete"] is False


def test_an_image_known_by_tag_only_is_found_by_its_name(check: Check) -> None:
    assert check(schedule(), None, qualys_image(), of=tag_only())["complete"] is True
    other = [{"registry": "other.example.com", "repository": "shop/app", "tag": "1.4.2"}]
    assert check(schedule(), None, qualys_image(repo=other), of=tag_only())["complete"] is False


def test_an_older_scan_of_a_tag_is_no_result(check: Check) -> None:
    """Without a digest nobody knows that the bytes are still the same."""
    stale = qualys_image(lastVmScanDate=MONTHS_AGO)
    assert check(schedule(), None, stale, of=tag_only(), earlier=9)["complete"] is False


@pytest.mark.parametrize(
    ("row", "ours"),
    [
        (qualys_image(repoDigests=[]), True),
        (qualys_image(sha="d" * 64, repoDigests=[]), True),
        (qualys_image(sha="0" * 64), True),
        (qualys_image(sha="sha256:" + "C" * 64, repoDigests=None), True),
        (qualys_image(sha="0" * 64, repoDigests=[]), False),
        (qualys_image(sha="0" * 64, repoDigests=[{"digest": None}]), False),
    ],
)
@pytest.mark.held("the verdict of another image")
def test_ours_is_by_config_or_repository_digest(row: dict[str, Any], ours: bool) -> None:
    assert scan_status.is_ours(ScannedImage.read(row), image()) is ours


@pytest.mark.parametrize("sha", [None, "", 7, "../registry"])
def test_a_result_needs_an_image_to_ask_for(check: Check, sha: Any) -> None:
    with pytest.raises(UnexpectedAnswer, match="no sha"):
        check(schedule(), None, qualys_image(sha=sha))


def test_an_odd_row_of_another_image_costs_ours_nothing(check: Check) -> None:
    odd = qualys_image(**OTHER, vulnerabilities="many", repo=None)
    assert check(schedule(), None, odd, qualys_image())["complete"] is True
    with pytest.raises(QualysUnreadable):
        check(schedule(), qualys_image(vulnerabilities="many"))


@pytest.mark.parametrize("created", ["1", str(NOW_MS // 1000), "253402300799000"])
def test_a_time_that_was_misread_makes_no_old_scan_fresh(check: Check, created: str) -> None:
    found = check(schedule(created=created), details(lastVmScanDate=MONTHS_AGO))
    assert found["complete"] is False
    fresh = check(schedule(created=created), details())
    assert (fresh["complete"], fresh["fresh"]) == (True, True)


@pytest.mark.parametrize("status", [{"code": "FAILED"}, 5, ["ERROR"], True])
def test_a_status_that_is_no_text_is_no_success(check: Check, status: Any) -> None:
    with pytest.raises(ScanFailed, match="unreadable"):
        check(schedule(), details(scanStatus=status))


def test_what_qualys_says_of_a_failure_is_cut_and_readable(check: Check) -> None:
    with pytest.raises(ScanFailed) as raised:
        check(schedule(), details(scanStatus="x\ud800" * 100_000))
    assert len(str(raised.value)) == 500
    assert str(raised.value).encode()
