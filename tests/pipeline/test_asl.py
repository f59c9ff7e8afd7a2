"""The state machine files are well formed, complete, and agree with the code and the Terraform."""

import json
import re
from typing import Any

import pytest

from image_scan import errors
from tests.support import definitions
from tests.support.definitions import FUNCTIONS, MACHINES, REPOSITORY, State

TASKS = [(machine, name) for machine in MACHINES for name in definitions.tasks(machine)]
# Where keeping the input fails for minutes, nothing is left to do but fail: no Catch.
LAST_RESORTS = {"KeepFailedEvent", "KeepFailedScan"}
SPECIFIED = {
    "intake": {
        "ParseEvent", "HasImages", "NoImages", "ScanImages",
        "CheckCache", "IsCached", "SkipScan", "StartScan",
    },
    "scan": {
        "GetRegistry", "SubmitScan", "WaitForScan", "CheckStatus", "EvaluateStatus",
        "GetResults", "ScanTimeout", "SendNotification",
    },
}  # fmt: skip
# https://docs.aws.amazon.com/lambda/latest/dg/services-stepfunctions.html and the pages that follow
AWS_ERRORS = {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Lambda.ResourceNotReadyException",
    "Lambda.ENINotReadyException",
    "Lambda.EC2ThrottledException",
    "Lambda.ResourceConflictException",
    "Sandbox.Timedout",
    "Runtime.ExitError",
    "StepFunctions.ExecutionLimitExceededException",
    "StepFunctions.ExecutionAlreadyExistsException",
    "StepFunctions.AWSStepFunctionsException",
    "StepFunctions.SdkClientException",
    "DynamoDB.AmazonDynamoDBException",
    "DynamoDB.ProvisionedThroughputExceededException",
    "DynamoDB.ThrottlingException",
    "States.Timeout",
    "States.ALL",
}
PLATFORM_ERRORS = {name for name in AWS_ERRORS if name.startswith(("Lambda.", "Sandbox."))}
QUALYS = {"AwsUnavailable", "QualysUnavailable", "QualysUnreadable", "QualysThrottled"}
# What the functions behind the states can raise that is worth another try.
TRANSIENT = {
    "parse_event": {"AwsUnavailable"},
    "check_cache": {"AwsUnavailable"},
    "get_registry": {*QUALYS, "RegistryNotReady"},
    "submit_scan": {*QUALYS, "RegistryGone", "ScansAtLimit"},
    "check_status": QUALYS,
    "get_results": QUALYS,
    "send_notification": {"AwsUnavailable"},
}


def task(machine: str, name: str) -> State:
    return definitions.tasks(machine)[name]


def names(handlers: list[dict[str, Any]]) -> set[str]:
    return {name for each in handlers for name in each["ErrorEquals"]}


def error_classes() -> dict[str, type]:
    return {name: each for name, each in vars(errors).items() if isinstance(each, type)}


@pytest.mark.parametrize("machine", MACHINES)
def test_the_file_is_json_as_it_lies_and_when_rendered(machine: str) -> None:
    assert definitions.definition(machine)["QueryLanguage"] == "JSONata"
    assert "${" not in json.dumps(definitions.rendered(machine))


@pytest.mark.parametrize("machine", MACHINES)
def test_expressions_are_delimited_with_spaces(machine: str) -> None:
    """Without the space Terraform would take the delimiter for a template directive."""
    text = definitions.text(machine)
    assert "{% " in text
    assert not re.search(r"\{%(?! )", text)
    assert not re.search(r"(?<! )%\}", text)


@pytest.mark.parametrize("machine", MACHINES)
def test_the_specified_states_are_there(machine: str) -> None:
    assert SPECIFIED[machine] <= definitions.states(machine).keys()


@pytest.mark.parametrize(("machine", "name"), TASKS)
def test_a_task_is_commented_bounded_retried_and_caught(machine: str, name: str) -> None:
    state = task(machine, name)
    assert state["Comment"]
    assert 0 < state["TimeoutSeconds"] <= 65
    for retry in state["Retry"]:
        assert retry["JitterStrategy"] == "FULL"
        assert retry["MaxDelaySeconds"] >= retry["IntervalSeconds"]
        assert retry["MaxAttempts"] > 0
    if name not in LAST_RESORTS:
        assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"]


@pytest.mark.parametrize(("machine", "name"), TASKS)
def test_errors_are_matched_by_names_that_exist(machine: str, name: str) -> None:
    state = task(machine, name)
    matched = names(state["Retry"]) | names(state.get("Catch", []))
    assert matched <= AWS_ERRORS | error_classes().keys()
    if name not in LAST_RESORTS:
        assert "States.ALL" not in names(state["Retry"]), "a permanent error would be repeated"


@pytest.mark.parametrize(("machine", "name"), TASKS)
def test_what_is_transient_is_retried(machine: str, name: str) -> None:
    state = task(machine, name)
    key = definitions.function(state)
    if key:
        handled = names(state["Retry"]) | (names(state["Catch"]) - {"States.ALL"})
        assert handled >= TRANSIENT[key] | PLATFORM_ERRORS | {"States.Timeout"}


def test_every_transient_error_is_handled_by_some_state() -> None:
    leaves = {each.__name__ for each in errors.TransientError.__subclasses__()}
    assert leaves == set.union(*TRANSIENT.values())
    permanent = {each.__name__ for each in errors.PermanentError.__subclasses__()}
    for machine, name in TASKS:
        assert not names(task(machine, name)["Retry"]) & permanent


@pytest.mark.parametrize("machine", MACHINES)
def test_every_target_exists_and_every_state_is_reached(machine: str) -> None:
    for scope in definitions.scopes(definitions.definition(machine)):
        reached, open_ends = set(), [scope["StartAt"]]
        while open_ends:
            name = open_ends.pop()
            if name not in reached:
                reached.add(name)
                open_ends += definitions.targets(scope["States"][name])
        assert reached == scope["States"].keys()


@pytest.mark.parametrize("machine", MACHINES)
def test_every_state_goes_on_or_ends(machine: str) -> None:
    for name, state in definitions.states(machine).items():
        if state["Type"] in ("Succeed", "Fail"):
            continue
        ways = [key for key in ("Next", "End", "Default") if key in state]
        assert len(ways) == 1, name


def test_the_poll_counter_changes_in_two_states() -> None:
    """Set to 0 by a submission and raised by a check: 30 polls are thirty checks."""
    found = {
        name: state["Assign"]["poll_count"]
        for name, state in definitions.states("scan").items()
        if "poll_count" in state.get("Assign", {})
    }
    assert found == {"SubmitScan": 0, "CheckStatus": "{% $poll_count + 1 %}"}


def test_nothing_is_assigned_inside_the_map() -> None:
    processor = definitions.states("intake")["ScanImages"]["ItemProcessor"]
    assert not any("Assign" in state for state in processor["States"].values())


def test_the_map_has_no_tolerance_that_inline_maps_ignore() -> None:
    assert "Tolerated" not in definitions.text("intake")


def test_the_machines_use_every_function_and_terraform_makes_each() -> None:
    """One noun through all layers: state, handler, function key."""
    used = {
        definitions.function(state)
        for machine in MACHINES
        for state in definitions.tasks(machine).values()
    } - {""}
    terraform = (REPOSITORY / "modules/workflow/functions.tf").read_text()
    block = terraform.split("  pipeline_functions = {", 1)[1].split("\n  }\n", 1)[0]
    declared = set(re.findall(r"^    (\w+)\s+= \{", block, re.MULTILINE))
    # The reconciliation and what it starts are no steps of either machine, Security Hub gets what a
    # scan published, and ECS calls the gate.
    beside = {"import_findings", "deployment_gate"}
    assert used | {"reconcile", "reassess"} == declared == set(FUNCTIONS) - beside


@pytest.mark.parametrize(("machine", "name"), TASKS)
def test_a_function_is_called_by_the_state_of_its_name(machine: str, name: str) -> None:
    key = definitions.function(task(machine, name))
    if key and name != "SendFailureNotification":
        assert re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() == key


@pytest.mark.parametrize(("machine", "name"), TASKS)
def test_a_state_waits_longer_than_its_function_runs(machine: str, name: str) -> None:
    state = task(machine, name)
    key = definitions.function(state)
    if key:
        terraform = (REPOSITORY / "modules/workflow/functions.tf").read_text()
        match = re.search(rf"^    {key}\s+= \{{\s+timeout\s+= (\d+)", terraform, re.MULTILINE)
        assert match is not None
        assert int(match[1]) < state["TimeoutSeconds"] <= int(match[1]) + 5
