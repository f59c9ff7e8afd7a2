"""SubmitScan: one on-demand scan of the image's tag."""

from image_scan import aws, config, log, scan_jobs, subscription
from image_scan.cache_table import CacheTable
from image_scan.payloads import Submission, SubmitTask
from image_scan.registry_memo import RegistryMemo


def handler(event: SubmitTask, _context: object) -> Submission:
    log.bind(event)
    memo = RegistryMemo(CacheTable(aws.client("dynamodb"), config.cache_table()))
    name, retried = event["execution_name"], event["attempt"] > 0
    qualys = subscription.client()
    return scan_jobs.submit(event["image"], event["registry"], name, retried, qualys, memo)
