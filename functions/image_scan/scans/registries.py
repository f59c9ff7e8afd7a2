"""Finds an image's registry at Qualys, or creates it with the role that the sensor assumes."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from image_scan import log
from image_scan.contracts import Image, Registry
from image_scan.errors import (
    ImageNotScannable,
    QualysRejected,
    RegistryNotReady,
    ScanError,
    TransientError,
)
from image_scan.qualys.reading import is_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from image_scan.qualys.client import QualysClient
    from image_scan.state.registries import RegistryCache

# By the role's partition. Container Security supports no other partition.
_ACCOUNT_TYPES = {"aws": "Global", "aws-us-gov": "US_Gov"}


@dataclass(frozen=True)
class RegistryRole:
    """The role that the sensor assumes, and the external id that it trusts, if that is known."""

    arn: str
    external_id: str = ""

    @property
    def account_id(self) -> str:
        return self.arn.split(":")[4]

    @property
    def account_type(self) -> str:
        partition = self.arn.split(":")[1]
        if partition not in _ACCOUNT_TYPES:
            raise ImageNotScannable(f"Qualys cannot reach registries of the partition {partition}")
        return _ACCOUNT_TYPES[partition]


def find_or_create(
    image: Image,
    role: RegistryRole,
    qualys: QualysClient,
    registry_cache: RegistryCache,
    sleep: Callable[[float], None] = time.sleep,
) -> Registry:
    """Returns the registry of an image. Creates it if it is missing, without changes to IAM.

    Safe to repeat and to run concurrently: only one execution creates a registry. Raises
    RegistryNotReady while another execution creates it, or while Qualys does not list it.
    """
    account_id, region = image["account_id"], image["region"]
    known, first_wait = registry_cache.recall(account_id, region)
    if is_id(known):
        return Registry(uuid=known, cached=True, first_wait=first_wait)
    if known:
        # It would choose the path of calls that are made with the credential.
        registry_cache.forget(account_id, region)
    uri = f"https://{image['host']}"
    uuid = qualys.registry_uuid(uri)
    if not uuid:
        if not registry_cache.lock(account_id, region):
            raise RegistryNotReady(f"registry {uri} is being created")
        try:
            uuid = _create(image, uri, role, qualys, sleep)
        except RegistryNotReady:
            raise  # it may exist: the lock stays, so that nobody creates a second one
        except ScanError:
            registry_cache.forget(account_id, region)
            raise
        log.info("registry created at Qualys", uri=uri, role_arn=role.arn)
    registry_cache.remember(account_id, region, uuid)
    return Registry(uuid=uuid, cached=False, first_wait=first_wait)


def _create(
    image: Image,
    uri: str,
    role: RegistryRole,
    qualys: QualysClient,
    sleep: Callable[[float], None],
) -> str:
    account_id, region = image["account_id"], image["region"]
    name = f"ecr-{account_id}-{region}"
    _connect(role, name, qualys)
    answered = ""
    try:
        answered = qualys.create_registry(
            uri, name, account_id, region, role.arn, role.account_type
        )
    except QualysRejected:
        if uuid := qualys.registry_uuid(uri):
            return uuid  # another execution has created it
        raise
    except TransientError as error:
        log.warning("result of the registry's creation unknown", error=str(error), uri=uri)
    for _ in range(3):
        with suppress(ScanError):  # Qualys may have it, even if the look-up fails
            if uuid := qualys.registry_uuid(uri):
                return uuid
        sleep(1)
    if not answered:
        raise RegistryNotReady(f"{uri} is not listed after its creation")
    return answered


def _connect(role: RegistryRole, name: str, qualys: QualysClient) -> None:
    if qualys.connector_exists(role.arn, role.account_id):
        return
    external_id = role.external_id or qualys.aws_external_id()
    try:
        qualys.create_connector(role.arn, external_id, name, role.account_type)
    except (QualysRejected, TransientError):
        if not qualys.connector_exists(role.arn, role.account_id):
            raise
