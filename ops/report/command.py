"""The command `report`: writes one self-contained HTML page of what runs where."""

import argparse
import json
import os
import time
from dataclasses import asdict
from pathlib import Path

import jinja2
from rich.console import Console

from ops.cache_items import CacheItems
from ops.errors import OpsError
from ops.installation import Installation, add_options
from ops.inventory_rows import InventoryRows
from ops.report import plot
from ops.report.contents import LEVELS, Report, report
from ops.where import moment

_TEMPLATE = Path(__file__).parent / "page.html.jinja"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Writes a page of what runs where: images by severity and workload, and coverage over "
        "time. It is one file that loads nothing, to be opened in a browser or sent."
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
    found = report(CacheItems(installation).all(), rows.all(), rows.coverage(), now)
    if arguments.json:
        console.print_json(json.dumps(asdict(found), default=str))
        return 0
    try:
        Path(arguments.out).write_text(page(found, installation, now), encoding="utf-8")
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


def page(found: Report, installation: Installation, now: float) -> str:
    """Returns the HTML. All names are escaped, because others choose them."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        report=found,
        installation=installation,
        made_at=moment(now),
        levels=LEVELS,
        plot=plot.coverage(found.course) if found.course else None,
        frame=plot,
    )
