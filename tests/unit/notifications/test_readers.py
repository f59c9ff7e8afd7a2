"""Whose own topic gets the findings of an image: of a team that may read the image."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from image_scan import config, log
from image_scan.aws.cross_account import Accounts
from image_scan.errors import AwsRejected, AwsUnavailable
from image_scan.notifications.readers import Readers
from tests.support.builders import ACCOUNT, DIGEST, client_error, image

HUB, CART, EVIL = "555555555555", "666666666666", "777777777777"
SOON = 5.0
TEAMS = ("cart", "evil", "payments")


class Registry:
    """ECR of the account that holds the image, if it does. `closed` are the accounts that it
    denies."""

    def __init__(
        self, *closed: str, error: Exception | None = None, has_image: bool = True
    ) -> None:
        self.closed = closed
        self.images = [{"imageManifest": "{}"}] if has_image else []
        self.error = error or client_error("AccessDeniedException", operation="BatchGetImage")
        self.asked: list[tuple[str, Any]] = []

    def as_account(self, account: str) -> Any:
        registry = self

        class Ecr:
            def batch_get_image(self, **asked: Any) -> dict[str, Any]:
                registry.asked.append((account, asked))
                if account in registry.closed:
                    raise registry.error
                return {"images": registry.images, "failures": []}

        return Ecr()


def readers(registry: Registry, **options: Any) -> Readers:
    def connect_as(role: str, *_: str) -> Any:
        return registry.as_account(role.split(":")[4])

    spokes = config.Spokes(HUB, "arn:aws:iam::{account}:role/describe", "x", frozenset())
    made = Accounts(spokes, lambda *_: registry.as_account(HUB), connect_as)
    return Readers(made, **{"timer": lambda: 0.0, **options})


def owned(*pairs: tuple[str, str]) -> list[tuple[str, Any]]:
    return [(team, {"account": account}) for team, account in pairs]


@pytest.fixture(autouse=True)
def _logging() -> None:
    log.configure()


def test_a_team_of_an_account_that_may_not_read_the_image_gets_nothing_of_it() -> None:
    registry = Registry(EVIL)
    where = owned(("evil", EVIL), ("cart", CART), ("payments", ACCOUNT))
    assert readers(registry).among(TEAMS, image(), where, SOON) == {"cart", "payments"}
    assert [account for account, _ in registry.asked] == [EVIL, CART, ACCOUNT]
    assert registry.asked[0][1] == {
        "registryId": ACCOUNT,
        "repositoryName": "shop/app",
        "imageIds": [{"imageDigest": DIGEST}],
    }


def test_the_hub_asks_with_its_own_role() -> None:
    assert readers(Registry(HUB)).among(TEAMS, image(), owned(("evil", HUB)), SOON) == set()
    assert readers(Registry()).among(TEAMS, image(), owned(("cart", HUB)), SOON) == {"cart"}


def test_an_image_without_a_digest_is_asked_for_by_its_tag() -> None:
    registry = Registry()
    readers(registry).among(TEAMS, image(digest=""), owned(("cart", CART)), SOON)
    assert registry.asked[0][1]["imageIds"] == [{"imageTag": "1.4.2"}]


def test_each_account_is_asked_once_and_only_for_teams_with_a_topic() -> None:
    registry = Registry(EVIL)
    of = readers(registry)
    where = owned(*[("evil", EVIL)] * 3, *[("cart", CART)] * 3, ("no topic", CART))
    for _ in range(2):
        assert of.among(TEAMS, image(), where, SOON) == {"cart"}
    assert [account for account, _ in registry.asked] == [EVIL, CART]


@pytest.mark.attack(5)
def test_a_crowd_of_accounts_uses_up_its_own_time_only() -> None:
    passed = iter([0.0, 0.0, 6.0, 6.0])
    of = readers(Registry(EVIL), timer=lambda: next(passed))
    where = owned(("evil", EVIL), ("payments", ACCOUNT), ("evil", CART))
    assert of.among(TEAMS, image(), where, SOON) == {"payments"}


def test_an_account_whose_ecr_does_not_answer_is_asked_again() -> None:
    silent = EndpointConnectionError(endpoint_url="https://ecr")
    with pytest.raises(AwsUnavailable):
        readers(Registry(CART, error=silent)).among(TEAMS, image(), owned(("cart", CART)), SOON)
    nowhere = image(region="mars-north-1")
    assert not readers(Registry(CART, error=silent)).among(
        TEAMS, nowhere, owned(("cart", CART)), SOON
    )


@pytest.mark.attack(5)
def test_an_account_that_uses_up_its_own_quota_holds_nobody_up() -> None:
    throttled = client_error("ThrottlingException", operation="BatchGetImage")
    where = owned(("evil", EVIL), ("payments", ACCOUNT))
    assert readers(Registry(EVIL, error=throttled)).among(TEAMS, image(), where, SOON) == {
        "payments"
    }
    with pytest.raises(AwsUnavailable):
        readers(Registry(HUB, error=throttled)).among(TEAMS, image(), owned(("evil", HUB)), SOON)


@pytest.mark.attack(8)
def test_a_digest_that_the_repository_does_not_have_shows_nobody_findings() -> None:
    """Whoever runs a container instance may report any digest for an image of its own."""
    where = owned(("payments", ACCOUNT), ("cart", CART))
    assert readers(Registry(has_image=False)).among(TEAMS, image(), where, SOON) == set()


def test_an_account_that_does_not_let_us_in_gets_nothing() -> None:
    def denied(*_: str) -> Any:
        raise AwsRejected("sts:AssumeRole: AccessDenied")

    spokes = config.Spokes(HUB, "arn:aws:iam::{account}:role/describe", "x", frozenset())
    of = Readers(Accounts(spokes, denied, denied))
    assert not of.among(TEAMS, image(), owned(("cart", CART)), SOON)
