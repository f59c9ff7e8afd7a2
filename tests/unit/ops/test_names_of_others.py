"""What an operator is shown of images that are not in ECR, whatever they are called."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import boto3
import pytest

from image_scan.aws.dynamodb import marshal
from ops import coverage_history
from ops.cache_items import CacheItems, is_known
from ops.inventory_rows import InventoryRows
from ops.where import unknown
from tests.support import tables
from tests.support.builders import REGION
from tests.support.stored_items import COURSE, ROW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from ops.installation import Installation


@pytest.fixture
def installation(dynamodb: DynamoDBClient) -> Installation:
    parts = SimpleNamespace(
        cache_table=tables.CACHE,
        inventory_table=tables.INVENTORY,
        state_table=tables.STATE,
        client=lambda _: dynamodb,
        session=boto3.Session(region_name=REGION),
    )
    return cast("Installation", parts)


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        ("nginx:1.27", "other#nginx"),
        ("exceptions#all", "other#exceptions#all"),
        ("permit#scans", "other#permit#scans"),
        ("other#permit#scans", "other#permit#scans"),  # as `where` shows it
    ],
)
def test_what_is_not_in_ecr_is_found_by_its_name(
    installation: Installation, dynamodb: DynamoDBClient, asked: str, key: str
) -> None:
    entry = {"imageDigest": asked, "exceptions": "[]", "ttl": 1}
    dynamodb.put_item(TableName=tables.CACHE, Item=marshal(entry))
    row = {**ROW, "digest": key, "uri": asked}
    dynamodb.put_item(TableName=tables.INVENTORY, Item=marshal(row))
    items = CacheItems(installation)
    assert items.find(asked) == []
    (found,) = unknown(items.key_of(asked), set(), InventoryRows(installation))
    assert (found["imageDigest"], found["status"]) == (key, "UNSCANNABLE")
    assert is_known(found)


def test_an_item_of_another_subject_is_no_reconciliation(
    installation: Installation, dynamodb: DynamoDBClient
) -> None:
    found = [
        {**COURSE, "key": f"coverage#{day}", "at": day} for day in ("2026-02-02", "2025-02-02")
    ]
    others = [{**COURSE, "key": "registry#coverage#2026"}, {"key": "coverage#2027", "at": "2027"}]
    for each in (*found, *others):
        dynamodb.put_item(TableName=tables.STATE, Item=marshal(each))
    course = coverage_history.read(installation)
    assert [row["at"] for row in course] == ["2025-02-02", "2026-02-02"]
