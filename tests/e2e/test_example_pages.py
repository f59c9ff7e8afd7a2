"""The commands of the examples' pages, typed in the order in which a reader comes to them.

The account is one to which examples/single-account has been applied. Its page finds nothing to do
but what the reader adds; the page of examples/multi-region then makes two regions of it.
"""

import json
import re
from collections.abc import Callable

import pytest

from sandbox import images
from sandbox.aws import ACCOUNT, REGION
from sandbox.installation import Installation
from tests.support.documents import block
from tests.support.shell import Shell, fill_in

from .resources import resources

ELSEWHERE = "eu-west-1"
ADDRESS = "security@example.com"
Open = Callable[[str], Shell]


@pytest.fixture(scope="module")
def open_shell(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Open:
    """A shell in the folder of an example. The state moves there."""
    state = installation.terraform.folder / "terraform.tfstate"
    given = installation.terraform.folder / "sandbox.auto.tfvars.json"
    gate = json.dumps(json.loads(given.read_text())["deployment_gate"])
    given.unlink()
    scratch = tmp_path_factory.mktemp("shell")

    def opened(example: str) -> Shell:
        folder = installation.scratch / "examples" / example
        if folder != installation.terraform.folder:
            state.rename(folder / state.name)
        # A shared provider has one region.
        lifetime = installation.providers if example == "single-account" else None
        shell = Shell.of(installation.aws, folder, scratch, ACCOUNT, REGION, lifetime)
        shell.environment["TF_VAR_qualys_gateway_url"] = installation.qualys.url
        # As the stored account was applied; no page says so.
        shell.environment["TF_VAR_deployment_gate"] = gate
        return shell

    return opened


def deploy(shell: Shell, installation: Installation, commands: str, **values: object) -> str:
    """What Terraform prints when a reader follows the section Deploy, and fills in its file."""
    copy, *others = commands.splitlines()
    shell.type(copy)
    base = installation.aws_base()
    role = {"qualys_account_id": base["accountId"], "external_id": base["externalId"]}
    fill_in(shell.folder / "terraform.tfvars", region=REGION, **role, **values)
    text = "\n".join(others).replace('{"token":"..."}', json.dumps({"token": installation.token}))
    printed = shell.type(text, answer="yes\n")
    # The reader's shell keeps what was exported.
    shell.environment["TF_VAR_qualys_credentials"] = json.dumps({"token": installation.token})
    return printed


def pushed(installation: Installation, region: str, repository: str) -> images.PushedImage:
    ecr = installation.aws.client("ecr", ACCOUNT, region)
    ecr.create_repository(repositoryName=repository)
    return images.push(ecr, repository, images.build(repository), "1")


@pytest.fixture(scope="module")
def deployed(open_shell: Open, installation: Installation) -> tuple[Shell, str]:
    shell = open_shell("single-account")
    return shell, deploy(shell, installation, block("examples/single-account/README.md#deploy"))


@pytest.fixture(scope="module")
def extended(open_shell: Open, installation: Installation) -> tuple[Shell, str]:
    shell = open_shell("multi-region")
    commands = block("examples/multi-region/README.md#deploy")
    return shell, deploy(shell, installation, commands, spoke_region=ELSEWHERE)


def test_qualys_is_asked_for_its_account_and_external_id(
    open_shell: Open, installation: Installation
) -> None:
    text = block("examples/single-account/README.md#before")
    gateway = "https://gateway.qg2.apps.qualys.com"
    assert gateway in text
    asked = text.replace(gateway, installation.qualys.url)
    printed = open_shell("single-account").type(asked, QUALYS_API_TOKEN=installation.token)
    assert json.loads(printed) == installation.aws_base()


def test_the_example_is_applied(deployed: tuple[Shell, str], installation: Installation) -> None:
    assert "Apply complete! Resources: 1 added, 0 changed, 0 destroyed." in deployed[1]
    people = installation.outputs["topic_arns"]["people"]
    found = installation.client("sns").list_subscriptions_by_topic(TopicArn=people)["Subscriptions"]
    assert ADDRESS in {each["Endpoint"] for each in found}


def test_a_registered_task_is_scanned(
    deployed: tuple[Shell, str], installation: Installation
) -> None:
    image = pushed(installation, REGION, "page/single")
    text = block(
        "examples/single-account/README.md#try-it",
        account=ACCOUNT,
        region=REGION,
        repository="page/single",
        tag="1",
    )
    assert '"family": "try"' in deployed[0].type(text)
    installation.wait_until_idle()
    assert installation.verdicts()[image.digest]["status"] == "CLEAN"
    assert "stateMachine:qualys-image-scan-scan" in deployed[0].type("terraform output image_scan")


def test_the_sensors_pulls_are_no_pulls(
    deployed: tuple[Shell, str], installation: Installation
) -> None:
    role = installation.outputs["registry_role_arn"]
    text = block(
        "modules/iam-role/README.md#pull-times-and-lifecycle-rules", role_arn=role, region=REGION
    )
    deployed[0].type(text)
    listed = installation.client("ecr").list_pull_time_update_exclusions()
    assert listed["pullTimeUpdateExclusions"] == [role]


def test_a_second_region_is_added(extended: tuple[Shell, str], installation: Installation) -> None:
    assert re.search(r"Resources: \d+ added, \d+ changed, 0 destroyed\.", extended[1])
    image = pushed(installation, ELSEWHERE, "page/multi")
    text = block(
        "examples/multi-region/README.md#try-it",
        account=ACCOUNT,
        spoke_region=ELSEWHERE,
        repository="page/multi",
        tag="1",
    )
    assert '"family": "try"' in extended[0].type(text)
    installation.wait_until_idle()
    assert installation.verdicts()[image.digest]["status"] == "CLEAN"
    assert "unforwarded-events" in extended[0].type("terraform output spoke")


def test_all_of_it_is_removed(extended: tuple[Shell, str], installation: Installation) -> None:
    printed = extended[0].type(block("examples/multi-region/README.md#remove"), answer="yes\n")
    assert "Destroy complete!" in printed
    assert resources(installation) == {}
    rules = installation.aws.client("events", ACCOUNT, ELSEWHERE).list_rules()["Rules"]
    assert rules == []
