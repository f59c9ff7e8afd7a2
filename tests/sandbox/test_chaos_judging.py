"""The judgement of `make chaos` calls wrong what is wrong, and nothing else."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.chaos import left_out, next_days, results
from sandbox.chaos.deployments import Step
from sandbox.chaos.judging import judge
from sandbox.chaos.kinds import EXAMINED, KINDS, SECRET, Truth, truth
from sandbox.chaos.seen import Judgement, Seen

Json = dict[str, Any]
DIGEST, URI, EVENT = "sha256:" + "d" * 64, "host/chaos/app:1", "request-1"
NONE = dict.fromkeys(("critical", "high", "medium", "low"), 0)
WORKLOAD = {"cluster": "chaos", "service": "web", "task_definition": "app:1"}


def of(kind: str, *severities: int) -> Truth:
    return truth("chaos/app", DIGEST, KINDS[kind], severities or KINDS[kind].severities)


def verdict(status: str, **counts: Any) -> Json:
    found = {name: {**NONE, **each} for name, each in counts.items()}
    return {"status": status, "reason": "", "examined": EXAMINED, "counts": NONE, **found}


def notice(**counts: Any) -> Json:
    image = {"digest": DIGEST}
    alert = verdict("FINDINGS", **counts) | {"verdict": "FINDINGS", "image": image}
    alert |= {"subject": f"Scan: {counts}"}
    return alert | {"workloads": [WORKLOAD], "workloads_total": 1}


def see(was: Truth, item: Json, *alerts: Json, requested: bool = False, **seen: Any) -> Judgement:
    """One service that runs one image, whose event was handled."""
    call = {"eventName": "CreateService", "requestParameters": {"serviceName": "web"}}
    handled = [{"event_id": "call-1", "status": "SUCCEEDED"}]
    if requested and not seen:
        handled.append({"event_id": EVENT, "status": "SUCCEEDED"})
    witnessed = Seen(
        events=[{"id": "call-1", "detail": call}],
        intakes=handled,
        redriven=set(),
        scans=seen.get("scans", []),
        verdicts={DIGEST: item},
        leases={},
        notifications=list(alerts),
        mails=seen.get("mails", [(each["subject"], DIGEST) for each in alerts]),
        failed=seen.get("failed", []),
        undelivered=[],
    )
    requests = {EVENT: DIGEST} if requested else {}
    fleet: Any = SimpleNamespace(truths={DIGEST: was}, tags={URI: {DIGEST}}, requests=requests)
    return judge(witnessed, fleet, [Step(lambda: None, (URI,), "web")], faults=0)


BAD = {"counts": {"critical": 1, "high": 1, "medium": 1}}
WORSE = {"counts": {"critical": 2, "medium": 1}}
INFECTED = {"malware": {"low": 1}}
LEAKY = {"counts": {"medium": 1}, "secrets": {"high": 1, "low": 1}}
RATED_WORSE = replace(of("bad", 5, 5, 3), before=of("bad").counts)


@pytest.mark.parametrize(
    ("was", "found"),
    [(of("bad"), BAD), (of("infected"), INFECTED), (of("leaky"), LEAKY), (RATED_WORSE, WORSE)],
    ids=["vulnerabilities", "malware", "secrets", "rated worse"],
)
def test_what_is_recorded_and_notified_as_it_is_is_right(was: Truth, found: Any) -> None:
    assert see(was, verdict("FINDINGS", **found), notice(**found)).wrong == []


def test_what_one_topic_alone_got_is_lost() -> None:
    item, alert = verdict("FINDINGS", **BAD), notice(**BAD)
    for mails in ([], [(alert["subject"], DIGEST), ("Scan: another", DIGEST)]):
        (wrong,) = see(of("bad"), item, alert, mails=mails).wrong
        assert wrong.startswith("lost alert: one topic alone got 'Scan: ")


def test_what_one_topic_alone_got_is_not_lost_while_its_scan_waits_for_a_redrive() -> None:
    alert = notice(**BAD)
    owner = hashlib.sha256(f"{EVENT} {DIGEST}".encode()).hexdigest()[:16]
    waits: Any = {"failed": [{"id": EVENT, "detail": {}}], "mails": []}
    for owned, is_lost in ((owner, False), ("another", True)):
        item = {**verdict("FINDINGS", **BAD), "owner": owned}
        wrong = see(of("bad"), item, alert, **waits).wrong
        assert any("one topic alone" in each for each in wrong) == is_lost


@pytest.mark.parametrize("kind", ["infected", "leaky", "bad"])
def test_an_image_with_anything_is_not_clean(kind: str) -> None:
    (wrong,) = see(of(kind), verdict("CLEAN")).wrong
    assert wrong.startswith("false clean")


def test_a_verdict_without_the_secrets_of_its_image_is_wrong() -> None:
    wrong = see(of("leaky"), verdict("FINDINGS", counts=LEAKY["counts"])).wrong
    assert [each.split(":")[0] for each in wrong] == ["false counts", "lost alert"]


@pytest.mark.parametrize("kind", ["infected", "leaky"])
def test_malware_and_secrets_have_to_be_notified(kind: str) -> None:
    found = {"infected": INFECTED, "leaky": LEAKY}[kind]
    (wrong,) = see(of(kind), verdict("FINDINGS", **found)).wrong
    assert wrong.startswith("lost alert: web")


def test_who_knew_a_finding_is_notified_when_it_is_rated_worse() -> None:
    found = verdict("FINDINGS", **WORSE)
    (wrong,) = see(RATED_WORSE, found, notice(**BAD), requested=True).wrong
    assert wrong.startswith("lost alert: web")
    assert see(RATED_WORSE, found, notice(**BAD), notice(**WORSE), requested=True).wrong == []


def test_an_image_is_as_it_was_while_the_request_for_its_scan_waits() -> None:
    item, alert = verdict("FINDINGS", **BAD), notice(**BAD)
    waiting = see(RATED_WORSE, item, alert, requested=True, failed=[{"id": EVENT}])
    assert waiting.wrong == []
    assert waiting.by_request == {"in the failed-events queue": 1}
    wrong = see(RATED_WORSE, item, alert, requested=True).wrong
    assert [each.split(":")[0] for each in wrong] == ["false counts", "lost alert"]


def test_a_request_that_nothing_has_handled_is_lost() -> None:
    found = verdict("FINDINGS", **WORSE)
    wrong = see(RATED_WORSE, found, notice(**WORSE), requested=True, failed=[{"id": "other"}]).wrong
    assert wrong == [f"lost: event {EVENT}, its intakes none"]


def test_a_run_without_results_is_wrong() -> None:
    """Each image by itself may fail, and all may be notified of that."""
    clean, failed = {"status": "CLEAN"}, {"status": "ERROR"}
    seen: Any = SimpleNamespace(verdicts={"a": clean, "b": failed, "c": failed})
    assert list(results.few(seen)) == []
    seen.verdicts["d"] = failed
    assert list(results.few(seen)) == ["few results: 1 of 4 images"]


def test_a_scan_may_die_after_all_were_notified_of_its_result() -> None:
    died = {"name": "1", "status": "FAILED", "startDate": 1, "over": 2, "image": {"key": DIGEST}}
    item, alert = verdict("FINDINGS", **BAD), notice(**BAD)
    (wrong,) = see(of("bad"), item, alert, scans=[died]).wrong
    assert wrong.startswith("lost alert: the scan of")
    assert see(of("bad"), {**item, "announced": True}, alert, scans=[died]).wrong == []


def test_an_image_has_one_scan_at_a_time_or_one_from_another_account_gives_way() -> None:
    def scan(number: int, account: str) -> Json:
        image = {"key": DIGEST, "account_id": account}
        return {
            "name": f"{number}",
            "status": "SUCCEEDED",
            "startDate": number,
            "over": number + 2,
            "image": image,
        }

    item = {**verdict("CLEAN"), "announced": True}
    at_once = [scan(1, "1"), scan(2, "1")]
    assert f"two scans at a time: {DIGEST}" in see(of("clean"), item, scans=at_once).wrong
    apart = [scan(1, "1"), scan(2, "2"), scan(3, "1")]
    assert see(of("clean"), item, scans=apart).wrong == see(of("clean"), item).wrong


def test_a_version_with_the_same_findings_needs_no_alert_and_should_have_none() -> None:
    same = replace(of("bad"), notified=True)
    item = verdict("FINDINGS", **BAD)
    assert see(same, item).wrong == []
    (wrong,) = see(same, item, notice(**BAD)).wrong
    assert wrong.startswith("notified though known: 1 alerts, with 0 faults")


def test_a_workload_that_gets_the_same_twice_is_a_repetition() -> None:
    (wrong,) = see(of("bad"), verdict("FINDINGS", **BAD), notice(**BAD), notice(**BAD)).wrong
    assert wrong.startswith("notified twice: 1 alerts")


@pytest.mark.parametrize("kind", ["clean", "bad"])
def test_what_was_not_examined_for_all_that_the_sensor_looks_for_is_wrong(kind: str) -> None:
    found = {"clean": verdict("CLEAN"), "bad": verdict("FINDINGS", **BAD)}[kind]
    (wrong,) = see(of(kind), found | {"examined": ["vulnerabilities"]}, notice(**BAD)).wrong[:1]
    assert wrong.startswith("not examined")


def test_the_value_of_a_secret_is_nowhere() -> None:
    alert = notice(**LEAKY) | {"detections": [{"name": SECRET}]}
    (wrong,) = see(of("leaky"), verdict("FINDINGS", **LEAKY), alert).wrong
    assert wrong == "shown: the value of a secret"


def test_an_alert_of_what_is_not_there_is_false() -> None:
    item = verdict("FINDINGS", counts={"medium": 1, "low": 1})
    (wrong,) = see(of("mild"), item, notice(counts={"high": 1})).wrong
    assert wrong.startswith("false alert")


AGENT = {"cluster": "chaos", "service": "agent-1-service", "task_definition": "agent-1:1"}

TAGGED = {"cluster": "chaos", "service": "tagged-1-service", "task_definition": "tagged-1:1"}


def scoped(
    *rows: Json, steps: Any = ("agent-1-service",), faults: int = 9, **seen: Any
) -> list[str]:
    """One image, which services run that a rule leaves out or not."""
    nothing: Json = {"events": [], "intakes": [], "redriven": set(), "leases": {}, "mails": []}
    nothing |= {"scans": [], "verdicts": {}, "notifications": [], "failed": [], "undelivered": []}
    witnessed = Seen(**{**nothing, **seen}, inventory=list(rows))
    facts: Any = SimpleNamespace(truths={}, tags={URI: {DIGEST}}, requests={})
    judgement = Judgement()
    made = [Step(lambda: None, (URI,), each) for each in steps]
    left_out.judge(witnessed, facts, made, faults, judgement)
    return judgement.wrong


def stored(service: str, **more: Any) -> Json:
    return {"digest": DIGEST, "workload": f"1#eu-west-1#chaos#{service}", **more}


def test_what_is_left_out_is_stated_and_nothing_else_is() -> None:
    rule = {"out_of_scope": left_out.RULES[0].name}
    assert scoped(stored("family:agent-1", **rule), stored("family:web")) == []
    assert scoped(stored("agent-1-service", **rule), stored("web")) == []
    (silent,) = scoped(stored("agent-1-service"))
    assert silent.startswith("scope: agent-1-service runs")
    (left,) = scoped(stored("web", **rule))
    assert left.startswith("scope: web runs")


def overdue(*listed: str, counted: int = 0) -> list[str]:
    """Two services run with a severe finding, and the digest lists some."""
    found = [{"qid": 7, "severity": 5}]
    services: Any = {
        name: SimpleNamespace(found=found, uri="app:1") for name in ("payments", "web")
    }
    rows = [
        {"workload": f"1#eu-west-1#chaos#{name}", "uri": "app:1", "findings": [{"qid": 7}]}
        for name in listed
    ]
    digest = {"overdue": rows, "overdue_workloads": counted or len(rows)}
    return list(next_days._overdue([digest], services))


def test_an_overdue_finding_is_listed_or_the_digest_is_full_and_counts_it() -> None:
    assert overdue("payments", "web") == []
    assert overdue("payments") == ["lost overdue: web runs {7}"]
    assert overdue("payments", counted=2) == []


def test_what_only_workloads_out_of_scope_run_is_not_scanned() -> None:
    scans = [{"image": {"key": DIGEST}}]
    assert scoped(scans=scans) == [f"scanned, though out of scope: {DIGEST}"]
    assert scoped(verdicts={DIGEST: {}}) == [f"scanned, though out of scope: {DIGEST}"]
    assert scoped(scans=scans, steps=("agent-1-service", "web")) == []


def test_nobody_out_of_scope_is_notified() -> None:
    wrong = scoped(notifications=[{"workloads": [WORKLOAD, AGENT]}])
    assert wrong == ["notified, though out of scope: agent-1-service"]


def test_tags_that_could_not_be_read_leave_nothing_out() -> None:
    row, steps = stored("tagged-1-service"), ("tagged-1-service",)
    seen: Json = {"verdicts": {DIGEST: {}}, "notifications": [{"workloads": [TAGGED]}]}
    assert scoped(row, steps=steps, **seen) == []
    (other,) = scoped({**row, "out_of_scope": "agents"}, steps=steps)
    assert other.startswith("scope: tagged-1-service runs")
    wrong = scoped(row, steps=steps, faults=0, **seen)
    assert [each.split(":")[0].split(",")[0] for each in wrong] == ["scanned", "notified", "scope"]
