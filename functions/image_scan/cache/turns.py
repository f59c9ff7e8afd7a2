"""From where an image is scanned while its scans have no result. Pure.

The same bytes may be in several repositories and under several tags, and some of them let no sensor
in, or are moved. Who asks for a scan there again and again must not keep the others from a result.
So the accounts that deploy take turns: registries are as many as somebody likes to have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_scan.cache.entries import FAILURES, IN_PROGRESS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_scan.contracts import ScanInput

_MOST = 20  # accounts
_REPOSITORY = ("account_id", "region", "repository")


def tried(entry: Mapping[str, Any], now: float) -> list[str]:
    """Returns the accounts that deployed what was scanned in vain since the last result, which
    UNSCANNABLE is not, the latest one last, as the next lease stores it."""
    if entry.get("status") not in (IN_PROGRESS, "UNSCANNABLE", *FAILURES):
        return []
    if entry["status"] == IN_PROGRESS and entry["ttl"] > now:
        return [*entry.get("tried", [])]  # it gives way while it runs: that was no turn
    last = deployer_of(entry)
    return [*(each for each in entry.get("tried", []) if each != last), last][-_MOST:]


def is_next(scan_input: ScanInput, entry: Mapping[str, Any], *, is_registered: bool) -> bool:
    """Whether what an account deploys is scanned at once, although a scan that another account has
    caused runs elsewhere: that one was in vain before, and later than the last one of this account.
    Or it is `ahead` of any deployment, and this image is not only registered: who registers need
    run nothing, and may have no permit left."""
    image, deployer = scan_input["image"], scan_input["deployment"]["account"]
    other = deployer_of(entry)
    if image["unscannable"] or deployer == other or not is_elsewhere(image, entry):
        return False
    order = {account: number for number, account in enumerate(entry.get("tried", []))}
    is_ahead = bool(entry.get("ahead")) and not is_registered
    return is_ahead or order.get(deployer, -1) < order.get(other, -1)


def is_elsewhere(image: Mapping[str, Any], entry: Mapping[str, Any]) -> bool:
    """Whether what is known of an image was learned in another repository, or by another tag. The
    same bytes are one image, but one of the tags may be moved, or its repository closed."""
    tag = image.get("tag", "")
    is_other = bool(tag) and entry.get("tag", tag) != tag
    return is_other or any(entry.get(name) != image[name] for name in _REPOSITORY)


def deployer_of(entry: Mapping[str, Any]) -> str:
    """Returns the account whose event took the lease that an entry is, or was."""
    return str(entry.get("deployer", entry.get("account_id", "")))
