"""Whether a scan is over, and whose result it is."""

from typing import Any

import pytest
import responses

from image_scan import scan_status
from image_scan.errors import ImageNotScannable, ScanFailed
from image_scan.payloads import Image, Status
from image_scan.qualys.client import QualysClient
from image_scan.qualys.models import ScannedImage
from tests.unit.builders import (
    API,
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

MONTHS_AGO = str(NOW_MS - 90 * 86_400_000)
OTHER = {"sha": "a" * 64, "repoDigests": []}


@pytest.fixture
def check(qualys: QualysClient, answers: responses.RequestsMock) -> Any:
    """Asks with one job, one image by sha (None: unknown) and the rows of its repository."""

    def ask(
        job: dict[str, Any] | None,
        details: dict[str, Any] | None = None,
        *rows: dict[str, Any],
        of: Image | None = None,
    ) -> Status:
        jobs = listed(job) if job else None
        answers.get(f"{API}/registry/reg-1/schedule", json=jobs, status=200 if jobs else 204)
        found = {"json": details} if details else {"status": 404}
        answers.get(f"{API}/images/{SHA}", **found)  # type: ignore[arg-type]
        answers.get(f"{API}/images", **({"json": listed(*rows)} if rows else {"status": 204}))  # type: ignore[arg-type]
        return scan_status.check(of or image(), REGISTRY, SUBMISSION, qualys)

    return ask


def details(**changes: Any) -> dict[str, Any]:
    return qualys_image(vulnerabilities=[], **changes)


@pytest.mark.parametrize("status", ["Created", "Queued", "Running", "Paused", "RUNNING"])
def test_a_running_job_is_not_complete_whatever_is_known(
    check: Any, answers: responses.RequestsMock, status: str
) -> None:
    assert check(schedule(status), details())["complete"] is False
    assert len(answers.calls) == 1


@pytest.mark.parametrize("status", ["Finished", "Completed", "BaselineCompleted"])
def test_a_finished_job_with_a_new_scan_of_our_image_is_complete(check: Any, status: str) -> None:
    found = check(schedule(status), details())
    assert (found["complete"], found["sha"], found["fresh"]) == (True, SHA, True)


@pytest.mark.parametrize("status", ["Error", "Failed", "Canceled"])
def test_a_failed_job_ends_the_wait_with_its_reason(check: Any, status: str) -> None:
    errors = [{"errorCode": "E7", "errorMessage": "pull refused"}]
    with pytest.raises(ScanFailed, match=f"{status}: E7 pull refused"):
        check(schedule(status, errors=errors), details())


def test_an_older_scan_of_the_same_bytes_is_told_as_old(check: Any) -> None:
    found = check(schedule(), details(lastVmScanDate=MONTHS_AGO))
    assert found["complete"] is True
    assert found["fresh"] is False
    assert found["scanned_at"] == int(MONTHS_AGO)


def test_an_older_scan_is_nothing_while_the_job_is_unknown(check: Any) -> None:
    stale = details(lastVmScanDate=MONTHS_AGO)
    assert check(None, stale)["complete"] is False
    assert check(schedule("Unknown"), stale)["complete"] is False


def test_a_new_scan_counts_even_when_its_job_is_gone(check: Any) -> None:
    assert check(None, details())["complete"] is True


def test_known_but_not_yet_assessed_is_not_complete(check: Any) -> None:
    assert check(schedule(), qualys_image(vulnerabilities=None))["complete"] is False
    assert check(schedule(), details(lastVmScanDate=None))["complete"] is False


def test_a_failed_scan_of_the_image_is_a_failure(check: Any) -> None:
    with pytest.raises(ScanFailed, match="ERROR 1234"):
        check(schedule(), details(scanStatus="ERROR", scanErrorCode="1234"))
    with pytest.raises(ScanFailed, match="1234"):
        check(schedule(), qualys_image(vulnerabilities=None, scanErrorCode="1234"))


def test_an_unknown_image_is_waited_for(check: Any) -> None:
    assert check(schedule(), None)["complete"] is False


def test_a_row_of_the_repository_is_ours_by_its_repository_digest(check: Any) -> None:
    """As with an index, or a sensor whose sha is not the config digest."""
    found = check(schedule(), None, qualys_image(sha="e" * 64))
    assert (found["complete"], found["sha"]) == (True, "e" * 64)


def test_another_image_of_the_same_tag_is_not_ours(check: Any) -> None:
    with pytest.raises(ImageNotScannable, match="tag was moved"):
        check(schedule(), None, qualys_image(**OTHER))
    assert check(schedule(), None, qualys_image(**OTHER, lastVmScanDate=MONTHS_AGO)) == (
        scan_status._WAITING
    )


def test_the_newest_of_several_platforms_answers(check: Any) -> None:
    index = image(
        digest="sha256:" + "9" * 64,
        manifests=["sha256:" + "1" * 64, "sha256:" + "2" * 64],
        configs=["sha256:" + "3" * 64, "sha256:" + "4" * 64],
    )
    rows = (
        qualys_image(sha="3" * 64, repoDigests=[], lastVmScanDate=MONTHS_AGO),
        qualys_image(sha="4" * 64, repoDigests=[]),
    )
    found = check(schedule(), None, *rows, of=index)
    assert (found["sha"], found["fresh"]) == ("4" * 64, True)


def test_an_image_known_by_tag_only_is_found_by_its_name(check: Any) -> None:
    assert check(schedule(), None, qualys_image(), of=tag_only())["complete"] is True
    other = [{"registry": "other.example.com", "repository": "shop/app", "tag": "1.4.2"}]
    assert check(schedule(), None, qualys_image(repo=other), of=tag_only())["complete"] is False


def test_an_older_scan_of_a_tag_is_no_result(check: Any) -> None:
    """Without a digest nobody knows that the bytes are still the same."""
    stale = qualys_image(lastVmScanDate=MONTHS_AGO)
    assert check(schedule(), None, stale, of=tag_only())["complete"] is False


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
def test_ours_is_by_config_or_repository_digest(row: dict[str, Any], ours: bool) -> None:
    assert scan_status.is_ours(ScannedImage.read(row), image()) is ours
