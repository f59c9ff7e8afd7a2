"""Forms of answers: what is seen of one, what is otherwise than expected, and what is not shown."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

from ops.shapes import observed, report
from ops.shapes.calls import Answer, not_asked
from ops.shapes.differences import Difference, compare, unseen
from ops.shapes.expected import SHAPES, Expected
from ops.shapes.observed import observe, texts_of

CALL = "/registry"
CANARY = "canary0value"


def expected(read: bool, *types: str) -> Expected:
    return Expected(frozenset(types), read)


SHAPE = {
    "": expected(True, "object"),
    "count": expected(False, "number", "absent"),
    "rows": expected(True, "array"),
    "rows[]": expected(True, "object"),
    "rows[].id": expected(True, "text"),
    "rows[].at": expected(True, "text", "null"),
    "rows[].by_status": expected(False, "object", "absent"),
    "rows[].by_status.{}": expected(False, "number"),
    "rows[].extra": expected(False, "any", "absent"),
}
ROW: dict[str, Any] = {"id": "a", "at": None}


def differences(answer: Any) -> list[str]:
    texts = frozenset(texts_of(answer))
    return [str(each) for each in compare(observe(answer, SHAPE, texts), SHAPE)]


@pytest.mark.parametrize(
    "answer",
    [
        {"count": 1, "rows": [ROW]},
        {"rows": []},
        {"rows": [{**ROW, "extra": {"a": [1]}}, {**ROW, "by_status": {"Some status": 1}}]},
    ],
)
def test_an_answer_as_expected(answer: Any) -> None:
    assert differences(answer) == []


@pytest.mark.parametrize(
    ("answer", "difference"),
    [
        ({"rows": [ROW, {"at": "1"}]}, "rows[].id: expected text, found absent (read)"),
        ({"rows": [{"id": 1, "at": "1"}]}, "rows[].id: expected text, found number (read)"),
        ({"rows": [{"id": None, "at": "1"}]}, "rows[].id: expected text, found null (read)"),
        ({"rows": [{**ROW, "at": True}]}, "rows[].at: expected text or null, found boolean (read)"),
        ({"rows": [[ROW]]}, "rows[]: expected object, found array (read)"),
        ({"rows": [{**ROW, "new": {}}]}, "rows[].new: expected nothing, found object (not read)"),
        ({"rows": [], "count": ""}, "count: expected number or absent, found text (not read)"),
        ([], "(answer): expected object, found array (read)"),
        (None, "(answer): expected object, found null (read)"),
    ],
)
def test_one_difference(answer: Any, difference: str) -> None:
    assert difference in differences(answer)


def test_an_object_where_a_list_is_expected() -> None:
    assert differences({"rows": ROW}) == [
        "rows: expected array, found object (read)",
        "rows.at: expected nothing, found null (not read)",
        "rows.id: expected nothing, found text (not read)",
    ]


HIDDEN = "(a name that is not shown)"


def test_of_what_is_below_a_new_name_only_names_of_the_shape_are_shown() -> None:
    """They may be data: a count by repository, a state by host."""
    by_name = {"payments": 3, "acmehost": {"id": [1, "a"]}}
    assert differences({"rows": [{**ROW, "perRepository": by_name}]}) == [
        "rows[].perRepository: expected nothing, found object (not read)",
        f"rows[].perRepository.{HIDDEN}: expected nothing, found object or number (not read)",
        f"rows[].perRepository.{HIDDEN}.id: expected nothing, found array (not read)",
        f"rows[].perRepository.{HIDDEN}.id[]: expected nothing, found text or number (not read)",
    ]


def test_so_it_is_in_an_object_that_should_be_something_else() -> None:
    assert differences({"rows": {"payments": ROW}, "count": {"acmehost": 1}})[1:] == [
        "count: expected number or absent, found object (not read)",
        f"count.{HIDDEN}: expected nothing, found number (not read)",
        f"rows.{HIDDEN}: expected nothing, found object (not read)",
        f"rows.{HIDDEN}.at: expected nothing, found null (not read)",
        f"rows.{HIDDEN}.id: expected nothing, found text (not read)",
    ]


@pytest.mark.parametrize(
    "name",
    [
        "db01.internal.example.com", "AKIAIOSFODNN7EXAMPLE", "a name", "sha256:0123", "p@ssw0rd",
        "0a1d9b9a-3bab-42ec-a894-4d5969a47616", "x" * 41, "", "1", "4f67c83422ec", "A",
    ],
)  # fmt: skip
def test_a_name_that_may_be_data_is_not_shown(name: str) -> None:
    assert differences({"rows": [], name: 1}) == [
        "(a name that is not shown): expected nothing, found number (not read)"
    ]


def test_a_name_that_is_a_value_elsewhere_is_not_shown() -> None:
    assert "nginx" not in str(differences({"rows": [{**ROW, "id": "Nginx", "nginx": 1}]}))


@pytest.mark.parametrize(
    "name", ["riskScore", "severity5Count", "lastVmScanDate", "cvss3Info", "cve_ids", "isEOL"]
)
def test_the_name_of_a_field_is_shown(name: str) -> None:
    assert differences({"rows": [], name: 1})[0].startswith(f"{name}: expected nothing")


def test_names_that_are_data_by_contract_are_never_shown() -> None:
    assert CANARY not in str(differences({"rows": [{**ROW, "by_status": {CANARY: CANARY}}]}))


def test_a_deep_answer_is_not_followed_for_ever() -> None:
    answer: Any = 1
    for _ in range(5000):
        answer = {"a": answer}
    assert len(observe({"rows": answer}, SHAPE, frozenset())) < 20


def test_what_an_empty_list_holds_is_not_compared() -> None:
    assert unseen(observe({"rows": []}, SHAPE, frozenset()), SHAPE) == ["rows[]"]
    assert unseen(observe({"rows": [ROW]}, SHAPE, frozenset()), SHAPE) == []


def test_what_the_product_reads_comes_first() -> None:
    found = compare({"": {"object"}, "a": {"text"}, "rows": {"text"}}, SHAPE)
    assert [each.path for each in found] == ["rows", "a"]


@pytest.mark.parametrize("call", SHAPES)
def test_a_shape_is_whole(call: str) -> None:
    """Each path lies below one that is in the shape, of a type that can hold it."""
    known = {"object", "array", "text", "number", "boolean", "null", "absent", "any"}
    for path, each in SHAPES[call].items():
        assert each.types <= known, path
        holder, holds = path.rpartition(".")[0], "object"
        if path.endswith("[]"):
            holder, holds = path.removesuffix("[]"), "array"
        name = path.rpartition(".")[2].removesuffix("[]")
        assert name in ("", "{}") or observed._NAME.fullmatch(name), path
        if path:
            assert holds in SHAPES[call][holder].types, path
            assert SHAPES[call][holder].read or not each.read, path


def shown(*given: Answer) -> str:
    console = Console(record=True, width=40, file=io.StringIO())
    report.show(report.examine([*given]), not_asked([*given]), console)
    return console.export_text()


REGISTRY = {"registryUuid": "0a1d", "registryUri": f"https://{CANARY}.example.com"}


def test_the_report_has_a_line_for_each_call_and_difference() -> None:
    body = {"count": 1, "data": [{**REGISTRY, "registryUuid": 7}], CANARY: {CANARY: CANARY}}
    lines = shown(
        Answer(CALL, 200, body),
        Answer("/sensors", 204),
        Answer("/registry/aws-base", 403, problem="QualysForbidden"),
    ).splitlines()
    assert lines[1:7] == [
        "GET /registry: HTTP 200: 3 differences",
        "  data[].registryUuid: expected text, found number (read)",
        "  (a name that is not shown): expected nothing, found object (not read)",
        "  (a name that is not shown).(a name that is not shown): expected nothing, found text "
        "(not read)",
        "GET /sensors: HTTP 204: nothing to compare",
        "GET /registry/aws-base: HTTP 403: QualysForbidden, not compared",
    ]
    assert "GET /images: not asked, as there is nothing to ask for" in lines


@pytest.mark.parametrize(
    ("answer", "as_expected"),
    [
        (Answer(CALL, 200, {"data": [REGISTRY]}), True),
        (Answer(CALL, 204), True),
        (Answer(CALL, 200, {"data": [REGISTRY], "newName": 1}), True),
        (Answer(CALL, 200, {"data": [{**REGISTRY, "registryUri": None}]}), False),
        (Answer(CALL, 503, problem="QualysUnavailable"), False),
    ],
)
def test_a_new_name_does_no_harm(answer: Answer, as_expected: bool) -> None:
    stated = json.loads(report.as_json(report.examine([answer]), []))
    assert stated["as_expected"] is as_expected
    assert CANARY not in json.dumps(stated)


def test_a_difference_shows_no_value() -> None:
    assert str(Difference("a", "text", "null", read=True)) == "a: expected text, found null (read)"
