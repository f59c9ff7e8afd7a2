"""Makes two runs of the same deployments: one alone, and one beside an attacker."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from image_scan.notifications.exceptions import KEY as EXCEPTIONS
from sandbox.aws import ACCOUNT, REGION
from sandbox.chaos.evidence import evidence
from sandbox.chaos.run import Observer, hold_back, wait_until_idle
from sandbox.chaos.witness import Witness
from sandbox.configured import configure
from sandbox.hostile import judging
from sandbox.hostile.attacker import COPIES, CROWD, Attacker
from sandbox.hostile.figures import Figures, count
from sandbox.hostile.teams import Teams
from sandbox.restored import restored_organization

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.chaos.deployments import Step
    from sandbox.installation import Installation
    from sandbox.organization import Organization

Json = dict[str, Any]
# A second of a wait takes 10 ms: the hour that a scan waits for a permit is longer than what two
# cores need for all scans of a run.
WAIT_SCALE = 0.01
ATTACKS_EACH = 3  # attacks beside each honest deployment, after the crowd
PERMITS = 8  # max_concurrent_scans
# Seconds between two calls of honest teams, in both runs: otherwise attacks would spread them out.
PACE = 0.5
# Executions at a time. Those of the attacker's scans hold permits or wait for one.
AT_ONCE = 80
# So many times the calls of the run alone are another order of magnitude.
MOST_TIMES = 10.0
ADDRESS = "people@example.com"
_HUB = (ACCOUNT, REGION)


@dataclass
class Course:
    """What one run came to. `evidence` is empty if nothing was wrong."""

    figures: Figures
    deployed: int
    notified: int
    attacks: Counter[str] = field(default_factory=Counter)
    queued: int = 0  # events of the attacker's that wait
    most: int = 0  # workloads of one notification
    wrong: list[str] = field(default_factory=list)
    evidence: str = ""


@dataclass
class Result:
    alone: Course
    attacked: Course
    seconds: float

    @property
    def times(self) -> float:
        """How many times more calls an honest scan took beside the attacker."""
        return self.attacked.figures.mean / max(self.alone.figures.mean, 1)

    @property
    def wrong(self) -> list[str]:
        slow = f"slow: an honest scan takes {self.times:.1f} times the calls"
        return [
            *(f"without the attacker: {each}" for each in self.alone.wrong),
            *self.attacked.wrong,
            *([slow] if self.times > MOST_TIMES else []),
        ]


def run(seed: int, deployments: int, say: Callable[[str], None] = print) -> Result:
    began = time.monotonic()
    say("Applying examples/organization, or restoring it")
    alone = _run(seed, deployments, 0, say)
    attacked = _run(seed, deployments, ATTACKS_EACH * deployments, say)
    return Result(alone, attacked, time.monotonic() - began)


def _run(seed: int, deployments: int, attacks: int, say: Callable[[str], None]) -> Course:
    with restored_organization(wait_scale=WAIT_SCALE, concurrency=1000) as organization:
        installation = organization.installation
        installation.qualys.control.scenario(
            scan_seconds=0.2, rate_limiting=False, examines=["malware", "secrets"]
        )
        _limit_scans(installation)
        teams = Teams(organization, seed, deployments)
        _accept_copies(installation, teams)
        return _run_on(organization, teams, attacks, say)


def _limit_scans(installation: Installation) -> None:
    """Sets max_concurrent_scans, which the example leaves at its default."""
    configure(installation, "submit_scan", MAX_CONCURRENT_SCANS=str(PERMITS))


def _accept_copies(installation: Installation, teams: Teams) -> None:
    """Adds exceptions for every finding in the repositories of the attacker's copies."""
    common = {"cve": None, "account_id": "", "repository": f"{COPIES}/*", "until": "2099-01-01"}
    accepted = [{**common, "qid": qid, "reason": "r", "owner": "o"} for qid in teams.qids]
    installation.client("dynamodb").put_item(
        TableName=installation.outputs["state_table"]["name"],
        Item={"key": {"S": EXCEPTIONS}, "exceptions": {"S": json.dumps(accepted)}},
    )


def _run_on(
    organization: Organization, teams: Teams, attacks: int, say: Callable[[str], None]
) -> Course:
    installation, began = organization.installation, time.monotonic()
    inboxes = _subscribe(installation, teams)
    installation.subscribe_by_mail(ADDRESS)
    others = [each for each in teams.spokes.values() if (each.account, each.region) != _HUB]
    observer = Observer(installation, [Witness(installation, each.client) for each in others])
    attacker = Attacker(organization, teams.seed, teams)
    order = _order(teams, attacks)
    honest, hostile = teams.steps(), attacker.steps(attacks)
    steps: list[Step] = []
    for number, is_honest in enumerate(order):
        if is_honest:
            time.sleep(max(0.0, began + PACE * len(steps) - time.monotonic()))
            steps.append(next(honest))
            steps[-1].act()
        else:
            next(hostile)()
        if number % 5 == 0:
            hold_back(installation, AT_ONCE)
        if number % 100 == 99:
            say(f"{number + 1} of {len(order)} calls after {time.monotonic() - began:.0f} s")
    say("Waiting until nothing runs")
    wait_until_idle(installation)
    return _judge(organization, teams, steps, attacker, observer, inboxes)


def _order(teams: Teams, attacks: int) -> list[bool]:
    """Whether each call is of a honest team. The crowd comes with the first of them."""
    first = 2 * len(teams.spokes)
    rest = [True] * (2 * teams.deployments - first) + [False] * attacks
    random.Random(teams.seed).shuffle(rest)  # noqa: S311 - to be repeated, not to be secret
    crowd = CROWD // first if attacks else 0
    return ([False] * crowd + [True]) * first + rest


def _subscribe(installation: Installation, teams: Teams) -> dict[str, str]:
    """A queue for each account and for each team, which filters for it."""
    wanted = {each: {"account": [each]} for each in sorted(teams.accounts)}
    wanted |= {team: {"team": [team]} for team in teams.spokes}
    return {
        name: installation.subscribe(f"of-{name}", FilterPolicy=json.dumps(policy))
        for name, policy in wanted.items()
    }


def _judge(
    organization: Organization,
    teams: Teams,
    steps: list[Step],
    attacker: Attacker,
    observer: Observer,
    queues: dict[str, str],
) -> Course:
    installation, seen = organization.installation, observer.look()
    inboxes = {
        name: [
            json.loads(json.loads(message["Body"])["Message"])
            for message in installation.messages(url)
        ]
        for name, url in queues.items()
    }
    wrong = judging.judge(seen, teams, steps, inboxes)
    for spoke in teams.spokes.values():
        if (spoke.account, spoke.region) != _HUB:
            wrong += [f"not forwarded: {each}" for each in organization.unforwarded(spoke)]
    wrong += judging.links(installation.mail(ADDRESS))
    wrong += judging.registries(installation.qualys.control.state()["registries"])
    honest = judging.of_honest(seen, teams)
    notified = {each["service"] for notice in honest.notifications for each in notice["workloads"]}
    return Course(
        figures=count(installation, honest.scans),
        deployed=teams.deployments,
        notified=len(notified),
        attacks=attacker.counts,
        queued=len(seen.failed) - len(honest.failed),
        most=max((each["workloads_total"] for each in seen.notifications), default=0),
        wrong=wrong,
        evidence=evidence(installation, seen, wrong),
    )
