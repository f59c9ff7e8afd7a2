"""Qualys' answers in each of their shapes, and in none of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image_scan.errors import QualysUnreadable, ScanError
from image_scan.qualys import reading
from image_scan.qualys.models import ScannedImage, Schedule, Vulnerabilities
from tests.support.builders import HOST, JOB, SHA, finding, findings, qualys_image, schedule

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
json_values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)


class TestRows:
    @pytest.mark.parametrize(
        "answer", [None, [], {"data": []}, {"count": 0}, {"count": 0, "data": []}]
    )
    def test_the_ways_to_say_none(self, answer: Any) -> None:
        assert reading.rows(answer) == []

    @pytest.mark.parametrize(
        "answer", [[{"a": 1}], {"data": [{"a": 1}], "count": 1}, {"data": [{"a": 1}]}]
    )
    def test_the_ways_to_give_rows(self, answer: Any) -> None:
        assert reading.rows(answer) == [{"a": 1}]

    @pytest.mark.parametrize(
        "answer",
        [{}, {"count": 3}, {"data": None}, {"data": {}}, {"data": [1]}, [None], "text", 5, True,
         {"errorCode": "403 FORBIDDEN", "message": "no", "timestamp": 1}],
    )  # fmt: skip
    def test_anything_else_is_no_list(self, answer: Any) -> None:
        with pytest.raises(QualysUnreadable):
            reading.rows(answer)

    @pytest.mark.parametrize(
        ("answer", "total"), [({"count": 7}, 7), ({}, 0), ([], 0), ({"count": "7"}, 0)]
    )
    def test_how_many_there_are_in_all(self, answer: Any, total: int) -> None:
        assert reading.total(answer) == total


@pytest.mark.parametrize(
    ("value", "at"),
    [
        ("1717026901000", 1717026901000),
        (1717026901000, 1717026901000),
        (1717026901000.0, 1717026901000),
        (0, 0),
        ("0", 0),
        ("", 0),
        (None, 0),
        (True, 0),
        ("2026-03-02", 0),
        ("٣", 0),
        (-5, 0),
        (float("inf"), 0),
        (float("nan"), 0),
        ("9" * 5000, 0),
        (10**400, 0),
    ],
)
def test_times(value: Any, at: int) -> None:
    assert reading.milliseconds(value) == at


@pytest.mark.parametrize(
    "registry", [HOST, f"https://{HOST}", f"https://{HOST}/", f"http://{HOST.upper()}"]
)
def test_a_registry_is_compared_by_its_host(registry: str) -> None:
    assert reading.host(registry) == HOST


class TestSchedule:
    @pytest.mark.parametrize(
        ("status", "state"),
        [("Finished", "done"), ("Completed", "done"), ("BaselineCompleted", "done"),
         ("Error", "failed"), ("Failed", "failed"), ("Canceled", "failed"), ("CANCELLED", "failed"),
         ("Created", "running"), ("Queued", "running"), ("Paused", "running"),
         ("running", "running"), ("Unknown", "unknown"), ("", "unknown"), ("New", "unknown")],
    )  # fmt: skip
    def test_its_state(self, status: str, state: str) -> None:
        assert Schedule.read(schedule(status)).state == state

    def test_its_errors_are_short_text(self) -> None:
        errors = [{"errorCode": "CRS-1", "errorMessage": "m" * 999}, {"errorCode": 7}, "text"]
        read = Schedule.read(schedule("Error", errors=errors))
        assert read.errors == ("CRS-1 " + "m" * 194, "")

    @given(row=st.dictionaries(st.sampled_from(sorted(schedule())), json_values))
    @settings(max_examples=100)
    def test_any_row_is_a_schedule(self, row: dict[str, Any]) -> None:
        assert Schedule.read(row).created >= 0


class TestImage:
    def test_a_row_of_the_list(self) -> None:
        read = ScannedImage.read(qualys_image())
        assert read.sha == SHA
        assert read.digests == {"d" * 64}
        assert read.names == {(HOST, "shop/app", "1.4.2")}
        assert (read.reported, read.scan_status, read.scan_error) == (0, "SUCCESS", "")

    @pytest.mark.parametrize(
        ("changes", "scanned_at"),
        [({"lastVmScanDate": "5"}, 5),
         ({"lastVmScanDate": None, "lastScanned": "6"}, 6),
         ({"lastVmScanDate": "0", "lastScanned": "", "lastScannedDate": 7}, 7),
         ({"lastVmScanDate": None}, 0)],
    )  # fmt: skip
    def test_when_it_was_scanned(self, changes: dict[str, Any], scanned_at: int) -> None:
        assert ScannedImage.read(qualys_image(**changes)).scanned_at == scanned_at

    @pytest.mark.parametrize(
        ("vulnerabilities", "reported"),
        [(None, None), ([], 0), (findings(2), 2), ([finding(), finding(3)], 1),
         ([{}, {}], 2),
         ({f"severity{level}Count": None for level in range(1, 6)}, None),
         ({f"severity{level}Count": level for level in range(1, 6)}, 15)],
    )  # fmt: skip
    def test_what_it_reports(self, vulnerabilities: Any, reported: int | None) -> None:
        read = ScannedImage.read(qualys_image(vulnerabilities=vulnerabilities))
        assert read.reported == reported

    def test_how_many_there_are_of_each_severity(self) -> None:
        """The customer's own severity counts, and what has none counts nowhere."""
        listed = [finding(5), finding(5, qid=2), finding(4, qid=3, customerSeverity=2), {"qid": 9}]
        counted = {f"severity{level}Count": level for level in range(1, 6)}
        for found, levels in ((listed, [0, 1, 0, 0, 2]), (counted, [1, 2, 3, 4, 5])):
            assert ScannedImage.read(qualys_image(vulnerabilities=found)).levels == levels

    @pytest.mark.parametrize(
        ("total", "reported"),
        [({"totalVulnCount": 7}, 7), ({"totalVulCount": "7"}, 7), ({"totalVulnCount": None}, 2),
         ({"totalVulCount": ""}, 2), ({"totalVulnCount": 1, "totalVulCount": "3"}, 3)],
    )  # fmt: skip
    def test_the_total_beside_a_list_counts_too(self, total: Any, reported: int) -> None:
        found = findings(2)
        assert ScannedImage.read(qualys_image(vulnerabilities=found, **total)).reported == reported

    @pytest.mark.parametrize(
        "vulnerabilities",
        [{}, {"severity5Count": 0}, {"severity5Count": None, "severity4Count": 0}, "0", 0, True],
    )
    def test_counts_of_another_shape_are_no_zero(self, vulnerabilities: Any) -> None:
        with pytest.raises(QualysUnreadable):
            _ = ScannedImage.read(qualys_image(vulnerabilities=vulnerabilities)).reported

    @pytest.mark.parametrize("part", ["repo", "repoDigests"])
    @pytest.mark.parametrize("value", [None, {}, "text", [None, 1, {}]])
    def test_names_and_digests_may_be_missing(self, part: str, value: Any) -> None:
        read = ScannedImage.read(qualys_image(**{part: value}))
        assert read.sha == SHA
        assert (HOST, "shop/app", "1.4.2") not in read.names or part != "repo"

    @given(row=st.dictionaries(st.sampled_from(sorted(qualys_image())), json_values))
    @settings(max_examples=150)
    def test_any_row_is_read_or_refused(self, row: dict[str, Any]) -> None:
        read = ScannedImage.read({"sha": SHA, **row})
        assert read.scanned_at >= 0
        try:
            reported = read.reported
        except QualysUnreadable:
            return
        assert reported is None or reported >= 0


class TestVulnerabilities:
    @pytest.mark.parametrize(
        "answer",
        [{"details": [finding()]}, {"details": {"vulns": [finding()]}}, {"details": finding()},
         [finding()], {"details": [finding()], "vulnSummary": {}}, {"data": [finding()]}],
    )  # fmt: skip
    def test_the_shapes_that_are_known(self, answer: Any) -> None:
        assert Vulnerabilities.read(answer).entries == [finding()]

    @pytest.mark.parametrize("answer", [{"details": []}, {"details": {"vulns": []}}, []])
    def test_the_shapes_of_none(self, answer: Any) -> None:
        assert Vulnerabilities.read(answer).entries == []

    @pytest.mark.parametrize(
        "answer",
        [{}, {"data": []}, {"details": None}, {"details": "none"}, {"details": {"vulns": None}},
         {"details": [1]}, None, "", 0, {"errorCode": "500 X", "message": "m", "timestamp": 1}],
    )  # fmt: skip
    def test_an_unknown_shape_is_no_absence_of_findings(self, answer: Any) -> None:
        with pytest.raises(QualysUnreadable):
            Vulnerabilities.read(answer)

    @given(json_values)
    @settings(max_examples=150)
    def test_any_answer_is_read_or_refused(self, answer: Any) -> None:
        try:
            found = Vulnerabilities.read(answer).entries
        except ScanError:
            return
        proves_none = answer == [] or (isinstance(answer, dict) and "details" in answer)
        assert found or proves_none

    def test_its_own_summary_is_read(self) -> None:
        counts = {f"sev{level}Count": level for level in range(1, 6)}
        summary = {"confirmed": counts, "potential": {**counts, "sev5Count": 0}}
        read = Vulnerabilities.read({"details": [], "vulnSummary": summary})
        assert (read.summarised, read.confirmed, read.potential) == (True, 15, 10)

    @pytest.mark.parametrize(
        "summary",
        [None, {}, [], {"confirmed": 0, "potential": None}, {"confirmed": {"sev5Count": 0}}],
    )
    def test_a_summary_of_another_shape_vouches_for_nothing(self, summary: Any) -> None:
        read = Vulnerabilities.read({"details": [], "vulnSummary": summary})
        assert (read.summarised, read.confirmed, read.potential) == (False, 0, 0)


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (JOB, JOB),
        ({"scheduleUuid": JOB}, JOB),
        ({"scheduleId": JOB}, JOB),
        ({"scheduleUuid": None, "scheduleId": JOB}, JOB),
        ({"registryUuid": JOB}, ""),
        ("Schedule created", ""),
        ({"scheduleUuid": 7}, ""),
        ([JOB], ""),
        (None, ""),
    ],
)
def test_the_id_of_what_was_created(answer: Any, found: str) -> None:
    assert reading.uuid_in(answer, "scheduleUuid", "scheduleId") == found


@pytest.mark.parametrize("count", [None, ""])
def test_a_sum_needs_every_count(count: Any) -> None:
    counts = {f"severity{level}Count": 0 for level in range(1, 5)}
    assert reading.sum_of({**counts, "severity5Count": 3}, "severity{}Count") == 3
    assert reading.sum_of({**counts, "severity5Count": "3"}, "severity{}Count") == 3
    assert reading.sum_of({**counts, "severity5Count": count}, "severity{}Count") is None


@pytest.mark.parametrize("count", [-1, " 7 ", "9" * 30, 1.0, True, [7], {}])
def test_what_is_notified_as_a_count_must_be_one(count: Any) -> None:
    counts = {f"severity{level}Count": 0 for level in range(1, 6)}
    with pytest.raises(QualysUnreadable):
        reading.sum_of({**counts, "severity5Count": count}, "severity{}Count")
    for record in (list[str](), counts):
        row = qualys_image(vulnerabilities=record, totalVulnCount=count)
        with pytest.raises(QualysUnreadable):
            _ = ScannedImage.read(row).reported
    with pytest.raises(QualysUnreadable):
        Vulnerabilities.read({"details": [], "vulnSummary": {"confirmed": {"sev5Count": count}}})


def test_a_total_counts_beside_counts_too() -> None:
    counts = {f"severity{level}Count": 0 for level in range(1, 6)}
    row = qualys_image(vulnerabilities=counts, totalVulCount="7")
    assert ScannedImage.read(row).reported == 7


def test_half_a_summary_vouches_for_nothing_and_counts() -> None:
    summary = {"confirmed": {"sev5Count": "3"}, "potential": {}}
    read = Vulnerabilities.read({"details": [], "vulnSummary": summary})
    assert (read.summarised, read.confirmed, read.potential) == (False, 3, 0)


@pytest.mark.parametrize("summary", ["none", 7, [1], {"confirmed": 3}, {"potential": [1]}])
def test_a_summary_that_cannot_be_read_is_refused(summary: Any) -> None:
    with pytest.raises(QualysUnreadable):
        Vulnerabilities.read({"details": [], "vulnSummary": summary})


@pytest.mark.parametrize(
    "answer",
    [
        {"details": [], "data": [finding()]},
        {"details": [], "vulnerabilities": [finding()]},
        {"details": {"vulns": [], "data": [finding()]}},
        {"details": {"vulns": [], "data": [{}]}},
        {"details": [], "fresh": [finding()]},
        {"details": [finding(typeDetected="POTENTIAL")], "data": [finding()]},
    ],
)
def test_entries_under_another_name_are_not_overlooked(answer: Any) -> None:
    with pytest.raises(QualysUnreadable, match="another name"):
        Vulnerabilities.read(answer)


def test_other_lists_beside_the_entries_are_none_of_ours() -> None:
    answer = {"details": [], "imageDigests": [{"kind": "index"}], "tags": ["a"]}
    assert Vulnerabilities.read(answer).entries == []
