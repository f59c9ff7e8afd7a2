"""A notification as a person reads it: in an e-mail, or in a short message.

Every name in it was chosen by somebody else: what cannot be printed is replaced, line breaks too,
so that none can pretend to be another line.
"""

from __future__ import annotations

from typing import Any

_MOST_FINDINGS = 10
_MOST_PLACES = 20
_LONGEST_NAME = 300
_LONGEST_SMS = 140
_NEXT = {
    "FINDINGS": "Update what has a fixed version, build the image anew, and deploy it.",
    "UNSCANNABLE": "Deploy by a tag that is in ECR; until then nobody knows what is in it.",
    "TIMEOUT": "Look at the registry sensor. The next deployment of the image scans it again.",
    "ERROR": "Mend the cause, which `make doctor` may name; `make redrive` or the next deployment "
    "scans the image again.",
}


def email(told: dict[str, Any]) -> str:
    """Plain text of what `notifications.message` gives."""
    image = told["image"]
    lines = [_headline(told), ""]
    if told["reason"]:
        lines += [_plain(told["reason"], 2000), ""]
    lines += [
        f"Image    {_plain(image['uri'])}",
        f"Digest   {_plain(image['digest'] or 'unknown')}",
    ]
    if "scanned_at" in told:
        older = "" if told.get("fresh", True) else " (an older result: it was not scanned anew)"
        lines.append(f"Scanned  {told['scanned_at']}{older}")
    lines += ["", f"Deployed in {_counted(told['deployed_total'], 'place')}:"]
    lines += [f"  {_place(place)}" for place in told["deployed"][:_MOST_PLACES]]
    if told["deployed_total"] > _MOST_PLACES:
        lines.append("  ...")
    if told["findings"]:
        lines += ["", "Worst findings:"]
        lines += [f"  {_finding(finding)}" for finding in told["findings"][:_MOST_FINDINGS]]
    if told["verdict"] in _NEXT:
        lines += ["", _NEXT[told["verdict"]]]
    return "\n".join(lines) + "\n"


def sms(told: dict[str, Any]) -> str:
    return _headline(told)[:_LONGEST_SMS]


def _headline(told: dict[str, Any]) -> str:
    image = told["image"]
    name = _plain(f"{image['repository']}:{image['tag']}" if image["tag"] else image["repository"])
    if counts := told.get("counts"):
        return f"{name}: {counts['critical']} critical, {counts['high']} high"
    return f"{name}: {told['verdict']}"


def _place(place: dict[str, Any]) -> str:
    family = place["task_definition"].rsplit("/", 1)[-1]
    what = f"service {place['service']}" if place["service"] else f"task definition {family}"
    where = f"account {place['account']}, {place['region']}"
    cluster = f", cluster {place['cluster']}" if place["cluster"] else ""
    return _plain(f"{what} ({where}{cluster}), by {place['principal'] or 'nobody known'}")


def _finding(finding: dict[str, Any]) -> str:
    names = ", ".join(finding["cves"][:3]) or f"QID {finding['qid']}"
    where = f" in {', '.join(finding['packages'][:3])}" if finding["packages"] else ""
    return _plain(f"severity {finding['severity']}  {names}{where}: {finding['title']}")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _plain(text: str, longest: int = _LONGEST_NAME) -> str:
    shown = "".join(each if each.isprintable() else "?" for each in text)
    return shown if len(shown) <= longest else f"{shown[:longest]}..."
