"""Notifies once a day of overdue findings, of images that run without a result, and of exceptions
that end soon."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from image_scan.inventory.coverage import UnscannableImage
from image_scan.notifications import chat
from image_scan.notifications.plain_text import counted, plain
from image_scan.notifications.topics import Notification
from image_scan.results import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

    from image_scan.contracts import Reader
    from image_scan.notifications.exceptions import ExceptionStore
    from image_scan.notifications.policy import FindingException, NotificationPolicy
    from image_scan.notifications.throttle import Throttle
    from image_scan.notifications.topics import Topics
    from image_scan.state.registered_failures import RegisteredFailures

Json = dict[str, Any]
SCHEMA = "image-scan/digest/1"
# Shorter than a day minus the Scheduler's window, so that each scheduled run may publish a digest.
_SECONDS = 20 * 3600
_SUBJECT = "Scan: daily digest"
_ATTRIBUTES: dict[str, MessageAttributeValueTypeDef] = {
    "verdict": {"DataType": "String", "StringValue": "DIGEST"}
}
_AHEAD = timedelta(days=7)
_MOST_WORKLOADS = 20
_LARGEST = 25_000  # bytes of a list of images; SNS takes 256 KiB
_LISTS = ("unscannable", "failed", "registered")
_NONE: Mapping[str, Any] = {"images": {}, "unlisted": 0}
_SHOWN = 3  # workloads of an image, or findings of a workload, in words


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
    ) -> bool:
        """Publishes the digest. `overdue` is what `overdue.described` returns. Returns False if the
        digest is empty or was already published today. Raises AwsUnavailable or AwsRejected."""
        shown = unscannable if self.policy.unscannable == "daily" else {}
        failing = {key: each for key, each in failed.items() if self._calls_for(each)}
        today = datetime.fromtimestamp(self.clock(), UTC).date()
        registered = self.registered.read()
        content = digest(shown, failing, overdue, self.exceptions.read(), today, registered)
        if content is None:
            return False
        publish = partial(self.topics.publish, notification(content))
        if not self.notices.once("daily digest", publish, _SECONDS):
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
) -> Json | None:
    """Returns the content of the digest; None if there is nothing to report."""
    lapsing = [each for each in exceptions if today <= each.until <= today + _AHEAD]
    ended = [
        UnscannableImage(**{**each, "workloads": set(each["workloads"])})
        for each in registered["images"].values()
    ]
    if not (unscannable or failed or ended or overdue or lapsing):
        return None
    return {
        "schema": SCHEMA,
        "overdue": _fitting(overdue),
        "overdue_total": sum(each["findings_total"] for each in overdue),
        "overdue_workloads": len(overdue),
        "unscannable": _shown(unscannable.values()),
        "unscannable_total": len(unscannable),
        "failed": _shown(failed.values()),
        "failed_total": len(failed),
        "registered": _shown(ended),
        "registered_total": len(ended) + registered["unlisted"],
        "lapsing": [
            {
                "finding": each.cve or f"QID {each.qid}",
                "account_id": each.account_id,
                "repository": each.repository,
                "until": each.until.isoformat(),
                "reason": each.reason,
                "owner": each.owner,
            }
            for each in sorted(lapsing, key=lambda each: each.until)
        ],
    }


def _shown(images: Iterable[UnscannableImage]) -> Sequence[Json]:
    return _fitting(
        [
            {
                "uri": each.uri,
                "reason": each.why,
                "workloads": sorted(each.workloads)[:_MOST_WORKLOADS],
            }
            for each in sorted(images, key=lambda each: each.uri)
        ]
    )


def _fitting(shown: Sequence[Json]) -> Sequence[Json]:
    """Returns as many of the first as fit into a message."""
    while len(json.dumps(shown)) > _LARGEST:
        shown = shown[: len(shown) // 2]
    return shown


def notification(content: dict[str, Any]) -> Notification:
    """Makes the notification of a digest, with a text for each kind of reader."""
    title = headline(content)
    texts: dict[Reader, str] = {
        "people": text(content),
        "phones": title,
        "chat": json.dumps(chat.custom(title, lines(content))),
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
    return "Image scan: " + ", ".join(parts)


def lines(content: Mapping[str, Any]) -> list[str]:
    found = list(_overdue_lines(content))
    found += [line for name in _LISTS for line in _image_lines(content, name)]
    for each in content["lapsing"]:
        account = f" of account {each['account_id']}" if each["account_id"] else ""
        what = f"{each['finding']} in {each['repository']}{account}"
        why = f"accepted by an exception of {each['owner']} until {each['until']}: {each['reason']}"
        found.append(plain(f"{what}, {why}", 600))
    return found


def _overdue_lines(content: Mapping[str, Any]) -> Iterator[str]:
    for each in content["overdue"]:
        first = each["findings"][0]["due"]
        number = counted(each["findings_total"], "finding")
        yield plain(f"{each['uri']}: {number} overdue, the first since {first}", 600)
        team = f", team {each['team']}" if each["team"] else ""
        yield f"  {plain(each['workload'] + team)}"
        shown = each["findings"][:_SHOWN]
        for finding in shown:
            age = f"open for {counted(finding['open_days'], 'day')}, due {finding['due']}"
            yield f"  {plain(finding['finding'])}, {finding['severity']}, {age}"
        if more := each["findings_total"] - len(shown):
            yield f"  and {more} more"
    if more := content["overdue_workloads"] - len(content["overdue"]):
        yield f"and {more} more workloads with overdue findings"


def _image_lines(content: Mapping[str, Any], name: str) -> list[str]:
    found = []
    for each in content[name]:
        found.append(plain(f"{each['uri']}: {each['reason']}", 600))
        shown = each["workloads"][:_SHOWN]
        found += [f"  {plain(workload)}" for workload in shown]
        if more := len(each["workloads"]) - len(shown):
            found.append(f"  and {more} more")
    if more := content[f"{name}_total"] - len(content[name]):
        found.append(f"and {more} more images")
    return found


def text(content: Mapping[str, Any]) -> str:
    """Returns the text of the e-mail."""
    return "\n".join([headline(content), "", *lines(content)]) + "\n"
