"""The command `where`: shows what is known about an image, and where it runs."""

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from image_scan.ecr.identity import PLATFORMS, cache_key, platform_of
from image_scan.events import by_hand
from image_scan.events.workloads import select_registered
from image_scan.notifications import email
from ops.cache_items import IN_PROGRESS, CacheItems, is_known, of_name
from ops.errors import OpsError
from ops.installation import Installation, add_options
from ops.inventory_rows import InventoryRows

Json = dict[str, Any]
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
        "Shows what is known about an image, or about all images with a finding: verdict, "
        "findings, where it runs, since when, and who deployed it. The exit status is 1 if nothing "
        "is known."
    )
    parser.add_argument(
        "--image",
        default=os.environ.get("IMAGE", ""),
        help="a URI, a digest (sha256:...), a repository, or repository:tag (IMAGE)",
    )
    parser.add_argument(
        "--finding",
        default=os.environ.get("QID", "") or os.environ.get("CVE", ""),
        help="a QID or a CVE that was found in the images (QID, CVE)",
    )
    add_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Raises OpsError."""
    asked = arguments.image or arguments.finding
    if not asked:
        raise OpsError(
            "Name what to look for: IMAGE=<uri, digest or repository:tag>, QID= or CVE=."
        )
    installation = Installation.of(arguments)
    items, rows = CacheItems(installation), InventoryRows(installation)
    if arguments.image:
        found = items.find(asked)
        found += unknown(items.key_of(asked), {each["imageDigest"] for each in found}, rows)
    else:
        found = items.with_finding(asked)
    known = [described(item, rows.of(item["imageDigest"])) for item in found]
    if arguments.json:
        console.print_json(json.dumps({"image": asked, "known": known}))
    elif not known:
        console.print(
            f"Nothing is known of {asked}: it was not deployed, its last scan ended without a "
            "result, or its verdict has expired.",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    for each in [] if arguments.json else known:
        show(each, console)
    return 0 if known else 1


def unknown(name: str, known: set[str], rows: InventoryRows) -> list[Json]:
    """Describes an image that runs somewhere without a verdict, once for each such platform."""
    keys = [cache_key(name, platform) for platform in PLATFORMS] if name else []
    uris = {key: row["uri"] for key in keys if key not in known for row in rows.of(key)[:1]}
    none = {"status": NO_VERDICT}
    return [
        of_name(key, uri) or {"imageDigest": key, "uri": uri, **none} for key, uri in uris.items()
    ]


def described(item: Mapping[str, Any], rows: Sequence[Mapping[str, Any]] = ()) -> Json:
    """Describes an item and its workloads for an operator; times are in ISO 8601."""
    digest = item["imageDigest"].partition("#")[0]
    shown: Json = {
        "verdict": item["status"],
        "known": is_known(dict(item)),
        "key": item["imageDigest"],
        "platform": platform_of(item["imageDigest"]),
        **{
            name: item.get(name, "")
            for name in ("uri", "repository", "tag", "account_id", "region")
        },
        "digest": digest if digest.startswith("sha256:") else "",
        "known_until": moment(item.get("ttl")),
    }
    if item["status"] == IN_PROGRESS:
        shown["scan_began"] = moment(item["acquired_at"] / 1000)
    results = ("counts", "potential", "exempted", "examined", "malware", "secrets", "detections")
    for name in ("reason", *results, "fresh", "config_digest"):
        if item.get(name) not in (None, ""):
            shown[name] = item[name]
    if item.get("scanned_at"):
        shown["scanned_at"] = moment(item["scanned_at"] / 1000)
    shown["findings"] = item.get("top", [])
    requests = item.get("requests", {})
    running: dict[str, Any] = {row["workload"]: row for row in rows}
    registered = select_registered({**requests, **running})
    shown["registered"] = [each for _, each in sorted(registered.items())]
    shown["requested_by"] = by_hand.requested_by(requests)
    shown["runs"] = [_run(row) for row in rows]
    return shown


def _run(row: Mapping[str, Any]) -> Json:
    """Describes a row of the inventory."""
    facts = ("account", "region", "cluster", "service", "task_definition", "containers", "state")
    moments = ("first_seen", "last_seen", "stopped_at")
    return {
        **{name: row[name] for name in facts},
        "principal": row.get("principal", ""),
        **{name: moment(row[name]) for name in moments if name in row},
    }


def show(known: Mapping[str, Any], console: Console) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in _lines(known):
        style = STYLES.get(known["verdict"], "") if name == "verdict" else ""
        table.add_row(name, Text(value, style=style))
    console.print(table)
    console.print()


def counted(counts: Mapping[str, int] | None) -> str:
    """Returns `2 critical, 1 high, 0 medium, 3 low`; empty if there is no result."""
    levels = ("critical", "high", "medium", "low")
    return ", ".join(f"{counts[level]} {level}" for level in levels) if counts else ""


def moment(seconds: Any) -> str:
    """Converts epoch seconds to ISO 8601; empty for no value."""
    if not seconds:
        return ""
    return datetime.fromtimestamp(float(seconds), UTC).isoformat(timespec="seconds")


def _lines(known: Mapping[str, Any]) -> list[tuple[str, str]]:
    verdict = known["verdict"]
    if verdict == NO_VERDICT:
        verdict = "none: it was not scanned, or its verdict has expired"
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
    lines += [("top", email.finding(each)) for each in known["findings"]]
    lines += [(each["state"], _row(each)) for each in known["runs"]]
    lines += [("registered", _workload(each)) for each in known["registered"]]
    lines += [("asked for", f"by {each}, by hand") for each in known["requested_by"]]
    return [(name, value) for name, value in lines if value]


def _row(run: Mapping[str, Any]) -> str:
    end = f" until {run['stopped_at']}" if "stopped_at" in run else ""
    who = f", deployed by {run['principal']}" if run["principal"] else ""
    return f"{where(run)}, since {run['first_seen']}{end}{who}"


def where(workload: Mapping[str, Any]) -> str:
    """Says where a workload or an inventory row is: `web in 111122223333/us-east-1/prod`."""
    return f"{name_of(workload)} in {location_of(workload)}"


def name_of(workload: Mapping[str, Any]) -> str:
    """Returns the service, else the family and revision of the task definition."""
    return str(workload["service"] or workload["task_definition"].rsplit("/", 1)[-1] or "-")


def location_of(workload: Mapping[str, Any]) -> str:
    """Returns `account/region/cluster`."""
    return "/".join(filter(None, (workload["account"], workload["region"], workload["cluster"])))


def _workload(workload: Mapping[str, Any]) -> str:
    who = workload["principal"] or "somebody"
    return f"{where(workload)}, {workload['event_name']} by {who} at {workload['event_time']}"
