"""make redrive: events once more, and none lost."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.installation import Installation

from .conftest import Operate, Pushed

Json = dict[str, Any]
ECS = "arn:aws:ecs:us-east-1:111111111111"


class Queue:
    """One queue of the installation, put into and looked at by hand."""

    def __init__(self, installation: Installation, name: str) -> None:
        self._sqs = installation.client("sqs")
        self._url = installation.outputs[name]["url"]
        self.name = installation.outputs[name]["name"]

    def send(self, body: Any, **attributes: str) -> None:
        values = {k: {"DataType": "String", "StringValue": v} for k, v in attributes.items()}
        text = body if isinstance(body, str) else json.dumps(body)
        self._sqs.send_message(QueueUrl=self._url, MessageBody=text, MessageAttributes=values)

    def take(self) -> list[Any]:
        """Everything that can be seen in it."""
        taken = []
        while batch := self._sqs.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages"):
            for message in batch:
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
            taken += batch
        return taken

    def count(self) -> tuple[int, int]:
        """Messages that can be seen, and hidden ones."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        sent = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=names)
        return int(sent["Attributes"][names[0]]), int(sent["Attributes"][names[1]])


@pytest.fixture
def failed(installation: Installation) -> Iterator[Queue]:
    queue = Queue(installation, "failed_events_queue")
    yield queue
    queue.take()


@pytest.fixture
def undelivered(installation: Installation) -> Iterator[Queue]:
    queue = Queue(installation, "undelivered_events_queue")
    yield queue
    queue.take()


def run_task(image: str) -> Json:
    """A RunTask call as EventBridge delivers it."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.ecs",
        "account": "111111111111",
        "region": "us-east-1",
        "time": "2026-03-02T08:15:42Z",
        "detail": {
            "eventSource": "ecs.amazonaws.com",
            "eventName": "RunTask",
            "userIdentity": {"arn": "arn:aws:iam::111111111111:user/deployer"},
            "requestParameters": {"cluster": "shop", "taskDefinition": "app:1"},
            "responseElements": {
                "tasks": [
                    {
                        "clusterArn": f"{ECS}:cluster/shop",
                        "taskDefinitionArn": f"{ECS}:task-definition/app:1",
                        "containers": [{"name": "app", "image": image}],
                    }
                ]
            },
        },
    }


def task_running(image: str) -> Json:
    """A task that ECS reports by itself."""
    container = {"name": "app", "image": image, "lastStatus": "RUNNING"}
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "ECS Task State Change",
        "source": "aws.ecs",
        "account": "111111111111",
        "region": "us-east-1",
        "time": "2026-03-02T08:15:42Z",
        "detail": {
            "clusterArn": f"{ECS}:cluster/shop",
            "taskArn": f"{ECS}:task/shop/1",
            "taskDefinitionArn": f"{ECS}:task-definition/app:1",
            "group": "service:app",
            "startedBy": "ecs-svc/1",
            "lastStatus": "RUNNING",
            "desiredStatus": "RUNNING",
            "containers": [container],
        },
    }


def malformed() -> Json:
    event = run_task("")
    event["detail"]["responseElements"]["tasks"][0]["containers"] = None
    event["detail"]["responseElements"]["tasks"][0]["taskDefinitionArn"] = None
    event["detail"]["requestParameters"] = {"cluster": "shop"}
    return event


def scan_request(image: str) -> Json:
    """What the scan machine keeps."""
    return {
        "id": str(uuid.uuid4()),
        "source": "image-scan",
        "detail-type": "Image Scan Requested",
        "account": "111111111111",
        "region": "us-east-1",
        "detail": {"image": image, "deployment": {"event_name": "RunTask"}},
    }


def test_there_may_be_nothing_to_do(operate: Operate, pushed: Pushed) -> None:
    done = operate("redrive")
    assert (done.status, done.output.strip()) == (0, "No event waits.")


@pytest.mark.parametrize("make", [run_task, task_running, scan_request])
def test_a_queued_event_is_processed(
    operate: Operate, pushed: Pushed, installation: Installation, failed: Queue, make: Any
) -> None:
    failed.send(make(pushed.image.by_tag), Error="AwsUnavailable", Execution="arn:...")
    done = operate("redrive", JSON="1")
    assert done.status == 0, done.errors
    (event,) = done.json["events"]
    assert (event["queue"], event["result"]) == (failed.name, "done")
    assert event["images"] == [pushed.image.by_tag]
    assert failed.count() == (0, 0)
    installation.wait_until_idle()
    assert pushed.verdict["status"] == "CLEAN"


def test_an_undelivered_event_is_processed(
    operate: Operate, pushed: Pushed, installation: Installation, undelivered: Queue
) -> None:
    undelivered.send(run_task(pushed.image.by_tag), RULE_ARN="arn:...", ERROR_CODE="NO_PERMISSIONS")
    listed = operate("redrive", DRY_RUN="1", JSON="1").json["events"]
    assert [each["error"] for each in listed] == ["NO_PERMISSIONS"]
    assert undelivered.count() == (1, 0)
    assert pushed.verdict == {}
    done = operate("redrive")
    assert done.status == 0, done.errors
    assert "1 of 1 event processed" in done.output
    installation.wait_until_idle()
    assert pushed.verdict["status"] == "CLEAN"
    assert undelivered.count() == (0, 0)


def test_an_event_twice_is_one_scan(
    operate: Operate, pushed: Pushed, installation: Installation, failed: Queue, undelivered: Queue
) -> None:
    event = run_task(pushed.image.by_tag)
    failed.send(event)
    undelivered.send(event)
    before = len(installation.scans())
    assert operate("redrive").status == 0
    installation.wait_until_idle()
    assert len(installation.scans()) == before + 1


@pytest.mark.parametrize("queue", ["failed", "undelivered"])
def test_what_fails_again_is_queued_once(
    operate: Operate, pushed: Pushed, queue: str, failed: Queue, undelivered: Queue
) -> None:
    event = malformed()
    {"failed": failed, "undelivered": undelivered}[queue].send(event)
    for _ in range(2):
        done = operate("redrive", JSON="1")
        assert done.status == 1
        (sent,) = done.json["events"]
        assert sent["result"] == "failed"
        assert "MalformedEvent" in sent["reason"]
        assert failed.count() == (1, 0)
        assert undelivered.count() == (0, 0)
    (queued,) = failed.take()
    assert json.loads(queued["Body"]) == event


def test_what_fails_in_the_same_way_is_tried_once_more_and_deleted(
    operate: Operate, pushed: Pushed, failed: Queue
) -> None:
    failed.send(malformed())
    (sent,) = operate("redrive", JSON="1").json["events"]
    done = operate("redrive", DROP=sent["id"], JSON="1")
    assert done.status == 0, done.errors
    (dropped,) = done.json["events"]
    assert (dropped["id"], dropped["result"]) == (sent["id"], "dropped")
    assert "MalformedEvent" in dropped["reason"]
    assert failed.count() == (0, 0)


def test_what_is_no_event_is_left(operate: Operate, pushed: Pushed, failed: Queue) -> None:
    failed.send("no JSON")
    failed.send({"detail-type": "Something Else", "detail": {}})
    done = operate("redrive", JSON="1")
    assert done.status == 1
    assert [each["result"] for each in done.json["events"]] == ["left", "left"]
    assert failed.count() == (2, 0)


@pytest.mark.parametrize("framed", [False, True])
def test_a_scan_that_died_is_notified_of(
    operate: Operate, pushed: Pushed, installation: Installation, failed: Queue, framed: bool
) -> None:
    """The rule's own dead letter, and what Lambda keeps of an event the function failed at."""
    pushed.behave(never_ends=True)
    installation.aws.set_wait_scale(1.0)
    try:
        operate("scan", IMAGE=pushed.image.by_tag)
        running = next(each for each in installation.scans() if each["status"] == "RUNNING")
        assert pushed.verdict["status"] == "IN_PROGRESS"
        event = {
            "detail-type": "Step Functions Execution Status Change",
            "source": "aws.states",
            "detail": {
                "executionArn": running["executionArn"],
                "status": "ABORTED",
                "input": json.dumps(installation.scan_input(running["executionArn"])),
            },
        }
        frame = {"version": "1.0", "requestContext": {}, "requestPayload": event}
        failed.send(frame if framed else event)
        done = operate("redrive", JSON="1")
        assert done.status == 0, (done.errors, done.output)
        assert failed.count() == (0, 0)
        assert pushed.verdict["status"] == "ERROR"
        (sent,) = installation.notifications()
        assert sent["verdict"] == "ERROR"
        installation.client("stepfunctions").stop_execution(executionArn=running["executionArn"])
    finally:
        installation.aws.set_wait_scale(0.005)
    installation.wait_until_idle()


def test_many_are_processed(
    operate: Operate, pushed: Pushed, installation: Installation, failed: Queue
) -> None:
    for _ in range(23):
        failed.send(run_task(pushed.image.by_tag))
    done = operate("redrive")
    assert done.status == 0, done.errors
    assert "23 of 23 events processed" in done.output
    assert failed.count() == (0, 0)
    installation.wait_until_idle()
    assert pushed.verdict["status"] == "CLEAN"


SPOKE = "eu-west-1"


@pytest.fixture
def unforwarded(installation: Installation) -> Iterator[Any]:
    """Makes the rule and queue of a spoke in another region, whose hub is in an account."""
    sqs = installation.aws.client("sqs", region=SPOKE)
    events = installation.aws.client("events", region=SPOKE)
    name, rule = "qualys-image-scan-unforwarded-events", "qualys-image-scan-forward-deployments"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    role = installation.aws.create_role(
        f"forward-{uuid.uuid4()}", {"Service": "events.amazonaws.com"}
    )
    events.put_rule(Name=rule, EventPattern=json.dumps({"source": ["aws.ecs"]}))

    def keep(event: Json, hub_account: str) -> Any:
        bus = f"arn:aws:events:us-east-1:{hub_account}:event-bus/qualys-image-scan-hub"
        events.put_targets(Rule=rule, Targets=[{"Id": "hub", "Arn": bus, "RoleArn": role}])
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(event))
        return lambda: sqs.get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
        )["Attributes"]["ApproximateNumberOfMessages"]

    yield keep
    events.remove_targets(Rule=rule, Ids=["hub"])
    events.delete_rule(Name=rule)
    sqs.delete_queue(QueueUrl=url)


def test_a_regional_spoke_s_events_go_to_its_hub(
    operate: Operate, pushed: Pushed, installation: Installation, unforwarded: Any
) -> None:
    count = unforwarded(run_task(pushed.image.by_tag), "111111111111")
    done = operate("redrive", REGION=SPOKE, JSON="1")
    assert done.status == 0, done.errors
    assert [each["result"] for each in done.json["events"]] == ["done"]
    installation.wait_until_idle()
    assert pushed.verdict["status"] == "CLEAN"
    assert count() == "0"


def test_a_member_account_s_events_are_listed(
    operate: Operate, pushed: Pushed, unforwarded: Any
) -> None:
    count = unforwarded(run_task(pushed.image.by_tag), "222222222222")
    done = operate("redrive", REGION=SPOKE)
    assert done.status == 2
    assert done.errors.startswith("The hub of this spoke is in another account")
    listed = operate("redrive", REGION=SPOKE, DRY_RUN="1")
    assert listed.status == 0, listed.errors
    assert pushed.image.by_tag in listed.output
    assert count() == "1"
