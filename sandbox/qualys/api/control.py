"""/_control: sets up the simulator for tests and demo, and shows calls. Not part of Qualys."""

from flask import Blueprint, Response, request

from sandbox.qualys.answers import as_json, empty
from sandbox.qualys.api.requests import json_object
from sandbox.qualys.assessment import assess
from sandbox.qualys.scenario_file import known_image
from sandbox.qualys.sensor import Sensor
from sandbox.qualys.subjects import is_about
from sandbox.qualys.world import World


def routes(world: World, sensor: Sensor) -> Blueprint:
    api = Blueprint("control", __name__, url_prefix="/_control")

    @api.errorhandler(ValueError)
    @api.errorhandler(TypeError)
    @api.errorhandler(KeyError)
    def refused(error: Exception) -> Response:
        return as_json({"error": f"{type(error).__name__}: {error}"}, 400)

    _world_routes(api, world, sensor)
    _token_routes(api, world)
    _fault_routes(api, world)
    _call_routes(api, world)
    _image_routes(api, world)
    return api


def _world_routes(api: Blueprint, world: World, sensor: Sensor) -> None:
    @api.post("/scenario")
    def set_scenario() -> Response:
        with world.lock:
            world.scenario.update(json_object())
            return as_json(vars(world.scenario))

    @api.post("/load")
    def load() -> Response:
        with world.lock:
            world.know(json_object())
        return empty(204)

    @api.get("/state")
    def state() -> Response:
        with world.lock:
            return as_json(world.as_json())

    @api.post("/clock")
    def advance() -> Response:
        """Moves the clock, and returns when the sensor has done all that became due by it."""
        world.clock.advance(float(json_object()["advance"]))
        sensor.advance()
        return as_json({"now": world.clock.now()})

    @api.post("/assess")
    def assess_images() -> Response:
        return as_json({"assessed": assess(world)})

    @api.post("/reset")
    def reset() -> Response:
        world.forget()
        return empty(204)


def _image_routes(api: Blueprint, world: World) -> None:
    @api.post("/behaviours")
    def set_behaviour() -> Response:
        body = json_object()
        with world.lock:
            world.behaviours.set(body["key"], body["values"])
            return as_json(world.behaviours.as_json())

    @api.post("/findings")
    def set_findings() -> Response:
        body = json_object()
        with world.lock:
            world.findings.set(body["key"], body["findings"])
        return empty(204)

    @api.post("/images")
    def set_image() -> Response:
        with world.lock:
            world.images.replace(known_image(json_object(), world.clock.now()))
        return empty(204)


def _token_routes(api: Blueprint, world: World) -> None:
    @api.post("/tokens/expire")
    def expire_tokens() -> Response:
        with world.lock:
            return as_json({"expired": world.accounts.expire()})

    @api.post("/tokens/grant")
    def grant_token() -> Response:
        with world.lock:
            world.accounts.grant(json_object()["token"])
        return empty(204)

    @api.post("/tokens/revoke")
    def revoke_token() -> Response:
        with world.lock:
            world.accounts.revoke(json_object()["token"])
        return empty(204)


def _fault_routes(api: Blueprint, world: World) -> None:
    @api.get("/faults")
    def faults() -> Response:
        with world.lock:
            return as_json(world.faults.as_json())

    @api.post("/faults")
    def add_fault() -> Response:
        with world.lock:
            return as_json({"id": world.faults.add(json_object())}, 201)

    @api.delete("/faults")
    def remove_faults() -> Response:
        with world.lock:
            chosen = request.args.get("id")
            if chosen is None:
                world.faults.clear()
            else:
                world.faults.remove(int(chosen))
        return empty(204)


def _call_routes(api: Blueprint, world: World) -> None:
    @api.get("/calls")
    def calls() -> Response:
        with world.lock:
            image = request.args.get("image", "")
            chosen = (lambda about: is_about(world, about, image)) if image else (lambda _: True)
            return as_json({"counts": world.calls.counts(chosen), "log": world.calls.log()})

    @api.delete("/calls")
    def forget_calls() -> Response:
        with world.lock:
            world.calls.clear()
        return empty(204)
