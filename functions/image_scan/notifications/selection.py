"""The workloads that a verdict is sent to, and what of it each of them is told. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from image_scan.contracts import Place
    from image_scan.findings.encoding import Finding
    from image_scan.notifications.policy import Judged


@dataclass(frozen=True)
class Selection:
    """The places that are to hear. `left` are the findings without accepted ones, None where they
    are unknown; `judged` says of a place how they differ from those of the image before, `teams`
    whose it is."""

    places: Mapping[str, Place]
    left: Sequence[Finding] | None = None
    accepted: int = 0
    judged: Mapping[str, Judged] = field(default_factory=dict)
    teams: Mapping[str, str] = field(default_factory=dict)


def select(
    judged: Mapping[str, Judged] | None, places: Mapping[str, Place], always: bool
) -> Selection:
    """`always`: all of them are to hear, whatever they were notified of before."""
    if judged is None:
        return Selection(places)
    told = {place: each for place, each in judged.items() if each.is_told or always}
    if not told:
        return Selection({})
    first = next(iter(told.values()))
    return Selection({place: places[place] for place in told}, first.left, first.accepted, told)
