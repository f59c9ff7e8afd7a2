"""Reads the installation's exceptions, which Terraform stores in the state table.

They are not in the functions' environment because that holds only 4 KB.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from image_scan import log
from image_scan.notifications.acceptance import FindingException, parse_exceptions
from image_scan.state.keys import EXCEPTIONS

if TYPE_CHECKING:
    from image_scan.state.table import StateTable

KEY = f"{EXCEPTIONS}all"


class ExceptionStore:
    def __init__(self, table: StateTable) -> None:
        self._table = table

    def read(self) -> list[FindingException]:
        """Returns an empty list if the item is missing or unreadable: it is better to notify too
        much. Raises AwsUnavailable or AwsRejected."""
        item = self._table.get(KEY, consistent=False)
        try:
            return parse_exceptions(json.loads(item["exceptions"])) if item else []
        except (KeyError, ValueError, TypeError, AttributeError) as unreadable:
            log.error("exceptions cannot be read", error=str(unreadable))
            return []
