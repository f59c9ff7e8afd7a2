"""/registry: what the account of the subscription is, registry entries, and AWS connectors."""

from typing import Any

from flask import Blueprint, Response, request

from sandbox.qualys.answers import Json, Refusal, as_json, empty
from sandbox.qualys.api.requests import json_object, selected_ids
from sandbox.qualys.clock import milliseconds
from sandbox.qualys.paging import ordered, page
from sandbox.qualys.qql import Tokens, compile_filter
from sandbox.qualys.registries import Connector, Registry
from sandbox.qualys.world import World

# The one token that is known to work on this list.
TOKENS = Tokens(keywords=frozenset(), texts=frozenset({"registryUri"}))


def routes(world: World) -> Blueprint:
    api = Blueprint("registries", __name__)

    @api.get("/registry/aws-base")
    def aws_base() -> Response:
        """The external id is a number here and a string everywhere else."""
        scenario = world.scenario
        return as_json({"accountId": scenario.aws_account_id, "externalId": scenario.external_id})

    @api.get("/registry")
    def list_registries() -> Response:
        now = world.clock.now()
        matches = compile_filter(request.args.get("filter", ""), TOKENS, now)
        known = [one for one in world.registries.all(now) if matches({"registryUri": [one.uri]})]
        rows = [_row(world, one) for one in known]
        return page(ordered(rows, request.args.get("sort") or "created:desc"), request.args)

    @api.get("/registry/<registry_id>")
    def registry_details(registry_id: str) -> Response:
        return as_json(_details(world, world.registries.get(registry_id, world.clock.now())))

    @api.post("/registry")
    def create_registry() -> Response:
        duplicate = world.scenario.duplicate_registry_status
        made = world.registries.create(json_object(), world.clock.now(), duplicate)
        made_json = {"registryUuid": made.uuid}
        return _created(world.scenario.registry_reply, made.uuid, made_json)

    @api.delete("/registry")
    def delete_registries() -> Response:
        chosen = selected_ids("registryIds")
        if not chosen:
            raise Refusal(400, "registryIds are required")
        if any(job.status == "Running" for one in chosen for job in world.schedules.of(one)):
            raise Refusal(world.scenario.refused_status, "A schedule of the registry is Running")
        seconds = world.clock.lasting(world.scenario.registry_delete_seconds)
        job = world.registries.delete(chosen, world.clock.now(), seconds)
        return as_json({"deletionJobId": job})

    _connector_routes(api, world)
    return api


def _connector_routes(api: Blueprint, world: World) -> None:
    @api.get("/registry/aws/connectors")
    def list_connectors() -> Response:
        return _connectors(world, world.registries.connectors())

    @api.get("/registry/aws/connectors/<account_id>")
    def account_connectors(account_id: str) -> Response:
        known = world.registries.connectors()
        return _connectors(world, [one for one in known if one.account_id == account_id])

    @api.post("/registry/aws/connector")
    def create_connector() -> Response:
        made = world.registries.connect(json_object(), world.scenario.external_id)
        return _created(world.scenario.connector_reply, made.arn, made.as_json())


def _created(reply: str, text: str, whole: Json) -> Response:
    """The documents declare an empty 201 and a JSON string; clients were seen to read an object."""
    if reply == "empty":
        return empty(201)
    return as_json(text if reply == "string" else whole)


def _connectors(world: World, connectors: list[Connector]) -> Response:
    """An array; the published specification types the whole list as one object by mistake."""
    rows = [one.as_json() for one in connectors]
    shape = world.scenario.connectors_shape
    if not rows:
        return empty(204)
    shapes: dict[str, Any] = {
        "array": rows,
        "object": rows[0],
        "data": {"data": rows},
        "connectors": {"connectors": rows},
    }
    return as_json(shapes[shape])


def _row(world: World, registry: Registry) -> Json:
    arn = registry.connector.arn
    region = registry.access(0).region
    return {
        **_counts(world, registry),
        "awsAccountId": arn.split(":")[4],
        "awsRegion": region,
        **_shared(registry),
    }


def _details(world: World, registry: Registry) -> Json:
    connector = registry.connector
    aws = {
        "accountId": registry.account_id,
        "region": registry.access(0).region,
        **connector.as_json(),
    }
    return {
        **_counts(world, registry),
        **_shared(registry),
        "aws": aws,
        "connectors": [connector.as_json()],
        "credential": None,
    }


def _shared(registry: Registry) -> Json:
    return {
        "registryUuid": registry.uuid,
        "registryName": registry.name,
        "registryUri": registry.uri,
        "registryType": "AWS",
        "providerType": "AWS",
        "dockerHubOrg": None,
        "created": milliseconds(registry.created),
        "updated": milliseconds(registry.updated),
    }


def _counts(world: World, registry: Registry) -> Json:
    names = world.scenario.status_names
    statuses = [names.get(one.status, one.status) for one in world.schedules.of(registry.uuid)]
    images = [one for one in world.images.all() if registry.uuid in one.registry_uuids]
    scans = [one.scanned_at for one in images if one.scanned_at is not None]
    return {
        "repoCount": len({place.repository for one in images for place in one.repo}),
        "totalImages": len(images),
        "totalScannedImages": len(scans),
        "totalVulnerableImages": len([one for one in images if one.findings]),
        "lastScanned": milliseconds(max(scans, default=None)),
        "scheduleStatusList": {status: statuses.count(status) for status in set(statuses)},
    }
