"""make status: an installation on one page."""

from sandbox.installation import Installation

from .conftest import Operate, Pushed

CRITICAL = {"qid": 1, "severity": 5, "title": "a critical finding"}


def test_it_shows_the_last_scans_and_the_cache(
    operate: Operate, pushed: Pushed, installation: Installation
) -> None:
    pushed.find(CRITICAL)
    operate("scan", IMAGE=pushed.image.by_tag, WAIT="1")
    pushed.behave(job_error="SENSOR_ERROR")
    operate("scan", IMAGE=pushed.image.by_tag, WAIT="1", FORCE="1")
    done = operate("status", JSON="1")
    assert done.status == 0, done.errors
    found = done.json
    assert found["installation"]["account_id"] == "111111111111"
    newest, before = found["scans"][:2]
    assert (newest["verdict"], before["verdict"]) == ("ERROR", "FINDINGS")
    assert "SENSOR_ERROR" in newest["reason"]
    assert newest["image"] == pushed.image.by_tag
    known = list(installation.verdicts().values())
    assert sum(found["cache"]["known"].values()) == len(known)
    assert found["intake_last_day"]["ExecutionsStarted"] >= 2
    assert found["refused"] == {}
    assert found["coverage"] is None
    assert {each["step"] for each in found["functions"]} == set(
        installation.outputs["function_names"]
    )
    assert {each["version"] for each in found["functions"]} == {found["version"]}
    assert len({each["code_sha256"] for each in found["functions"]}) == 1
    assert {each["name"] for each in found["queues"]} == {
        installation.outputs["failed_events_queue"]["name"],
        installation.outputs["undelivered_events_queue"]["name"],
    }
    assert all(each["name"].startswith("qualys-image-scan-") for each in found["alarms"])
    assert found["alarms"]


def test_a_waiting_event_and_an_alarm_are_shown(
    operate: Operate, pushed: Pushed, installation: Installation
) -> None:
    url = installation.outputs["failed_events_queue"]["url"]
    installation.client("sqs").send_message(QueueUrl=url, MessageBody="{}")
    cloudwatch = installation.client("cloudwatch")
    alarm = "qualys-image-scan-failed-events"
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="one event")
    try:
        shown = operate("status").output
    finally:
        cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="none")
        installation.failed_events()
    assert "1 event\n" in shown
    assert "ALARM one event" in shown


def test_there_is_no_installation_elsewhere(operate: Operate) -> None:
    done = operate("status", REGION="eu-west-1")
    assert (done.status, done.output) == (2, "")
    assert done.errors.startswith("There is no installation named qualys-image-scan in account")
