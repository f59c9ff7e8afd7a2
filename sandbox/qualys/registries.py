"""Registry entries and AWS connectors ("Registries" of the CSAPI guide), for AWS ECR.

A connector is known by its role ARN: naming a known ARN uses it, naming a new one makes it. The
deletion of a registry is a job of its own, so a registry lives on for a moment.
"""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.qualys.answers import Json, Refusal
from sandbox.qualys.image_source import RegistryAccess, parse_registry_uri

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/[\w+=,.@/-]+")


@dataclass(frozen=True)
class Connector:
    arn: str
    name: str
    description: str

    @property
    def account_id(self) -> str:
        return self.arn.split(":")[4]

    def as_json(self) -> Json:
        return {"name": self.name, "arn": self.arn, "description": self.description}


@dataclass
class Registry:
    uri: str
    name: str
    connector: Connector
    account_id: str
    created: float
    updated: float
    listed_at: float
    gone_at: float | None = None
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def gov(self) -> bool:
        return self.access(0).region.startswith("us-gov-")

    def access(self, external_id: int) -> RegistryAccess:
        host, account, region = parse_registry_uri(self.uri) or ("", "", "")
        return RegistryAccess(host, account, region, self.connector.arn, str(external_id))


class Registries:
    def __init__(self) -> None:
        self._registries: dict[str, Registry] = {}
        self._connectors: dict[str, Connector] = {}

    def all(self, now: float) -> list[Registry]:
        known = self._registries.values()
        return [one for one in known if one.gone_at is None or now < one.gone_at]

    def listed(self, now: float) -> list[Registry]:
        """Those that the list shows; the calls that name a registry know it before."""
        return [one for one in self.all(now) if one.listed_at <= now]

    def get(self, registry_uuid: str, now: float) -> Registry:
        """Raises Refusal 404."""
        for registry in self.all(now):
            if registry.uuid == registry_uuid:
                return registry
        raise Refusal(404, "Registry not found")

    def connectors(self) -> list[Connector]:
        return list(self._connectors.values())

    def connect(
        self, body: Mapping[str, Any], external_id: int, duplicate_status: int
    ) -> Connector:
        """POST /registry/aws/connector. A foreign external id is refused (undocumented).

        Raises Refusal 400, or the given status for a duplicate; 0 uses the one that exists.
        """
        arn = _role_arn(body.get("arn"))
        if body.get("externalId") != str(external_id):
            raise Refusal(400, "externalId must be the string that aws-base gives")
        if body.get("accountType", "Global") not in ("Global", "US_Gov"):
            raise Refusal(400, "accountType must be Global or US_Gov")
        if duplicate_status and arn in self._connectors:
            raise Refusal(duplicate_status, "A connector with this ARN exists")
        name, description = str(body.get("name") or ""), str(body.get("description") or "")
        if not name:
            raise Refusal(400, "name is required")
        return self._connectors.setdefault(arn, Connector(arn, name, description))

    def knows(self, uri: str, now: float) -> bool:
        return any(one.uri == uri for one in self.all(now))

    def create(
        self, body: Mapping[str, Any], now: float, listed_at: float, duplicate_status: int
    ) -> Registry:
        """POST /registry. Raises Refusal 400, or the given status for a duplicate unless 0."""
        aws = checked(body)
        uri = body["registryUri"]
        if duplicate_status and self.knows(uri, now):
            raise Refusal(duplicate_status, "Registry already exists")
        name = aws.get("name") or f"connector-{aws['accountId']}"
        known = Connector(aws["arn"], str(name), str(aws.get("description") or ""))
        registry = Registry(
            uri=uri,
            name=str(body.get("registryName") or uri),
            connector=self._connectors.setdefault(aws["arn"], known),
            account_id=aws["accountId"],
            created=now,
            updated=now,
            listed_at=listed_at,
        )
        self._registries[registry.uuid] = registry
        return registry

    def delete(self, registry_uuids: list[str], now: float, seconds: float) -> str:
        """DELETE /registry: the id of the job that does it. Raises Refusal 404."""
        for registry in [self.get(one, now) for one in registry_uuids]:
            registry.gone_at = now + seconds
        return str(uuid.uuid4())


def checked(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The `aws` part of a valid body. Raises Refusal 400."""
    aws = body.get("aws")
    parsed = parse_registry_uri(str(body.get("registryUri") or ""))
    if body.get("registryType") != "AWS" or body.get("credentialType") != "AWS":
        raise Refusal(400, "registryType and credentialType must be AWS")
    if parsed is None or not isinstance(aws, Mapping):
        raise Refusal(400, "registryUri and aws are required")
    _role_arn(aws.get("arn"))
    if not re.fullmatch(r"\d{12}", str(aws.get("accountId"))) or aws.get("region") != parsed[2]:
        raise Refusal(400, "aws.accountId and the registry's aws.region are required")
    expected = "US_Gov" if parsed[2].startswith("us-gov-") else "Global"
    if aws.get("accountType") != expected:
        raise Refusal(400, f"aws.accountType must be {expected}")
    return aws


def _role_arn(value: Any) -> str:
    if not isinstance(value, str) or not _ROLE.fullmatch(value):
        raise Refusal(400, "arn must be the ARN of an IAM role")
    return value
