"""Reassess: judges images again of which Qualys knows more than their verdict says."""

from image_scan import log
from image_scan.compose import reassessment
from image_scan.contracts import ScanInput


def handler(event: dict[str, list[ScanInput]], _context: object) -> dict[str, int]:
    """`event` gives `tasks`: one that runs each of the images."""
    log.bind({})
    return {"judged": reassessment.run(event["tasks"])}
