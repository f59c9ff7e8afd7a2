"""What the states hand to each other, where a slip would lose an event, a lease or an alert."""

from typing import Any

import jsonata
import pytest

from tests.support import definitions

INPUT = "$states.context.Execution.Input"


def state(machine: str, name: str) -> Any:
    return definitions.states(machine)[name]


def evaluate(expression: str, states: Any) -> Any:
    """What `{% ... %}` gives, with `$states`."""
    compiled = jsonata.Jsonata(expression.removeprefix("{%").removesuffix("%}"))
    frame = compiled.create_frame()
    frame.bind("states", states)
    return compiled.evaluate(None, frame)


@pytest.mark.parametrize(
    ("sent", "waiting"),
    [
        ({}, {"id": "1"}),
        ({"digests": {}}, {"id": "1"}),
        ({"digests": {"app": "sha256:1"}}, {"id": "1", "resolved": {"app": "sha256:1"}}),
    ],
    ids=str,
)
def test_an_event_is_queued_as_it_came_with_what_its_tags_stood_for(
    sent: Any, waiting: Any
) -> None:
    body = state("intake", "KeepFailedEvent")["Arguments"]["MessageBody"]
    states = {"input": {"error": "E", **sent}, "context": {"Execution": {"Input": {"id": "1"}}}}
    assert evaluate(body, states) == waiting


def test_what_is_no_object_is_queued_as_it_came() -> None:
    body = state("intake", "KeepFailedEvent")["Arguments"]["MessageBody"]
    states = {"input": {"error": "E"}, "context": {"Execution": {"Input": ["no", "event"]}}}
    assert evaluate(body, states) == ["no", "event"]


def test_the_tags_of_all_failed_images_are_queued() -> None:
    inner = state("intake", "ScanImages")["ItemProcessor"]["States"]
    digests = inner["ImageFailed"]["Output"]["digests"]
    image = {"key": "sha256:1", "digest": "sha256:1", "containers": ["a", "b"]}
    failed = evaluate(digests, {"input": {"image": image}})
    assert failed == {"a": "sha256:1", "b": "sha256:1"}
    for unconfirmed in ("1/us-east-1/app:1", "1/us-east-1/app:1@sha256:1", "other#nginx"):
        assert evaluate(digests, {"input": {"image": {**image, "key": unconfirmed}}}) == {}
    (choice,) = state("intake", "AllImagesHandled")["Choices"]
    results = [
        {"result": "skipped"},
        {"result": "failed", "digests": failed},
        {"result": "failed", "digests": {}},
        {"result": "failed", "digests": {"c": "sha256:2"}},
    ]
    every = evaluate(choice["Output"]["digests"], {"input": results})
    assert every == {**failed, "c": "sha256:2"}
    assert evaluate(choice["Output"]["digests"], {"input": [results[2]]}) == {}


def test_one_failed_image_keeps_the_event() -> None:
    (choice,) = state("intake", "AllImagesHandled")["Choices"]
    assert choice["Condition"] == "{% $count($states.input[result = 'failed']) > 0 %}"
    assert choice["Next"] == "KeepFailedEvent"
    inner = state("intake", "ScanImages")["ItemProcessor"]["States"]
    assert inner["ImageFailed"]["Output"]["result"] == "failed"


@pytest.mark.parametrize("errors", [["ImageUnread", "Other"], ["AwsRejected", "Other", "Else"]])
def test_and_names_the_error_that_another_try_may_end(errors: list[str]) -> None:
    """What only has errors that no try ends can be dropped from the queue."""
    (choice,) = state("intake", "AllImagesHandled")["Choices"]
    failed = [{"result": "failed", "error": each, "cause": f"of {each}"} for each in errors]
    named = {
        each: evaluate(choice["Output"][each], {"input": [{"result": "skipped"}, *failed]})
        for each in ("error", "cause")
    }
    assert named == {"error": "Other", "cause": "of Other"}
    only = {"input": [{"result": "skipped"}, failed[0]]}
    assert evaluate(choice["Output"]["error"], only) == errors[0]
    assert evaluate(choice["Output"]["cause"], only) == f"of {errors[0]}"


@pytest.mark.parametrize("others", [[], ["AwsRejected"]])
def test_and_else_that_of_an_image_that_ecr_may_answer_for_again(others: list[str]) -> None:
    """An outage of ECR ends by itself; what AWS has refused does not."""
    (choice,) = state("intake", "AllImagesHandled")["Choices"]
    failed = [
        {"result": "failed", "error": each, "cause": f"of {each}"}
        for each in ["AwsRejected", "ImageUnread", *others]
    ]
    named = {
        each: evaluate(choice["Output"][each], {"input": failed}) for each in ("error", "cause")
    }
    assert named == {"error": "ImageUnread", "cause": "of ImageUnread"}


def test_what_the_cache_decides_is_what_happens() -> None:
    choices = {each["Condition"]: each["Next"] for each in state("intake", "IsCached")["Choices"]}
    assert choices == {
        "{% $states.input.decision = 'scan' %}": "StartScan",
        "{% $states.input.decision = 'notify' %}": "SendNotification",
    }
    assert state("intake", "IsCached")["Default"] == "SkipScan"


def test_a_scan_is_named_after_its_lease_and_started_once() -> None:
    start = state("intake", "StartScan")
    assert start["Arguments"]["Name"] == "{% $states.input.lease.execution_name %}"
    assert {
        "ErrorEquals": ["StepFunctions.ExecutionAlreadyExistsException"],
        "Next": "SkipScan",
    } in (start["Catch"])


def test_a_submission_knows_its_name_and_which_try_it_is() -> None:
    """The first try submits, a later one looks for what an earlier one left."""
    payload = state("scan", "SubmitScan")["Arguments"]["Payload"]
    assert payload["execution_name"] == "{% $states.context.Execution.Name %}"
    assert payload["attempt"] == "{% $states.context.State.RetryCount %}"


def test_a_registry_that_is_gone_is_looked_for_again() -> None:
    first = state("scan", "SubmitScan")["Catch"][0]
    assert (first["ErrorEquals"], first["Next"]) == (["RegistryGone"], "GetRegistry")


def test_the_last_poll_is_the_one_that_is_asked_for() -> None:
    complete, exhausted = state("scan", "EvaluateStatus")["Choices"]
    assert (complete["Condition"], complete["Next"]) == ("{% $status.complete %}", "GetResults")
    assert exhausted["Condition"] == "{% $poll_count >= ${max_polls} %}"
    assert exhausted["Next"] == "ScanTimeout"


def test_a_failure_is_an_error_unless_no_scan_can_answer() -> None:
    outcome = state("scan", "ScanFailed")["Output"]
    condition = "$states.input.error = 'ImageNotScannable' ? 'UNSCANNABLE' : 'ERROR'"
    assert outcome["verdict"] == f"{{% {condition} %}}"


def test_only_the_holder_of_a_lease_gives_it_back() -> None:
    free = state("scan", "FreeLease")["Arguments"]
    assert free["Key"] == {"imageDigest": {"S": f"{{% {INPUT}.lease.key %}}"}}
    held = "#owner = :owner AND acquired_at = :acquired_at AND #status = :in_progress"
    assert free["ConditionExpression"] == held
    assert free["UpdateExpression"] == "SET #status = :error, #ttl = :ttl"  # the workloads stay
    values = free["ExpressionAttributeValues"]
    assert values[":owner"] == {"S": f"{{% {INPUT}.lease.owner %}}"}
    assert values[":acquired_at"] == {"N": f"{{% $string({INPUT}.lease.acquired_at) %}}"}
    # Whether that works or not, the request is queued.
    assert definitions.targets(state("scan", "FreeLease")) == ["KeepFailedScan"] * 2


def test_a_queued_scan_is_one_that_the_intake_reads() -> None:
    body = state("scan", "KeepFailedScan")["Arguments"]["MessageBody"]
    assert body["detail-type"] == "Image Scan Requested"
    assert body["detail"]["deployment"] == f"{{% {INPUT}.deployment %}}"
    # The image that was deployed, whatever its tag names by then.
    assert f"{INPUT}.image.uri & '@' & {INPUT}.image.digest" in body["detail"]["image"]
    assert body["account"] == f"{{% {INPUT}.deployment.account %}}"
    assert body["region"] == f"{{% {INPUT}.deployment.region %}}"


def test_what_a_request_forces_reaches_the_cache() -> None:
    assert (
        state("intake", "ScanImages")["ItemSelector"]["force"] == "{% $states.input.force = true %}"
    )
    inner = state("intake", "ScanImages")["ItemProcessor"]["States"]
    assert inner["CheckCache"]["Arguments"]["Payload"] == "{% $states.input %}"


def test_both_notifications_hand_on_the_lease_and_the_outcome() -> None:
    for name in ("SendNotification", "SendFailureNotification"):
        payload = state("scan", name)["Arguments"]["Payload"]
        assert payload["outcome"] == "{% $states.input %}"
        assert payload["lease"] == f"{{% {INPUT}.lease %}}"
        assert state("scan", name)["Catch"][-1]["Next"] == "FreeLease"


def test_what_nobody_was_notified_of_is_queued() -> None:
    assert state("scan", "SendFailureNotification")["Next"] == "IsQueued"
    (choice,) = state("scan", "IsQueued")["Choices"]
    assert choice == {"Condition": "{% $states.input.queued %}", "Next": "KeepFailedScan"}
    assert state("scan", "IsQueued")["Default"] == "ScanNotCompleted"
    # Both ways in bring what the last state shows.
    assert set(state("scan", "SendNotification")["Catch"][-1]["Output"]) == {"error", "reason"}
    assert state("scan", "ScanQueued")["Error"] == (
        "{% $exists($states.input.verdict) ? $states.input.verdict : $states.input.error %}"
    )
    assert state("scan", "ScanQueued")["Cause"] == "{% $string($states.input.reason) %}"


def test_a_poll_knows_what_the_one_before_saw_and_whether_it_is_the_last() -> None:
    assert state("scan", "SubmitScan")["Assign"]["status"] == {"ended_checks": 0}
    payload = state("scan", "CheckStatus")["Arguments"]["Payload"]
    assert payload["ended_checks"] == "{% $status.ended_checks %}"
    assert payload["last"] == "{% $poll_count + 1 >= ${max_polls} %}"


def test_waiting_for_a_turn_fits_into_the_execution() -> None:
    """40 tries, 180 s apart, are the two hours that the machine's time limit adds."""
    (waiting,) = [
        each
        for each in state("scan", "SubmitScan")["Retry"]
        if each["ErrorEquals"] == ["ScansAtLimit"]
    ]
    assert waiting["MaxAttempts"] * waiting["MaxDelaySeconds"] <= 7200
    assert "7200 + " in (definitions.FOLDER / "main.tf").read_text()
