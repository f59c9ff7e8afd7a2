"""Reads a Terraform state without Terraform: its account, region and outputs."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ops.deploy.deployment import Deployment
from ops.errors import OpsError

Json = dict[str, Any]
RECORD = "deployment"  # the output with the deployment of the state and its settings


@dataclass(frozen=True)
class State:
    """A state that is not empty. `where` names it in messages."""

    where: str
    body: bytes = field(repr=False)
    document: Json = field(repr=False)

    @classmethod
    def parsed(cls, where: str, body: bytes) -> "State | None":
        """Reads a state; None if it is empty after a destroy. Raises OpsError for other files."""
        if not body.strip():
            return None
        try:
            document = json.loads(body)
            found = bool(document["resources"] or document["outputs"])
        except (ValueError, KeyError, TypeError):
            raise OpsError(f"{where} is not a state that can be read here.") from None
        return cls(where, body, document) if found else None

    def output(self, name: str) -> Any:
        return self.document["outputs"].get(name, {}).get("value")

    def refuse_unless_of(self, deployment: Deployment) -> None:
        """Raises OpsError if the state is of another account, region or prefix."""
        if not self.is_of(deployment):
            raise OpsError(
                f"The state in {self.where} is of {self.scope}, not of {deployment.scope}, prefix "
                f"{deployment.name_prefix}: nothing was changed. Put the right state there, or set "
                "AWS_PROFILE, REGION or NAME_PREFIX to what it is of."
            )

    def is_of(self, deployment: Deployment) -> bool:
        """Checks whether account, region and prefix of the state match the deployment."""
        record = self.output(RECORD) or {}
        if record.get("name_prefix", deployment.name_prefix) != deployment.name_prefix:
            return False
        accounts, regions = self._accounts_and_regions()
        return accounts <= {deployment.account_id} and regions <= {deployment.region}

    @property
    def scope(self) -> str:
        accounts, regions = (" and ".join(sorted(each)) for each in self._accounts_and_regions())
        prefix = (self.output(RECORD) or {}).get("name_prefix")
        return f"account {accounts}, region {regions}" + (f", prefix {prefix}" if prefix else "")

    def _accounts_and_regions(self) -> tuple[set[str], set[str]]:
        if record := self.output(RECORD):
            return {record["account_id"]}, {record["region"]}
        arns = [arn.split(":") for arn in self._arns()]
        return {arn[4] for arn in arns if arn[4]}, {arn[3] for arn in arns if arn[3]}

    def _arns(self) -> Iterator[str]:
        """The ARN of each managed resource."""
        for resource in self.document["resources"]:
            for instance in resource.get("instances", ()):
                attributes = instance.get("attributes", {})
                arn = attributes.get("arn") or ""
                # A delegated administrator's StackSets belong to the management account.
                delegated = attributes.get("call_as") == "DELEGATED_ADMIN"
                if resource.get("mode") == "managed" and arn.count(":") > 4 and not delegated:
                    yield arn
