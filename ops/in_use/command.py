"""Lists the images that run, by account and repository, in a form for each use."""

import argparse
import json
import os
import time
from dataclasses import asdict, replace
from itertools import groupby
from pathlib import Path

from rich.console import Console

from ops import asked, coverage_history
from ops.cache_items import CacheItems
from ops.errors import OpsError
from ops.in_use import forms
from ops.in_use.contents import Image, InUse, in_use
from ops.installation import Installation, add_options
from ops.inventory_rows import InventoryRows
from ops.printing import line, to_stderr, write
from ops.repositories import is_of
from ops.where import moment

FORMS = ("text", "digests", "csv", "cyclonedx")
_MOST_DAYS = 30  # for which the inventory stores what has stopped


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Lists the images that run or are deployed, by account and repository. A clean-up of ECR "
        "must leave them, and an auditor asks for them. The exit status is 1 if something may run "
        "that is not listed; the reason is on standard error."
    )
    given = os.environ.get
    parser.add_argument(
        "--format",
        default=given("FORMAT") or "text",
        help="text; digests: one a line; csv: each workload; cyclonedx: a list of images (FORMAT)",
    )
    parser.add_argument(
        "--repository", default=given("REPOSITORY", ""), help="only this one (REPOSITORY)"
    )
    parser.add_argument(
        "--account", default=given("ACCOUNT", ""), help="only registries of it (ACCOUNT)"
    )
    parser.add_argument(
        "--days",
        default=given("DAYS") or "0",
        help="also what has stopped within so many days, such as scheduled tasks (DAYS; 0 to 30)",
    )
    parser.add_argument("--out", default=given("OUT", ""), help="a file to write (OUT)")
    add_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Raises OpsError."""
    _require_valid(arguments)
    installation, now = Installation.of(arguments), time.time()
    history = coverage_history.read(installation)
    found = in_use(
        InventoryRows(installation).read(),
        CacheItems(installation).all(),
        history,
        now,
        int(arguments.days),
    )
    found = _only(found, arguments.repository, arguments.account)
    for gap in found.gaps:
        to_stderr(f"Not complete: {gap}.")
    for sentence in coverage_history.advice(history, installation):
        to_stderr(sentence)
    name = f"{installation.name_prefix}/{installation.account_id}/{installation.region}"
    if arguments.json:
        console.print_json(json.dumps({"complete": not found.gaps, **asdict(found)}))
    elif arguments.format == "text":
        _show(found, console)
    else:
        _write(_form(arguments.format, found, name, moment(now)), arguments.out)
    return 1 if found.gaps else 0


def _require_valid(arguments: argparse.Namespace) -> None:
    if arguments.format not in FORMS:
        raise OpsError(f"FORMAT={arguments.format} is not known: it is one of {', '.join(FORMS)}.")
    if arguments.repository:
        asked.require_repository(arguments.repository)
    if arguments.account:
        asked.require_account(arguments.account)
    _require_all_digests(arguments)
    days = arguments.days
    if not (days.isascii() and days.isdigit() and int(days) <= _MOST_DAYS):
        raise OpsError(f"DAYS={days} is no number of days from 0 to {_MOST_DAYS}.")
    if arguments.out and (arguments.json or arguments.format == "text"):
        raise OpsError(f"OUT={arguments.out} needs FORMAT=digests, csv or cyclonedx.")


def _require_all_digests(arguments: argparse.Namespace) -> None:
    """A list of digests is for a clean-up. The inventory has one repository for each digest of a
    workload, although two of its containers may take that digest from two repositories. So a
    repository or account that leaves out digests would have deleted what runs."""
    given = [name for name in ("repository", "account") if getattr(arguments, name)]
    if given and arguments.format == "digests":
        no = " and ".join(f"no {name.upper()}=" for name in given)
        raise OpsError(f"FORMAT=digests takes {no}: a digest in use must stay wherever it lies.")


def _only(found: InUse, repository: str, account: str) -> InUse:
    """Leaves out other repositories and registries. What may be missing stays."""
    images = [
        each
        for each in found.images
        if (not repository or is_of(repository, each.repository, _name(each)))
        and account in ("", each.account_id)
    ]
    return replace(found, images=images)


def _name(image: Image) -> str:
    return f"{image.host}/{image.repository}" if image.host else image.repository


def _form(name: str, found: InUse, installation: str, at: str) -> str:
    if name == "digests":
        return forms.digests(found)
    return forms.table(found) if name == "csv" else forms.cyclonedx(found, installation, at)


def _write(text: str, out: str) -> None:
    if not out:
        write(text)
        return
    try:
        Path(out).write_text(text, encoding="utf-8")
    except OSError as error:
        raise OpsError(f"{out} cannot be written: {error}") from error


def _show(found: InUse, console: Console) -> None:
    if not found.images:
        line("No image of these runs.", console)
        return
    for (account_id, region, repository), images in groupby(found.images, _repository):
        registry = f"{account_id}/{region}" if account_id else "not in ECR"
        line(f"{repository}, {registry}", console)
        for each in images:
            count = len(each.workloads)
            workloads = "1 workload" if count == 1 else f"{count} workloads"
            known = (each.digest or "digest not known", each.tag, each.verdict, workloads)
            line(f"  {'  '.join(filter(None, known))}", console)


def _repository(image: Image) -> tuple[str, str, str]:
    return image.account_id, image.region, image.repository
