"""The table of the cache: `imageDigest` is its key."""

from typing import Any, Self

from image_scan import config
from image_scan.aws import clients
from image_scan.aws.dynamodb import KeyedTable
from image_scan.ecr import references


class CacheTable(KeyedTable):
    KEY = "imageDigest"

    @classmethod
    def connect(cls) -> Self:
        """Returns the table of this installation."""
        return cls(clients.client("dynamodb"), config.cache_table())

    def get(self, key: str, *, consistent: bool = True) -> dict[str, Any] | None:
        """The item, expired or not. An image that is not in ECR has none, and is not asked for: its
        name is no key of this table."""
        return None if references.is_foreign(key) else super().get(key, consistent=consistent)
