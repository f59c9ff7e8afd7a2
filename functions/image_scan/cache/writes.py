"""What is written to an entry, and on what condition: each write is made on what was read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from image_scan.aws.dynamodb import Attr, Change
from image_scan.cache import turns
from image_scan.cache.entries import IN_PROGRESS, RESULT, had_result, valid_until
from image_scan.errors import AwsUnavailable
from image_scan.events.by_hand import is_by_hand
from image_scan.events.workloads import is_registered, workload_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from boto3.dynamodb.conditions import ConditionBase

    from image_scan.cache.standing import Met
    from image_scan.contracts import Lease, ScanInput, Workload
    from image_scan.results import Outcome

# What an entry has of a rescan, and in all of its verdict.
RESCAN = ("rescan", "valid_until")
_OF_VERDICT = (*RESULT, *RESCAN, "announced", "judged_for", "repeated", "tried", "unasked")
_VERSION = ("status", "ttl", "acquired_at", "rescan.acquired_at")
_SHOWN = ("uri", "account_id", "region", "repository", "tag")
# Bytes of all who have asked without running the image; DynamoDB takes 400 KB of an entry.
_MOST = 50_000


def leased(met: Met, lease: Lease, until: int) -> dict[str, Any]:
    """Returns the entry of a lease."""
    image, before = met.scan_input["image"], met.entry if met.is_passed_on else {}
    reason, number = image["unscannable"], lease["acquired_at"]
    return {
        "imageDigest": lease["key"],
        **{name: image[name] for name in _SHOWN},  # type: ignore[literal-required]
        "deployer": met.scan_input["deployment"]["account"],
        "status": IN_PROGRESS,
        "owner": lease["owner"],
        "acquired_at": number,
        "ttl": until,
        "since": before.get("since", number),
        "requests": asked(met.scan_input, before),
        **({"reason": reason, "unasked": True} if reason else {}),
        **({"repeated": True} if met.is_repeated else {}),
        **({"ahead": True} if met.is_registered else {}),
        **({"had_result": True} if had_result(met.entry) else {}),
        **({"tried": tried} if (tried := turns.tried(met.entry, met.now)) else {}),
    }


def asked(scan_input: ScanInput, before: Mapping[str, Any]) -> dict[str, Workload]:
    """Who has asked for the scan without running the image: they have no row of the inventory.

    Raises AwsUnavailable if too many have: the event is tried again, and queued."""
    deployment = scan_input["deployment"]
    found: dict[str, Workload] = dict(before.get("requests", {}))
    name, facts = workload_of(scan_input)
    if is_registered(deployment):
        found[name] = facts
    elif is_by_hand(deployment):
        found[f"{name}#{facts['principal']}"] = facts
    if len(found) > len(before.get("requests", {})) and len(json.dumps(found)) > _MOST:
        raise AwsUnavailable("too many have asked for a scan of this image without running it")
    return found


def is_same(entry: Mapping[str, Any], lease: Lease) -> bool:
    """Whether what was read is this lease, or what has become of it."""
    return all(entry.get(name) == lease[name] for name in ("owner", "acquired_at"))


def is_of(lease: Lease) -> ConditionBase:
    """The condition that an entry is a lease, or what has become of it. The time too: an event that
    is delivered again may have taken the lease again."""
    ours = Attr("owner").eq(lease["owner"]) & Attr("acquired_at").eq(lease["acquired_at"])
    return cast("ConditionBase", ours)


def unchanged(entry: Mapping[str, Any]) -> ConditionBase:
    """The condition that an entry is still the one that was read."""
    if not entry:
        return cast("ConditionBase", Attr("imageDigest").not_exists())
    # What is compared with NULL is not equal, not even what is not there.
    read = {**entry, "rescan.acquired_at": entry.get("rescan", {}).get("acquired_at")}
    status, ttl, number, rescan = (
        Attr(name).not_exists() if read.get(name) is None else Attr(name).eq(read[name])
        for name in _VERSION
    )
    return status & ttl & number & rescan


def is_held(lease: Lease) -> ConditionBase:
    """The condition that an entry is this lease still."""
    return cast("ConditionBase", is_of(lease) & Attr("status").eq(IN_PROGRESS))


def rescan_begun(entry: Mapping[str, Any], lease: Mapping[str, Any]) -> Change:
    """Puts a lease beside a verdict."""
    until = valid_until(entry)
    rescan = {name: each for name, each in lease.items() if name not in ("imageDigest", "status")}
    return Change({"rescan": rescan, "valid_until": until, "ttl": max(until, lease["ttl"])})


def rescan_renewed(entry: Mapping[str, Any], until: int) -> Change:
    return Change({"rescan.ttl": until, "ttl": max(valid_until(entry), until)})


def rescan_ended(entry: Mapping[str, Any], lease: Lease, outcome: Outcome) -> Change:
    """Leaves the verdict as it is, and notes whose rescan had no result: that may come again."""
    named = {"owner": lease["owner"], "acquired_at": lease["acquired_at"], "ttl": 0}
    rescan = {**named, "ended": outcome["verdict"], "reason": outcome.get("reason", "")}
    return Change({"rescan": rescan, "ttl": valid_until(entry)}, removed=("valid_until",))


def rescan_alone(entry: Mapping[str, Any], changes: Mapping[str, Any]) -> Change:
    """Makes a rescan the scan of the image, with these `changes`. Its verdict is gone."""
    lease = {name: each for name, each in entry["rescan"].items() if name != "imageDigest"}
    sets = {"status": IN_PROGRESS, **lease, **changes}
    return Change(sets, removed=tuple(name for name in _OF_VERDICT if name not in sets))


def rescan_goes_on(entry: Mapping[str, Any]) -> ConditionBase:
    """The condition that the rescan of an entry has neither ended nor begun again."""
    return is_rescan_of(cast("Lease", entry["rescan"]))


def is_rescan_of(lease: Lease) -> ConditionBase:
    """The condition that a rescan goes on under this lease."""
    owner, number = (Attr(f"rescan.{name}").eq(lease[name]) for name in ("owner", "acquired_at"))
    return cast("ConditionBase", owner & number & Attr("rescan.ended").not_exists())
