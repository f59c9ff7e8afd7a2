"""make status: an install on one page."""

from sandbox.install import Install

from .conftest import Operate, Pushed

CRITICAL = {"qid": 1, "severity": 5, "title": "a critical finding"}


def test_it_shows_the_last_scans_and_the_cache(
    operate: Operate, pushed: Pushed, install: Install
) -> None:
    pushed.find(CRITICAL)
    operate("scan", IMAGE=pushed.image.by_tag, WAIT="1")
    pushed.behave(job_error="SENSOR_ERROR")
    operate("scan", IMAGE=pushed.image.by_tag, WAIT="1", FORCE="1")
    done = operate("status", JSON="1")
    assert done.status == 0, done.errors
    found = done.json
    assert found["install"]["account_id"] == "111111111111"
    newest, before = found["scans"][:2]
    assert (newest["verdict"], before["verdict"]) == ("ERROR", "FINDINGS")
    assert "SENSOR_ERROR" in newest["reason"]
    assert newest["image"] == pushed.image.by_tag
    known = list(install.verdicts().values())
    assert sum(found["cache"]["known"].values()) == len(known)
    assert found["coverage"] is None
    assert {each["step"] for each in found["functions"]} == set(install.outputs["function_names"])
    assert len({each["code_sha256"] for each in found["functions"]}) == 1
    assert {each["name"] for each in found["queues"]} == {
        install.outputs["failed_events_queue"]["name"],
        install.outputs["undelivered_events_queue"]["name"],
    }
    assert all(each["name"].startswith("qualys-image-scan-") for each in found["alarms"])
    assert found["alarms"]


def test_a_waiting_event_and_an_alarm_are_shown(
    operate: Operate, pushed: Pushed, install: Install
) -> None:
    url = install.outputs["failed_events_queue"]["url"]
    install.client("sqs").send_message(QueueUrl=url, MessageBody="{}")
    cloudwatch = install.client("cloudwatch")
    alarm = "qualys-image-scan-failed-events"
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="one event")
    try:
        shown = operate("status").output
    finally:
        cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="none")
        install.failed_events()
    assert "1 events" in shown
    assert "ALARM one event" in shown


def test_there_is_no_install_elsewhere(operate: Operate) -> None:
    done = operate("status", REGION="eu-west-1")
    assert (done.status, done.output) == (2, "")
    assert done.errors.startswith("There is no install named qualys-image-scan in account")
