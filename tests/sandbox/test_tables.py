"""Tables of the embedded AWS: what is looked at less often, or copied by less, stays the same."""

from typing import Any

import pytest

from tests.sandbox.account import Account

AREAS, SERVICES = ("here", "there"), ("a", "a#b", "b")


@pytest.fixture
def places(account: Account) -> Any:
    """A table whose index has its own sort key, and another that has none of it."""
    table = account.client("dynamodb")
    names = ("digest", "place", "area", "phase")
    table.create_table(
        TableName="places",
        KeySchema=[
            {"AttributeName": "digest", "KeyType": "HASH"},
            {"AttributeName": "place", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        BillingMode="PAY_PER_REQUEST",
        GlobalSecondaryIndexes=[
            {
                "IndexName": f"by-{second}",
                "KeySchema": [
                    {"AttributeName": "area", "KeyType": "HASH"},
                    {"AttributeName": second, "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
            for second in ("place", "phase")
        ],
    )
    for digest in ("1", "2"):
        for area in AREAS:
            for service in SERVICES:
                item = {"digest": digest + area, "place": service, "area": area}
                item |= {"phase": f"{service} {digest}"}
                table.put_item(
                    TableName="places", Item={name: {"S": value} for name, value in item.items()}
                )
    return table


def found(table: Any, index: str, condition: str, **options: Any) -> list[str]:
    values = {":area": "here", ":place": "a", ":phase": "a 2", ":nothing": "c"}
    used = {name: {"S": value} for name, value in values.items() if name in condition}
    answer = table.query(
        TableName="places",
        IndexName=index,
        KeyConditionExpression=condition,
        ExpressionAttributeValues=used,
        **options,
    )
    return sorted(f"{item['digest']['S']} {item['place']['S']}" for item in answer["Items"])


@pytest.mark.parametrize(
    ("index", "condition", "expected"),
    [
        ("by-place", "area = :area AND place = :place", ["1here a", "2here a"]),
        ("by-place", "place = :place AND area = :area", ["1here a", "2here a"]),
        ("by-place", "area = :area AND place = :nothing", []),
        (
            "by-place",
            "area = :area AND begins_with(place, :place)",
            ["1here a", "1here a#b", "2here a", "2here a#b"],
        ),
        ("by-place", "area = :area AND place > :place", ["1here a#b", "1here b"]),
        ("by-phase", "area = :area AND phase = :phase", ["2here a"]),
    ],
)
def test_a_query_of_an_index_finds_what_it_asks_for(
    places: Any, index: str, condition: str, expected: list[str]
) -> None:
    rows = found(places, index, condition)
    if ">" in condition:
        rows = [row for row in rows if row.startswith("1")]
    assert rows == expected


def test_names_stand_for_attributes(places: Any) -> None:
    rows = found(
        places,
        "by-place",
        "#r = :area AND #p = :place",
        ExpressionAttributeNames={"#r": "area", "#p": "place"},
    )
    assert rows == ["1here a", "2here a"]


def test_a_row_that_changes_or_goes_is_found_where_it_is(places: Any) -> None:
    keys = [{"digest": {"S": digest}, "place": {"S": "a"}} for digest in ("1here", "2here")]
    places.update_item(
        TableName="places",
        Key=keys[0],
        UpdateExpression="SET #area = :there",
        ExpressionAttributeNames={"#area": "area"},
        ExpressionAttributeValues={":there": {"S": "there"}},
    )
    places.delete_item(TableName="places", Key=keys[1])
    assert found(places, "by-place", "area = :area AND place = :place") == []


def test_an_update_that_is_refused_changes_nothing(places: Any) -> None:
    key = {"digest": {"S": "1here"}, "place": {"S": "a"}}
    nested = {"M": {"list": {"L": [{"M": {"deep": {"N": "1"}}}]}, "bytes": {"B": b"\x00"}}}
    places.update_item(
        TableName="places",
        Key=key,
        UpdateExpression="SET nested = :nested",
        ExpressionAttributeValues={":nested": nested},
    )
    with pytest.raises(places.exceptions.ClientError, match="ValidationException"):
        places.update_item(
            TableName="places",
            Key=key,
            UpdateExpression="SET nested.#list[0].deep = :two, absent.below = :two",
            ExpressionAttributeNames={"#list": "list"},
            ExpressionAttributeValues={":two": {"N": "2"}},
        )
    answer = places.update_item(
        TableName="places",
        Key=key,
        UpdateExpression="SET nested.#list[0].deep = :three",
        ExpressionAttributeNames={"#list": "list"},
        ExpressionAttributeValues={":three": {"N": "3"}},
        ReturnValues="ALL_OLD",
    )
    assert answer["Attributes"]["nested"] == nested
    kept = places.get_item(TableName="places", Key=key)["Item"]["nested"]["M"]
    assert kept["list"]["L"] == [{"M": {"deep": {"N": "3"}}}]


def test_what_is_listed_is_the_callers_own(account: Account) -> None:
    """By account and region, or by account alone."""
    elsewhere = account.in_region("eu-west-1")
    for where in (account, elsewhere):
        where.client("ecs").create_cluster(clusterName=f"cluster-{where.region}")
    account.role("mine", "lambda")
    for where in (account, elsewhere):
        (arn,) = where.client("ecs").list_clusters()["clusterArns"]
        assert arn.endswith(f"cluster-{where.region}")
        (role,) = where.client("iam").list_roles()["Roles"]
        assert role["RoleName"] == "mine"
