"""The commands of the page of examples/organization, typed as they are printed.

The hub has been applied; the page finds nothing to do but what its reader adds. The embedded AWS
has no StackSets, so that the members' part is planned.
"""

import json
from pathlib import Path

import pytest

from sandbox import images
from sandbox.aws import ACCOUNT, REGION
from sandbox.gated import GATE
from sandbox.installation import Installation
from sandbox.organization import Organization
from tests.support.documents import block
from tests.support.shell import Shell, fill_in


@pytest.fixture(scope="module")
def installation(organization: Organization) -> Installation:
    """The hub, without the variables that the sandbox gives it."""
    (organization.installation.terraform.folder / "sandbox.auto.tfvars.json").unlink()
    return organization.installation


@pytest.fixture(scope="module")
def shell(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    folder = installation.terraform.folder.parent
    scratch, lifetime = tmp_path_factory.mktemp("shell"), installation.providers
    made = Shell.of(installation.aws, folder, scratch, ACCOUNT, REGION, lifetime)
    made.environment["TF_VAR_qualys_gateway_url"] = installation.qualys.url
    made.environment["TF_VAR_deployment_gate"] = json.dumps(GATE)
    return made


def registry_role(installation: Installation) -> dict[str, str]:
    base = installation.aws_base()
    return {"qualys_account_id": str(base["accountId"]), "external_id": str(base["externalId"])}


@pytest.fixture(scope="module")
def hub(installation: Installation, organization: Organization, shell: Shell) -> str:
    """What Terraform prints of the hub."""
    enter, copy, *others = block("examples/organization/README.md#1-hub").splitlines()
    shell.type(f"{enter}\n{copy}")
    file = shell.folder / "hub/terraform.tfvars"
    fill_in(file, organization_id=organization.id, **registry_role(installation))
    text = "\n".join(others).replace('{"token":"..."}', json.dumps({"token": installation.token}))
    return shell.type(f"{enter}\n{text}", answer="yes\n")


def test_the_hub_is_applied_and_handed_over(
    hub: str, shell: Shell, organization: Organization
) -> None:
    assert "Apply complete! Resources: 1 added, 0 changed, 0 destroyed." in hub
    handed = json.loads((shell.folder / "management/hub.auto.tfvars.json").read_text())
    assert handed == {"hub": organization.hub}


def test_the_members_are_planned(
    hub: str, installation: Installation, organization: Organization, shell: Shell, tmp_path: Path
) -> None:
    """Another account than the hub's plans them. Access is given by the management account."""
    folder = installation.terraform.folder.parent
    member = Shell.of(installation.aws, folder, tmp_path, organization.images, REGION)
    trust, enter, copy, *others = block("examples/organization/README.md#2-management").splitlines()
    assert f"{trust}\n" == block("modules/org-spoke/README.md#who-applies-it")
    cloudformation = installation.client("cloudformation")
    cloudformation.deactivate_organizations_access()
    shell.type(trust)  # the hub's account is the management account here
    assert cloudformation.describe_organizations_access()["Status"] == "ENABLED"
    member.type(f"cd hub\n{enter}\n{copy}")
    fill_in(folder / "management/terraform.tfvars", **registry_role(installation))
    assert others == ["terraform init", "terraform apply"]
    printed = member.type("cd management\nterraform init\nterraform plan -no-color")
    assert "module.members.aws_cloudformation_stack_set.rules will be created" in printed
    assert "module.management.aws_cloudwatch_event_rule.forward will be created" in printed


def test_a_member_is_checked(
    organization: Organization, installation: Installation, shell: Shell, tmp_path: Path
) -> None:
    ecr = installation.aws.client("ecr", organization.shop, REGION)
    ecr.create_repository(repositoryName="page")
    image = images.push(ecr, "page", images.build("page"), "1")
    member = Shell.of(installation.aws, shell.folder, tmp_path, organization.shop, REGION)
    text = block(
        "examples/organization/README.md#3-check 2",
        account=organization.shop,
        region=REGION,
        repository="page",
        tag="1",
    )
    printed = member.type(text)
    assert '"family": "try"' in printed
    assert '"ApproximateNumberOfMessages": "0"' in printed
    installation.wait_until_idle()
    assert installation.verdicts()[image.digest]["status"] == "CLEAN"
    assert any(scan["name"].startswith("page-") for scan in installation.scans())
