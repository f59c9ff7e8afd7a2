"""/sensors: the one Registry Sensor, or none.

The names of the fields are those of the published v1.3 specification. Their values, above all of
`sensorType` and `status`, and the tokens of the filter are undocumented.
"""

from flask import Blueprint, Response, request

from sandbox.qualys.answers import Json, Refusal, as_json
from sandbox.qualys.clock import milliseconds
from sandbox.qualys.paging import page
from sandbox.qualys.qql import Tokens
from sandbox.qualys.world import World

TOKENS = Tokens(keywords=frozenset({"sensorId", "sensorType", "status"}))
_ID = "9a0c1de2-6f5b-4c3e-8f21-7d1b0a4e5c66"


def routes(world: World) -> Blueprint:
    api = Blueprint("sensors", __name__)

    @api.get("/sensors")
    def list_sensors() -> Response:
        matches = world.matching(request.args.get("filter", ""), TOKENS)
        rows = [
            row
            for row in _sensors(world)
            if matches({name: [row[name]] for name in TOKENS.keywords})
        ]
        return page(rows, request.args, world.scenario)

    @api.get("/sensors/<sensor_id>")
    def sensor_details(sensor_id: str) -> Response:
        for row in _sensors(world):
            if sensor_id == row["sensorId"]:
                return as_json(row)
        raise Refusal(404, "Sensor not found")

    return api


def _sensors(world: World) -> list[Json]:
    state = world.scenario.sensor
    if state == "absent":
        return []
    checked_in = world.clock.now() if state == "running" else world.started_at
    return [
        {
            "uuid": _ID,
            "sensorId": _ID,
            "name": "qualys-registry-sensor",
            "sensorType": "REGISTRY",
            "status": "Running" if state == "running" else "Stopped",
            "created": milliseconds(world.started_at),
            "lastCheckedIn": milliseconds(checked_in),
            "sensorVersion": "1.43.0-0",
            "vulnSigVersion": "2.6.300-3",
            "platform": "Docker",
            "hostname": "sensor-host",
            "privileged": "false",
            "configurationProfile": None,
            "cluster": None,
            "label": None,
        }
    ]
