"""The harness itself: what it stands in for behaves as the real thing does."""

from __future__ import annotations

import json

import pytest

from image_scan.errors import QualysUnavailable
from tests.support.machine import TaskFailed
from tests.support.pipeline import Pipeline, reason, verdict
from tests.support.virtual_time import VirtualTime

SOUND = ["GetRegistry", "SubmitScan", "WaitForScan", "CheckStatus", "EvaluateStatus"]


def test_a_new_image_is_scanned_from_its_event_to_its_verdict(pipeline: Pipeline) -> None:
    run = pipeline.scan()
    assert (verdict(run), reason(run)) == ("CLEAN", "")
    assert run.visited == [*SOUND, "GetResults", "SendNotification"]
    assert run.retries == {}
    digest = pipeline.push()
    assert pipeline.item(digest)["status"] == "CLEAN"
    assert pipeline.notifications() == pipeline.failed_events() == []


def test_findings_are_notified_with_the_workload_that_runs_the_image(pipeline: Pipeline) -> None:
    pipeline.find(5, 4, 4)
    assert verdict(pipeline.scan()) == "FINDINGS"
    (message,) = pipeline.notifications()
    assert message["counts"] == {"critical": 1, "high": 2, "medium": 0, "low": 0}
    assert message["workloads"][0]["cluster"] == "prod"


def test_an_image_that_is_known_starts_nothing(pipeline: Pipeline) -> None:
    pipeline.scan()
    pipeline.announce()
    assert pipeline.scans() == []


def test_a_scan_that_never_ends_is_a_timeout(pipeline: Pipeline) -> None:
    pipeline.qualys.behave(never_ends=True)
    run = pipeline.scan()
    assert (verdict(run), run.visited.count("CheckStatus")) == ("TIMEOUT", 30)
    ending = ["ScanTimeout", "SendFailureNotification", "IsQueued", "ScanNotCompleted"]
    assert run.visited[-4:] == ending
    assert [message["verdict"] for message in pipeline.notifications()] == ["TIMEOUT"]
    assert pipeline.qualys.state()["schedules"] == []


def test_what_nobody_could_be_notified_of_is_queued(
    pipeline: Pipeline, environment: pytest.MonkeyPatch
) -> None:
    pipeline.find(5)
    gone = {reader: f"{arn}-gone" for reader, arn in pipeline.topics.items()}
    environment.setenv("TOPIC_ARNS", json.dumps(gone))
    run = pipeline.scan()
    assert (run.status, run.error) == ("FAILED", "AwsRejected")
    (queued,) = pipeline.failed_events()
    assert (queued["detail-type"], queued["error"]) == ("Image Scan Requested", "AwsRejected")


def test_errors_come_as_lambda_gives_them(
    pipeline: Pipeline, environment: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise QualysUnavailable("why")

    environment.setattr("image_scan.handlers.check_status.handler", broken)
    with pytest.raises(TaskFailed) as caught:
        pipeline.functions.invoke("check_status", {})
    assert caught.value.error == "QualysUnavailable"
    assert '"errorMessage": "why"' in caught.value.cause
    assert '"errorType": "QualysUnavailable"' in caught.value.cause


def test_an_answer_that_is_no_json_is_a_marshalling_error(
    pipeline: Pipeline, environment: pytest.MonkeyPatch
) -> None:
    environment.setattr("image_scan.handlers.check_status.handler", lambda *_: object())
    with pytest.raises(TaskFailed, match="MarshalError"):
        pipeline.functions.invoke("check_status", {})


def test_a_function_that_sleeps_too_long_is_ended(
    pipeline: Pipeline, environment: pytest.MonkeyPatch
) -> None:
    went_on = []

    def slow(*_: object) -> None:
        pipeline.functions.sleep(61)
        went_on.append(1)

    environment.setattr("image_scan.handlers.check_status.handler", slow)
    before = pipeline.time.time()
    with pytest.raises(TaskFailed, match=r"States\.Timeout"):
        pipeline.functions.invoke("check_status", {}, 60)
    assert pipeline.time.time() - before == pytest.approx(60, abs=0.01)
    assert went_on == []


def test_functions_sleep_and_read_the_time_by_the_simulators_clock(pipeline: Pipeline) -> None:
    """Wherever a parameter's default or a module reaches for the time."""
    pipeline.qualys.throttle(".*/schedule", window=7)
    pipeline.qualys.throttle(".*/vuln", window=7)
    run = pipeline.scan()
    assert verdict(run) == "CLEAN"
    acquired = pipeline.item(pipeline.push())["acquired_at"]
    passed = pipeline.time.time() - int(acquired) / 1000
    assert 74 <= passed < 120


def test_each_function_that_calls_qualys_is_an_environment_of_its_own(pipeline: Pipeline) -> None:
    pipeline.scan()
    assert pipeline.secret_reads() == 4
    assert set(pipeline.functions.environments.values()) == {1}
    pipeline.functions.forget()
    pipeline.push(config="d" * 64)
    pipeline.scan()
    assert pipeline.secret_reads() == 7  # the registry is cached


def test_time_passes_for_all_when_all_are_asleep() -> None:
    at, order = [0.0], []
    clock = VirtualTime(lambda: at[0], lambda seconds: at.__setitem__(0, at[0] + seconds))

    def actor(name: str, *naps: float) -> str:
        for nap in naps:
            clock.sleep(nap)
            order.append((name, round(at[0], 3)))
        return name

    names = clock.together(
        [lambda: actor("slow", 10, 10), lambda: actor("quick", 3, 3, 3), lambda: actor("once", 5)]
    )
    assert names == ["slow", "quick", "once"]
    expected = [("quick", 3), ("once", 5), ("quick", 6), ("quick", 9), ("slow", 10), ("slow", 20)]
    assert order == expected
    clock.sleep(1)
    assert at[0] == pytest.approx(21)
