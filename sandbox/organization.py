"""An organization of emulated accounts around an installation: some deploy, one has images.

The account of the installation is its management account. The emulator has no StackSets, so the
templates of modules/org-spoke are created as plain stacks, in each account and region.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from sandbox.aws import ACCOUNT, REGION, Aws, Principal
from sandbox.installation import Installation
from sandbox.terraform_project import Terraform

Json = dict[str, Any]
TEMPLATES = "modules/org-spoke/templates"
PREFIX = "qualys-image-scan"
GATE_ROLE = f"{PREFIX}-deployment-gate-hook-{REGION}"
ELSEWHERE = "eu-west-1"
_TRAIL = {"source": "../../modules/trail", "tags": {"application": PREFIX}}
_PATIENCE = {"Delay": 0.2, "MaxAttempts": 100}
_DEPLOYER = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["ecs:*", "iam:PassRole"], "Resource": "*"}],
}


@dataclass(frozen=True)
class Spoke:
    """A region of an account, and somebody who deploys there."""

    installation: Installation
    account: str
    region: str
    deployer: Principal

    def client(self, service: str, principal: Principal | None = None) -> Any:
        return self.installation.aws.client(service, self.account, self.region, principal)

    @property
    def ecs(self) -> Any:
        return self.client("ecs", self.deployer)


@dataclass
class Organization:
    """The accounts of the organization; `connect` makes them forward to the installation.

    shop    deploys in two regions, by the templates of modules/org-spoke
    images  holds images and deploys nothing: the roles alone
    tools   deploys in one region, by modules/regional-spoke
    """

    installation: Installation
    id: str
    shop: str
    images: str
    tools: str
    roots: dict[str, Terraform] = field(default_factory=dict)
    _deployers: dict[str, Principal] = field(default_factory=dict)

    @classmethod
    def create(cls, installation: Installation) -> Self:
        """The accounts, and a trail of all of them."""
        described = installation.client("organizations").describe_organization()["Organization"]
        names = ("shop", "images", "tools")
        shop, images, tools = (_create_account(installation.aws, name) for name in names)
        make_trail(installation.aws, ACCOUNT, IsOrganizationTrail=True, IsMultiRegionTrail=True)
        installation.client("cloudformation").activate_organizations_access()
        return cls(installation, str(described["Id"]), shop, images, tools)

    @property
    def hub(self) -> Json:
        """The hub's facts, as input of the spokes."""
        return dict(self.installation.outputs["hub"])

    def connect(self) -> None:
        """Applies spokes of both kinds, and one in a second region of the hub's account."""
        self.roles(self.shop)
        self.roles(self.images)
        for region in (ELSEWHERE, REGION):
            self.rules(self.shop, region)
        self._write_roots()
        with ThreadPoolExecutor() as pool:  # most of an apply is waiting
            list(pool.map(Terraform.apply, self.roots.values()))

    def keep(self, folder: Path) -> Json:
        """Writes the spokes' states. Returns the other facts that `resume` needs."""
        folder.mkdir()
        for name, root in self.roots.items():
            root.keep(folder / name)
        return {name: getattr(self, name) for name in ("id", "shop", "images", "tools")}

    @classmethod
    def resume(cls, installation: Installation, folder: Path, facts: Json) -> Self:
        """The organization that was stored, in a restored copy of its accounts."""
        made = cls(installation, **facts)
        made._write_roots()
        for name, root in made.roots.items():
            root.resume(folder / name)
        return made

    def _write_roots(self) -> None:
        member = {"create_describe_role": True}
        member["create_gate_role"] = bool(self.hub["deployment_gate"])
        self.roots = {
            "region": self._root(ACCOUNT, ELSEWHERE),
            "member": self._root(self.tools, REGION, {"trail": _TRAIL}, **member),
        }

    def create_account(self, name: str) -> str:
        return _create_account(self.installation.aws, name)

    def spoke(self, account: str = ACCOUNT, region: str = REGION) -> Spoke:
        if account not in self._deployers:
            name = f"deployer-{account}"
            self._deployers[account] = self.installation.aws.create_user(name, _DEPLOYER, account)
        return Spoke(self.installation, account, region, self._deployers[account])

    def _root(
        self, account: str, region: str, beside: Json | None = None, **variables: Any
    ) -> Terraform:
        """modules/regional-spoke in a root, and other modules `beside` it."""
        folder = self.installation.scratch / "spokes" / f"{account}-{region}"
        folder.mkdir(parents=True)
        module = {
            "source": "../../modules/regional-spoke",
            "hub": self.hub,
            "tags": {"application": PREFIX},
            **variables,
        }
        modules = {"spoke": module, **(beside or {})}
        (folder / "main.tf.json").write_text(json.dumps({"module": modules}))
        environment = self.installation.aws.environment(account, region)
        return Terraform(folder, environment, lifetime=self.installation.providers)

    def unforwarded(self, spoke: Spoke) -> list[Json]:
        """Takes the events that a spoke could not forward from its queue."""
        sqs = spoke.client("sqs")
        url = sqs.get_queue_url(QueueName=f"{PREFIX}-unforwarded-events")["QueueUrl"]
        return self.installation.messages(url, sqs)

    def roles(self, account: str) -> None:
        hub, base = self.hub, self.installation.aws_base()
        path, _, name = f"/{hub['registry_role_name']}".rpartition("/")
        self._stack(
            account,
            REGION,
            "roles",
            OrganizationId=hub["organization_id"],
            HubAccountId=hub["account_id"],
            DescribePrincipalArns=",".join(hub["describe_principal_arns"]),
            DescribeRoleName=hub["describe_role_name"],
            DescribeExternalId=hub["describe_external_id"],
            RegistryRoleName=name,
            RegistryRolePath=f"{path}/",
            QualysAccountId=str(base["accountId"]),
            QualysExternalId=str(base["externalId"]),
            GateRoleName=GATE_ROLE,
            GateFunctionArn=(hub["deployment_gate"] or {}).get("hook_target_arn", ""),
        )

    def hook(self, account: str) -> Json:
        """The deployment configuration that gives a service of a member the gate."""
        hook, path = self.hub["deployment_gate"], self.hub["iam_path"]
        timeout = hook["timeout_configuration"]
        configured = {
            "hookTargetArn": hook["hook_target_arn"],
            "roleArn": f"arn:aws:iam::{account}:role{path}{GATE_ROLE}",
            "lifecycleStages": hook["lifecycle_stages"],
            "timeoutConfiguration": {
                "timeoutInMinutes": timeout["timeout_in_minutes"],
                "action": timeout["action"],
            },
        }
        return {"lifecycleHooks": [configured]}

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
        cloudformation = self.installation.aws.client("cloudformation", account, region)
        cloudformation.create_stack(
            StackName=f"{PREFIX}-{template}",
            TemplateBody=(self.installation.scratch / TEMPLATES / f"{template}.yaml").read_text(),
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value} for name, value in given.items()
            ],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        waiter = cloudformation.get_waiter("stack_create_complete")
        waiter.wait(StackName=f"{PREFIX}-{template}", WaiterConfig=_PATIENCE)


def make_trail(aws: Aws, account: str, **options: bool) -> None:
    """A trail of the account's own, which logs write management events."""
    cloudtrail, s3 = (aws.client(service, account) for service in ("cloudtrail", "s3"))
    s3.create_bucket(Bucket=f"trail-{account}")
    cloudtrail.create_trail(Name="management", S3BucketName=f"trail-{account}", **options)
    cloudtrail.start_logging(Name="management")


def _create_account(aws: Aws, name: str) -> str:
    organizations = aws.client("organizations")
    answer = organizations.create_account(AccountName=name, Email=f"{name}@example.com")
    return str(answer["CreateAccountStatus"]["AccountId"])
