"""The DynamoDB table behind the inventory: `digest` and `workload` are its keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from image_scan.aws import clients
from image_scan.cache.table import marshal, unmarshal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

INDEX = "by-workload"
_PAGE = 100


@dataclass(frozen=True)
class Change:
    """What to set, what to set where it is not there yet, and what to remove."""

    sets: Mapping[str, Any] = field(default_factory=dict)
    first: Mapping[str, Any] = field(default_factory=dict)
    removed: tuple[str, ...] = ()


class InventoryTable:
    """Every method raises AwsUnavailable or AwsRejected when DynamoDB does not do its part."""

    def __init__(self, dynamodb: DynamoDBClient, name: str) -> None:
        self._dynamodb = dynamodb
        self._name = name

    def get(self, digest: str, workload: str) -> dict[str, Any]:
        """The row as it is now; empty when there is none."""
        with clients.calls("dynamodb:GetItem"):
            answer = self._dynamodb.get_item(
                TableName=self._name, Key=_key(digest, workload), ConsistentRead=True
            )
        return unmarshal(answer.get("Item", {}))

    def any(self, digest: str, begin: str) -> bool:
        """Whether a row lies below this key whose workload begins so."""
        with clients.calls("dynamodb:Query"):
            answer = self._dynamodb.query(
                TableName=self._name,
                KeyConditionExpression="digest = :digest AND begins_with(workload, :begin)",
                ExpressionAttributeValues=marshal({":digest": _cut(digest, 2048), ":begin": begin}),
                ConsistentRead=True,
                Limit=1,
            )
        return answer["Count"] > 0

    def index(self) -> Iterator[dict[str, Any]]:
        """Reads every row of an image and workload, in short."""
        more: dict[str, Any] = {}
        while True:
            with clients.calls("dynamodb:Scan"):
                answer = self._dynamodb.scan(TableName=self._name, IndexName=INDEX, **more)
            yield from (unmarshal(row) for row in answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def at(self, account_region: str, workload: str) -> list[dict[str, Any]]:
        """What a workload has run, in short; at most a page of it."""
        with clients.calls("dynamodb:Query"):
            answer = self._dynamodb.query(
                TableName=self._name,
                IndexName=INDEX,
                KeyConditionExpression="account_region = :region AND workload = :workload",
                ExpressionAttributeValues=marshal(
                    {":region": account_region, ":workload": _cut(workload, 1024)}
                ),
            )
        return [unmarshal(row) for row in answer["Items"]]

    def below(self, digest: str) -> Iterator[dict[str, Any]]:
        """Every row below this key."""
        more: dict[str, Any] = {}
        while True:
            with clients.calls("dynamodb:Query"):
                answer = self._dynamodb.query(
                    TableName=self._name,
                    KeyConditionExpression="digest = :digest",
                    ExpressionAttributeValues=marshal({":digest": _cut(digest, 2048)}),
                    Limit=_PAGE,
                    **more,
                )
            yield from (unmarshal(row) for row in answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def delete_all(self, digest: str) -> None:
        """Removes every row below this key."""
        for row in self.below(digest):
            self.delete(row["digest"], row["workload"])

    def put(self, digest: str, workload: str, values: Mapping[str, Any]) -> None:
        with clients.calls("dynamodb:PutItem"):
            item = {**_key(digest, workload), **marshal(values)}
            self._dynamodb.put_item(TableName=self._name, Item=item)

    def delete(self, digest: str, workload: str) -> None:
        with clients.calls("dynamodb:DeleteItem"):
            self._dynamodb.delete_item(TableName=self._name, Key=_key(digest, workload))

    def update(
        self, digest: str, workload: str, change: Change, at_most: str = "", value: int = 0
    ) -> bool:
        """Whether the row was changed: not when its attribute `at_most` is above `value`."""
        sets = [(f"#s{n} = :s{n}", *pair) for n, pair in enumerate(change.sets.items())]
        firsts = [
            (f"#f{n} = if_not_exists(#f{n}, :f{n})", *pair)
            for n, pair in enumerate(change.first.items())
        ]
        written = [*sets, *firsts]
        values = {text.split(":")[1].rstrip(")"): given for text, _, given in written}
        names = {text.split(" ")[0]: name for text, name, _ in written}
        names |= {f"#r{n}": name for n, name in enumerate(change.removed)}
        expression = "SET " + ", ".join(text for text, _, _ in written)
        if change.removed:
            removed = ", ".join(f"#r{n}" for n in range(len(change.removed)))
            expression += f" REMOVE {removed}"
        condition = ""
        if at_most:
            condition = "attribute_not_exists(#most) OR #most <= :most"
            names["#most"], values["most"] = at_most, value
        return self._update(digest, workload, expression, names, values, condition)

    def set_existing(self, digest: str, workload: str, name: str, value: str) -> None:
        """Sets an attribute of a row; a row that is not there is not made."""
        there = "attribute_exists(digest)"
        self._update(digest, workload, "SET #n = :n", {"#n": name}, {"n": value}, there)

    def lower(self, digest: str, workload: str, name: str, value: int) -> None:
        """Sets a number where it is higher."""
        self._update(digest, workload, "SET #n = :n", {"#n": name}, {"n": value}, "#n > :n")

    def _update(
        self,
        digest: str,
        workload: str,
        expression: str,
        names: Mapping[str, str],
        values: Mapping[str, Any],
        condition: str,
    ) -> bool:
        conditional = {"ConditionExpression": condition} if condition else {}
        with clients.calls("dynamodb:UpdateItem"):
            return _met(
                lambda: self._dynamodb.update_item(
                    TableName=self._name,
                    Key=_key(digest, workload),
                    UpdateExpression=expression,
                    ExpressionAttributeNames=names,
                    ExpressionAttributeValues=marshal(
                        {f":{name}": value for name, value in values.items()}
                    ),
                    **conditional,  # type: ignore[arg-type]
                )
            )


def _met(write: Callable[[], object]) -> bool:
    """Makes a write; whether its condition was met."""
    try:
        write()
    except ClientError as error:
        if clients.error_code(error) != "ConditionalCheckFailedException":
            raise
        return False
    return True


def _key(digest: str, workload: str) -> dict[str, Any]:
    return marshal({"digest": _cut(digest, 2048), "workload": _cut(workload, 1024)})


def _cut(text: str, longest: int) -> str:
    """No longer in bytes than DynamoDB takes as a key."""
    return text.encode()[:longest].decode(errors="ignore")
