"""/images/{sha}/vuln, its counts, and the software of an image."""

from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, request

from sandbox.qualys.answers import Json, Refusal, as_json, empty
from sandbox.qualys.api.images import known_image
from sandbox.qualys.findings import (
    counting,
    no_counts,
    rotated,
    severity_counts,
    stamped,
    summary,
)
from sandbox.qualys.fixes import shown, softwares
from sandbox.qualys.image_views import VULNERABILITY_TOKENS, counted, vulnerability_row
from sandbox.qualys.images import Image
from sandbox.qualys.paging import no_rows, ordered, page, whole_number
from sandbox.qualys.scenario import Scenario
from sandbox.qualys.world import World


def routes(world: World) -> Blueprint:
    api = Blueprint("vulnerabilities", __name__)

    @api.get("/images/<sha>/vuln")
    def vulnerabilities(sha: str) -> Response:
        return _vulnerabilities(world, known_image(world, sha))

    @api.get("/images/<sha>/vuln/count")
    def vulnerability_count(sha: str) -> Response:
        """The documented sample asks by the short id."""
        return _count(world, known_image(world, sha, short=world.scenario.short_ids != "none"))

    @api.get("/images/<sha>/software")
    def software(sha: str) -> Response:
        image = known_image(world, sha)
        if image.findings is None:
            return no_rows(world.scenario, {"count": 0, "data": []})
        rows = softwares(image.findings, _counting(world.switches_of(image)))
        return page(rows, request.args, world.scenario)

    return api


def _counting(switches: Scenario) -> Scenario:
    """This call says of a package how many findings it has, not which."""
    return replace(switches, software_vulnerabilities="counts")


def _vulnerabilities(world: World, image: Image) -> Response:
    """`applyException` is on unless it is turned off: exempted findings are left out of the counts.

    An image whose first scan has not ended answers 204, as the vendor's connectors say.
    """
    switches = world.switches_of(image)
    wanted = request.args.get("type", "ALL")
    apply = request.args.get("applyException", "true")
    if wanted not in ("ALL", "DETAILS", "SUMMARY") or apply not in ("true", "false"):
        raise Refusal(400, "Invalid value for type or applyException")
    matches = world.matching(request.args.get("filter", ""), VULNERABILITY_TOKENS)
    if image.findings is None and switches.pending_vulns != "empty":
        return _pending(switches, {"details": None, "vulnSummary": None})
    found = [one for one in image.findings or [] if matches(vulnerability_row(one))]
    unexempted = counting(found) if apply == "true" else found
    left = unexempted if switches.exempted == "hidden" else found
    sort = request.args.get("sort") or "qid:asc"
    rows = [shown(one, switches) for one in left]
    listed = _cut(ordered(rows, sort.removeprefix("vulnerabilities.")), switches)
    answer = next(world.answers)
    if switches.vuln_times == "of the answer":
        listed = stamped(listed, world.clock.now() + answer)
    if switches.vuln_order == "changing":
        listed = rotated(listed, answer)
    return as_json(
        _shaped(
            switches.vuln_shape,
            None if wanted == "SUMMARY" else listed,
            None if wanted == "DETAILS" else _summary(unexempted, switches),
        )
    )


def _pending(switches: Scenario, nulls: Json) -> Response:
    if switches.pending_vulns == "404":
        raise Refusal(404, "Image not found")
    return as_json(nulls) if switches.pending_vulns == "null" else empty(204)


def _cut(found: list[Json], switches: Scenario) -> list[Json]:
    """The asked page of what is listed at all."""
    found = found[: switches.vuln_most or None]
    if not switches.vuln_page_size:
        return found
    number = whole_number(request.args, "pageNumber", 1, None)
    if switches.vuln_page_number == "ignored":
        number = 1
    size = whole_number(request.args, "pageSize", switches.vuln_page_size, None)
    return found[(number - 1) * size : number * size]


def _summary(found: list[Json], switches: Scenario) -> Json:
    counts = summary(found)
    return {
        **counts,
        **{kind: counts.get(kind, {}) | given for kind, given in switches.summary.items()},
    }


def _shaped(shape: str, found: Any, counts: Any) -> Any:
    """`details` is documented; the others are what clients were seen to expect, or none of them."""
    only = found[0] if found and len(found) == 1 else found  # one object, as a specification types
    shapes: dict[str, Any] = {
        "details": {"details": found, "vulnSummary": counts},
        "data": {"data": found, "vulnSummary": counts},
        "details.vulns": {"details": {"vulns": found}, "vulnSummary": counts},
        "list": found,
        "object": {"details": only, "vulnSummary": counts},
        "vulnerabilities": {"vulnerabilities": found, "vulnSummary": counts},
        "unknown": {"result": {"items": found}},
    }
    return shapes[shape]


def _count(world: World, image: Image) -> Response:
    switches = world.switches_of(image)
    if image.findings is None and switches.pending_vulns != "empty":
        return _pending(switches, no_counts())
    return as_json({**severity_counts(counted(image, switches)), **switches.vuln_count})
