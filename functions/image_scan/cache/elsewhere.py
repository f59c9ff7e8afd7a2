"""The same bytes in two repositories: they are one image, but a tag to scan them by may stand in
one of the two alone. What cannot be scanned in the one says nothing of the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_scan.cache.table import ConditionFailedError
from image_scan.errors import ItemTooLarge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_scan.cache.table import CacheTable
    from image_scan.contracts import Image, Workload

_REPOSITORY = ("account_id", "region", "repository")


def is_elsewhere(image: Image, item: Mapping[str, Any]) -> bool:
    """Whether what is known of an image was learned in another repository."""
    return any(item.get(name) != image[name] for name in _REPOSITORY)  # type: ignore[literal-required]


def may_notify(table: CacheTable, item: Mapping[str, Any], workload: str, facts: Workload) -> bool:
    """Whether a workload is to be notified that its own image cannot be scanned. It then waits,
    with the others, for the next scan of the same bytes."""
    known = item["workloads"].get(workload)
    if known:
        return bool(known["event_id"] == facts["event_id"])  # whose notification failed
    try:
        same = "#status = :status"
        table.update(
            item["imageDigest"], {f"workloads.{workload}": facts}, same, status=item["status"]
        )
    except ConditionFailedError:
        return False
    except ItemTooLarge:
        pass  # at worst the workload is notified once more
    return True
