"""/containers: lists that are always empty, since nothing runs where the sensor is."""

from flask import Blueprint, Response

from sandbox.qualys.paging import no_rows
from sandbox.qualys.world import World


def routes(world: World) -> Blueprint:
    api = Blueprint("containers", __name__)

    @api.get("/containers")
    @api.get("/containers/list")
    def list_containers() -> Response:
        return no_rows(world.scenario, {"count": 0, "data": []})

    return api
