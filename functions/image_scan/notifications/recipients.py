"""Selects the workloads to notify of a verdict, and the findings to name."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, cast

from image_scan.events.by_hand import is_by_hand
from image_scan.events.workloads import to_notify
from image_scan.findings import encoding
from image_scan.findings.detected import packed
from image_scan.inventory.earlier import Before
from image_scan.inventory.notified import Notice
from image_scan.notifications import message
from image_scan.notifications.acceptance import Accepting
from image_scan.notifications.facts import MOST_WORKLOADS
from image_scan.notifications.policy import judge, rate
from image_scan.notifications.readers import READING_SECONDS
from image_scan.notifications.selection import address_of, groups_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from image_scan.cache.leases import ScanCache
    from image_scan.contracts import CompletionInput, Image, Workload
    from image_scan.findings.ages import Deadlines
    from image_scan.findings.encoding import Finding
    from image_scan.inventory.notified import NotifiedFindings
    from image_scan.notifications.exceptions import ExceptionStore
    from image_scan.notifications.owners import Owned, Owners
    from image_scan.notifications.policy import Judged, NotificationPolicy, Rated
    from image_scan.notifications.readers import Readers
    from image_scan.notifications.selection import Group, Selection
    from image_scan.notifications.topics import Notification, Topics
    from image_scan.results import Outcome

# So long workloads are compared with what they were notified of; each may take 22 calls. Those for
# which no time is left are notified of everything.
_COMPARING_SECONDS = 8


@dataclass(frozen=True)
class Notifier:
    """Every method raises AwsUnavailable or AwsRejected when the tables or SNS do not answer."""

    policy: NotificationPolicy
    exceptions: ExceptionStore
    cache: ScanCache
    notified: NotifiedFindings
    owners: Owners
    readers: Readers
    topics: Topics
    deadlines: Deadlines
    qualys_platform_url: str = ""
    clock: Callable[[], float] = time.time
    timer: Callable[[], float] = time.monotonic

    def notify(
        self,
        scan_input: CompletionInput,
        outcome: Outcome,
        workloads: Mapping[str, Workload],
        rows: Iterable[dict[str, Any]] = (),
    ) -> dict[str, Notice]:
        """Returns the workloads that had to be notified. What a workload was notified of is
        recorded after that: a crash may repeat a notification, and never lose one. `rows` are those
        of the workloads, where they were just read."""
        image, workloads = scan_input["image"], to_notify(workloads)
        self.notified.know(rows)
        if not self.policy.may_notify(outcome):
            if "counts" in outcome:
                for workload in workloads:
                    self.notified.end(workload, image)
            return {}
        again = scan_input.get("again", False)
        images = {workload: self.notified.image(workload, image) for workload in workloads}
        judged = self.judge(scan_input, outcome, workloads, images)
        if again and judged is None:
            return {}
        always = set() if again else self._unaware(scan_input, outcome, workloads)
        groups = groups_of(images, workloads, judged, always)
        return self._notify(scan_input, outcome, groups, images)

    def _notify(
        self,
        scan_input: CompletionInput,
        outcome: Outcome,
        groups: Sequence[Group],
        images: Mapping[str, Image],
    ) -> dict[str, Notice]:
        """Publishes. What is notified of one repository is recorded before the next is notified."""
        chosen = {name: each for one in groups for name, each in one.selection.workloads.items()}
        owners, notices = self.owners.of(images, chosen), dict[str, Notice]()
        ends = self.timer() + READING_SECONDS
        composed = [
            self._composed(scan_input, outcome, each, owners.teams, ends) for each in groups
        ]
        for group, notifications in zip(groups, composed, strict=True):
            for each, own_topics in notifications:
                self.topics.publish(each, own_topics)
            notices |= self._record(scan_input, outcome, group, owners)
        return notices

    def _composed(
        self,
        scan_input: CompletionInput,
        outcome: Outcome,
        group: Group,
        teams: Mapping[str, str],
        ends: float,
    ) -> list[tuple[Notification, set[str]]]:
        """Returns the notifications of a group, with the teams whose topics get them too."""
        image, selection = group.image, group.selection
        asked = cast("CompletionInput", {**scan_input, "image": image})
        said = _said_elsewhere(outcome, scan_input["image"], image)
        own = {name: teams[name] for name in selection.workloads if name in teams}
        composed = []
        for part in replace(selection, teams=own).parts(MOST_WORKLOADS):
            platform, deadlines = self.qualys_platform_url, self.deadlines
            content = message.compose(asked, said, part, platform, deadlines)
            own_topics = self._teams(image, outcome, part, ends)
            composed.append((message.notification(content, part), own_topics))
        return composed

    def _unaware(
        self, scan_input: CompletionInput, outcome: Outcome, workloads: Iterable[str]
    ) -> set[str]:
        """Returns the workloads to notify of malware and secrets, whatever else they know: those
        that were not notified of all of these; all, if somebody has asked by hand."""
        if not (detected := packed(outcome, self.policy.levels)):
            return set()
        is_asked = is_by_hand(scan_input["deployment"])
        return {each for each in workloads if is_asked or not self.notified.knows(each, detected)}

    def _record(
        self, scan_input: CompletionInput, outcome: Outcome, group: Group, owners: Owned
    ) -> dict[str, Notice]:
        """Records what workloads were notified of, and what is left of it at the others."""
        now = int(self.clock())
        teams, unknown = owners
        notices = {
            each: Notice(teams.get(each, ""), now, is_known=each not in unknown)
            for each in group.selection.workloads
        }
        # Of a verdict that is judged again, who knows its malware and secrets does not change.
        again, detected = scan_input.get("again"), packed(outcome, self.policy.levels)
        if group.judged is None and "counts" in outcome:
            for workload in group.selection.workloads:
                self.notified.leave_open(workload, group.image)
        for workload, each in (group.judged or {}).items():
            self.notified.record(
                workload,
                group.image,
                each.notified,
                notices.get(workload),
                detected=None if again else detected,
                is_over=not (each.notified or detected),
            )
        return notices

    def _teams(self, image: Image, outcome: Outcome, part: Selection, ends: float) -> set[str]:
        """Returns the teams whose topics get the notification."""
        shown = {name: each for name, each in part.workloads.items() if name in part.teams}
        owned = [(part.teams[name], each) for name, each in shown.items()]
        if "counts" not in outcome:
            return {team for team, _ in owned}
        return self.readers.among(self.topics.teams, image, owned, ends)

    def judge(
        self,
        scan_input: CompletionInput,
        outcome: Outcome,
        workloads: Mapping[str, Workload],
        images: Mapping[str, Image],
    ) -> dict[str, Judged] | None:
        """Each workload's findings against what it was notified of; None where they are unknown.
        `images` has the image as each workload runs it."""
        if "counts" not in outcome:
            return None
        key, number = scan_input["image"]["key"], _number(scan_input)
        listed = outcome.get("listed") or self.cache.findings_of(key, number)
        found = encoding.unpack(listed)
        if found is None:
            return None
        today = datetime.fromtimestamp(self.clock(), UTC).date()
        rated = _rated(found, self.policy, Accepting(self.exceptions.read(), today), images)
        ends = self.timer() + _COMPARING_SECONDS

        def before(workload: str, facts: Workload) -> Before:
            ran = outcome.get("had_result") and self.notified.ran_before(workload, number)
            if ("rejudged" in scan_input or ran) and not self.notified.is_at_hand(workload):
                return Before([])  # the image had a verdict, and without a record nothing to notify
            if self.timer() < ends or self.notified.is_at_hand(workload):
                return self.notified.at(
                    workload, facts, images[workload], self.policy.severe, found
                )
            return Before(None)

        return {
            workload: judge(
                rated[address_of(images[workload])],
                before(workload, facts),
                self._notify_on(scan_input, workload),
                today,
                same_scan=scan_input.get("again", False),
            )
            for workload, facts in workloads.items()
        }

    def _notify_on(self, scan_input: CompletionInput, workload: str) -> Literal["new", "all"]:
        """Who knows a verdict of the image is notified of what is new in another one; of one that
        somebody asks for by hand, as of a version."""
        is_asked = is_by_hand(scan_input["deployment"])
        is_known = self.notified.is_at_hand(workload) and not is_asked
        is_judged_again = scan_input.get("again") or "rejudged" in scan_input
        return "new" if is_known or is_judged_again else self.policy.notify_on


def _rated(
    found: Sequence[Finding],
    policy: NotificationPolicy,
    accepting: Accepting,
    images: Mapping[str, Image],
) -> dict[tuple[str, str], Rated]:
    """Rates what an image has in each repository that workloads run it from."""
    copies = {address_of(image): image for image in images.values()}
    return {address: rate(found, policy, accepting, image) for address, image in copies.items()}


def _said_elsewhere(outcome: Outcome, scanned: Image, image: Image) -> Outcome:
    """Says where a scan without a result was tried, to those who run another copy of its image."""
    if image is scanned or not outcome.get("reason"):
        return outcome
    where = f"{scanned['host']}/{scanned['repository']}"
    reason = f"{outcome['reason']} (it was scanned in {where})"
    return cast("Outcome", {**outcome, "reason": reason})


def _number(scan_input: CompletionInput) -> int:
    """Returns the number of the scan that a verdict is of; 0 if there was none."""
    lease = scan_input["lease"]
    return lease["acquired_at"] if lease else scan_input.get("scan", 0)
