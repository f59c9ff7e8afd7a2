"""`make demo-org`: three accounts and two regions forward to one hub, shown and checked."""

import json
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table

from sandbox import images
from sandbox.aws import ACCOUNT, REGION
from sandbox.demo import ended
from sandbox.installation import Installation
from sandbox.organization import ELSEWHERE, Organization, Spoke, make_trail

Json = dict[str, Any]
FOREIGN = "999900009999"
_WAIT_SCALE = 0.005
# The events of one deployment of a service.
_DEPLOYMENT = {"RegisterTaskDefinition", "CreateService", "ECS Task State Change"}
_CRITICAL = [{"qid": 370001, "severity": 5, "title": "expat: integer overflow"}]


@dataclass
class Row:
    """An image, its owner, and the accounts and regions where it was deployed."""

    name: str
    owner: Spoke
    pushed: images.PushedImage
    verdict: str
    spokes: list[Spoke] = field(default_factory=list)


class Scenario:
    STEPS = 6

    def __init__(self, organization: Organization) -> None:
        self._organization = organization
        self.rows: list[Row] = []

    def steps(self) -> Iterator[str]:
        world = self._organization
        yield "portal in the hub's own account"
        self._serve(self._push("portal", world.spoke()), world.spoke())

        yield "portal-eu in the hub account's second region"
        home = world.spoke(ACCOUNT, ELSEWHERE)
        self._serve(self._push("portal-eu", home), home)

        yield "cart in a member's two regions, each with a registry of its own"
        for region in (REGION, ELSEWHERE):
            spoke = world.spoke(world.shop, region)
            self._serve(self._push("cart", spoke), spoke)

        yield "runtime, out of a central registry, in two accounts: scanned once, both notified"
        central = self._push("runtime", world.spoke(world.images), findings=_CRITICAL)
        for spoke in (world.spoke(world.tools), world.spoke(world.shop, ELSEWHERE)):
            self._serve(central, spoke)

        yield "runtime again, in the hub: known, so notified and not scanned"
        self._serve(central, world.spoke())

        yield "rogue, in an account of no organization: refused by the hub bus"
        make_trail(world.installation.aws, FOREIGN)
        world.rules(FOREIGN, REGION)
        world.roles(FOREIGN)
        foreign = world.spoke(FOREIGN)
        self._serve(self._push("rogue", foreign, verdict="NONE"), foreign)

    def _push(
        self, name: str, owner: Spoke, findings: list[Json] | None = None, verdict: str = ""
    ) -> Row:
        ecr = owner.client("ecr")
        ecr.create_repository(repositoryName=name)
        image = images.build(f"{name} {owner.account} {owner.region}")
        pushed = images.push(ecr, name, image, "1.0")
        qualys = self._organization.installation.qualys.control
        qualys.set_findings(pushed.config_digest, findings or [])
        row = Row(name, owner, pushed, verdict or ("FINDINGS" if findings else "CLEAN"))
        self.rows.append(row)
        return row

    def _serve(self, row: Row, spoke: Spoke) -> None:
        row.spokes.append(spoke)
        spoke.ecs.create_cluster(clusterName="demo")
        definition = spoke.ecs.register_task_definition(
            family=row.name,
            containerDefinitions=[{"name": "app", "image": row.pushed.by_tag}],
        )
        spoke.ecs.create_service(
            cluster="demo",
            serviceName=row.name,
            taskDefinition=definition["taskDefinition"]["taskDefinitionArn"],
            desiredCount=1,
        )


def run(console: Console) -> int:
    """The exit status: 0 when everything came out as expected."""
    started = time.monotonic()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console) as progress:
        token = f"demo-{secrets.token_hex(16)}"
        shown = _shows_apply(progress)
        with Installation(
            token, example="organization/hub", wait_scale=_WAIT_SCALE, on_line=shown
        ) as installation:
            organization = Organization.create(installation)
            installation.prepare(organization_id=organization.id)
            installation.apply()
            connected = progress.add_task("Connecting members and regions", total=1)
            organization.connect()
            progress.advance(connected)
            installation.qualys.control.scenario(scan_seconds=0.6)
            scenario = Scenario(organization)
            deploying = progress.add_task("Deploying", total=scenario.STEPS)
            for sentence in scenario.steps():
                # One step after the other: all at once would be too much for two cores.
                installation.wait_until_idle()
                progress.console.print(f"  • {sentence}", highlight=False)
                progress.advance(deploying)
            installation.wait_until_idle()
            progress.stop()
            right = show(console, organization, scenario.rows)
            words = "[green]as expected[/]" if right else "[red]not as expected[/]"
            console.print(f"Everything is {words}, after {time.monotonic() - started:.0f} s.")
    return 0 if right else 1


def _shows_apply(progress: Progress) -> Callable[[str], None]:
    """Returns a function that takes Terraform's lines and moves a bar of finished resources."""
    applied = progress.add_task("Starting the embedded AWS and Qualys", total=None)

    def on_line(line: str) -> None:
        if line.startswith("Plan: "):
            total = int(line.split()[1])
            progress.update(applied, description="Applying organization/hub", total=total)
        elif ": Creation complete after" in line:
            progress.advance(applied)

    return on_line


def show(console: Console, organization: Organization, rows: list[Row]) -> bool:
    """Prints where each image was deployed and scanned; true when all is as it should be."""
    installation = organization.installation
    right = _show_images(console, organization, rows)
    foreign = organization.spoke(FOREIGN)
    refused = [_kind(message) for message in organization.unforwarded(foreign)]
    console.print(f"The hub refused the foreign account's events: {', '.join(sorted(refused))}.")
    lost = installation.failed_events()
    if lost:
        console.print(f"[red]{len(lost)} events were not processed:[/]", lost)
    return right and set(refused) == _DEPLOYMENT and not lost


def _show_images(console: Console, organization: Organization, rows: list[Row]) -> bool:
    """Prints the table; true when each image was scanned and notified as it should be."""
    installation = organization.installation
    names = {
        ACCOUNT: "hub",
        organization.shop: "shop",
        organization.images: "images",
        organization.tools: "tools",
        FOREIGN: "foreign",
    }
    verdicts, scans, sent = installation.verdicts(), _scans(installation), _notified(installation)
    table = Table("image", "lies in", "deployed in", "scanned as", "scans", "verdict", "notified")
    right = True
    for row in rows:
        digest = row.pushed.digest
        seen = str(verdicts.get(digest, {}).get("status", "NONE"))
        inputs, notified = scans.get(digest, []), sent.get(digest, set())
        scanned = {(each["account_id"], each["region"]) for each in inputs}
        right = right and _is_right(row, seen, inputs, notified)
        table.add_row(
            f"{row.name}:1.0",
            _where(names, row.owner.account, row.owner.region),
            "\n".join(_where(names, *each) for each in sorted(_deployed(row))),
            "\n".join(_where(names, *each) for each in scanned) or "-",
            str(len(inputs)),
            seen,
            "\n".join(_where(names, *each) for each in sorted(notified)) or "-",
        )
    console.print(table)
    return right


def _deployed(row: Row) -> set[tuple[str, str]]:
    return {(each.account, each.region) for each in row.spokes}


def _is_right(row: Row, seen: str, inputs: list[Json], notified: set[tuple[str, str]]) -> bool:
    """Checks that an image has its verdict and one scan, and that its workloads were notified."""
    return (
        seen == row.verdict
        and len(inputs) == (0 if row.verdict == "NONE" else 1)
        and notified == (_deployed(row) if row.verdict == "FINDINGS" else set())
        and {(each["account_id"], each["region"]) for each in inputs}
        <= {(row.owner.account, row.owner.region)}
    )


def _kind(message: Json) -> str:
    """The API call that an event records, else its kind."""
    event = json.loads(message["Body"])
    return str(event["detail"].get("eventName") or event["detail-type"])


def _where(names: dict[str, str], account: str, region: str) -> str:
    return f"{names[account]} {region}"


def _scans(installation: Installation) -> dict[str, list[Json]]:
    """The images of all scan executions, by digest."""
    found: dict[str, list[Json]] = {}
    for scan in installation.scans():
        image = installation.scan_input(scan["executionArn"])["image"]
        found.setdefault(image["digest"], []).append(image)
    return found


def _notified(installation: Installation) -> dict[str, set[tuple[str, str]]]:
    """By digest, the accounts and regions whose services were named in notifications."""
    found: dict[str, set[tuple[str, str]]] = {}
    for notice in installation.notifications():
        for workload in notice["workloads"]:
            where = (workload["account"], workload["region"])
            found.setdefault(notice["image"]["digest"], set()).add(where)
    return found


def main() -> int:
    # Where no terminal says how wide it is, wide enough for the table.
    return ended(lambda: run(Console(width=None if sys.stdout.isatty() else 130)))


if __name__ == "__main__":
    sys.exit(main())
