"""However a scan ends, its verdict is told and is never clean without proof."""

import time

import pytest

from sandbox.install import Install

from .conftest import CRITICAL, SECRET_VALUE, Workload


def test_a_scan_that_is_aborted_frees_its_image_and_is_told(
    install: Install, workload: Workload
) -> None:
    workload.behave(never_ends=True)
    workload.register()
    states = install.client("stepfunctions")
    deadline = time.monotonic() + 20
    while not (running := [each for each in workload.scans() if each["status"] == "RUNNING"]):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    states.stop_execution(executionArn=running[0]["executionArn"])
    while not (told := install.notifications()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert told[0]["verdict"] == "ERROR"
    assert "ABORTED" in told[0]["reason"]
    while workload.verdict()["status"] != "ERROR":
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_thirty_polls_are_thirty_checks(install: Install, workload: Workload) -> None:
    workload.behave(never_ends=True)
    workload.deploy_once()
    (scan,) = workload.scans()
    states = install.scan_states(scan["executionArn"])
    assert states.count("CheckStatus") == 30
    assert states[-4:] == ["ScanTimeout", "SendFailureNotification", "IsKept", "ScanNotCompleted"]
    jobs = install.qualys.control.state()["schedules"]
    assert not [job for job in jobs if workload.name in job["name"]]


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503},
        {"status": 200, "body": "{}"},
        {"status": 200, "body": '{"count": 0}'},
        {"status": 200, "body": "<html>maintenance</html>"},
        {"status": 204},
        {"garble": True},
        {"truncate": 20},
        {"status": 403, "body": "{}"},
    ],
    ids=lambda fault: "-".join(map(str, fault.values()))[:30],
)
def test_an_unreadable_result_is_never_clean(
    install: Install, workload: Workload, fault: dict[str, object]
) -> None:
    workload.find(CRITICAL)
    number = install.qualys.control.fail("/csapi/v1.3/images/[0-9a-f]+/vuln", times=0, **fault)
    try:
        workload.deploy_once()
    finally:
        install.qualys.control.mend(number)
    assert workload.verdict()["status"] == "ERROR"
    (told,) = install.notifications()
    assert told["verdict"] == "ERROR"


def test_an_older_result_of_the_same_image_is_said_to_be_old(
    install: Install, workload: Workload
) -> None:
    qualys = install.qualys.control
    sha = workload.pushed.config_digest.removeprefix("sha256:")
    digest = workload.pushed.digest.removeprefix("sha256:")
    registry, repository = workload.pushed.registry, workload.pushed.repository
    qualys.know_image(
        sha,
        repo=[{"registry": registry, "repository": repository, "tag": "1"}],
        repo_digests=[{"registry": registry, "repository": repository, "digest": digest}],
        scanned_seconds_ago=90 * 86_400,
        findings=CRITICAL,
    )
    qualys.scenario(force_scan_enabled=False)
    try:
        workload.deploy()
    finally:
        qualys.scenario(force_scan_enabled=True)
    verdict = workload.verdict()
    assert verdict["status"] == "FINDINGS"
    assert verdict["fresh"] is False
    assert int(verdict["scanned_at"]) < (time.time() - 89 * 86_400) * 1000


def test_no_earlier_version_answers_for_a_new_one(install: Install, workload: Workload) -> None:
    """F1: with v1 known and clean, v2 is looked at itself."""
    workload.deploy()
    assert workload.verdict()["status"] == "CLEAN"
    second = workload.push("second", tag="2")
    install.qualys.control.tell_findings(second.config_digest, CRITICAL)
    workload.deploy(second.by_tag, service=f"{workload.name}-2")
    assert install.verdicts()[second.digest]["status"] == "FINDINGS"


def test_the_schedule_is_removed_after_its_use(install: Install, workload: Workload) -> None:
    workload.deploy()
    names = [each["name"] for each in install.qualys.control.state()["schedules"]]
    assert not [name for name in names if workload.name in name]


def test_environment_values_reach_no_function_but_the_first(workload: Workload) -> None:
    workload.deploy()
    (scan,) = workload.scans()
    assert SECRET_VALUE not in str(scan["input"])
