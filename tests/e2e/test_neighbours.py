"""Two installations with different prefixes in one region do not get in each other's way."""

from collections.abc import Iterator

import pytest

from sandbox.installation import Installation
from sandbox.restored import restored_neighbours
from sandbox.terraform_project import Terraform

from .conftest import WAIT_SCALE, Workload
from .registration import register


@pytest.fixture(scope="module")
def neighbours() -> Iterator[tuple[Installation, Terraform]]:
    with restored_neighbours(wait_scale=WAIT_SCALE) as (first, second):
        first.qualys.control.scenario(scan_seconds=0.2)
        # Qualys has one registry for both, with the role of the one that scans first.
        register(first, first.outputs["registry_role_arn"])
        yield first, second


@pytest.fixture(scope="module")
def installation(neighbours: tuple[Installation, Terraform]) -> Installation:
    return neighbours[0]


@pytest.fixture
def second(neighbours: tuple[Installation, Terraform]) -> Terraform:
    return neighbours[1]


def status_in(installation: Installation, table: str, workload: Workload) -> str:
    """The verdict in an installation's table."""
    answer = installation.client("dynamodb").get_item(
        TableName=table, Key={"imageDigest": {"S": workload.key}}
    )
    return str(answer["Item"]["status"]["S"])


def test_both_scan_and_one_remains_when_the_other_goes(
    installation: Installation, workload: Workload, second: Terraform
) -> None:
    workload.deploy_once()
    tables = (
        installation.outputs["cache_table"]["name"],
        second.outputs()["image_scan"]["cache_table"]["name"],
    )
    assert tables == ("qualys-image-scan-cache", "second-cache")
    assert [status_in(installation, table, workload) for table in tables] == ["CLEAN", "CLEAN"]
    second.destroy()
    left = installation.client("dynamodb").list_tables()["TableNames"]
    assert tables[0] in left
    assert [name for name in left if name.startswith("second")] == []
    another = workload.push("another", tag="2")
    workload.deploy_once(another.by_tag)
    assert installation.verdicts()[another.digest]["status"] == "CLEAN"
