"""Joins what is in use, from the inventory, with what is known of it. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from image_scan.ecr import references
from image_scan.ecr.identity import platform_of
from ops.cache_items import digest_of, of_name
from ops.inventory_rows import Read, with_teams
from ops.where import NO_VERDICT, moment

Json = dict[str, Any]
DAY = 86_400
# The reconciliation runs once a day. After so long without one, tasks may run that nobody has seen.
_STALE_SECONDS = 2 * DAY
_FACTS = ("account", "region", "cluster", "service", "task_definition", "state")
_MORE = ("principal", "out_of_scope")


@dataclass(frozen=True)
class Image:
    """An image in use, or one that was. `account_id` and `region` are those of its registry, empty
    outside of ECR. `tag` is the one seen last; each of the `workloads`, which run or ran the image,
    has its own. `digest` is empty if ECR did not give it."""

    key: str
    account_id: str
    region: str
    host: str
    repository: str
    tag: str
    digest: str
    platform: str
    verdict: str
    scanned_at: str
    counts: Mapping[str, int] | None
    workloads: Sequence[Json]


@dataclass(frozen=True)
class InUse:
    """`gaps` say why something may run that is not in it."""

    images: Sequence[Image]
    gaps: Sequence[str] = field(default_factory=tuple)


def in_use(
    inventory: Read,
    items: Iterable[Mapping[str, Any]],
    reconciliations: Sequence[Mapping[str, Any]],
    now: float,
    days: int = 0,
) -> InUse:
    """Returns what runs or is deployed, and what has stopped within so many `days`."""
    known = {item["imageDigest"]: item for item in items if int(item.get("ttl", 0)) > now}
    of_image: defaultdict[tuple[str, str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in with_teams(inventory.rows):
        until = int(row.get("stopped_at", 0)) if row["state"] == "stopped" else now
        if until >= now - days * DAY:
            # The same bytes may be in two registries or repositories, and each has to stay.
            of_image[row["digest"], _host(row), row["repository"]].append(row)
    images = [
        _image(key, of, known.get(key) or of_name(key, of[0]["uri"]))
        for (key, *_), of in of_image.items()
    ]
    images.sort(key=lambda each: (each.account_id, each.region, each.repository, each.key))
    seen = _not_seen(reconciliations, now)
    return InUse(images, [*seen, *_unread(inventory.unread), *_without_digest(images)])


def _host(row: Mapping[str, Any]) -> str:
    """Returns the registry of ECR that a workload pulls from; empty outside of ECR."""
    parsed = references.parse(row["uri"])
    return parsed.host if isinstance(parsed, references.EcrReference) else ""


def _image(key: str, rows: Sequence[Mapping[str, Any]], item: Mapping[str, Any]) -> Image:
    newest = max(rows, key=lambda row: int(row["last_seen"]))
    parsed = references.parse(newest["uri"])
    named = parsed if isinstance(parsed, references.EcrReference) else None
    scanned = item.get("scanned_at")
    return Image(
        key=key,
        account_id=named.account_id if named else "",
        region=named.region if named else "",
        host=named.host if named else "",
        repository=newest["repository"],
        tag=str(newest.get("tag", "")),
        digest=digest_of(key) if named else "",
        platform=platform_of(key),
        verdict=str(item.get("status", NO_VERDICT)),
        scanned_at=moment(scanned / 1000) if scanned else "",
        counts=item.get("counts"),
        workloads=[_workload(row) for row in sorted(rows, key=lambda row: str(row["workload"]))],
    )


def _workload(row: Mapping[str, Any]) -> Json:
    moments = ("first_seen", "last_seen", "stopped_at")
    return {
        **{name: str(row[name]) for name in _FACTS},
        "tag": str(row.get("tag", "")),
        **{name: moment(row.get(name)) for name in moments},
        "team": str(row["team"]),
        **{name: str(row.get(name, "")) for name in _MORE},
    }


def _not_seen(reconciliations: Sequence[Mapping[str, Any]], now: float) -> Iterable[str]:
    if not reconciliations:
        yield "nothing was reconciled yet, so tasks may run that sent no event"
        return
    last = reconciliations[-1]
    if now - datetime.fromisoformat(last["at"]).astimezone(UTC).timestamp() > _STALE_SECONDS:
        yield f"the last reconciliation was at {last['at']}, more than two days ago"
    for where, reason in last["unreadable"].items():
        yield f"{where} cannot be read: {reason}"


def _unread(keys: Sequence[str]) -> Iterable[str]:
    if keys:
        rows = "1 row" if len(keys) == 1 else f"{len(keys)} rows"
        yield f"{rows} of the inventory cannot be read, such as {keys[0]}"


def _without_digest(images: Iterable[Image]) -> Iterable[str]:
    for each in images:
        if each.account_id and not each.digest:
            yield f"the digest of {each.repository}:{each.tag} in {each.account_id} is not known"
