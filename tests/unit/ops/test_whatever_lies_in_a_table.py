"""What an operator is shown where something else lies in a table: all the rest, as ever."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from rich.console import Console

from image_scan.aws.dynamodb import marshal
from image_scan.findings.ages import Deadlines
from ops import coverage, coverage_history, status, where
from ops.cache_items import CacheItems, plain
from ops.inventory_rows import InventoryRows
from ops.report.contents import report
from tests.support import tables
from tests.support.builders import DIGEST, NOW, REGION
from tests.support.stored_items import COURSE, ENTRY, ROW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from ops.installation import Installation

Json = dict[str, Any]
ODD: list[Any] = [
    "odd",
    5,
    -(10**30),
    [],
    [1],
    {"a": {"b": []}},
    None,
    True,
    {1, 2},
]  # moto takes no bytes
# What older versions stored beside the images, and images that lost a part.
LEFT: list[tuple[str, Json]] = [
    (tables.CACHE, {"imageDigest": "permits#scan", "held": {"scan": NOW}}),
    (tables.CACHE, {"imageDigest": "exceptions", "exceptions": "[]"}),
    (tables.CACHE, {"imageDigest": "securityhub#1#sha256:1", "levels": {}, "ttl": 2**33}),
    (tables.INVENTORY, {**COURSE, "digest": "coverage", "workload": "2026"}),
]
SHAPES = ((tables.CACHE, ENTRY), (tables.INVENTORY, ROW), (tables.STATE, COURSE))


def broken(whole: Json) -> list[Json]:
    """The item without each of its parts, and with something else instead."""
    (*_, key) = (name for name in ("imageDigest", "workload", "key") if name in whole)
    made = []
    for name in whole:
        if name in ("imageDigest", "digest", "workload", "key", "account_region"):
            continue
        for number, odd in enumerate([..., *ODD]):
            item = {**whole, key: f"{whole[key]}-{name}-{number}", name: odd}
            made.append({each: value for each, value in item.items() if value is not ...})
    return made


@pytest.fixture
def installation(dynamodb: DynamoDBClient) -> Installation:
    for table, whole in SHAPES:
        for item in (whole, *broken(whole)):
            dynamodb.put_item(TableName=table, Item=marshal(item))
    for table, item in LEFT:
        dynamodb.put_item(TableName=table, Item=marshal(item))
    parts = SimpleNamespace(
        cache_table=tables.CACHE,
        inventory_table=tables.INVENTORY,
        state_table=tables.STATE,
        client=lambda _: dynamodb,
        session=boto3.Session(region_name=REGION),
    )
    return cast("Installation", parts)


def console() -> Console:
    return Console(record=True, width=200)


def test_an_image_is_counted_and_found_as_ever(installation: Installation) -> None:
    assert status._cache(installation)["known"]["FINDINGS"] >= 1
    items, rows = CacheItems(installation), InventoryRows(installation)
    shown = [where.described(each, rows.of(each["imageDigest"])) for each in items.all()]
    for each in shown:
        where.show(each, console())
    (ours,) = [each for each in shown if each["key"] == DIGEST]
    assert "web" in [run["service"] for run in ours["runs"]]
    assert [each["imageDigest"] for each in items.find(DIGEST)] == [DIGEST]
    assert items.with_finding("CVE-2026-0001") == []


def test_bytes_and_sets_are_shown_somehow() -> None:
    found = plain({"a": {"B": b"\x00"}, "b": {"NS": ["1"]}, "c": {"N": "1"}})
    assert (found["c"], json.loads(json.dumps(found))) == (1, found)


@pytest.mark.attack(9)
def test_a_report_has_what_runs(installation: Installation) -> None:
    course = coverage_history.read(installation)
    items, rows = CacheItems(installation).all(), InventoryRows(installation).all()
    found = report(items, rows, course, NOW, Deadlines({"critical": 7}))
    assert [image.verdict for image in found.images if image.key == DIGEST] == ["FINDINGS"]
    coverage.show(course, console())
    assert COURSE["at"] in [each["at"] for each in course]
    assert json.dumps(course)
