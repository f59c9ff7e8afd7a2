"""From whose repository an image is scanned while its scans have no result. Pure.

The same bytes may be in repositories of several accounts, and some of them let no sensor in. Who
asks for a scan there again and again must not keep the others from a result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_scan.cache.entries import FAILURES, IN_PROGRESS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_scan.contracts import Image

_MOST = 20  # accounts
_REPOSITORY = ("account_id", "region", "repository")


def tried(entry: Mapping[str, Any], now: float) -> list[str]:
    """Returns the accounts from whose repositories an image was scanned in vain since its last
    result, which UNSCANNABLE is not, the latest one last, as the next lease stores it."""
    if entry.get("status") not in (IN_PROGRESS, "UNSCANNABLE", *FAILURES):
        return []
    if entry["status"] == IN_PROGRESS and entry["ttl"] > now:
        return [*entry.get("tried", [])]  # it gives way while it runs: that was no turn
    last = entry.get("account_id", "")
    return [*(each for each in entry.get("tried", []) if each != last), last][-_MOST:]


def is_next(image: Image, entry: Mapping[str, Any], *, is_registered: bool) -> bool:
    """Whether an image is scanned at once, although a scan of it runs from another account's
    repository: that one was in vain before, and later than the last one from this account. Or it is
    `ahead` of any deployment, and this image is not only registered: who registers need run
    nothing, and may have no permit left."""
    mine, other = image["account_id"], entry.get("account_id")
    if image["unscannable"] or mine == other:
        return False
    order = {account: number for number, account in enumerate(entry.get("tried", []))}
    is_ahead = bool(entry.get("ahead")) and not is_registered
    return is_ahead or order.get(mine, -1) < order.get(other, -1)


def is_elsewhere(image: Mapping[str, Any], entry: Mapping[str, Any]) -> bool:
    """Whether what is known of an image was learned in another repository. The same bytes are one
    image, but a tag to scan them by may stand in one of the two alone."""
    return any(entry.get(name) != image[name] for name in _REPOSITORY)
