"""Of what runs, how much has a verdict: the figures of a reconciliation. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from image_scan.cache.entries import FAILURES, IN_PROGRESS
from image_scan.fair import in_turn
from image_scan.results import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_scan.contracts import ScanInput
    from image_scan.results import Verdict

Json = dict[str, Any]
# What is named of the scans that were asked for; a name may have more than a thousand characters.
_MOST_SCANS, _MOST_WORKLOADS, _LONGEST = 500, 5, 500


@dataclass
class UnscannableImage:
    """A running image that has no result: no scan can be asked for, or the last one ended as
    `verdict` says. `workloads` are ids of the inventory."""

    uri: str
    reason: str
    workloads: set[str] = field(default_factory=set)
    verdict: Verdict = "UNSCANNABLE"

    @property
    def why(self) -> str:
        return self.reason if self.verdict == "UNSCANNABLE" else f"{self.verdict}: {self.reason}"


@dataclass(frozen=True)
class Running:
    """A running image with a result: a task that runs it, the event of that task, and the entry of
    the cache."""

    task: ScanInput
    event: Json
    entry: Json


@dataclass
class Found:
    """Of all that runs: keys of images, by what is known of them. `images` are in scope, `left_out`
    are not, at one workload or more. `sent` are (image, workload), `scans` the images that the
    intake is asked to scan, with the reason, `bad` those whose findings it judges again.
    `unreadable` are accounts and regions that were not read, or not to the end, and why."""

    images: set[str] = field(default_factory=set)
    left_out: set[str] = field(default_factory=set)
    fresh: dict[str, Running] = field(default_factory=dict)
    unscannable: dict[str, UnscannableImage] = field(default_factory=dict)
    failed: dict[str, UnscannableImage] = field(default_factory=dict)
    scans: dict[str, Json] = field(default_factory=dict)
    bad: set[str] = field(default_factory=set)
    running: set[tuple[str, str]] = field(default_factory=set)
    sent: set[tuple[str, str]] = field(default_factory=set)
    closed: int = 0
    unreadable: dict[tuple[str, str], str] = field(default_factory=dict)

    def percent(self) -> int:
        """Of the images that can be scanned, those with a fresh verdict; rounded down."""
        scannable = len(self.images) - len(self.unscannable)
        return 100 * len(self.fresh) // scannable if scannable else 100

    def out_of_scope(self) -> int:
        """Counts images that only workloads out of scope run."""
        return len(self.left_out - self.images)

    def summary(self) -> dict[str, int]:
        """The figures as they are stored and shown."""
        return {
            "running_images": len(self.images),
            "fresh_verdicts": len(self.fresh),
            "unscannable": len(self.unscannable),
            "coverage_percent": self.percent(),
            "out_of_scope": self.out_of_scope(),
            "sent": len(self.sent),
            "closed": self.closed,
        }

    def answer(self) -> Json:
        """The scans that were asked for, as they are shown: some of very many, account by account
        in turn, with their number. An answer of Lambda has room for 6 MB."""
        turns = in_turn((key, _account(each["workloads"][0])) for key, each in self.scans.items())
        named = [_shown(self.scans[key]) for key in turns[:_MOST_SCANS]]
        return {"scans": named, "scans_total": len(self.scans)}

    def figures(self) -> dict[str, int]:
        """The metrics of a reconciliation."""
        return {
            "RunningImages": len(self.images),
            "FreshVerdicts": len(self.fresh),
            "Unscannable": len(self.unscannable),
            "CoveragePercent": self.percent(),
            # A metric costs, so there is none of what does not occur.
            **({"OutOfScope": left_out} if (left_out := self.out_of_scope()) else {}),
            **({"UnreadRegions": len(self.unreadable)} if self.unreadable else {}),
        }


def _shown(scan: Json) -> Json:
    names = in_turn((name, _account(name)) for name in scan["workloads"])
    more = {"workloads": names[:_MOST_WORKLOADS], "workloads_total": len(names)}
    return {**scan, "why": scan["why"][:_LONGEST], **more}


def _account(workload: str) -> str:
    return workload.partition("#")[0]


def failure_of(item: Mapping[str, Any]) -> Outcome | None:
    """How the last scan of an image ended, if that was without a result; also while the next one
    runs: somebody may ask for it again and again."""
    if item.get("status") in FAILURES:
        return Outcome(verdict=item["status"], reason=item.get("reason", ""))
    if item.get("status") == IN_PROGRESS and item.get("tried"):
        return Outcome(verdict="ERROR", reason="its last scan had no result, and the next one runs")
    return None
