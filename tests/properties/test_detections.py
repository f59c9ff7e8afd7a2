"""Malware and secrets, whatever the answers are: no false "none", and no value of a secret."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from image_scan.findings import detections
from tests.properties import strategies, vendor
from tests.properties.profile import fuzzed

CANARY = "canary-secret"
layers = st.sampled_from([vendor.CLEAN_LAYER, vendor.BAD_LAYER])
rows = st.lists(
    st.one_of(
        layers,
        strategies.damaged(vendor.CLEAN_LAYER, most=2),
        strategies.damaged(vendor.BAD_LAYER, most=2),
    ).filter(lambda row: isinstance(row, dict)),
    max_size=4,
)
SECRET = {"secretDetector": "AWS Access Key", "category": "AWS", "severity": "HIGH"}
blocks = st.one_of(
    strategies.meanings,
    st.lists(st.one_of(st.just(SECRET), strategies.damaged(SECRET, most=2)), max_size=4),
)


def says_malware(row: dict[str, Any]) -> bool:
    number, word = row.get("layerMalwareCount"), row.get("prediction")
    stated = isinstance(number, int) and not isinstance(number, bool) and 0 < number < 10**6
    return stated or (isinstance(word, str) and word.strip().lower() == "malicious")


@fuzzed(200, rows=rows)
def test_malware_is_found_where_a_row_says_so_and_none_where_all_rows_do(rows: list[Any]) -> None:
    found = detections.malware(rows)
    assert bool(found["found"]) == (detections.total(found["counts"]) > 0)
    assert not any(says_malware(row) for row in rows) or found["found"]
    if found["examined"] and not found["found"]:
        assert rows
        for row in rows:
            assert str(row["layerMalwareCount"]) == "0"
            stated = row.get("prediction")
            assert stated is None or stated.strip().lower() in ("unknown", "benign", "")
    json.dumps(found).encode()


@fuzzed(200, block=blocks)
def test_secrets_are_none_only_in_an_empty_list(block: Any) -> None:
    found = detections.secrets(block)
    if found["examined"] and not found["found"]:
        assert block == []
    if isinstance(block, list):
        assert detections.total(found["counts"]) >= block.count(SECRET)
    json.dumps(found).encode()


@fuzzed(100, names=st.lists(st.text(max_size=20), max_size=5), block=blocks)
def test_a_value_is_never_read_wherever_it_stands(names: list[str], block: Any) -> None:
    read = {"secretDetector", "category", "type"}
    planted = dict.fromkeys((*names, "value", "details", "severity"), CANARY) | {"path": "/x"}
    stored = {name: value for name, value in planted.items() if name not in read}
    entries = [*(block if isinstance(block, list) else []), {**SECRET, **stored}]
    assert CANARY not in json.dumps(detections.secrets(entries))
