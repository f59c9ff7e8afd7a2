"""The wait before a scan's first check is learned from the scans of its registry before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.client import BaseClient

from tests.support.builders import ACCOUNT, HOST, REGION, client_error
from tests.support.pipeline import Pipeline, ended

if TYPE_CHECKING:
    from typing import Any

    import pytest

    from tests.support.machine import Run

KEY = f"registry#{ACCOUNT}#{REGION}"


def scan(pipeline: Pipeline, number: int) -> Run:
    """A scan of a new image."""
    repository = f"shop/app-{number}"
    pipeline.push(repository, "1", f"{number:064x}")
    return pipeline.scan(f"{HOST}/{repository}:1", service=repository)


def checks(pipeline: Pipeline, number: int) -> int:
    run = scan(pipeline, number)
    assert ended(run) == ("CLEAN", "")
    return run.visited.count("CheckStatus")


def wait(pipeline: Pipeline) -> int:
    return int((pipeline.state.get(KEY) or {})["first_wait"])


def test_scans_that_take_two_minutes_come_to_one_check(pipeline: Pipeline) -> None:
    pipeline.qualys.behave(scan_seconds=115)
    found = [checks(pipeline, number) for number in range(12)]
    assert found == [2] * 4 + [1] * 8
    assert 108 <= wait(pipeline) <= 124


def test_quick_scans_are_waited_for_less(pipeline: Pipeline) -> None:
    pipeline.qualys.behave(scan_seconds=5)
    before = pipeline.time.time()
    for number in range(25):
        assert checks(pipeline, number) == 1
    assert 30 <= wait(pipeline) < 60
    assert pipeline.time.time() - before < 25 * 60


def test_results_that_are_shown_late_are_waited_for(pipeline: Pipeline) -> None:
    """The time of the scan alone would say that one check is enough."""
    pipeline.qualys.behave(scan_seconds=20, results_lag_seconds=80)
    assert [checks(pipeline, number) for number in range(5)] == [2, 2, 2, 1, 1]


def test_what_ends_without_a_new_result_teaches_nothing(pipeline: Pipeline) -> None:
    pipeline.qualys.behave(never_ends=True)
    assert ended(scan(pipeline, 1)) == ("TIMEOUT", "")
    pipeline.qualys.behave(never_ends=False, job_error="no space")
    assert ended(scan(pipeline, 2))[0] == "ERROR"
    assert wait(pipeline) == 60


def test_scans_at_once_wait_for_what_they_take(pipeline: Pipeline) -> None:
    pipeline.qualys.behave(scan_seconds=100)
    for number in range(20):
        pipeline.push(f"shop/app-{number}", "1", f"{number:064x}")
        pipeline.announce(f"{HOST}/shop/app-{number}:1", service=f"app-{number}")
    assert {ended(run) for run in pipeline.scans_together()} == {("CLEAN", "")}
    assert 86 <= wait(pipeline) <= 114


def test_a_scan_whose_wait_cannot_be_written_is_complete(
    pipeline: Pipeline, environment: pytest.MonkeyPatch
) -> None:
    pipeline.find(5, key="shop/app-1")
    pipeline.have_registry()
    call = vars(BaseClient)["_make_api_call"]

    def refusing(client: Any, operation: str, arguments: dict[str, Any]) -> Any:
        if operation == "UpdateItem" and arguments["Key"] == {"key": {"S": KEY}}:
            raise client_error("AccessDeniedException", operation=operation)
        return call(client, operation, arguments)

    environment.setattr(BaseClient, "_make_api_call", refusing)
    run = scan(pipeline, 1)
    assert ended(run) == ("FINDINGS", "")
    assert len(pipeline.notifications()) == 1
    assert pipeline.failed_events() == []
    assert wait(pipeline) == 60
