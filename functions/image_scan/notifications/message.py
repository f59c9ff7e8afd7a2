"""Writes the notification of a verdict: its subject, its texts and its attributes."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

from image_scan.events.workloads import select_registered, select_workloads
from image_scan.findings import detections, summary, upgrades
from image_scan.findings.ages import Deadlines
from image_scan.notifications import chat, email, facts, lead, throttle
from image_scan.notifications.plain_text import ascii_only
from image_scan.notifications.topics import Notification

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

    from image_scan.contracts import CompletionInput, Reader, Workload
    from image_scan.findings.encoding import Finding
    from image_scan.notifications.selection import Selection
    from image_scan.results import Counts, Outcome

_LONGEST_SUBJECT = 100  # characters, printable ASCII; SNS refuses any other
SCHEMA = "image-scan/notification/1"
_NO_DEADLINES = Deadlines({})


def notification(content: dict[str, Any], selection: Selection) -> Notification:
    """Makes the notification of what `compose` returns, with a text for each kind of reader."""
    texts: dict[Reader, str] = {
        "people": email.email(content),
        "phones": email.sms(content),
        "chat": json.dumps(chat.notification(content)),
        "machines": json.dumps(content),
    }
    return Notification(subject(content), texts, attributes(content, selection))


def subject(content: Mapping[str, Any]) -> str:
    """Returns `Scan: <repository> - <n>C/<m>H (<tag>, account <id>)`, with the verdict if there are
    no counts. What is in brackets is left out where there is no room for it."""
    if stopped := content.get("stopped_by"):
        return f"Scan: no scan can complete - {stopped}"
    counts = content.get("notified_counts")
    result = f"{counts['critical']}C/{counts['high']}H" if counts else content["verdict"]
    result = ", ".join([result, *lead.detected(content)])
    repository = ascii_only(content["image"]["repository"])
    room = _LONGEST_SUBJECT - len(f"Scan:  - {result}")
    begin = f"Scan: {repository[:room]} - {result}"
    details = [
        each for each in (ascii_only(content["image"]["tag"]), lead.accounts(content)) if each
    ]
    for shown in (details, details[1:]):
        if shown and len(begin) + len(whole := f" ({', '.join(shown)})") <= _LONGEST_SUBJECT:
            return begin + whole
    return begin


def compose(
    scan_input: CompletionInput,
    outcome: Outcome,
    selection: Selection,
    qualys_platform_url: str = "",
    deadlines: Deadlines = _NO_DEADLINES,
) -> dict[str, Any]:
    """Composes the JSON of a notification; docs/notifications.md has its schema."""
    content: dict[str, Any] = {
        "schema": SCHEMA,
        **facts.of(scan_input, outcome, qualys_platform_url),
    }
    if "counts" in outcome:
        content["notified_counts"] = _notified_counts(outcome, selection)
        content["accepted_by_exception"] = selection.accepted_by_exception
    top = outcome.get("top", [])
    if selection.left is not None:
        left = {each.qid for each in selection.left}
        top = [each for each in top if each["qid"] in left]
    new = {each.qid for judged in selection.judged.values() for each in judged.new}
    ages = _ages(selection, deadlines)
    if outcome["verdict"] == "ERROR" and (error := outcome.get("error")) in throttle.ERRORS:
        content["stopped_by"] = error
    deployed = _rows(selection, select_workloads(selection.workloads))
    return {
        **content,
        "findings": [
            {**each, "new": each["qid"] in new, **ages.get(each["qid"], {})} for each in top
        ],
        "upgrades": upgrades.best(top),
        "workloads": facts.shown(deployed),
        "workloads_total": len(deployed),
        "registered": facts.shown(
            _rows(selection, select_registered(selection.workloads)), facts.ROOM_REGISTERED
        ),
        **facts.requests(selection.workloads),
    }


def _ages(selection: Selection, deadlines: Deadlines) -> dict[int, dict[str, str]]:
    """Says of each finding since when the first of the workloads is notified of it, and by when it
    has to be remedied there."""
    first: dict[int, Finding] = {}
    for judged in selection.judged.values():
        for each in judged.notified:
            known = first.setdefault(each.qid, each)
            first[each.qid] = min(known, each, key=lambda one: one.since)
    found = {}
    for qid, each in first.items():
        due = deadlines.due(each)
        found[qid] = {"since": date.fromordinal(each.since).isoformat()} if each.since else {}
        found[qid] |= {"due": due.isoformat()} if due else {}
    return found


def _rows(selection: Selection, workloads: Mapping[str, Workload]) -> list[dict[str, Any]]:
    return [
        {**workload, "team": selection.teams.get(name, ""), **_compared(selection, name)}
        for name, workload in sorted(workloads.items())
    ]


def _notified_counts(outcome: Outcome, selection: Selection) -> Counts:
    """Counts findings by severity, without those accepted by an exception if these are known."""
    if selection.left is None:
        return outcome["counts"]
    return summary.counts([each.severity for each in selection.left if not each.potential])


def _compared(selection: Selection, workload: str) -> dict[str, Any]:
    """Counts new, still open and fixed findings in comparison with the previous image."""
    judged = selection.judged.get(workload)
    if judged is None or not judged.known_before:
        return {}
    numbers = {name: len(getattr(judged, name)) for name in ("new", "still_open", "fixed")}
    return {"compared": numbers}


def attributes(
    content: dict[str, Any], selection: Selection
) -> dict[str, MessageAttributeValueTypeDef]:
    """Returns attributes that a subscription can filter by, with the values of all workloads, even
    of those for which the texts have no room."""
    single = {
        "verdict": content["verdict"],
        "max_severity": _max_severity(content),
        "repository": content["image"]["repository"],
    }
    named = selection.workloads
    rows = _rows(selection, {**select_workloads(named), **select_registered(named)})
    several = {
        name: sorted({row[name] for row in rows} - {""})
        for name in ("account", "region", "cluster", "service", "team")
    }
    found: dict[str, MessageAttributeValueTypeDef] = {
        name: {"DataType": "String", "StringValue": value}
        for name, value in single.items()
        if value
    }
    for name, values in several.items():
        if values:
            found[name] = {"DataType": "String.Array", "StringValue": json.dumps(values)}
    return found


def _max_severity(content: dict[str, Any]) -> str:
    """Returns the highest severity; `unknown` without a result, `none` without a finding. Malware
    always counts as `critical`, so that no filter by severity leaves it out."""
    if "counts" not in content:
        return "unknown"
    if detections.total(content.get("malware")):
        return "critical"
    counted = (content["counts"], content.get("secrets", {}))
    levels = ("critical", "high", "medium", "low")
    return next((name for name in levels if any(each.get(name) for each in counted)), "none")
