"""Has switches for all that the documents leave open or permit. The defaults follow the documents.

If the comment of a switch says "undocumented", its default is a guess. Tests can change it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.qualys.behaviours import Behaviour
from sandbox.qualys.fields import update_fields


@dataclass
class Scenario(Behaviour):
    # The subscription (GET /registry/aws-base). How it gives the pair of US_Gov is undocumented:
    # with a `gov_external_id`, it does not.
    external_id: int = 4711004711
    external_id_form: Literal["number", "string"] = "number"
    gov_external_id: int | None = None

    # How long work takes, in seconds of the clock. A new registry may be listed late
    # (undocumented).
    queue_seconds: float = 0.02
    listing_seconds: float = 0.02
    registry_lag_seconds: float = 0.0

    # The sensor. An inactive window of a sensor profile pauses it.
    sensor: Literal["running", "stopped", "absent"] = "running"
    sensor_paused: bool = False

    # Shapes of answers. `unknown_fields` adds one to every object, `absent_nulls` leaves out what
    # is null.
    registry_reply: Literal["empty", "string", "object"] = "empty"
    connector_reply: Literal["empty", "string", "object"] = "empty"
    schedule_reply: Literal["scheduleUuid", "scheduleId", "string", "empty"] = "scheduleUuid"
    schedule_status: int = 200
    connectors_shape: Literal["array", "object", "data", "connectors"] = "array"
    registry_uri_form: Literal["given", "host", "slash"] = "given"
    link_end: Literal["null", "absent"] = "null"
    status_names: dict[str, str] = field(default_factory=dict)  # ours -> shown: Finished: Completed
    unknown_fields: bool = False
    absent_nulls: bool = False

    # Lists: what an empty one answers, which parameter asks for a page (v1.1: pageNo), which calls
    # take the short id of an image, and tokens of a filter that match all rows or none.
    empty_list: Literal["204", "200", "404"] = "204"
    page_parameter: Literal["pageNumber", "pageNo"] = "pageNumber"
    short_ids: Literal["count", "all", "none"] = "count"
    token_matches: dict[str, Literal["all", "none"]] = field(default_factory=dict)

    # Refusals whose status no document states. 0 lets a duplicate registry or a filter pass, and
    # uses the connector that exists; a quota of 0 is none.
    refused_status: int = 400
    bad_filter_status: int = 400
    duplicate_registry_status: int = 400
    duplicate_connector_status: int = 400
    reject_duplicate_schedule_names: bool = False
    schedule_quota: int = 0

    # Authentication and access. How long an access token lives is undocumented.
    auth_status: int = 201
    access_token_seconds: float | None = None
    modules_allowed: list[str] = field(default_factory=lambda: ["CS"])
    denied_permissions: list[str] = field(default_factory=list)

    # API rate limits, [calls, seconds] per path family; the longest matching prefix counts. Older
    # modules answer 409.
    rate_limiting: bool = True
    rate_limit_status: int = 429
    rate_limits: dict[str, list[int]] = field(
        default_factory=lambda: {
            "/containers/list": [120, 60],
            "/containers": [5000, 60],
            "/images/list": [120, 60],
            "/images": [5000, 60],
            "/registry": [1000, 60],
            "/sensors": [1000, 60],
        }
    )

    def update(self, values: Mapping[str, Any]) -> None:
        """Sets switches by name. Raises ValueError, and changes nothing, if one does not fit."""
        update_fields(self, values)

    def external_id_of(self, gov: bool) -> int:
        """The id that the sensor presents in a partition."""
        return (
            self.gov_external_id if gov and self.gov_external_id is not None else self.external_id
        )
