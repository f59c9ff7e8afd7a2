"""Registry schedules, which are the scan jobs ("Create a registry schedule" and its neighbours).

A job names repositories and tags, never digests. Ended jobs stay in the list until deleted.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.qualys.answers import Json, Refusal
from sandbox.qualys.clock import milliseconds
from sandbox.qualys.image_source import PulledImage
from sandbox.qualys.images import RepoTag

_CANCELLABLE = ("Created", "Queued", "Paused", "Running", "BaselineQueued", "BaselineRunning")
_SPARED_BY_BULK_DELETE = ("Queued", "Unknown", "Running")
_DAYS = (*range(1, 8), 14)
_STAMPS = (
    "jobStartDate",
    "jobListingStartDate",
    "jobListingCompletionDate",
    "jobScanningStartDate",
    "jobScanningCompletionDate",
    "jobCompletionDate",
)


@dataclass
class Schedule:
    """`phase` is the sensor's: queued, listing, scanning, ended; `due` when it moves on."""

    registry_uuid: str
    name: str
    on_demand: bool
    time: str | None
    force_scan: bool
    filters: list[Json]
    created: float
    updated: float
    status: str
    due: float | None
    phase: str = "queued"
    stamps: dict[str, float] = field(default_factory=dict)
    errors: list[Json] = field(default_factory=list)
    targets: list[tuple[RepoTag, PulledImage]] = field(default_factory=list)
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The repositories, and what is asked for of their tags."""
        return [(pair["repo"], pair["tag"]) for one in self.filters for pair in one["repoTags"]]

    @property
    def waiting(self) -> bool:
        return self.phase == "queued"

    def as_json(self, status_names: Mapping[str, str]) -> Json:
        return {
            "scheduleUuid": self.uuid,
            "name": self.name,
            "onDemand": self.on_demand,
            "schedule": self.time,
            "status": status_names.get(self.status, self.status),
            "created": milliseconds(self.created),
            "updated": milliseconds(self.updated),
            **{name: milliseconds(self.stamps.get(name)) for name in _STAMPS},
            "filters": self.filters,
            "errors": self.errors,
        }

    def stamp(self, now: float, *names: str) -> None:
        self.updated = now
        self.stamps.update(dict.fromkeys(names, now))

    def add_error(self, code: str, message: str, context: Json) -> None:
        self.errors.append({"errorCode": code, "errorMessage": message, "contextParams": context})

    def end(self, status: str, now: float) -> None:
        self.status, self.phase, self.due = status, "ended", None
        self.stamp(now, "jobCompletionDate")


class Schedules:
    def __init__(self) -> None:
        self._by_uuid: dict[str, Schedule] = {}

    def all(self) -> list[Schedule]:
        return list(self._by_uuid.values())

    def of(self, registry_uuid: str) -> list[Schedule]:
        return [one for one in self.all() if one.registry_uuid == registry_uuid]

    def find(self, schedule_uuid: str) -> Schedule | None:
        return self._by_uuid.get(schedule_uuid)

    def get(self, registry_uuid: str, schedule_uuid: str) -> Schedule:
        """Raises Refusal 404."""
        schedule = self.find(schedule_uuid)
        if schedule is None or schedule.registry_uuid != registry_uuid:
            raise Refusal(404, "Schedule not found")
        return schedule

    def add(self, schedule: Schedule) -> Schedule:
        return self._by_uuid.setdefault(schedule.uuid, schedule)

    def cancel(self, schedule: Schedule, now: float, refused_status: int) -> None:
        if schedule.status not in _CANCELLABLE:
            raise Refusal(refused_status, f"A {schedule.status} schedule cannot be cancelled")
        schedule.end("Canceled", now)

    def cancel_many(self, chosen: list[Schedule], now: float) -> str:
        """Those that cannot be cancelled are left alone; the id of the cancelling job."""
        for schedule in chosen:
            if schedule.status in _CANCELLABLE:
                schedule.end("Canceled", now)
        return str(uuid.uuid4())

    def delete(self, schedule: Schedule, refused_status: int) -> None:
        if schedule.status == "Running":
            raise Refusal(refused_status, "A Running schedule cannot be deleted")
        self._forget(schedule)

    def delete_many(self, chosen: list[Schedule]) -> str:
        """Queued, Unknown and Running ones are left alone; the id of the deleting job."""
        for schedule in chosen:
            if schedule.status not in _SPARED_BY_BULK_DELETE:
                self._forget(schedule)
        return str(uuid.uuid4())

    def _forget(self, schedule: Schedule) -> None:
        schedule.phase, schedule.due = "ended", None  # the sensor lets go of it too
        del self._by_uuid[schedule.uuid]


def new_schedule(registry_uuid: str, body: Mapping[str, Any], now: float, due: float) -> Schedule:
    """A valid job; an automatic one is stored but never run here. Raises Refusal 400."""
    on_demand = body.get("onDemand", True)
    if not isinstance(on_demand, bool) or not isinstance(body.get("forceScan", False), bool):
        raise Refusal(400, "onDemand and forceScan are booleans")
    if not isinstance(body.get("name"), str) or not body["name"]:
        raise Refusal(400, "name is required")
    interval = body.get("scheduleScanIntervalInDays")
    if not on_demand and (not isinstance(interval, int) or not 1 <= interval <= 365):
        raise Refusal(400, "scheduleScanIntervalInDays must be from 1 to 365")
    return Schedule(
        registry_uuid=registry_uuid,
        name=body["name"],
        on_demand=on_demand,
        time=body.get("schedule"),
        force_scan=body.get("forceScan", False),
        filters=_checked_filters(body.get("filters")),
        created=now,
        updated=now,
        status="Queued" if on_demand else "Created",
        due=due if on_demand else None,
    )


def _checked_filters(filters: Any) -> list[Json]:
    if not _filled(filters, list) or not all(_filled(one, dict) for one in filters):
        raise Refusal(400, "filters are required")
    for one in filters:
        if one.get("days") is not None and one["days"] not in _DAYS:
            raise Refusal(400, "days must be from 1 to 7, 14 or null")
        pairs = one.get("repoTags")
        if not _filled(pairs, list) or not all(_filled(pair, dict) for pair in pairs):
            raise Refusal(400, "repoTags are required")
        if not all(_filled(pair.get(name), str) for pair in pairs for name in ("repo", "tag")):
            raise Refusal(400, "repo and tag are required")
    return list(filters)


def _filled(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and bool(value)
