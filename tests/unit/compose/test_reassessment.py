"""Which running images Reassess is started for, and what stops it from judging one again."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest

from image_scan.aws import clients, cross_account
from image_scan.cache.table import CacheTable
from image_scan.compose import reassessment
from image_scan.errors import AwsUnavailable, QualysUnavailable
from image_scan.inventory.coverage import Running
from image_scan.qualys import connect
from tests.support.builders import API, NOW, NOW_MS, SHA, finding, image, qualys_image, scan_input

if TYPE_CHECKING:
    import responses

    from image_scan.qualys.client import QualysClient

Json = dict[str, Any]
IMAGES = f"{API}/images"
ADDRESS = ("uri", "account_id", "region", "repository", "tag")
ONE_MORE = {"vulnerabilities": {f"severity{level}Count": level // 5 for level in range(1, 6)}}


class Qualys:
    """What Qualys answers, what the cache has, and which functions are invoked with what."""

    def __init__(self, answers: responses.RequestsMock, patch: pytest.MonkeyPatch) -> None:
        self.answers, self.patch = answers, patch
        self.invoked: list[tuple[str, Json]] = []

    def invoke(self, **call: str) -> None:
        assert call["InvocationType"] == "Event"
        self.invoked.append((call["FunctionName"], json.loads(call["Payload"])))

    def known(self, *entries: Json) -> None:
        stored = {each["imageDigest"]: each for each in entries}
        self.patch.setattr(CacheTable, "connect", lambda: Mock(get=stored.get))

    def lists(self, *rows: Json) -> None:
        self.answers.get(IMAGES, json={"count": len(rows), "data": list(rows)})

    def details(self, *found: Json, **changes: Any) -> None:
        self.answers.get(f"{IMAGES}/{SHA}", json={**qualys_image(**changes), "softwares": []})
        self.answers.get(f"{IMAGES}/{SHA}/vuln", json={"details": list(found)})
        self.answers.get(re.compile(f"{IMAGES}/{SHA}/.+"), status=404, json={})  # other detections


@pytest.fixture
def asked(
    qualys: QualysClient, answers: responses.RequestsMock, environment: pytest.MonkeyPatch
) -> Qualys:
    made = Qualys(answers, environment)
    environment.setattr(clients, "client", lambda _: made)
    environment.setattr(connect, "client", lambda: qualys)
    environment.setenv("NOTIFICATION_FUNCTION", "notify")
    environment.setattr(time, "time", lambda: NOW + 9)
    return made


def entry(key: str = "sha256:1", sha: str = SHA, **changes: Any) -> Json:
    known = {"imageDigest": key, "status": "CLEAN", "owner": "o", "acquired_at": NOW_MS}
    known |= {"config_digest": f"sha256:{sha}", "scanned_at": NOW_MS, "announced": True}
    known |= {"ttl": NOW + 99, "recorded": [0] * 6, "examined": ["vulnerabilities"]}
    scanned = image()
    known |= {name: scanned[name] for name in ADDRESS}  # type: ignore[literal-required]
    return {**known, **changes}


def task(key: str = "sha256:1") -> Any:
    given = scan_input()
    return {**given, "image": {**given["image"], "key": key}}


def running(number: int) -> Running:
    key = f"sha256:{number}"
    return Running(task(key), {"id": str(number)}, entry(key, f"{number:064x}"))


class Owners(cross_account.Accounts):
    """Registries of two accounts, of which one does not answer."""

    def __init__(self) -> None:
        pass

    def ecr(self, account: str, _: str, __: str) -> cross_account.Registry:
        if account == "silent":
            raise AwsUnavailable("no answer")
        return cross_account.Registry(Mock(), "444455556666", ours=True)


class TestFind:
    def test_what_qualys_knows_more_of_is_judged_again_in_invocations_of_twenty(
        self, asked: Qualys
    ) -> None:
        more = [qualys_image(sha=f"{number:064x}", **ONE_MORE) for number in range(45)]
        asked.lists(*more, qualys_image(sha=f"{45:064x}"))
        fresh = {each.entry["imageDigest"]: each for each in map(running, range(46))}
        assert reassessment.find(fresh, Owners()).keys() == fresh.keys()
        assert [name for name, _ in asked.invoked] == ["reassess"] * 3
        assert [len(given["tasks"]) for _, given in asked.invoked] == [20, 20, 5]
        images = [each["image"] for _, given in asked.invoked for each in given["tasks"]]
        assert {each["role_account_id"] for each in images} == {"444455556666"}
        assert "sha256:45" not in {each["key"] for each in images}

    def test_an_account_that_does_not_answer_stops_no_other(self, asked: Qualys) -> None:
        asked.lists(*(qualys_image(sha=f"{number:064x}", **ONE_MORE) for number in (1, 2)))
        silent, other = running(1), running(2)
        silent.entry["account_id"] = "silent"
        reassessment.find({"sha256:1": silent, "sha256:2": other}, Owners())
        ((_, given),) = asked.invoked
        assert [each["image"]["key"] for each in given["tasks"]] == ["sha256:2"]

    def test_where_qualys_does_not_answer_nothing_changes(self, asked: Qualys) -> None:
        asked.patch.setattr(connect, "client", Mock(side_effect=QualysUnavailable("down")))
        assert reassessment.find({"sha256:1": running(1)}, Owners()) == {}
        assert asked.invoked == []

    def test_qualys_is_not_asked_where_nothing_runs(self, asked: Qualys) -> None:
        assert reassessment.find({}, Owners()) == {}
        assert len(asked.answers.calls) == 0


class TestRun:
    def test_what_is_new_is_handed_on_as_the_end_of_a_scan(self, asked: Qualys) -> None:
        asked.known(entry())
        asked.lists(qualys_image(**ONE_MORE))
        asked.details(finding(), **ONE_MORE)
        assert reassessment.run([task()]) == 1
        ((name, given),) = asked.invoked
        assert (name, given["outcome"]["verdict"]) == ("notify", "FINDINGS")
        assert given["lease"]["acquired_at"] > NOW_MS
        assert given["rejudged"] == {"number": NOW_MS}

    @pytest.mark.parametrize(
        "changes",
        [
            {"ttl": NOW},  # it has run out meanwhile
            {"recorded": [1, 0, 0, 0, 0, 1]},  # another invocation was faster
            {"announced": False},  # its workloads still wait for the verdict before
            {"repository": "copy/app"},  # it was scanned from there meanwhile
        ],
    )
    def test_what_does_not_hold_any_more_changes_nothing(
        self, asked: Qualys, changes: Json
    ) -> None:
        asked.known(entry(**changes))
        asked.lists(qualys_image(**ONE_MORE))
        asked.details(finding(), **ONE_MORE)
        assert reassessment.run([task()]) == 0
        assert asked.invoked == []

    def test_an_image_that_is_gone_stops_no_other(self, asked: Qualys) -> None:
        asked.known(entry())
        asked.lists(qualys_image(**ONE_MORE))
        asked.details(finding(), **ONE_MORE)
        assert reassessment.run([task("sha256:gone"), task()]) == 1
        assert len(asked.invoked) == 1

    @pytest.mark.parametrize(("status", "body"), [(404, {}), (200, {"sha": 7})])
    def test_details_that_are_not_whole_change_nothing(
        self, asked: Qualys, status: int, body: Json
    ) -> None:
        asked.known(entry())
        asked.lists(qualys_image(**ONE_MORE))
        asked.answers.get(re.compile(f"{IMAGES}/{SHA}.*"), status=status, json=body)
        assert reassessment.run([task()]) == 0
        assert asked.invoked == []

    def test_findings_never_become_clean(self, asked: Qualys) -> None:
        asked.known(entry(status="FINDINGS", recorded=[1, 1]))
        asked.lists(qualys_image())
        asked.details()
        assert reassessment.run([task()]) == 0
        assert asked.invoked == []
