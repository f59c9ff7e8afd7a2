"""What a place ran before: the findings of the version that an image takes the place of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_scan.findings import encoding

if TYPE_CHECKING:
    from image_scan.findings.encoding import Finding
    from image_scan.ledger_table import LedgerTable
    from image_scan.payloads import Image, Place
    from image_scan.scan_cache import ScanCache

# Of what ran at a place, so many are looked at; a task of more containers has nothing before.
_MOST = 20


class EarlierImages:
    """Raises AwsUnavailable or AwsRejected when DynamoDB does not answer."""

    def __init__(self, ledger: LedgerTable, cache: ScanCache) -> None:
        self._ledger = ledger
        self._cache = cache
        self._known: dict[str, list[Finding] | None] = {}

    def findings(self, place: str, facts: Place, image: Image) -> list[Finding] | None:
        """None where nothing ran there, or where its findings are no longer known."""
        rows = self._ledger.at(f"{facts['account']}#{facts['region']}", place)
        began = self._ledger.get(image["key"], place).get("first_seen")
        for row in sorted(rows, key=lambda row: -int(row["last_seen"]))[:_MOST]:
            if row["digest"] == image["key"]:
                continue
            known = self._ledger.get(row["digest"], place)
            if known.get("repository") != image["repository"]:
                continue  # another container of the same task
            if began is None or known["first_seen"] < began:
                return self._of(row["digest"])
        return None

    def _of(self, digest: str) -> list[Finding] | None:
        if digest not in self._known:
            self._known[digest] = encoding.unpack(self._cache.findings_of(digest))
        return self._known[digest]
