"""Says what matters most in a notification: the first lines that any reader sees. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from image_scan.findings import fixes
from image_scan.findings.detections import ADVICE, total
from image_scan.findings.summary import LEVELS
from image_scan.notifications.plain_text import ascii_only, counted, moment, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = dict[str, Any]
_NEXT = {
    "CLEAN": "Nothing is confirmed: look at the potential findings in Qualys.",
    "UNSCANNABLE": "Deploy it from ECR, by a tag that exists. Until then nobody has examined it.",
    "TIMEOUT": "Look at the registry sensor. `make backfill`, which runs once a day by itself, or "
    "the next deployment scans the image again.",
    "ERROR": "Fix the cause, which `make doctor` may name; `make redrive`, `make backfill` or the "
    "next deployment scans the image again.",
}
# Errors that stop every scan, not only this one.
_STOPPED = {
    "QualysUnauthorized": "Write a valid credential to the Qualys secret, then run `make redrive`.",
    "QualysUntrusted": "Set `ca_bundle` to the certificates on the way to Qualys, deploy, then run "
    "`make redrive`.",
    "ProxyUnauthorized": "Correct `proxy_user` and `proxy_password` in the Qualys secret, then run "
    "`make redrive`.",
    "ConfigurationError": "Run `make doctor`, correct what it names, then run `make redrive`.",
    "QualysUnavailable": "Qualys does not answer. When it does again, run `make redrive`.",
    "QualysThrottled": "The API limit of the Qualys subscription is used up. Wait, or have it "
    "raised, then run `make redrive`.",
    "ScansAtLimit": "More images wait than `max_concurrent_scans` lets through. Raise it or wait, "
    "then run `make redrive`.",
    "NotExamined": "The Registry Sensor does not look for all that `require_examined` names. "
    "Switch it on at the sensor, then run `make redrive`.",
}
# What is pasted into Terraform must be nothing but a name.
_REPOSITORY, _CVE = re.compile(r"[a-z0-9._/-]+"), re.compile(r"CVE-\d{4}-\d{4,}")
_NO_FIX = "look for a mitigation, or accept a finding for some time by an entry of `exceptions`."


def headline(content: Mapping[str, Any]) -> str:
    """Returns `shop/app:1.4.2: 1 critical, 2 high`, or the verdict if there are no counts."""
    if stopped := content.get("stopped_by"):
        return f"No scan can complete: {stopped}"
    image = content["image"]
    name = plain(f"{image['repository']}:{image['tag']}" if image["tag"] else image["repository"])
    if counts := content.get("notified_counts"):
        kinds = [*detected(content), f"{counts['critical']} critical", f"{counts['high']} high"]
        return f"{name}: {', '.join(kinds)}"
    return f"{name}: {content['verdict']}"


def accounts(content: Mapping[str, Any]) -> str:
    """Names the account of the workloads, or says how many there are."""
    accounts = {each["account"] for each in [*content["workloads"], *content["registered"]]}
    if len(accounts) > 1:
        return f"{len(accounts)} accounts"
    return f"account {ascii_only(accounts.pop())}" if accounts else ""


def detected(content: Mapping[str, Any]) -> list[str]:
    """Returns `malware in 2 files` and `1 secret`, as far as they were found."""
    malware, secrets = total(content.get("malware")), total(content.get("secrets"))
    found = [f"malware in {counted(malware, 'file')}"] if malware else []
    return [*found, counted(secrets, "secret")] if secrets else found


def lines(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Returns what is worst, where it runs, what is new, and what to do, each with a name."""
    named = [
        ("Worst", _worst(content)),
        ("Runs in", _runs_in(content)),
        ("New", _new(content)),
        *(("Upgrade", each) for each in upgrades(content)),
        ("Next", " ".join(next_steps(content))),
    ]
    return [(name, plain(words, 600)) for name, words in named if words]


def upgrades(content: Mapping[str, Any]) -> list[str]:
    """Returns lines such as `openssl 3.0.7 -> 3.0.8 fixes 3 of the 10 worst findings`."""
    listed = len(content["findings"])
    what = counted(listed, "listed finding")
    return [f"{_packages(each)} fixes {each['fixes']} of {what}" for each in content["upgrades"]]


def next_steps(content: Mapping[str, Any]) -> list[str]:
    """Returns what to do: first about malware and secrets, then about vulnerabilities."""
    if stopped := content.get("stopped_by"):
        return [_STOPPED[stopped]]
    found = [ADVICE[kind] for kind in ("malware", "secrets") if total(content.get(kind))]
    if content["verdict"] != "FINDINGS":
        return [*found, _NEXT[content["verdict"]]]
    return [*found, *_about_vulnerabilities(content, is_all=not found)]


def workload(each: Mapping[str, Any]) -> str:
    """Returns `service web of payments (account 123456789012, us-east-1, cluster prod)`."""
    family = each["task_definition"].rsplit("/", 1)[-1]
    what = f"service {each['service']}" if each["service"] else f"task definition {family}"
    where = f"account {each['account']}, {each['region']}"
    cluster = f", cluster {each['cluster']}" if each["cluster"] else ""
    team = f" of team {each['team']}" if each["team"] else ""
    return f"{what}{team} ({where}{cluster})"


def names(found: Mapping[str, Any]) -> str:
    """Returns the CVEs of a finding, or its QID."""
    return ", ".join(found["cves"][:3]) or f"QID {found['qid']}"


def _worst(content: Mapping[str, Any]) -> str:
    detections = content.get("detections", [])
    malware = [each for each in detections if each["kind"] == "malware"]
    if malware or not content["findings"]:
        for each in malware or detections:
            family = f" ({each['family']})" if each["family"] else ""
            return f"{each['severity']} {each['kind']} {each['name']}{family}"
        return ""
    found = content["findings"][0]
    threat = ", exploit exists" if found["exploit"] else ""
    threat = ", exploited now" if found.get("exploited") else threat
    where = f" in {', '.join(found['packages'][:3])}" if found["packages"] else ""
    return f"{names(found)}{where}, {LEVELS[found['severity']]}{threat}: {found['title']}"


def _runs_in(content: Mapping[str, Any]) -> str:
    if not content["workloads"]:
        registered = content["registered"]
        return f"nowhere. Registered: {workload(registered[0])}" if registered else ""
    first, more = content["workloads"][0], content["workloads_total"] - 1
    since = f", deployed {moment(first['event_time'])}" if first["event_time"] else ""
    others = f", and {counted(more, 'more workload')}" if more else ""
    return f"{workload(first)}{since}{others}"


def _new(content: Mapping[str, Any]) -> str:
    """Compares with what the workloads were notified of before."""
    compared = [each["compared"] for each in content["workloads"] if each.get("compared")]
    if not compared:
        return ""
    if any(each != compared[0] for each in compared):
        numbers = [each["new"] for each in compared]
        said = f"{min(numbers)} to {max(numbers)} findings are new, by workload (below)"
    else:
        said = compare(compared[0])
    rest = len(content["workloads"]) - len(compared)
    return said + (f"; the first notification for {counted(rest, 'workload')}" if rest else "")


def compare(compared: Mapping[str, int]) -> str:
    """Returns `1 new, 2 still open, 0 fixed since the image before`."""
    new, still, fixed = (compared[name] for name in ("new", "still_open", "fixed"))
    return f"{new} new, {still} still open, {fixed} fixed since the image before"


def _about_vulnerabilities(content: Mapping[str, Any], *, is_all: bool) -> list[str]:
    """Says what to do about what is fixable, and about the rest. `is_all`: nothing else is."""
    counts = content["notified_counts"]
    if not any(counts.values()):
        return [_NEXT["CLEAN"]] if is_all else []
    levels = [level for level in ("critical", "high") if counts[level]]
    severe, words = levels or list(counts), " and ".join(levels) or "findings"
    number = sum(counts[level] for level in severe)
    fixable = min(sum(content.get("fixable", {}).get(level, 0) for level in severe), number)
    if fixable == number:
        return [fixes.advice()]
    if not fixable:
        return [f"No fix is known: {_NO_FIX}"]
    return [
        fixes.advice(f"what has a fix ({fixable} of {number} {words})"),
        f"For the rest, {_NO_FIX}",
    ]


def _packages(upgrade: Mapping[str, Any]) -> str:
    shown = [
        f"{each['name']} {each['installed']} -> {each['fixed']}"
        if each["installed"]
        else f"{each['name']} to {each['fixed']}"
        for each in upgrade["packages"]
    ]
    return ", ".join(shown)


def exception(content: Mapping[str, Any]) -> str:
    """Returns an entry of the input `exceptions` for the worst finding without a fix; the worst of
    all if each has one."""
    repository = content["image"]["repository"]
    if not _REPOSITORY.fullmatch(repository):
        return ""
    unfixed = [each for each in content["findings"] if not each["fixes"] and not each["patch"]]
    for found in unfixed or content["findings"]:
        known = [each for each in found["cves"] if _CVE.fullmatch(each)]
        name = f'cve = "{known[0]}"' if known else f"qid = {found['qid']}"
        where = f'repository = "{repository}"'
        return f'{{ {name}, {where}, until = "<day>", reason = "<why>", owner = "<who>" }}'
    return ""
