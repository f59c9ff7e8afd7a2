"""Two installs with different prefixes in one account and region do not get in each other's way."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox.aws import ACCOUNT
from sandbox.organization import Organization
from sandbox.terraform import Terraform, copy_project

from .conftest import App


@pytest.fixture
def second(organization: Organization) -> Iterator[Terraform]:
    install = organization.install
    base = install.aws_base()
    folder = copy_project(install.scratch / "second") / "examples/single-account"
    credential = {"TF_VAR_qualys_credentials": json.dumps({"token": install.token})}
    root = Terraform(folder, install.aws.environment() | credential)
    root.set_variables(
        {
            "name_prefix": "second",
            "qualys_gateway_url": install.qualys.url,
            "create_trail": False,
            "registry_role": {
                "qualys_account_id": str(base["accountId"]),
                "external_id": str(base["externalId"]),
            },
        }
    )
    root.init()
    root.apply()
    yield root
    root.destroy()


def status_in(organization: Organization, table: str, app: App) -> str:
    """The verdict in an install's table, within a while."""
    dynamodb = organization.install.client("dynamodb")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        answer = dynamodb.get_item(TableName=table, Key={"imageDigest": {"S": app.pushed.digest}})
        status: dict[str, Any] = answer.get("Item", {}).get("status", {})
        if status.get("S", "IN_PROGRESS") != "IN_PROGRESS":
            return str(status["S"])
        time.sleep(0.2)
    return "NONE"


def test_both_see_and_scan(
    organization: Organization, make_app: Callable[..., App], second: Terraform
) -> None:
    app = make_app(ACCOUNT)
    app.register()
    tables = (
        organization.install.outputs["cache_table"]["name"],
        second.outputs()["image_scan"]["cache_table"]["name"],
    )
    assert tables == ("qualys-image-scan-cache", "second-cache")
    assert [status_in(organization, table, app) for table in tables] == ["CLEAN", "CLEAN"]
    second.destroy()
    another = make_app(ACCOUNT)
    another.register()
    assert another.settle()["status"] == "CLEAN"
