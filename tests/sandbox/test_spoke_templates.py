"""The templates of org-spoke as plain stacks: what StackSets would make in an account."""

import json
from typing import Any

import pytest

from sandbox.aws import REPOSITORY
from tests.sandbox.account import Account, Json
from tests.sandbox.events import caught, register

TEMPLATES = REPOSITORY / "modules/org-spoke/templates"
REGIONS = ("us-east-1", "eu-west-1")
PREFIX = "test-scan"
DEPLOYMENTS: Json = {"source": ["aws.ecs"]}
_PATIENCE = {"Delay": 0.1, "MaxAttempts": 200}


class Spoke:
    """A member account of the organization of `hub`, and its stacks."""

    def __init__(self, hub: Account, bus: str) -> None:
        organizations = hub.client("organizations")
        self.organization = organizations.describe_organization()["Organization"]["Id"]
        created = organizations.create_account(AccountName="member", Email="m@example.com")
        self.id = str(created["CreateAccountStatus"]["AccountId"])
        self.bus = bus
        self.aws = hub.aws

    def region(self, name: str) -> Account:
        return Account(self.aws, self.id, name)

    def create(self, template: str, region: str, **parameters: str) -> None:
        """Creates a stack, and waits for it."""
        given = {"NamePrefix": PREFIX, "RolePath": "/scan/", "HubEventBusArn": self.bus}
        cloudformation = self.region(region).client("cloudformation")
        cloudformation.create_stack(
            StackName=template,
            TemplateBody=(TEMPLATES / f"{template}.yaml").read_text(),
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in (given | parameters).items()
            ],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        waiter = cloudformation.get_waiter("stack_create_complete")
        waiter.wait(StackName=template, WaiterConfig=_PATIENCE)

    def create_roles(self, **parameters: str) -> None:
        self.create(
            "roles",
            REGIONS[0],
            OrganizationId=self.organization,
            HubAccountId="111111111111",
            DescribePrincipalArns="arn:aws:iam::111111111111:role/parse",
            DescribeRoleName="hub-describe",
            DescribeExternalId="hub-1",
            RegistryRoleName="qualys",
            RegistryRolePath="/security/",
            GateRoleName=f"{PREFIX}-deployment-gate-hook",
            **parameters,
        )

    def delete(self, template: str, region: str) -> None:
        cloudformation = self.region(region).client("cloudformation")
        cloudformation.delete_stack(StackName=template)
        waiter = cloudformation.get_waiter("stack_delete_complete")
        waiter.wait(StackName=template, WaiterConfig=_PATIENCE)

    def roles(self) -> set[str]:
        iam = self.region(REGIONS[0]).client("iam")
        return {f"{role['Path']}{role['RoleName']}" for role in iam.list_roles()["Roles"]}

    def left(self, region: str) -> list[Any]:
        """What is there of the rules' stack."""
        account = self.region(region)
        queues = account.client("sqs").list_queues(QueueNamePrefix=PREFIX).get("QueueUrls", [])
        rules = account.client("events").list_rules(NamePrefix=PREFIX)["Rules"]
        alarms = account.client("cloudwatch").describe_alarms(AlarmNamePrefix=PREFIX)
        return [*queues, *rules, *alarms["MetricAlarms"]]

    def unforwarded(self, region: str) -> list[str]:
        """Takes what lies in the queue; the error of each."""
        account = self.region(region)
        name = f"{PREFIX}-unforwarded-events"
        url = account.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
        return [
            each["MessageAttributes"]["ERROR_CODE"]["StringValue"] for each in account.messages(url)
        ]


@pytest.fixture
def spoke(account: Account) -> Spoke:
    bus = account.client("events").create_event_bus(Name="hub")["EventBusArn"]
    made = Spoke(account, bus)
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "events:PutEvents",
        "Resource": bus,
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": made.organization}},
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    account.client("events").put_permission(EventBusName="hub", Policy=json.dumps(policy))
    home = made.region(REGIONS[0])
    home.client("s3").create_bucket(Bucket=f"trail-{made.id}")
    home.client("cloudtrail").create_trail(
        Name="all", S3BucketName=f"trail-{made.id}", IsMultiRegionTrail=True
    )
    home.client("cloudtrail").start_logging(Name="all")
    return made


@pytest.mark.parametrize("order", [REGIONS, REGIONS[::-1]], ids=["home first", "home last"])
def test_two_regions_in_any_order_before_the_roles(
    account: Account, spoke: Spoke, order: tuple[str, str]
) -> None:
    url = caught(account, DEPLOYMENTS, "hub")
    for region in order:
        spoke.create("rules", region)
        register(spoke.region(region))
        assert spoke.unforwarded(region) == ["NO_PERMISSIONS"], "nothing may be lost meanwhile"
    spoke.create_roles()
    for region in order:
        register(spoke.region(region))
        assert spoke.unforwarded(region) == []
    arrived = [json.loads(each["Body"]) for each in account.messages(url)]
    assert [(each["account"], each["region"]) for each in arrived] == [
        (spoke.id, region) for region in order
    ]


def test_they_can_be_removed_in_any_order(spoke: Spoke) -> None:
    spoke.create_roles(QualysAccountId="999999999999", QualysExternalId="q-1")
    for region in REGIONS:
        spoke.create("rules", region)
    assert spoke.roles() == {"/scan/test-scan-forward", "/scan/hub-describe", "/security/qualys"}
    spoke.delete("rules", REGIONS[1])
    spoke.delete("roles", REGIONS[0])
    spoke.delete("rules", REGIONS[0])
    assert spoke.roles() == set()
    assert [spoke.left(region) for region in REGIONS] == [[], []]


def test_no_registry_role_unasked(spoke: Spoke) -> None:
    spoke.create_roles()
    assert spoke.roles() == {"/scan/test-scan-forward", "/scan/hub-describe"}


@pytest.mark.parametrize(("asked", "policies"), [("false", set()), ("true", {"import-findings"})])
def test_findings_may_be_imported_only_where_that_is_asked_for(
    spoke: Spoke, asked: str, policies: set[str]
) -> None:
    spoke.create_roles(ImportFindings=asked)
    iam = spoke.region(REGIONS[0]).client("iam")
    found = set(iam.list_role_policies(RoleName="hub-describe")["PolicyNames"])
    assert found == {"describe", *policies}
    spoke.delete("roles", REGIONS[0])
    assert spoke.roles() == set()
