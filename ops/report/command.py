"""The command `report`: writes one self-contained HTML page of what runs where."""

import argparse
import base64
import hashlib
import json
import os
import time
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import jinja2
from rich.console import Console

from image_scan.findings.ages import Deadlines
from image_scan.notifications.policy import NotificationPolicy
from ops import coverage_history, versions
from ops.cache_items import CacheItems
from ops.errors import NoAnswer, OpsError
from ops.gate import decisions
from ops.installation import Installation, add_options
from ops.inventory_rows import InventoryRows
from ops.report import plot
from ops.report.ages import remedied
from ops.report.contents import LEVELS, Report, report
from ops.where import moment

GATE_DAYS = 7  # of decisions of the deployment gate
_FOLDER = Path(__file__).parent


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Writes a page of what runs where: images by severity and workload, and coverage over "
        "time. It is one file that loads nothing, to be opened in a browser or sent. A reader can "
        "search, filter and sort."
    )
    parser.add_argument(
        "--out",
        default=os.environ.get("OUT") or "report.html",
        help="the file to write (OUT; %(default)s)",
    )
    add_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Raises OpsError."""
    installation = Installation.of(arguments)
    rows = InventoryRows(installation)
    now = time.time()
    environment = installation.environment("send_notification")
    platform_url = environment.get("QUALYS_PLATFORM_URL", "")
    items, course = CacheItems(installation), coverage_history.read(installation)
    deadlines, everything = _deadlines(installation), rows.all()
    found = report(items.all(), everything, course, now, deadlines, platform_url)
    found.remedied = remedied(everything, items.contents())
    found.gate = decisions.since(installation, now - GATE_DAYS * 86_400)
    if arguments.json:
        totals = {"overdue": found.overdue(), "days_to_remedy": found.days_to_remedy()}
        console.print_json(json.dumps({**asdict(found), **totals}, default=str))
        return 0
    text = page(found, installation, now, environment.get(versions.VARIABLE, ""))
    try:
        Path(arguments.out).write_text(text, encoding="utf-8")
    except OSError as error:
        raise OpsError(f"The report cannot be written: {error}") from error
    count = len(found.running)
    images = "1 image runs" if count == 1 else f"{count} images run"
    console.print(
        f"{arguments.out}: {images}, {found.bad()} of them with critical or high findings, "
        "malware or secrets.",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    return 0


def _deadlines(installation: Installation) -> Deadlines:
    """Raises OpsError."""
    try:
        given = installation.environment("reconcile")
    except NoAnswer:
        return Deadlines({})
    days = json.loads(given.get("REMEDIATION_DAYS") or "{}")
    if policy := json.loads(given.get("NOTIFY") or "{}"):
        return Deadlines.read(days, NotificationPolicy.read(policy).severe)
    return Deadlines.read(days)


def page(found: Report, installation: Installation, now: float, deployed: str) -> str:
    """Returns the HTML. All names are escaped, because others choose them. `deployed` is the
    version of the installation, empty if it does not know it."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    script = (_FOLDER / "page.js").read_text(encoding="utf-8")
    environment.filters["age"] = partial(_age, datetime.fromtimestamp(now, UTC))
    template = (_FOLDER / "page.html.jinja").read_text(encoding="utf-8")
    return environment.from_string(template).render(
        report=found,
        installation=installation,
        made_at=moment(now),
        levels=LEVELS,
        plot=plot.coverage(found.course) if found.has_trend() else None,
        frame=plot,
        gate_days=GATE_DAYS,
        last=plot.says(found.course[-1]) if found.course else "",
        style=(_FOLDER / "page.css").read_text(encoding="utf-8"),
        deployed=deployed or "not known",
        local=versions.local(),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def _age(now: datetime, since: str) -> str:
    """Returns how long ago a moment was, in days."""
    days = (now - datetime.fromisoformat(since)).days
    return "today" if days < 1 else "1 day" if days == 1 else f"{days} days"
