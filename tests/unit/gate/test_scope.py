"""An image that is out of scope starts without a verdict only where its rule says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from image_scan.events import deployments
from image_scan.events.scope import Scope
from tests.support.doubles import OneAccount
from tests.unit.gate.conftest import APP

if TYPE_CHECKING:
    from tests.unit.gate.conftest import World

NGINX = "docker.io/library/nginx:1.27"
APPS = {"name": "apps", "repositories": ["shop/*"]}


def scoped(world: World, *exclude: Any) -> None:
    world.scope = Scope.read({"exclude": list(exclude)})


def whys(world: World) -> list[tuple[str, str]]:
    (decided,) = world.announced
    return [(each.why, each.reason) for each in decided.images]


@pytest.mark.parametrize("verdict", [None, "CLEAN", "FINDINGS", "ERROR"])
def test_a_rule_lets_an_image_start_and_says_so(world: World, verdict: str | None) -> None:
    digest = world.ecr.push("shop/app", "1")
    if verdict:
        world.know(digest, verdict)
    scoped(world, {**APPS, "allow_at_gate": True})
    assert world.answer(world.ecs.deploy({"app": APP}))["hookStatus"] == "SUCCEEDED"
    assert whys(world) == [("out of scope", "out of scope by the rule apps")]
    assert world.asked == []


def test_no_rule_lets_known_malware_start(world: World) -> None:
    digest = world.ecr.push("shop/app", "1")
    world.know(digest, "FINDINGS", malware={"critical": 1, "high": 0, "medium": 0, "low": 0})
    scoped(world, {**APPS, "allow_at_gate": True})
    assert world.answer(world.ecs.deploy({"app": APP}))["hookStatus"] == "FAILED"
    assert [why for why, _ in whys(world)] == ["malware"]


def test_the_others_of_its_deployment_are_judged(world: World) -> None:
    world.ecr.push("shop/app", "1")
    world.know(world.ecr.push("other/app", "1"), "FINDINGS")
    scoped(world, {**APPS, "allow_at_gate": True})
    images = {"app": APP, "side": APP.replace("shop/", "other/")}
    assert world.answer(world.ecs.deploy(images))["hookStatus"] == "FAILED"


def test_an_image_outside_of_ecr_may_start_by_a_rule(world: World) -> None:
    rule = {"name": "agents", "repositories": ["docker.io/library/*"]}
    scoped(world, rule)
    assert world.answer(world.ecs.deploy({"app": NGINX}))["hookStatus"] == "FAILED"
    scoped(world, {**rule, "allow_at_gate": True})
    world.announced.clear()
    assert world.answer(world.ecs.deploy({"app": NGINX}))["hookStatus"] == "SUCCEEDED"
    assert whys(world) == [("out of scope", "out of scope by the rule agents")]


@pytest.mark.parametrize("rule", [APPS, {"name": "opted out", "tags": {"image-scan": "skip"}}])
def test_without_that_it_is_scanned_for_the_gate_and_judged(world: World, rule: Any) -> None:
    """So a tag of a service opens no gate."""
    digest = world.ecr.push("shop/app", "1")
    world.ecs.tags["image-scan"] = "skip"
    scoped(world, rule)
    event = world.ecs.deploy({"app": APP})
    first = world.answer(event)
    assert first["hookStatus"] == "IN_PROGRESS"
    accounts = OneAccount(lambda _: world.ecs, world.ecr.in_region)
    (image,) = deployments.read(world.asked[0], accounts, world.scope)["images"]
    assert image["wanted"] is True, "the intake scans it, though it is out of scope"
    world.know(digest, "FINDINGS")
    assert world.again(event, first)["hookStatus"] == "FAILED"
