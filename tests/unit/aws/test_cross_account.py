"""Whose ECS and ECR may be read, and as whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from image_scan import config
from image_scan.aws.cross_account import Accounts
from image_scan.errors import AwsRejected, AwsUnavailable

if TYPE_CHECKING:
    from tests.support.doubles import Clock

HUB, MEMBER, CENTRAL, FOREIGN = (letter * 12 for letter in "1234")
HERE = "eu-west-1"


class Aws:
    """Who asked for which client; `closed` accounts have no role that lets the hub in."""

    def __init__(self, *closed: str) -> None:
        self.closed = closed
        self.assumed: list[str] = []
        self.error: Exception = AwsRejected("sts:AssumeRole: AccessDenied")

    def connect(self, service: str, region: str) -> str:
        return f"{service} {region} as the hub"

    def connect_as(self, role: str, external_id: str, service: str, region: str) -> str:
        assert external_id == "installation-1"
        account = role.split(":")[4]
        assert role == f"arn:aws:iam::{account}:role/describe"
        self.assumed.append(account)
        if account in self.closed:
            raise self.error
        return f"{service} {region} as {account}"


def accounts(aws: Aws, *listed: str, clock: Any = None) -> Accounts:
    spokes = config.Spokes(
        HUB, "arn:aws:iam::{account}:role/describe", "installation-1", frozenset(listed)
    )
    return Accounts(spokes, aws.connect, aws.connect_as, *([clock] if clock else []))


def ecs(of: Accounts, account_id: str) -> object:
    """Whose client asks ECS of an account."""
    return of.ecs(account_id, HERE)


def ecr(of: Accounts, account_id: str, deployer: str = MEMBER) -> object:
    """Whose client asks ECR of an account, and as which Registry."""
    return of.ecr(account_id, HERE, deployer)


def test_an_installation_of_one_account_reads_everything_as_itself() -> None:
    aws = Aws()
    alone = Accounts(None, aws.connect, aws.connect_as)
    assert ecs(alone, MEMBER) == "ecs eu-west-1 as the hub"
    assert ecr(alone, MEMBER) == ("ecr eu-west-1 as the hub", "", True)
    assert aws.assumed == []


@pytest.mark.parametrize("listed", [None, (), (MEMBER, CENTRAL)])
def test_whose_an_account_is_without_asking_it(listed: tuple[str, ...] | None) -> None:
    aws = Aws()
    alone = Accounts(None, aws.connect, aws.connect_as)
    of = alone if listed is None else accounts(aws, *listed)
    assert of.is_ours(MEMBER, MEMBER)
    assert of.is_ours(HUB, MEMBER) == (listed is not None)
    assert of.is_ours(CENTRAL, MEMBER) == bool(listed)
    assert not of.is_ours(FOREIGN, MEMBER)
    assert aws.assumed == []


def test_an_installation_of_one_account_reads_a_foreign_registry_as_itself() -> None:
    aws = Aws()
    alone = Accounts(None, aws.connect, aws.connect_as)
    assert ecr(alone, FOREIGN, HUB) == ("ecr eu-west-1 as the hub", "", False)
    assert aws.assumed == []


def test_accounts_that_did_not_let_us_in_are_not_remembered_for_ever(clock: Clock) -> None:
    """Whoever deploys an image invents accounts as he likes."""
    aws = Aws(*(f"{number:012}" for number in range(100)))
    of = accounts(aws, clock=clock)
    for number in range(100):
        of.ecr(f"{number:012}", HERE, MEMBER)
        clock.now += 100
    assert len(of._closed) <= 10


def test_ecr_with_the_permissions_of_who_deploys() -> None:
    aws = Aws()
    alone = Accounts(None, aws.connect, aws.connect_as)
    found: list[object] = [alone.ecr_as(MEMBER, HERE)]
    found += [accounts(aws).ecr_as(each, HERE) for each in (HUB, MEMBER)]
    assert found == [f"ecr {HERE} as {each}" for each in ("the hub", "the hub", MEMBER)]
    with pytest.raises(AwsRejected, match=FOREIGN):
        accounts(aws, MEMBER).ecr_as(FOREIGN, HERE)


@pytest.mark.parametrize("listed", [(), (MEMBER,)])
def test_the_hub_reads_itself_as_itself_and_a_member_through_its_role(
    listed: tuple[str, ...],
) -> None:
    aws = Aws()
    of = accounts(aws, *listed)
    assert ecs(of, HUB) == "ecs eu-west-1 as the hub"
    assert ecr(of, HUB) == ("ecr eu-west-1 as the hub", "", True)
    assert aws.assumed == []
    assert ecs(of, MEMBER) == f"ecs eu-west-1 as {MEMBER}"
    assert ecr(of, MEMBER) == (f"ecr eu-west-1 as {MEMBER}", MEMBER, True)


def test_an_account_that_is_not_listed_is_refused_before_any_call() -> None:
    aws = Aws()
    of = accounts(aws, MEMBER)
    with pytest.raises(AwsRejected, match=FOREIGN):
        of.ecs(FOREIGN, HERE)
    assert ecr(of, FOREIGN) == ("ecr eu-west-1 as the hub", "", False)
    assert aws.assumed == []


@pytest.mark.parametrize("listed", [(), (MEMBER,)])
def test_a_member_without_its_role_is_an_error_and_not_read_otherwise(
    listed: tuple[str, ...],
) -> None:
    of = accounts(Aws(MEMBER), *listed)
    with pytest.raises(AwsRejected):
        of.ecs(MEMBER, HERE)
    with pytest.raises(AwsRejected):
        of.ecr(MEMBER, HERE, MEMBER)


def test_a_central_registry_of_the_organization_is_read_through_its_role() -> None:
    aws = Aws()
    assert ecr(accounts(aws), CENTRAL) == (f"ecr eu-west-1 as {CENTRAL}", CENTRAL, True)
    assert accounts(aws, MEMBER, CENTRAL).ecr(CENTRAL, HERE, MEMBER)[1] == CENTRAL


def test_a_foreign_public_registry_is_read_as_ourselves_and_not_asked_for_long(
    clock: Clock,
) -> None:
    """As those of AWS' own images, which run beside many services."""
    aws = Aws(FOREIGN)
    of = accounts(aws, clock=clock)
    for _ in range(5):
        assert ecr(of, FOREIGN) == ("ecr eu-west-1 as the hub", "", False)
    assert aws.assumed == [FOREIGN]
    clock.now += 901
    aws.closed = ()
    assert of.ecr(FOREIGN, HERE, MEMBER)[1] == FOREIGN


def test_trouble_of_sts_is_not_taken_for_a_refusal() -> None:
    aws = Aws(CENTRAL)
    aws.error = AwsUnavailable("sts:AssumeRole: Throttling")
    with pytest.raises(AwsUnavailable):
        accounts(aws).ecr(CENTRAL, HERE, MEMBER)


def test_the_settings_of_a_hub(environment: pytest.MonkeyPatch) -> None:
    assert config.spokes() is None
    environment.setenv("DESCRIBE_ROLE_ARN", "arn:aws:iam::{account}:role/describe")
    environment.setenv("DESCRIBE_EXTERNAL_ID", "installation-1")
    environment.setenv("HUB_ACCOUNT_ID", HUB)
    environment.setenv("SPOKE_ACCOUNT_IDS", "")
    spokes = config.spokes()
    assert spokes is not None
    assert spokes.account_ids == frozenset()
    environment.setenv("SPOKE_ACCOUNT_IDS", f"{MEMBER} {CENTRAL}")
    assert (config.spokes() or spokes).account_ids == {MEMBER, CENTRAL}


def test_the_sensors_role_is_that_of_the_images_account(environment: pytest.MonkeyPatch) -> None:
    own = config.registry_role_arn("")
    environment.setenv("SPOKE_REGISTRY_ROLE_ARN", "arn:aws:iam::{account}:role/qualys")
    assert config.registry_role_arn("") == own
    assert config.registry_role_arn(MEMBER) == f"arn:aws:iam::{MEMBER}:role/qualys"


def test_findings_go_to_the_owner_as_its_describe_role() -> None:
    aws = Aws()
    assert accounts(aws).security_hub("", HERE) == "securityhub eu-west-1 as the hub"
    assert accounts(aws).security_hub(HUB, HERE) == "securityhub eu-west-1 as the hub"
    alone = Accounts(None, aws.connect, aws.connect_as)
    assert alone.security_hub("", HERE) == "securityhub eu-west-1 as the hub"
    assert aws.assumed == []
    of = accounts(aws, MEMBER)
    assert of.security_hub(MEMBER, HERE) == f"securityhub eu-west-1 as {MEMBER}"
    with pytest.raises(AwsRejected, match=FOREIGN):
        of.security_hub(FOREIGN, HERE)
    with pytest.raises(AwsRejected, match=MEMBER):
        alone.security_hub(MEMBER, HERE)
