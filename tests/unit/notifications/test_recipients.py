"""Which workloads a verdict notifies: by thresholds, exceptions, and what the workload ran
before."""

from __future__ import annotations

import fnmatch
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from image_scan.aws.dynamodb import Change
from image_scan.cache.leases import ScanCache
from image_scan.cache.standing import is_watched
from image_scan.errors import AwsUnavailable
from image_scan.events.workloads import workload_of
from image_scan.findings import encoding
from image_scan.findings.ages import Deadlines
from image_scan.inventory.earlier import Before
from image_scan.inventory.notified import NotifiedFindings, teams_of
from image_scan.inventory.table import InventoryTable
from image_scan.inventory.workloads import Inventory, facts_of
from image_scan.notifications import recipients
from image_scan.notifications.exceptions import KEY, ExceptionStore
from image_scan.notifications.owners import Owners
from image_scan.notifications.policy import NotificationPolicy
from image_scan.notifications.readers import Readers
from image_scan.notifications.recipients import Notifier
from image_scan.notifications.topics import Topics
from image_scan.results import Outcome
from image_scan.state.table import StateTable
from tests.support import tables
from tests.support.builders import (
    ACCOUNT,
    LEASE,
    NOTIFY,
    NOW,
    REGION,
    WEEK,
    image,
    lease,
    scan_input,
    taken,
    to_complete,
)
from tests.unit.notifications.test_owners import REPOSITORY, Tags, tagless
from tests.unit.notifications.test_policy import found

if TYPE_CHECKING:
    from image_scan.cache.table import CacheTable
    from image_scan.contracts import Reader, ScanInput
    from tests.support.doubles import Clock, Inbox

ENDS = "2026-12-31"
DAY = 86_400
DEADLINES = Deadlines({"critical": 7})


class Scene:
    """An installation, where versions of shop/app run one after the other."""

    def __init__(self, table: CacheTable, dynamodb: Any, inbox: Inbox, clock: Clock) -> None:
        self.table, self.inbox, self.clock = table, inbox, clock
        self.rows = InventoryTable(dynamodb, tables.INVENTORY)
        self.state = StateTable(dynamodb, tables.STATE)
        self.inventory = Inventory(self.rows, clock)
        self.tags = Tags({})
        self.teams: dict[str, dict[Reader, str]] = {}

    def notifier(self, **changes: Any) -> Notifier:
        policy = NotificationPolicy.read({**NOTIFY, **changes})
        self.cache = ScanCache(self.table, policy.may_notify, self.clock)
        notified = NotifiedFindings(self.rows, self.cache)
        topics = self.inbox.topics(self.teams)
        exceptions, accounts = ExceptionStore(self.state), tagless(self.tags)
        owners, readers = Owners(accounts, "team"), Readers(accounts)
        of = (policy, exceptions, self.cache, notified, owners, readers, topics, DEADLINES)
        return Notifier(*of, clock=self.clock)

    def accept(self, **changes: Any) -> None:
        base = {"qid": 1, "cve": None, "repository": "shop/*", "until": ENDS, "reason": "none yet"}
        item = [{**base, "owner": "shop", **changes}]
        self.state.put({"key": KEY, "exceptions": json.dumps(item)})

    def runs(self, version: int, *qids: int, at: int = 0, **of: Any) -> ScanInput:
        """A version of the service is deployed, and Qualys finds these."""
        digest = f"sha256:{version:064x}"
        named = {"key": digest, "digest": digest, "tag": str(version), **of}
        stamp = f"2026-02-02T{3 + (at or version):02}:00:00Z"
        deployed = scan_input(f"event-{version}", image(**named), event_time=stamp)
        deployed["deployment"]["event_name"] = "UpdateService"
        before = self.inventory.note(deployed)
        self.notifier()
        lease = taken(self.cache.decide(deployed, LEASE, before))
        self.cache.keep_findings(lease, result(*qids), WEEK)
        return deployed

    def notifications(self) -> list[dict[str, Any]]:
        return [json.loads(text) for _, text in self.inbox.messages()]


def result(*qids: int) -> Outcome:
    listed = [found(qid) for qid in qids]
    counts: Any = {"critical": len(qids), "high": 0, "medium": 0, "low": 0}
    return Outcome(
        verdict="FINDINGS" if qids else "CLEAN",
        counts=counts,
        fixable=counts,
        listed=encoding.pack(listed),
        top=[
            {
                "qid": qid,
                "title": f"finding {qid}",
                "severity": 5,
                "cves": [],
                "packages": [],
                "fixes": [],
                "patch": False,
                "exploit": False,
            }
            for qid in qids
        ],
    )


@pytest.fixture
def scene(table: CacheTable, dynamodb: Any, inbox: Inbox, clock: Clock) -> Scene:
    return Scene(table, dynamodb, inbox, clock)


def notify(scene: Scene, deployed: ScanInput, *qids: int, **changes: Any) -> bool:
    workload, facts = workload_of(deployed)
    asked = to_complete(result(*qids), deployed["image"])
    return bool(scene.notifier(**changes).notify(asked, result(*qids), {workload: facts}))


def test_the_first_version_of_a_workload_is_notified_in_full(scene: Scene) -> None:
    assert notify(scene, scene.runs(1, 1, 2), 1, 2)
    (message,) = scene.notifications()
    assert message["schema"] == "image-scan/notification/1"
    assert "compared" not in message["workloads"][0]
    assert [each["new"] for each in message["findings"]] == [False, False]


def test_the_next_version_is_notified_of_what_is_new(scene: Scene) -> None:
    assert notify(scene, scene.runs(1, 1, 2), 1, 2)
    assert notify(scene, scene.runs(2, 2, 3), 2, 3)
    _, message = scene.notifications()
    assert message["workloads"][0]["compared"] == {"new": 1, "still_open": 1, "fixed": 1}
    assert {each["qid"]: each["new"] for each in message["findings"]} == {2: False, 3: True}
    assert message["notified_counts"]["critical"] == 2


def test_a_finding_has_the_age_and_the_deadline_of_the_workload_that_was_notified_first(
    scene: Scene,
) -> None:
    assert notify(scene, scene.runs(1, 1), 1)
    scene.clock.now += 3 * DAY
    assert notify(scene, scene.runs(2, 1, 2), 1, 2)
    _, message = scene.notifications()
    assert {each["qid"]: (each["since"], each["due"]) for each in message["findings"]} == {
        1: ("2026-02-02", "2026-02-09"),
        2: ("2026-02-05", "2026-02-12"),
    }


@pytest.mark.parametrize(("notify_on", "is_due"), [("new", False), ("all", True)])
def test_a_version_with_nothing_new(scene: Scene, notify_on: str, is_due: bool) -> None:
    assert notify(scene, scene.runs(1, 1, 2), 1, 2)
    assert notify(scene, scene.runs(2, 2), 2, notify_on=notify_on) is is_due


def test_a_version_that_nobody_was_notified_of_silences_nothing(scene: Scene) -> None:
    """It contained the finding, and its message was never sent."""
    scene.runs(1, 1)
    assert notify(scene, scene.runs(2, 1), 1)
    (message,) = scene.notifications()
    assert message["workloads"][0]["compared"] == {"new": 1, "still_open": 0, "fixed": 0}


def test_a_version_without_a_record_ends_what_it_did_not_contain(scene: Scene) -> None:
    assert notify(scene, scene.runs(1, 1, 2), 1, 2)
    scene.runs(2, 2)
    assert notify(scene, scene.runs(3, 1, 2), 1, 2)
    assert scene.notifications()[-1]["workloads"][0]["compared"] == {
        "new": 1,
        "still_open": 1,
        "fixed": 0,
    }


def test_a_fix_counts_though_a_task_of_the_version_before_it_started_later(scene: Scene) -> None:
    """As while a deployment replaces tasks, or when it was rolled back meanwhile."""
    before = scene.runs(1, 1)
    assert notify(scene, before, 1)
    scene.runs(2)
    scene.inventory.note(
        {**before, "deployment": {**before["deployment"], "event_time": "2026-02-02T06:00:00Z"}}
    )
    assert notify(scene, scene.runs(3, 1, at=4), 1)
    assert scene.notifications()[-1]["workloads"][0]["compared"] == {
        "new": 1,
        "still_open": 0,
        "fixed": 0,
    }


def test_a_version_whose_findings_are_forgotten_is_not_compared_with(scene: Scene) -> None:
    assert notify(scene, scene.runs(1, 1), 1)
    forgotten = scene.runs(2, 1)
    scene.table.delete(f"findings#{forgotten['image']['key']}")
    assert notify(scene, scene.runs(3, 1), 1)
    assert "compared" not in scene.notifications()[-1]["workloads"][0]


def test_what_was_notified_is_known_though_its_findings_are_forgotten(scene: Scene) -> None:
    before = scene.runs(1, 1)
    assert notify(scene, before, 1)
    scene.table.delete(f"findings#{before['image']['key']}")
    assert not notify(scene, scene.runs(2, 1), 1)


@pytest.mark.parametrize("other", [{"repository": "shop/sidecar"}, {"containers": ["jobs"]}])
def test_another_container_of_the_task_is_not_what_ran_before(scene: Scene, other: Any) -> None:
    assert notify(scene, scene.runs(1, 1, **other), 1)
    assert notify(scene, scene.runs(2, 1), 1)


def test_what_came_after_it_is_not_what_ran_before(scene: Scene) -> None:
    late = scene.runs(1, 1, at=1)
    assert notify(scene, scene.runs(2, 1, at=2), 1)
    assert notify(scene, late, 1)


def test_more_workloads_than_are_compared_are_notified_in_full_and_known_then(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert notify(scene, scene.runs(1, 1), 1)
    deployed = scene.runs(2, 1)
    monkeypatch.setattr(recipients, "_COMPARING_SECONDS", 0)
    assert notify(scene, deployed, 1)
    assert not notify(scene, scene.runs(3)), "it was fixed"
    monkeypatch.setattr(recipients, "_COMPARING_SECONDS", 8)
    assert notify(scene, scene.runs(4, 1), 1)


def test_a_workload_that_the_inventory_does_not_know_gets_no_row(scene: Scene) -> None:
    unknown = scan_input("event-9", image(key="sha256:" + "9" * 64), service="never-seen")
    assert notify(scene, unknown, 1)
    assert list(scene.inventory.rows()) == []


def test_a_finding_accepted_by_an_exception_is_not_notified_and_stays_counted(scene: Scene) -> None:
    scene.accept(qid=1)
    deployed = scene.runs(1, 1, 2)
    assert notify(scene, deployed, 1, 2)
    (message,) = scene.notifications()
    assert (message["counts"]["critical"], message["notified_counts"]["critical"]) == (2, 1)
    assert message["accepted_by_exception"] == 1
    assert [each["qid"] for each in message["findings"]] == [2]
    assert scene.inbox.messages()[0][0].startswith("Scan: shop/app - 1C/0H ")


def test_when_exceptions_accept_all_nobody_is_notified_until_it_ends(scene: Scene) -> None:
    scene.accept(qid=1)
    deployed = scene.runs(1, 1)
    assert not notify(scene, deployed, 1)
    scene.accept(qid=1, until="2026-02-01")
    assert notify(scene, deployed, 1)


@pytest.mark.parametrize("spoilt", ["", "{}", "[1]", '[{"qid": 1}]', "null"])
def test_exceptions_that_cannot_be_read_hide_nothing(scene: Scene, spoilt: str) -> None:
    scene.state.put({"key": KEY, "exceptions": spoilt})
    assert notify(scene, scene.runs(1, 1), 1)


def test_unknown_findings_are_notified(scene: Scene) -> None:
    scene.accept(qid=1)
    deployed = scene.runs(1)
    workload, facts = workload_of(deployed)
    unknown: Any = {**result(1), "listed": ""}
    scene.table.delete(f"findings#{deployed['image']['key']}")
    asked = to_complete(unknown, deployed["image"])
    assert scene.notifier().notify(asked, unknown, {workload: facts})


def test_no_result_is_notified_to_all_and_nothing_is_notified_of_a_clean_image(
    scene: Scene,
) -> None:
    deployed = scene.runs(1)
    workload, facts = workload_of(deployed)
    failed = Outcome(verdict="TIMEOUT", reason="no result")
    recipients = scene.notifier()
    assert recipients.notify(to_complete(failed), failed, {workload: facts, "other": facts})
    assert scene.notifications()[0]["workloads_total"] == 2
    assert not recipients.notify(to_complete(result()), result(), {workload: facts})


def test_the_clock_decides_when_an_exception_ends(scene: Scene) -> None:
    scene.accept(qid=1, until="2026-02-02")
    deployed = scene.runs(1, 1)
    assert not notify(scene, deployed, 1)
    scene.clock.now = NOW + 2 * 86_400
    assert notify(scene, deployed, 1)


def test_malware_is_notified_whatever_is_known_or_below_the_threshold(
    scene: Scene,
) -> None:
    """The version before had the same findings, and an exception covers them."""
    scene.accept()
    scene.runs(1, 1)
    deployed = scene.runs(2, 1)
    workload, facts = workload_of(deployed)
    level: Any = {"critical": 0, "high": 0, "medium": 0, "low": 1}
    outcome: Outcome = {**result(1), "malware": level, "detections": []}
    strict = scene.notifier(min_severity="critical", only_fixable=True)
    assert strict.notify(to_complete(outcome, deployed["image"]), outcome, {workload: facts})
    (message,) = scene.notifications()
    assert (message["malware"], message["accepted_by_exception"]) == (level, 1)


def test_a_registration_beside_a_service_that_knows_the_findings_alarms_nobody(
    scene: Scene,
) -> None:
    assert notify(scene, scene.runs(1, 1), 1)
    deployed = scene.runs(2, 1)
    registered = scan_input(of=deployed["image"], event_name="RegisterTaskDefinition", service="")
    registered["deployment"]["cluster"] = ""
    workloads = dict([workload_of(deployed), workload_of(registered)])
    asked = to_complete(result(1), deployed["image"])
    assert not scene.notifier().notify(asked, result(1), workloads)
    assert scene.notifier().notify(asked, result(1), dict([workload_of(registered)]))


def test_findings_that_are_too_many_are_not_judged_by_those_of_an_earlier_scan(
    scene: Scene,
) -> None:
    deployed = scene.runs(1, 1)
    assert notify(scene, deployed, 1)
    workload, facts = workload_of(deployed)
    more: Any = {**result(1, 2), "listed": ""}
    asked = to_complete(more, deployed["image"])
    scene.cache.keep_findings(lease(key=deployed["image"]["key"]), more, WEEK)
    assert scene.notifier().notify(asked, more, {workload: facts}), "the second one is new"
    known: Any = {name: value for name, value in more.items() if name != "listed"}
    assert scene.notifier().notify(asked, known, {"another": {**facts, "service": "another"}})


def judged_again(scene: Scene, deployed: ScanInput, *qids: int) -> bool:
    """A reconciliation has found the image running."""
    rows = [row for row in scene.rows.below(deployed["image"]["key"]) if is_watched(row)]
    run = {row["workload"]: facts_of(row) for row in rows}
    asked = to_complete(result(*qids), deployed["image"], again=True)
    return bool(scene.notifier().notify(asked, result(*qids), run, rows))


def test_what_a_workload_was_notified_of_is_not_repeated_however_many_run_the_image(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipients, "_COMPARING_SECONDS", 0)
    deployed = scene.runs(1, 1)
    assert notify(scene, deployed, 1)
    assert not judged_again(scene, deployed, 1)
    assert judged_again(scene, deployed, 1, 2)


@pytest.mark.attack(15)
def test_the_work_is_not_findings_times_exceptions_times_workloads(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workloads, findings and names of repositories are those of whoever runs the image."""
    base = {"qid": None, "until": ENDS, "reason": "r", "owner": "o"}
    exceptions = [{**base, "cve": f"CVE-2026-{n:04}", "repository": f"t-{n}/*"} for n in range(99)]
    scene.state.put({"key": KEY, "exceptions": json.dumps(exceptions)})
    asked = {"patterns": 0, "findings": 0}
    matches, severe = fnmatch.fnmatchcase, NotificationPolicy.severe

    def counted_match(name: str, pattern: str) -> bool:
        asked["patterns"] += 1
        return matches(name, pattern)

    def counted_severe(policy: NotificationPolicy, finding: Any) -> bool:
        asked["findings"] += 1
        return severe(policy, finding)

    qids = range(50, 149)
    deployed = scene.runs(1, *qids)
    monkeypatch.setattr(fnmatch, "fnmatchcase", counted_match)
    monkeypatch.setattr(NotificationPolicy, "severe", counted_severe)
    monkeypatch.setattr(NotifiedFindings, "at", lambda *_: Before(None))
    _, facts = workload_of(deployed)
    workloads = {f"workload-{number}": facts for number in range(99)}
    of = to_complete(result(*qids), deployed["image"])
    assert len(scene.notifier().notify(of, result(*qids), workloads)) == 99
    assert asked == {"patterns": 49, "findings": 99}


def known(scene: Scene, deployed: ScanInput) -> tuple[str, int]:
    """The team of the workload's row, and since when it is notified, in days from the first."""
    row = scene.rows.get(deployed["image"]["key"], workload_of(deployed)[0])
    return row.get("team", ""), (row["notified_at"] - NOW) // DAY if "notified_at" in row else -1


def test_a_row_knows_its_team_and_since_when_it_is_notified(scene: Scene) -> None:
    scene.tags.teams[REPOSITORY] = "payments"
    deployed = scene.runs(1, 1)
    assert known(scene, deployed) == ("", -1)
    assert notify(scene, deployed, 1)
    assert known(scene, deployed) == ("payments", 0)
    scene.clock.now += DAY
    scene.tags.teams[REPOSITORY] = "shop"
    assert judged_again(scene, deployed, 1, 2)
    assert known(scene, deployed) == ("shop", 0), "one finding is open since then"
    scene.tags.teams[REPOSITORY] = ""
    assert judged_again(scene, deployed, 1, 2, 3)
    assert known(scene, deployed) == ("", 0), "as the last notification said"


def test_a_tag_that_cannot_be_read_changes_no_team(scene: Scene) -> None:
    """Its ticket would be closed, and another opened."""
    service = f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/prod/web"
    scene.tags.teams |= {service: "payments", REPOSITORY: "platform"}
    first = scene.runs(1, 1)
    assert notify(scene, first, 1)
    scene.tags.teams[service] = "AccessDeniedException"
    assert judged_again(scene, first, 1, 2)
    assert known(scene, first) == ("payments", 0)
    scene.clock.now += DAY
    second = scene.runs(2, 1, 2, 3)
    assert notify(scene, second, 1, 2, 3)
    assert scene.notifications()[-1]["workloads"][0]["team"] == "platform", "as far as it is known"
    assert "team" not in scene.rows.get(second["image"]["key"], workload_of(second)[0])
    assert {*teams_of(scene.rows.notified()).values()} == {"payments"}
    assert {*teams_of(scene.rows.below(second["image"]["key"])).values()} == {"platform"}
    scene.tags.teams |= {service: "", REPOSITORY: ""}
    assert judged_again(scene, second, 1, 2, 3, 4)
    assert {*teams_of(scene.rows.notified()).values()} == {""}, "now nobody owns it"


def test_a_tag_brings_no_findings_of_a_repository_that_the_account_may_not_read(
    scene: Scene,
) -> None:
    """ECR denies the account of the workload, which is not that of the repository."""
    topic = scene.inbox.create("attackers")
    scene.teams = {"attackers": {"people": topic}}
    scene.tags.teams[f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/prod/web"] = "attackers"
    deployed = scene.runs(1, 1, account_id="555555555555")
    assert notify(scene, deployed, 1)
    assert scene.inbox.published(topic) == []
    failed = Outcome(verdict="ERROR", error="ScanFailed", reason="ScanFailed: no space")
    workload, facts = workload_of(deployed)
    asked = to_complete(failed, deployed["image"])
    assert scene.notifier().notify(asked, failed, {workload: facts})
    assert len(scene.inbox.published(topic)) == 1, "this has nothing of the image in it"


def from_two_repositories(scene: Scene) -> tuple[Any, list[dict[str, Any]]]:
    """A version that two services run, one of them from a copy. Returns what completes its scan."""
    first = scene.runs(1, 1)
    host, _, _ = first["image"]["uri"].partition("/")
    copy = image(**{**first["image"], "uri": f"{host}/copy/app:1", "repository": "copy/app"})
    scene.inventory.note(scan_input("event-2", copy, service="other"))
    rows = list(scene.rows.below(first["image"]["key"]))
    return to_complete(result(1), first["image"]), sorted(rows, key=lambda row: row["workload"])


def test_what_is_notified_of_one_repository_is_recorded_before_the_next(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan, rows = from_two_repositories(scene)
    notifier, published = scene.notifier(), list[str]()

    def publish(*_: object) -> None:
        published.append("one")
        if len(published) == 2:
            raise AwsUnavailable("sns:Publish: no answer")

    monkeypatch.setattr(Topics, "publish", publish)
    workloads = {row["workload"]: facts_of(row) for row in rows}
    with pytest.raises(AwsUnavailable):
        notifier.notify(scan, scan["outcome"], workloads, rows)
    now = scene.rows.below(scan["image"]["key"])
    assert sorted("notified" in row for row in now) == [False, True]


def test_no_time_of_publishing_is_taken_from_the_readers(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan, rows = from_two_repositories(scene)
    notifier, done = scene.notifier(), list[str]()

    def read(*_: object) -> set[str]:
        done.append("read")
        return set()

    monkeypatch.setattr(Topics, "publish", lambda *_: done.append("publish"))
    monkeypatch.setattr(Notifier, "_teams", read)
    workloads = {row["workload"]: facts_of(row) for row in rows}
    notifier.notify(scan, scan["outcome"], workloads, rows)
    assert done == ["read", "read", "publish", "publish"]


def test_what_was_fixed_is_notified_since_it_came_back(scene: Scene) -> None:
    deployed = scene.runs(1, 1)
    assert notify(scene, deployed, 1)
    assert not judged_again(scene, deployed)
    scene.clock.now += DAY
    assert notify(scene, deployed, 1)
    assert known(scene, deployed) == ("", 1)


def test_a_failure_before_the_first_result_is_no_age_of_its_findings(scene: Scene) -> None:
    deployed = scene.runs(1, 1)
    key, workload = deployed["image"]["key"], workload_of(deployed)[0]
    scene.rows.update(key, workload, Change({"notified_at": NOW - DAY}))
    assert notify(scene, deployed, 1)
    assert known(scene, deployed) == ("", 0)


def test_malware_that_is_still_there_is_notified_since_the_first_time(scene: Scene) -> None:
    """Though it is no finding that a row holds, and a reconciliation judges the image again."""
    level: Any = {"critical": 1, "high": 0, "medium": 0, "low": 0}
    deployed = scene.runs(1)
    workload, facts = workload_of(deployed)
    infected: Outcome = {**result(), "verdict": "FINDINGS", "malware": level, "detections": []}
    for again in (False, True):
        asked = to_complete(infected, deployed["image"], again=again)
        assert bool(scene.notifier().notify(asked, infected, {workload: facts})) is not again
        assert known(scene, deployed) == ("", 0)
        scene.clock.now += DAY


def test_an_exception_ends_since_when_a_workload_is_notified(scene: Scene) -> None:
    deployed = scene.runs(1, 1)
    assert notify(scene, deployed, 1)
    scene.accept(qid=1)
    assert not notify(scene, deployed, 1)
    assert known(scene, deployed) == ("", -1)


def test_a_version_without_news_is_not_notified_since_then(scene: Scene) -> None:
    assert notify(scene, scene.runs(1, 1), 1)
    deployed = scene.runs(2, 1)
    assert not notify(scene, deployed, 1, notify_on="new")
    assert known(scene, deployed) == ("", -1)


def test_many_workloads_are_notified_within_the_time_of_the_function(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which has 30 s; 300 workloads with a history each take longer to compare."""
    deployed = scene.runs(1, 1)
    _, facts = workload_of(deployed)
    workloads = {f"workload-{number}": facts for number in range(300)}
    now, compared = 0.0, 0

    def slow(*_: Any) -> Before:
        nonlocal now, compared
        now, compared = now + 0.2, compared + 1
        return Before([])

    monkeypatch.setattr(NotifiedFindings, "at", slow)
    asked = to_complete(result(1), deployed["image"])
    assert replace(scene.notifier(), timer=lambda: now).notify(asked, result(1), workloads)
    assert compared == 40
    assert [each["workloads_total"] for each in scene.notifications()] == [100, 100, 100]
