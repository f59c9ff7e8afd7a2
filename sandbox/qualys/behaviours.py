"""How the scan of one repository, or of one tag of it, goes."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.qualys.scenario import update_fields


@dataclass
class Behaviour:
    """What differs from the scenario. `scan_error_code` fails the scan of the image itself.

    Only SUCCESS is an evidenced `scanStatus`; the value for a failed scan is ours.
    """

    scan_seconds: float | None = None
    never_ends: bool = False
    job_error: str | None = None
    scan_error_code: str | None = None
    scan_error_message: str | None = None
    failed_scan_status: str = "ERROR"


class Behaviours:
    """Told per `repository:tag`, `repository`, or `*`; the narrowest that is told counts."""

    def __init__(self) -> None:
        self._told: dict[str, Behaviour] = {}

    def tell(self, key: str, values: Mapping[str, Any]) -> None:
        """Replaces what was told for the key; no values forget it. Raises ValueError."""
        behaviour = Behaviour()
        update_fields(behaviour, values)
        if values:
            self._told[key] = behaviour
        else:
            self._told.pop(key, None)

    def of(self, repository: str, tag: str) -> Behaviour:
        for key in (f"{repository}:{tag}", repository, "*"):
            if key in self._told:
                return self._told[key]
        return Behaviour()

    def as_json(self) -> dict[str, Any]:
        return {key: dataclasses.asdict(value) for key, value in self._told.items()}
