"""Break-glass: a tag of the service that opens its gate until a time. Pure.

Whoever may tag the service may open its gate, so each use of it is notified.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

TAG = "image-scan-gate"
_BEGIN = "bypass-until:"
_LONGEST = timedelta(days=7)


class Bypass(NamedTuple):
    """`until` is empty where the gate stays closed; `problem` then says why, if a tag is there."""

    until: str = ""
    problem: str = ""


def read(value: str, now: datetime) -> Bypass:
    """Reads the tag's value: `bypass-until:<ISO 8601 time>`, UTC where it names no zone. The end
    lies ahead, by seven days at most."""
    text = value.strip()
    if not text:
        return Bypass()
    if not text.startswith(_BEGIN):
        return Bypass(problem=f"the tag {TAG} has to begin with {_BEGIN}")
    try:
        end = datetime.fromisoformat(text.removeprefix(_BEGIN).strip())
        end = (end if end.tzinfo else end.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return Bypass(problem=f"the tag {TAG} names no time")
    if end <= now:
        return Bypass(problem=f"the tag {TAG} has ended")
    if end > now + _LONGEST:
        return Bypass(problem=f"the tag {TAG} ends more than 7 days ahead")
    return Bypass(until=end.isoformat(timespec="seconds"))
