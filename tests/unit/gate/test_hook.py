"""The hook from ECS' event to its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from image_scan.errors import MalformedEvent
from image_scan.gate import lifecycle
from tests.support.builders import ACCOUNT, HOST, NOW, NOW_MS
from tests.support.fake_services import DAY, SERVICE
from tests.unit.gate.conftest import APP, details
from tests.unit.test_architecture import MODULES, imports, name_of

if TYPE_CHECKING:
    from tests.unit.gate.conftest import World


def test_a_clean_image_is_let_through_and_nothing_more_is_asked(world: World) -> None:
    world.know(world.ecr.push("shop/app", "1"))
    event = world.ecs.deploy({"app": APP})
    answer = world.answer(event)
    assert answer["hookStatus"] == "SUCCEEDED"
    assert (details(answer)["decision"], details(answer)["reasons"]) == ("allow", [])
    assert world.ecs.calls == ["DescribeServiceRevisions", "DescribeTaskDefinition"]
    assert world.asked == []
    assert [each.result for each in world.announced] == ["allow"]


def test_findings_end_the_deployment_with_the_reason(world: World) -> None:
    world.know(world.ecr.push("shop/app", "1"), "FINDINGS")
    answer = world.answer(world.ecs.deploy({"app": APP}))
    assert answer["hookStatus"] == "FAILED"
    assert details(answer)["reasons"] == [f"{APP}: 1 high, and a list of them is not at hand"]


def test_audit_lets_findings_through_and_says_what_it_would_have_done(world: World) -> None:
    world.set("audit")
    world.know(world.ecr.push("shop/app", "1"), "FINDINGS")
    answer = world.answer(world.ecs.deploy({"app": APP}))
    assert (answer["hookStatus"], details(answer)["decision"]) == ("SUCCEEDED", "block")
    assert [each.result for each in world.announced] == ["block"]


def test_a_service_may_enforce_where_the_gate_audits(world: World) -> None:
    world.set("audit")
    world.know(world.ecr.push("shop/app", "1"), "FINDINGS")
    event = world.ecs.deploy({"app": APP})
    enforcing = {**event, "hookDetails": {"imageScanGateMode": "enforce"}}
    assert world.answer(enforcing)["hookStatus"] == "FAILED"
    assert world.answer({**event, "hookDetails": '{"imageScanGateMode": "enforce"}'}) == {
        **world.answer(enforcing)
    }
    world.set("enforce")
    milder = {**event, "hookDetails": {"imageScanGateMode": "audit"}}
    assert world.answer(milder)["hookStatus"] == "FAILED"


def test_a_service_that_enforces_does_so_when_the_gate_fails(world: World) -> None:
    world.set("audit", "block")
    event = world.ecs.deploy({"app": APP})
    world.ecs.trouble["DescribeServiceRevisions"] = KeyError("a mistake of ours")
    enforcing = {**event, "hookDetails": {"imageScanGateMode": "enforce"}}
    assert world.answer(event)["hookStatus"] == "SUCCEEDED"
    assert world.answer(enforcing)["hookStatus"] == "FAILED"


def test_an_unscanned_image_goes_to_the_intake_once_and_is_waited_for(world: World) -> None:
    digest = world.ecr.push("shop/app", "1")
    event = world.ecs.deploy({"app": APP})
    first = world.answer(event)
    assert (first["hookStatus"], first["callBackDelay"]) == ("IN_PROGRESS", 30)
    assert details(first)["asked"] == [digest]
    assert details(first)["deadline"] == "2026-02-02T03:40:00+00:00"
    world.clock.now += 30
    second = world.again(event, first)
    assert second["hookStatus"] == "IN_PROGRESS"
    assert details(second) == details(first)
    (asked,) = world.asked
    assert asked["detail"]["image"] == f"{APP}@{digest}"
    assert asked["detail"]["deployment"]["service"] == "web"
    assert world.announced == []
    world.know(digest)
    assert world.again(event, second)["hookStatus"] == "SUCCEEDED"


def test_audit_has_an_unscanned_image_scanned_and_waits_for_nothing(world: World) -> None:
    world.set("audit")
    world.ecr.push("shop/app", "1")
    assert world.answer(world.ecs.deploy({"app": APP}))["hookStatus"] == "SUCCEEDED"
    assert len(world.asked) == 1
    assert [each.result for each in world.announced] == ["undecided"]


def test_the_intake_reads_the_request_as_a_scan_of_the_workload(world: World) -> None:
    from image_scan.events import deployments  # noqa: PLC0415
    from tests.support.doubles import OneAccount  # noqa: PLC0415

    digest = world.ecr.push("shop/app", "1")
    world.answer(world.ecs.deploy({"app": APP}, architecture="ARM64"))
    accounts = OneAccount(lambda _: world.ecs, world.ecr.in_region)
    parsed = deployments.read(world.asked[0], accounts)
    (image,) = parsed["images"]
    assert image["key"] == f"{digest}#linux/arm64"
    assert image["containers"] == ["app"]
    assert parsed["deployment"]["task_definition"].endswith("task-definition/web:1")
    assert (parsed["deployment"]["cluster"], parsed["deployment"]["account"]) == ("prod", ACCOUNT)


def test_both_documented_forms_of_the_event_are_read(world: World) -> None:
    world.know(world.ecr.push("shop/app", "1"))
    nested = world.ecs.deploy({"app": APP})
    flat = {**nested, **nested["executionDetails"]}
    del flat["executionDetails"]
    assert lifecycle.read(flat) == lifecycle.read(nested)
    assert world.answer(flat) == world.answer(nested)


@pytest.mark.parametrize("event", [None, [], {}, {"lifecycleStage": "PRE_SCALE_UP"}, "x"])
def test_an_event_of_no_known_form_is_malformed(event: Any) -> None:
    with pytest.raises(MalformedEvent):
        lifecycle.read(event)


@pytest.mark.parametrize(
    "details", ['{"imageScanGate": {"asked": ["x"]}}', {"imageScanGate": {"asked": ["x", 1]}}]
)
def test_details_are_read_as_text_and_as_an_object(world: World, details: Any) -> None:
    event = world.ecs.deploy({"app": APP})
    assert lifecycle.read({**event, "hookDetails": details}).asked == ["x"]
    assert lifecycle.read({**event, "hookDetails": "x"}).asked == []


@pytest.mark.parametrize(
    "forged",
    [
        {"deadline": "2020-01-01T00:00:00+00:00"},
        {"deadline": "2020-01-01"},
        {"deadline": "never"},
        {"deadline": 7},
        {"admitted": ["sha256:1"], "decision": "allow"},
    ],
)
def test_details_that_a_deployer_wrote_open_nothing(world: World, forged: Any) -> None:
    world.set(on_undecided="allow")
    world.ecr.push("shop/app", "1")
    event = world.ecs.deploy({"app": APP})
    event["hookDetails"] = {"imageScanGate": {"stage": "PRE_SCALE_UP", **forged}}
    answer = world.answer(event)
    assert answer["hookStatus"] == "IN_PROGRESS"
    assert details(answer)["deadline"] == "2026-02-02T03:40:00+00:00"


def test_a_far_deadline_in_the_details_is_cut(world: World) -> None:
    world.ecr.push("shop/app", "1")
    event = world.ecs.deploy({"app": APP})
    given = {"stage": "PRE_SCALE_UP", "deadline": "2099-01-01T00:00:00+00:00"}
    answer = world.answer({**event, "hookDetails": {"imageScanGate": given}})
    assert details(answer)["deadline"] == "2026-02-02T03:40:00+00:00"


def test_each_stage_has_a_deadline_of_its_own(world: World) -> None:
    digest = world.ecr.push("shop/app", "1")
    event = world.ecs.deploy({"app": APP}, digests={"app": digest})
    first = world.answer(event)
    world.clock.now += 1800
    late = {**event, "lifecycleStage": "POST_SCALE_UP"}
    assert details(world.again(event, first))["deadline"] == "2026-02-02T03:40:00+00:00"
    assert details(world.again(late, first))["deadline"] == "2026-02-02T04:10:00+00:00"


def test_what_runs_in_the_service_may_run_again(world: World) -> None:
    digest = world.ecr.push("shop/app", "1")
    world.know(digest, "FINDINGS")
    world.ecs.deploy({"app": APP}, at=NOW - 90 * DAY, status="SUCCESSFUL", digests={"app": digest})
    event = world.ecs.deploy({"app": APP}, running=[*world.ecs.revisions])
    answer = world.answer(event)
    assert answer["hookStatus"] == "SUCCEEDED"
    assert world.announced[0].images[0].why == "runs or ran in this service"


def test_what_runs_on_another_platform_is_another_image(world: World) -> None:
    digest = world.ecr.push("shop/app", "1")
    world.know(f"{digest}#linux/arm64", "FINDINGS")
    world.ecs.deploy({"app": APP}, status="SUCCESSFUL", digests={"app": digest})
    event = world.ecs.deploy({"app": APP}, running=[*world.ecs.revisions], architecture="ARM64")
    assert world.answer(event)["hookStatus"] == "FAILED"


def test_tasks_of_a_deployment_that_is_not_over_admit_nothing(world: World) -> None:
    """A second deployment of a blocked image, while tasks of the first still run."""
    digest = world.ecr.push("shop/app", "1")
    world.know(digest, "FINDINGS")
    for status in ("IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "STOPPED"):
        world.ecs.deploy({"app": APP}, status=status, digests={"app": digest})
    event = world.ecs.deploy({"app": APP}, running=[*world.ecs.revisions])
    assert world.answer(event)["hookStatus"] == "FAILED"


def test_a_service_older_than_the_records_of_ecs_keeps_what_it_runs(world: World) -> None:
    digest = world.ecr.push("shop/app", "1")
    world.know(digest, "FINDINGS")
    world.ecs.deploy({"app": APP}, digests={"app": digest})
    world.ecs.deployments.clear()
    event = world.ecs.deploy({"app": APP}, running=[*world.ecs.revisions])
    assert world.answer(event)["hookStatus"] == "SUCCEEDED"


def test_the_revision_itself_admits_nothing_once_its_tasks_run(world: World) -> None:
    digest = world.ecr.push("shop/app", "1")
    world.know(digest, "FINDINGS")
    event = world.ecs.deploy({"app": APP}, digests={"app": digest})
    (deployment,) = world.ecs.deployments.values()
    deployment["sourceServiceRevisions"] = [
        {"arn": deployment["targetServiceRevision"]["arn"], "runningTaskCount": 1}
    ]
    assert world.answer({**event, "lifecycleStage": "POST_SCALE_UP"})["hookStatus"] == "FAILED"


def test_an_image_outside_of_ecr_is_undecided_and_not_waited_for(world: World) -> None:
    event = world.ecs.deploy({"agent": "public.ecr.aws/datadog/agent:7"})
    answer = world.answer(event)
    assert (answer["hookStatus"], details(answer)["decision"]) == ("FAILED", "undecided")
    assert "not in a private Amazon ECR registry" in details(answer)["reasons"][0]
    assert world.asked == []
    world.set(on_undecided="allow")
    assert world.answer(event)["hookStatus"] == "SUCCEEDED"


def test_an_image_outside_of_ecr_that_runs_already_is_admitted_by_its_digest(world: World) -> None:
    digest = f"sha256:{'e' * 64}"
    agent = {"agent": f"public.ecr.aws/datadog/agent@{digest}"}
    world.ecs.deploy(agent, status="SUCCESSFUL", digests={"agent": digest})
    assert world.answer(world.ecs.deploy(agent))["hookStatus"] == "SUCCEEDED"
    other = {"agent": "public.ecr.aws/datadog/agent:7"}
    assert world.answer(world.ecs.deploy(other))["hookStatus"] == "FAILED"


@pytest.mark.parametrize("verdict", ["ERROR", "TIMEOUT", "UNSCANNABLE"])
def test_a_failure_of_an_earlier_deployment_is_scanned_again(world: World, verdict: str) -> None:
    digest = world.ecr.push("shop/app", "1")
    world.know(digest, verdict, reason="the sensor failed", acquired_at=NOW_MS - 1)
    event = world.ecs.deploy({"app": APP})
    first = world.answer(event)
    assert first["hookStatus"] == "IN_PROGRESS"
    assert len(world.asked) == 1
    world.know(digest, verdict, reason="the sensor failed", acquired_at=NOW_MS + 1)
    answer = world.again(event, first)
    assert answer["hookStatus"] == "FAILED"
    assert details(answer)["reasons"] == [f"{APP}: {verdict}: the sensor failed"]


@pytest.mark.attack(14)
@pytest.mark.parametrize("on_undecided", ["allow", "block"])
@pytest.mark.parametrize("verdict", ["ERROR", "TIMEOUT", "UNSCANNABLE"])
def test_what_cannot_be_scanned_elsewhere_decides_nothing(
    world: World, verdict: str, on_undecided: str
) -> None:
    """Another account runs the same bytes from a repository of its own during the deployment."""
    digest = world.ecr.push("shop/app", "1")
    copy = {"account_id": "111122223333", "repository": "mirror/app", "acquired_at": NOW_MS + 1}
    world.know(digest, verdict, reason="no tag points at it", **copy)
    world.set("enforce", on_undecided)
    answer = world.answer(world.ecs.deploy({"app": APP}))
    assert (answer["hookStatus"], len(world.asked)) == ("IN_PROGRESS", 1)


def test_what_was_found_elsewhere_counts(world: World) -> None:
    copy = {"account_id": "111122223333", "repository": "mirror/app"}
    world.know(world.ecr.push("shop/app", "1"), "FINDINGS", **copy)
    assert world.answer(world.ecs.deploy({"app": APP}))["hookStatus"] == "FAILED"


def test_a_verdict_that_has_run_out_is_none(world: World) -> None:
    world.know(world.ecr.push("shop/app", "1"), ttl=NOW)
    assert world.answer(world.ecs.deploy({"app": APP}))["hookStatus"] == "IN_PROGRESS"


def test_an_image_that_is_being_scanned_has_no_verdict(world: World) -> None:
    world.know(world.ecr.push("shop/app", "1"), "IN_PROGRESS")
    assert world.answer(world.ecs.deploy({"app": APP}))["hookStatus"] == "IN_PROGRESS"


def test_a_verdict_counts_though_no_tag_points_at_the_image_any_more(world: World) -> None:
    digest = world.ecr.push("shop/app")
    world.know(digest)
    pinned = {"app": f"{HOST}/shop/app@{digest}"}
    assert world.answer(world.ecs.deploy(pinned))["hookStatus"] == "SUCCEEDED"
    other = {"app": f"{HOST}/shop/app@{world.ecr.push('shop/app', config='b' * 64)}"}
    answer = world.answer(world.ecs.deploy(other))
    assert (answer["hookStatus"], world.asked) == ("FAILED", [])


def test_every_container_counts(world: World) -> None:
    world.know(world.ecr.push("shop/app", "1"))
    world.know(world.ecr.push("shop/proxy", "1", config="b" * 64), "FINDINGS")
    answer = world.answer(world.ecs.deploy({"app": APP, "proxy": f"{HOST}/shop/proxy:1"}))
    assert (answer["hookStatus"], len(details(answer)["reasons"])) == ("FAILED", 1)


def test_a_deployment_of_another_service_is_refused(world: World) -> None:
    world.know(world.ecr.push("shop/app", "1"), "FINDINGS")
    event = world.ecs.deploy({"app": APP})
    (deployment,) = world.ecs.deployments.values()
    deployment["serviceArn"] = f"{SERVICE}-2"
    answer = world.answer(event)
    assert answer["hookStatus"] == "FAILED"
    assert "two services" in details(answer)["reasons"][0]


def test_it_needs_neither_requests_nor_the_qualys_package() -> None:
    """Every import that it can reach, inside of functions too."""
    known = {name_of(path): path for path in MODULES}
    reached, waiting = set(), {"handlers.deployment_gate"}
    while waiting:
        name = waiting.pop()
        reached.add(name)
        if name in known:
            waiting |= imports(known[name], at_run_time=True) - reached
    assert "gate.hook" in reached
    assert not [name for name in reached if name.split(".")[0] in ("requests", "qualys", "urllib3")]
