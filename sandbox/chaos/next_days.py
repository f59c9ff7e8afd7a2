"""The days after a run: every finding is beyond its deadline, and Qualys knows more of some images.

What must follow is known from what was pushed, and seen by a subscriber of the topic for machines:
each overdue finding is reported, once a day; and whoever runs an image learns what was published
since.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sandbox.chaos.verdicts import stored_workload
from sandbox.operated import age, pass_day, reconcile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.chaos.deployments import Fleet, Version
    from sandbox.installation import Installation

Json = dict[str, Any]
_AGED_DAYS = 40
_MOST = 5  # images of which Qualys knows more
_FIRST_QID = 900_000


def next_days(installation: Installation, fleet: Fleet) -> list[str]:
    """Reconciles twice on one day, and once on the next. Returns what is wrong."""
    queue = installation.subscribe("next-days")
    services = _services(installation, fleet)
    age(installation, _AGED_DAYS)
    published = _publish(installation, fleet, services)
    sent: list[Json] = []
    wrong: list[str] = []
    for runs in (2, 1):
        for _ in range(runs):
            reconcile(installation)
        day = _sent(installation, queue)
        wrong += _overdue([each for each in day if each.get("overdue")], services)
        sent += day
        pass_day(installation)
    return [*wrong, *_published(installation, sent, published)]


def _sent(installation: Installation, queue: str) -> list[Json]:
    bodies = [json.loads(each["Body"]) for each in installation.messages(queue)]
    return [json.loads(each["Message"]) for each in bodies if each["Subject"].startswith("Scan: ")]


def _services(installation: Installation, fleet: Fleet) -> dict[str, Version]:
    """What each service runs that has a task and a result, where no tag of it was pushed again, and
    Qualys rates no finding of it worse than at first. After a fault, a scan may have no result."""
    found, verdicts = {}, installation.verdicts()
    for service in fleet.running:
        version = fleet.own(service)
        tasks = installation.ecs.list_tasks(cluster="chaos", serviceName=service)["taskArns"]
        is_same = len(fleet.tags[version.uri]) == 1 and not fleet.truths[version.digest].before
        status = verdicts.get(version.digest, {}).get("status")
        if tasks and is_same and status in ("CLEAN", "FINDINGS"):
            found[service] = version
    return found


def _publish(
    installation: Installation, fleet: Fleet, services: dict[str, Version]
) -> dict[int, tuple[str, Version]]:
    """A vulnerability of its own in each of some images: the service and its version by QID."""
    chosen = {version.digest: (name, version) for name, version in services.items()}
    published = dict(enumerate(list(chosen.values())[:_MOST], _FIRST_QID))
    for qid, (_, version) in published.items():
        new = {"qid": qid, "severity": 5, "title": "published since"}
        fleet.set_findings(version.config_digest, [*version.found, new])
    control = installation.qualys.control
    control.scenario(continuously_assessed=True)
    control.assess()
    return published


def _overdue(digests: list[Json], services: dict[str, Version]) -> Iterator[str]:
    severe = {
        name: {each["qid"] for each in version.found if each["severity"] >= 4}
        for name, version in services.items()
    }
    due = {name for name, qids in severe.items() if qids}
    if len(digests) != bool(due):
        yield f"overdue: {len(digests)} digests of one day, {len(due)} services"
    # A version before may count as running for an hour, if the stop of its task was lost.
    own = {(name, version.uri) for name, version in services.items()}
    named = {}
    for late in (late for digest in digests for late in digest["overdue"]):
        if ((name := stored_workload(late)), late["uri"].partition("@")[0]) in own:
            named[name] = {each["qid"] for each in late["findings"]}
    for name in sorted(due - named.keys()) if not _is_cut(digests, len(due)) else ():
        yield f"lost overdue: {name} runs {severe[name]}"
    for name in sorted(named.keys() & severe.keys()):
        if named[name] != severe[name]:
            yield f"false overdue: {name} runs {severe[name]} and not {named[name]}"


def _is_cut(digests: list[Json], most: int) -> bool:
    """Whether a digest had no room for all, but has counted them."""
    listed = [len({row["workload"] for row in each["overdue"]}) for each in digests]
    return any(
        number < each["overdue_workloads"] >= most
        for number, each in zip(listed, digests, strict=True)
    )


def _published(
    installation: Installation, sent: list[Json], published: dict[int, tuple[str, Version]]
) -> Iterator[str]:
    verdicts = installation.verdicts()
    for qid, (service, version) in published.items():
        alerts = [
            each
            for each in sent
            if any(one["qid"] == qid and one["new"] for one in each.get("findings", []))
        ]
        to = [one["service"] for each in alerts for one in each["workloads"]]
        if to.count(service) != 1:
            yield f"published: {service} of {version.digest} was notified {to.count(service)} times"
        counts = verdicts[version.digest].get("counts", {})
        critical = 1 + len([each for each in version.found if each["severity"] == 5])
        if counts.get("critical") != critical:
            yield f"published: the verdict of {version.digest} has {counts}"
