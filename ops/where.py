"""The command `where`: what the cache knows of an image."""

import argparse
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ops.cache_items import IN_PROGRESS, CacheItems, is_known
from ops.errors import OpsError
from ops.install import Install, add_options

Json = dict[str, Any]
BY_HAND = "ScanRequest"  # the event that an operator's request names
STYLES = {
    "CLEAN": "green",
    "FINDINGS": "red",
    "TIMEOUT": "yellow",
    "ERROR": "yellow",
    "UNSCANNABLE": "yellow",
    IN_PROGRESS: "cyan",
}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Shows what the cache knows of an image: verdict, findings, where it runs and who "
        "deployed it. The exit status is 1 when it knows nothing."
    )
    parser.add_argument(
        "--image",
        default=os.environ.get("IMAGE", ""),
        help="a URI, a digest (sha256:...), a repository, or repository:tag (IMAGE)",
    )
    add_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Raises OpsError."""
    if not arguments.image:
        raise OpsError("No image is given: IMAGE=<uri, digest or repository:tag>.")
    items = CacheItems(Install.of(arguments)).find(arguments.image)
    known = [described(item) for item in items]
    if arguments.json:
        console.print_json(json.dumps({"image": arguments.image, "known": known}))
    elif not known:
        console.print(
            f"Nothing is known of {arguments.image}: it was not deployed, its last scan ended "
            "without a result, or its verdict has expired.",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    for each in [] if arguments.json else known:
        show(each, console)
    return 0 if known else 1


def described(item: Mapping[str, Any]) -> Json:
    """An item as the operator reads it; times in ISO 8601."""
    shown: Json = {
        "verdict": item["status"],
        "known": is_known(dict(item)),
        "key": item["imageDigest"],
        **{
            name: item.get(name, "")
            for name in ("uri", "repository", "tag", "digest", "account_id", "region")
        },
        "known_until": moment(item.get("ttl")),
    }
    if item["status"] == IN_PROGRESS:
        shown["scan_began"] = moment(item.get("acquired_at"))
    for name in ("reason", "counts", "potential", "exempted", "fresh", "config_digest"):
        if item.get(name) not in (None, ""):
            shown[name] = item[name]
    if item.get("scanned_at"):
        shown["scanned_at"] = moment(item["scanned_at"] / 1000)
    shown["findings"] = item.get("top", [])
    shown["places"] = [place for _, place in sorted(item.get("places", {}).items())]
    return shown


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
    """`2 critical, 1 high, 0 medium, 3 low`, or nothing where there is no result."""
    levels = ("critical", "high", "medium", "low")
    return ", ".join(f"{counts[level]} {level}" for level in levels) if counts else ""


def moment(seconds: Any) -> str:
    """Epoch seconds in ISO 8601; empty for nothing."""
    if not seconds:
        return ""
    return datetime.fromtimestamp(float(seconds), UTC).isoformat(timespec="seconds")


def _lines(known: Mapping[str, Any]) -> list[tuple[str, str]]:
    verdict = known["verdict"] if known["known"] else f"{known['verdict']} (expired)"
    lines = [
        ("image", known["uri"] or known["key"]),
        ("digest", known["digest"]),
        ("verdict", verdict),
        ("reason", known.get("reason", "")),
        ("findings", counted(known.get("counts"))),
        ("potential", counted(known.get("potential"))),
        ("scanned", known.get("scanned_at") or known.get("scan_began", "")),
        ("fresh", "" if known.get("fresh", True) else "no: Qualys gave an older result"),
        ("known until", known["known_until"]),
    ]
    lines += [("top", _finding(each)) for each in known["findings"]]
    lines += [("deployed", _place(each)) for each in known["places"]]
    return [(name, value) for name, value in lines if value]


def _finding(finding: Mapping[str, Any]) -> str:
    cves = ", ".join(finding["cves"])
    return f"severity {finding['severity']}: {finding['title']} {cves}".strip()


def _place(place: Mapping[str, Any]) -> str:
    if place["event_name"] == BY_HAND:
        return f"asked for by {place['principal']} at {place['event_time']}"
    workload = place["service"] or place["task_definition"].rsplit("/", 1)[-1] or "-"
    who = place["principal"] or "somebody"
    where = "/".join(filter(None, (place["account"], place["region"], place["cluster"])))
    return f"{workload} in {where}, {place['event_name']} by {who} at {place['event_time']}"
