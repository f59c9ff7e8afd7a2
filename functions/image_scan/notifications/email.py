"""Writes a notification for people: for an e-mail, a short message, or a chat.

Others choose the names in it. So characters that cannot be printed are replaced, line breaks too:
no name can look like a line of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_scan.findings import fixes
from image_scan.findings.detections import ADVICE, EXAMINATIONS, total

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_FINDINGS = 10
_MOST_WORKLOADS = 20
_LONGEST_NAME = 300
_LONGEST_SMS = 140
NEXT = {
    "CLEAN": "Nothing is confirmed: look at the potential findings in Qualys.",
    "FINDINGS": fixes.ADVICE,
    "UNSCANNABLE": "Deploy it from ECR, by a tag that exists. Until then nobody has examined it.",
    "TIMEOUT": "Look at the registry sensor. `make backfill`, which runs once a day by itself, or "
    "the next deployment scans the image again.",
    "ERROR": "Fix the cause, which `make doctor` may name; `make redrive`, `make backfill` or the "
    "next deployment scans the image again.",
}


def email(content: dict[str, Any]) -> str:
    """Returns the plain text of what `message.compose` returns."""
    image = content["image"]
    lines = [headline(content), ""]
    if content["reason"]:
        lines += [plain(content["reason"], 2000), ""]
    lines += [
        f"Image    {plain(image['uri'])}",
        f"Digest   {plain(image['digest'] or 'unknown')}",
    ]
    if "scanned_at" in content:
        older = "" if content.get("fresh", True) else " (an older result: it was not scanned again)"
        lines.append(f"Scanned  {content['scanned_at']}{older}")
    if "config_digest" in content:
        lines.append(f"Qualys   image id {plain(content['config_digest'].removeprefix('sha256:'))}")
    lines += [f"{name:8} {words}" for name, words in examined(content)]
    if fixable := content.get("fixable"):
        lines.append(f"Fixable  {fixable['critical']} critical, {fixable['high']} high")
    if content.get("accepted_by_exception"):
        lines.append(
            f"{counted(content['accepted_by_exception'], 'finding')} accepted by exceptions, "
            "not counted here"
        )
    if asked := requests(content):
        lines += ["", asked]
    title = f"Deployed in {counted(content['workloads_total'], 'workload')}:"
    lines += _section(
        title, workloads(content, _MOST_WORKLOADS) if content["workloads_total"] else []
    )
    if listed := registered(content, _MOST_WORKLOADS):
        lines += ["", *listed]
    lines += _section("Malware and secrets:", detections(content))
    lines += _section("Worst findings:", findings(content, _MOST_FINDINGS))
    lines += ["", f"Next: {' '.join(next_steps(content))}"]
    lines += _section("Look:", [f"{name:9}  {url}" for name, url in content["links"].items()])
    return "\n".join(lines) + "\n"


def _section(title: str, lines: list[str]) -> list[str]:
    return ["", title, *(f"  {line}" for line in lines)] if lines else []


def sms(content: dict[str, Any]) -> str:
    return headline(content)[:_LONGEST_SMS]


def headline(content: dict[str, Any]) -> str:
    """Returns `shop/app:1.4.2: 1 critical, 2 high`, or the verdict if there are no counts."""
    image = content["image"]
    name = plain(f"{image['repository']}:{image['tag']}" if image["tag"] else image["repository"])
    if counts := content.get("notified_counts"):
        kinds = [*detected(content), f"{counts['critical']} critical", f"{counts['high']} high"]
        return f"{name}: {', '.join(kinds)}"
    return f"{name}: {content['verdict']}"


def requests(content: dict[str, Any]) -> str:
    """Names who requested the scan by hand; empty if a deployment caused it."""
    if not (asked := content.get("requested_by")):
        return ""
    alone = "" if content["workloads_total"] else ". No workload has to be notified of it"
    return plain(f"Scanned by hand, asked for by {', '.join(asked)}{alone}.", 600)


def detected(content: Mapping[str, Any]) -> list[str]:
    """Returns `malware in 2 files` and `1 secret`, as far as they were found."""
    malware, secrets = total(content.get("malware")), total(content.get("secrets"))
    found = [f"malware in {counted(malware, 'file')}"] if malware else []
    return [*found, counted(secrets, "secret")] if secrets else found


def examined(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Returns what the image was examined for, then malware and secrets by severity."""
    lines = []
    if names := content.get("examined"):
        missing = [each for each in EXAMINATIONS if each not in names]
        apart = f"; not examined: {', '.join(missing)}" if missing else ""
        lines.append(("Examined", f"{', '.join(names)}{apart}"))
    for kind in ("malware", "secrets"):
        if total(content.get(kind)):
            found = [f"{number} {level}" for level, number in content[kind].items() if number]
            lines.append((kind.capitalize(), ", ".join(found)))
    return lines


def detections(content: Mapping[str, Any]) -> list[str]:
    """Lists the worst malware and secrets: by name of the file, or of the secret's detector."""
    lines = []
    for each in content.get("detections", []):
        family = f" ({each['family']})" if each["family"] else ""
        lines.append(plain(f"{each['kind']}, severity {each['severity']}: {each['name']}{family}"))
    return lines


def next_steps(content: Mapping[str, Any]) -> list[str]:
    """Returns what to do: first about malware and secrets, then about vulnerabilities."""
    found = [ADVICE[kind] for kind in ("malware", "secrets") if total(content.get(kind))]
    counts = content.get("notified_counts")
    return (
        found
        if found and counts and not any(counts.values())
        else [*found, NEXT[content["verdict"]]]
    )


def workloads(content: dict[str, Any], most: int) -> list[str]:
    """Returns a line for each workload, and a last line if there are more."""
    lines = [_workload(workload) for workload in content["workloads"][:most]]
    more = content["workloads_total"] - len(lines)
    return [*lines, f"and {more} more"] if more > 0 else lines


def registered(content: dict[str, Any], most: int) -> list[str]:
    """Returns a line for each registered task definition that no workload runs."""
    lines = [
        f"Registered, not running: {_workload(workload)}"
        for workload in content["registered"][:most]
    ]
    more = len(content["registered"]) - len(lines)
    return [*lines, f"and {more} more task definitions"] if more > 0 else lines


def findings(content: dict[str, Any], most: int) -> list[str]:
    return [finding(each) for each in content["findings"][:most]]


def _workload(workload: dict[str, Any]) -> str:
    family = workload["task_definition"].rsplit("/", 1)[-1]
    what = f"service {workload['service']}" if workload["service"] else f"task definition {family}"
    where = f"account {workload['account']}, {workload['region']}"
    cluster = f", cluster {workload['cluster']}" if workload["cluster"] else ""
    team = f" of {workload['team']}" if workload["team"] else ""
    line = f"{what}{team} ({where}{cluster}), by {workload['principal'] or 'nobody known'}"
    if compared := workload.get("compared"):
        line += (
            f": {compared['new']} new, {compared['still_open']} still open, "
            f"{compared['fixed']} fixed since the image before"
        )
    return plain(line, 600)


def finding(found: Mapping[str, Any]) -> str:
    """Describes one of the worst findings in a line.

    It does not name malware that uses the vulnerability: that would read as malware in the image.
    """
    names = ", ".join(found["cves"][:3]) or f"QID {found['qid']}"
    where = f" in {', '.join(found['packages'][:3])}" if found["packages"] else ""
    score = f", QDS {found['qds']}" if found.get("qds") else ""
    line = f"severity {found['severity']}{score}  {names}{where}: {found['title']}"
    if found["fixes"]:
        line += f"; fixed in {', '.join(found['fixes'][:3])}"
    elif found["patch"]:
        line += "; a patch is available"
    if found.get("exploited"):
        line += " [exploited now]"
    elif found["exploit"]:
        line += " [exploit exists]"
    return plain(line + (" [new here]" if found.get("new") else ""), 600)


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def plain(text: str, longest: int = _LONGEST_NAME) -> str:
    shown = "".join(each if each.isprintable() else "?" for each in text)
    return shown if len(shown) <= longest else f"{shown[:longest]}..."
