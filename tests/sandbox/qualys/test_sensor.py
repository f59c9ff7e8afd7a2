"""Jobs from phase to phase, and how they end."""

import pytest

from tests.sandbox.qualys.caller import Caller, single
from tests.sandbox.qualys.test_schedules import STAMPS


def test_a_job_goes_through_its_phases(caller: Caller) -> None:
    caller.push("team/app", "1.0", single())
    registry = caller.registry()
    schedule = caller.schedule(registry)
    caller.control.advance(0.03)
    row = caller.job(registry, schedule)
    assert row["status"] == "Running"
    assert [row[name] is not None for name in STAMPS] == [True, True, False, False, False, False]
    assert caller.get("/images").status_code == 204
    caller.control.advance(0.03)
    row = caller.job(registry, schedule)
    assert [row[name] is not None for name in STAMPS] == [True] * 4 + [False] * 2
    caller.control.advance(0.6)
    row = caller.job(registry, schedule)
    assert (row["status"], row["errors"]) == ("Finished", [])
    stamps = [int(row[name]) for name in STAMPS]
    assert stamps == sorted(stamps)


def test_of_two_jobs_that_end_in_one_step_of_the_clock_one_is_earlier(caller: Caller) -> None:
    registry = caller.registry()
    for letter, tag, seconds in (("a", "1.0", 0.7), ("b", "2.0", 0.5)):
        caller.control.behave(f"team/app:{tag}", scan_seconds=seconds)
        caller.push("team/app", tag, single(letter))
        caller.schedule(registry, tag)
    caller.finish()
    ended = {letter: int(caller.image(letter)["lastVmScanDate"]) for letter in "ab"}
    assert ended["a"] - ended["b"] == 200


def test_a_listed_image_is_known_but_not_scanned_yet(caller: Caller) -> None:
    caller.push("team/app", "1.0", single())
    caller.schedule(caller.registry())
    caller.control.advance(0.03)
    caller.control.advance(0.03)
    listed, details = caller.get("/images").json()["data"][0], caller.image()
    for row in (listed, details):
        assert (row["vulnerabilities"], row["lastVmScanDate"], row["scanStatus"]) == (None,) * 3
    assert caller.get(f"/images/{'a' * 64}/vuln").status_code == 204
    assert caller.get(f"/images/{'a' * 64}/vuln/count").status_code == 204
    caller.control.advance(0.6)
    assert (caller.image()["scanStatus"], caller.image()["vulnerabilities"]) == ("SUCCESS", [])


def test_images_can_stay_unknown_until_they_are_scanned(caller: Caller) -> None:
    caller.control.scenario(visible_from="scanned")
    caller.push("team/app", "1.0", single())
    caller.schedule(caller.registry())
    caller.control.advance(0.03)
    caller.control.advance(0.03)
    assert caller.get(f"/images/{'a' * 64}").status_code == 404
    caller.control.advance(0.6)
    assert caller.image()["scanStatus"] == "SUCCESS"


def test_without_force_scan_an_older_scan_stays(caller: Caller) -> None:
    caller.push("team/app", "1.0", single())
    caller.scan()
    first = caller.image()["lastVmScanDate"]
    caller.control.set_findings("team/app", [{"qid": 1, "title": "one", "severity": 5}])
    caller.control.scenario(force_scan_enabled=False)
    assert caller.scan(forceScan=True)["status"] == "Finished"
    assert caller.image()["lastVmScanDate"] == first
    caller.control.scenario(force_scan_enabled=True)
    assert caller.scan(forceScan=False)["status"] == "Finished"
    assert caller.image()["lastVmScanDate"] == first
    caller.scan(forceScan=True)
    assert int(str(caller.image()["lastVmScanDate"])) > int(str(first))
    assert len(caller.image()["vulnerabilities"]) == 1


def test_an_earlier_result_stands_until_the_new_scan_ends(caller: Caller) -> None:
    caller.control.know_image("a" * 64, scanned_seconds_ago=86_400)
    old = caller.image()["lastVmScanDate"]
    caller.push("team/app", "1.0", single())
    caller.schedule(caller.registry())
    caller.control.advance(0.03)
    caller.control.advance(0.03)
    assert (caller.image()["lastVmScanDate"], caller.image()["scanStatus"]) == (old, "SUCCESS")
    caller.control.advance(0.6)
    assert caller.image()["lastVmScanDate"] != old


def test_a_job_may_never_end(caller: Caller) -> None:
    caller.push("team/app", "1.0", single())
    caller.control.behave("team/app", never_ends=True)
    assert caller.scan()["status"] == "Running"
    assert caller.image()["vulnerabilities"] is None


def test_a_job_may_end_in_error(caller: Caller) -> None:
    caller.push("team/app", "1.0", single())
    caller.control.behave("team/app:1.0", job_error="INTERNAL")
    job = caller.scan()
    assert (job["status"], job["errors"][0]["errorCode"]) == ("Error", "INTERNAL")
    assert caller.image()["vulnerabilities"] is None


def test_the_scan_of_an_image_may_fail_in_a_finished_job(caller: Caller) -> None:
    caller.push("team/app", "1.0", single())
    caller.control.behave(scan_error_code="UNSUPPORTED_OS", scan_error_message="unknown")
    assert caller.scan()["status"] == "Finished"
    found = caller.image()
    assert (found["scanStatus"], found["scanErrorCode"]) == ("ERROR", "UNSUPPORTED_OS")
    assert (found["vulnerabilities"], found["lastVmScanDate"]) == (None, None)
    caller.control.behave()
    caller.scan()
    assert (caller.image()["scanStatus"], caller.image()["scanErrorCode"]) == ("SUCCESS", None)


def test_scans_may_take_longer_in_one_repository(caller: Caller) -> None:
    caller.push("team/app", "1.0", single())
    caller.control.behave("team/app", scan_seconds=100)
    registry = caller.registry()
    schedule = caller.schedule(registry)
    for seconds in (0.03, 0.03, 99):
        caller.control.advance(seconds)
    assert caller.job(registry, schedule)["status"] == "Running"
    caller.control.advance(1.1)
    assert caller.job(registry, schedule)["status"] == "Finished"


def test_a_paused_sensor_leaves_jobs_queued(caller: Caller) -> None:
    caller.push("team/app", "1.0", single())
    caller.control.scenario(sensor_paused=True)
    assert caller.scan()["status"] == "Queued"
    caller.control.scenario(sensor_paused=False)
    caller.finish()
    assert caller.image()["scanStatus"] == "SUCCESS"


def test_a_job_of_a_deleted_registry_ends_in_error(caller: Caller) -> None:
    registry = caller.registry()
    schedule = caller.schedule(registry)
    caller.delete("/registry", registryIds=registry)
    caller.finish()
    jobs = {one["scheduleUuid"]: one["status"] for one in caller.control.state()["schedules"]}
    assert jobs[schedule] == "Error"


def test_a_sensor_that_breaks_ends_the_job(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caller.held, "resolve", lambda *_: 1 / 0)
    job = caller.scan()
    assert (job["status"], job["errors"][0]["errorCode"]) == ("Error", "SENSOR_ERROR")


def test_the_registry_counts_its_images_and_jobs(caller: Caller) -> None:
    caller.push("team/app", "1.0", single())
    caller.control.set_findings("team/app", [{"qid": 1, "title": "one", "severity": 5}])
    caller.scan()
    row = caller.get("/registry").json()["data"][0]
    names = ("repoCount", "totalImages", "totalScannedImages", "totalVulnerableImages")
    assert [row[name] for name in names] == [1, 1, 1, 1]
    assert row["scheduleStatusList"] == {"Finished": 1}
    assert row["lastScanned"].isdigit()
