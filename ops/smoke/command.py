"""The command `smoke`: checks that a test event leads to a verdict, or shows where it is stuck."""

import argparse
import logging
import os
import re
from collections.abc import Callable

from rich.console import Console

from image_scan.ecr.identity import DEFAULT_PLATFORM, platform_of
from ops.answers import answers
from ops.cache_items import IN_PROGRESS, CacheItems, Item, is_known
from ops.doctor.here import Here
from ops.errors import OpsError
from ops.installation import Installation, add_options
from ops.printing import to_stderr
from ops.scan import Scans
from ops.scan_target import add_image, ecr_uri, require_image
from ops.smoke.course import Course, Late, Stuck
from ops.smoke.definition import Definitions, interruptible, uninterrupted
from ops.smoke.report import LATE, PASSED, STUCK, Report
from ops.smoke.stages import PREPARED, advice, from_stage, remedies
from ops.smoke.traces import Traces, depths

_MINUTES = "30"
_LONGEST_MINUTES = 1440
# If the cache has one of these for an image, the event starts no scan.
_NOT_SCANNED = ("CLEAN", "FINDINGS", "UNSCANNABLE", IN_PROGRESS)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Registers a task definition with an image of Amazon ECR, follows the event through trail, "
        "rule, intake and scan to the verdict, and removes the task definition again. The exit "
        "status is 0 if there is a verdict, 1 if the event is stuck, and 3 if there is no "
        "result in time."
    )
    add_image(parser)
    parser.add_argument(
        "--wait-minutes",
        default=os.environ.get("WAIT_MINUTES") or _MINUTES,
        help="how long to wait for the verdict (WAIT_MINUTES; %(default)s)",
    )
    add_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Raises OpsError."""
    require_image(arguments.image)
    seconds = 60 * minutes(arguments.wait_minutes)
    installation = Installation.of(arguments)
    items = CacheItems(installation)
    uri = ecr_uri(installation, items, arguments.image)
    report = Report(console, as_json=arguments.json, image=uri)
    here = Here(installation)
    for stage in PREPARED:
        if found := remedies(here, stage):
            why = Stuck(stage, "it cannot pass here, so nothing was registered")
            report.stopped(STUCK, why, found, "")
            report.end()
            return report.status
    status = item["status"] if (item := _known(items, uri)) else ""
    _require_visible(status, here)
    if status in ("CLEAN", "FINDINGS"):
        report.note(
            f"The verdict of the image is known, so the cache will answer. To see a scan, give an "
            f"image without a verdict, or: {installation.make('scan', IMAGE=uri)} "
            "FORCE=1 WAIT=1"
        )
    _follow(installation, here, items, report, seconds)
    return report.status


def _require_visible(status: str, here: Here) -> None:
    """Raises OpsError if the event would leave no trace: it starts no scan, and the functions do
    not log it."""
    with answers():
        level = here.environment.get("LOG_LEVEL", "INFO").upper()
    above_info = logging.getLevelNamesMapping().get(level, logging.INFO) > logging.INFO
    if above_info and status in _NOT_SCANNED:
        raise OpsError(
            f"The functions log nothing below {level}, so the event of an image that the cache "
            f"knows ({status}) cannot be seen: give an image without a verdict, or set log.level "
            "to INFO."
        )


def minutes(text: str) -> float:
    """Reads a number of minutes: more than 0, a day at most. Raises OpsError."""
    if re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,4})?", text) and 0 < float(text) <= _LONGEST_MINUTES:
        return float(text)
    raise OpsError(
        f"WAIT_MINUTES={text} is no number of minutes above 0, {_LONGEST_MINUTES} at most."
    )


def _follow(
    installation: Installation, here: Here, items: CacheItems, report: Report, seconds: float
) -> None:
    """Follows the event from the registration to its end. Always removes the definition then, and
    prints the report; errors go to standard error."""
    before = depths(installation)
    definitions = Definitions(installation)
    traces: Traces | None = None
    with interruptible():
        try:
            definition = definitions.register(report.image)
            report.registered(definition)
            traces = Traces(installation, definition, before)
            find = _finder(items, report.image)
            for step in Course(traces, Scans(installation), find, seconds).steps():
                report.passed(step)
            report.result = PASSED
        except (Stuck, Late) as stopped:
            result = STUCK if isinstance(stopped, Stuck) else LATE
            found = remedies(here, *from_stage(stopped.stage))
            report.stopped(result, stopped, found, advice(stopped.stage, installation.make))
        except OpsError as error:
            report.refused(error)
        finally:
            with uninterrupted():
                _clear_up(definitions, traces, items, report)
                report.end()
            for each in report.errors:
                to_stderr(each)


def _clear_up(
    definitions: Definitions, traces: Traces | None, items: CacheItems, report: Report
) -> None:
    """Removes all that the run has made. After a failure it continues, and the report says what is
    left."""
    try:
        definitions.remove(report.task_definition)
        if report.task_definition:
            report.note("The task definition is deregistered and deleted.")
    except OpsError as error:
        report.left.append(
            f"A task definition of {definitions.family} is left, remove it by hand: {error}"
        )
    if traces is None or report.result == PASSED:
        return
    try:
        if traces.take_back(items):
            report.note("What the queues hold of the event is removed.")
    except OpsError as error:
        words = f"Messages about {report.task_definition} may be left in the queues"
        report.left.append(f"{words}: {error}")


def _finder(items: CacheItems, uri: str) -> Callable[[], Item | None]:
    return lambda: _known(items, uri)


def _known(items: CacheItems, uri: str) -> Item | None:
    """Returns the valid item of the image on the default platform of a definition."""
    on_platform = [
        item for item in items.find(uri) if platform_of(item["imageDigest"]) == DEFAULT_PLATFORM
    ]
    return next((item for item in on_platform if is_known(item)), None)
