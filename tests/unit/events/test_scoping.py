"""The images of an event are marked where a rule leaves them out."""

from __future__ import annotations

from typing import Any

import pytest

from image_scan import log
from image_scan.aws.cross_account import Accounts
from image_scan.config import Spokes
from image_scan.ecr import references
from image_scan.errors import AwsRejected, AwsUnavailable
from image_scan.events.scope import Scope
from image_scan.events.scoping import Scoping
from tests.support.builders import ACCOUNT, HOST, REGION, client_error, deployment, image
from tests.support.doubles import OneAccount

SERVICE = f"arn:aws:ecs:{REGION}:123456789012:service/prod/web"
DEFINITION = f"arn:aws:ecs:{REGION}:123456789012:task-definition/shop:7"
FOREIGN = "999999999999.dkr.ecr.us-east-1.amazonaws.com"
OPTED_OUT = {"name": "opted out", "tags": {"image-scan": "skip"}}


class Ecs:
    """Tags by ARN; None is refused."""

    def __init__(self, tags: Any) -> None:
        self.tags = tags
        self.asked: list[str] = []

    def list_tags_for_resource(self, resourceArn: str) -> Any:  # noqa: N803
        self.asked.append(resourceArn)
        value = self.tags.get(resourceArn, "")
        if value is None:
            raise client_error("AccessDeniedException", operation="ListTagsForResource")
        return {"tags": [{"key": "image-scan", "value": value}] if value else []}


@pytest.fixture(autouse=True)
def _logging() -> None:
    log.configure()


def marked(
    *rules: Any, ecs: Ecs | None = None, containers: Any = None, wanted: bool = False, **facts: Any
) -> Any:
    accounts = OneAccount(lambda _: ecs or Ecs({}), lambda _: None)
    repositories = containers or {"app": "shop/app"}
    found = image(containers=[*repositories])
    scope = Scope.read({"exclude": list(rules)})
    named = {name: references.parse(f"{HOST}/{each}:1") for name, each in repositories.items()}
    Scoping(scope, accounts).mark([found], deployment(**facts), named, wanted=wanted)
    return found


def test_an_image_has_the_name_of_the_rule_that_leaves_it_out() -> None:
    rule = {"name": "apps", "repositories": ["shop/*"]}
    assert marked(rule)["out_of_scope"] == "apps"
    assert marked(rule)["allow_at_gate"] is marked(rule)["wanted"] is False
    assert marked({**rule, "allow_at_gate": True}, wanted=True)["allow_at_gate"] is True
    assert "out_of_scope" not in marked({"name": "apps", "repositories": ["other/*"]})


def test_an_image_of_two_repositories_is_in_scope_if_one_of_them_is() -> None:
    apps = {"name": "apps", "repositories": ["shop/*"], "allow_at_gate": True}
    both = {"app": "shop/app", "copy": "mirror/app"}
    assert "out_of_scope" not in marked(apps, containers=both)
    mirror = {"name": "mirror", "repositories": ["mirror/*"]}
    found = marked(apps, mirror, containers=both)
    assert (found["out_of_scope"], found["allow_at_gate"]) == ("mirror", False)


@pytest.mark.parametrize(
    ("service", "tags", "name"),
    [
        ("web", {SERVICE: "skip"}, "opted out"),
        ("web", {DEFINITION: "skip"}, ""),
        ("web", {SERVICE: None, DEFINITION: "skip"}, ""),
        ("web", {SERVICE: "skip", DEFINITION: None}, "opted out"),
        ("", {DEFINITION: "skip"}, "opted out"),
        ("", {DEFINITION: None}, ""),
        ("web", {}, ""),
    ],
)
def test_the_tags_of_a_service_count_or_those_of_a_task_without_one(
    service: str, tags: Any, name: str
) -> None:
    """Whoever may run a task may say that it is of any service."""
    assert marked(OPTED_OUT, ecs=Ecs(tags), service=service).get("out_of_scope", "") == name


def test_tags_are_read_once_and_only_for_a_rule() -> None:
    ecs = Ecs({})
    marked({"name": "apps", "repositories": ["shop/*"]}, ecs=ecs)
    assert ecs.asked == []
    marked(OPTED_OUT, {**OPTED_OUT, "name": "again"}, ecs=ecs, containers={"a": "x/a", "b": "x/b"})
    assert ecs.asked == [SERVICE]


def test_the_family_stands_for_a_service_where_there_is_none() -> None:
    assert marked({"name": "shop", "services": ["shop"]}, service="")["out_of_scope"] == "shop"
    assert "out_of_scope" not in marked({"name": "shop", "services": ["shop"]})


def test_the_smoke_test_is_explicit_and_a_service_of_that_name_is_not() -> None:
    rule = {"name": "dev", "clusters": ["dev-*"]}
    registered: Any = {"event_name": "RegisterTaskDefinition", "cluster": "", "service": ""}
    smoke, app = {"image-scan-smoke": "shop/app"}, {"app": "shop/app"}
    assert "out_of_scope" not in marked(rule, containers=smoke, **registered)
    assert "out_of_scope" in marked(rule, containers=app, **registered)
    assert "out_of_scope" in marked(rule, containers={**smoke, **app}, **registered)
    assert "out_of_scope" in marked(rule, containers=smoke, cluster="dev-1")


def test_a_request_by_hand_is_explicit() -> None:
    rule = {"name": "apps", "repositories": ["shop/*"]}
    assert "out_of_scope" not in marked(rule, event_name="ScanRequest")


@pytest.mark.parametrize("facts", [{"cluster": ""}, {"service": "", "task_definition": "shop:7"}])
def test_what_has_no_arn_is_not_left_out_by_tags(facts: Any) -> None:
    skipped = Ecs({SERVICE: "skip", DEFINITION: "skip"})
    assert "out_of_scope" in marked(OPTED_OUT, ecs=skipped)
    assert "out_of_scope" not in marked(OPTED_OUT, ecs=skipped, **facts)


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com/vendor/agent:1", "vendor/agent"),
        (f"{FOREIGN}/vendor/agent:1", f"{FOREIGN}/vendor/agent"),
        ("vendor/agent:1", "docker.io/vendor/agent"),
        ("docker.io/vendor/agent", "docker.io/vendor/agent"),
        ("nginx:1.27", "docker.io/library/nginx"),
        ("docker.io/nginx:1.27", "docker.io/library/nginx"),
        ("public.ecr.aws/vendor/agent:1", "public.ecr.aws/vendor/agent"),
        ("localhost/vendor/agent", "localhost/vendor/agent"),
    ],
)
def test_a_repository_has_its_registry_unless_it_is_ours(uri: str, name: str) -> None:
    """Anybody can have a repository of this name elsewhere."""
    scope = Scope.read({"include": [{"name": "one", "repositories": [name]}]})
    scoping = Scoping(scope, Accounts(None, lambda *_: None, lambda *_: None))
    assert scoping._repository(references.parse(uri), ACCOUNT) == name


MEMBER, CENTRAL = "222222222222", "333333333333"


@pytest.mark.parametrize(
    ("listed", "error", "left_out"),
    [
        ((), None, {"include": "", "exclude": "shop"}),
        ((MEMBER, CENTRAL), None, {"include": "", "exclude": "shop"}),
        ((), AwsRejected("no role"), {"include": "not included", "exclude": ""}),
        ((), AwsUnavailable("no answer"), {"include": "", "exclude": ""}),
    ],
    ids=["organization", "accounts", "foreign", "unknown"],
)
@pytest.mark.parametrize("kind", ["include", "exclude"])
def test_a_rule_matches_a_repository_of_any_member(
    listed: Any, error: Exception | None, left_out: dict[str, str], kind: str
) -> None:
    """A member deploys from the central registry of another one."""

    def connect_as(*_: str) -> Any:
        if error:
            raise error

    spokes = Spokes(ACCOUNT, "arn:aws:iam::{account}:role/describe", "id", frozenset(listed))
    accounts = Accounts(spokes, lambda *_: None, connect_as)
    scope = Scope.read({kind: [{"name": "shop", "repositories": ["shop/*"]}]})
    found = image()
    named = {"app": references.parse(f"{CENTRAL}.dkr.ecr.{REGION}.amazonaws.com/shop/app:1")}
    Scoping(scope, accounts).mark([found], deployment(account=MEMBER), named)
    assert found.get("out_of_scope", "") == left_out[kind]
