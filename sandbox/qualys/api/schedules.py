"""/registry/{id}/schedule: jobs are made, listed, cancelled and deleted; none is read alone."""

from flask import Blueprint, Response, request

from sandbox.qualys.answers import Refusal, as_json, empty
from sandbox.qualys.api.requests import json_object, selected_ids
from sandbox.qualys.paging import ordered, page
from sandbox.qualys.qql import Tokens
from sandbox.qualys.schedules import Schedule, new_schedule
from sandbox.qualys.world import World

# Those that the documents show; a search by name is not among them.
TOKENS = Tokens(keywords=frozenset({"status", "scheduleUuid"}))

_PATH = "/registry/<registry_id>/schedule"


def routes(world: World) -> Blueprint:
    api = Blueprint("schedules", __name__)
    _making_routes(api, world)
    _ending_routes(api, world)
    return api


def _making_routes(api: Blueprint, world: World) -> None:
    @api.post(_PATH)
    def create(registry_id: str) -> Response:
        scenario, now = world.scenario, world.clock.now()
        registry = world.registries.get(registry_id, now)
        due = now + world.clock.lasting(scenario.queue_seconds)
        made = new_schedule(registry.uuid, json_object(), now, due)
        names = [one.name for one in world.schedules.of(registry.uuid)]
        if scenario.reject_duplicate_schedule_names and made.name in names:
            raise Refusal(400, "A schedule with this name exists")
        waiting = [one for one in world.schedules.all() if one.phase != "ended"]
        if scenario.schedule_quota and len(waiting) >= scenario.schedule_quota:
            raise Refusal(scenario.refused_status, "Too many schedules")
        world.schedules.add(made)
        reply, status = scenario.schedule_reply, scenario.schedule_status
        if reply == "empty":
            return empty(status)
        return as_json(made.uuid if reply == "string" else {reply: made.uuid}, status)

    @api.get(_PATH)
    def list_schedules(registry_id: str) -> Response:
        chosen = _filtered(world, registry_id, request.args.get("filter", ""))
        rows = [one.as_json(world.scenario.status_names) for one in chosen]
        rows = ordered(rows, request.args.get("sort") or "created:desc")
        return page(rows, request.args, world.scenario)


def _ending_routes(api: Blueprint, world: World) -> None:
    @api.post(f"{_PATH}/<schedule_id>/cancel")
    def cancel(registry_id: str, schedule_id: str) -> Response:
        schedule = world.schedules.get(registry_id, schedule_id)
        world.schedules.cancel(schedule, world.clock.now(), world.scenario.refused_status)
        return empty(200)

    @api.post(f"{_PATH}/cancel")
    def cancel_many(registry_id: str) -> Response:
        job = world.schedules.cancel_many(_chosen(world, registry_id), world.clock.now())
        return as_json({"CancelJobId": job})

    @api.delete(f"{_PATH}/<schedule_id>")
    def delete(registry_id: str, schedule_id: str) -> Response:
        schedule = world.schedules.get(registry_id, schedule_id)
        world.schedules.delete(schedule, world.scenario.refused_status)
        return empty(204)

    @api.delete(f"{_PATH}/bulk")
    def delete_many(registry_id: str) -> Response:
        job = world.schedules.delete_many(_chosen(world, registry_id))
        return as_json({"deletionJobId": job})


def _filtered(world: World, registry_id: str, text: str) -> list[Schedule]:
    now, names = world.clock.now(), world.scenario.status_names
    registry = world.registries.get(registry_id, now)
    matches = world.matching(text, TOKENS)
    return [
        one
        for one in world.schedules.of(registry.uuid)
        if matches({"status": [names.get(one.status, one.status)], "scheduleUuid": [one.uuid]})
    ]


def _chosen(world: World, registry_id: str) -> list[Schedule]:
    """By ids, which win, or by a filter. Raises Refusal 400 without either."""
    ids, text = selected_ids("scheduleIds"), request.args.get("filter", "")
    if not ids and not text:
        raise Refusal(400, "scheduleIds or filter is required")
    if ids:
        known = _filtered(world, registry_id, "")
        return [one for one in known if one.uuid in ids]
    return _filtered(world, registry_id, text)
