"""The Flask application: the vendor's routes and the control's, and how refusals look."""

import json

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from sandbox.qualys.answers import Refusal, as_json, empty, envelope, reshaped
from sandbox.qualys.api import (
    auth,
    connectors,
    containers,
    control,
    images,
    malware,
    registries,
    schedules,
    sensors,
    vulnerabilities,
)
from sandbox.qualys.api.access import BASE, admit
from sandbox.qualys.sensor import Sensor
from sandbox.qualys.world import World


def make_application(world: World, sensor: Sensor) -> Flask:
    app = Flask("sandbox.qualys", static_folder=None)
    app.register_blueprint(auth.routes(world))
    app.register_blueprint(control.routes(world, sensor))
    groups = (registries, connectors, schedules, images, vulnerabilities, malware)
    for group in (*groups, containers, sensors):
        blueprint = group.routes(world)
        blueprint.before_request(lambda: admit(world))
        app.register_blueprint(blueprint, url_prefix=BASE)

    @app.errorhandler(Refusal)
    def refused(error: Refusal) -> Response:
        shown = envelope(error.status, error.message, world.clock.now()) if error.message else None
        answer = as_json(shown, error.status) if shown else empty(error.status)
        answer.headers.update(error.headers)
        return answer

    @app.errorhandler(HTTPException)
    def no_such_route(error: HTTPException) -> Response:
        status = error.code or 500
        return as_json(envelope(status, error.name, world.clock.now()), status)

    @app.after_request
    def shape(answer: Response) -> Response:
        given = world.scenario
        vendors = answer.is_json and request.path.startswith(BASE)
        if vendors and (given.unknown_fields or given.absent_nulls):
            body = reshaped(answer.get_json(), given.unknown_fields, given.absent_nulls)
            answer.set_data(json.dumps(body))
        return answer

    @app.after_request
    def rate_headers(answer: Response) -> Response:
        answer.headers.update(g.get("rate_headers", {}))
        return answer

    return app
