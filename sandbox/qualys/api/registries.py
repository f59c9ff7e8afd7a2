"""/registry: registry entries, and the repositories of each."""

from flask import Blueprint, Response, request

from sandbox.qualys.answers import Refusal, as_json, created
from sandbox.qualys.api.requests import json_object, selected_ids
from sandbox.qualys.paging import ordered, page
from sandbox.qualys.qql import Tokens
from sandbox.qualys.registries import checked
from sandbox.qualys.registry_views import (
    registry_details,
    registry_row,
    repository_rows,
    shown_uri,
)
from sandbox.qualys.world import World

_DELETION_SECONDS = 0.05
# The one token that is known to work on this list.
TOKENS = Tokens(keywords=frozenset(), texts=frozenset({"registryUri"}))


def routes(world: World) -> Blueprint:
    api = Blueprint("registries", __name__)
    _reading_routes(api, world)
    _changing_routes(api, world)
    return api


def _reading_routes(api: Blueprint, world: World) -> None:
    @api.get("/registry")
    def list_registries() -> Response:
        matches = world.matching(request.args.get("filter", ""), TOKENS)
        rows = [
            registry_row(world, one)
            for one in world.registries.listed(world.clock.now())
            if matches({"registryUri": [shown_uri(world, one)]})
        ]
        rows = ordered(rows, request.args.get("sort") or "created:desc")
        return page(rows, request.args, world.scenario)

    @api.get("/registry/<registry_id>")
    def one_registry(registry_id: str) -> Response:
        known = world.registries.get(registry_id, world.clock.now())
        return as_json(registry_details(world, known))

    @api.get("/registry/<registry_id>/repository")
    def repositories(registry_id: str) -> Response:
        known = world.registries.get(registry_id, world.clock.now())
        return page(repository_rows(world, known), request.args, world.scenario)


def _changing_routes(api: Blueprint, world: World) -> None:
    @api.post("/registry/validate")
    def validate() -> Response:
        """Whether the registry could be made; that its role lets the sensor in is not tried."""
        try:
            checked(json_object())
        except Refusal:
            return as_json(False)
        return as_json(not world.registries.knows(json_object()["registryUri"], world.clock.now()))

    @api.post("/registry")
    def create_registry() -> Response:
        scenario, now = world.scenario, world.clock.now()
        listed_at = now + world.clock.lasting(scenario.registry_lag_seconds)
        duplicate = scenario.duplicate_registry_status
        made = world.registries.create(json_object(), now, listed_at, duplicate)
        return created(scenario.registry_reply, made.uuid, {"registryUuid": made.uuid})

    @api.delete("/registry")
    def delete_registries() -> Response:
        chosen = selected_ids("registryIds")
        if not chosen:
            raise Refusal(400, "registryIds are required")
        if any(job.status == "Running" for one in chosen for job in world.schedules.of(one)):
            raise Refusal(world.scenario.refused_status, "A schedule of the registry is Running")
        seconds = world.clock.lasting(_DELETION_SECONDS)
        job = world.registries.delete(chosen, world.clock.now(), seconds)
        return as_json({"deletionJobId": job})
