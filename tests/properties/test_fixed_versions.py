"""Fixed versions: a table that was written is read, and nothing else is taken for one."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from image_scan.findings import fixes
from image_scan.findings.fixes import Package
from tests.properties import strategies
from tests.properties.profile import fuzzed

CARRIED = 64 * 1024  # bytes that the fixes of an image may have of a state

_HEADERS = {"Package": "Package", "Installed_Version": "version", "Required_Version": "fix"}
_WORDS = st.text("abz019.:+~_-", min_size=1, max_size=12).filter(lambda word: "__" not in word)
_VERSIONS = st.builds(lambda number, rest: f"{number}{rest}", st.integers(0, 99), _WORDS)
packages = st.builds(Package, _WORDS, _VERSIONS, _VERSIONS).filter(
    lambda each: "__" not in "".join(each)
)
# Of a table, and of anything else.
_LINES = st.sampled_from(
    ['#table cols="3"', " ".join(_HEADERS), "\t".join(_HEADERS), "expat 1.0 1.1", "expat\t1.0\t1.1",
     "Required_Version", "Required_Version Package", "", "\t", "a", "a\t\t\tb", "1 2 3 4 5"]
) | st.text(max_size=12)  # fmt: skip
results = st.lists(_LINES, max_size=8).map("\n".join)
softwares = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(("name", "version", "fixVersion"), strategies.scalars),
            "vulnerabilities": st.lists(
                st.fixed_dictionaries({"qid": st.integers(-1, 9) | strategies.scalars})
                | strategies.values,
                max_size=4,
            )
            | strategies.values,
        },
    )
    | strategies.values,
    max_size=8,
)


def written(rows: list[Package], ending: str, between: str, times: int) -> str:
    """As Qualys writes it: underscores doubled, rows repeated."""
    cells = [[each.replace("_", "__") for each in row] for row in rows * times]
    return ending.join(between.join(row) for row in [list(_HEADERS), *cells])


@fuzzed(
    200,
    rows=st.lists(packages, max_size=6),
    ending=st.sampled_from(["\n", "\r\n"]),
    between=st.sampled_from([" ", "  ", "\t", " \t"]),
    times=st.integers(1, 3),
    around=st.sampled_from(["", '#table cols="3"', "Found on this host", "# 1 2 3"]),
)
def test_each_row_of_a_table_is_read_once(
    rows: list[Package], ending: str, between: str, times: int, around: str
) -> None:
    text = f"{around}\n{written(rows, ending, between, times)}\n\n{around} kernel 5 6"
    assert fixes.table(text) == list(dict.fromkeys(rows))


@fuzzed(300, result=results | strategies.values | st.text())
def test_any_text_is_read_or_passed_over(result: Any) -> None:
    for each in fixes.table(result):
        assert isinstance(result, str)
        assert "required_version" in result.lower().replace(" ", "_").replace("__", "_")
        assert each.name
        assert any(sign.isdigit() for sign in each.fix)
        assert all(part.replace("_", "") in result.replace("_", "") for part in each)


@fuzzed(200, stated=softwares | strategies.values, times=st.sampled_from([1, 1, 500]))
def test_software_of_any_shape_is_carried_or_passed_over(stated: Any, times: int) -> None:
    """What is carried was given, and fits."""
    packed = fixes.pack(stated * times if isinstance(stated, list) else stated)
    assert len(packed) <= CARRIED
    for qid, found in fixes.unpack(packed).items():
        assert {"qid": qid} in [
            {"qid": one.get("qid")}
            for each in stated
            if isinstance(each, dict) and isinstance(each.get("vulnerabilities"), list)
            for one in each["vulnerabilities"]
            if isinstance(one, dict)
        ]
        assert all(each.fix for each in found)
    json.dumps(fixes.unpack(packed), allow_nan=False).encode()
