"""Defines a deployment: a kind, in one account and region, with one name prefix."""

from dataclasses import dataclass

INSTALLATION = "installation"
REGIONAL_SPOKE = "regional-spoke"
ORG_SPOKE = "org-spoke"


@dataclass(frozen=True)
class Deployment:
    kind: str
    name_prefix: str
    account_id: str
    region: str

    @property
    def path(self) -> str:
        """The path of its state, in a bucket or below deployments/. No two deployments share it."""
        return f"{self.name_prefix}/{self.account_id}/{self.region}/{self.kind}"

    @property
    def old_path(self) -> str:
        """The path of its state in older versions, without account and region."""
        names = {INSTALLATION: "install", ORG_SPOKE: "stackset"}
        return f"{self.name_prefix}/{names.get(self.kind, f'region-{self.region}')}"

    @property
    def scope(self) -> str:
        return f"account {self.account_id}, region {self.region}"

    def __str__(self) -> str:
        return f"{self.kind} {self.name_prefix} of {self.scope}"
