"""Answers that cannot be read: what became of the call is looked up, and it is tried again; what
stays unclear is the gateway's fault, and the image waits in the queue until it is over."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.pipeline import Pipeline, ended, verdict

SUBMIT = "POST /registry/{registry}/schedule"
IMAGE = "/images/[0-9a-f]{64}"
VULN = f"{IMAGE}/vuln"
JOBS = "/registry/[^/]+/schedule"
CREATIONS = {"connector": "/registry/aws/connector", "registry": "/registry", "schedule": JOBS}
UNREADABLE: list[dict[str, Any]] = [
    {"garble": True},
    {"body": '{"data": [{"regis', "status": 200},
    {"body": "<html>", "status": 200},
    {"body": "", "status": 200},
    {"body": {"errorCode": "CMS-2002", "message": "try again"}, "status": 200},
    {"status": 302},
]


def carried_out(fault: dict[str, Any], done: bool) -> dict[str, Any]:
    return {**fault, "after": True} if done else {**fault, "undone": True}


@pytest.mark.parametrize("done", [True, False], ids=["carried out", "not carried out"])
@pytest.mark.parametrize("fault", UNREADABLE, ids=str)
@pytest.mark.parametrize("what", CREATIONS)
def test_a_creation_whose_answer_cannot_be_read_happens_once(
    pipeline: Pipeline, what: str, fault: dict[str, Any], done: bool
) -> None:
    pipeline.find(5, 4)
    pipeline.spoil(CREATIONS[what], method="POST", **carried_out(fault, done))
    assert ended(pipeline.scan()) == ("FINDINGS", "")
    made = pipeline.qualys.state()
    assert (len(made["registries"]), len(made["connectors"])) == (1, 1)
    assert len(pipeline.held.pulls) == 1
    assert pipeline.failed_events() == []


@pytest.mark.parametrize("what", CREATIONS)
def test_a_creation_of_unknown_fate_is_not_the_images_fault(pipeline: Pipeline, what: str) -> None:
    """Answered as if it were done, for as long as anybody tries."""
    pipeline.find(5)
    pipeline.spoil(CREATIONS[what], method="POST", garble=True, undone=True, times=0)
    run = pipeline.scan()
    assert verdict(run) == "ERROR"
    (sent,) = pipeline.notifications()
    assert "waits in the failed-events queue" in sent["reason"]
    (queued,) = pipeline.failed_events()
    pipeline.qualys.fix()
    pipeline.time.sleep(120)
    assert pipeline.intake(queued).status == "SUCCEEDED"
    assert [ended(each) for each in pipeline.scans()] == [("FINDINGS", "")]
    assert len(pipeline.notifications()) == 2


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("nth", range(1, 8))
def test_one_garbled_answer_changes_no_verdict(pipeline: Pipeline, method: str, nth: int) -> None:
    pipeline.find(5, 3)
    pipeline.spoil("/.*", method=method, garble=True, undone=True, nth=nth)
    assert ended(pipeline.scan()) == ("FINDINGS", "")
    (message,) = pipeline.notifications()
    assert message["counts"] == {"critical": 1, "high": 0, "medium": 1, "low": 0}
    made = pipeline.qualys.state()
    assert (len(made["registries"]), len(made["connectors"])) == (1, 1)


@pytest.mark.parametrize("seed", range(4))
def test_garbled_answers_at_random_end_in_the_right_verdict(pipeline: Pipeline, seed: int) -> None:
    """A third of all answers, and what they answer has not been done."""
    pipeline.find(4, 2)
    pipeline.spoil("/.*", method="*", garble=True, undone=True, share=0.33, times=0, seed=seed)
    run = pipeline.scan()
    for _ in range(5):
        if not (queued := pipeline.failed_events()):
            break
        pipeline.time.sleep(3600)
        pipeline.intake(queued.pop())
        (run,) = pipeline.scans()
    assert ended(run) == ("FINDINGS", "")
    assert pipeline.notifications()[-1]["counts"] == {
        "critical": 0,
        "high": 1,
        "medium": 0,
        "low": 1,
    }


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (JOBS, {"schedules": []}),
        (JOBS, []),
        (IMAGE, []),
        (IMAGE, "none"),
        (VULN, {}),
        (VULN, {"errorCode": "CMS-2002", "message": "try again"}),
        (VULN, {"details": None}),
        (VULN, {"details": [], "vulnSummary": "none"}),
    ],
    ids=str,
)
def test_an_answer_of_no_known_shape_is_asked_for_again(
    connected: Pipeline, path: str, body: Any
) -> None:
    connected.find(5)
    connected.spoil(path, status=200, body=body, times=2)
    assert ended(connected.scan()) == ("FINDINGS", "")


def test_a_shape_that_stays_unknown_waits_for_a_redrive(connected: Pipeline) -> None:
    connected.find(5)
    connected.spoil(VULN, status=200, body={"result": {"items": []}}, times=0)
    assert ended(connected.scan()) == ("ERROR", "QualysUnreadable")
    assert [each["error"] for each in connected.failed_events()] == ["QualysUnreadable"]


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 200, "body": "{}"},
        {"status": 200, "body": '{"count": 0}'},
        {"status": 200, "body": "<html>maintenance</html>"},
        {"status": 204},
        {"status": 403, "body": "{}"},
        {"status": 503},
        {"garble": True},
        {"truncate": 20},
    ],
    ids=str,
)
def test_a_result_that_cannot_be_read_is_an_error_and_notified(
    connected: Pipeline, fault: dict[str, Any]
) -> None:
    connected.find(5)
    connected.spoil(VULN, times=0, **fault)
    assert verdict(connected.scan()) == "ERROR"
    assert [message["verdict"] for message in connected.notifications()] == ["ERROR"]


def test_what_qualys_knows_of_the_image_itself_waits_for_nobody(connected: Pipeline) -> None:
    """It counts more than it lists: asking again gives the same."""
    connected.qualys.behave(vuln_most=1)
    connected.find(5, 5)
    run = connected.scan()
    assert ended(run) == ("ERROR", "UnexpectedAnswer")
    assert run.retries == {}
    assert connected.failed_events() == []
