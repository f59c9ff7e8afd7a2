"""/images: lists, and one image; its vulnerabilities are next door."""

import base64
import binascii
import re
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from sandbox.qualys.answers import Json, Refusal, as_json
from sandbox.qualys.detections import blocks
from sandbox.qualys.image_views import (
    TOKENS,
    bulk_row,
    details,
    list_row,
    search_row,
)
from sandbox.qualys.images import Image
from sandbox.qualys.paging import ROW_CAP, no_rows, ordered, page, whole_number
from sandbox.qualys.world import World

_BULK_LARGEST = 250
_UNKNOWN = {
    "404": Refusal(404, "Image not found"),
    "204": Refusal(204, ""),
    "empty": Refusal(200, ""),
}
_SCAN_DETAILS = {"malware", "secrets", "compliance"}


def routes(world: World) -> Blueprint:
    api = Blueprint("images", __name__)

    @api.get("/images")
    def list_images() -> Response:
        rows = [list_row(image, world.switches_of(image)) for image in _filtered(world)]
        rows = ordered(rows, request.args.get("sort") or "created:desc")
        return page(rows, request.args, world.scenario, cap=ROW_CAP)

    @api.get("/images/list")
    def bulk_list() -> Response:
        return _bulk(world)

    @api.get("/images/<sha>")
    def image_details(sha: str) -> Response:
        image, wanted = known_image(world, sha), _scan_details()
        switches = world.switches_of(image)
        return as_json({**details(image, switches), **blocks(image, switches, wanted)})

    @api.get("/images/<sha>/associatedRegistries")
    def associated_registries(sha: str) -> Response:
        rows = _registries(world, known_image(world, sha))
        return as_json(rows) if rows else no_rows(world.scenario, [])

    return api


def _scan_details() -> set[str]:
    """A comma list, with blanks in a documented sample. Raises Refusal."""
    given = request.args.get("scanDetails", "").split(",")
    wanted = {each.strip() for each in given} - {""}
    if wanted - _SCAN_DETAILS:
        raise Refusal(400, "Invalid value for scanDetails")
    return wanted


def _bulk(world: World) -> Response:
    """The cursor is in the Link header; its value on the last page is the text "null"."""
    limit = whole_number(request.args, "limit", 50, _BULK_LARGEST)
    start = _cursor(request.args.get("paginationQuery", ""))
    found = sorted(_filtered(world), key=lambda image: image.sha)
    chosen = found[start : start + limit]
    if not chosen:
        return no_rows(world.scenario, {"count": 0, "data": []})
    rows = [bulk_row(image, world.switches_of(image)) for image in chosen]
    answer = as_json({"count": len(rows), "data": rows})
    if start + limit < len(found):
        following = base64.urlsafe_b64encode(f"from {start + limit}".encode()).decode()
        answer.headers["Link"] = f"<{_next_url(following)}>;rel=next"
    elif world.scenario.link_end == "null":
        answer.headers["Link"] = "null"
    return answer


def known_image(world: World, sha: str, short: bool = False) -> Image:
    """The image of a path; `short` where its first 12 digits will do. Raises Refusal."""
    short = short or world.scenario.short_ids == "all"
    if re.fullmatch(r"[0-9a-f]{12}", sha) and short:
        image = world.images.by_id(sha)
    elif re.fullmatch(r"[0-9a-f]{64}", sha):
        image = world.images.get(sha)
    else:
        raise Refusal(400, "Invalid Image SHA provided")
    if image is None:
        raise _UNKNOWN[world.switches(sha).unknown_image]
    if world.switches_of(image).out_of_scope:
        raise Refusal(403, "Request Forbidden")
    return image


def _registries(world: World, image: Image) -> list[Json]:
    now = world.clock.now()
    entries = [one for one in world.registries.all(now) if one.uuid in image.registry_uuids]
    uuids = {one.access(0).host: one.uuid for one in entries}
    return [
        {
            "registry": repo_tag.registry,
            "registryUuid": uuids.get(repo_tag.registry),
            "repo": repo_tag.repository,
            "tag": repo_tag.tag,
        }
        for repo_tag in image.repo
    ]


def _filtered(world: World) -> list[Image]:
    """Those in the caller's scope that the filter finds."""
    matches = world.matching(request.args.get("filter", ""), TOKENS)
    known = [image for image in world.images.all() if not world.switches_of(image).out_of_scope]
    return [image for image in known if matches(search_row(image))]


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
