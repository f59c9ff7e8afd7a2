"""Executions start, wait, time out, stop and are seen as on AWS."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.account import Account, Json, eventually
from tests.sandbox.machines import FAILING_LATE, FLAKY, SLEEPING, calling, waiting


@pytest.fixture
def status_events(account: Account) -> str:
    """The URL of a queue that gets every status event of the account."""
    arn = f"arn:aws:sqs:{account.region}:{account.id}:status"
    rule = account.rule("status", {"source": ["aws.states"]}, {"Arn": arn})
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    url, _arn = account.queue("status", {"Version": "2012-10-17", "Statement": [statement]})
    return url


def test_a_machine_times_out_by_its_own_time(account: Account, status_events: str) -> None:
    ended = account.run(waiting(3600, TimeoutSeconds=60))
    assert ended["status"] == "TIMED_OUT"
    assert "error" not in ended
    history = account.client("stepfunctions").get_execution_history(
        executionArn=ended["executionArn"], reverseOrder=True
    )["events"]
    assert history[0]["type"] == "ExecutionTimedOut"
    assert history[0]["executionTimedOutEventDetails"]["error"] == "States.Timeout"
    running, timed_out = [json.loads(m["Body"])["detail"] for m in account.messages(status_events)]
    assert (running["status"], running["stopDate"]) == ("RUNNING", None)
    assert timed_out["status"] == "TIMED_OUT"
    assert timed_out["error"] is None
    assert timed_out["stopDate"] >= timed_out["startDate"] == running["startDate"] > 10**12
    assert (timed_out["input"], timed_out["inputDetails"]) == ("{}", {"included": True})
    assert (timed_out["output"], timed_out["outputDetails"]) == (None, None)


def test_shortened_waits_do_not_time_a_machine_out(account: Account) -> None:
    assert account.run(waiting(50, TimeoutSeconds=60))["status"] == "SUCCEEDED"


def test_a_slow_task_times_the_machine_out(account: Account) -> None:
    function = account.function("slow", SLEEPING, Timeout=9)
    definition = calling(function, {"seconds": 3}) | {"TimeoutSeconds": 1}
    began = time.monotonic()
    assert account.run(definition)["status"] == "TIMED_OUT"
    assert time.monotonic() - began < 2.5


def test_a_stopped_execution_stays_aborted(account: Account, status_events: str) -> None:
    function = account.function("slow", FLAKY)
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 99999}]
    definition = calling(function, {"file": f"{account.id}-stop", "failures": 10**9}, Retry=retry)
    execution = account.start(account.machine("m", definition), {"x": 1})
    states = account.client("stepfunctions")
    calls = account.aws.home / "tmp" / f"{account.id}-stop"
    eventually(calls.exists)
    states.stop_execution(executionArn=execution, error="Manual", cause="enough")
    time.sleep(0.3)
    made = calls.read_text()
    time.sleep(0.3)
    assert calls.read_text() == made, "its retries go on"
    ended = account.ended(execution)
    assert (ended["status"], ended["error"], ended["cause"]) == ("ABORTED", "Manual", "enough")
    details = [json.loads(m["Body"])["detail"] for m in account.messages(status_events)]
    assert [detail["status"] for detail in details] == ["RUNNING", "ABORTED"]
    assert (details[1]["error"], details[1]["cause"]) == ("Manual", "enough")
    assert details[1]["input"] == '{"x": 1}'


def test_a_task_that_fails_after_the_stop_changes_nothing(account: Account) -> None:
    function = account.function("late", FAILING_LATE)
    execution = account.start(account.machine("m", calling(function, {"file": account.id})))
    eventually((account.aws.home / "tmp" / account.id).exists)
    account.client("stepfunctions").stop_execution(executionArn=execution)
    time.sleep(1.5)
    assert account.ended(execution)["status"] == "ABORTED"


def test_the_event_of_a_failure_carries_error_and_cause(
    account: Account, status_events: str
) -> None:
    fail = {"Type": "Fail", "Error": "Bad", "Cause": "luck"}
    account.run({"StartAt": "F", "States": {"F": fail}})
    envelope = [json.loads(m["Body"]) for m in account.messages(status_events)][-1]
    assert envelope["detail-type"] == "Step Functions Execution Status Change"
    assert envelope["resources"] == [envelope["detail"]["executionArn"]]
    detail = envelope["detail"]
    assert (detail["status"], detail["error"], detail["cause"]) == ("FAILED", "Bad", "luck")


def test_the_same_start_twice_is_one_execution(account: Account) -> None:
    function = account.function("slow", SLEEPING)
    machine = account.machine("m", calling(function, {"seconds": 1}))
    first = account.start(machine, {"n": 1}, name="one")
    assert account.start(machine, {"n": 1}, name="one") == first
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        account.start(machine, {"n": 2}, name="one")
    account.ended(first)
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        account.start(machine, {"n": 1}, name="one")


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
@pytest.mark.parametrize("name", ["x" * 81, "a b", "sha256:1"])
def test_names_that_aws_refuses(account: Account, name: str, kind: str) -> None:
    machine = account.machine("m", waiting(1), type=kind)
    with pytest.raises(ClientError, match="InvalidName"):
        account.start(machine, name=name)


def test_a_machine_that_does_not_exist_starts_nothing(account: Account) -> None:
    absent = account.machine("m", waiting(1)).removesuffix(":m") + ":absent"
    with pytest.raises(ClientError, match="StateMachineDoesNotExist"):
        account.start(absent)


def test_an_alarm_is_about_its_own_machine(account: Account) -> None:
    ends = {"F": {"Type": "Fail", "Error": "Bad"}}
    machines = [account.machine(name, {"StartAt": "F", "States": ends}) for name in ("a", "b")]
    account.start(machines[0], {})
    cloudwatch = account.client("cloudwatch")

    def state(machine: str) -> str:
        cloudwatch.put_metric_alarm(
            AlarmName="failed",
            Namespace="AWS/States",
            MetricName="ExecutionsFailed",
            Dimensions=[{"Name": "StateMachineArn", "Value": machine}],
            Statistic="Sum",
            Period=300,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
        )
        (alarm,) = cloudwatch.describe_alarms(AlarmNames=["failed"])["MetricAlarms"]
        cloudwatch.delete_alarms(AlarmNames=["failed"])
        return str(alarm["StateValue"])

    assert eventually(lambda: state(machines[0]) == "ALARM")
    assert state(machines[1]) == "INSUFFICIENT_DATA"


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
def test_executions_are_counted_as_metrics(account: Account, kind: str) -> None:
    choice = {
        "Type": "Choice",
        "Default": "F",
        "Choices": [{"Condition": "{% $states.input.good %}", "Next": "S"}],
    }
    ends = {"S": {"Type": "Succeed"}, "F": {"Type": "Fail", "Error": "Bad"}}
    machine = account.machine("m", {"StartAt": "C", "States": {"C": choice, **ends}}, type=kind)
    for number, good in enumerate((True, True, False)):
        account.start(machine, {"good": good}, name=f"run-{number}")
    cloudwatch = account.client("cloudwatch")
    now = datetime.now(UTC)

    def counted() -> dict[str, float]:
        found = {}
        for name in ("Started", "Succeeded", "Failed", "TimedOut"):
            points = cloudwatch.get_metric_statistics(
                Namespace="AWS/States",
                MetricName=f"Executions{name}",
                Dimensions=[{"Name": "StateMachineArn", "Value": machine}],
                StartTime=now - timedelta(days=1),
                EndTime=now + timedelta(minutes=10),
                Period=86_400,
                Statistics=["Sum"],
            )["Datapoints"]
            found[name] = sum(point["Sum"] for point in points)
        return found if found["Succeeded"] + found["Failed"] == 3 else {}

    assert eventually(counted) == {"Started": 3, "Succeeded": 2, "Failed": 1, "TimedOut": 0}


def test_express_executions_are_many_and_not_described(
    account: Account, status_events: str
) -> None:
    fail = {"Type": "Fail", "Error": "Bad", "Cause": "{% $states.context.Execution.Name %}"}
    machine = account.machine("x", {"StartAt": "F", "States": {"F": fail}}, type="EXPRESS")
    started = [account.start(machine, name="one") for _ in range(3)]
    assert len(set(started)) == 3
    assert all(":express:x:one:" in arn for arn in started)

    def over() -> list[Json]:
        known = account.aws.express_executions(machine)
        return known if all(known["status"] != "RUNNING" for known in known) else []

    seen = eventually(over)
    assert [known["executionArn"] for known in seen] == started
    assert {(known["status"], known["error"], known["cause"]) for known in seen} == {
        ("FAILED", "Bad", "one")
    }
    states = account.client("stepfunctions")
    for call in (
        states.describe_execution,
        states.describe_state_machine_for_execution,
        states.get_execution_history,
        states.stop_execution,
    ):
        with pytest.raises(ClientError, match="InvalidArn"):
            call(executionArn=started[0])
    with pytest.raises(ClientError, match="StateMachineTypeNotSupported"):
        states.list_executions(stateMachineArn=machine)
    assert account.messages(status_events) == []


def test_the_states_of_maps_are_reported_too(account: Account) -> None:
    item = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
    call = calling(account.function("f", SLEEPING), {})["States"]["Call"]
    states = {
        "M": {"Type": "Map", "Items": [1, 2], "ItemProcessor": item, "Next": "P"},
        "P": {"Type": "Parallel", "Branches": [item], "Next": "T"},
        "T": {key: value for key, value in call.items() if key != "End"} | {"Next": "W"},
        "W": {"Type": "Wait", "Seconds": 1, "Next": "C"},
        "C": {"Type": "Choice", "Choices": [], "Default": "S"},
        "S": {"Type": "Succeed"},
    }
    machine = account.machine("maps", {"StartAt": "M", "States": states}, type="EXPRESS")
    account.start(machine)

    def over() -> list[Json]:
        return [e for e in account.aws.express_executions(machine) if e["status"] != "RUNNING"]

    (seen,) = eventually(over)
    entered = account.aws.ask("/_sandbox/states")[seen["executionArn"]]
    assert entered == ["M", "I", "I", "P", "I", "T", "W", "C", "S"]
