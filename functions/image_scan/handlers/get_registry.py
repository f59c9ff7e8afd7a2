"""GetRegistry: finds or creates the image's registry at Qualys."""

from image_scan import config, log
from image_scan.contracts import Registry, ScanInput
from image_scan.qualys import connect
from image_scan.scans import registries
from image_scan.state.registries import RegistryCache
from image_scan.state.table import StateTable


def handler(event: ScanInput, _context: object) -> Registry:
    log.bind(event)
    registry_cache = RegistryCache(StateTable.connect())
    image = event["image"]
    role = registries.RegistryRole(
        config.registry_role_arn(image["role_account_id"]), config.registry_external_id()
    )
    return registries.find_or_create(image, role, connect.client(), registry_cache)
