"""Tables of the embedded AWS: what is looked at less often, or copied by less, stays the same."""

from typing import Any

import pytest

from tests.sandbox.account import Account

AREAS, SERVICES = ("here", "there"), ("a", "a#b", "b")


@pytest.fixture
def workloads(account: Account) -> Any:
    """A table whose index has its own sort key, and another that has none of it."""
    table = account.client("dynamodb")
    names = ("digest", "workload", "area", "phase")
    table.create_table(
        TableName="workloads",
        KeySchema=[
            {"AttributeName": "digest", "KeyType": "HASH"},
            {"AttributeName": "workload", "KeyType": "RANGE"},
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
            for second in ("workload", "phase")
        ],
    )
    for digest in ("1", "2"):
        for area in AREAS:
            for service in SERVICES:
                item = {"digest": digest + area, "workload": service, "area": area}
                item |= {"phase": f"{service} {digest}"}
                table.put_item(
                    TableName="workloads", Item={name: {"S": value} for name, value in item.items()}
                )
    return table


def found(table: Any, index: str, condition: str, **options: Any) -> list[str]:
    values = {":area": "here", ":workload": "a", ":phase": "a 2", ":nothing": "c"}
    used = {name: {"S": value} for name, value in values.items() if name in condition}
    answer = table.query(
        TableName="workloads",
        IndexName=index,
        KeyConditionExpression=condition,
        ExpressionAttributeValues=used,
        **options,
    )
    return sorted(f"{item['digest']['S']} {item['workload']['S']}" for item in answer["Items"])


@pytest.mark.parametrize(
    ("index", "condition", "expected"),
    [
        ("by-workload", "area = :area AND workload = :workload", ["1here a", "2here a"]),
        ("by-workload", "workload = :workload AND area = :area", ["1here a", "2here a"]),
        ("by-workload", "area = :area AND workload = :nothing", []),
        (
            "by-workload",
            "area = :area AND begins_with(workload, :workload)",
            ["1here a", "1here a#b", "2here a", "2here a#b"],
        ),
        ("by-workload", "area = :area AND workload > :workload", ["1here a#b", "1here b"]),
        ("by-phase", "area = :area AND phase = :phase", ["2here a"]),
    ],
)
def test_a_query_of_an_index_finds_what_it_asks_for(
    workloads: Any, index: str, condition: str, expected: list[str]
) -> None:
    rows = found(workloads, index, condition)
    if ">" in condition:
        rows = [row for row in rows if row.startswith("1")]
    assert rows == expected


def test_names_stand_for_attributes(workloads: Any) -> None:
    rows = found(
        workloads,
        "by-workload",
        "#r = :area AND #p = :workload",
        ExpressionAttributeNames={"#r": "area", "#p": "workload"},
    )
    assert rows == ["1here a", "2here a"]


def test_a_row_that_changes_or_goes_is_found_where_it_is(workloads: Any) -> None:
    keys = [{"digest": {"S": digest}, "workload": {"S": "a"}} for digest in ("1here", "2here")]
    workloads.update_item(
        TableName="workloads",
        Key=keys[0],
        UpdateExpression="SET #area = :there",
        ExpressionAttributeNames={"#area": "area"},
        ExpressionAttributeValues={":there": {"S": "there"}},
    )
    workloads.delete_item(TableName="workloads", Key=keys[1])
    assert found(workloads, "by-workload", "area = :area AND workload = :workload") == []


def test_an_update_that_is_refused_changes_nothing(workloads: Any) -> None:
    key = {"digest": {"S": "1here"}, "workload": {"S": "a"}}
    nested = {"M": {"list": {"L": [{"M": {"deep": {"N": "1"}}}]}, "bytes": {"B": b"\x00"}}}
    workloads.update_item(
        TableName="workloads",
        Key=key,
        UpdateExpression="SET nested = :nested",
        ExpressionAttributeValues={":nested": nested},
    )
    with pytest.raises(workloads.exceptions.ClientError, match="ValidationException"):
        workloads.update_item(
            TableName="workloads",
            Key=key,
            UpdateExpression="SET nested.#list[0].deep = :two, absent.below = :two",
            ExpressionAttributeNames={"#list": "list"},
            ExpressionAttributeValues={":two": {"N": "2"}},
        )
    answer = workloads.update_item(
        TableName="workloads",
        Key=key,
        UpdateExpression="SET nested.#list[0].deep = :three",
        ExpressionAttributeNames={"#list": "list"},
        ExpressionAttributeValues={":three": {"N": "3"}},
        ReturnValues="ALL_OLD",
    )
    assert answer["Attributes"]["nested"] == nested
    stored = workloads.get_item(TableName="workloads", Key=key)["Item"]["nested"]["M"]
    assert stored["list"]["L"] == [{"M": {"deep": {"N": "3"}}}]


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
