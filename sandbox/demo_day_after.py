"""The day after in the demo: what is out of scope, overdue, published since, in use and fixed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox import demo_findings, images
from sandbox.demo_view import make_table
from sandbox.operated import age, operate, reconcile
from sandbox.queues import subscribe_to_events
from sandbox.scenario import CLUSTER, TEAMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from sandbox.installation import Installation
    from sandbox.scenario import Scenario

Json = dict[str, Any]
RULE, TAG = "opted out", {"image-scan": "skip"}
# What the demo gives the module beside the inputs of the example.
INPUTS: Json = {
    "scope": {"exclude": [{"name": RULE, "tags": TAG}]},
    "finding_events": True,
}
_OLDER_DAYS = 10
_TICKET = "CVE-2022-42916"


@dataclass(frozen=True)
class Line:
    """What one workload shows of a feature, and whether that is as expected."""

    what: str
    where: str
    result: str
    is_right: bool


class DayAfter:
    """Goes on where a scenario ended, with the same services."""

    def __init__(self, installation: Installation, scenario: Scenario) -> None:
        self._installation = installation
        self._scenario = scenario
        self._ecs = installation.ecs
        pattern = {"source": ["image-scan"], "detail-type": ["Container Image Finding"]}
        self._tickets = subscribe_to_events(installation.client, "tickets", pattern)
        self._inbox = installation.subscribe("day-after")

    def steps(self) -> Iterator[str]:
        """Does all of it, and announces each step."""
        qualys = self._installation.qualys.control
        yield "agent:7: its service and task definition have the tag image-scan = skip"
        self._agent()

        yield f"{_published()} is published: Qualys finds it in worker:0.9 without a scan"
        worker = self._scenario.pushed["shop/worker"]
        qualys.set_findings(worker.config_digest, demo_findings.PUBLISHED)
        qualys.scenario(continuously_assessed=True)
        qualys.assess()

        yield f"payments, as if it was notified of its findings {_OLDER_DAYS} days ago: overdue"
        age(self._installation, _OLDER_DAYS, lambda row: row["workload"].endswith("#payments"))

        yield "the daily reconciliation; broken:1 and endless:1 can be scanned by now"
        for repository in ("shop/broken", "shop/endless"):
            qualys.behave(repository)
        self._installation.wait_until_idle()
        reconcile(self._installation)

        yield "gateway:3.2, with the fix, and the reconciliation of the next day"
        platforms = (images.AMD64, images.ARM64)
        fixed = self._scenario.push("shop/gateway", "3.2", platforms=platforms)
        definition = self._scenario.register("gateway", {"app": fixed.by_tag})
        self._ecs.update_service(cluster=CLUSTER, service="gateway", taskDefinition=definition)
        self._installation.wait_until_idle()
        reconcile(self._installation)

    def show(self, console: Console) -> bool:
        """Prints the results; true if all are as expected."""
        sent = [json.loads(each["Body"]) for each in self._installation.messages(self._inbox)]
        notices = [json.loads(each["Message"]) for each in sent]
        lines = [self._scope(), _new(notices), _overdue(notices), self._in_use(), self._closed()]
        table = make_table(console, "what", "where", "result", title="The day after")
        for line in lines:
            table.add_row(line.what, line.where, line.result)
            if not line.is_right:
                table.add_row("", "", "[red]not as expected[/]")
        console.print(table)
        return all(line.is_right for line in lines)

    def _agent(self) -> None:
        agent = self._scenario.push("shop/agent", "7", findings=demo_findings.CRITICAL)
        self._ecs.create_service(
            cluster=CLUSTER,
            serviceName="agent",
            taskDefinition=self._scenario.register("agent", {"app": agent.by_tag}, TAG),
            tags=[{"key": key, "value": value} for key, value in TAG.items()],
            desiredCount=1,
            launchType="FARGATE",
        )

    def _scope(self) -> Line:
        agent = self._scenario.pushed["shop/agent"]
        rows = [each for each in self._installation.inventory() if each["digest"] == agent.digest]
        rules = {each.get("out_of_scope", "") for each in rows}
        is_scanned = agent.digest in self._installation.verdicts()
        result = f"{'scanned' if is_scanned else 'not scanned'}: rule {', '.join(rules) or '-'}"
        is_right = rules == {RULE} and not is_scanned
        return Line("out of scope", "agent, shop/agent:7", result, is_right)

    def _in_use(self) -> Line:
        done = operate(self._installation, "in-use", "--json")
        found = json.loads(done.stdout)["images"]
        result = f"{len(found)} images, exit status {done.returncode}"
        return Line("in use", "make in-use", result, bool(found) and not done.returncode)

    def _closed(self) -> Line:
        bodies = self._installation.messages(self._tickets)
        events = [json.loads(each["Body"])["detail"] for each in bodies]
        mine = [each for each in events if each["owner"] == TEAMS["gateway"]]
        result = ", then ".join(each["state"] for each in mine)
        is_right = result == "opened, then closed" and len({each["id"] for each in mine}) == 1
        return Line("ticket", "gateway, shop/gateway:3.2", f"{_TICKET}: {result}", is_right)


def _published() -> str:
    return str(demo_findings.PUBLISHED[0]["cveids"][0])


def _new(notices: list[Json]) -> Line:
    """What was notified of the image that Qualys judged again."""
    mine = [each for each in notices if each.get("image", {}).get("repository") == "shop/worker"]
    cves = [cve for each in mine for one in each["findings"] for cve in one["cves"]]
    is_scanned = any(each["scanned_at"] == each["assessed_at"] for each in mine)
    result = f"{', '.join(cves)}: notified {'after' if is_scanned else 'without'} a scan"
    is_right = cves == [_published()] and not is_scanned
    return Line("new CVE", "worker, shop/worker:0.9", result, is_right)


def _overdue(notices: list[Json]) -> Line:
    """What the digest lists."""
    late = [each for notice in notices for each in notice.get("overdue", [])]
    services = ", ".join(each["workload"].rsplit("#", 1)[-1] for each in late)
    worst: Json = next((each["findings"][0] for each in late), {})
    result = f"{worst.get('finding')}: {worst.get('open_days')} days, due {worst.get('due')}"
    is_right = services == "payments" and worst["open_days"] == _OLDER_DAYS
    return Line("overdue", f"{services or '-'}, shop/payments:1.4.2", result, is_right)
