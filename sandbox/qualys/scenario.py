"""What the documentation leaves open or lets vary, as switches. The defaults follow the documents.

A switch whose comment says "undocumented" is a guess, there to be turned.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self, get_args, get_origin, get_type_hints


@dataclass
class Scenario:
    # The subscription (GET /registry/aws-base; "Force Registry Image Scan" is a paid feature).
    aws_account_id: str = "900000000009"
    external_id: int = 4711004711
    force_scan_enabled: bool = True

    # How long work takes, in seconds of the clock; repositories may differ (behaviours).
    queue_seconds: float = 0.02
    listing_seconds: float = 0.02
    scan_seconds: float = 0.5
    registry_delete_seconds: float = 0.05

    # The sensor. An inactive window of a sensor profile pauses it. `tag` is documented as a comma
    # list; live clients send the regex `.*`. What a missing tag does is undocumented.
    sensor_paused: bool = False
    tag_matching: Literal["list", "regex", "literal"] = "list"
    missing_tag: Literal["error", "finish"] = "error"
    visible_from: Literal["listed", "scanned"] = "listed"
    image_id_from: Literal["config", "manifest"] = "config"

    # Shapes of answers.
    registry_reply: Literal["empty", "string", "object"] = "empty"
    connector_reply: Literal["empty", "string", "object"] = "empty"
    schedule_reply: Literal["scheduleUuid", "scheduleId", "string", "empty"] = "scheduleUuid"
    connectors_shape: Literal["array", "object", "data", "connectors"] = "array"
    scan_time_field: Literal["lastVmScanDate", "lastScanned", "lastScannedDate"] = "lastVmScanDate"
    vuln_shape: Literal["details", "data", "details.vulns", "list", "unknown"] = "details"
    exempted: Literal["hidden", "marked"] = "hidden"
    link_end: Literal["null", "absent"] = "null"
    null_registry: bool = False
    status_names: dict[str, str] = field(default_factory=dict)  # ours -> shown: Finished: Completed

    # Refusals whose status no document states. 0 lets a duplicate registry pass.
    refused_status: int = 400
    duplicate_registry_status: int = 400
    reject_duplicate_schedule_names: bool = False
    schedule_delete_status: int = 204

    # Authentication and access.
    auth_status: int = 201
    token_seconds: float = 4 * 3600.0
    modules_allowed: list[str] = field(default_factory=lambda: ["CS"])
    denied_permissions: list[str] = field(default_factory=list)

    # API rate limits, [calls, seconds] per path family; the longest matching prefix counts.
    rate_limiting: bool = True
    rate_limits: dict[str, list[int]] = field(
        default_factory=lambda: {
            "/images/list": [120, 60],
            "/images": [5000, 60],
            "/registry": [1000, 60],
        }
    )

    def update(self, values: Mapping[str, Any]) -> None:
        """Sets switches by name. Raises ValueError, and changes nothing, if one does not fit."""
        update_fields(self, values)

    def clone(self) -> Self:
        return copy.deepcopy(self)


def update_fields(target: Any, values: Mapping[str, Any]) -> None:
    """Sets fields of a dataclass from JSON, each only to a value of its declared type."""
    hints = get_type_hints(type(target))
    for name, value in values.items():
        if name not in hints:
            raise ValueError(f"unknown name {name}")
        if not _fits(value, hints[name]):
            raise ValueError(f"{name} cannot be {value!r}")
    for name, value in values.items():
        setattr(target, name, value)


def _fits(value: Any, hint: Any) -> bool:
    origin = get_origin(hint)
    if origin is Literal:
        return value in get_args(hint)
    if origin in (list, dict):
        return isinstance(value, origin)
    if origin is not None:  # a union, such as `float | None`
        return any(_fits(value, one) for one in get_args(hint))
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, hint)
