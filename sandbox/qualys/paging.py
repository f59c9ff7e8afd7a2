"""Pages and order of lists ("Fetch a list of images"; the list calls of the registries).

Pages count from 1 by `pageNumber`; the older `pageNo` is read only where a switch says so. `count`
is the number of all matches, and an empty page is 204 without a body.
"""

from collections.abc import Mapping
from typing import Any

from flask import Response

from sandbox.qualys.answers import Json, Refusal, as_json, empty
from sandbox.qualys.scenario import Scenario

ROW_CAP = 10_000
_DEFAULT_SIZE = 50
_LARGEST_SIZE = 1000


def whole_number(query: Mapping[str, str], name: str, default: int, largest: int | None) -> int:
    """A parameter from 1 to its largest value. Raises Refusal 400."""
    text = query.get(name, str(default))
    value = int(text) if text.isascii() and text.isdigit() else 0
    if value < 1 or (largest is not None and value > largest):
        raise Refusal(400, f"Invalid value for {name}")
    return value


def page(
    rows: list[Json], query: Mapping[str, str], scenario: Scenario, cap: int | None = None
) -> Response:
    """The asked page of rows that are already in order. Raises Refusal 400 beyond the cap."""
    number = whole_number(query, scenario.page_parameter, 1, None)
    size = whole_number(query, "pageSize", _DEFAULT_SIZE, _LARGEST_SIZE)
    if cap is not None and number * size > cap:
        raise Refusal(400, f"At most {cap} records can be fetched; use /images/list")
    chosen = rows[(number - 1) * size : number * size]
    if not chosen:
        return no_rows(scenario, {"count": len(rows), "data": []})
    return as_json({"count": len(rows), "data": chosen})


def no_rows(scenario: Scenario, body: Any) -> Response:
    """204 by the documents; the body with 200, or 404, where a switch says so. Raises Refusal
    404."""
    if scenario.empty_list == "404":
        raise Refusal(404, "Not Found")
    return as_json(body) if scenario.empty_list == "200" else empty(204)


def ordered(rows: list[Json], sort: str) -> list[Json]:
    """Rows by `field:asc` or `field:desc`; rows without the field come last. Raises Refusal 400."""
    name, _, direction = sort.partition(":")
    if direction not in ("", "asc", "desc") or any(name not in row for row in rows):
        raise Refusal(400, f"Invalid value for sort: {sort}")
    known = [row for row in rows if row[name] is not None]
    missing = [row for row in rows if row[name] is None]
    return sorted(known, key=lambda row: _order(row[name]), reverse=direction == "desc") + missing


def _order(value: Any) -> tuple[int, float, str]:
    if isinstance(value, int | float) or (isinstance(value, str) and value.isdigit()):
        return (0, float(value), "")
    return (1, 0.0, str(value))
