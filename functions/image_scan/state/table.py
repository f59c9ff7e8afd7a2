"""The state table: what the installation remembers about itself. `key` is its key."""

from typing import Self

from image_scan import config
from image_scan.aws import clients
from image_scan.aws.dynamodb import KeyedTable


class StateTable(KeyedTable):
    KEY = "key"

    @classmethod
    def connect(cls) -> Self:
        """Returns the table of this installation."""
        return cls(clients.client("dynamodb"), config.state_table())
