"""The DynamoDB table: plain values in and out, conditions as outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from boto3.dynamodb.conditions import Attr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from image_scan.aws.dynamodb import Change, ConditionFailedError
from image_scan.cache.table import CacheTable
from image_scan.errors import AwsRejected

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from image_scan.cache.table import CacheTable as Table

OURS, HELD = Attr("owner").eq("me"), Attr("held")


def test_what_is_put_is_got(table: Table) -> None:
    item = {
        "imageDigest": "k",
        "ttl": 2**40,
        "counts": {"high": 1},
        "top": [{"qid": 9, "cves": []}],
    }
    table.put(item)
    assert table.get("k") == item
    assert table.get("other") is None
    assert isinstance((table.get("k") or {})["ttl"], int)


def test_a_failed_condition_gives_the_item_that_stands_there(table: Table) -> None:
    table.put({"imageDigest": "k", "status": "CLEAN", "owner": "me", "ttl": 9})
    with pytest.raises(ConditionFailedError) as failed:
        table.put({"imageDigest": "k"}, Attr("imageDigest").not_exists() | Attr("ttl").lte(5))
    assert failed.value.item == {"imageDigest": "k", "status": "CLEAN", "owner": "me", "ttl": 9}
    assert (table.get("k") or {})["status"] == "CLEAN"


def test_a_failed_condition_on_nothing_gives_nothing(table: Table) -> None:
    with pytest.raises(ConditionFailedError) as failed:
        table.update("k", {"status": "CLEAN"}, OURS)
    assert failed.value.item == {}
    assert table.get("k") is None


@pytest.mark.held("colliding keys")
def test_an_update_sets_by_path(table: Table) -> None:
    table.put({"imageDigest": "k", "owner": "me", "workloads": {}})
    workload = "1#eu-west-1#cluster.with.dots#web"
    table.update("k", {f"workloads.{workload}": {"a": 1}}, OURS)
    assert (table.get("k") or {})["workloads"] == {workload: {"a": 1}}
    table.update("k", {"status": "CLEAN", "ttl": 5}, OURS)
    item = table.get("k") or {}
    assert (item["status"], item["ttl"], item["workloads"]) == ("CLEAN", 5, {workload: {"a": 1}})


def test_a_delete_of_what_is_not_there_is_none(table: Table) -> None:
    table.put({"imageDigest": "k", "owner": "me"})
    for _ in range(2):
        table.delete("k")
        assert table.get("k") is None


@pytest.mark.held("colliding keys")
def test_one_attribute_is_removed_by_its_path(table: Table) -> None:
    table.put({"imageDigest": "k", "held": {"a.b": 1, "c": 2}})
    table.change("k", Change(removed=("held.a.b",)), HELD.exists())
    assert (table.get("k") or {})["held"] == {"c": 2}
    table.change("k", Change(removed=("held.a.b",)), HELD.exists())
    with pytest.raises(ConditionFailedError):
        table.change("other", Change(removed=("held.c",)), HELD.exists())
    assert table.get("other") is None


def test_no_empty_map_is_sent(dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """DynamoDB refuses one, and the tests' own does not."""
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(dynamodb, "put_item", lambda **given: sent.append(given))
    table = CacheTable(dynamodb, "images")
    table.put({"imageDigest": "k"}, Attr("imageDigest").not_exists())
    table.put({"imageDigest": "k"}, HELD.not_exists() | HELD.eq({}))
    names = ("ExpressionAttributeNames", "ExpressionAttributeValues")
    assert [[name for name in names if name in each] for each in sent] == [[names[0]], [*names]]


def test_a_table_that_is_not_there_is_no_miss(dynamodb: DynamoDBClient) -> None:
    missing = CacheTable(dynamodb, "another")
    with pytest.raises(AwsRejected, match="dynamodb:GetItem"):
        missing.get("k")
    with pytest.raises(AwsRejected, match="dynamodb:PutItem"):
        missing.put({"imageDigest": "k"})
    with pytest.raises(AwsRejected, match="dynamodb:DeleteItem"):
        missing.delete("k")


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(name=text, value=text)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_stored_as_it_is(table: Table, name: str, value: str) -> None:
    item = {"imageDigest": "k", "workloads": {f"p{name}": {"cluster": value}}}
    table.put(item)
    assert table.get("k") == item


def test_an_image_that_is_not_in_ecr_is_not_asked_for(dynamodb: DynamoDBClient) -> None:
    """Its name is somebody's choice, and no policy allows it as a key."""
    missing = CacheTable(dynamodb, "another")
    assert missing.get("other#docker.io/library/nginx") is None
