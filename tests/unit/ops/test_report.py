"""What the report joins from the cache and the inventory, and how its course is drawn."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from image_scan.findings import encoding
from image_scan.findings.ages import Deadlines
from image_scan.findings.encoding import Finding
from ops.report import plot
from ops.report.ages import Remedied, days_to_remedy, remedied
from ops.report.command import _deadlines, page
from ops.report.contents import Location, Reconciled, Report, report
from tests.support.builders import CRITICAL, NOTIFY, NOW

if TYPE_CHECKING:
    from ops.report.images import ImageRow

Json = dict[str, Any]
DEADLINES = Deadlines({"critical": 7, "high": 30})
DAY = 86_400
TODAY = datetime.fromtimestamp(NOW, UTC).date()
BAD = {"critical": 1, "high": 2, "medium": 0, "low": 0}
NONE = {"critical": 0, "high": 0, "medium": 0, "low": 0}


def item(digest: str, status: str, **more: Any) -> Json:
    named = {"repository": f"shop/{digest}", "tag": "1", "imageDigest": digest}
    return {**named, "status": status, "ttl": NOW + 60, **more}


def row(digest: str, service: str = "web", state: str = "running", **more: Any) -> Json:
    return {
        "digest": digest,
        "workload": f"1#eu-west-1#prod#{service}",
        "account": "1",
        "region": "eu-west-1",
        "cluster": "prod",
        "service": service,
        "task_definition": "",
        "containers": ["app"],
        "repository": f"shop/{digest}",
        "tag": "1",
        "state": state,
        "first_seen": NOW - 60,
        "last_seen": NOW,
        **more,
    }


def made(items: list[Json], rows: list[Json], history: list[Json] | None = None) -> Report:
    return report(items, rows, history or [], NOW, DEADLINES)


def image(found: Report, digest: str) -> ImageRow:
    (met,) = [each for each in found.images if each.key == digest]
    return met


def test_an_image_is_joined_with_all_its_workloads() -> None:
    rows = [row("a", "web", principal="me"), row("a", "old", "stopped", stopped_at=NOW)]
    met = image(made([item("a", "FINDINGS", counts=BAD, scanned_at=NOW * 1000)], rows), "a")
    assert (met.name, met.verdict, met.counts) == ("shop/a:1", "FINDINGS", BAD)
    (running,), (earlier,) = met.running["1/eu-west-1/prod"], met.earlier["1/eu-west-1/prod"]
    assert (running["name"], running["principal"]) == ("web", "me")
    assert (earlier["name"], earlier["until"]) == ("old", "2026-02-02T02:40:00+00:00")
    assert met.scanned_at == "2026-02-02T02:40:00+00:00"


def test_what_only_workloads_out_of_scope_run_is_out_of_scope() -> None:
    out: Json = {"out_of_scope": "agents"}
    rows = [row("a", **out), row("b", **out), row("b", "jobs"), row("c", **out), row("d")]
    found = made([item("c", "FINDINGS", counts=BAD)], [*rows, row("d", "old", "stopped", **out)])
    verdicts = {each.key: (each.verdict, list(each.out_of_scope)) for each in found.images}
    assert verdicts == {
        "a": ("OUT_OF_SCOPE", ["agents"]),
        "b": ("NONE", []),
        "c": ("FINDINGS", ["agents"]),
        "d": ("NONE", []),
    }
    assert (found.out_of_scope(), found.locations()[0].unknown) == (2, 2)
    assert found.verdicts()["OUT_OF_SCOPE"] == 1
    here: Any = SimpleNamespace(name_prefix="unit", account_id="1", region="eu-west-1")
    shown = page(found, here, NOW, "1.2.3")
    assert "Out of scope by the rule agents: nobody is notified of it." in shown
    assert '<span class="verdict OUT_OF_SCOPE">out of scope</span>' in shown


def test_an_image_has_the_teams_of_what_runs_it_and_since_when_they_know() -> None:
    known: Json = {"team": "payments", "notified_at": NOW - 100}
    rows = [
        row("a", "web", **known),
        row("a", "jobs", notified_at=NOW - 200, team=""),
        row("a", "gone", "stopped", team="old", notified_at=NOW - 999),
        row("b", "web"),
        row("b", "jobs", "stopped", team="shop", notified_at=NOW - 300),
        row("b", "cart", notified_at=NOW - 50),
    ]
    bad, clean = item("a", "FINDINGS", counts=BAD), item("b", "CLEAN", counts=NONE)
    found = made([bad, clean], rows)
    (jobs, web), first = image(found, "a").running["1/eu-west-1/prod"], image(found, "a")
    assert (jobs["team"], web["team"], first.teams) == ("", "payments", ["payments"])
    assert first.notified_since == "2026-02-02T02:36:40+00:00"
    assert image(found, "b").teams == ["payments"], "another version of the workload said so"
    assert image(found, "b").notified_since == "", "a clean image is no news"
    assert found.teams() == ["payments"]


def test_a_finding_says_what_it_is_and_what_fixes_it() -> None:
    plain = CRITICAL["top"][0]
    found = {**plain, "packages": ["expat 2.1"], "fixes": ["expat 2.2"], "exploited": True}
    items = [item("a", "FINDINGS", counts=BAD, top=[found, {**plain, "cves": []}])]
    met = image(made(items, [row("a")]), "a")
    assert met.findings[0] == {
        "severity": "critical",
        "names": ["CVE-1"],
        "title": "t",
        "packages": ["expat 2.1"],
        "fix": "fixed in expat 2.2",
        "exploit": "exploited now",
        "since": "",
        "due": "",
        "open_days": None,
        "is_overdue": False,
    }
    assert (met.findings[1]["names"], met.findings[1]["fix"]) == (
        [f"QID {plain['qid']}"],
        "no fix is known",
    )
    assert met.more == 1, "of three, two are listed"


def notified(*found: tuple[int, int, int]) -> str:
    """QIDs of a severity that a workload was notified of so many days ago."""
    return encoding.pack(
        [
            Finding(qid, severity, False, True, (), None, TODAY.toordinal() - days)
            for qid, severity, days in found
        ]
    )


def test_findings_are_as_old_as_at_the_workload_that_was_notified_first() -> None:
    top = [{**CRITICAL["top"][0], "qid": qid} for qid in (1, 2, 3)]
    rows = [
        row("a", "web", notified=notified((1, 5, 8), (2, 4, 8))),
        row("a", "jobs", notified=notified((1, 5, 2))),
        row("a", "gone", "stopped", notified=notified((3, 5, 99))),
    ]
    found = made([item("a", "FINDINGS", counts=BAD, top=top)], rows)
    first, second, third = image(found, "a").findings
    assert (first["since"], first["due"]) == ("2026-01-25", "2026-02-01")
    assert (first["open_days"], first["is_overdue"]) == (8, True)
    assert (second["due"], second["is_overdue"]) == ("2026-02-24", False)
    assert third["since"] == "", "nothing that runs was notified of it"
    jobs, web = image(found, "a").running["1/eu-west-1/prod"]
    assert (jobs["overdue"], web["overdue"], found.overdue()) == (0, 1, 1)


def test_what_is_below_a_threshold_that_was_raised_has_no_deadline() -> None:
    given: dict[str, str] = {"REMEDIATION_DAYS": '{"high": 7, "medium": 7}'}
    installation: Any = SimpleNamespace(environment=lambda _: given)
    top = [{**CRITICAL["top"][0], "qid": qid} for qid in (1, 2)]
    items = [item("a", "FINDINGS", counts=BAD, top=top)]
    rows = [row("a", notified=notified((1, 4, 8), (2, 3, 8)))]
    for more, due, number in (({}, "2026-02-01", 2), ({"NOTIFY": json.dumps(NOTIFY)}, "", 1)):
        given |= more
        found = report(items, rows, [], NOW, _deadlines(installation))
        high, medium = image(found, "a").findings
        assert (high["due"], medium["due"], found.overdue()) == ("2026-02-01", due, number)
        assert medium["since"] == "2026-01-25", "that was notified"


def test_what_is_out_of_scope_outside_of_ecr_is_not_counted_as_unscannable() -> None:
    """As `make coverage` counts it: nobody was asked to scan it."""
    hub: Json = {"uri": "vendor/agent:1", "repository": "vendor/agent"}
    left_out = row("other#vendor/agent", **hub, out_of_scope="agents")
    found = made([], [left_out])
    assert (found.verdicts(), found.out_of_scope()) == ({"OUT_OF_SCOPE": 1}, 1)
    (known,) = found.images
    assert (known.name, known.reason) == ("vendor/agent:1", "")
    found = made([], [left_out, row("other#vendor/agent", "jobs", **hub)])
    assert (found.verdicts(), found.out_of_scope()) == ({"UNSCANNABLE": 1}, 0)
    assert found.locations()[0].unknown == 1


def test_what_the_running_version_does_not_have_is_remedied_and_took_some_days() -> None:
    old: Json = {"repository": "shop/app", "state": "stopped"}
    rows = [
        row("v1", **old, first_seen=NOW - 20 * DAY, notified=notified((1, 5, 20), (2, 4, 20))),
        row("v2", **old, first_seen=NOW - 10 * DAY, notified=notified((1, 5, 20), (3, 4, 10))),
        row("v3", repository="shop/app", first_seen=NOW - 4 * DAY),
        row("unknown", "jobs", notified=notified((9, 5, 3))),
    ]
    (first, second) = remedied(rows, {"v3": {2}})
    of = {"workload": "1#eu-west-1#prod#web", "until": "2026-01-29"}
    assert first == Remedied(qid=3, severity="high", since="2026-01-23", days=6, **of)
    assert second == Remedied(qid=1, severity="critical", since="2026-01-13", days=16, **of)
    assert days_to_remedy([first, second]) == {"critical": 16, "high": 6}
    assert remedied(rows, {}) == [], "it is not known what the running version contains"


def test_what_is_out_of_scope_is_not_overdue() -> None:
    """As in the digest and the metric."""
    known: Json = {"notified": notified((1, 5, 8))}
    rows = [row("a", "web", **known), row("a", "jobs", **known, out_of_scope="agents")]
    top = [{**CRITICAL["top"][0], "qid": 1}]
    items = [item(digest, "FINDINGS", counts=BAD, top=top) for digest in ("a", "b")]
    found = made(items, [*rows, row("b", "jobs", **known, out_of_scope="agents")])
    jobs, web = image(found, "a").running["1/eu-west-1/prod"]
    assert (jobs["overdue"], web["overdue"], found.overdue()) == (0, 1, 1)
    assert image(found, "a").findings[0]["is_overdue"]
    (finding,) = image(found, "b").findings
    assert (finding["since"], finding["is_overdue"]) == ("", False)


def version(digest: str, begun: int, ended: int | None = None, **known: Any) -> Json:
    """What a workload has run, from so many days ago until then."""
    times: Json = {"first_seen": NOW - begun * DAY}
    if ended is not None:
        times |= {"last_seen": NOW - begun * DAY, "stopped_at": NOW - ended * DAY}
    state = "running" if ended is None else "stopped"
    return row(digest, state=state, **{"repository": "shop/app", **times, **known})


def notified_version(begun: int, ended: int, digest: str = "v1", **known: Any) -> Json:
    return version(digest, begun, ended, notified=notified((1, 5, 25)), **known)


AGAIN: Json = {"last_seen": NOW - 19 * DAY}  # deployed once more
REMEDIES: dict[str, tuple[list[Json], int]] = {
    "not the version of today, but the first without it": (
        [notified_version(25, 23), version("empty", 23, 1), version("clean", 1)],
        2,
    ),
    "a rollback: when the version with it has stopped": (
        [version("clean", 45), notified_version(25, 16)],
        9,
    ),
    "a rollback to the version with it": (
        [notified_version(25, 17, **AGAIN), version("clean", 23)],
        8,
    ),
    "the last of several versions with it": (
        [
            notified_version(25, 23),
            version("v2", 23, 20),
            notified_version(20, 12, "v3"),
            version("clean", 12),
        ],
        13,
    ),
    "a version that has it, although nobody was notified of that": (
        [notified_version(25, 23), version("bad", 23, 20), version("clean", 20)],
        5,
    ),
    "not another container of the task": (
        [
            notified_version(25, 16),
            version("clean", 24, containers=["worker"]),
            version("clean", 16),
        ],
        9,
    ),
    "a version without a result is no remedy": (
        [
            notified_version(25, 23),
            version("v2", 23, 20, notified_as="ERROR no answer"),
            version("clean", 20),
        ],
        5,
    ),
    "nor is one that was replaced before its scan ended": (
        [notified_version(25, 23), version("v2", 23, 20), version("clean", 20)],
        5,
    ),
}


@pytest.mark.parametrize(("rows", "days"), REMEDIES.values(), ids=REMEDIES)
def test_a_remedy_takes_until_the_last_version_with_the_finding_ends(
    rows: list[Json], days: int
) -> None:
    (met,) = remedied(rows, {"clean": set(), "empty": set(), "bad": {1}})
    assert (met.days, met.since) == (days, "2026-01-08")
    assert met.until == date.fromordinal(TODAY.toordinal() - 25 + days).isoformat()


def test_many_versions_of_a_workload_take_no_longer_each() -> None:
    reads = Counter[str]()

    class Row(dict[str, Any]):
        def __getitem__(self, name: str) -> Any:
            reads[name] += 1
            return super().__getitem__(name)

    versions = [
        notified_version(600 - each, 599 - each, f"v{each}")
        if each % 2
        else version("clean", 600 - each, 599 - each)
        for each in range(600)
    ]
    (met,) = remedied([Row(each) for each in (*versions, version("clean", 0))], {"clean": set()})
    assert met.until == TODAY.isoformat()
    assert 600 < reads.total() < 600 * 30


def test_locations_count_what_runs_in_each_and_the_worst_comes_first() -> None:
    rows = [row("good"), row("bad", account="2"), row("good", account="2"), row("never")]
    items = [item("good", "CLEAN", counts=NONE), item("bad", "FINDINGS", counts=BAD)]
    found = made(items, [*rows, row("bad", state="stopped")])
    assert found.locations() == [
        Location("2/eu-west-1/prod", images=2, bad=1, unknown=0),
        Location("1/eu-west-1/prod", images=2, bad=0, unknown=1),
    ]
    assert image(found, "good").workloads == 2


def test_an_image_is_linked_where_it_is_known() -> None:
    facts = {"account_id": "111122223333", "region": "us-east-1", "repository": "shop/a"}
    key = "sha256:d#linux/arm64"
    items = [item(key, "CLEAN", counts=NONE, config_digest="sha256:c") | facts]
    found = report(items, [row(key)], [], NOW, DEADLINES, "https://qualysguard.example.com")
    assert image(found, key).links == {
        "image": "https://us-east-1.console.aws.amazon.com/ecr/repositories/private/111122223333/"
        "shop%2Fa/_/image/sha256:d/details?region=us-east-1",
        "qualys": "https://qualysguard.example.com/cs/#/assets/images/c",
    }
    assert image(made([], [row("a")]), "a").links == {}


def test_a_trend_needs_several_days() -> None:
    begin = datetime.fromtimestamp(NOW, UTC)
    one_day = [Reconciled(begin + timedelta(minutes=each), 9, 9, 0, 100) for each in range(3)]
    assert not Report(course=one_day).has_trend()
    assert Report(course=course((0, 50), (1, 50))).has_trend()


def test_what_has_no_verdict_says_so() -> None:
    expired = item("expired", "CLEAN", ttl=NOW, counts=NONE)
    found = made([expired], [row("never"), row("expired")])
    assert {each.verdict for each in found.images} == {"NONE"}
    assert image(found, "expired").counts is None, "never shown as clean"
    assert found.verdicts() == {"NONE": 2}


def test_what_has_to_be_looked_at_comes_first_and_what_has_stopped_last() -> None:
    items = [
        item("clean", "CLEAN", counts=NONE),
        item("worse", "FINDINGS", counts={**BAD, "critical": 2}),
        item("bad", "FINDINGS", counts=BAD),
        item("gone", "FINDINGS", counts={**BAD, "critical": 9}),
        item("failed", "ERROR"),
    ]
    rows = [row(each) for each in ("clean", "bad", "unknown", "worse", "failed")]
    found = made(items, [*rows, row("gone", state="stopped")])
    order = ["worse", "bad", "unknown", "failed", "clean", "gone"]
    assert [each.key for each in found.images] == order
    assert found.bad() == 2, "what has stopped is not counted"


def test_what_is_cached_and_runs_nowhere_is_left_out() -> None:
    assert made([item("a", "CLEAN", counts=NONE)], []).images == []


def test_the_last_reconciliation_names_who_is_silent_or_unreadable() -> None:
    summary = {
        "at": datetime.fromtimestamp(NOW, UTC).isoformat(),
        "running_images": 4,
        "fresh_verdicts": 2,
        "unscannable": 1,
        "coverage_percent": 66,
        "silent": ["1#eu-west-1"],
        "unreadable": {"2#eu-west-1": "AccessDenied"},
    }
    found = made([], [], [{**summary, "silent": [], "coverage_percent": 10}, summary])
    assert [each.percent for each in found.course] == [10, 66]
    assert (found.silent, found.unreadable) == (["1#eu-west-1"], {"2#eu-west-1": "AccessDenied"})


def course(*days_and_percent: tuple[float, int]) -> list[Reconciled]:
    begin = datetime.fromtimestamp(NOW, UTC)
    return [
        Reconciled(begin + timedelta(days=days), 10, percent // 10, 0, percent)
        for days, percent in days_and_percent
    ]


def test_a_line_in_time_and_percent() -> None:
    drawn = plot.coverage(course((0, 0), (1, 100), (4, 50)))
    xs, ys = zip(*((point.x, point.y) for point in drawn.points), strict=True)
    assert xs[0] == plot.LEFT
    assert xs[2] == plot.WIDTH - plot.RIGHT
    assert xs[1] - xs[0] == pytest.approx((xs[2] - xs[0]) / 4)
    assert (ys[0], ys[1]) == (plot.HEIGHT - plot.BOTTOM, plot.TOP)
    assert ys[2] == pytest.approx((ys[0] + ys[1]) / 2)
    assert drawn.points[2].says == "2026-02-06 02:40: 50 %, 5 of 10 images"
    assert len(drawn.dates) == 4


def test_one_reconciliation_is_a_point() -> None:
    drawn = plot.coverage(course((0, 30)))
    assert len(drawn.points) == len(drawn.dates) == 1


def test_a_year_has_few_dates() -> None:
    drawn = plot.coverage(course(*((day, 50) for day in range(365))))
    assert len(drawn.dates) == 4


def test_malware_in_an_image_without_vulnerabilities_comes_first_and_counts_as_bad() -> None:
    detection = {"kind": "malware", "name": "libz.so.1", "severity": "low", "family": "mirai"}
    bad = {"examined": ["vulnerabilities", "malware"], "malware": {**NONE, "low": 1}}
    items = [
        item("vulnerable", "FINDINGS", counts=BAD),
        item("infected", "FINDINGS", counts=NONE, detections=[detection], **bad),
    ]
    found = made(items, [row("vulnerable"), row("infected")])
    assert [each.key for each in found.images] == ["infected", "vulnerable"]
    assert found.bad() == 2
    met = found.images[0]
    assert met.detections == ["malware, severity low: libz.so.1 (mirai)"]
    assert met.detected == [
        "Examined: vulnerabilities, malware; not examined: secrets",
        "Malware: 1 low",
    ]


def test_what_the_gate_decided_is_counted_and_shown_with_its_reasons() -> None:
    names = {"at": "2026-02-02T02:40:00+00:00", "cluster": "prod", "service": "web"}
    found = made([], [])
    found.gate = [
        {**names, "effect": "would_block", "bypass_until": "", "reasons": ["shop/app:1: 1 high"]},
        {**names, "effect": "allowed", "bypass_until": "", "reasons": []},
    ]
    assert found.effects() == {"allowed": 1, "would block": 1}
    here: Any = SimpleNamespace(name_prefix="unit", account_id="1", region="eu-west-1")
    shown = page(found, here, NOW, "1.2.3")
    assert "1 allowed, 1 would block" in shown
    assert "shop/app:1: 1 high" in shown
    assert "prod/web" in shown
    empty = page(made([], []), here, NOW, "")
    assert "<h2>Deployment gate</h2>" not in empty
    assert "Version of the installation: not known." in empty
