"""Selects the workloads to notify of a verdict, and the findings that count for each. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

    from image_scan.contracts import Image, Workload
    from image_scan.findings.encoding import Finding
    from image_scan.notifications.policy import Judged


@dataclass(frozen=True)
class Selection:
    """The workloads to notify, by their ids.

    `left` are the findings that no exception accepts, None where they are unknown;
    `accepted_by_exception` counts the others. `judged` compares the findings of a workload with
    those that it was notified of, and `teams` says who owns it.
    """

    workloads: Mapping[str, Workload]
    left: Sequence[Finding] | None = None
    accepted_by_exception: int = 0
    judged: Mapping[str, Judged] = field(default_factory=dict)
    teams: Mapping[str, str] = field(default_factory=dict)

    def parts(self, most: int) -> Iterator[Selection]:
        """Yields the selection in parts of at most so many workloads."""
        names = sorted(self.workloads)
        for first in range(0, len(names), most):
            part = {name: self.workloads[name] for name in names[first : first + most]}
            yield replace(self, workloads=part)


def select(
    judged: Mapping[str, Judged] | None, workloads: Mapping[str, Workload], always: Set[str]
) -> Selection:
    """Selects workloads. `always` are notified whatever they were notified of before."""
    if judged is None:
        return Selection(workloads)
    chosen = {
        workload: each
        for workload, each in judged.items()
        if each.is_notified or workload in always
    }
    if not chosen:
        return Selection({})
    first = next(iter(chosen.values()))
    return Selection(
        {workload: workloads[workload] for workload in chosen},
        first.left,
        first.accepted_by_exception,
        chosen,
    )


@dataclass(frozen=True)
class Group:
    """The workloads that run an image from one repository: those that were `judged`, None where
    the findings are unknown, and the `selection` of those to notify."""

    image: Image
    judged: Mapping[str, Judged] | None
    selection: Selection


def groups_of(
    images: Mapping[str, Image],
    workloads: Mapping[str, Workload],
    judged: Mapping[str, Judged] | None,
    always: set[str],
) -> list[Group]:
    """Groups workloads by the repository that they run the image from."""
    found: dict[tuple[str, str], tuple[Image, dict[str, Workload]]] = {}
    for name, image in images.items():
        found.setdefault(address_of(image), (image, {}))[1][name] = workloads[name]
    return [
        Group(image, those := _of(there, judged), select(those, there, always))
        for image, there in found.values()
    ]


def _of(names: Iterable[str], judged: Mapping[str, Judged] | None) -> dict[str, Judged] | None:
    return None if judged is None else {name: judged[name] for name in names}


def address_of(image: Image) -> tuple[str, str]:
    return image["host"], image["repository"]
