"""What an operator is shown of images that are not in ECR, whatever they are called."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import boto3
import pytest

from image_scan.aws.dynamodb import marshal
from image_scan.inventory.workloads import COVERAGE
from ops.cache_items import CacheItems, is_known
from ops.inventory_rows import InventoryRows
from ops.where import unknown
from tests.support import tables
from tests.support.builders import REGION

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from ops.installation import Installation


@pytest.fixture
def installation(dynamodb: DynamoDBClient) -> Installation:
    parts = SimpleNamespace(
        cache_table=tables.CACHE,
        inventory_table=tables.INVENTORY,
        client=lambda _: dynamodb,
        session=boto3.Session(region_name=REGION),
    )
    return cast("Installation", parts)


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        ("nginx:1.27", "other#nginx"),
        ("exceptions", "other#exceptions"),
        ("permits#scan", "other#permits#scan"),
        ("other#permits#scan", "other#permits#scan"),  # as `where` shows it
    ],
)
def test_what_is_not_in_ecr_is_found_by_its_name(
    installation: Installation, dynamodb: DynamoDBClient, asked: str, key: str
) -> None:
    entry = {"imageDigest": asked, "exceptions": "[]", "ttl": 1}
    dynamodb.put_item(TableName=tables.CACHE, Item=marshal(entry))
    row = {"digest": key, "workload": "1#eu-west-1#prod#web", "state": "running", "uri": asked}
    dynamodb.put_item(TableName=tables.INVENTORY, Item=marshal(row))
    items = CacheItems(installation)
    assert items.find(asked) == []
    (found,) = unknown(items.key_of(asked), set(), InventoryRows(installation))
    assert (found["imageDigest"], found["status"]) == (key, "UNSCANNABLE")
    assert is_known(found)


def test_a_row_of_an_image_is_no_reconciliation(
    installation: Installation, dynamodb: DynamoDBClient
) -> None:
    of_image = {"digest": COVERAGE, "workload": "1#eu-west-1#prod#web", "state": "running"}
    found = {"digest": COVERAGE, "workload": "2026", "at": "2026", "coverage_percent": 100}
    for each in (of_image, found):
        dynamodb.put_item(TableName=tables.INVENTORY, Item=marshal(each))
    assert [row["at"] for row in InventoryRows(installation).coverage()] == ["2026"]
