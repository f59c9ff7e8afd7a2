"""SubmitScan: submits one on-demand scan of the image's tag, if the scan limit permits it."""

from image_scan import log
from image_scan.compose import permits
from image_scan.contracts import Submission, SubmitInput
from image_scan.qualys import connect
from image_scan.scans import schedules
from image_scan.state.registries import RegistryCache
from image_scan.state.table import StateTable


def handler(event: SubmitInput, _context: object) -> Submission:
    log.bind(event)
    permits.take(event)
    name, retried = event["execution_name"], event["attempt"] > 0
    qualys, registry_cache = connect.client(), RegistryCache(StateTable.connect())
    return schedules.submit(
        event["image"], event["registry"], name, retried, qualys, registry_cache
    )
