"""No event is lost, whatever happens to the command or to AWS meanwhile."""

import io
import json
import threading
from collections.abc import Iterable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from rich.console import Console

from ops import event_tries, listed_events, redrive, redrive_page
from ops.__main__ import main
from ops.errors import OpsError
from ops.event_queue import EventQueue, Message
from ops.hints import make
from ops.intake import Outcome
from ops.queued_events import described
from tests.support import builders
from tests.support.json_pages import require_documented

if TYPE_CHECKING:
    from ops.installation import Installation

START = 1000.0
CONSOLE = Console(quiet=True)


class Queue(EventQueue):
    """A queue in memory: what is received is hidden until it is released."""

    def __init__(self, *messages: Message, name: str = "failed") -> None:
        self.name = name
        self.visible = {message.id: message for message in messages}
        self.hidden: dict[str, Message] = {}

    def now(self) -> float:
        return START

    def count(self) -> int:
        return len(self.visible)

    def receive(self, *_: int, **__: int) -> list[Message]:
        batch = list(self.visible.values())[:10]
        for message in batch:
            self.hidden[message.id] = self.visible.pop(message.id)
        return batch

    def delete(self, message: Message) -> None:
        self.hidden.pop(message.id, None)

    def release(self, messages: Iterable[Message]) -> None:
        for message in list(messages):
            if self.hidden.pop(message.id, None):
                self.visible[message.id] = message


def message(number: int, sent_at: float = 10, **attributes: str) -> Message:
    return Message(
        str(number), f"receipt-{number}", sent_at, builders.event("run_task"), attributes
    )


class Intake:
    """Ends as it is set to; where it fails it keeps the event in a queue, or does not."""

    error = "MalformedEvent"

    def __init__(self, ends: Any, keeper: Queue | None = None) -> None:
        self._ends = ends
        self._keeper = keeper
        self.runs = 0

    def run(self, _event: Any, name: str) -> Outcome:
        self.runs += 1
        end = self._ends(self.runs) if callable(self._ends) else self._ends
        if isinstance(end, Exception):
            raise end
        if not end and self._keeper:
            given = {"Execution": f"arn:{name}:1", "Error": self.error}
            copy = message(1000 + self.runs, START + 1, **given)
            self._keeper.visible[copy.id] = copy
        return Outcome(name, succeeded=end, error="" if end else self.error)


def driven(monkeypatch: pytest.MonkeyPatch, intake: Intake, *queues: Queue) -> list[Any]:
    keeper = queues[-1]

    installation = SimpleNamespace(failed_events_queue=keeper.name)
    monkeypatch.setattr(event_tries, "Intake", lambda _: intake)
    monkeypatch.setattr(event_tries, "EventQueue", lambda *_: keeper)
    command = redrive.Redrive(cast("Installation", installation), list(queues))
    return command.driven(CONSOLE)


class Sqs:
    """SQS whose answer about an empty queue waits until so many ask at once."""

    def __init__(self, together: int, *bodies: str, counted: int = 0) -> None:
        self.barrier = threading.Barrier(together, timeout=5)
        self.bodies, self.counted = list(bodies), counted
        self.released = 0

    def get_queue_attributes(self, **_: Any) -> Any:
        return {"Attributes": {"ApproximateNumberOfMessages": str(self.counted)}}

    def receive_message(self, **_: Any) -> Any:
        self.barrier.wait()
        found = [{"MessageId": each, "ReceiptHandle": "r", "Body": each} for each in self.bodies]
        return {"Messages": found}

    def change_message_visibility(self, **_: Any) -> None:
        self.released += 1


def on_sqs(*services: Sqs) -> redrive.Redrive:
    def queue(sqs: Sqs) -> EventQueue:
        here: Any = SimpleNamespace(queue_url=lambda _: "url", client=lambda _: sqs)
        return EventQueue(here, "failed")

    return redrive.Redrive(None, [queue(each) for each in services])


def test_empty_queues_are_asked_at_once() -> None:
    empty = Sqs(3)
    assert on_sqs(empty, empty, empty).is_empty(CONSOLE)


@pytest.mark.parametrize(("bodies", "released"), [(["{}"], 1), ([], 0)])
def test_a_queue_with_a_message_is_not_empty_whatever_was_counted(
    bodies: list[str], released: int
) -> None:
    """The number that SQS counts may be that of a moment ago."""
    other = Sqs(1, *bodies, counted=0 if bodies else 1)
    assert not on_sqs(Sqs(1), other).is_empty(CONSOLE)
    assert other.released == released


class Busy(Queue):
    """While it is read, one event more fails each time."""

    asked = 0

    def receive(self, *_: int, **__: int) -> list[Message]:
        self.asked += 1
        assert self.asked < 100, "it never ends"
        new = message(10_000 + self.asked, START + self.asked)
        self.visible[new.id] = new
        return super().receive()


@pytest.mark.parametrize("counted", [0, 3, 30])
def test_it_ends_though_events_go_on_failing(monkeypatch: pytest.MonkeyPatch, counted: int) -> None:
    """Whatever number SQS has counted."""
    queue = Busy(*map(message, range(25)))
    monkeypatch.setattr(queue, "count", lambda: counted)
    results = driven(monkeypatch, Intake(True), queue)
    assert [each["result"] for each in results] == ["done"] * 25
    assert not queue.hidden


def test_so_does_a_list_and_it_is_of_what_was_there() -> None:
    queue = Busy(*map(message, range(25)))
    listed = listed_events.listed([queue], CONSOLE)
    assert [each["id"] for each in listed] == [str(number) for number in range(25)]
    assert not queue.hidden


def test_what_is_dropped_is_found_though_events_go_on_failing() -> None:
    queue = Busy(*map(message, range(25)))
    with pytest.raises(OpsError, match="No message has the id 99"):
        listed_events.drop([queue], ["99"], None, CONSOLE)
    assert not queue.hidden


def test_what_succeeds_is_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Queue(*(message(number) for number in range(25)))
    results = driven(monkeypatch, Intake(True), queue)
    assert [each["result"] for each in results] == ["done"] * 25
    assert not queue.visible
    assert not queue.hidden


def test_a_slow_one_holds_back_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Queue(*(message(number) for number in range(25)))
    others_ran = threading.Event()

    def end(run: int) -> bool:
        if run == 1:
            return others_ran.wait(10)
        if run == 25:
            others_ran.set()
        return True

    results = driven(monkeypatch, Intake(end), queue)
    assert [each["result"] for each in results] == ["done"] * 25


def test_what_the_intake_keeps_again_is_there_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Queue(message(1), name="undelivered"), Queue(message(2))
    intake = Intake(False, second)
    results = driven(monkeypatch, intake, first, second)
    assert [each["result"] for each in results] == ["failed", "failed"]
    assert not first.visible
    assert not first.hidden
    assert sorted(second.visible) == ["1001", "1002"]
    assert intake.runs == 2


def test_what_fails_and_is_not_queued_again_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Queue(message(1))
    (result,) = driven(monkeypatch, Intake(False), queue)
    assert result["result"] == "left"
    assert list(queue.visible) == ["1"]


def test_what_comes_meanwhile_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Queue(*(message(number, START + number) for number in range(12)), message(99))
    intake = Intake(True)
    assert len(driven(monkeypatch, intake, queue)) == 1
    assert len(queue.visible) == 12


@pytest.mark.parametrize("breaks_at", [1, 7, 10])
def test_nothing_is_lost_when_aws_stops_answering(
    monkeypatch: pytest.MonkeyPatch, breaks_at: int
) -> None:
    queue = Queue(*(message(number) for number in range(15)))
    intake = Intake(lambda run: OpsError("AWS does not answer") if run >= breaks_at else True)
    with pytest.raises(OpsError):
        driven(monkeypatch, intake, queue)
    assert not queue.hidden
    assert len(queue.visible) == 15 - (breaks_at - 1)


def test_nor_is_what_had_failed_before(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Queue(*(message(number) for number in range(15)))
    intake = Intake(lambda run: OpsError("AWS does not answer") if run > 10 else False)
    with pytest.raises(OpsError):
        driven(monkeypatch, intake, queue)
    assert len(queue.visible) == 15


def test_a_process_that_dies_before_it_deletes_leaves_the_event(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = Queue(message(1))

    def die(_: Message) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(queue, "delete", die)
    with pytest.raises(KeyboardInterrupt):
        driven(monkeypatch, Intake(True), queue)
    assert list(queue.visible) == ["1"]


def test_the_events_of_another_account_s_hub_cannot_be_driven() -> None:
    with pytest.raises(OpsError, match="another account"):
        redrive.Redrive(None, [Queue(message(1))]).driven(CONSOLE)


RESULT = {
    "id": "e",
    "detail-type": "Container Image Scan Completed",
    "source": "image-scan",
    "detail": {"installation": "scan"},
}


class Functions:
    """Lambda, as far as redrive asks it; `missing` functions do not exist."""

    class exceptions:  # noqa: N801 - as boto3 calls it
        class ResourceNotFoundException(Exception):
            pass

    def __init__(self, *missing: str, error: bool | str = False) -> None:
        self.missing = missing
        self.error = error
        self.invoked: list[tuple[str, Any]] = []

    def fails(self, _event: Any) -> bool:
        return bool(self.error)

    def invoke(self, FunctionName: str, Payload: str) -> Any:  # noqa: N803
        if FunctionName in self.missing:
            raise self.exceptions.ResourceNotFoundException
        self.invoked.append((FunctionName, json.loads(Payload)))
        error = self.error if isinstance(self.error, str) else "AwsRejected"
        stated = json.dumps({"errorType": error, "errorMessage": "not enabled"})
        answer: dict[str, Any] = {"Payload": io.BytesIO(stated.encode())}
        failed = self.fails(self.invoked[-1][1])
        return answer | ({"FunctionError": "Unhandled"} if failed else {})


def invoked(monkeypatch: pytest.MonkeyPatch, functions: Functions, queue: Queue) -> list[Any]:
    installation = SimpleNamespace(
        failed_events_queue=queue.name,
        function_name=lambda step: f"scan-{step.replace('_', '-')}",
        client=lambda _: functions,
    )
    monkeypatch.setattr(event_tries, "Intake", lambda _: Intake(True))
    monkeypatch.setattr(event_tries, "EventQueue", lambda *_: queue)
    return redrive.Redrive(cast("Installation", installation), [queue]).driven(CONSOLE)


def queued_message(body: Any) -> Message:
    return Message("1", "receipt-1", 10, body, {})


@pytest.mark.parametrize(
    "body",
    [RESULT, {"requestContext": {"condition": "RetriesExhausted"}, "requestPayload": RESULT}],
    ids=["not delivered", "failed at"],
)
def test_findings_that_were_not_imported_are_imported(
    monkeypatch: pytest.MonkeyPatch, body: Any
) -> None:
    queue, functions = Queue(queued_message(body)), Functions()
    (result,) = invoked(monkeypatch, functions, queue)
    assert result["result"] == "done"
    assert result["event"] == "Container Image Scan Completed"
    assert functions.invoked == [("scan-import-findings", RESULT)]
    assert not queue.visible
    assert not queue.hidden


def test_and_stay_where_that_fails_again(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Queue(queued_message(RESULT))
    (result,) = invoked(monkeypatch, Functions(error=True), queue)
    assert result["result"] == "left"
    assert "not enabled" in result["reason"]
    assert list(queue.visible) == ["1"]


def test_and_where_security_hub_was_switched_off_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = Queue(queued_message(RESULT))
    (result,) = invoked(monkeypatch, Functions("scan-import-findings"), queue)
    assert (result["result"], "switched off" in result["reason"]) == ("left", True)
    assert list(queue.visible) == ["1"]


def test_what_the_notifying_function_failed_at_goes_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = {"detail-type": "Step Functions Execution Status Change", "detail": {}}
    body = {"requestContext": {}, "requestPayload": ended}
    functions = Functions()
    (result,) = invoked(monkeypatch, functions, Queue(queued_message(body)))
    assert (result["result"], functions.invoked) == ("done", [("scan-send-notification", ended)])


UNREADABLE = "5fea7756-0ea4-451a-a703-a558b933e274"


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> Queue:
    """A queue with an event, and with a message that nothing can process."""
    queue = Queue(message(1), Message(UNREADABLE, "receipt", 10, None, {}, 7))
    here = SimpleNamespace(
        here=lambda *_: SimpleNamespace(make=lambda *_, **given: make("redrive", "other", **given))
    )
    monkeypatch.setattr(redrive, "Installation", here)
    monkeypatch.setattr(redrive, "new_session", lambda: None)
    monkeypatch.setattr(redrive, "_redrive_of", lambda _: redrive.Redrive(None, [queue]))
    return queue


@pytest.mark.attack(12)
def test_what_nothing_can_process_is_shown_with_the_command_that_deletes_it(
    queued: Queue, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["redrive", "--dry-run"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert f"failed  1970-01-01T00:00Z  unreadable, 7 characters  {UNREADABLE}" in shown
    assert shown[-2:] == [
        "2 events waiting.",
        "Nothing can process 1 message. To delete: make redrive NAME_PREFIX=other "
        f"DROP={UNREADABLE}",
    ]
    assert len(queued.visible) == 2


def test_only_what_is_named_is_deleted(queued: Queue, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["redrive", "--drop", UNREADABLE, "--json"]) == 0
    (event,) = json.loads(capsys.readouterr().out)["events"]
    assert (event["id"], event["result"]) == (UNREADABLE, "dropped")
    require_documented("redrive", {"events": [event]})
    assert list(queued.visible) == ["1"]
    assert not queued.hidden


@pytest.mark.parametrize(
    ("ids", "why"),
    [
        (f"{UNREADABLE},1", "1 may still succeed: nothing was dropped. Run it without DROP=."),
        (f"{UNREADABLE} 2", "No message has the id 2: nothing was dropped. DRY_RUN=1 lists the"),
    ],
)
def test_nothing_else_can_be_deleted(
    queued: Queue, ids: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["redrive", "--drop", ids]) == 2
    assert capsys.readouterr().err.startswith(why)
    assert len(queued.visible) == 2


def test_listing_and_deleting_are_not_one_run(
    queued: Queue, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["redrive", "--dry-run", "--drop", UNREADABLE]) == 2
    assert capsys.readouterr().err.startswith("Give DRY_RUN=1, which lists the messages, or DROP=")
    assert len(queued.visible) == 2


def test_a_result_without_a_reason_ends_without_a_colon(
    capsys: pytest.CaptureFixture[str],
) -> None:
    done = {**described(Queue(), message(1)), "result": "done", "reason": ""}
    redrive_page.show([done], str, Console())
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].endswith("  done")
    assert shown[1] == "1 of 1 event processed."
