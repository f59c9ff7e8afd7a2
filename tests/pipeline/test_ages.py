"""A finding is as old as its first notification at a workload, and is overdue until it is gone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from image_scan.notifications import overdue
from tests.pipeline.test_backfill import Account, verdicts
from tests.pipeline.test_notified import accept

if TYPE_CHECKING:
    from tests.support.pipeline import Pipeline

Json = dict[str, Any]
_CONFIGS = "0123456789abdef"


@pytest.fixture
def account(connected: Pipeline, environment: pytest.MonkeyPatch) -> Account:
    environment.setenv("REMEDIATION_DAYS", '{"critical": 2}')
    return Account(connected, environment)


class Web:
    """A service of which version after version runs."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._versions = 0

    def runs(self, *severities: int, **changes: Any) -> None:
        """A new version runs instead of the one before; a scan finds these."""
        pipeline = self._account.pipeline
        digest = pipeline.push(config=_CONFIGS[self._versions] * 64)
        self._versions += 1
        pipeline.find(*severities, **changes)
        pipeline.scan(service="web")
        self._account.ecs.tasks.clear()
        self._account.runs(1, digest=digest, service="web")

    def digests(self, days: int) -> list[Json]:
        """The daily digests of so many days."""
        before = len(self._account.pipeline.notifications())
        for _ in range(days):
            self._account.reconciles()
        sent = self._account.pipeline.notifications()[before:]
        return [each for each in sent if each["schema"].startswith("image-scan/digest")]


@pytest.fixture
def web(account: Account) -> Web:
    return Web(account)


def today(account: Account) -> str:
    return datetime.fromtimestamp(account.pipeline.time.time(), UTC).date().isoformat()


def test_an_overdue_finding_is_reported_once_a_day_until_the_workload_runs_it_no_more(
    account: Account, web: Web
) -> None:
    began = today(account)
    web.runs(5, 4)
    assert web.digests(3) == []
    third, fourth = web.digests(2)
    for digest, open_days in ((third, 3), (fourth, 4)):
        ((late,), number) = digest["overdue"], digest["overdue_total"]
        assert (late["workload"].rsplit("#")[-1], number) == ("family:web", 1), (
            "no deadline for high"
        )
        (finding,) = late["findings"]
        assert (finding["since"], finding["open_days"]) == (began, open_days)
    web.runs()
    assert web.digests(2) == []


def test_the_next_version_inherits_the_age_of_a_finding_whatever_it_is_rated(
    account: Account, web: Web
) -> None:
    began = today(account)
    web.runs(5)
    assert web.digests(3) == []
    web.runs(5, 5)
    (digest,) = web.digests(1)
    (late,) = digest["overdue"]
    assert [each["since"] for each in late["findings"]] == [began], "the other one is new"
    web.runs(4)
    (digest,) = web.digests(1)
    (finding,) = digest["overdue"][0]["findings"]
    assert (finding["since"], finding["severity"]) == (began, "critical"), "as it was notified"


def test_a_finding_that_an_exception_accepts_is_not_overdue_and_begins_again_after_it(
    account: Account, web: Web
) -> None:
    web.runs(5, cveids=["CVE-2026-0001"])
    assert len(web.digests(4)) == 1
    accept(cve="CVE-2026-0001", qid=None, until="2000-01-01")
    assert len(web.digests(1)) == 1
    accept(cve="CVE-2026-0001", qid=None)
    assert web.digests(2) == [], "at once, whatever is judged again later"
    accept(cve="CVE-2026-0001", qid=None, until="2000-01-01")
    began = today(account)
    *none, last = [len(web.digests(1)) for _ in range(4)]
    assert (none, last) == ([0, 0, 0], 1)
    assert verdicts(account.pipeline).count("FINDINGS") == 2
    (late,) = account.pipeline.notifications()[-1]["overdue"]
    assert late["findings"][0]["since"] == began


def test_without_deadlines_nothing_is_overdue(account: Account, web: Web) -> None:
    account.pipeline.configure(REMEDIATION_DAYS=json.dumps({}))
    web.runs(5)
    assert web.digests(9) == []


def test_whoever_counts_by_team_knows_the_teams_with_a_topic(
    account: Account, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    known: list[list[str]] = []
    monkeypatch.setattr(overdue, "count", lambda _rows, teams: known.append(list(teams)))
    account.pipeline.configure(OWNER_TOPICS=json.dumps({"shop": {}}))
    web.runs(5)
    web.digests(1)
    assert known == [["shop"]]
