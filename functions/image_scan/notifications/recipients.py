"""Selects the workloads to notify of a verdict, and the findings to name."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from image_scan.events.workloads import to_notify
from image_scan.findings import encoding
from image_scan.inventory.notified import Notice
from image_scan.notifications import message
from image_scan.notifications.facts import MOST_WORKLOADS
from image_scan.notifications.policy import judge
from image_scan.notifications.selection import select

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from image_scan.cache.leases import ScanCache
    from image_scan.contracts import CompletionInput, Image, Workload
    from image_scan.findings.ages import Deadlines
    from image_scan.findings.encoding import Finding
    from image_scan.inventory.notified import NotifiedFindings
    from image_scan.notifications.exceptions import ExceptionStore
    from image_scan.notifications.owners import Owners
    from image_scan.notifications.policy import Judged, NotificationPolicy
    from image_scan.notifications.readers import Readers
    from image_scan.notifications.selection import Selection
    from image_scan.notifications.topics import Topics
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
        policy = self.policy
        if again := scan_input.get("again", False):
            # All that run the image know this verdict: a message with what is new.
            workloads, policy = self.notified.workloads(image), replace(policy, notify_on="new")
        if rejudged := scan_input.get("rejudged"):
            policy = replace(policy, notify_on="new")
        judged = self.judge(
            image, outcome, workloads, policy, same_scan=again, is_known=rejudged is not None
        )
        if again and judged is None:
            return {}
        is_detected = not again and (rejudged is None or rejudged["detected"])
        selection = select(judged, workloads, is_detected and self.policy.detected(outcome))
        owners = self.owners.of(image, selection.workloads)
        for part in replace(selection, teams=owners).parts(MOST_WORKLOADS):
            content = message.compose(
                scan_input, outcome, part, self.qualys_platform_url, self.deadlines
            )
            teams = self._teams(image, outcome, part)
            self.topics.publish(message.notification(content, part), teams)
        return self._record(image, outcome, selection, judged, owners)

    def _record(
        self,
        image: Image,
        outcome: Outcome,
        selection: Selection,
        judged: Mapping[str, Judged] | None,
        owners: Mapping[str, str],
    ) -> dict[str, Notice]:
        """Records what workloads were notified of, and what is left of it at the others."""
        now = int(self.clock())
        notices = {each: Notice(owners.get(each, ""), now) for each in selection.workloads}
        for workload, each in (judged or {}).items():
            is_over = not each.notified and not self.policy.detected(outcome)
            notice = notices.get(workload)
            self.notified.record(workload, image, each.notified, notice, is_over=is_over)
        return notices

    def _teams(self, image: Image, outcome: Outcome, part: Selection) -> set[str]:
        """Returns the teams whose topics get the notification."""
        shown = {name: each for name, each in part.workloads.items() if name in part.teams}
        owned = [(part.teams[name], each) for name, each in shown.items()]
        if "counts" not in outcome:
            return {team for team, _ in owned}
        return self.readers.among(self.topics.teams, image, owned)

    def judge(
        self,
        image: Image,
        outcome: Outcome,
        workloads: Mapping[str, Workload],
        policy: NotificationPolicy,
        *,
        same_scan: bool = False,
        is_known: bool = False,
    ) -> dict[str, Judged] | None:
        """Each workload's findings against what it was notified of; None where they are unknown.
        `is_known`: the image had a verdict, so without a record there was nothing to notify."""
        if "counts" not in outcome:
            return None
        found = encoding.unpack(outcome.get("listed") or self.cache.findings_of(image["key"]))
        if found is None:
            return None
        exceptions = self.exceptions.read()
        today = datetime.fromtimestamp(self.clock(), UTC).date()
        ends = self.timer() + _COMPARING_SECONDS

        def before(workload: str, facts: Workload) -> Sequence[Finding] | None:
            if is_known and not self.notified.is_at_hand(workload):
                return []
            if self.timer() < ends or self.notified.is_at_hand(workload):
                return self.notified.at(workload, facts, image, policy.severe)
            return None

        return {
            workload: judge(
                found,
                before(workload, facts),
                policy,
                exceptions,
                image,
                today,
                same_scan=same_scan,
            )
            for workload, facts in workloads.items()
        }
