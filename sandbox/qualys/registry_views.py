"""A registry entry as the list and the details call show it, with what its scans came to."""

from sandbox.qualys.answers import Json
from sandbox.qualys.clock import milliseconds
from sandbox.qualys.images import Image
from sandbox.qualys.registries import Registry
from sandbox.qualys.world import World


def registry_row(world: World, registry: Registry) -> Json:
    arn = registry.connector.arn
    return {
        **_counts(world, registry),
        "awsAccountId": arn.split(":")[4],
        "awsRegion": registry.access(0).region,
        **_shared(world, registry),
    }


def registry_details(world: World, registry: Registry) -> Json:
    connector = registry.connector
    aws = {
        "accountId": registry.account_id,
        "region": registry.access(0).region,
        **connector.as_json(),
    }
    return {
        **_counts(world, registry),
        **_shared(world, registry),
        "aws": aws,
        "connectors": [connector.as_json()],
        "credential": None,
    }


def repository_rows(world: World, registry: Registry) -> list[Json]:
    """Each repository that images of the registry are known of."""
    images = _images(world, registry)
    host = registry.access(0).host
    names = {at.repository for one in images for at in one.repo if at.registry == host}
    return [
        {
            "repoName": name,
            **_totals([one for one in images if name in {at.repository for at in one.repo}]),
        }
        for name in sorted(names)
    ]


def shown_uri(world: World, registry: Registry) -> str:
    forms = {
        "given": registry.uri,
        "host": registry.access(0).host,
        "slash": f"{registry.uri}/",
    }
    return forms[world.scenario.registry_uri_form]


def _shared(world: World, registry: Registry) -> Json:
    return {
        "registryUuid": registry.uuid,
        "registryName": registry.name,
        "registryUri": shown_uri(world, registry),
        "registryType": "AWS",
        "providerType": "AWS",
        "dockerHubOrg": None,
        "created": milliseconds(registry.created),
        "updated": milliseconds(registry.updated),
    }


def _counts(world: World, registry: Registry) -> Json:
    names = world.scenario.status_names
    statuses = [names.get(one.status, one.status) for one in world.schedules.of(registry.uuid)]
    images = _images(world, registry)
    scans = [one.scanned_at for one in images if one.scanned_at is not None]
    return {
        "repoCount": len({repo_tag.repository for one in images for repo_tag in one.repo}),
        **_totals(images),
        "lastScanned": milliseconds(max(scans, default=None)),
        "scheduleStatusList": {status: statuses.count(status) for status in set(statuses)},
    }


def _totals(images: list[Image]) -> Json:
    return {
        "totalImages": len(images),
        "totalScannedImages": len([one for one in images if one.scanned_at is not None]),
        "totalVulnerableImages": len([one for one in images if one.findings]),
    }


def _images(world: World, registry: Registry) -> list[Image]:
    return [one for one in world.images.all() if registry.uuid in one.registry_uuids]
