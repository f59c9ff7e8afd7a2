"""What failed again in the same way is named, and can be deleted; what may still succeed cannot."""

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from rich.console import Console

from ops import event_tries, redrive, redrive_page, repeated_failures
from ops.errors import NoAnswer, OpsError
from ops.event_queue import Message
from ops.intake import Outcome
from tests.support import builders
from tests.support.json_pages import require_documented
from tests.unit.ops.test_redrive import CONSOLE, START, Functions, Queue, queued_message

if TYPE_CHECKING:
    from ops.installation import Installation

ENDED = {"detail-type": "Step Functions Execution Status Change", "detail": {"status": "ABORTED"}}


class Failing:
    """The intake: it fails with one error after the other, and queues the event again; with an
    empty one it succeeds, and does not answer where there is none left."""

    def __init__(self, queue: Queue, *errors: str) -> None:
        self._queue, self._errors = queue, list(errors)
        self.runs = 0

    def run(self, event: Any, name: str) -> Outcome:
        self.runs += 1
        if not self._errors:
            raise NoAnswer("AWS does not answer.")
        if not (error := self._errors.pop(0)):
            return Outcome(name, succeeded=True)
        attributes = {"Error": error, "Execution": f"arn:aws:states:::express:intake:{name}:1"}
        queued = Message(f"copy of {name}", "receipt", START + 1, event, attributes)
        self._queue.visible[queued.id] = queued
        return Outcome(name, succeeded=False, error=error, cause=f"why {error}")


class Scene:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, queue: Queue, **made: Any) -> None:
        self.queue = queue
        functions = made.get("functions") or Functions()
        self.functions = functions
        installation = SimpleNamespace(
            failed_events_queue=queue.name,
            function_name=lambda step: f"scan-{step.replace('_', '-')}",
            client=lambda _: functions,
        )
        self.intake: Any = made.get("intake")
        monkeypatch.setattr(event_tries, "Intake", lambda _: self.intake)
        monkeypatch.setattr(event_tries, "EventQueue", lambda *_: queue)
        self.here = cast("Installation", None if made.get("elsewhere") else installation)

    def driven(self) -> dict[str, Any]:
        """Redrives the one message, and lets time pass."""
        (result,) = redrive.Redrive(self.here, [self.queue]).driven(CONSOLE)
        self.queue.visible = {
            name: replace(each, sent_at=10) for name, each in self.queue.visible.items()
        }
        require_documented("redrive", {"events": [result]})
        return result

    def drop(self, *ids: str) -> list[dict[str, Any]]:
        results = redrive.Redrive(self.here, [self.queue]).dropped(ids, CONSOLE)
        require_documented("redrive", {"events": results})
        return results


def event_message(error: str = "AwsRejected") -> Message:
    return Message("1", "receipt-1", 10, builders.event("run_task"), {"Error": error})


def scene_of(monkeypatch: pytest.MonkeyPatch, *errors: str, first: str = "AwsRejected") -> Scene:
    queue = Queue(event_message(first))
    return Scene(monkeypatch, queue, intake=Failing(queue, *errors))


@pytest.mark.parametrize("error", ["AwsRejected", "MalformedEvent"])
def test_what_a_redrive_could_not_change_can_be_deleted(
    monkeypatch: pytest.MonkeyPatch, error: str
) -> None:
    scene = scene_of(monkeypatch, error, error, first=error)
    with pytest.raises(OpsError, match="1 may still succeed: nothing was dropped"):
        scene.drop("1")
    assert scene.intake.runs == 0
    result = scene.driven()
    assert (result["error"], result["failures"], result["droppable"]) == (error, 2, True)
    (dropped,) = scene.drop(result["id"])
    assert (dropped["id"], dropped["result"]) == (result["id"], "dropped")
    assert (dropped["reason"], dropped["failures"]) == (f"{error}: why {error}", 3)
    assert scene.intake.runs == 2
    assert not scene.queue.visible
    assert not scene.queue.hidden


def test_what_succeeds_by_then_is_processed_and_not_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Such as after the describe role of a member was deployed."""
    scene = scene_of(monkeypatch, "AwsRejected", "")
    (result,) = scene.drop(scene.driven()["id"])
    assert result["result"] == "done"
    assert not scene.queue.visible
    assert not scene.queue.hidden


def test_what_fails_in_another_way_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = scene_of(monkeypatch, "AwsRejected", "AwsUnavailable")
    before = scene.driven()["id"]
    (result,) = scene.drop(before)
    assert (result["result"], result["error"]) == ("failed", "AwsUnavailable")
    assert (result["droppable"], redrive_page.is_left(result)) == (False, True)
    assert list(scene.queue.visible) == [result["id"]] != [before]
    assert not scene.queue.hidden


def test_what_was_not_queued_again_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = scene_of(monkeypatch, "AwsRejected", "AwsRejected")
    before = scene.driven()["id"]
    monkeypatch.setattr(event_tries, "EventQueue", lambda *_: Queue())
    (result,) = scene.drop(before)
    assert result["result"] == "left"
    assert before in scene.queue.visible


def test_nothing_is_tried_where_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Queue(event_message("AwsUnavailable"), replace(queued_message(ENDED), id="2"))
    scene = Scene(monkeypatch, queue, functions=Functions(error=True), intake=Failing(queue))
    with pytest.raises(OpsError, match=r"^1 may still succeed: nothing was dropped"):
        scene.drop("2", "1")
    assert (scene.functions.invoked, scene.intake.runs) == ([], 0)
    assert sorted(queue.visible) == ["1", "2"]


def test_each_of_several_has_its_own_result(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = [replace(queued_message({**ENDED, "id": each}), id=each) for each in "ab"]
    queue = Queue(*ended, Message("c", "receipt", 10, None, {}, 7))
    functions = Functions(error="AwsUnavailable")
    scene = Scene(monkeypatch, queue, functions=functions)
    monkeypatch.setattr(functions, "fails", lambda event: event["id"] == "b")
    results = scene.drop("a", "b", "c")
    assert [each["result"] for each in results] == ["done", "left", "dropped"]
    assert list(queue.visible) == ["b"]
    redrive_page.show(results, str, Console(width=500))
    shown = capsys.readouterr().out.splitlines()
    assert shown[3:] == ["1 processed, 1 deleted; the others stay queued."]
    redrive_page.show([results[0], results[2]], str, Console(width=500))
    assert capsys.readouterr().out.splitlines()[2:] == ["1 processed, 1 deleted."]


def test_what_was_done_is_said_where_aws_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = scene_of(monkeypatch, "AwsRejected")
    again = scene.driven()["id"]
    scene.queue.visible["2"] = replace(queued_message(ENDED), id="2")
    with pytest.raises(NoAnswer) as raised:
        scene.drop(again, "2")
    assert str(raised.value) == "AWS does not answer. Nevertheless: 1 processed, 0 deleted."
    assert list(scene.queue.visible) == [again]


def test_and_is_shown_with_why_and_with_the_command_that_deletes_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    result = scene_of(monkeypatch, "AwsRejected").driven()
    redrive_page.show([result], lambda *_, **given: f"make {given}", Console(width=500))
    first, _, last = capsys.readouterr().out.splitlines()
    assert result["id"] in first
    assert first.endswith(
        "failed: AwsRejected: why AwsRejected; failed 2 times for the same reason"
    )
    assert last == (
        "1 message failed in the same way again. Fix the cause, and run it again. Only if what the "
        f"event deployed is gone: make {{'DROP': '{result['id']}'}}"
    )


def test_an_image_that_ecr_does_not_answer_for_has_to_fail_three_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may be an outage; in a region that the network does not reach, it is always so."""
    scene = scene_of(monkeypatch, *["ImageUnread"] * 3, first="ImageUnread")
    result = scene.driven()
    assert (result["failures"], result["droppable"]) == (2, False)
    with pytest.raises(OpsError, match="may still succeed"):
        scene.drop(result["id"])
    result = scene.driven()
    assert (result["failures"], result["droppable"]) == (3, True)
    scene.drop(result["id"])
    assert not scene.queue.visible


@pytest.mark.parametrize("error", ["AwsUnavailable", "ScansAtLimit", "QualysUnauthorized"])
def test_what_may_still_succeed_is_never_deleted(
    monkeypatch: pytest.MonkeyPatch, error: str
) -> None:
    scene = scene_of(monkeypatch, *[error] * 5, first=error)
    for number in range(2, 7):
        result = scene.driven()
        assert (result["failures"], result["droppable"]) == (number, False)
    with pytest.raises(OpsError, match="may still succeed"):
        scene.drop(result["id"])
    assert len(scene.queue.visible) == 1


def test_failures_are_counted_as_long_as_the_reason_is_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    errors = ["ImageUnread", "AwsUnavailable", "ImageUnread", "ImageUnread"]
    scene = scene_of(monkeypatch, *errors, first="ImageUnread")
    assert [scene.driven()["failures"] for _ in errors] == [2, 1, 1, 2]


@pytest.mark.parametrize("body", [ENDED, {"requestContext": {}, "requestPayload": ENDED}])
def test_what_a_function_refuses_is_asked_once_more_before_it_is_deleted(
    monkeypatch: pytest.MonkeyPatch, body: Any
) -> None:
    scene = Scene(monkeypatch, Queue(queued_message(body)), functions=Functions(error=True))
    result = scene.driven()
    assert (result["result"], result["error"], result["droppable"]) == ("left", "AwsRejected", True)
    (dropped,) = scene.drop("1")
    assert dropped["result"] == "dropped"
    assert len(scene.functions.invoked) == 2
    assert not scene.queue.visible


def test_and_is_processed_where_it_succeeds_by_then(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, Queue(queued_message(ENDED)))
    (result,) = scene.drop("1")
    assert result["result"] == "done"
    assert not scene.queue.visible


def test_and_stays_where_the_hub_is_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, Queue(queued_message(ENDED)), elsewhere=True)
    with pytest.raises(OpsError, match="may still succeed"):
        scene.drop("1")
    assert list(scene.queue.visible) == ["1"]


def test_findings_can_be_deleted_where_security_hub_is_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = {"detail-type": "Container Image Scan Completed", "detail": {}}
    functions = Functions("scan-import-findings")
    scene = Scene(monkeypatch, Queue(queued_message(found)), functions=functions)
    assert scene.driven()["droppable"]
    (dropped,) = scene.drop("1")
    assert dropped["result"] == "dropped"


@pytest.mark.parametrize(("before", "times"), [("AwsRejected", 4), ("AwsUnavailable", 1)])
def test_a_function_that_fails_in_another_way_has_failed_once(
    monkeypatch: pytest.MonkeyPatch, before: str, times: int
) -> None:
    scene = Scene(monkeypatch, Queue(refused(before)), functions=Functions(error=True))
    assert scene.driven()["failures"] == times
    found = {"detail-type": "Container Image Scan Completed", "detail": {}}
    scene = Scene(
        monkeypatch,
        Queue(refused(before, found)),
        functions=Functions("scan-import-findings"),
    )
    result = scene.driven()
    assert (result["error"], result["failures"]) == ("ResourceNotFoundException", 1)


def refused(error: str, event: Any = ENDED) -> Message:
    """What Lambda queues of an event that a function failed to process, three times."""
    return queued_message(
        {
            "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 3},
            "requestPayload": event,
            "responsePayload": {"errorType": error, "errorMessage": "no input"},
        }
    )


def test_lambda_says_why_and_how_often_it_failed() -> None:
    found = repeated_failures.of(refused("MalformedEvent"))
    assert (found.error, found.times, found.is_final) == ("MalformedEvent", 3, False)


@pytest.mark.parametrize(
    "body",
    [
        {"requestContext": 1, "requestPayload": ENDED, "responsePayload": 2},
        {"requestContext": {"approximateInvokeCount": "x"}, "requestPayload": 1},
        ["x"],
        None,
    ],
)
def test_whatever_a_message_holds(body: Any) -> None:
    found = repeated_failures.of(queued_message(json.loads(json.dumps(body))))
    assert (found.error, found.times) == ("", 0)


def test_the_name_of_an_execution_is_one_that_aws_takes() -> None:
    name = repeated_failures.execution_name(event_message("States.Data limit/exceeded" * 20))
    assert len(name) <= 80
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
