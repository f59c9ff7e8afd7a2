"""Notifies once a day of overdue findings, of images that run without a result, of exceptions that
end soon, and of accounts that were not read."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from image_scan.fair import in_turn
from image_scan.inventory.coverage import UnscannableImage
from image_scan.notifications import chat
from image_scan.notifications.digest_lines import SHOWN, sections
from image_scan.notifications.plain_text import counted
from image_scan.notifications.topics import Notification
from image_scan.results import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

    from image_scan.contracts import Reader
    from image_scan.notifications.acceptance import FindingException
    from image_scan.notifications.exceptions import ExceptionStore
    from image_scan.notifications.policy import NotificationPolicy
    from image_scan.notifications.throttle import Throttle
    from image_scan.notifications.topics import Topics
    from image_scan.state.registered_failures import RegisteredFailures

Json = dict[str, Any]
Where = tuple[str, str]  # account, region
SCHEMA = "image-scan/digest/1"
NOTICE = "daily digest"  # its name, with the day, among what is notified once in a time
# Each day has a notice of its own. It ends sooner than a day minus the Scheduler's window, so that
# each scheduled run may publish a digest, also two that begin on the same day in UTC.
_SECONDS = 20 * 3600
_SUBJECT = "Scan: daily digest"
_ATTRIBUTES: dict[str, MessageAttributeValueTypeDef] = {
    "verdict": {"DataType": "String", "StringValue": "DIGEST"}
}
_AHEAD = timedelta(days=7)
_MOST_WORKLOADS = 20
_LARGEST = 25_000  # bytes of a list of images; SNS takes 256 KiB
_NONE: Mapping[str, Any] = {"images": {}, "unlisted": 0}
_ALL_READ: Mapping[Where, str] = {}


@dataclass(frozen=True)
class DailyDigest:
    topics: Topics
    notices: Throttle
    exceptions: ExceptionStore
    registered: RegisteredFailures
    policy: NotificationPolicy
    clock: Callable[[], float] = time.time

    def notify(
        self,
        unscannable: Mapping[str, UnscannableImage],
        failed: Mapping[str, UnscannableImage],
        overdue: Sequence[Json],
        unread: Mapping[Where, str] = _ALL_READ,
    ) -> bool:
        """Publishes the digest. `overdue` is what `overdue.described` returns. Returns False if the
        digest is empty or was already published today. Raises AwsUnavailable or AwsRejected."""
        shown = unscannable if self.policy.unscannable == "daily" else {}
        failing = {key: each for key, each in failed.items() if self._calls_for(each)}
        today = datetime.fromtimestamp(self.clock(), UTC).date()
        registered = self.registered.read()
        exceptions = self.exceptions.read()
        content = digest(shown, failing, overdue, exceptions, today, registered, unread)
        if content is None:
            return False
        publish = partial(self.topics.publish, notification(content))
        if not self.notices.once(f"{NOTICE} {today}", publish, _SECONDS):
            return False
        self.registered.forget(registered)
        return True

    def _calls_for(self, image: UnscannableImage) -> bool:
        error = image.reason.split(": ")[0]
        return self.policy.may_notify(Outcome(verdict=image.verdict, error=error))


def digest(
    unscannable: Mapping[str, UnscannableImage],
    failed: Mapping[str, UnscannableImage],
    overdue: Sequence[Json],
    exceptions: Sequence[FindingException],
    today: date,
    registered: Mapping[str, Any] = _NONE,
    unread: Mapping[Where, str] = _ALL_READ,
) -> Json | None:
    """Returns the content of the digest; None if there is nothing to report."""
    lapsing = [each for each in exceptions if today <= each.until <= today + _AHEAD]
    ended = [
        UnscannableImage(**{**each, "workloads": set(each["workloads"])})
        for each in registered["images"].values()
    ]
    if not (unscannable or failed or ended or overdue or lapsing or unread):
        return None
    return {
        "schema": SCHEMA,
        "overdue": _fitting(overdue, lambda row: [row["workload"]]),
        "overdue_total": sum(each["findings_total"] for each in overdue),
        "overdue_workloads": len({each["workload"] for each in overdue}),
        "unscannable": _shown(unscannable.values()),
        "unscannable_total": len(unscannable),
        "failed": _shown(failed.values()),
        "failed_total": len(failed),
        "registered": _shown(ended),
        "registered_total": len(ended) + registered["unlisted"],
        "lapsing": _lapsing(lapsing),
        "unread": _unread(unread),
        "unread_total": len(unread),
    }


def _lapsing(exceptions: Iterable[FindingException]) -> list[Json]:
    return [
        {
            "finding": each.cve or f"QID {each.qid}",
            "account_id": each.account_id,
            "repository": each.repository,
            "until": each.until.isoformat(),
            "reason": each.reason,
            "owner": each.owner,
        }
        for each in sorted(exceptions, key=lambda each: each.until)
    ]


def _unread(reasons: Mapping[Where, str]) -> list[Json]:
    rows = [{"account": a, "region": b, "reason": reasons[a, b]} for a, b in sorted(reasons)]
    return _fitting(rows, lambda row: [row["account"]])


def _shown(images: Iterable[UnscannableImage]) -> list[Json]:
    rows: list[Json] = []
    for each in sorted(images, key=lambda each: each.uri):
        names = in_turn((name, _account(name)) for name in sorted(each.workloads))
        total = len(names)
        row = {"uri": each.uri, "reason": each.why, "workloads": names, "workloads_total": total}
        rows.append(row)
    cut = [{**row, "workloads": row["workloads"][:_MOST_WORKLOADS]} for row in rows]
    return _fitting(cut, lambda row: row["workloads"] or [""])


def _fitting(rows: Iterable[Json], workloads: Callable[[Json], Iterable[str]]) -> list[Json]:
    """Returns as many rows as fit into a message. The accounts of their workloads take turns, so
    that none keeps those of others out; a row of several accounts comes with the first of them.
    Where there is no room for all, each image has only a few of its workloads."""
    known = list(rows)
    pairs = ((str(at), _account(name)) for at, row in enumerate(known) for name in workloads(row))
    turns = in_turn(dict.fromkeys(pairs))
    ordered = [known[int(at)] for at in dict.fromkeys(turns)]
    if len(json.dumps(ordered)) <= _LARGEST:
        return ordered
    found, room = [], _LARGEST
    for row in ordered:
        named = row.get("workloads", [])[:SHOWN]
        brief = {**row, "workloads": named} if named else row
        size = len(json.dumps([brief]))
        if size <= room:
            found.append(brief)
            room -= size
    return found


def _account(workload: str) -> str:
    return workload.partition("#")[0]


def notification(content: dict[str, Any]) -> Notification:
    """Makes the notification of a digest, with a text for each kind of reader."""
    title = headline(content)
    texts: dict[Reader, str] = {
        "people": text(content),
        "phones": title,
        "chat": json.dumps(chat.custom(title, *sections(content))),
        "machines": json.dumps(content),
    }
    return Notification(_SUBJECT, texts, _ATTRIBUTES)


def headline(content: Mapping[str, Any]) -> str:
    parts = []
    if number := content["overdue_total"]:
        parts.append(f"{counted(number, 'finding')} overdue")
    if number := content["unscannable_total"]:
        parts.append(f"{counted(number, 'running image')} cannot be scanned")
    if number := content["failed_total"]:
        parts.append(f"{counted(number, 'running image')} ended without a result")
    if number := content["registered_total"]:
        parts.append(f"{counted(number, 'registered image')} ended without a result")
    if number := len(content["lapsing"]):
        parts.append(f"{counted(number, 'exception')} will end within a week")
    if number := content["unread_total"]:
        parts.append(f"{counted(number, 'region')} of accounts not read")
    return "Image scan: " + ", ".join(parts)


def text(content: Mapping[str, Any]) -> str:
    """Returns the text of the e-mail."""
    return "\n".join([headline(content), "", *chain(*sections(content))]) + "\n"
