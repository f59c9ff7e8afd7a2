"""Checks CloudTrail: without a trail of write management events, EventBridge sees no ECS call."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from ops.doctor.aws_errors import is_denied, is_missing
from ops.doctor.findings import Finding, Unanswered, failed, passed, unknown
from ops.doctor.here import Here

_WRITES = '[{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": true}]'


def trail_exists(here: Here) -> Finding:
    """Checks that there is a trail: of this region, of all regions, or of the organization."""
    trails = _trails(here)
    if not trails:
        return failed(f"no trail covers {here.region}", f"{here.deploy} VAR_create_trail=true")
    return passed(", ".join(_name(trail) for trail in trails))


def trail_logging(here: Here) -> Finding:
    trails = _some_trails(here)
    logging, denied = _split(trails, lambda trail: _is_logging(here, trail))
    if logging:
        return passed(", ".join(_name(trail) for trail in logging))
    if denied:
        return unknown(f"the state of {_name(denied[0])} may not be read here")
    first = _own_first(here, trails)
    return failed(
        f"{_name(first)} is switched off",
        here.aws("cloudtrail start-logging", name=first["TrailARN"]),
    )


def trail_write_events(here: Here) -> Finding:
    """Checks that a trail that logs also records write management events."""
    trails = _some_trails(here)
    # If some trails log and others do not, only those that log count.
    logging, _ = _split(trails, lambda trail: _is_logging(here, trail))
    recording, denied = _split(logging or trails, lambda trail: _records_writes(here, trail))
    if recording:
        return passed(", ".join(_name(trail) for trail in recording))
    if denied:
        return unknown(f"the event selectors of {_name(denied[0])} may not be read here")
    first = _own_first(here, logging or trails)
    if not _is_own(here, first):
        remedy = f"{here.deploy} VAR_create_trail=true"
    else:
        remedy = here.aws(
            "cloudtrail put-event-selectors", trail_name=first["TrailARN"], event_selectors=_WRITES
        )
    return failed(f"{_name(first)} records no write management events", remedy)


def _trails(here: Here) -> list[dict[str, Any]]:
    answer = here.client("cloudtrail").describe_trails(includeShadowTrails=True)
    return list(answer["trailList"])


def _some_trails(here: Here) -> list[dict[str, Any]]:
    if not (trails := _trails(here)):
        raise Unanswered("there is no trail")
    return trails


def _name(trail: dict[str, Any]) -> str:
    kind = "trail of the organization" if trail.get("IsOrganizationTrail") else "trail"
    return f"{kind} {trail['Name']}"


def _is_own(here: Here, trail: dict[str, Any]) -> bool:
    return str(trail["Name"]) == here.name("ecs")


def _own_first(here: Here, trails: list[dict[str, Any]]) -> dict[str, Any]:
    return next((trail for trail in trails if _is_own(here, trail)), trails[0])


def _split(
    trails: list[dict[str, Any]], holds: Callable[[dict[str, Any]], bool]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Returns trails for which a condition holds, and trails that we may not read."""
    found, denied = [], []
    for trail in trails:
        try:
            if holds(trail):
                found.append(trail)
        except ClientError as error:
            # A member account may see the organization's trail, but not all its settings.
            if not is_missing(error) and not is_denied(error):
                raise
            denied.append(trail)
    return found, denied


def _is_logging(here: Here, trail: dict[str, Any]) -> bool:
    answer = here.client("cloudtrail").get_trail_status(Name=trail["TrailARN"])
    return bool(answer["IsLogging"])


def _records_writes(here: Here, trail: dict[str, Any]) -> bool:
    answer = here.client("cloudtrail").get_event_selectors(TrailName=trail["TrailARN"])
    return any(
        selector["IncludeManagementEvents"] and selector["ReadWriteType"] != "ReadOnly"
        for selector in answer.get("EventSelectors") or []
    ) or any(map(_selects_ecs_writes, answer.get("AdvancedEventSelectors") or []))


def _selects_ecs_writes(selector: dict[str, Any]) -> bool:
    fields = {field["Field"]: field for field in selector["FieldSelectors"]}
    if fields.get("eventCategory", {}).get("Equals") != ["Management"]:
        return False
    if "true" in fields.get("readOnly", {}).get("Equals", []):
        return False
    source = fields.get("eventSource", {})
    ecs = "ecs.amazonaws.com"
    return ecs in source.get("Equals", [ecs]) and ecs not in source.get("NotEquals", [])
