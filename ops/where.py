"""The command `where`: shows what is known about an image, and where it runs."""

import argparse
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.text import Text

from image_scan.ecr.identity import PLATFORMS, cache_key, platform_of
from image_scan.events import by_hand
from image_scan.events.workloads import select_registered
from image_scan.findings.summary import LEVELS
from image_scan.inventory.notified import team_of
from image_scan.notifications import email, links
from ops import asked, cache_items
from ops.asked import Asked
from ops.cache_items import IN_PROGRESS, CacheItems, digest_of, is_full, is_known, of_name
from ops.errors import NoAnswer
from ops.installation import Installation, add_options
from ops.inventory_rows import InventoryRows
from ops.locations import where
from ops.printing import facts, line

Json = dict[str, Any]
_KNOWN = (
    (" until", "stopped_at"),
    (", deployed by", "principal"),
    (", team", "team"),
    (", out of scope by the rule", "out_of_scope"),
    (", notified since", "notified_at"),
)
_FACTS = ("uri", "repository", "tag", "account_id", "region")
NO_VERDICT = "NONE"
STYLES = {
    NO_VERDICT: "yellow",
    "CLEAN": "green",
    "FINDINGS": "red",
    "TIMEOUT": "yellow",
    "ERROR": "yellow",
    "UNSCANNABLE": "yellow",
    IN_PROGRESS: "cyan",
}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Shows what is known about an image, about all images of a repository, or about all images "
        "with a finding: verdict, findings, where it runs, since when, and who deployed it. The "
        "exit status is 3 if nothing is known."
    )
    asked.add_options(parser)
    add_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Raises OpsError."""
    looked_for = asked.read(arguments)
    installation = Installation.of(arguments)
    rows = InventoryRows(installation)
    found = _find(looked_for, CacheItems(installation), rows)
    platform_url = _platform_url(installation) if found else ""
    known = [described(item, rows.of(item["imageDigest"]), platform_url) for item in found]
    if arguments.json:
        reported = {"asked": {looked_for.kind: looked_for.value}, "known": known}
        console.print_json(json.dumps(reported))
    elif not known:
        line(_nothing(looked_for), console)
    for each in [] if arguments.json else known:
        show(each, console)
    return 0 if known else NoAnswer.status


def _find(looked_for: Asked, items: CacheItems, rows: InventoryRows) -> list[Json]:
    """Returns the items of the images, and what stands for those that run without one. An image may
    have been scanned by another name than the one that it runs by."""
    if looked_for.kind not in ("image", "repository"):
        return items.with_finding(looked_for.value)
    name = looked_for.value
    if looked_for.kind == "repository":
        found, named = items.of_repository(name), rows.of_repository(name)
    else:
        found, named = items.find(name), {} if is_full(name) else rows.named(name)
        found += unknown(items.key_of(name), {each["imageDigest"] for each in found}, rows)
    return found + [
        cache_items.as_named(items.get(key) or _without_item(key, row["uri"]), row)
        for key, row in named.items()
        if key not in {each["imageDigest"] for each in found}
    ]


def _nothing(looked_for: Asked) -> str:
    if looked_for.kind in ("qid", "cve"):
        return f"No image with {looked_for.kind.upper()} {looked_for.value} is known."
    return (
        f"Nothing is known of {looked_for.value}: it was not deployed, its last scan ended without "
        "a result, or its verdict has expired."
    )


def _platform_url(installation: Installation) -> str:
    """Returns the URL of Qualys' pages; empty if there is none, or you may not read it."""
    try:
        return installation.variable("send_notification", "QUALYS_PLATFORM_URL")
    except NoAnswer:
        return ""


def unknown(name: str, known: set[str], rows: InventoryRows) -> list[Json]:
    """Describes an image that runs somewhere without a verdict, once for each such platform."""
    keys = [cache_key(name, platform) for platform in PLATFORMS] if name else []
    uris = {key: row["uri"] for key in keys if key not in known for row in rows.of(key)[:1]}
    return [_without_item(key, uri) for key, uri in uris.items()]


def _without_item(key: str, uri: str) -> Json:
    return of_name(key, uri) or {"imageDigest": key, "uri": uri, "status": NO_VERDICT}


def described(
    item: Mapping[str, Any], rows: Sequence[Mapping[str, Any]] = (), platform_url: str = ""
) -> Json:
    """Describes an item and its workloads for an operator; times are in ISO 8601. `platform_url` is
    that of Qualys' pages, for a link."""
    shown: Json = {
        "verdict": item["status"],
        "known": is_known(dict(item)),
        "key": item["imageDigest"],
        "platform": platform_of(item["imageDigest"]),
        **{name: item.get(name, "") for name in _FACTS},
        "digest": digest_of(item["imageDigest"]),
        "known_until": moment(item.get("ttl")),
    }
    if item["status"] == IN_PROGRESS:
        shown["scan_began"] = moment(item.get("acquired_at", 0) / 1000)
    results = ("counts", "potential", "exempted", "examined", "malware", "secrets", "detections")
    for name in ("reason", *results, "fresh", "config_digest"):
        if item.get(name) not in (None, ""):
            shown[name] = item[name]
    if item.get("scanned_at"):
        shown["scanned_at"] = moment(item["scanned_at"] / 1000)
    shown["findings"] = [
        {**each, "severity_word": LEVELS[each["severity"]]} for each in item.get("top", [])
    ]
    image = {name: str(shown[name]) for name in ("account_id", "region", "repository", "digest")}
    shown["links"] = links.of_image(image, str(item.get("config_digest", "")), platform_url)
    requests = item.get("requests", {})
    running: dict[str, Any] = {row["workload"]: row for row in rows}
    registered = select_registered({**requests, **running})
    shown["registered"] = [each for _, each in sorted(registered.items())]
    shown["requested_by"] = by_hand.requested_by(requests)
    shown["runs"] = [_run(row) for row in rows]
    return shown


def rules_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names the rules by which all that runs an image is out of scope; none if any is in scope."""
    rules = {row.get("out_of_scope", "") for row in rows if row["state"] != "stopped"}
    return [] if "" in rules else sorted(rules)


def _run(row: Mapping[str, Any]) -> Json:
    """Describes a row of the inventory."""
    facts = ("account", "region", "cluster", "service", "task_definition", "containers", "state")
    moments = ("first_seen", "last_seen", "stopped_at", "notified_at")
    return {
        **{name: row[name] for name in facts},
        **{name: row.get(name, "") for name in ("principal", "out_of_scope")},
        "team": team_of(row),
        **{name: moment(row[name]) for name in moments if name in row},
    }


def show(known: Mapping[str, Any], console: Console) -> None:
    style = STYLES.get(known["verdict"], "")
    facts(
        (
            (name, Text(value, style=style) if name == "verdict" else value)
            for name, value in _lines(known)
        ),
        console,
    )
    console.print()


def counted(counts: Mapping[str, int] | None) -> str:
    """Returns `2 critical, 1 high, 0 medium, 3 low`; empty if there is no result."""
    levels = ("critical", "high", "medium", "low")
    return ", ".join(f"{counts[level]} {level}" for level in levels) if counts else ""


def moment(seconds: Any) -> str:
    """Converts epoch seconds to ISO 8601; empty for no value, or for one that is no time."""
    if not seconds:
        return ""
    try:
        return datetime.fromtimestamp(float(seconds), UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return ""


def _lines(known: Mapping[str, Any]) -> list[tuple[str, str]]:
    verdict = known["verdict"]
    if verdict == NO_VERDICT:
        why = "it was not scanned, or its verdict has expired"
        verdict = f"none: {'out of scope' if rules_of(known['runs']) else why}"
    elif not known["known"]:
        verdict += " (expired)"
    lines = [
        ("image", known["uri"] or known["key"]),
        ("digest", known["digest"]),
        ("platform", known["platform"]),
        ("verdict", verdict),
        ("reason", known.get("reason", "")),
        ("findings", counted(known.get("counts"))),
        ("potential", counted(known.get("potential"))),
        *((name.lower(), words) for name, words in email.examined(known)),
        ("scanned", known.get("scanned_at") or known.get("scan_began", "")),
        ("fresh", "" if known.get("fresh", True) else "no: Qualys gave an older result"),
        ("known until", known["known_until"]),
    ]
    lines += [("detected", each) for each in email.detections(known)]
    lines += [("finding", _finding(each)) for each in known["findings"]]
    others = sum((known.get("counts") or {}).values()) - len(known["findings"])
    if known["findings"] and others > 0:
        lines.append(("", f"and {others} more"))
    lines += [(each["state"], _row(each)) for each in known["runs"]]
    lines += [("registered", _workload(each)) for each in known["registered"]]
    lines += [("asked for", f"by {each}, by hand") for each in known["requested_by"]]
    names = {"qualys": "at Qualys", "image": "in ECR"}
    return lines + [(names[name], known["links"][name]) for name in names if name in known["links"]]


def _finding(found: Mapping[str, Any]) -> str:
    """Describes a finding as the e-mail does, always with its QID."""
    text = email.finding(found)
    return f"{text} (QID {found['qid']})" if found["cves"] else text


def _row(run: Mapping[str, Any]) -> str:
    known = (f"{words} {run[name]}" for words, name in _KNOWN if run.get(name))
    return f"{where(run)}, since {run['first_seen']}{''.join(known)}"


def _workload(workload: Mapping[str, Any]) -> str:
    who = workload["principal"] or "somebody"
    return f"{where(workload)}, {workload['event_name']} by {who} at {workload['event_time']}"
