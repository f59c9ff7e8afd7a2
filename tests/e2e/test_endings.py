"""However a scan ends, its verdict is notified and is never clean without proof."""

import time

from sandbox.installation import Installation

from .conftest import CRITICAL, SECRET_VALUE, Workload


def test_a_scan_that_is_aborted_frees_its_image_and_is_in_the_digest(
    installation: Installation, workload: Workload
) -> None:
    workload.behave(never_ends=True)
    workload.register()
    states = installation.client("stepfunctions")
    deadline = time.monotonic() + 20
    while not (running := [each for each in workload.scans() if each["status"] == "RUNNING"]):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    states.stop_execution(executionArn=running[0]["executionArn"])
    while workload.verdict()["status"] != "ERROR":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    installation.wait_until_idle()
    assert workload.for_the_digest().startswith("ERROR: execution ABORTED")


def test_an_unreadable_result_is_never_clean(
    installation: Installation, workload: Workload
) -> None:
    workload.find(CRITICAL)
    number = installation.qualys.control.fail(
        "/csapi/v1.3/images/[0-9a-f]+/vuln", times=0, truncate=20
    )
    try:
        workload.deploy_once()
    finally:
        installation.qualys.control.fix(number)
    assert workload.verdict()["status"] == "ERROR"
    (sent,) = installation.notifications()
    assert sent["verdict"] == "ERROR"


def test_no_earlier_version_answers_for_a_new_one(
    installation: Installation, workload: Workload
) -> None:
    """F1: with v1 known and clean, v2 is looked at itself."""
    workload.deploy()
    assert workload.verdict()["status"] == "CLEAN"
    second = workload.push("second", tag="2")
    installation.qualys.control.set_findings(second.config_digest, CRITICAL)
    workload.deploy(second.by_tag, service=f"{workload.name}-2")
    assert installation.verdicts()[second.digest]["status"] == "FINDINGS"


def test_the_schedule_is_removed_after_its_use(
    installation: Installation, workload: Workload
) -> None:
    workload.deploy()
    names = [each["name"] for each in installation.qualys.control.state()["schedules"]]
    assert not [name for name in names if workload.name in name]


def test_environment_values_reach_no_function_but_the_first(workload: Workload) -> None:
    workload.deploy()
    (scan,) = workload.scans()
    assert SECRET_VALUE not in str(scan["input"])
