"""ECS API calls, whatever may come in their name."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image_scan.errors import MalformedEvent
from image_scan.events import api_calls, deployments, scan_request
from tests.support import builders

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize(("stated", "force"), [(True, True), (False, False), ("yes", False)])
def test_only_a_request_can_ask_for_a_scan_past_a_verdict(stated: object, force: bool) -> None:
    request = builders.event("scan_request")
    assert not deployments.parse(request).force
    request["detail"]["force"] = stated
    assert deployments.parse(request).force is force
    call = builders.event("run_task")
    call["detail"]["force"] = True
    assert not deployments.parse(call).force


def test_an_event_without_account_and_region_is_malformed() -> None:
    event = builders.event("run_task")
    for part, name in ((event, "account"), (event["detail"], "recipientAccountId")):
        del part[name]
    with pytest.raises(MalformedEvent, match="no account"):
        api_calls.parse(event)


def test_a_container_without_an_image_does_not_discard_its_siblings() -> None:
    event = builders.event("register_many_containers")
    listed = event["detail"]["responseElements"]["taskDefinition"]["containerDefinitions"]
    del listed[1]["image"]
    parsed = api_calls.parse(event)
    others = [(each["name"], each["image"]) for each in listed if "image" in each]
    assert parsed.containers == tuple(others)
    assert parsed.task_definition == ""


def test_a_registration_without_an_answer_is_of_the_images_that_it_asks_for() -> None:
    event = builders.event("register_omitted_answer")
    answers: list[Any] = [None, {"omitted": True}, {"taskDefinition": {"containerDefinitions": []}}]
    for answer in answers:
        event["detail"]["responseElements"] = answer
        ((name, image),) = api_calls.parse(event).containers
        assert (name, image.rsplit("/", 1)[1]) == ("app", "app:1.4.2")


@pytest.mark.parametrize("value", [None, False, "", {}])
def test_a_scaling_call_with_a_default_written_out_is_skipped(value: object) -> None:
    event = builders.event("update_service_scaling_without_answer")
    for parameter in ("taskDefinition", "forceNewDeployment", "one-of-a-later-year"):
        request = {"service": "web", "desiredCount": 0, parameter: value}
        event["detail"]["requestParameters"] = request
        assert api_calls.parse(event).skipped == "starts no deployment"


@pytest.mark.parametrize(
    "more",
    [
        {"forceNewDeployment": True}, {"taskDefinition": "shop:8"}, {"loadBalancers": []},
        {"platformVersion": "LATEST"}, {"one-of-a-later-year": 0},
    ],
)  # fmt: skip
def test_what_may_start_a_deployment_is_never_taken_for_scaling(more: dict[str, Any]) -> None:
    event = builders.event("update_service_new_definition")
    event["detail"]["requestParameters"] = {"service": "web", "desiredCount": 3, **more}
    parsed = api_calls.parse(event)
    assert not parsed.skipped
    assert parsed.task_definition.endswith("/shop:7")


@pytest.mark.parametrize("request_parameters", [None, {}, {"omitted": True}, {"service": "web"}])
def test_a_call_that_says_nothing_of_what_it_changes_is_no_scaling(
    request_parameters: object,
) -> None:
    event = builders.event("update_service_new_definition")
    event["detail"]["requestParameters"] = request_parameters
    assert not api_calls.parse(event).skipped


@pytest.mark.parametrize(
    ("arn", "cluster"),
    [
        ("arn:aws:ecs:eu-west-1:111122223333:service/prod/web", "prod"),
        ("arn:aws:ecs:eu-west-1:111122223333:service/web", ""),
        ("web", ""),
        ("", ""),
    ],
)
def test_where_an_express_service_is_that_only_its_arn_names(arn: str, cluster: str) -> None:
    event = builders.event("update_express_service")
    event["detail"]["requestParameters"]["serviceArn"] = arn
    deployment = api_calls.parse(event).deployment
    assert (deployment["service"], deployment["cluster"]) == ("web" if arn else "", cluster)


def test_a_service_that_is_answered_without_a_name_is_named_by_the_request() -> None:
    event = builders.event("create_service")
    event["detail"]["responseElements"] = None
    deployment = api_calls.parse(event).deployment
    assert (deployment["service"], deployment["cluster"]) == ("web", "prod")


@pytest.mark.parametrize(
    ("identity", "principal"),
    [
        ({"type": "IAMUser", "arn": "arn:aws:iam::1:user/ann"}, "arn:aws:iam::1:user/ann"),
        ({"type": "AWSService", "invokedBy": "ecs.amazonaws.com"}, "ecs.amazonaws.com"),
        ({"type": "Unknown", "principalId": "AIDAEXAMPLE"}, "AIDAEXAMPLE"),
        (None, ""),
    ],
)  # fmt: skip
def test_who_made_the_call(identity: Any, principal: str) -> None:
    event = builders.event("run_task")
    event["detail"]["userIdentity"] = identity
    assert api_calls.parse(event).deployment["principal"] == principal


@pytest.mark.parametrize(
    "name", ["arn:aws:ecs:eu-west-1:111122223333:task-definition/shop:7", "shop:7", "shop"]
)
def test_the_family_of_a_task_definition(name: str) -> None:
    assert api_calls.family(name) == "shop"


def read(event: Any) -> None:
    """Gives an answer or MalformedEvent; what it keeps can be stored anywhere."""
    try:
        parsed = deployments.parse(event)
    except MalformedEvent:
        return
    assert all(isinstance(value, str) for value in parsed.deployment.values())
    repr(parsed).encode("ascii", "backslashreplace")
    json.dumps(parsed.deployment, ensure_ascii=False).encode()  # raises on a lone surrogate
    "".join(image for _, image in parsed.containers).encode()


@pytest.mark.parametrize("stated", [None, [], "app", [1], {}], ids=str)
def test_a_scan_request_may_name_no_containers(stated: Any) -> None:
    """One by hand, and one from before an upgrade."""
    event = builders.event("scan_request")
    event["detail"]["containers"] = stated
    found = deployments.parse(event).containers
    assert found == (("", event["detail"]["image"]),)


@given(event=json_values, kind=st.sampled_from([api_calls.API_CALL, scan_request.SCAN_REQUEST]))
@settings(max_examples=150)
def test_any_value_in_workload_of_an_event(event: Any, kind: str) -> None:
    read(event)
    read({"detail-type": kind, "account": "1", "region": "r", "detail": event})
    read({"detail-type": event, "detail": {}})
    call = {"eventSource": "ecs.amazonaws.com", "eventName": event}
    read({"detail-type": kind, "account": event, "region": event, "detail": call})


@given(
    name=st.sampled_from(sorted(api_calls._READERS)),
    part=st.sampled_from(["requestParameters", "responseElements"]),
    inner=st.sampled_from(
        [
            "taskDefinition",
            "tasks",
            "service",
            "cluster",
            "family",
            "taskSet",
            "serviceArn",
            "primaryContainer",
            None,
        ]
    ),
    value=json_values,
)
@settings(max_examples=200)
def test_any_value_in_workload_of_a_part(
    name: str, part: str, inner: str | None, value: Any
) -> None:
    event = builders.event("run_task")
    event["detail"]["eventName"] = name
    event["detail"][part] = {inner: value} if inner else value
    read(event)
    if inner == "tasks":
        event["detail"][part] = {"tasks": [value]}
        read(event)
        event["detail"][part] = {"tasks": [{"containers": [value]}]}
        read(event)
    event["detail"][part] = {"taskDefinition": {"containerDefinitions": [value]}}
    read(event)
    for stated in ({"activeConfigurations": [value]}, {"targetConfiguration": value}):
        event["detail"][part] = {"service": stated}
        read(event)


def test_lone_surrogates_in_names_are_replaced() -> None:
    event = builders.event("create_service")
    event["detail"]["responseElements"]["service"]["serviceName"] = "web\ud800"
    assert api_calls.parse(event).deployment["service"] == "web?"
