"""The judgement of `make hostile` calls wrong what the attacker takes from others, and no more."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.chaos.deployments import Step
from sandbox.chaos.kinds import EXAMINED, KINDS, truth
from sandbox.chaos.seen import Seen
from sandbox.hostile.attacker import LINK
from sandbox.hostile.figures import Figures
from sandbox.hostile.judging import judge, links
from sandbox.hostile.run import Course, Result

Json = dict[str, Any]
DIGEST, URI = "sha256:" + "d" * 64, "host/honest/app:1"
HONEST, EVIL = "111111111111", "666666666666"
COUNTS = {"critical": 1, "high": 1, "medium": 1, "low": 0}
VERDICT = {"status": "FINDINGS", "reason": "", "examined": EXAMINED, "counts": COUNTS}
WEB = {"account": HONEST, "cluster": "honest", "service": "web", "task_definition": "web:1"}
TEAMS: Any = SimpleNamespace(
    truths={DIGEST: truth("honest/app", DIGEST, KINDS["bad"], KINDS["bad"].severities)},
    tags={URI: {DIGEST}},
    requests={},
    accounts={HONEST},
    workloads={"web": (HONEST, "us-east-1", "payments")},
)


def call(account: str, name: str) -> Json:
    detail = {"eventName": "CreateService", "requestParameters": {"serviceName": name}}
    event = {"id": f"call of {name}", "source": "aws.ecs", "account": account}
    return {**event, "detail": detail}


def notice(*workloads: Json) -> Json:
    found = {**VERDICT, "verdict": "FINDINGS", "image": {"digest": DIGEST}, "subject": "Scan: app"}
    return {**found, "workloads": [*workloads], "workloads_total": 1000}


def see(*alerts: Json, filtered: tuple[str, ...] = (HONEST, "payments"), **seen: Any) -> list[str]:
    """One honest service of a bad image, and one of the attacker's, whose event waits."""
    witnessed = {
        "events": [call(HONEST, "web"), call(EVIL, "evil")],
        "intakes": [{"event_id": "call of web", "status": "SUCCEEDED"}],
        "redriven": set(),
        "scans": [],
        "verdicts": {DIGEST: VERDICT},
        "leases": {"sha256:of the attacker": "owner"},
        "notifications": [*alerts],
        "mails": [(each["subject"], DIGEST) for each in alerts],
        "failed": [call(EVIL, "evil")],
        "undelivered": [],
    }
    inboxes = {name: [*alerts] if name in filtered else [] for name in (HONEST, "payments")}
    steps = [Step(lambda: None, (URI,)), Step(lambda: None, (URI,), "web")]
    return judge(Seen(**{**witnessed, **seen}), TEAMS, steps, inboxes)


def test_what_is_right_is_right_whatever_the_attacker_has() -> None:
    evil = {**WEB, "account": EVIL, "service": "evil"}
    assert see(notice(WEB, evil)) == []


def test_who_is_not_named_is_not_notified() -> None:
    """A workload of the same name in another account stands for nobody."""
    wrong = see(notice({**WEB, "account": EVIL}), filtered=())
    assert sum(each.startswith("lost alert") for each in wrong) == 3


@pytest.mark.parametrize("missing", [HONEST, "payments"])
def test_a_filter_that_lets_nothing_through(missing: str) -> None:
    rest = {HONEST, "payments"} - {missing}
    (wrong,) = see(notice(WEB), filtered=(*rest,))
    assert wrong == f"lost alert: web in the subscription of {missing}"


@pytest.mark.parametrize(
    "queued",
    [
        call(HONEST, "other"),
        {"source": "image-scan", "account": HONEST, "detail": {"image": f"x@{DIGEST}"}},
        {"image": {"digest": DIGEST}},
    ],
    ids=["event", "request of a scan", "completion"],
)
@pytest.mark.parametrize("queue", ["failed", "undelivered"])
def test_what_is_honest_and_waits(queue: str, queued: Json) -> None:
    waiting: Any = {queue: [{"id": "queued", **queued}]}
    assert any(each.startswith("waits: ") for each in see(notice(WEB), **waiting))


def test_a_request_that_the_attacker_caused_may_wait() -> None:
    queued = {"id": "queued", "source": "image-scan", "account": EVIL}
    assert see(notice(WEB), failed=[{**queued, "detail": {"image": f"x@{DIGEST}"}}]) == []


@pytest.mark.parametrize("status", ["CLEAN", "ERROR", "UNSCANNABLE"])
def test_another_verdict_than_the_due_one(status: str) -> None:
    wrong = see(notice(WEB), verdicts={DIGEST: {**VERDICT, "status": status}})
    assert any(each.startswith(f"verdict {status} instead of FINDINGS") for each in wrong)


def test_what_is_clean_and_unknown() -> None:
    verdicts = {DIGEST: VERDICT, "sha256:other": {**VERDICT, "status": "CLEAN"}}
    assert see(notice(WEB), verdicts=verdicts) == ["false clean: sha256:other"]


def test_a_link_of_the_attackers() -> None:
    assert links([f"service web of team x {LINK}", "https://console.aws.amazon.com"]) != []
    assert links(["https://console.aws.amazon.com"]) == []


@pytest.mark.parametrize(("calls", "slow"), [(59, False), (61, True)])
def test_a_scan_may_not_take_many_times_the_calls(calls: int, slow: bool) -> None:
    alone, attacked = Figures(), Figures()
    alone.calls[DIGEST], attacked.calls[DIGEST] = 6, calls
    result = Result(Course(alone, 1, 1), Course(attacked, 1, 1), 1.0)
    assert any(each.startswith("slow: ") for each in result.wrong) == slow
