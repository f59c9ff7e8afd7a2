"""What an operator is shown of images that are not in ECR, whatever they are called."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest

from image_scan.aws.dynamodb import marshal
from ops import coverage_history
from ops.asked import Asked
from ops.cache_items import CacheItems, is_known
from ops.inventory_rows import InventoryRows
from ops.where import _find, described, unknown
from tests.support import tables
from tests.support.builders import DIGEST, HOST, REGION
from tests.support.stored_items import COURSE, ENTRY, ROW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from ops.installation import Installation

Json = dict[str, Any]
PROD_URI = "444455556666.dkr.ecr.eu-west-1.amazonaws.com/prod/app:1"


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


@pytest.mark.parametrize("kind", ["repository", "image"])
@pytest.mark.parametrize("name", ["nginx", "docker.io/nginx", "docker.io/library/nginx"])
def test_what_is_not_in_ecr_has_the_names_that_docker_takes(
    installation: Installation, dynamodb: DynamoDBClient, kind: str, name: str
) -> None:
    row = {**ROW, "digest": "other#nginx", "uri": "nginx:1.27", "repository": "nginx", "tag": ""}
    dynamodb.put_item(TableName=tables.INVENTORY, Item=marshal(row))
    found = _find(Asked(kind, name), CacheItems(installation), InventoryRows(installation))
    assert [each["imageDigest"] for each in found] == ["other#nginx"]


@pytest.mark.parametrize("asked", [Asked("repository", "prod/app"), Asked("image", "prod/app:1")])
def test_the_verdict_of_the_same_bytes_is_found_by_another_name(
    installation: Installation, dynamodb: DynamoDBClient, asked: Asked
) -> None:
    """An image was scanned as dev/app, and runs as prod/app: it has its verdict there, too."""
    other = "sha256:" + "e" * 64
    entry = {**ENTRY, "repository": "dev/app", "uri": f"{HOST}/dev/app:2", "tag": "2"}
    dynamodb.put_item(TableName=tables.CACHE, Item=marshal(entry))
    for key in (DIGEST, other):
        row = {**ROW, "digest": key, "uri": PROD_URI, "repository": "prod/app"}
        dynamodb.put_item(TableName=tables.INVENTORY, Item=marshal(row))
    found = _find(asked, CacheItems(installation), InventoryRows(installation))
    shown = {each["key"]: each for each in map(described, found)}
    assert {key: each["verdict"] for key, each in shown.items()} == {
        DIGEST: "FINDINGS",
        other: "NONE",
    }
    for each in shown.values():
        assert (each["uri"], each["repository"], each["tag"]) == (PROD_URI, "prod/app", "1")
        assert (each["account_id"], each["region"]) == ("444455556666", "eu-west-1")


@pytest.mark.attack(9)
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
