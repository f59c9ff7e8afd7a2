"""The table of the inventory: `digest` and `workload` are its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from image_scan import config
from image_scan.aws import clients
from image_scan.aws.dynamodb import Change, ConditionFailedError, Item, Key, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from boto3.dynamodb.conditions import ConditionBase

INDEX = "by-workload"
_SHORT = (
    "digest",
    "workload",
    "account_region",
    "state",
    "last_seen",
    "notified_as",
    "notified_of",
    "out_of_scope",
    "stopped_at",
    "forgotten",
)
_NOTIFIED = (
    "digest",
    "workload",
    "account_region",
    "state",
    "uri",
    "repository",
    "containers",
    "first_seen",
    "last_seen",
    "stopped_at",
    "has_run",
    "notified",
    "notified_at",
    "team",
    "team_at",
    "presumed_team",
    "presumed_team_at",
    "out_of_scope",
    "forgotten",
)


class InventoryTable(Table):
    @classmethod
    def connect(cls) -> Self:
        """Returns the table of this installation."""
        return cls(clients.client("dynamodb"), config.inventory_table())

    def get(self, digest: str, workload: str, *, consistent: bool = True) -> Item:
        """The row; empty when there is none."""
        return self.get_item(_key(digest, workload), consistent=consistent)

    def any(self, digest: str, begin: str) -> bool:
        """Whether a row lies below this key whose workload begins so."""
        key = _below(digest) & Key("workload").begins_with(begin)
        return next(self.query(key, ConsistentRead=True, Limit=1), None) is not None

    def below(self, digest: str, consistent: bool = True) -> Iterator[Item]:
        """Every row below this key."""
        return self.query(_below(digest), ConsistentRead=consistent)

    def between(self, digest: str, after: str, before: str) -> Iterator[Item]:
        """Every row below this key whose workload comes between two others."""
        key = _below(digest) & Key("workload").between(after, before)
        rows = self.query(key, ConsistentRead=True)
        return (row for row in rows if row["workload"] not in (after, before))

    def index(self, more: tuple[str, ...] = ()) -> Iterator[Item]:
        """Reads every row of an image and workload, in short, and `more` attributes. Rows of tasks
        have no account."""
        names = {f"#{name}": name for name in (*_SHORT, *more)}
        return self.scan(
            FilterExpression="attribute_exists(#account_region)",
            ProjectionExpression=", ".join(names),
            ExpressionAttributeNames=names,
        )

    def notified(self) -> Iterator[Item]:
        """Reads every row, with what its workload was notified of, and when. One that was notified
        of nothing may have replaced another."""
        names = {f"#{name}": name for name in _NOTIFIED}
        return self.scan(
            FilterExpression="attribute_exists(#account_region)",
            ProjectionExpression=", ".join(names),
            ExpressionAttributeNames=names,
        )

    def at(self, account_region: str, workload: str) -> Iterator[Item]:
        """Reads which images a workload has run, and when each was last seen."""
        key = Key("account_region").eq(account_region) & Key("workload").eq(_cut(workload, 1024))
        return self.query(key, IndexName=INDEX)

    def put(self, digest: str, workload: str, values: Mapping[str, Any]) -> None:
        self.put_item({**_key(digest, workload), **values})

    def delete(self, digest: str, workload: str) -> None:
        self.delete_item(_key(digest, workload))

    def update(
        self, digest: str, workload: str, change: Change, condition: ConditionBase | None = None
    ) -> Item | None:
        """Changes a row. Returns it as it is then; None where the condition does not hold."""
        try:
            return self.update_item(_key(digest, workload), change, condition)
        except ConditionFailedError:
            return None


def _below(digest: str) -> ConditionBase:
    return Key("digest").eq(_cut(digest, 2048))


def _key(digest: str, workload: str) -> Item:
    return {"digest": _cut(digest, 2048), "workload": _cut(workload, 1024)}


def _cut(text: str, longest: int) -> str:
    """No longer in bytes than DynamoDB takes as a key."""
    return text.encode()[:longest].decode(errors="ignore")
