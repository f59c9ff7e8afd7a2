"""The team that owns a workload: by tags, asked for once, and never in the way of an alert."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from image_scan import config, log
from image_scan.aws.cross_account import Accounts
from image_scan.errors import AwsUnavailable
from image_scan.events.workloads import workload_of
from image_scan.notifications import message
from image_scan.notifications.owners import Owned, Owners
from image_scan.notifications.selection import Selection
from tests.support.builders import (
    ACCOUNT,
    CRITICAL,
    REGION,
    client_error,
    image,
    scan_input,
    to_complete,
)

DEFINITION = f"arn:aws:ecs:{REGION}:111122223333:task-definition/web:7"
SERVICE = f"arn:aws:ecs:{REGION}:111122223333:service/prod/web"
REPOSITORY = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/shop/app"

DENIED = "AccessDeniedException"


class Tags:
    """ECS and ECR, as far as they give tags; a code instead of a tag's value is an error."""

    def __init__(self, teams: dict[str, str]) -> None:
        self.teams = teams
        self.asked: list[str] = []

    def batch_get_image(self, **_: Any) -> dict[str, Any]:
        raise client_error("AccessDeniedException", operation="BatchGetImage")

    def list_tags_for_resource(self, resourceArn: str) -> dict[str, Any]:  # noqa: N803
        self.asked.append(resourceArn)
        team = self.teams.get(resourceArn, "")
        if team.endswith("Exception"):
            raise client_error(team, operation="ListTagsForResource")
        upper = ":ecr:" in resourceArn
        key, value = ("Key", "Value") if upper else ("key", "value")
        tags = [{key: "cost", value: "1"}, *([{key: "team", value: team}] if team else [])]
        return {"tags": tags}


def tagless(tags: Tags | None = None) -> Accounts:
    """Accounts where nothing has a tag, but for those given."""
    found = tags or Tags({})
    return Accounts(None, lambda *_: found, lambda *_: found)


def of(owners: Owners, its: Any, where: dict[str, Any]) -> Owned:
    """All run the image from one repository."""
    return owners.of(dict.fromkeys(where, its), where)


def workloads(*services: str, **facts: str) -> dict[str, Any]:
    named = {"account": "111122223333", "cluster": "prod", "task_definition": DEFINITION, **facts}
    return dict(
        workload_of(scan_input(of=image(), service=service, **named)) for service in services
    )


@pytest.fixture(autouse=True)
def _logging() -> None:
    log.configure()


@pytest.mark.parametrize(
    ("teams", "team"),
    [
        ({SERVICE: "web", DEFINITION: "platform", REPOSITORY: "shop"}, "web"),
        ({DEFINITION: "platform", REPOSITORY: "shop"}, "platform"),
        ({REPOSITORY: "shop"}, "shop"),
        ({}, None),
        ({SERVICE: "AccessDeniedException", REPOSITORY: "shop"}, "shop"),
        ({SERVICE: "t" * 256}, "t" * 100),
    ],
)
def test_the_nearest_tag_says_whose_it_is(teams: dict[str, str], team: str | None) -> None:
    where = workloads("web")
    owners = Owners(tagless(Tags(teams)), "team")
    assert of(owners, image(account_id=ACCOUNT), where).teams == (
        {} if team is None else {next(iter(where)): team}
    )


@pytest.mark.parametrize(
    ("teams", "is_known"),
    [
        ({}, True),
        ({SERVICE: "web", DEFINITION: DENIED, REPOSITORY: DENIED}, True),
        ({SERVICE: DENIED, DEFINITION: "platform"}, False),
        ({SERVICE: DENIED, REPOSITORY: "shop"}, False),
        ({REPOSITORY: DENIED}, False),
    ],
)
def test_no_tag_is_not_the_same_as_one_that_cannot_be_read(
    teams: dict[str, str], is_known: bool
) -> None:
    where = workloads("web")
    owners = Owners(tagless(Tags(teams)), "team")
    for _ in range(2):
        assert of(owners, image(account_id=ACCOUNT), where).unknown == (
            {*()} if is_known else {*where}
        )


def test_who_was_not_asked_for_want_of_time_is_unknown() -> None:
    seconds = iter(range(1000))
    where = workloads(*(f"web-{number}" for number in range(9)))
    owners = Owners(tagless(Tags({DEFINITION: "web"})), "team", lambda: float(next(seconds)))
    found = of(owners, image(), where)
    assert found.unknown == {*sorted(where)[4:]}
    assert found.teams == dict.fromkeys(where, "web"), "what was read before is at hand"


def test_what_has_no_arn_is_not_asked_for() -> None:
    tags = Tags({})
    where = workloads("", cluster="", task_definition="web")
    assert of(Owners(tagless(tags), "team"), image(account_id=""), where) == ({}, {*()})
    assert tags.asked == []


def test_the_arn_of_a_service_names_the_regions_partition() -> None:
    tags, region = Tags({}), "eusc-de-east-1"
    of(Owners(tagless(tags), "team"), image(account_id=""), workloads("web", region=region))
    assert f"arn:aws-eusc:ecs:{region}:111122223333:service/prod/web" in tags.asked


def test_another_tag_can_be_the_owner() -> None:
    (team,) = of(Owners(tagless(), "cost"), image(), workloads("web")).teams.values()
    assert team == "1"


def test_each_is_asked_once() -> None:
    tags = Tags({REPOSITORY: "shop"})
    where = workloads(*(f"web-{number}" for number in range(70)))
    found = of(Owners(tagless(tags), "team"), image(), where).teams
    assert set(found.values()) == {"shop"}
    assert len(found) == 70
    assert tags.asked.count(DEFINITION) == tags.asked.count(REPOSITORY) == 1
    assert len(tags.asked) == 72


@pytest.mark.attack(5)
def test_no_account_uses_up_the_time_for_workloads_of_others() -> None:
    victim = workloads("web", account="999999999999")
    mine = SERVICE.replace("111122223333", "999999999999")
    seconds = iter(range(1000))
    owners = Owners(tagless(Tags({mine: "victims"})), "team", lambda: float(next(seconds)))
    crowd = workloads(*(f"crowd-{number}" for number in range(99)))
    assert of(owners, image(), crowd | victim).teams == dict.fromkeys(victim, "victims")


@pytest.mark.attack(5)
def test_an_account_that_uses_up_its_own_quota_holds_nobody_up() -> None:
    tags = Tags({SERVICE: "ThrottlingException", SERVICE.replace("1111", "9999"): "pay"})
    where = workloads("web") | workloads("web", account="999922223333")
    spokes = config.Spokes(ACCOUNT, "arn:aws:iam::{account}:role/x", "x", frozenset())
    asked = Owners(Accounts(spokes, lambda *_: tags, lambda *_: tags), "team")
    found = of(asked, image(), where)
    assert (found.teams, len(found.unknown)) == ({"999922223333#us-east-1#prod#web": "pay"}, 1)
    with pytest.raises(AwsUnavailable):
        of(Owners(tagless(tags), "team"), image(), where)


def test_an_aws_that_does_not_answer_is_asked_again() -> None:
    owners = Owners(tagless(Tags({SERVICE: "ThrottlingException"})), "team")
    with pytest.raises(AwsUnavailable):
        of(owners, image(), workloads("web"))


def test_a_region_that_does_not_exist_holds_no_message_up() -> None:
    class Nowhere(Tags):
        def list_tags_for_resource(self, resourceArn: str) -> dict[str, Any]:  # noqa: N803
            if ":us-east-9:" in resourceArn:
                raise EndpointConnectionError(endpoint_url="https://api.ecr.us-east-9")
            return super().list_tags_for_resource(resourceArn)

    owners = Owners(tagless(Nowhere({})), "team")
    assert of(owners, image(region="us-east-9"), workloads("web")).teams == {}


def test_the_team_is_in_text_json_and_attributes() -> None:
    where = workloads("web", "worker")
    names = sorted(where)
    selection = Selection(where, teams={names[0]: "payments"})
    sent = message.compose(to_complete(CRITICAL), CRITICAL, selection)
    assert [workload["team"] for workload in sent["workloads"]] == ["payments", ""]
    assert message.attributes(sent, selection)["team"]["StringValue"] == '["payments"]'
    texts = message.notification(sent, selection).texts
    assert "service web of team payments (account" in texts["people"]
