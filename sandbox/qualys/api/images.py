"""/images: lists, one image, its vulnerabilities."""

import base64
import binascii
import re
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from sandbox.qualys.answers import Refusal, as_json, empty
from sandbox.qualys.findings import counting, severity_counts, summary
from sandbox.qualys.image_views import (
    TOKENS,
    VULNERABILITY_TOKENS,
    bulk_row,
    details,
    list_row,
    search_row,
    vulnerability_row,
)
from sandbox.qualys.images import Image
from sandbox.qualys.paging import ROW_CAP, ordered, page, whole_number
from sandbox.qualys.qql import compile_filter
from sandbox.qualys.world import World

_BULK_LARGEST = 250
_SCAN_DETAILS = {"malware", "secrets", "compliance"}


def routes(world: World) -> Blueprint:
    api = Blueprint("images", __name__)

    @api.get("/images")
    def list_images() -> Response:
        rows = [list_row(image, world.scenario) for image in _filtered(world)]
        rows = ordered(rows, request.args.get("sort") or "created:desc")
        return page(rows, request.args, cap=ROW_CAP)

    @api.get("/images/list")
    def bulk_list() -> Response:
        return _bulk(world)

    @api.get("/images/<sha>")
    def image_details(sha: str) -> Response:
        if set(filter(None, request.args.get("scanDetails", "").split(","))) - _SCAN_DETAILS:
            raise Refusal(400, "Invalid value for scanDetails")
        return as_json(details(_image(world, sha), world.scenario))

    @api.get("/images/<sha>/vuln")
    def vulnerabilities(sha: str) -> Response:
        return _vulnerabilities(world, _image(world, sha))

    @api.get("/images/<sha>/vuln/count")
    def vulnerability_count(sha: str) -> Response:
        return _count(world, sha)

    return api


def _bulk(world: World) -> Response:
    """The cursor is in the Link header; its value on the last page is the text "null"."""
    limit = whole_number(request.args, "limit", 50, _BULK_LARGEST)
    start = _cursor(request.args.get("paginationQuery", ""))
    found = sorted(_filtered(world), key=lambda image: image.sha)
    chosen = found[start : start + limit]
    if not chosen:
        return empty(204)
    rows = [bulk_row(image, world.scenario) for image in chosen]
    answer = as_json({"count": len(rows), "data": rows})
    if start + limit < len(found):
        following = base64.urlsafe_b64encode(f"from {start + limit}".encode()).decode()
        answer.headers["Link"] = f"<{_next_url(following)}>;rel=next"
    elif world.scenario.link_end == "null":
        answer.headers["Link"] = "null"
    return answer


def _image(world: World, sha: str) -> Image:
    if not re.fullmatch(r"[0-9a-f]{64}", sha):
        raise Refusal(400, "Invalid Image SHA provided")
    image = world.images.get(sha)
    if image is None:
        raise Refusal(404, "Image not found")
    return image


def _filtered(world: World) -> list[Image]:
    matches = compile_filter(request.args.get("filter", ""), TOKENS, world.clock.now())
    return [image for image in world.images.all() if matches(search_row(image))]


def _cursor(text: str) -> int:
    try:
        plain = base64.b64decode(text, altchars=b"-_", validate=True).decode()
        return int(plain.removeprefix("from ") or 0)
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise Refusal(400, "Invalid value for paginationQuery") from error


def _next_url(cursor: str) -> str:
    """This call's address with another cursor."""
    query = {**request.args.to_dict(), "paginationQuery": cursor}
    return f"{request.base_url}?{urlencode(query)}"


def _vulnerabilities(world: World, image: Image) -> Response:
    """`applyException` is on unless it is turned off: exempted findings are left out of the counts.

    An image whose first scan has not ended answers 204, as the vendor's connectors say.
    """
    wanted = request.args.get("type", "ALL")
    apply = request.args.get("applyException", "true")
    if wanted not in ("ALL", "DETAILS", "SUMMARY") or apply not in ("true", "false"):
        raise Refusal(400, "Invalid value for type or applyException")
    matches = compile_filter(
        request.args.get("filter", ""), VULNERABILITY_TOKENS, world.clock.now()
    )
    if image.findings is None:
        return empty(204)
    found = [one for one in image.findings if matches(vulnerability_row(one))]
    counted = counting(found) if apply == "true" else found
    shown = counted if world.scenario.exempted == "hidden" else found
    sort = request.args.get("sort") or "qid:asc"
    listed = ordered(shown, sort.removeprefix("vulnerabilities."))
    return as_json(
        _shaped(
            world.scenario.vuln_shape,
            None if wanted == "SUMMARY" else listed,
            None if wanted == "DETAILS" else summary(counted),
        )
    )


def _shaped(shape: str, found: Any, counts: Any) -> Any:
    """`details` is documented; the others are what clients were seen to expect, or none of them."""
    shapes: dict[str, Any] = {
        "details": {"details": found, "vulnSummary": counts},
        "data": {"data": found, "vulnSummary": counts},
        "details.vulns": {"details": {"vulns": found}, "vulnSummary": counts},
        "list": found,
        "unknown": {"result": {"items": found}},
    }
    return shapes[shape]


def _count(world: World, sha: str) -> Response:
    """The documented sample asks by the short id."""
    short = re.fullmatch(r"[0-9a-f]{12}", sha)
    image = world.images.by_id(sha) if short else _image(world, sha)
    if image is None:
        raise Refusal(404, "Image not found")
    if image.findings is None:
        return empty(204)
    return as_json(severity_counts(counting(image.findings)))
