"""/registry/aws-base and /registry/aws: the account that pulls, and the connectors to it."""

from typing import Any

from flask import Blueprint, Response

from sandbox.qualys.answers import as_json, created
from sandbox.qualys.api.requests import json_object
from sandbox.qualys.paging import no_rows
from sandbox.qualys.registries import Connector
from sandbox.qualys.sensor_user import QUALYS_ACCOUNT
from sandbox.qualys.world import World


def routes(world: World) -> Blueprint:
    api = Blueprint("connectors", __name__)

    @api.get("/registry/aws-base")
    def aws_base() -> Response:
        """The external id is a number here and a string everywhere else."""
        scenario = world.scenario
        given: int | str = scenario.external_id
        if scenario.external_id_form == "string":
            given = str(given)
        return as_json({"accountId": QUALYS_ACCOUNT, "externalId": given})

    @api.get("/registry/aws/connectors")
    def list_connectors() -> Response:
        return _connectors(world, world.registries.connectors())

    @api.get("/registry/aws/connectors/<account_id>")
    def account_connectors(account_id: str) -> Response:
        known = world.registries.connectors()
        return _connectors(world, [one for one in known if one.account_id == account_id])

    @api.post("/registry/aws/connector")
    def create_connector() -> Response:
        body, scenario = json_object(), world.scenario
        external_id = scenario.external_id_of(gov=body.get("accountType") == "US_Gov")
        duplicate = scenario.duplicate_connector_status
        made = world.registries.connect(body, external_id, duplicate)
        return created(scenario.connector_reply, made.arn, made.as_json())

    return api


def _connectors(world: World, connectors: list[Connector]) -> Response:
    """An array; the published specification types the whole list as one object by mistake."""
    rows = [one.as_json() for one in connectors]
    shape = world.scenario.connectors_shape
    if not rows:
        return no_rows(world.scenario, rows if shape in ("array", "object") else {shape: rows})
    shapes: dict[str, Any] = {
        "array": rows,
        "object": rows[0],
        "data": {"data": rows},
        "connectors": {"connectors": rows},
    }
    return as_json(shapes[shape])
