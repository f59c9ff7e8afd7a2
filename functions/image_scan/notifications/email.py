"""Writes a notification as an e-mail and as a short message, and its parts as lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_scan.findings.detections import EXAMINATIONS, total
from image_scan.findings.summary import LEVELS
from image_scan.notifications import lead
from image_scan.notifications.lead import headline
from image_scan.notifications.plain_text import counted, moment, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_FINDINGS = 10
_MOST_WORKLOADS = 20
_LONGEST_SMS = 140
_SHORT = ("Runs in", "New")
_LINKS = ("qualys", "image", "execution")  # what helps most comes first


def email(content: dict[str, Any]) -> str:
    """Returns the plain text of what `message.compose` returns."""
    lines = [headline(content), ""]
    if content["reason"]:
        lines += [plain(content["reason"], 2000), ""]
    if asked := requests(content):
        lines += [asked, ""]
    lines += [f"{name:8} {words}" for name, words in lead.lines(content)]
    lines += ["", *_image(content)]
    title = f"Deployed in {counted(content['workloads_total'], 'workload')}:"
    lines += _section(
        title, workloads(content, _MOST_WORKLOADS) if content["workloads_total"] else []
    )
    if listed := registered(content, _MOST_WORKLOADS):
        lines += ["", *listed]
    lines += _section("Malware and secrets:", detections(content))
    lines += _section("Worst findings:", findings(content, _MOST_FINDINGS))
    if accepted := plain(lead.exception(content)):
        lines += _section("To accept a finding for some time, add to `exceptions`:", [accepted])
    links = content["links"]
    lines += _section("Look:", [f"{name:9}  {links[name]}" for name in _LINKS if name in links])
    return "\n".join(lines) + "\n"


def _image(content: dict[str, Any]) -> list[str]:
    """Returns which image it is, and what its scan has looked for."""
    image = content["image"]
    lines = [
        f"Image    {plain(image['uri'])}",
        f"Digest   {plain(image['digest'] or 'unknown')}",
    ]
    if "scanned_at" in content:
        older = "" if content.get("fresh", True) else " (an older result: it was not scanned again)"
        lines.append(f"Scanned  {moment(content['scanned_at'])}{older}")
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
    return lines


def _section(title: str, lines: list[str]) -> list[str]:
    return ["", title, *(f"  {line}" for line in lines)] if lines else []


def sms(content: dict[str, Any]) -> str:
    """Returns one line: what it is, then where it runs and what is worst, as far as they fit."""
    shown = [headline(content), *(words for name, words in lead.lines(content) if name in _SHORT)]
    return "; ".join(shown)[:_LONGEST_SMS]


def requests(content: dict[str, Any]) -> str:
    """Names who requested the scan by hand; empty if a deployment caused it."""
    if not (asked := content.get("requested_by")):
        return ""
    alone = "" if content["workloads_total"] else ". No workload has to be notified of it"
    return plain(f"Scanned by hand, asked for by {', '.join(asked)}{alone}.", 600)


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


def workloads(content: dict[str, Any], most: int) -> list[str]:
    """Returns a line for each workload, and a last line if there are more."""
    lines = [_workload(workload) for workload in content["workloads"][:most]]
    more = content["workloads_total"] - len(lines)
    return [*lines, f"and {more} more"] if more > 0 else lines


def registered(content: dict[str, Any], most: int) -> list[str]:
    """Returns a line for each registered task definition that no workload runs."""
    lines = [
        f"Registered, not running: {_workload(workload, 'registered')}"
        for workload in content["registered"][:most]
    ]
    more = len(content["registered"]) - len(lines)
    return [*lines, f"and {more} more task definitions"] if more > 0 else lines


def findings(content: dict[str, Any], most: int) -> list[str]:
    return [finding(each) for each in content["findings"][:most]]


def _workload(workload: dict[str, Any], verb: str = "deployed") -> str:
    line = f"{lead.workload(workload)}, {verb}"
    if workload["event_time"]:
        line += f" {moment(workload['event_time'])}"
    line += f" by {workload['principal'] or 'an unknown principal'}"
    if compared := workload.get("compared"):
        line += f": {lead.compare(compared)}"
    return plain(line, 600)


def finding(found: Mapping[str, Any]) -> str:
    """Describes one of the worst findings in a line.

    It does not name malware that uses the vulnerability: that would read as malware in the image.
    """
    where = f" in {', '.join(found['packages'][:3])}" if found["packages"] else ""
    score = f", QDS {found['qds']}" if found.get("qds") else ""
    line = f"{LEVELS[found['severity']]}{score}  {lead.names(found)}{where}: {found['title']}"
    if found["fixes"]:
        line += f"; fixed in {', '.join(found['fixes'][:3])}"
    elif found["patch"]:
        line += "; a patch is available"
    if found.get("exploited"):
        line += " [exploited now]"
    elif found["exploit"]:
        line += " [exploit exists]"
    if found.get("due"):
        line += f" [due {found['due']}]"
    return plain(line + (" [new here]" if found.get("new") else ""), 600)
