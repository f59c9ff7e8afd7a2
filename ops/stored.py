"""What commands take of the tables. Whatever else lies there is left out, and stops no command."""

from types import UnionType
from typing import (
    Any,
    Literal,
    NotRequired,
    TypedDict,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from image_scan.results import Counts, Detection, TopFinding, Verdict


class Rescan(TypedDict):
    """The lease of a scan beside a verdict."""

    owner: str
    acquired_at: int
    ttl: int
    ended: NotRequired[str]


class Listed(TypedDict):
    """An entry of the cache, as far as it is counted."""

    imageDigest: str
    status: Verdict | Literal["IN_PROGRESS"]
    ttl: NotRequired[int]
    valid_until: NotRequired[int]
    rescan: NotRequired[Rescan]


class Requested(TypedDict):
    """Who has asked for a scan without running the image."""

    account: str
    region: str
    cluster: str
    service: str
    task_definition: str
    principal: str
    event_name: str
    event_time: str


class Entry(Listed):
    """An entry of the cache as it is shown."""

    uri: NotRequired[str]
    account_id: NotRequired[str]
    region: NotRequired[str]
    repository: NotRequired[str]
    tag: NotRequired[str]
    owner: NotRequired[str]
    acquired_at: NotRequired[int]
    requests: NotRequired[dict[str, Requested]]
    reason: NotRequired[str]
    counts: NotRequired[Counts]
    potential: NotRequired[Counts]
    exempted: NotRequired[int]
    top: NotRequired[list[TopFinding]]
    examined: NotRequired[list[str]]
    malware: NotRequired[Counts]
    secrets: NotRequired[Counts]
    detections: NotRequired[list[Detection]]
    scanned_at: NotRequired[int]
    fresh: NotRequired[bool]
    config_digest: NotRequired[str]


class Row(TypedDict):
    """A row of the inventory."""

    digest: str
    workload: str
    uri: str
    repository: str
    tag: NotRequired[str]
    account: str
    region: str
    cluster: str
    service: str
    task_definition: str
    containers: list[str]
    event_name: str
    state: Literal["running", "deployed", "stopped"]
    first_seen: int
    last_seen: int
    stopped_at: NotRequired[int]
    principal: NotRequired[str]
    team: NotRequired[str]
    team_at: NotRequired[int]
    presumed_team_at: NotRequired[int]
    notified: NotRequired[str]
    notified_at: NotRequired[int]
    out_of_scope: NotRequired[str]


class Course(TypedDict):
    """What a reconciliation found."""

    key: str
    at: str
    running_images: int
    fresh_verdicts: int
    unscannable: int
    coverage_percent: int
    out_of_scope: NotRequired[int]
    sent: int
    closed: int
    silent: list[str]
    unreadable: dict[str, str]


def fits(value: Any, kind: Any) -> bool:
    """Checks whether a value is of a type: plain, a list, a dictionary, or a TypedDict, which may
    have more."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return value in parts
    if origin in (NotRequired, UnionType, Union):
        return any(fits(value, part) for part in parts)
    if origin is list:
        return isinstance(value, list) and all(fits(each, parts[0]) for each in value)
    if origin is dict:
        return isinstance(value, dict) and all(fits(each, parts[1]) for each in value.values())
    if is_typeddict(kind):
        hints = get_type_hints(kind, include_extras=True)
        return isinstance(value, dict) and all(
            fits(value[name], hint) if name in value else get_origin(hint) is NotRequired
            for name, hint in hints.items()
        )
    return type(value) is kind or (kind is type(None) and value is None)
