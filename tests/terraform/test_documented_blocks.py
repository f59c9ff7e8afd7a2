"""Every Terraform block of the pages is formatted, and planned as it is printed."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from sandbox.aws import REPOSITORY
from sandbox.terraform import cli_environment, find_terraform, shared_provider
from sandbox.terraform_project import copy_project
from tests.support.documents import block, blocks
from tests.support.provider_mocks import mocked

RULES = REPOSITORY / "modules/org-spoke/templates/rules.yaml"
RULE = yaml.safe_load(RULES.read_text())["Resources"]["Rule"]
HUB = {
    "account_id": "777788889999",
    "region": "us-east-1",
    "event_bus_arn": "arn:aws:events:us-east-1:777788889999:event-bus/qualys-image-scan-hub",
    "event_pattern": json.dumps(RULE["Properties"]["EventPattern"]),
    "organization_id": "o-abcdefghij",
    "describe_principal_arns": ["arn:aws:iam::777788889999:role/qualys-image-scan-parse-event"],
    "describe_role_name": "qualys-image-scan-describe",
    "describe_external_id": "qualys-image-scan-777788889999",
    "iam_path": "/",
    "registry_role_name": "qualys-image-scan-registry-us-east-1",
}
ROLE = {"qualys_account_id": "444455556666", "external_id": "EU1-1234"}
CREDENTIAL = {"token": "t"}
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@dataclass(frozen=True)
class Root:
    """A configuration that consists of blocks of the pages.

    around     what the pages leave to the reader
    inside     blocks that are arguments of the module of the first block
    variables  values of its variables
    aliases    providers beside the default one
    """

    blocks: tuple[str, ...]
    around: str = ""
    inside: tuple[str, ...] = ()
    variables: dict[str, object] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    example: str = ""

    def write(self, folder: Path) -> None:
        if self.example:
            shutil.copytree(REPOSITORY / self.example, folder)
        folder.mkdir(exist_ok=True)
        first, *others = map(block, self.blocks)
        if self.inside:
            first = first.rstrip().removesuffix("}") + "".join(map(block, self.inside)) + "}\n"
        text = "\n".join([self.around, first, *others])
        text = re.sub(r'"git::https://[^"]+"', '"../.."', text)
        text = re.sub(r'(until +=) "[0-9-]+"', r'\1 "2099-12-31"', text)  # else it ends one day
        (folder / "documented.tf").write_text(text)
        (folder / "inspection-ca.pem").write_text(CERTIFICATE)


ROOTS = {
    "image_scan": Root(
        blocks=(
            "docs/deploy.md#as-a-module",
            "docs/notifications.md#slack-and-microsoft-teams",
            "docs/notifications.md#slack-and-microsoft-teams 2",
            "docs/notifications.md#events-for-machines",
            "docs/notifications.md#tickets",
            "docs/notifications.md#filters",
        ),
        inside=(
            "docs/network.md#restricted-networks",
            "docs/notifications.md#who-may-use-a-topic",
            "docs/notifications.md#what-is-notified",
            "docs/notifications.md#teams",
            "docs/notifications.md#ages-and-deadlines",
            "docs/scope.md#the-rules",
        ),
        variables={"pagerduty_routing_key": "r"},
    ),
    "modules": Root(
        blocks=(
            "modules/cache/README.md#cache",
            "modules/dashboard/README.md#dashboard",
            "modules/deployment-gate/README.md#deployment-gate",
            "modules/encryption/README.md#encryption",
            "modules/event-detection/README.md#event-detection",
            "modules/hub-bus/README.md#hub-bus",
            "modules/iam-role/README.md#iam-role",
            "modules/inventory/README.md#inventory",
            "modules/notifications/README.md#notifications",
            "modules/package/README.md#package",
            "modules/package-record/README.md#package-record",
            "modules/security-hub/README.md#security-hub",
            "modules/state/README.md#state",
            "modules/trail/README.md#trail",
            "modules/workflow/README.md#workflow",
        ),
        around="""
            variable "qualys_credentials" {
              type      = object({ token = string })
              ephemeral = true
            }
        """,
        variables={"qualys_credentials": CREDENTIAL},
    ),
    "regional_spoke": Root(
        blocks=("modules/regional-spoke/README.md#regional-spoke",),
        around="""
            provider "aws" {}
            provider "aws" { alias = "spoke" }
            module "image_scan" {
              source             = "../.."
              qualys_pod         = "US2"
              qualys_credentials = { token = "t" }
              registry_role      = { existing_arn = "arn:aws:iam::123456789012:role/qualys" }
              spokes             = { regional = true }
            }
        """,
        aliases=("spoke",),
    ),
    "member": Root(
        blocks=("modules/regional-spoke/README.md#in-a-member-account",),
        around='variable "hub" { type = any }',
        variables={"hub": HUB},
    ),
    "members": Root(
        blocks=("modules/org-spoke/README.md#org-spoke",),
        around='variable "hub" { type = any }',
        variables={"hub": HUB},
    ),
    "third_region": Root(
        blocks=("examples/multi-region/README.md#one-more-region",),
        example="examples/multi-region",
        variables={
            "spoke_region": "eu-west-1",
            "qualys_pod": "US2",
            "qualys_credentials": CREDENTIAL,
            "registry_role": ROLE,
        },
        aliases=("spoke", "tokyo"),
    ),
}
# tests/judges/test_provider_schemas.py holds it to a newer provider than the one that plans here.
NEWER = "docs/deployment-gate.md#how-to-begin 3"
# Of the default provider, and of all others, which work in another region.
MOCKS = mocked("eu-central-1") + mocked("eu-west-1", alias="elsewhere")
BLOCKS = {name: each.text for name, each in blocks().items() if each.language == "hcl"}


def run_of(name: str, root: Root) -> str:
    providers = "".join(f"    aws.{alias} = aws.elsewhere\n" for alias in root.aliases)
    return (
        f'run "{name}" {{\n'
        "  command = plan\n"
        f'  module {{\n    source = "./documented/{name}"\n  }}\n'
        f"  providers = {{\n    aws = aws\n{providers}  }}\n"
        f"  variables {{\n{_assignments(root.variables)}  }}\n"
        "}\n"
    )


def _assignments(values: dict[str, object]) -> str:
    return "".join(f"    {name} = {json.dumps(value)}\n" for name, value in values.items())


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What `terraform test` says of each root: "pass", or else its errors."""
    folder = copy_project(tmp_path_factory.mktemp("documented"))
    (folder / "documented").mkdir()
    for name, root in ROOTS.items():
        root.write(folder / "documented" / name)
    (folder / "tests").mkdir()
    for name, root in ROOTS.items():  # a file each, as a failure skips the rest of its file
        (folder / f"tests/{name}.tftest.hcl").write_text(MOCKS + run_of(name, root))
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder)}
    environment |= cli_environment(folder)

    def run(*arguments: str) -> str:
        answer = subprocess.run(
            [find_terraform(), *arguments, "-no-color"],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return answer.stdout

    run("init", "-backend=false")
    with shared_provider(folder, environment) as stored:
        environment |= stored
        printed = run("test")
    parts = re.split(r'^  run "(\w+)"\.\.\. ', printed, flags=re.MULTILINE)
    said = dict(zip(parts[1::2], parts[2::2], strict=True))
    return {name: said.get(name, printed) for name in ROOTS}


@pytest.mark.parametrize("name", ROOTS)
def test_it_is_planned_as_it_is_printed(planned: dict[str, str], name: str) -> None:
    assert planned[name].startswith("pass"), planned[name]


def test_every_block_is_in_a_configuration() -> None:
    used = [name for root in ROOTS.values() for name in (*root.blocks, *root.inside)]
    assert sorted([*used, NEWER]) == sorted(BLOCKS)


def test_every_chat_has_a_guardrail() -> None:
    """AWS applies AdministratorAccess to a channel that names none."""
    chats = [text for text in BLOCKS.values() if "_chatbot_" in text]
    assert len(chats) == 2
    assert all("guardrail_policy_arns " in text for text in chats)


def test_every_block_is_formatted(tmp_path: Path) -> None:
    for number, text in enumerate(BLOCKS.values()):
        (tmp_path / f"{number}.tf").write_text(text)
    answer = subprocess.run(
        [find_terraform(), "fmt", "-check", "-diff", str(tmp_path)],
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "TF_CLI_CONFIG_FILE": "/dev/null"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
