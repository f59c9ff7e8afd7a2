"""Imports the findings of an image to the Security Hub of the account that owns it.

EventBridge may deliver an event twice, late, or after a newer one. So the levels that may be active
are stored before they are sent. Each update has the time of its event, and Security Hub ignores an
update that is not newer than its own data. Of two imports at once, the newer one counts.
https://docs.aws.amazon.com/securityhub/latest/userguide/finding-update-batchimportfindings.html
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from image_scan import log
from image_scan.aws import clients
from image_scan.errors import AwsRejected, AwsUnavailable, MalformedEvent
from image_scan.security_hub import asff, detections
from image_scan.security_hub.asff import Product
from image_scan.security_hub.state import Known

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from image_scan.aws.cross_account import Accounts
    from image_scan.security_hub.state import SecurityHubState

SCHEMA = "image-scan/result/1"
_WITH_RESULT = ("CLEAN", "FINDINGS")
_NOT_ENABLED = "InvalidAccess"  # an error of the call, or of each finding


class SecurityHub:
    """Imports findings. `product_arn` returns the ARN of an account's default product; an empty
    account id is our own."""

    def __init__(
        self,
        accounts: Accounts,
        state: SecurityHubState,
        product_arn: Callable[[str], str],
        installation: str,
    ) -> None:
        self._accounts = accounts
        self._state = state
        self._product_arn = product_arn
        self._installation = installation

    def take(self, event: Mapping[str, Any]) -> None:
        """Imports the findings of a result event, and archives those that it no longer has. Safe
        to repeat. Raises AwsUnavailable, AwsRejected, and MalformedEvent for another schema."""
        detail = event["detail"]
        if detail.get("schema") != SCHEMA:
            raise MalformedEvent(f"the event is not of the schema {SCHEMA}")
        if detail["verdict"] not in _WITH_RESULT:
            return  # without a result, nothing is known to be better or worse
        member, image = detail["image"]["role_account_id"], detail["image"]
        product = Product(self._product_arn(member), self._installation)
        key, announced = asff.image_key(image), event["time"]
        known = self._state.recall(product.account_id, key)
        mine = Known(_milliseconds(detail.get("scanned_at") or announced), _milliseconds(announced))
        if mine.order < known.order:
            log.info(
                "skipped an older verdict",
                scanned_at=detail.get("scanned_at"),
                announced_at=announced,
            )
            return
        found = {level: known.levels.get(level, announced) for level in asff.levels(detail)}
        # Kinds that this scan did not look for stay as they are.
        silent = detections.unmentioned(detail)
        left = {level: since for level, since in known.levels.items() if level in silent}
        sent = {**{k: v for k, v in known.levels.items() if k not in silent}, **found}
        noted = replace(mine, levels={**left, **sent})
        if not self._state.replace(product.account_id, key, known, noted):
            raise AwsUnavailable("another verdict of the image is being imported")
        if sent:
            findings = [
                asff.finding(detail, level, product, created, announced)
                for level, created in sent.items()
            ]
            self._import(findings, product, member)
            # If this fails, a newer import has replaced the entry, and knows the noted levels.
            self._state.replace(
                product.account_id, key, noted, replace(mine, levels={**left, **found})
            )
        log.info("findings imported", account=product.account_id, levels=[*found], sent=[*sent])

    def _import(self, findings: list[dict[str, Any]], product: Product, member: str) -> None:
        """Sends all findings in one call: at most six, and a call takes a hundred."""
        client = self._accounts.security_hub(member, product.region)
        where = f"account {product.account_id}, region {product.region}"
        try:
            with clients.calls("securityhub:BatchImportFindings"):
                answer = client.batch_import_findings(Findings=findings)
        except AwsRejected as error:
            raise AwsRejected(_in_words(str(error), where)) from error
        if answer["FailedCount"]:
            failed = answer.get("FailedFindings") or [{}]
            why = f"{failed[0].get('ErrorCode', '')}: {failed[0].get('ErrorMessage', '')}"
            refused = f"{answer['FailedCount']} of {len(findings)} findings refused: {why:.300}"
            raise AwsRejected(_in_words(refused, where))


def _in_words(refused: str, where: str) -> str:
    enabled = "Security Hub is not enabled" if _NOT_ENABLED in refused else "Security Hub refuses"
    return f"{enabled} in {where}: {refused}"


def _milliseconds(iso: str) -> int:
    return int(datetime.fromisoformat(iso).timestamp() * 1000)
