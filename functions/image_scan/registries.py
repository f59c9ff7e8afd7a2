"""The Qualys registry of an image: found, or created with the role that the sensor assumes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from image_scan import log
from image_scan.errors import RegistryNotReady
from image_scan.payloads import Image, Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from image_scan.qualys.client import QualysClient
    from image_scan.registry_memo import RegistryMemo


def find_or_create(
    image: Image,
    role_arn: str,
    qualys: QualysClient,
    memo: RegistryMemo,
    sleep: Callable[[float], None] = time.sleep,
) -> Registry:
    """Safe to repeat: each step looks before it creates, and nothing in IAM is changed.

    Raises RegistryNotReady when Qualys does not list the registry that it just took.
    """
    account_id, region = image["account_id"], image["region"]
    if uuid := memo.recall(account_id, region):
        return Registry(uuid=uuid, memoised=True)
    uri = f"https://{image['host']}"
    uuid = qualys.registry_uuid(uri)
    if not uuid:
        _create(image, uri, role_arn, qualys)
        for _ in range(3):
            if uuid := qualys.registry_uuid(uri):
                break
            sleep(1)
        else:
            raise RegistryNotReady(f"{uri} is not listed after its creation")
    memo.remember(account_id, region, uuid)
    return Registry(uuid=uuid, memoised=False)


def _create(image: Image, uri: str, role_arn: str, qualys: QualysClient) -> None:
    account_id, region = image["account_id"], image["region"]
    name = f"ecr-{account_id}-{region}"
    account_type = "US_Gov" if role_arn.split(":")[1] == "aws-us-gov" else "Global"
    if not qualys.connector_exists(role_arn, role_arn.split(":")[4]):
        qualys.create_connector(role_arn, qualys.aws_external_id(), name, account_type)
    qualys.create_registry(uri, name, account_id, region, role_arn, account_type)
    log.info("registry created at Qualys", uri=uri, role_arn=role_arn)
