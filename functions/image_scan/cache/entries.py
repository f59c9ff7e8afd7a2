"""An entry of the cache as its readers name it. Pure.

A rescan is a scan beside a verdict that still counts. Its lease is inside the entry (`rescan`), so
whoever reads the entry finds the verdict. Only a result replaces that. The verdict counts until
`valid_until`: `ttl` is the later end of the two then, so that DynamoDB removes neither. A lease
that has `ended` had no result.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from image_scan.contracts import Lease
from image_scan.results import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_scan.contracts import ScanInput

IN_PROGRESS = "IN_PROGRESS"
FAILURES = ("TIMEOUT", "ERROR")
RESULTS = ("CLEAN", "FINDINGS")
# All findings are an item of their own: the entry is read at each deployment of the image.
RESULT = tuple(name for name in Outcome.__annotations__ if name not in ("verdict", "listed"))

# What lists things, of an entry: nobody needs it who reads the entries of all that runs.
_LISTS = ("top", "detections", "requests")

# An ECR image that is known only by account, region, repository and tag may be another one soon.
_TAG_ONLY_SECONDS = 3600
# A result that Qualys did not renew: it may still be about to.
_NOT_FRESH_SECONDS = 86_400


class Scan(NamedTuple):
    """A scan by its number, and that of the first one that was to answer those who wait for it."""

    number: int
    since: int


def outcome_of(entry: Mapping[str, Any]) -> Outcome:
    """Returns the outcome that an entry holds."""
    result = {name: entry[name] for name in RESULT if name in entry}
    return cast("Outcome", {"verdict": entry["status"], **result})


def brief(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Returns an entry without what it lists: there are many in memory at once."""
    return {name: value for name, value in entry.items() if name not in _LISTS}


def had_result(entry: Mapping[str, Any]) -> bool:
    """Whether an image has a result, or had one before the scans that were in vain since."""
    return entry.get("status") in RESULTS or bool(entry.get("had_result"))


def scan_of(entry: Mapping[str, Any]) -> Scan:
    return Scan(entry["acquired_at"], entry["since"])


def owner_of(scan_input: ScanInput) -> str:
    """Returns who holds a lease that this event takes: the same for each of its deliveries."""
    text = f"{scan_input['event_id']} {scan_input['image']['key']}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def lease_of(scan_input: ScanInput, number: int) -> Lease:
    """Returns the lease of an event; the execution that it starts has a name of its own."""
    key, owner = scan_input["image"]["key"], owner_of(scan_input)
    repository = re.sub(r"[^a-z0-9]+", "-", scan_input["image"]["repository"])[-30:].strip("-")
    short = key if key.startswith("sha256:") else hashlib.sha256(key.encode()).hexdigest()
    name = f"{repository}-{short.removeprefix('sha256:')[:12]}-{owner}-{number}"
    return Lease(key=key, owner=owner, acquired_at=number, execution_name=name)


def lifetime(key: str, outcome: Outcome, ttl_seconds: int) -> int:
    """Returns the seconds for which a verdict counts."""
    # A failure keeps nobody from scanning, and of its end nobody has to know.
    is_tag_only = re.fullmatch(r"[0-9]{12}/[^@]*", key) is not None
    if is_tag_only and outcome["verdict"] not in FAILURES:
        ttl_seconds = min(ttl_seconds, _TAG_ONLY_SECONDS)
    return ttl_seconds if outcome.get("fresh", True) else min(ttl_seconds, _NOT_FRESH_SECONDS)


def findings_key(key: str) -> str:
    """Of the item that holds all findings of an image."""
    return f"findings#{key}"


def listed(item: Mapping[str, Any], number: int) -> str:
    """Returns the findings in such an item; empty if they are of another scan than `number`."""
    is_of = number == 0 or item.get("of", number) == number
    return str(item.get("listed", "")) if is_of else ""


def valid_until(entry: Mapping[str, Any]) -> int:
    """Returns until when a verdict or a lease counts."""
    return int(entry.get("valid_until", entry.get("ttl", 0)))


def lease_beside(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the lease of a rescan, as an entry; empty if there is none, or if it has ended."""
    rescan = entry.get("rescan", {"ended": ""})
    if "ended" in rescan:
        return {}
    return {**rescan, "imageDigest": entry["imageDigest"], "status": IN_PROGRESS}


def as_now(entry: Mapping[str, Any], now: float) -> dict[str, Any]:
    """Returns what an entry counts as now: its verdict or lease; after its verdict, the lease of a
    rescan that goes on; else nothing. All who read entries ask this."""
    if valid_until(entry) > now:
        return {**entry}
    rescan = lease_beside(entry)
    return rescan if rescan.get("ttl", 0) > now else {}


def is_overtaken(entry: Mapping[str, Any], now: float, *, is_forced: bool) -> bool:
    """Whether a rescan is all that counts from now on: its verdict has run out, or somebody does
    not want it."""
    is_live = lease_beside(entry).get("ttl", 0) > now
    return is_live and (is_forced or valid_until(entry) <= now)


def is_rescanning(entry: Mapping[str, Any], owner: str, now: float) -> bool:
    """Whether the rescan that goes on is of this event."""
    lease = lease_beside(entry)
    return lease.get("owner") == owner and lease["ttl"] > now


def may_rescan(entry: Mapping[str, Any], owner: str, now: float) -> bool:
    """Whether a rescan of this event may begin: none goes on, and it has had none."""
    had_one = entry.get("rescan", {}).get("owner") == owner
    return not had_one and lease_beside(entry).get("ttl", 0) <= now
