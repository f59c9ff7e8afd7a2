"""An organization of emulated accounts around an install: who deploys, who holds images.

The account of the install is its management account. StackSets are what the emulator lacks: the
templates of modules/org-spoke are created as plain stacks, in each account and region.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sandbox.aws import ACCOUNT, REGION, Principal
from sandbox.furnished_account import make_trail
from sandbox.install import Install
from sandbox.terraform import Terraform

Json = dict[str, Any]
TEMPLATES = "modules/org-spoke/templates"
PREFIX = "qualys-image-scan"
ELSEWHERE = "eu-west-1"
_PATIENCE = {"Delay": 0.2, "MaxAttempts": 100}
_DEPLOYER = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["ecs:*", "iam:PassRole"], "Resource": "*"}],
}


@dataclass(frozen=True)
class Spoke:
    """A region of an account, and somebody who deploys there."""

    install: Install
    account: str
    region: str
    deployer: Principal

    def client(self, service: str, principal: Principal | None = None) -> Any:
        return self.install.aws.client(service, self.account, self.region, principal)

    @property
    def ecs(self) -> Any:
        return self.client("ecs", self.deployer)


class Organization:
    """Its accounts, once made; `connect` has them forward to the install.

    shop    deploys in two regions, by the templates of modules/org-spoke
    images  holds images and deploys nothing: the roles alone
    tools   deploys in one region, by modules/regional-spoke
    """

    def __init__(self, install: Install) -> None:
        self.install = install
        self._aws = install.aws
        self._deployers: dict[str, Principal] = {}
        self._organizations = self._aws.client("organizations")
        self.id = str(self._organizations.describe_organization()["Organization"]["Id"])
        self.shop, self.images, self.tools = map(self.create_account, ("shop", "images", "tools"))
        make_trail(self._aws, ACCOUNT, IsOrganizationTrail=True, IsMultiRegionTrail=True)

    @property
    def hub(self) -> Json:
        """What spokes are told."""
        return dict(self.install.outputs["hub"])

    def connect(self) -> None:
        """Both kinds of spokes, as the class says, and a second region of the install's account."""
        self.roles(self.shop)
        self.roles(self.images)
        for region in (ELSEWHERE, REGION):
            self.rules(self.shop, region)
        self.member_root = self.terraform(
            self.tools, REGION, create_describe_role=True, create_trail=True
        )
        roots = [self.terraform(ACCOUNT, ELSEWHERE), self.member_root]
        with ThreadPoolExecutor() as pool:  # most of an apply is waiting
            list(pool.map(Terraform.apply, roots))

    def create_account(self, name: str) -> str:
        answer = self._organizations.create_account(AccountName=name, Email=f"{name}@example.com")
        return str(answer["CreateAccountStatus"]["AccountId"])

    def spoke(self, account: str = ACCOUNT, region: str = REGION) -> Spoke:
        if account not in self._deployers:
            name = f"deployer-{account}"
            self._deployers[account] = self._aws.create_user(name, _DEPLOYER, account)
        return Spoke(self.install, account, region, self._deployers[account])

    def terraform(self, account: str, region: str, **variables: Any) -> Terraform:
        """modules/regional-spoke in a root of its own, ready to be applied."""
        folder = self.install.scratch / "spokes" / f"{account}-{region}"
        folder.mkdir(parents=True)
        module = {
            "source": "../../modules/regional-spoke",
            "hub": self.hub,
            "tags": {"application": PREFIX},
            **variables,
        }
        (folder / "main.tf.json").write_text(json.dumps({"module": {"spoke": module}}))
        made = Terraform(folder, self._aws.environment(account, region))
        made.init()
        return made

    def unforwarded(self, spoke: Spoke) -> list[Json]:
        """Takes what a spoke could not forward."""
        sqs = spoke.client("sqs")
        url = sqs.get_queue_url(QueueName=f"{PREFIX}-unforwarded-events")["QueueUrl"]
        return self.install.messages(url, sqs)

    def roles(self, account: str) -> None:
        hub, base = self.hub, self.install.aws_base()
        path, _, name = f"/{hub['registry_role_name']}".rpartition("/")
        self._stack(
            account,
            REGION,
            "roles",
            OrganizationId=hub["organization_id"],
            DescribePrincipalArns=",".join(hub["describe_principal_arns"]),
            DescribeRoleName=hub["describe_role_name"],
            DescribeExternalId=hub["describe_external_id"],
            RegistryRoleName=name,
            RegistryRolePath=f"{path}/",
            QualysAccountId=str(base["accountId"]),
            QualysExternalId=str(base["externalId"]),
        )

    def rules(self, account: str, region: str) -> None:
        self._stack(account, region, "rules")

    def _stack(self, account: str, region: str, template: str, **parameters: str) -> None:
        """A template of modules/org-spoke as a plain stack; returns when it is there."""
        given = {
            "NamePrefix": PREFIX,
            "RolePath": self.hub["iam_path"],
            "HubEventBusArn": self.hub["event_bus_arn"],
            **parameters,
        }
        cloudformation = self._aws.client("cloudformation", account, region)
        cloudformation.create_stack(
            StackName=f"{PREFIX}-{template}",
            TemplateBody=(self.install.scratch / TEMPLATES / f"{template}.yaml").read_text(),
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value} for name, value in given.items()
            ],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        waiter = cloudformation.get_waiter("stack_create_complete")
        waiter.wait(StackName=f"{PREFIX}-{template}", WaiterConfig=_PATIENCE)
